//! What a whole run found out, requirement by requirement, and what that means for whoever started it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AdapterFindings, Expectation, ScenarioFindings, Verdict, is_excused, schema};
use crate::spec::{Coverage, Level, Register, Requirement, RequirementId, Role};

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// The network interface.
    pub interface: String,
    /// Processor cores.
    pub cores: usize,
    /// The operating system.
    pub os: String,
}

/// What is known of a run besides its scenarios.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    /// The version of castproof.
    pub castproof: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// When the run began, as RFC 3339 text.
    pub started: String,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Where it took place.
    pub host: Host,
    /// What was under test.
    pub subject: String,
    /// How much was run.
    pub extent: Extent,
}

/// How much of the suite a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// Every scenario.
    Whole,
    /// What was asked for; it can pass, but says nothing of the rest, so nothing conforms by it.
    Selection,
    /// Less than was asked for: an interruption or a crash.
    Partial,
}

/// A run as `result.json` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunFindings {
    /// The version of this layout.
    pub schema: u32,
    /// The version of castproof.
    pub castproof: String,
    /// The version of the wire profile.
    pub profile: u32,
    /// The dated name of the requirement set.
    pub requirement_set: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// When the run began, as RFC 3339 text.
    pub started: String,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Where it took place.
    pub host: Host,
    /// What was under test.
    pub subject: String,
    /// The adapter through which the subject was reached; none for a reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<AdapterFindings>,
    /// How much was run.
    pub extent: Extent,
    /// Whether the subject conforms; see [`RunFindings::new`].
    pub conformant: bool,
    /// Every scenario that was run.
    pub scenarios: Vec<ScenarioFindings>,
    /// What became of each expected failure, in the order of their list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expectation>,
    /// Every requirement of the set, in the order of the register; withdrawn ones are left out.
    pub requirements: Vec<RequirementFindings>,
}

/// What a run says about one requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementFindings {
    /// The requirement.
    #[schemars(schema_with = "schema::requirement_id")]
    pub id: RequirementId,
    /// How binding it is.
    #[schemars(schema_with = "schema::level")]
    pub level: Level,
    /// Who is judged.
    #[schemars(schema_with = "schema::roles")]
    pub roles: Vec<Role>,
    /// What was found.
    #[serde(flatten)]
    pub state: RequirementState,
    /// The slugs of the scenarios that speak for it, but for those in which a standing check held.
    pub scenarios: Vec<String>,
}

/// Whether a requirement is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", content = "reason", rename_all = "kebab-case")]
pub enum RequirementState {
    /// Everything that speaks for it passed.
    Conformant,
    /// Something that speaks for it failed.
    NotConformant,
    /// Nothing failed, and something neither passed nor was without application.
    Inconclusive,
    /// Nothing that speaks for it applies to this subject.
    NotApplicable,
    /// The register plans it and has no scenario for it.
    NotYetCovered,
    /// It cannot be observed; the register says why.
    Excluded(String),
    /// It has scenarios, and none of them was part of this run.
    NotSelected,
}

impl RequirementState {
    /// The state in words, such as `not conformant`.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Conformant => "conformant",
            Self::NotConformant => "not conformant",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not applicable",
            Self::NotYetCovered => "not yet covered",
            Self::Excluded(_) => "excluded",
            Self::NotSelected => "not selected",
        }
    }
}

impl RunFindings {
    /// The layout version that [`RunFindings::new`] writes.
    pub const SCHEMA: u32 = 4;

    /// Draws up the findings of a run.
    ///
    /// The subject is conformant when the whole suite was run, at least one scenario passed, every other one passed or
    /// did not apply, and no requirement is left not conformant or inconclusive.
    pub fn new(facts: RunFacts, register: &Register, scenarios: Vec<ScenarioFindings>) -> Self {
        let requirements: Vec<_> = register
            .requirements
            .iter()
            .filter(|row| row.coverage != Coverage::Removed)
            .map(|row| RequirementFindings::new(row, &scenarios))
            .collect();
        let clean = |scenario: &ScenarioFindings| matches!(scenario.verdict, Verdict::Pass | Verdict::NotApplicable);
        let conformant = facts.extent == Extent::Whole
            && scenarios.iter().any(|scenario| scenario.verdict.is_green())
            && scenarios.iter().all(clean)
            && !requirements
                .iter()
                .any(|row| matches!(row.state, RequirementState::NotConformant | RequirementState::Inconclusive));
        Self {
            schema: Self::SCHEMA,
            castproof: facts.castproof,
            profile: register.profile,
            requirement_set: register.set.clone(),
            seed: facts.seed,
            started: facts.started,
            duration_ms: facts.duration_ms,
            host: facts.host,
            subject: facts.subject,
            adapter: None,
            extent: facts.extent,
            conformant,
            scenarios,
            expectations: Vec::new(),
            requirements,
        }
    }

