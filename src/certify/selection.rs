//! Which examples to run, and how a list of them reads.

use super::Example;
use super::lint::nearest;
use crate::spec::{Flow, Role};

/// What the user asked for; empty lists ask for everything.
///
/// Entries of one list widen the choice, and different lists narrow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Slugs, or parts of slugs or titles; a whole slug chooses only itself.
    pub scenario: Vec<String>,
    /// Requirement ids, in any case.
    pub requirement: Vec<String>,
    /// Who is judged.
    pub role: Option<Role>,
    /// Feature files or folders, with or without `features/` and `.feature`; `:31` behind a file means a line.
    pub feature: Vec<String>,
}

impl Selection {
    /// Whether everything is chosen.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The examples that are chosen, in their order.
    pub fn select<'a>(&self, examples: &'a [Example]) -> Vec<&'a Example> {
        let any = |wanted: &[String], matches: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|entry| matches(entry))
        };
        examples
            .iter()
            .filter(|example| {
                any(&self.scenario, &|entry| is_scenario(example, entry, examples))
                    && any(&self.requirement, &|entry| has_requirement(example, entry))
                    && any(&self.feature, &|entry| is_in_feature(example, entry, examples))
                    && self.role.is_none_or(|role| role == example.role)
            })
            .collect()
    }

    /// The entries that match no example at all: misspellings, most likely.
    pub fn unmatched<'a>(&'a self, examples: &[Example]) -> Vec<&'a str> {
        let unmatched = |wanted: &'a [String], matches: &dyn Fn(&Example, &str) -> bool| -> Vec<&'a str> {
            let missing = wanted.iter().filter(|entry| !examples.iter().any(|example| matches(example, entry)));
            missing.map(String::as_str).collect()
        };
        [
            unmatched(&self.scenario, &|example, entry| is_scenario(example, entry, examples)),
            unmatched(&self.requirement, &has_requirement),
            unmatched(&self.feature, &|example, entry| is_in_feature(example, entry, examples)),
        ]
        .concat()
    }

    /// What the entries that match no example most likely mean, where something resembles them.
    pub fn nearest(&self, examples: &[Example]) -> Vec<String> {
        let unmatched = self.unmatched(examples);
        let missing = |wanted: &'_ [String]| -> Vec<String> {
            wanted.iter().filter(|entry| unmatched.contains(&entry.as_str())).cloned().collect()
        };
        let scenarios = missing(&self.scenario).into_iter().filter_map(|entry| scenario_like(&entry, examples));
        let requirements =
            missing(&self.requirement).into_iter().filter_map(|entry| requirement_like(&entry, examples));
        let features = missing(&self.feature).into_iter().filter_map(|entry| feature_like(&entry, examples));
        scenarios.chain(requirements).chain(features).collect()
    }
}

