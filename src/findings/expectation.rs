//! Expected failures: what a vendor knows to fail, held against what a run found.
//!
//! An entry excuses one check of one scenario for one reason, until a day. It hides nothing: the scenario still fails and
//! its requirements are not conformant. The run is only not red by it. An entry that does not fit any more is worse than
//! none, so it makes the run red by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckResult, ScenarioFindings, Verdict};

/// A failure that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFailure {
    /// The whole slug of the scenario.
    #[schemars(length(min = 1))]
    pub scenario: String,
    /// The check that fails, such as `report.one`.
    #[schemars(length(min = 1))]
    pub check: String,
    /// Part of what the check says when it fails as expected: of what was observed, or of what would have been accepted.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Where the failure is being dealt with, such as a link.
    #[schemars(length(min = 1))]
    pub issue: String,
    /// Who answers for it.
    #[schemars(length(min = 1))]
    pub owner: String,
    /// The last day on which it is expected, as in 2027-03-31, in UTC.
    #[schemars(regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    pub expiry: String,
}

/// What became of an expected failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// The entry.
    pub entry: ExpectedFailure,
    /// How it stands.
    pub state: ExpectationState,
    /// Why, in one line.
    pub because: String,
}

/// How an expected failure stands after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectationState {
    /// It failed as expected.
    AsExpected,
    /// The scenario passes: the entry is to be taken out.
    Passes,
    /// Something fails, and not this check for this reason.
    FailsOtherwise,
    /// There is no such scenario, or it does not apply to the subject.
    MatchesNothing,
    /// Its day is over.
    Expired,
    /// The scenario was not part of the run, or the run cannot say.
    NotJudged,
}

impl ExpectationState {
    /// Whether the entry does not fit any more and makes the run red.
    pub fn is_stale(self) -> bool {
        !matches!(self, Self::AsExpected | Self::NotJudged)
    }

    /// The state in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AsExpected => "fails as expected",
            Self::Passes => "passes",
            Self::FailsOtherwise => "fails otherwise",
            Self::MatchesNothing => "matches nothing",
            Self::Expired => "has expired",
            Self::NotJudged => "not judged",
        }
    }
}

impl ExpectedFailure {
    /// Whether a check failed as this entry expects.
    fn is_met_by(&self, check: &CheckResult) -> bool {
        let says = check.observed.contains(&self.reason) || check.accepted.contains(&self.reason);
        check.verdict == Verdict::Fail && check.check.as_str() == self.check && says
    }

    /// What becomes of it: `exists` says whether the suite has the scenario, `today` is a day in the form of `expiry`.
    fn judge(&self, found: Option<&ScenarioFindings>, exists: bool, today: &str) -> (ExpectationState, String) {
        use ExpectationState as State;
        // Days in this form are in the order of their texts.
        if self.expiry.as_str() < today {
            return (State::Expired, format!("it was expected until {}", self.expiry));
        }
        if !exists {
            return (State::MatchesNothing, "no scenario has this slug".to_owned());
        }
        let Some(found) = found else { return (State::NotJudged, "the scenario was not run".to_owned()) };
        match found.verdict {
            Verdict::Pass => (State::Passes, "the scenario passes: take the entry out".to_owned()),
            Verdict::NotApplicable => (State::MatchesNothing, "the scenario does not apply to the subject".to_owned()),
            Verdict::Fail => match found.checks.iter().find(|check| self.is_met_by(check)) {
                Some(check) => (State::AsExpected, check.reason()),
                None => {
                    let same = found
                        .checks
                        .iter()
                        .find(|one| one.verdict == Verdict::Fail && one.check.as_str() == self.check);
                    let reason = same.map(CheckResult::reason).or_else(|| found.reason());
                    (State::FailsOtherwise, reason.unwrap_or_default())
                }
            },
            other => (State::NotJudged, format!("the scenario is {other}")),
        }
    }
}