    /// Whether the run was a selection of which everything passed or did not apply.
    pub fn selection_passed(&self) -> bool {
        let clean = |scenario: &ScenarioFindings| matches!(scenario.verdict, Verdict::Pass | Verdict::NotApplicable);
        self.extent == Extent::Selection && self.count(Verdict::Pass) > 0 && self.scenarios.iter().all(clean)
    }

    /// The same findings with what became of the expected failures.
    #[must_use]
    pub fn with_expectations(mut self, expectations: Vec<Expectation>) -> Self {
        self.expectations = expectations;
        self
    }

    /// The same findings with what the run met of the subject's adapter. Whatever an adapter claims that was caught at a
    /// lie, nothing conforms by it. And a rule of the other role alone that no scenario is about, but held on all traffic,
    /// was kept by the reference and is no merit of the subject.
    #[must_use]
    pub fn with_adapter(mut self, adapter: Option<AdapterFindings>) -> Self {
        let own = adapter.as_ref().map(|adapter| adapter.role);
        let is_of_other = |row: &RequirementFindings| {
            own.is_some_and(|own| !row.roles.iter().any(|role| [own, Role::System].contains(role)))
        };
        for row in self.requirements.iter_mut().filter(|row| row.scenarios.is_empty() && is_of_other(row)) {
            if row.state == RequirementState::Conformant {
                row.state = RequirementState::NotSelected;
            }
        }
        self.conformant &= !adapter.as_ref().is_some_and(AdapterFindings::is_contradicted);
        self.adapter = adapter;
        self
    }

    /// Whether a scenario failed, and only as expected.
    pub fn is_excused(&self, scenario: &ScenarioFindings) -> bool {
        is_excused(scenario, &self.expectations)
    }

    /// Whether something failed, and everything that failed did so as expected; nothing conforms by it.
    pub fn fails_as_expected(&self) -> bool {
        let clean = |scenario: &ScenarioFindings| {
            matches!(scenario.verdict, Verdict::Pass | Verdict::NotApplicable) || self.is_excused(scenario)
        };
        self.extent != Extent::Partial && self.count(Verdict::Fail) > 0 && self.scenarios.iter().all(clean)
    }

    /// Whether something failed that no expected failure speaks of.
    fn fails_unexpectedly(&self) -> bool {
        let is_stale =
            |slug: &str| self.expectations.iter().any(|one| one.state.is_stale() && one.entry.scenario == slug);
        let is_news = |found: &ScenarioFindings| {
            found.verdict == Verdict::Fail && !self.is_excused(found) && !is_stale(&found.slug)
        };
        let is_failed = |row: &RequirementFindings| row.state == RequirementState::NotConformant;
        self.scenarios.iter().any(is_news) || (self.expectations.is_empty() && self.requirements.iter().any(is_failed))
    }

    /// How many scenarios have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.scenarios.iter().filter(|scenario| scenario.verdict == verdict).count()
    }
}

impl RequirementFindings {
    fn new(row: &Requirement, scenarios: &[ScenarioFindings]) -> Self {
        let spoken: Vec<_> = scenarios.iter().filter_map(|found| Some((found, found.verdict_for(&row.id)?))).collect();
        Self {
            id: row.id.clone(),
            level: row.level,
            roles: row.roles.clone(),
            state: state_of(row, &spoken.iter().map(|(_, verdict)| *verdict).collect::<Vec<_>>()),
            // That a standing check held stands with each scenario, and would be told here of nearly all of them.
            scenarios: spoken
                .iter()
                .filter(|(found, _)| !found.standing.contains(&row.id))
                .map(|(found, _)| found.slug.clone())
                .collect(),
        }
    }
}

fn state_of(row: &Requirement, verdicts: &[Verdict]) -> RequirementState {
    // A failure shows whatever the register says; a pass cannot make up for scenarios that do not exist.
    if verdicts.contains(&Verdict::Fail) {
        return RequirementState::NotConformant;
    }
    match row.coverage {
        Coverage::Planned => return RequirementState::NotYetCovered,
        Coverage::Excluded | Coverage::Removed => {
            return RequirementState::Excluded(row.reason.clone().unwrap_or_default());
        }
        Coverage::Covered => {}
    }
    let clean = |verdict: &Verdict| matches!(verdict, Verdict::Pass | Verdict::NotApplicable);
    match verdicts {
        [] => RequirementState::NotSelected,
        some if !some.iter().all(clean) => RequirementState::Inconclusive,
        some if some.contains(&Verdict::Pass) => RequirementState::Conformant,
        _ => RequirementState::NotApplicable,
    }
}

