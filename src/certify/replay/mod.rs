//! Replay: the checks of a run asked again of its evidence, without subject and without network.
//!
//! The judge is one piece of code, whether it is fed live or from a file. A check that rests on the wire is answered from
//! the recording alone. One that rests on a fact of the kernel or on a subject's word is answered from what the run noted
//! of these beside the traffic: that shows what follows from the note, not that the note is true.

mod bare;
mod differences;
mod standing;
mod tape;
mod told;

use std::path::PathBuf;

use crate::evidence::{EvidenceError, Source, layout};
use crate::findings::{
    Authority, CheckId, CheckResult, Expectation, ExpectationState, ResultError, RunFacts, RunFindings,
    ScenarioFindings, Verdict, chain, parse_result, verdict_of,
};
use crate::spec::{Register, RegisterError, RequirementId};
use crate::stage::bounded::MAX_BRACKETS;
use crate::subject::REFUSED_CHECK;

use tape::Tape;

pub use bare::{BareCheck, BareRecording};
pub use differences::Difference;
pub use told::{replay_json, replay_words};

/// What came of a replay.
#[derive(Debug)]
pub struct Replay {
    /// The evidence.
    pub source: PathBuf,
    /// The findings as the run stored them.
    pub stored: RunFindings,
    /// The findings as they follow from the evidence.
    pub again: RunFindings,
    /// The register that the findings speak of.
    pub register: Register,
    /// What came of every check, in the order of the scenarios.
    pub checks: Vec<Replayed>,
    /// Where the two findings do not agree.
    pub differences: Vec<Difference>,
    /// Recordings that are missing or not whole, by their scenario.
    pub faults: Vec<(String, String)>,
}

/// A check that was asked again, or could not be.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The scenario.
    pub slug: String,
    /// The check.
    pub check: CheckId,
    /// What its answer rests on.
    pub authority: Authority,
    /// The answer that was stored.
    pub stored: CheckResult,
    /// The answer that follows from the evidence, or why there is none.
    pub again: Result<CheckResult, String>,
}

impl Replayed {
    /// Whether the answer is the stored one but for its words, as another version of castproof may put it.
    pub fn is_reworded(&self) -> bool {
        self.again.as_ref().is_ok_and(|again| {
            let said = |result: &CheckResult| (result.observed.clone(), result.accepted.clone(), result.packet);
            again.verdict == self.stored.verdict && said(again) != said(&self.stored)
        })
    }
}