/// The example's slug that has words like those of the entry.
fn scenario_like(entry: &str, examples: &[Example]) -> Option<String> {
    let entry = entry.to_lowercase();
    let count = words(&entry).count().max(1);
    // A part of a slug is enough to choose, so the entry is compared with every part that has as many words.
    let parts = examples.iter().flat_map(|example| {
        let all: Vec<&str> = words(&example.slug).collect();
        let parts: Vec<String> = all.windows(count.min(all.len().max(1))).map(|part| part.join("-")).collect();
        parts.into_iter().map(move |part| (part, &example.slug))
    });
    let parts: Vec<(String, &String)> = parts.collect();
    let written = words(&entry).collect::<Vec<_>>().join("-");
    let near = nearest(&written, parts.iter().map(|(part, _)| part.as_str()))?;
    parts.iter().find(|(part, _)| part == near).map(|(_, slug)| (*slug).clone())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn requirement_like(entry: &str, examples: &[Example]) -> Option<String> {
    let ids = examples.iter().flat_map(|example| &example.requirements);
    nearest(&entry.to_uppercase(), ids.map(|id| id.as_str())).map(str::to_owned)
}

/// The feature, or folder of features, that is called like the entry, or ends like it; with a line that has a scenario.
fn feature_like(entry: &str, examples: &[Example]) -> Option<String> {
    let (path, line) = path_and_line(entry);
    if let Some(line) = line {
        let inside = examples.iter().filter(|example| example.feature == path);
        let near = inside.min_by_key(|example| example.line.abs_diff(line));
        if let Some(example) = near {
            return Some(format!("{path}:{}", example.line));
        }
    }
    let folders = examples.iter().filter_map(|example| Some(example.feature.rsplit_once('/')?.0));
    let names = examples.iter().map(|example| example.feature.as_str()).chain(folders);
    let stems = names.clone().map(|name| name.rsplit('/').next().unwrap_or(name));
    let stem = path.rsplit('/').next().unwrap_or(path);
    let near_stem =
        nearest(stem, stems).and_then(|near| names.clone().find(|name| name.rsplit('/').next() == Some(near)));
    nearest(path, names.clone()).or(near_stem).map(str::to_owned)
}

fn is_scenario(example: &Example, entry: &str, all: &[Example]) -> bool {
    if all.iter().any(|other| other.slug == entry) {
        return example.slug == entry;
    }
    let entry = entry.to_lowercase();
    example.slug.contains(&entry) || example.title.to_lowercase().contains(&entry)
}

fn has_requirement(example: &Example, entry: &str) -> bool {
    example.requirements.iter().any(|id| id.as_str().eq_ignore_ascii_case(entry))
}

/// The name of a feature or folder as the suite has it, and the line behind it.
fn path_and_line(entry: &str) -> (&str, Option<usize>) {
    let (path, line) = match entry.rsplit_once(':') {
        Some((path, line)) => match line.parse::<usize>() {
            Ok(line) => (path, Some(line)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    };
    let path = path.trim_start_matches("./");
    let path = path.strip_prefix("features/").unwrap_or(path);
    (path.strip_suffix(".feature").unwrap_or(path).trim_end_matches('/'), line)
}

/// Whether an example stands in the feature or folder of that name or, where none is called so, in one whose name has the
/// words of the entry.
fn is_in_feature(example: &Example, entry: &str, all: &[Example]) -> bool {
    let (path, line) = path_and_line(entry);
    let is_named = |example: &Example| {
        let behind = example.feature.strip_prefix(path);
        behind.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'))
    };
    let is_inside =
        if all.iter().any(is_named) { is_named(example) } else { example.feature.contains(&path.to_lowercase()) };
    is_inside && line.is_none_or(|line| line == example.line)
}

/// The examples as a table for humans, by feature. Ends with a line feed.
pub fn list_table(examples: &[&Example]) -> String {
    let ids = |example: &Example| example.requirements.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let width = examples.iter().map(|example| ids(example).len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut feature = None;
    let mut features = 0;
    for example in examples {
        if feature != Some(&example.feature) {
            feature = Some(&example.feature);
            features += 1;
            text.push_str(&format!("{}  {}\n", example.feature, example.feature_title));
        }
        text.push_str(&format!(
            "  {:>4}  {:<8}  {:<11}  {:<width$}  {}\n",
            example.line,
            role_word(example.role),
            flow_word(example.flow),
            ids(example),
            example.title,
        ));
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let count = examples.len();
    text.push_str(&format!("{count} example{} in {features} feature{}\n", plural(count), plural(features)));
    text
}

/// The examples as a JSON array for machines.
///
/// # Errors
/// When a path is not UTF-8, which JSON cannot hold.
pub fn list_json(examples: &[&Example]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(examples).map(|text| text + "\n")
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Device => "device",
        Role::Provider => "provider",
        Role::System => "system",
    }
}

fn flow_word(flow: Flow) -> &'static str {
    match flow {
        Flow::Normal => "normal",
        Flow::Alternative => "alternative",
        Flow::Exceptional => "exceptional",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::spec::RequirementId;

    fn example(slug: &str, feature: &str, requirement: &str, role: Role, line: usize) -> Example {
        Example {
            slug: slug.to_owned(),
            feature: feature.to_owned(),
            feature_title: "Only failures answer".to_owned(),
            rule: None,
            title: format!("Title of {slug}"),
            file: PathBuf::from(format!("features/{feature}.feature")),
            line,
            requirements: vec![RequirementId::new(requirement)],
            flow: Flow::Normal,
            role,
            needs: Vec::new(),
            tags: Vec::new(),
            steps: Vec::new(),
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            example("a--update", "firmware_update/normal", "FU-NF-1", Role::Device, 7),
            example("a--update-twice", "firmware_update/normal", "FU-NF-2", Role::Provider, 12),
            example("b--care", "selective_care/care", "SC-NF-6", Role::Provider, 7),
        ]
    }

    fn slugs(selection: &Selection) -> Vec<String> {
        selection.select(&examples()).iter().map(|example| example.slug.clone()).collect()
    }

    fn scenario(entry: &str) -> Selection {
        Selection { scenario: vec![entry.to_owned()], ..Selection::default() }
    }

    fn feature(entry: &str) -> Selection {
        Selection { feature: vec![entry.to_owned()], ..Selection::default() }
    }

    #[test]
    fn an_empty_selection_chooses_everything() {
        assert_eq!(slugs(&Selection::default()).len(), 3);
        assert!(Selection::default().is_everything());
    }

    #[test]
    fn a_whole_slug_chooses_only_itself_and_a_part_every_match() {
        assert_eq!(slugs(&scenario("a--update")), ["a--update"]);
        assert_eq!(slugs(&scenario("update")), ["a--update", "a--update-twice"]);
        assert_eq!(slugs(&scenario("title of b")), ["b--care"]);
    }

    #[test]
    fn a_feature_is_named_in_every_way_that_castproof_prints_it() {
        for name in [
            "firmware_update",
            "firmware_update/normal",
            "features/firmware_update/normal.feature",
            "./features/firmware_update/",
        ] {
            assert_eq!(slugs(&feature(name)), ["a--update", "a--update-twice"], "{name}");
        }
        assert_eq!(slugs(&feature("firmware_update/normal:12")), ["a--update-twice"]);
        // A word is enough, where no feature and no folder is called so.
        assert_eq!(slugs(&feature("Firmware")), ["a--update", "a--update-twice"]);
        assert_eq!(slugs(&feature("care")), ["b--care"]);
        assert_eq!(slugs(&feature("normal:12")), ["a--update-twice"]);
    }

    #[test]
    fn lists_narrow_each_other() {
        let selection = Selection {
            requirement: vec!["fu-nf-2".to_owned(), "SC-NF-6".to_owned()],
            role: Some(Role::Provider),
            ..scenario("update")
        };

        assert_eq!(slugs(&selection), ["a--update-twice"]);
    }

    #[test]
    fn entries_that_match_nothing_are_named() {
        let selection = Selection { requirement: vec!["FU-NF-9".to_owned()], ..scenario("care") };

        assert_eq!(selection.unmatched(&examples()), ["FU-NF-9"]);
    }

    #[test]
    fn what_resembles_an_entry_is_suggested() {
        let nearest = |selection: Selection| selection.nearest(&examples());
        let requirement = |id: &str| Selection { requirement: vec![id.to_owned()], ..Selection::default() };

        // Not the path but the name of the file, or of the folder.
        assert_eq!(nearest(feature("caer")), ["selective_care/care"]);
        assert_eq!(nearest(feature("firmware_updates/normal")), ["firmware_update/normal"]);
        assert_eq!(nearest(feature("features/firmwaer_update")), ["firmware_update"]);
        assert_eq!(nearest(feature("firmware_update/normal:13")), ["firmware_update/normal:12"]);
        assert_eq!(nearest(scenario("updaet-twice")), ["a--update-twice"]);
        assert_eq!(nearest(scenario("Caer")), ["b--care"]);
        assert_eq!(nearest(requirement("fu-nf-3")), ["FU-NF-2"]);
        assert_eq!(nearest(feature("zzzz")), Vec::<String>::new());
        // What matches is no misspelling.
        assert_eq!(nearest(feature("firmware_update/normal")), Vec::<String>::new());
    }

    #[test]
    fn the_table_groups_examples_by_feature() {
        let examples = examples();

        let table = list_table(&examples.iter().collect::<Vec<_>>());

        assert_eq!(
            table,
            "\
firmware_update/normal  Only failures answer
     7  device    normal       FU-NF-1  Title of a--update
    12  provider  normal       FU-NF-2  Title of a--update-twice
selective_care/care  Only failures answer
     7  provider  normal       SC-NF-6  Title of b--care
3 examples in 2 features
"
        );
    }

    #[test]
    fn the_json_list_holds_every_example() {
        let examples = examples();

        let value: serde_json::Value =
            serde_json::from_str(&list_json(&examples.iter().collect::<Vec<_>>()).unwrap()).unwrap();

        assert_eq!(value.as_array().unwrap().len(), 3);
        assert_eq!(value[2]["slug"], "b--care");
        assert_eq!(value[2]["requirements"][0], "SC-NF-6");
    }
}