/// What the command line answers its caller with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// The subject conforms, everything that was selected passed, or what failed did so as expected: 0.
    Conformant,
    /// The command line, a profile or a feature file is wrong: 2.
    Usage,
    /// No scenario was selected: 4.
    NothingSelected,
    /// At least one check or requirement failed: 100.
    NotConformant,
    /// Nothing failed, and the run proves nothing: inconclusive, out of time, a fault, or partial: 101.
    Inconclusive,
    /// An expected failure passed, failed otherwise, matched nothing or has expired: 102.
    StaleExpectation,
}

impl ExitCode {
    /// The code that a run ends with.
    pub fn of(run: &RunFindings) -> Self {
        let is_stale = run.expectations.iter().any(|one| one.state.is_stale());
        match () {
            () if run.scenarios.is_empty() => Self::NothingSelected,
            () if run.fails_unexpectedly() => Self::NotConformant,
            () if is_stale => Self::StaleExpectation,
            () if run.conformant || run.selection_passed() || run.fails_as_expected() => Self::Conformant,
            () => Self::Inconclusive,
        }
    }

    /// The number that the process returns.
    pub fn code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::Usage => 2,
            Self::NothingSelected => 4,
            Self::NotConformant => 100,
            Self::Inconclusive => 101,
            Self::StaleExpectation => 102,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::ExpectedFailure;
    use super::super::scenario::tests::{check, scenario};
    use super::*;

    pub(in crate::findings) fn register(rows: &[(&str, &str)]) -> Register {
        let rows: String = rows
            .iter()
            .map(|(id, coverage)| {
                format!(
                    "- {{id: {id}, source: '1.6-1', level: must, roles: [device], text: t, coverage: {coverage}, reason: because}}\n"
                )
            })
            .collect();
        Register::from_yaml(&format!("set: '2026-12'\nprofile: 1\nrequirements:\n{rows}")).unwrap()
    }

    pub(in crate::findings) fn facts() -> RunFacts {
        RunFacts {
            castproof: "0.1.0".to_owned(),
            seed: 7319,
            started: "2026-12-01T10:22:31Z".to_owned(),
            duration_ms: 6800.0,
            host: Host { interface: "127.0.0.1".to_owned(), cores: 2, os: "linux".to_owned() },
            subject: "reference".to_owned(),
            extent: Extent::Whole,
        }
    }

    fn run(verdicts: &[Verdict]) -> RunFindings {
        let scenarios = verdicts
            .iter()
            .enumerate()
            .map(|(n, verdict)| scenario(&format!("s{n}"), "R", vec![check("c", "R", *verdict)]));
        RunFindings::new(facts(), &register(&[("R", "covered")]), scenarios.collect())
    }

    #[test]
    fn a_run_conforms_only_when_something_passed_and_nothing_else_happened() {
        let table: [(&[Verdict], bool, ExitCode); 9] = [
            (&[], false, ExitCode::NothingSelected),
            (&[Verdict::Pass], true, ExitCode::Conformant),
            (&[Verdict::Pass, Verdict::NotApplicable], true, ExitCode::Conformant),
            (&[Verdict::NotApplicable], false, ExitCode::Inconclusive),
            (&[Verdict::Pass, Verdict::Inconclusive], false, ExitCode::Inconclusive),
            (&[Verdict::Pass, Verdict::HarnessFault], false, ExitCode::Inconclusive),
            (&[Verdict::Pass, Verdict::AdapterContradicted], false, ExitCode::Inconclusive),
            (&[Verdict::Pass, Verdict::Pending], false, ExitCode::Inconclusive),
            (&[Verdict::HarnessFault, Verdict::Fail], false, ExitCode::NotConformant),
        ];

        for (verdicts, conformant, code) in table {
            let run = run(verdicts);

            assert_eq!((run.conformant, ExitCode::of(&run)), (conformant, code), "{verdicts:?}");
        }
    }

