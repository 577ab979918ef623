//! The suite: every feature file and the register, expanded into the examples that a run consists of.
//!
//! Outlines are expanded by cucumber's own code, so an example's file and line are those of the scenario that cucumber
//! reports. At most [`Suite::MAX_FILES`] regular files of [`Suite::MAX_OCTETS`] octets and [`Suite::MAX_LINES`] lines
//! each are read, and folders are followed [`Suite::MAX_DEPTH`] deep; symbolic links to folders are not followed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cucumber::feature::Ext as _;
use cucumber::gherkin;
use serde::Serialize;

use super::lint::{self, Lint, LintErrors, LintKind, Place, Rules, Source, tags};
use crate::spec::{Capability, Coverage, Flow, Register, RequirementId, Role};
use crate::stage::bounded;

/// One scenario, or one row of an outline: the unit that is run, judged and counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The stable name: the stem of the feature file, two hyphens, and the title in kebab-case.
    pub slug: String,
    /// The feature file below the folder, without extension, such as `firmware_update/normal_flow`.
    pub feature: String,
    /// The title of the feature.
    pub feature_title: String,
    /// The rule that it stands under.
    pub rule: Option<String>,
    /// The title, with the values of its row.
    pub title: String,
    /// The feature file, below the folder as it was given.
    pub file: PathBuf,
    /// The line as cucumber reports it: of the scenario, or of the row.
    pub line: usize,
    /// The requirements it is tagged with.
    pub requirements: Vec<RequirementId>,
    /// The kind of flow it tells.
    pub flow: Flow,
    /// Who is judged.
    pub role: Role,
    /// The capabilities that a subject needs for it.
    pub needs: Vec<Capability>,
    /// Every tag, inherited ones too, without `@`.
    pub tags: Vec<String>,
    /// Every sentence with its keyword, those of the backgrounds first.
    pub steps: Vec<String>,
}

/// Feature files and register that passed every lint.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The register.
    pub register: Register,
    /// The features in the order of their paths, outlines expanded.
    pub features: Vec<gherkin::Feature>,
    /// The examples, in the order of the features.
    pub examples: Vec<Example>,
    root: PathBuf,
}

impl Suite {
    /// The name of the register within the folder.
    pub const REGISTER: &'static str = "requirements.yaml";
    /// The name of the folder with fixtures within the folder.
    pub const FIXTURES: &'static str = "fixtures";
    /// How many feature files are read at most.
    pub const MAX_FILES: usize = 2_000;
    /// How many octets a feature file, the register or a file of fixtures may have.
    pub const MAX_OCTETS: u64 = bounded::MAX_OCTETS;
    /// How many lines a feature file may have. The parser takes time with the square of their number: half a second
    /// for these, hours for a file of empty lines that has [`Suite::MAX_OCTETS`].
    pub const MAX_LINES: usize = 10_000;
    /// How many octets the outlines of one feature file may have with their rows filled in.
    pub const MAX_EXPANDED: u64 = 16 << 20;
    /// How many folders deep feature files are looked for.
    pub const MAX_DEPTH: usize = 8;

    /// Reads and lints the feature files, the register and, with the sentences, the fixtures in `folder`.
    ///
    /// # Errors
    /// Every [`LintError`](super::LintError) there is, not only the first.
    pub fn load(folder: &Path, rules: &Rules<'_>) -> Result<Self, LintErrors> {
        let mut lint = Lint::default();
        if !folder.is_dir() {
            let hint = "run from the folder that holds `features`, or name it with --features";
            lint.push(Place::file(folder), LintKind::NoFolder, Some(hint.to_owned()));
            return Err(lint.finish().unwrap_or_default());
        }
        let register = lint::register::read(&folder.join(Self::REGISTER), &mut lint);
        let files = feature_files(folder, &mut lint);
        if files.is_empty() {
            lint.push(Place::file(folder), LintKind::NoFeatures, None);
        }
        let fixtures = rules.matches.and_then(|_| lint::fixtures::read(&folder.join(Self::FIXTURES), &mut lint));
        let mut features = Vec::new();
        let mut examples = Vec::new();
        let mut complete = true;
        for path in files {
            let source = Source::read(&path, &mut lint);
            let parsed = source.and_then(|source| Some((lint::parse(&source, &mut lint)?, source)));
            let Some((feature, source)) = parsed else {
                complete = false;
                continue;
            };
            lint::structure::check(&feature, &source, &mut lint);
            tags::check(&feature, &source, register.as_ref().map(|(register, _)| register), &mut lint);
            if !lint::structure::expands_within(&feature, &source, &mut lint) {
                complete = false;
                continue;
            }
            let expanded = match feature.clone().expand_examples() {
                Ok(expanded) => expanded,
                Err(error) => {
                    let kind = LintKind::UnknownPlaceholder { name: error.name };
                    lint.push(source.step_place(error.pos), kind, None);
                    complete = false;
                    continue;
                }
            };
            lint::sentences(&expanded, &source, rules, &mut lint);
            if let Some(fixtures) = &fixtures {
                lint::fixtures::check(&expanded, &source, fixtures, &mut lint);
            }
            let found = examples_of(&expanded, &name_of(folder, &path), &path);
            complete &= found.len() == expanded.count_scenarios();
            examples.extend(found);
            features.push(expanded);
        }
        lint::duplicates(&examples, &mut lint);
        if let Some((register, text)) = &register {
            let place = folder.join(Self::REGISTER);
            lint::register::check(register, text, &place, (&examples, complete), rules, &mut lint);
        }
        match (lint.finish(), register) {
            (None, Some((register, _))) => {
                let root = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
                Ok(Self { register, features, examples, root })
            }
            (errors, _) => Err(errors.unwrap_or_default()),
        }
    }

