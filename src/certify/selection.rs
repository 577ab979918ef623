//! Which examples to run, and how a list of them reads.

use super::Example;
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
                    && any(&self.feature, &|entry| is_in_feature(example, entry))
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
            unmatched(&self.feature, &is_in_feature),
        ]
        .concat()
    }
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

fn is_in_feature(example: &Example, entry: &str) -> bool {
    let (path, line) = match entry.rsplit_once(':') {
        Some((path, line)) => match line.parse::<usize>() {
            Ok(line) => (path, Some(line)),
            Err(_) => (entry, None),
        },
        None => (entry, None),
    };
    let path = path.trim_start_matches("./");
    let path = path.strip_prefix("features/").unwrap_or(path);
    let path = path.strip_suffix(".feature").unwrap_or(path).trim_end_matches('/');
    let inside = example.feature == path
        || example.feature.strip_prefix(path).is_some_and(|rest| path.is_empty() || rest.starts_with('/'));
    inside && line.is_none_or(|line| line == example.line)
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
        assert!(slugs(&feature("firmware")).is_empty());
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