    #[test]
    fn expected_failures_decide_the_exit_code_as_far_as_they_go() {
        use super::super::expectation::tests::entry;
        let end = |verdicts: &[Verdict], list: &[ExpectedFailure]| {
            let run = run(verdicts);
            let judged = Expectation::judge_all(list, &run.scenarios, |slug| slug.starts_with('s'), "2026-12-01");
            let run = run.with_expectations(judged);
            assert!(!run.conformant || run.count(Verdict::Fail) == 0);
            ExitCode::of(&run)
        };
        let of = |slug: &str| entry(slug, "saw this", "2027-01-01");

        assert_eq!(end(&[Verdict::Pass, Verdict::Fail], &[of("s1")]), ExitCode::Conformant);
        assert_eq!(end(&[Verdict::Fail, Verdict::Fail], &[of("s1")]), ExitCode::NotConformant);
        assert_eq!(end(&[Verdict::Pass, Verdict::Pass], &[of("s1")]), ExitCode::StaleExpectation);
        assert_eq!(end(&[Verdict::Pass, Verdict::Pass], &[of("gone")]), ExitCode::StaleExpectation);
        assert_eq!(end(&[Verdict::Pass, Verdict::Fail], &[entry("s1", "x", "2027-01-01")]), ExitCode::StaleExpectation);
        assert_eq!(
            end(&[Verdict::Pass, Verdict::Fail], &[entry("s1", "saw", "2026-11-30")]),
            ExitCode::StaleExpectation
        );
        assert_eq!(end(&[Verdict::Inconclusive, Verdict::Fail], &[of("s1")]), ExitCode::Inconclusive);
        assert_eq!(end(&[Verdict::Fail, Verdict::Pass], &[of("s1")]), ExitCode::NotConformant);
    }

    #[test]
    fn a_partial_run_conforms_to_nothing() {
        let partial = RunFacts { extent: Extent::Partial, ..facts() };
        let passing = vec![scenario("a", "R", vec![check("c", "R", Verdict::Pass)])];

        let run = RunFindings::new(partial, &register(&[("R", "covered")]), passing);

        assert_eq!((run.conformant, ExitCode::of(&run)), (false, ExitCode::Inconclusive));
    }

    #[test]
    fn the_state_of_a_requirement_follows_from_what_speaks_for_it() {
        let table: [(&[Verdict], RequirementState); 6] = [
            (&[], RequirementState::NotSelected),
            (&[Verdict::Pass, Verdict::Pass], RequirementState::Conformant),
            (&[Verdict::Pass, Verdict::NotApplicable], RequirementState::Conformant),
            (&[Verdict::NotApplicable], RequirementState::NotApplicable),
            (&[Verdict::Pass, Verdict::OutOfTime], RequirementState::Inconclusive),
            (&[Verdict::OutOfTime, Verdict::Fail], RequirementState::NotConformant),
        ];

        for (verdicts, state) in table {
            assert_eq!(run(verdicts).requirements[0].state, state, "{verdicts:?}");
        }
    }

    #[test]
    fn rows_without_scenarios_keep_the_state_of_the_register() {
        let register = register(&[("P", "planned"), ("E", "excluded"), ("X", "removed"), ("C", "covered")]);

        let run = RunFindings::new(facts(), &register, Vec::new());

        let states: Vec<_> = run.requirements.iter().map(|row| (row.id.as_str(), row.state.clone())).collect();
        assert_eq!(
            states,
            [
                ("P", RequirementState::NotYetCovered),
                ("E", RequirementState::Excluded("because".to_owned())),
                ("C", RequirementState::NotSelected)
            ]
        );
    }

    #[test]
    fn a_check_that_names_a_requirement_fails_it_even_when_it_is_planned() {
        let mut standing = check("dm.header", "P", Verdict::Fail);
        standing.step.clear();
        let scenarios = vec![scenario("a", "R", vec![check("c", "R", Verdict::Pass), standing])];

        let run = RunFindings::new(facts(), &register(&[("R", "covered"), ("P", "planned")]), scenarios);

        assert_eq!(run.requirements[0].state, RequirementState::Conformant);
        assert_eq!(run.requirements[1].state, RequirementState::NotConformant);
        assert_eq!(run.requirements[1].scenarios, ["a"]);
    }

    #[test]
    fn exit_codes_are_the_documented_numbers() {
        let codes = [
            ExitCode::Conformant,
            ExitCode::Usage,
            ExitCode::NothingSelected,
            ExitCode::NotConformant,
            ExitCode::Inconclusive,
            ExitCode::StaleExpectation,
        ];

        assert_eq!(codes.map(ExitCode::code), [0, 2, 4, 100, 101, 102]);
    }
}