    /// The example that cucumber speaks of, by the feature's path and the scenario's line.
    ///
    /// Cucumber reports the path with every symbolic link resolved; both that form and the one that was given to
    /// [`Suite::load`] are understood.
    pub fn find(&self, path: &Path, line: usize) -> Option<&Example> {
        let name = path.strip_prefix(&self.root).ok().map(without_extension);
        self.examples
            .iter()
            .find(|example| example.line == line && (example.file == path || Some(&example.feature) == name.as_ref()))
    }

    /// The flows behind which nothing stands yet: no scenario, no broken implementation, no reason.
    pub fn open_flows(&self) -> Vec<(&RequirementId, &str)> {
        let rows = self.register.requirements.iter().filter(|row| row.coverage != Coverage::Removed);
        let flows = rows.flat_map(|row| row.flows.values().flatten().map(move |flow| (&row.id, flow)));
        flows.filter(|(_, flow)| flow.is_open()).map(|(id, flow)| (id, flow.flow.as_str())).collect()
    }
}

/// The feature files below `folder`, sorted as cucumber sorts them.
fn feature_files(folder: &Path, lint: &mut Lint) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                lint.push(Place::file(&folder), LintKind::Unreadable { reason: error.to_string() }, None);
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_feature = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("feature"));
            match (is_folder, is_feature) {
                (true, _) if depth < Suite::MAX_DEPTH => folders.push((path, depth + 1)),
                (true, _) => lint.push(Place::file(&path), too_much("folders deep", Suite::MAX_DEPTH), None),
                (false, true) if files.len() < Suite::MAX_FILES => files.push(path),
                (false, true) => lint.push(Place::file(&folder), too_much("feature files", Suite::MAX_FILES), None),
                (false, false) => {}
            }
        }
    }
    files.sort();
    files
}

fn too_much(what: &'static str, max: usize) -> LintKind {
    LintKind::TooMuch { what, max: max as u64 }
}

fn name_of(folder: &Path, path: &Path) -> String {
    without_extension(path.strip_prefix(folder).unwrap_or(path))
}

fn without_extension(relative: &Path) -> String {
    let parts: Vec<_> = relative.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.join("/")
}

/// The examples of an expanded feature; one whose tags do not say its flow and role has an error already.
fn examples_of(feature: &gherkin::Feature, name: &str, path: &Path) -> Vec<Example> {
    let plain = feature.scenarios.iter().map(|scenario| (None, scenario));
    let ruled = feature.rules.iter().flat_map(|rule| rule.scenarios.iter().map(move |scenario| (Some(rule), scenario)));
    plain.chain(ruled).filter_map(|(rule, scenario)| example_of(feature, rule, scenario, name, path)).collect()
}

fn example_of(
    feature: &gherkin::Feature,
    rule: Option<&gherkin::Rule>,
    scenario: &gherkin::Scenario,
    name: &str,
    path: &Path,
) -> Option<Example> {
    let all = feature.tags.iter().chain(rule.iter().flat_map(|rule| &rule.tags)).chain(&scenario.tags);
    let mut seen = BTreeSet::new();
    let tags: Vec<String> = all.filter(|tag| seen.insert(tag.as_str())).cloned().collect();
    let meaning = tags::Meaning::of(&tags);
    let backgrounds = feature.background.iter().chain(rule.iter().filter_map(|rule| rule.background.as_ref()));
    let steps = backgrounds.flat_map(|background| &background.steps).chain(&scenario.steps);
    Some(Example {
        slug: slug(name, &scenario.name),
        feature: name.to_owned(),
        feature_title: feature.name.clone(),
        rule: rule.map(|rule| rule.name.clone()),
        title: scenario.name.clone(),
        file: path.to_owned(),
        line: scenario.position.line,
        flow: meaning.only_flow()?,
        role: meaning.only_role()?,
        requirements: meaning.requirements,
        needs: meaning.needs,
        steps: steps.map(lint::sentence).collect(),
        tags,
    })
}