/// Why there is nothing to replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Part of the evidence that everything depends on cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The findings cannot be read.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// The register cannot be read.
    #[error("`{name}` is no register", name = layout::REGISTER)]
    Register(#[from] RegisterError),
    /// The register is not text, or deeper than is read.
    #[error("`{name}` is no register: {0}", name = layout::REGISTER)]
    NoRegister(&'static str),
}

/// Asks every check of a run again.
///
/// # Errors
/// [`ReplayError`] when findings or register cannot be read; recordings that cannot are [`Replay::faults`].
pub fn replay(source: &Source) -> Result<Replay, ReplayError> {
    let stored = parse_result(layout::RESULT, &source.member(layout::RESULT)?)?;
    let register = register_in(source)?;
    let (mut checks, mut faults, mut scenarios) = (Vec::new(), Vec::new(), Vec::new());
    for scenario in &stored.scenarios {
        let (replayed, held, fault) = replay_scenario(source, scenario);
        faults.extend(fault.map(|fault| (scenario.slug.clone(), fault)));
        scenarios.push(ScenarioFindings { standing: held, ..findings_again(scenario, &replayed) });
        checks.extend(replayed);
    }
    let expectations = expectations_again(&stored, &scenarios);
    let again = RunFindings::new(facts_of(&stored), &register, scenarios)
        .with_expectations(expectations)
        .with_adapter(stored.adapter.clone());
    let differences = differences::between(&stored, &again, &checks);
    Ok(Replay { source: source.path().to_owned(), stored, again, register, checks, differences, faults })
}

/// What becomes of the expected failures of a run, on the day of that run.
fn expectations_again(stored: &RunFindings, scenarios: &[ScenarioFindings]) -> Vec<Expectation> {
    let list: Vec<_> = stored.expectations.iter().map(|one| one.entry.clone()).collect();
    let was_there = |slug: &str| {
        let mut about = stored.expectations.iter().filter(|one| one.entry.scenario == slug);
        about.all(|one| one.state != ExpectationState::MatchesNothing)
            || scenarios.iter().any(|found| found.slug == slug)
    };
    let today = stored.started.split('T').next().unwrap_or_default();
    Expectation::judge_all(&list, scenarios, was_there, today)
}

fn register_in(source: &Source) -> Result<Register, ReplayError> {
    let text = String::from_utf8(source.member(layout::REGISTER)?);
    let text = text.map_err(|_| ReplayError::NoRegister("it is not text"))?;
    // The reader of YAML takes time with the square of the depth.
    if text.matches(['[', '{']).count() > MAX_BRACKETS {
        return Err(ReplayError::NoRegister("it has too many brackets"));
    }
    Ok(Register::from_yaml(&text)?)
}

fn facts_of(run: &RunFindings) -> RunFacts {
    RunFacts {
        castproof: run.castproof.clone(),
        seed: run.seed,
        started: run.started.clone(),
        duration_ms: run.duration_ms,
        host: run.host.clone(),
        subject: run.subject.clone(),
        extent: run.extent,
    }
}

/// What the checks of a scenario come to, those that failed among the standing ones included; the requirements whose
/// standing check held; and what is wrong with the recording.
fn replay_scenario(
    source: &Source,
    scenario: &ScenarioFindings,
) -> (Vec<Replayed>, Vec<RequirementId>, Option<String>) {
    if scenario.checks.is_empty() && scenario.standing.is_empty() {
        return (Vec::new(), Vec::new(), None);
    }
    // Refused before anything ran, there is nothing that could have been recorded.
    if scenario.capture.is_none() && scenario.checks.iter().all(is_noted) {
        return (scenario.checks.iter().map(|stored| noted(scenario, stored)).collect(), Vec::new(), None);
    }
    let mut tape = match &scenario.capture {
        None => Err("no recording was kept".to_owned()),
        Some(name) => {
            source.member(name).map_err(|error| chain(&error)).and_then(|octets| Tape::load(octets.as_slice()))
        }
    };
    let fault = match &tape {
        Ok(tape) => tape.fault.clone(),
        Err(reason) => Some(reason.clone()),
    };
    let golden = |name: &str| {
        let member = source.member(&format!("{}/{name}", layout::GOLDEN));
        member.map_err(|error| chain(&error))
    };
    let is_lost = tape.is_err();
    // What did not apply to the subject was not asked, and is not now.
    let applied =
        scenario.checks.iter().filter(|check| check.verdict != Verdict::NotApplicable || check.asked.is_some());
    let asked = applied.filter(|check| !check.is_standing() || is_lost);
    let mut replayed: Vec<Replayed> = Vec::new();
    replayed.extend(asked.map(|stored| {
        if is_noted(stored) {
            return noted(scenario, stored);
        }
        let asked = tape.as_mut().map_err(|reason| reason.clone()).and_then(|tape| tape.ask(stored, golden));
        let again = asked.map(|(_, outcome)| CheckResult {
            verdict: outcome.verdict,
            // The times of a scenario count from its beginning, which its recording does not tell.
            at_ms: stored.at_ms.filter(|_| stored.packet == outcome.packet.map(|packet| packet as u64)),
            packet: outcome.packet.map(|packet| packet as u64),
            observed: outcome.observed,
            accepted: outcome.accepted,
            ..stored.clone()
        });
        let (slug, check) = (scenario.slug.clone(), stored.check.clone());
        Replayed { slug, check, authority: stored.authority, stored: stored.clone(), again }
    }));
    let mut held = Vec::new();
    if let Ok(tape) = &mut tape {
        let (recording, timeline) = tape.whole();
        let stood = standing::again(scenario, recording, timeline);
        replayed.extend(stood.checks);
        held = stood.held;
    }
    (replayed, held, fault)
}

/// Whether no traffic decides a check, and nobody asked it: what the subject said against itself stands as the run noted it.
fn is_noted(stored: &CheckResult) -> bool {
    stored.check.as_str() == REFUSED_CHECK
}

fn noted(scenario: &ScenarioFindings, stored: &CheckResult) -> Replayed {
    let (slug, check) = (scenario.slug.clone(), stored.check.clone());
    Replayed { slug, check, authority: stored.authority, stored: stored.clone(), again: Ok(stored.clone()) }
}

/// What a scenario concludes when its checks come to this. A check that could not be asked again proves nothing.
fn findings_again(stored: &ScenarioFindings, replayed: &[Replayed]) -> ScenarioFindings {
    let again = replayed.iter().map(|replayed| match &replayed.again {
        Ok(again) => again.clone(),
        Err(reason) => CheckResult {
            verdict: Verdict::Inconclusive,
            observed: format!("it could not be asked again: {reason}"),
            ..replayed.stored.clone()
        },
    });
    let checks: Vec<CheckResult> = again.collect();
    let verdict = match stored.verdict {
        // The run knew its host, and what did not apply to its subject; the traffic shows neither.
        Verdict::Inconclusive | Verdict::OutOfTime if !stored.faults.is_empty() => stored.verdict,
        Verdict::NotApplicable if stored.checks.is_empty() && !stored.faults.is_empty() => stored.verdict,
        // So it knew what an adapter did and said.
        verdict if !stored.faults.is_empty() && !stored.checks.iter().any(|check| check.verdict == verdict) => {
            verdict.worst(verdict_of(&checks, &[]))
        }
        _ => verdict_of(&checks, &stored.faults),
    };
    ScenarioFindings { verdict, checks, ..stored.clone() }
}
