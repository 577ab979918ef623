//! The named fixtures of `features/fixtures`: populations, campaigns and provisioning data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::provider::CampaignPlan;
use crate::spec::{ComponentId, Timestamp, Version};

use super::bounded::{ReadError, read_yaml};
use super::campaign_fixture::CampaignFixture;

/// Devices that a population may have.
const MOST_DEVICES: usize = 1000;

/// Why fixtures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// The file cannot be read, or is larger than what is read.
    #[error("read fixtures from `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// The file is not of the expected shape, or what it says cannot be.
    #[error("{path}{}: {reason}", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, where it can be told.
        line: Option<usize>,
        /// What is wrong, and with which fixture.
        reason: String,
    },
    /// No fixture has this name.
    #[error("no {kind} is called `{name}`{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// Population or campaign.
        kind: &'static str,
        /// The name asked for.
        name: String,
        /// The nearest name that exists.
        nearest: Option<String>,
    },
}

/// Every fixture.
#[derive(Debug, Default)]
pub struct Fixtures {
    populations: BTreeMap<String, Vec<Row>>,
    campaigns: BTreeMap<String, CampaignFixture>,
}

/// One row of a population: equal Devices.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// How many.
    pub count: u16,
    /// `DevInfo/Man`.
    pub manufacturer: String,
    /// `DevInfo/Mod`.
    pub model: String,
    /// `DevDetail/HwV`.
    pub hardware: String,
    /// `DevDetail/FwV`.
    pub firmware: Version,
    /// Software components.
    #[serde(default)]
    pub software: BTreeMap<ComponentId, Version>,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Area.
    #[serde(default)]
    pub area: Option<String>,
}

impl Fixtures {
    /// Reads `populations.yaml` and `campaigns.yaml` of a folder.
    ///
    /// # Errors
    /// [`FixtureError`] names the file and the fixture, and the line where that can be told.
    pub fn load(folder: &Path) -> Result<Self, FixtureError> {
        let populations = read(&folder.join("populations.yaml"), |_, rows: &Vec<Row>| {
            match rows.iter().map(|row| usize::from(row.count)).sum::<usize>() {
                1..=MOST_DEVICES => Ok(()),
                count => Err(format!("a population of {count} Devices; 1 to {MOST_DEVICES} are allowed")),
            }
        })?;
        let campaigns = read(&folder.join("campaigns.yaml"), |name, campaign: &CampaignFixture| {
            campaign.plan(name, Timestamp::default()).map(|_| ())
        })?;
        Ok(Self { populations, campaigns })
    }

    /// The rows of a population.
    ///
    /// # Errors
    /// [`FixtureError::Unknown`].
    pub fn population(&self, name: &str) -> Result<&[Row], FixtureError> {
        let rows = self.populations.get(name);
        rows.map(Vec::as_slice).ok_or_else(|| unknown("population", name, self.populations.keys()))
    }

    /// How many Devices a population has.
    ///
    /// # Errors
    /// [`FixtureError::Unknown`].
    pub fn devices(&self, population: &str) -> Result<usize, FixtureError> {
        Ok(self.population(population)?.iter().map(|row| usize::from(row.count)).sum())
    }

    /// The plan of a campaign that goes on the air `now`.
    ///
    /// # Errors
    /// [`FixtureError::Unknown`].
    pub fn campaign(&self, name: &str, now: Timestamp) -> Result<CampaignPlan, FixtureError> {
        self.has_campaign(name)?;
        // Every plan was made once when the fixtures were loaded.
        Ok(self.campaigns[name].plan(name, now).expect("a campaign fixture that was checked on loading"))
    }

    /// Looks a campaign up without making its packages.
    ///
    /// # Errors
    /// [`FixtureError::Unknown`].
    pub fn has_campaign(&self, name: &str) -> Result<(), FixtureError> {
        let is_known = self.campaigns.contains_key(name);
        is_known.then_some(()).ok_or_else(|| unknown("campaign", name, self.campaigns.keys()))
    }
}

