//! The kill matrix: which scenario catches which broken implementation, at which check.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use castproof::certify::Suite;
use castproof::findings::RunFindings;
use castproof::subject::broken::{Deviation, deviations};

use super::trial::Fate;

/// A deviation and a scenario.
type Cell = (String, String);

/// What became of every deviation in the scenarios that were run against it.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    fates: BTreeMap<Cell, Fate>,
}

impl Matrix {
    /// Adds what became of one deviation. What a scenario has caught once, it has caught.
    pub(crate) fn add(&mut self, deviation: &Deviation, run: &RunFindings) {
        for found in &run.scenarios {
            let fate = self.fates.entry((deviation.name.to_owned(), found.slug.clone())).or_insert(Fate::Survived);
            if !matches!(fate, Fate::Caught(_)) {
                *fate = Fate::of(found);
            }
        }
    }

    /// The catches: deviation, scenario and check.
    pub(crate) fn catches(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.fates.iter().filter_map(|((deviation, scenario), fate)| match fate {
            Fate::Caught(check) => Some((deviation.as_str(), scenario.as_str(), check.as_str())),
            Fate::Survived | Fate::Unclear(_) => None,
        })
    }

    /// The deviations that no scenario caught at the check meant for them.
    pub(crate) fn escaped(&self) -> Vec<&'static Deviation> {
        let is_caught = |deviation: &Deviation| {
            self.catches().any(|(name, _, check)| name == deviation.name && check == deviation.caught_by)
        };
        deviations().filter(|deviation| !is_caught(deviation)).collect()
    }

    /// The scenarios in which nothing could be concluded of a deviation.
    pub(crate) fn unclear(&self, deviation: &Deviation) -> BTreeSet<String> {
        let fates =
            self.fates.iter().filter(|((name, _), fate)| name == deviation.name && matches!(fate, Fate::Unclear(_)));
        fates.map(|((_, scenario), _)| scenario.clone()).collect()
    }

    /// What happened to a deviation instead of being caught where it was meant to be.
    pub(crate) fn story(&self, deviation: &Deviation) -> String {
        let mut story = format!("{}: never caught at {}", deviation.name, deviation.caught_by);
        for ((_, scenario), fate) in self.fates.iter().filter(|((name, _), _)| name == deviation.name) {
            let _ = write!(story, "\n    {scenario}: {fate:?}");
        }
        story
    }

    /// The scenarios that caught nothing.
    pub(crate) fn idle(&self, suite: &Suite) -> Vec<String> {
        let busy: BTreeSet<&str> = self.catches().map(|(_, scenario, _)| scenario).collect();
        let slugs = suite.examples.iter().map(|example| example.slug.as_str());
        slugs.filter(|slug| !busy.contains(slug)).map(str::to_owned).collect()
    }

    /// The deviations that a standing check catches, whatever the scenario was about.
    pub(crate) fn caught_by_standing_checks(&self) -> BTreeSet<&str> {
        self.catches().filter(|(_, _, check)| is_standing(check)).map(|(deviation, _, _)| deviation).collect()
    }

    /// The page, as it is committed.
    pub(crate) fn page(&self, suite: &Suite) -> String {
        let mut page = String::from(HEAD);
        let _ = writeln!(page, "{} deviations, {} scenarios.\n", deviations().count(), suite.examples.len());
        page.push_str(
            "## Deviations\n\n| deviation | what it does | breaks | check meant for it |\n|---|---|---|---|\n",
        );
        for deviation in deviations() {
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | `{}` |",
                deviation.name,
                deviation.description,
                deviation.requirements.join(", "),
                deviation.caught_by
            );
        }
        page.push_str("\n## Catches\n\n| deviation | check | scenario |\n|---|---|---|\n");
        for (deviation, scenario, check) in self.catches() {
            let _ = writeln!(page, "| {deviation} | {check} | {scenario} |");
        }
        page
    }

    /// How the committed page departs from what there is: another table of deviations, or catches by scenarios that are gone.
    ///
    /// Which scenarios see a deviation first may hang on the host; that one does, at the check meant for it, is held apart
    /// from this page ([`Matrix::escapes`]).
    pub(crate) fn departures(&self, committed: &str, suite: &Suite) -> Vec<String> {
        let head = |page: &str| page.split("## Catches").next().unwrap_or_default().to_owned();
        let is_other = head(committed) != head(&self.page(suite));
        let rows: Vec<(&str, &str, &str)> = catches_on(committed).collect();
        let slugs: BTreeSet<&str> = suite.examples.iter().map(|example| example.slug.as_str()).collect();
        let gone = rows.iter().filter(|(_, scenario, _)| !slugs.contains(scenario));
        let gone =
            gone.map(|(deviation, scenario, _)| format!("{deviation}: there is no scenario `{scenario}` any more"));
        let other = is_other.then(|| "the table of deviations is another".to_owned());
        gone.chain(other).collect()
    }
}

/// Whether a check belongs to all recordings and to no sentence.
fn is_standing(check: &str) -> bool {
    check.starts_with("standing.")
}

pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The catches that a page tells: deviation, scenario, check.
pub(crate) fn catches_on(page: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    page.lines().filter_map(catch)
}

/// A row of the table of catches: deviation, scenario, check.
fn catch(line: &str) -> Option<(&str, &str, &str)> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let [deviation, check, scenario] = cells[..] else { return None };
    scenario.contains("--").then_some((deviation, scenario, check))
}

const HEAD: &str = "# The kill matrix

Which scenario catches which broken implementation, at which check. Each deviation is the reference with one decision
changed (`src/subject/broken`). It is run through the scenarios that stand for a requirement which it breaks, and the
first check that fails counts.

Generated by `CASTPROOF_RENEW=1 cargo test --test broken`. Without the variable the same test puts the page to the proof:
for each scenario and each deviation it draws some of the catches below and wants them again, and it fails when
the table of deviations is another or a scenario is gone. `CASTPROOF_FULL_MATRIX=1` runs every deviation through every
scenario and says what else is caught.

";
