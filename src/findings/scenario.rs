//! What one scenario found out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckResult, Observation, OddAccount, RelayPlan, Verdict, schema};
use crate::spec::{Flow, RequirementId, Role};

/// One scenario, or one row of an outline, with its verdict and its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioFindings {
    /// The stable name, such as `only-failures-answer--a-device-stays-silent`.
    pub slug: String,
    /// The feature file below `features`, without extension, such as `firmware_update/normal_flow`.
    pub feature: String,
    /// The title, with the values of its row.
    pub title: String,
    /// The feature file.
    pub file: String,
    /// The line of the scenario, or of its row, counted from 1.
    pub line: usize,
    /// The requirements it is tagged with.
    #[schemars(schema_with = "schema::requirement_ids")]
    pub requirements: Vec<RequirementId>,
    /// The kind of flow it tells.
    #[schemars(schema_with = "schema::flow")]
    pub flow: Flow,
    /// Who is judged.
    #[schemars(schema_with = "schema::role")]
    pub role: Role,
    /// What it concluded; see [`verdict_of`].
    pub verdict: Verdict,
    /// Every check that was evaluated, in order; those that no sentence asked for stand here only when they failed.
    pub checks: Vec<CheckResult>,
    /// The requirements whose standing check had something to look at in the recording and found nothing wrong.
    #[serde(default)]
    #[schemars(schema_with = "schema::requirement_ids")]
    pub standing: Vec<RequirementId>,
    /// What was seen beside the traffic, in order.
    pub observations: Vec<Observation>,
    /// The seed of the scenario, from which everything in it was drawn.
    pub seed: u64,
    /// What the relays were to do, for each Device to whose traffic they were to do anything.
    pub relays: Vec<RelayPlan>,
    /// The accounts about which something is odd.
    pub odd_accounts: Vec<OddAccount>,
    /// Faults of the harness and errors, in words.
    pub faults: Vec<String>,
    /// What spoke against a first try that the host kept from being judged, where there was one: these are the findings of
    /// the second then, for which the scenario had the host to itself. Its recording lies beside that of the second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_try: Vec<String>,
    /// The recording, as a path relative to the run's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// The last lines of the transcript.
    pub traffic: Vec<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The command that repeats it.
    pub repeat: String,
}

/// The verdict that follows from checks and faults: the worst wins.
///
/// A check that does not apply counts only where no other was asked. A scenario of which no sentence asked a check proves
/// nothing and is inconclusive. A standing check makes it red when it fails, and never green.
pub fn verdict_of(checks: &[CheckResult], faults: &[String]) -> Verdict {
    let asked = || checks.iter().filter(|check| !check.is_standing()).map(|check| check.verdict);
    let applied = asked().filter(|verdict| *verdict != Verdict::NotApplicable).reduce(Verdict::worst);
    let asked = applied.or_else(|| asked().next());
    let standing = checks.iter().filter(|check| check.is_standing()).map(|check| check.verdict);
    let fault = (!faults.is_empty()).then_some(Verdict::HarnessFault);
    // What holds in any traffic proves nothing of a scenario's own.
    standing.chain(fault).fold(asked.unwrap_or(Verdict::Inconclusive), Verdict::worst)
}

impl ScenarioFindings {
    /// The first check with the verdict of the scenario; none for a pass.
    pub fn deciding_check(&self) -> Option<&CheckResult> {
        (!self.verdict.is_green()).then(|| self.checks.iter().find(|check| check.verdict == self.verdict))?
    }

    /// Why the scenario is not green: the reason of the check that decided first, else the first fault.
    ///
    /// `None` for a pass, and only for a pass.
    pub fn reason(&self) -> Option<String> {
        if self.verdict.is_green() {
            return None;
        }
        let reason = self.deciding_check().map(CheckResult::reason).or_else(|| self.faults.first().cloned());
        Some(reason.unwrap_or_else(|| match self.checks.is_empty() {
            true => "no check was evaluated".to_owned(),
            false => self.verdict.words().to_owned(),
        }))
    }

    /// Everything that speaks against it: the checks that do not hold, and the faults.
    pub fn shortcomings(&self) -> Vec<String> {
        let speaks = |check: &&CheckResult| !matches!(check.verdict, Verdict::Pass | Verdict::NotApplicable);
        let checks = self.checks.iter().filter(speaks).map(CheckResult::reason);
        checks.chain(self.faults.iter().cloned()).collect()
    }

