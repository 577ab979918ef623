//! Whether everything exists that the sentences name: populations, campaigns, and Devices of the population.

use std::path::Path;

use cucumber::gherkin::{Feature, Step};

use super::source::push_unread;
use super::{Lint, LintKind, Place, Source};
use crate::stage::{FixtureError, Fixtures};
use crate::steps::names::{Name, names};

/// Reads the fixtures of a suite; otherwise the lint has an error more.
pub(in crate::certify) fn read(folder: &Path, lint: &mut Lint) -> Option<Fixtures> {
    let error = match Fixtures::load(folder) {
        Ok(fixtures) => return Some(fixtures),
        Err(error) => error,
    };
    let (place, kind) = match error {
        FixtureError::Unreadable { path, source } => {
            push_unread(&path, source, lint);
            return None;
        }
        FixtureError::Malformed { path, line, reason } => {
            let place = line.map_or_else(|| Place::file(&path), |line| Place::line(&path, line));
            (place, LintKind::BrokenFixture { reason })
        }
        FixtureError::Unknown { kind, name, .. } => (Place::file(folder), LintKind::UnknownFixture { kind, name }),
    };
    lint.push(place, kind, None);
    None
}

/// Looks up every name in the sentences of an expanded feature.
pub(in crate::certify) fn check(feature: &Feature, source: &Source, fixtures: &Fixtures, lint: &mut Lint) {
    let own = feature.scenarios.iter().map(|scenario| (None, scenario));
    let ruled = feature
        .rules
        .iter()
        .flat_map(|rule| rule.scenarios.iter().map(move |scenario| (rule.background.as_ref(), scenario)));
    for (background, scenario) in own.chain(ruled) {
        let backgrounds = feature.background.iter().chain(background);
        let steps: Vec<&Step> = backgrounds.flat_map(|background| &background.steps).chain(&scenario.steps).collect();
        let found = steps.iter().flat_map(|step| names(&step.value)).find_map(|name| match name {
            Name::Population(name) => Some(name),
            _ => None,
        });
        // An unknown population has its error, and nobody knows its Devices.
        let devices = match found.map(|population| fixtures.devices(population)) {
            None => Some((None, 0)),
            Some(Ok(count)) => Some((found, count)),
            Some(Err(_)) => None,
        };
        for step in steps {
            for name in names(&step.value) {
                let place = source.step_place(step.position);
                // Of a Device whose number is out of range that has been said.
                let is_said = matches!(name, Name::Device(_)) && lint.is_unfit(&place);
                if let Some((kind, hint)) = unknown(name, fixtures, devices).filter(|_| !is_said) {
                    lint.push(place, kind, hint);
                }
            }
        }
    }
}

fn unknown(
    name: Name<'_>,
    fixtures: &Fixtures,
    devices: Option<(Option<&str>, usize)>,
) -> Option<(LintKind, Option<String>)> {
    let error = match name {
        Name::Population(name) => fixtures.devices(name).err()?,
        Name::Campaign(name) => fixtures.has_campaign(name).err()?,
        Name::Device(name) => {
            let (population, count) = devices?;
            let number: usize = name.trim_start_matches('D').parse().unwrap_or(usize::MAX);
            let is_canonical = name == format!("D{number}");
            if is_canonical && (1..=count).contains(&number) {
                return None;
            }
            let hint = match population {
                Some(population) => format!("the population `{population}` has D1 to D{count}"),
                None => "say who there is: `Given the population {population}`".to_owned(),
            };
            return Some((LintKind::UnknownDevice { name: name.to_owned() }, Some(hint)));
        }
    };
    let FixtureError::Unknown { kind, name, nearest } = error else { return None };
    let hint = nearest.map(|nearest| format!("did you mean `{nearest}`?"));
    Some((LintKind::UnknownFixture { kind, name }, hint))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::traps::{FEATURE, folder, lint, row};
    use super::super::{Rules, StepMatch};
    use super::*;

    /// Fixtures that fit the good feature.
    const FIXTURES: [(&str, &str); 2] = [
        (
            "fixtures/populations.yaml",
            "twelve:\n  - {count: 12, manufacturer: Acme, model: X1, hardware: '1', firmware: '1.0'}\n",
        ),
        ("fixtures/campaigns.yaml", "spring-patch:\n  firmware: {version: '2.0', octets: 9}\n"),
    ];

    pub(in crate::certify::lint) fn with_fixtures(feature: &str) -> tempfile::TempDir {
        let [populations, campaigns] = FIXTURES;
        folder(&[("a.feature", feature), populations, campaigns], &row("FU-AF-1", "covered"))
    }

    #[test]
    fn names_that_do_not_exist_are_told_with_their_line() {
        let table = [
            ("the population \"twelve\"", "the population \"twelfe\"", 8, "no population is called `twelfe`"),
            ("When it airs\n", "When campaign \"sprin-patch\" airs\n", 14, "no campaign is called `sprin-patch`"),
            ("Device \"D10\"", "Device \"D13\"", 22, "the scenario has no Device `D13`"),
            ("Device \"D10\"", "Devices \"D1\" to \"D013\"", 22, "the scenario has no Device `D013`"),
        ];

        for (from, to, line, words) in table {
            assert!(FEATURE.contains(from), "{from}");
            let folder = with_fixtures(&FEATURE.replacen(from, to, 1));
            let errors = lint(&folder, &Rules { matches: Some(&|_| StepMatch::One), ..Rules::default() });

            let [error] = errors.as_slice() else { panic!("{errors:?}") };
            assert_eq!((error.place.line, error.kind.to_string().as_str()), (Some(line), words));
            assert!(error.hint.is_some(), "{error}");
        }
    }

    #[test]
    fn a_scenario_without_a_population_has_no_devices() {
        let folder = with_fixtures(&FEATURE.replace("    Given the population \"twelve\"\n", "    Given nothing\n"));

        let errors = lint(&folder, &Rules { matches: Some(&|_| StepMatch::One), ..Rules::default() });

        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert_eq!(error.kind, LintKind::UnknownDevice { name: "D10".to_owned() });
    }

    #[test]
    fn fixtures_that_cannot_be_used_are_errors_of_the_suite() {
        let folder = folder(&[("a.feature", FEATURE), FIXTURES[0]], &row("FU-AF-1", "covered"));

        let errors = lint(&folder, &Rules { matches: Some(&|_| StepMatch::One), ..Rules::default() });

        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert!(error.place.file.ends_with("fixtures/campaigns.yaml"), "{error}");
        assert!(matches!(error.kind, LintKind::Unreadable { .. }), "{error}");
    }
}
