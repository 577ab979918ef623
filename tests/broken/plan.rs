//! Which scenarios a broken implementation goes through.
//!
//! The committed kill matrix says who catches what. In the usual run it is a claim that is put to the proof: each
//! scenario has to catch what it is said to catch, of which a few are drawn, and the whole page costs too much time to be
//! made anew whenever somebody saves a file. What the page does not know yet goes through everything that may catch it.

use std::collections::{BTreeMap, BTreeSet};

use castproof::certify::Suite;
use castproof::spec::RequirementId;
use castproof::subject::broken::{Deviation, deviations};

use super::matrix::catches_on;

/// How many catches are proved for each scenario, and for each deviation at the check meant for it.
const PROOFS: usize = 2;

/// Which scenarios one trial runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// All of them.
    Everything,
    /// Those that stand for a requirement which the deviation breaks.
    ByRequirement,
    /// These.
    Scenarios(BTreeSet<String>),
}

/// What each deviation is tried on.
pub(crate) struct Plan<'a> {
    /// In the order of the deviations.
    pub(crate) trials: Vec<(&'a Deviation, Choice)>,
}

impl Plan<'_> {
    /// The same for every deviation.
    pub(crate) fn of_each(choice: &Choice) -> Self {
        Self { trials: deviations().map(|deviation| (deviation, choice.clone())).collect() }
    }

    /// The proof of a committed page: a few catches of each scenario and deviation; and, for a deviation or scenario of
    /// which the page says nothing, every trial by requirement.
    pub(crate) fn proving(page: &str, suite: &Suite) -> Self {
        let draw = Draw::from(page, suite);
        let choice = |deviation: &Deviation| {
            if !draw.is_proved(deviation) {
                return Choice::ByRequirement;
            }
            let mut scenarios = draw.scenarios.get(deviation.name).cloned().unwrap_or_default();
            scenarios
                .extend(related(deviation, suite).filter(|slug| !draw.catchers.contains_key(slug)).map(str::to_owned));
            Choice::Scenarios(scenarios)
        };
        Self { trials: deviations().map(|deviation| (deviation, choice(deviation))).collect() }
    }
}

/// The catches that are drawn from a page.
#[derive(Debug, Default)]
struct Draw<'a> {
    /// Which scenarios each deviation goes through.
    scenarios: BTreeMap<&'a str, BTreeSet<String>>,
    /// How many deviations each scenario is to catch.
    catchers: BTreeMap<&'a str, usize>,
    /// How many scenarios are to catch each deviation at the check meant for it.
    proofs: BTreeMap<&'a str, usize>,
}

impl<'a> Draw<'a> {
    fn from(page: &'a str, suite: &Suite) -> Self {
        let slugs: BTreeSet<&str> = suite.examples.iter().map(|example| example.slug.as_str()).collect();
        let meant: BTreeMap<&str, &str> = deviations().map(|one| (one.name, one.caught_by)).collect();
        let is_meant = |(deviation, _, check): &(&str, &str, &str)| meant.get(deviation) == Some(check);
        let known = catches_on(page).filter(|(one, scenario, _)| meant.contains_key(one) && slugs.contains(scenario));
        // A catch at the check meant for the deviation proves both.
        let (first, rest): (Vec<_>, Vec<_>) = known.partition(is_meant);
        let mut draw = Self::default();
        for claim @ (deviation, scenario, _) in first.into_iter().chain(rest) {
            let catchers = draw.catchers.entry(scenario).or_default();
            let proofs = draw.proofs.entry(deviation).or_default();
            if *catchers < PROOFS || is_meant(&claim) && *proofs < PROOFS {
                *catchers += 1;
                *proofs += usize::from(is_meant(&claim));
                draw.scenarios.entry(deviation).or_default().insert(scenario.to_owned());
            }
        }
        draw
    }

    /// Whether the page says that the deviation is caught at the check meant for it.
    fn is_proved(&self, deviation: &Deviation) -> bool {
        self.proofs.get(deviation.name).is_some_and(|count| *count > 0)
    }
}

/// The scenarios that stand for a requirement which a deviation breaks.
pub(crate) fn related<'a>(deviation: &'a Deviation, suite: &'a Suite) -> impl Iterator<Item = &'a str> {
    let stands = |ids: &[RequirementId]| ids.iter().any(|id| deviation.requirements.contains(&id.as_str()));
    suite.examples.iter().filter(move |example| stands(&example.requirements)).map(|example| example.slug.as_str())
}
