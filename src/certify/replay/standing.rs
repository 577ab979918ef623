//! The standing checks asked again: of the whole recording, whatever its scenario is about.

use std::collections::BTreeSet;

use super::Replayed;
use crate::capture::{Recording, Timeline};
use crate::findings::{Authority, CheckId, CheckResult, ScenarioFindings, Verdict};
use crate::judge::standing::{self, Known, Standing};
use crate::spec::{DeviceId, RequirementId};
use crate::stage::accounts_of;

/// What the standing checks come to.
pub(super) struct Stood {
    /// Those that failed now or in the run.
    pub(super) checks: Vec<Replayed>,
    /// The requirements whose check held.
    pub(super) held: Vec<RequirementId>,
}

/// Asks the standing checks of a scenario's recording again. Accounts, by which credentials and digests are computed, are
/// drawn from the scenario's seed.
pub(super) fn again(scenario: &ScenarioFindings, recording: &Recording, timeline: &Timeline) -> Stood {
    let found = standing::judge(
        recording,
        timeline,
        &accounts_of(scenario.seed, &devices_in(recording), &scenario.odd_accounts),
    );
    let (held, failed): (Vec<Standing>, Vec<Standing>) = found.into_iter().partition(Standing::holds);
    let stored: Vec<&CheckResult> = scenario.checks.iter().filter(|check| check.is_standing()).collect();
    let mut checks = Vec::new();
    for stored in &stored {
        let failed = failed.iter().find(|found| found.check == stored.check).map(result_of);
        let held = || held.iter().find(|found| found.check == stored.check).map(result_of);
        let again = failed.or_else(held).map(|again| CheckResult { at_ms: stored.at_ms, ..again });
        let again = again.ok_or_else(|| "the recording has nothing that it looks at".to_owned());
        checks.push(replayed(scenario, (*stored).clone(), again));
    }
    for found in failed.iter().filter(|found| stored.iter().all(|stored| stored.check != found.check)) {
        let again = result_of(found);
        let stored = CheckResult { verdict: Verdict::Pass, observed: String::new(), ..again.clone() };
        checks.push(replayed(scenario, stored, Ok(again)));
    }
    Stood { checks, held: held.into_iter().map(|found| found.requirement).collect() }
}

/// The standing checks of a recording of which nothing else is known: those that need an account look at less.
pub(super) fn of_bare(recording: &Recording, timeline: &Timeline) -> Vec<Standing> {
    standing::judge(recording, timeline, &Known::default())
}

/// The requirements whose standing check held in one of two findings and was not asked in the other.
pub(super) fn moved<'a>(
    stored: &'a ScenarioFindings,
    again: &'a ScenarioFindings,
) -> impl Iterator<Item = (&'a RequirementId, bool)> {
    let (one, other): (BTreeSet<_>, BTreeSet<_>) = (stored.standing.iter().collect(), again.standing.iter().collect());
    let all: BTreeSet<_> = one.symmetric_difference(&other).copied().collect();
    all.into_iter().map(move |id| (id, one.contains(id)))
}

fn replayed(scenario: &ScenarioFindings, stored: CheckResult, again: Result<CheckResult, String>) -> Replayed {
    let (slug, check) = (scenario.slug.clone(), stored.check.clone());
    Replayed { slug, check, authority: Authority::Wire, stored, again }
}

fn result_of(found: &Standing) -> CheckResult {
    CheckResult {
        check: CheckId::new(found.check.as_str()),
        requirements: vec![found.requirement.clone()],
        authority: Authority::Wire,
        verdict: found.outcome.verdict,
        step: String::new(),
        observed: found.outcome.observed.clone(),
        accepted: found.outcome.accepted.clone(),
        packet: found.outcome.packet.map(|packet| packet as u64),
        at_ms: None,
        asked: None,
    }
}

/// The Devices of a recording, which the descriptions of lanes name.
fn devices_in(recording: &Recording) -> Vec<DeviceId> {
    let words = recording.lanes.iter().flat_map(|lane| lane.description.split_whitespace());
    words.filter(|word| word.starts_with("urn:")).filter_map(|word| DeviceId::new(word).ok()).collect()
}