impl Expectation {
    /// Holds a list of expected failures against what was found. `exists` says of a slug whether the suite has it.
    pub fn judge_all(
        entries: &[ExpectedFailure],
        scenarios: &[ScenarioFindings],
        exists: impl Fn(&str) -> bool,
        today: &str,
    ) -> Vec<Self> {
        let judge = |entry: &ExpectedFailure| {
            let found = scenarios.iter().find(|found| found.slug == entry.scenario);
            let (state, because) = entry.judge(found, exists(&entry.scenario), today);
            Self { entry: entry.clone(), state, because }
        };
        entries.iter().map(judge).collect()
    }

    /// The entry and its state in one line.
    pub fn line(&self) -> String {
        let ExpectedFailure { scenario, check, issue, owner, expiry, .. } = &self.entry;
        format!("{scenario}, {check}: {}: {} ({issue}, {owner}, until {expiry})", self.state.words(), self.because)
    }
}

/// Whether everything that failed in a scenario did so as expected.
pub fn is_excused(scenario: &ScenarioFindings, expectations: &[Expectation]) -> bool {
    let mine = |one: &&Expectation| one.entry.scenario == scenario.slug && one.state == ExpectationState::AsExpected;
    let mut failed = scenario.checks.iter().filter(|check| check.verdict == Verdict::Fail).peekable();
    scenario.verdict == Verdict::Fail
        && failed.peek().is_some()
        && failed.all(|check| expectations.iter().filter(mine).any(|one| one.entry.is_met_by(check)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::scenario::tests::{check, scenario};
    use super::*;

    pub(in crate::findings) fn entry(slug: &str, reason: &str, expiry: &str) -> ExpectedFailure {
        ExpectedFailure {
            scenario: slug.to_owned(),
            check: "c".to_owned(),
            reason: reason.to_owned(),
            issue: "ACME-1".to_owned(),
            owner: "ann".to_owned(),
            expiry: expiry.to_owned(),
        }
    }

    fn judge(verdict: Verdict, entry: ExpectedFailure) -> ExpectationState {
        let found = [scenario("a", "R", vec![check("c", "R", verdict)])];
        Expectation::judge_all(&[entry], &found, |slug| slug != "gone", "2026-12-01")[0].state
    }

    #[test]
    fn an_entry_is_held_in_all_four_ways() {
        let usual = || entry("a", "saw this", "2026-12-01");
        let other_check = || ExpectedFailure { check: "d".to_owned(), ..usual() };
        let table = [
            (Verdict::Fail, usual(), ExpectationState::AsExpected),
            (Verdict::Pass, usual(), ExpectationState::Passes),
            (Verdict::Fail, entry("a", "saw that", "2026-12-01"), ExpectationState::FailsOtherwise),
            (Verdict::Fail, other_check(), ExpectationState::FailsOtherwise),
            (Verdict::Fail, entry("gone", "saw this", "2026-12-01"), ExpectationState::MatchesNothing),
            (Verdict::NotApplicable, usual(), ExpectationState::MatchesNothing),
            (Verdict::Fail, entry("a", "saw this", "2026-11-30"), ExpectationState::Expired),
            (Verdict::Inconclusive, usual(), ExpectationState::NotJudged),
            (Verdict::Fail, entry("b", "saw this", "2026-12-01"), ExpectationState::NotJudged),
        ];

        for (verdict, entry, state) in table {
            assert_eq!(judge(verdict, entry.clone()), state, "{verdict} {entry:?}");
        }
    }

    #[test]
    fn a_scenario_is_excused_only_when_each_of_its_failures_is_expected() {
        let mut found = scenario("a", "R", vec![check("c", "R", Verdict::Fail)]);
        let judged = |found: &ScenarioFindings| {
            let list = [entry("a", "saw this", "2026-12-01")];
            Expectation::judge_all(&list, std::slice::from_ref(found), |_| true, "2026-12-01")
        };

        assert!(is_excused(&found, &judged(&found)));
        found.checks.push(check("d", "R", Verdict::Fail));
        assert!(!is_excused(&found, &judged(&found)));
    }
}