/// Reads a file of named fixtures, and holds each against `check`.
fn read<T: serde::de::DeserializeOwned>(
    path: &Path,
    check: impl Fn(&str, &T) -> Result<(), String>,
) -> Result<BTreeMap<String, T>, FixtureError> {
    let text = read_yaml(path).map_err(|source| FixtureError::Unreadable { path: path.to_owned(), source })?;
    let malformed = |error: serde_yaml::Error| {
        let message = error.to_string();
        let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason).to_owned();
        let line = error.location().map(|location| location.line());
        FixtureError::Malformed { path: path.to_owned(), line, reason }
    };
    // A map of ours would take the last of two fixtures with one name; this one refuses them.
    let _: serde_yaml::Mapping = serde_yaml::from_str(&text).map_err(malformed)?;
    let fixtures: BTreeMap<String, T> = serde_yaml::from_str(&text).map_err(malformed)?;
    for (name, fixture) in &fixtures {
        check(name, fixture).map_err(|reason| FixtureError::Malformed {
            path: path.to_owned(),
            line: line_of(&text, name),
            reason: format!("`{name}`: {reason}"),
        })?;
    }
    Ok(fixtures)
}

/// The line on which a fixture begins: its name, with or without quotes, in the first column.
fn line_of(text: &str, name: &str) -> Option<usize> {
    let begins = |line: &str| {
        let key = line.trim_start_matches(['"', '\'']).strip_prefix(name);
        key.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    };
    text.lines().position(begins).map(|index| index + 1)
}

fn unknown<'a>(kind: &'static str, name: &str, known: impl Iterator<Item = &'a String>) -> FixtureError {
    let nearest = known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate.clone());
    FixtureError::Unknown { kind, name: name.to_owned(), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Fixtures {
        Fixtures::load(Path::new("features/fixtures")).unwrap()
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let message = shipped().campaign("sprin-patch", Timestamp::default()).unwrap_err().to_string();

        assert!(message.contains("did you mean `spring-patch`?"), "{message}");
    }

    /// What is wrong with fixtures of which one file is as the shipped one with one text replaced.
    fn fault(file: &str, from: &str, to: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        for name in ["populations.yaml", "campaigns.yaml"] {
            let text = std::fs::read_to_string(Path::new("features/fixtures").join(name)).unwrap();
            assert!(name != file || text.contains(from), "{from}");
            let text = if name == file { text.replacen(from, to, 1) } else { text };
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let error = Fixtures::load(folder.path()).unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    /// The line of the shipped file on which a text first stands.
    fn line_of_text(file: &str, text: &str) -> usize {
        let shipped = std::fs::read_to_string(Path::new("features/fixtures").join(file)).unwrap();
        shipped.split(text).next().unwrap().matches('\n').count() + 1
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_fixture() {
        let table = [
            (
                "campaigns.yaml",
                "octets: 9600",
                "octetts: 9600",
                "campaigns.yaml:{+0}: spring-patch.firmware: unknown field `octetts`",
            ),
            (
                "campaigns.yaml",
                "octets: 9600",
                "octets: 0",
                "campaigns.yaml:{-1}: `spring-patch`: a package of 0 octets",
            ),
            ("campaigns.yaml", "small-image:", "spring-patch:", "duplicate entry"),
            ("campaigns.yaml", "{flute: 1}", "{flute: 3}", "campaigns.yaml:{-3}: `early-flute`: FLUTE version 3"),
            ("campaigns.yaml", "repetitions: 6", "repetitions: 0", ": 0 repetitions; 1 to 100 are allowed"),
            ("campaigns.yaml", "when: any", "when: always", "`: `always` is no situation"),
            ("campaigns.yaml", "small-image:", "roll-call-7:", "`roll-call-7`: names that begin with `roll-call-`"),
            ("campaigns.yaml", "small-image:", "small-image: [", "did not find expected"),
            ("populations.yaml", "count: 12", "count: 0", "`twelve Devices`: a population of 0 Devices"),
            (
                "populations.yaml",
                "count: 12",
                "count: 1001",
                "populations.yaml:{-1}: `twelve Devices`: a population of 1001 Devices",
            ),
            (
                "populations.yaml",
                "count: 12",
                "count: -1",
                "populations.yaml:{+0}: twelve Devices[0].count: invalid type",
            ),
        ];

        for (file, from, to, words) in table {
            let fault = fault(file, from, to);
            let line = line_of_text(file, from);
            let at = |words: String, offset: isize| {
                words.replace(&format!("{{{offset:+}}}"), &line.saturating_add_signed(offset).to_string())
            };
            let words = (-3..=0).fold(words.to_owned(), at);
            assert!(fault.contains(&words), "{from} to {to}: {fault}");
        }
    }
}