/// The stem of the feature file, two hyphens, and the title in kebab-case of at most 80 characters.
fn slug(name: &str, title: &str) -> String {
    let stem = name.rsplit('/').next().unwrap_or(name);
    format!("{}--{}", kebab(stem, usize::MAX), kebab(title, 80))
}

/// ASCII letters and digits in lower case, everything else as single hyphens, cut between words.
fn kebab(text: &str, max: usize) -> String {
    let plain: String = text.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let mut slug = String::new();
    for word in plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let len = slug.len() + word.len() + usize::from(!slug.is_empty());
        if len > max && !slug.is_empty() {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase()[..word.len().min(max)]);
    }
    slug
}

#[cfg(test)]
mod tests {
    use cucumber::Parser as _;
    use futures::{FutureExt as _, StreamExt as _};
    use proptest::prelude::*;

    use super::super::lint::traps::{FEATURE, folder, row};
    use super::*;

    #[test]
    fn an_example_is_found_by_what_cucumber_reports_of_it() {
        let folder = folder(&[("firmware_update/normal_flow.feature", FEATURE)], &row("FU-AF-1", "covered"));
        let suite = Suite::load(folder.path(), &Rules::default()).unwrap();

        let parsed = cucumber::parser::Basic::new().parse(folder.path(), Default::default());
        let features: Vec<_> = parsed.map(Result::unwrap).collect().now_or_never().unwrap();

        let mut found = Vec::new();
        for feature in &features {
            let ruled = feature.rules.iter().flat_map(|rule| &rule.scenarios);
            for scenario in feature.scenarios.iter().chain(ruled) {
                let example = suite.find(feature.path.as_deref().unwrap(), scenario.position.line).unwrap();
                assert_eq!(example.title, scenario.name);
                found.push(example.slug.clone());
            }
        }
        assert_eq!(found, suite.examples.iter().map(|example| example.slug.clone()).collect::<Vec<_>>());
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn an_example_carries_inherited_tags_rules_and_backgrounds() {
        let folder = folder(&[("firmware_update/normal_flow.feature", FEATURE)], &row("FU-AF-1", "covered"));

        let suite = Suite::load(folder.path(), &Rules::default()).unwrap();

        let example = &suite.examples[1];
        assert_eq!(example.slug, "normal-flow--a-device-that-cannot-receive-reports-503");
        assert_eq!(example.feature, "firmware_update/normal_flow");
        assert_eq!(example.rule.as_deref(), Some("Failures answer"));
        assert_eq!((example.flow, example.role), (Flow::Exceptional, Role::Device));
        assert_eq!(example.requirements, [RequirementId::new("FU-AF-1")]);
        assert_eq!(example.needs, [Capability::StatusLog]);
        assert_eq!(
            example.steps,
            [
                "Given the population \"twelve\"",
                "Given Device \"D10\" loses packets",
                "When it airs",
                "Then it reports 503"
            ]
        );
    }

    #[test]
    fn a_flow_that_nothing_tells_is_open() {
        let told = "normal-flow--a-device-that-cannot-receive-*";
        let flows = format!("flows: {{alternative: [{{flow: a}}], normal: [{{flow: b, by: ['{told}']}}]}}, text: t");
        let row = row("FU-AF-1", "covered").replace("text: t", &flows);
        let folder = folder(&[("firmware_update/normal_flow.feature", FEATURE)], &row);

        let suite = Suite::load(folder.path(), &Rules::default()).unwrap();

        assert_eq!(suite.open_flows(), [(&RequirementId::new("FU-AF-1"), "a")]);
    }

    #[test]
    fn a_flow_that_names_what_is_not_there_is_an_error() {
        let flows =
            "flows: {normal: [{flow: b, by: [normal-flow--a-devise], caught: [device.ignores-signatures]}]}, text: t";
        let row = row("FU-AF-1", "covered").replace("text: t", flows);
        let folder = folder(&[("firmware_update/normal_flow.feature", FEATURE)], &row);

        let errors = Suite::load(folder.path(), &Rules::default()).unwrap_err().to_string();

        assert!(
            errors.contains("no scenario with the tag of requirement `FU-AF-1` is called `normal-flow--a-devise`"),
            "{errors}"
        );
        assert!(errors.contains("did you mean `device.ignores-signature`?"), "{errors}");
    }

    #[test]
    fn slugs_are_cut_between_words() {
        let title = "A Device's answer: 402, \u{fc}ber ".to_owned() + &"word ".repeat(40);

        let slug = slug("a/only_failures", &title);

        assert!(slug.starts_with("only-failures--a-devices-answer-402-ber-word"), "{slug}");
        assert!(slug.ends_with("-word") && slug.len() <= "only-failures--".len() + 80, "{slug}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_slug_is_a_plain_file_name(title in any::<String>(), name in any::<String>()) {
            let slug = slug(&name, &title);

            prop_assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        }
    }
}