    /// What the scenario says about a requirement; `None` when it says nothing.
    ///
    /// A scenario speaks for the requirements of its tags with the checks that its sentences ask for, and with its
    /// faults; a standing check speaks for the requirements it names. So one malformed header fails the requirement
    /// on headers, and not every requirement whose scenario happened to carry that header.
    pub fn verdict_for(&self, id: &RequirementId) -> Option<Verdict> {
        let names = |check: &&CheckResult| check.requirements.contains(id);
        if !self.requirements.contains(id) {
            let held = self.standing.contains(id).then_some(Verdict::Pass);
            let found =
                self.checks.iter().filter(names).map(|check| check.verdict).chain(held).reduce(Verdict::worst)?;
            // Where a scenario is in doubt, what failed in it is in doubt too.
            return Some(if found == Verdict::Fail { self.verdict } else { found });
        }
        // The runner may know more than the checks, such as that the watchdog ended the scenario.
        if self.verdict != verdict_of(&self.checks, &self.faults) {
            return Some(self.verdict);
        }
        let asked: Vec<_> = self.checks.iter().filter(|check| !check.is_standing() || names(check)).cloned().collect();
        Some(verdict_of(&asked, &self.faults))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::findings::{Authority, CheckId};

    pub(in crate::findings) fn check(id: &str, requirement: &str, verdict: Verdict) -> CheckResult {
        CheckResult {
            check: CheckId::new(id),
            requirements: vec![RequirementId::new(requirement)],
            authority: Authority::Wire,
            verdict,
            step: "Then something is seen".to_owned(),
            observed: format!("{id} saw this"),
            accepted: "that".to_owned(),
            packet: Some(143),
            at_ms: Some(412.0),
            asked: None,
        }
    }

    pub(in crate::findings) fn scenario(slug: &str, requirement: &str, checks: Vec<CheckResult>) -> ScenarioFindings {
        ScenarioFindings {
            slug: slug.to_owned(),
            feature: "firmware_update/only_failures_answer".to_owned(),
            title: format!("Title of {slug}"),
            file: "features/firmware_update/only_failures_answer.feature".to_owned(),
            line: 31,
            requirements: vec![RequirementId::new(requirement)],
            flow: Flow::Normal,
            role: Role::Device,
            verdict: verdict_of(&checks, &[]),
            checks,
            standing: Vec::new(),
            observations: Vec::new(),
            seed: 7319,
            relays: Vec::new(),
            odd_accounts: Vec::new(),
            faults: Vec::new(),
            first_try: Vec::new(),
            capture: Some(format!("captures/{slug}.pcapng")),
            traffic: vec!["+0.412 D10      → provider DM #1  Alert 1201".to_owned()],
            duration_ms: 31.0,
            repeat: format!("castproof certify --scenario {slug} --seed 7319"),
        }
    }

    #[test]
    fn the_worst_check_decides_and_the_first_failure_gives_the_reason() {
        let found = scenario(
            "a",
            "FU-AF-1",
            vec![
                check("inconclusive", "FU-AF-1", Verdict::Inconclusive),
                check("first", "FU-AF-1", Verdict::Fail),
                check("second", "FU-AF-1", Verdict::Fail),
            ],
        );

        assert_eq!(found.verdict, Verdict::Fail);
        assert_eq!(found.reason().unwrap(), "first: observed first saw this, accepted that");
    }

    #[test]
    fn a_fault_makes_a_passing_scenario_red_and_hides_no_failure() {
        let faults = ["socket lost".to_owned()];

        assert_eq!(verdict_of(&[check("c", "R", Verdict::Pass)], &faults), Verdict::HarnessFault);
        assert_eq!(verdict_of(&[check("c", "R", Verdict::Fail)], &faults), Verdict::Fail);
    }

    #[test]
    fn a_scenario_without_checks_is_inconclusive() {
        let found = scenario("a", "R", Vec::new());

        assert_eq!(found.verdict, Verdict::Inconclusive);
        assert_eq!(found.reason().unwrap(), "no check was evaluated");
    }

    #[test]
    fn a_standing_check_speaks_only_for_what_it_names() {
        let mut standing = check("flute.header", "X-FLUTE-1", Verdict::Fail);
        standing.step.clear();
        let found = scenario("a", "FU-AF-1", vec![check("report.result", "FU-AF-1", Verdict::Pass), standing]);

        assert_eq!(found.verdict, Verdict::Fail);
        assert_eq!(found.verdict_for(&RequirementId::new("FU-AF-1")), Some(Verdict::Pass));
        assert_eq!(found.verdict_for(&RequirementId::new("X-FLUTE-1")), Some(Verdict::Fail));
        assert_eq!(found.verdict_for(&RequirementId::new("SC-NF-1")), None);
    }

    #[test]
    fn a_verdict_the_runner_set_speaks_for_the_tags() {
        let mut found = scenario("a", "FU-AF-1", vec![check("report.result", "FU-AF-1", Verdict::Pass)]);
        found.verdict = Verdict::OutOfTime;

        assert_eq!(found.verdict_for(&RequirementId::new("FU-AF-1")), Some(Verdict::OutOfTime));
    }
}
