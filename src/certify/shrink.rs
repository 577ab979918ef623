//! Shrinking: of the faults that the relays put into a scenario, a smallest plan by which it still fails.
//!
//! A scenario's sentences fit its faults: with fewer of them a sound implementation may do something else than the sentences
//! say. So a smaller plan counts only when the subject fails at the same check, and the reference passes under the same
//! plan. Faults are taken away by delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
//! Input", 2002), and those that are left are then made narrower.

use std::time::Duration;

use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::findings::{CheckId, RelayPlan, ScenarioFindings, Verdict};
use crate::net::Clock;
use crate::spec::Timestamp;
use crate::stage::{PlannedFault, RelayPlanError, RelayPlans};

use super::{CertifyError, Options, run};

/// How often a trial is made that came to nothing because of this host.
const TRIALS_OF_ONE: usize = 3;

/// Who plays in a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Player {
    /// The implementation that fails.
    Subject,
    /// The reference, which shows that the scenario fits the plan.
    Reference,
}

/// Makes the options of one trial; those of the subject without plans are the scenario as it stands.
pub type Trial<'a> = dyn Fn(Player, Option<RelayPlans>) -> Options + 'a;

/// Told of each trial: how many there were, how many faults it had, and how many the best plan has.
pub type Watch<'a> = dyn FnMut(usize, usize, usize) + 'a;

/// A plan by which a scenario fails.
#[derive(Debug)]
pub struct Shrunk {
    /// The check that fails.
    pub check: CheckId,
    /// How many faults the plan had.
    pub before: usize,
    /// The smallest plan that was found.
    pub plan: RelayPlans,
    /// How many times the scenario was run.
    pub trials: usize,
    /// Whether nothing smaller fails, or why that is not known.
    pub end: ShrinkEnd,
}

/// Why shrinking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShrinkEnd {
    /// No fault of the plan can be left out or made narrower.
    Smallest,
    /// Its time was over.
    Budget,
    /// Somebody interrupted it.
    Interrupted,
}

/// Why there is nothing to shrink.
#[derive(Debug, thiserror::Error)]
pub enum ShrinkError {
    /// The run itself went wrong.
    #[error(transparent)]
    Certify(#[from] CertifyError),
    /// The operating system refuses what a run needs.
    #[error("start the runtime")]
    Runtime(#[source] std::io::Error),
    /// The scenario does not fail.
    #[error("scenario `{slug}` does not fail: {verdict}{reason}")]
    NoFailure {
        /// The scenario.
        slug: String,
        /// What it says.
        verdict: Verdict,
        /// Why, where there is a reason.
        reason: String,
    },
    /// The scenario fails, and no fault was put into it.
    #[error("no fault was put into scenario `{0}`, so it fails without any")]
    NoFaults(String),
    /// The reference does not pass under the plan, so a failure proves nothing of the subject.
    #[error("the reference does not pass scenario `{slug}` under this plan either: {verdict}{reason}")]
    Unfit {
        /// The scenario.
        slug: String,
        /// What the reference came to.
        verdict: Verdict,
        /// Why.
        reason: String,
    },
    /// The plan of the run cannot be read.
    #[error("read the plan of the run")]
    Plan(#[from] RelayPlanError),
    /// It was interrupted before it knew of anything.
    #[error("interrupted before the scenario was known to fail")]
    Interrupted,
}

/// Finds a smallest plan by which the scenario of `trial` still fails at the same check.
///
/// With `has_control` each plan is held against the reference too. It ends when nothing smaller fails, after `budget`, or
/// with Ctrl-C; the best by then is kept.
///
/// # Errors
/// [`ShrinkError`] when there is nothing to shrink.
pub fn shrink(trial: &Trial, has_control: bool, budget: Duration, watch: &mut Watch) -> Result<Shrunk, ShrinkError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ShrinkError::Runtime)?;
    runtime.block_on(async {
        let mut bench = Bench::new(trial, has_control, budget).map_err(ShrinkError::Runtime)?;
        let found = bench.run(Player::Subject, None).await?;
        let Some(found) = found else { return Err(ShrinkError::Interrupted) };
        let (verdict, reason) = (found.verdict, found.reason().map(|reason| format!(", {reason}")).unwrap_or_default());
        let Some(check) = failed_at(&found) else {
            return Err(ShrinkError::NoFailure { slug: found.slug, verdict, reason });
        };
        let faults = RelayPlans::of(&found.relays)?.faults();
        if faults.is_empty() {
            return Err(ShrinkError::NoFaults(found.slug));
        }
        if has_control
            && let Some(control) = bench.run(Player::Reference, Some(&faults)).await?
            && control.verdict != Verdict::Pass
        {
            let reason = control.reason().map(|reason| format!(", {reason}")).unwrap_or_default();
            return Err(ShrinkError::Unfit { slug: control.slug, verdict: control.verdict, reason });
        }
        let before = faults.len();
        let (best, end) = bench.smallest(faults, &check, watch).await?;
        Ok(Shrunk { check, before, plan: RelayPlans::with(&best), trials: bench.trials, end })
    })
}

/// The plans as findings and `--relay-plan` have them.
impl Shrunk {
    /// The plan as data.
    pub fn written(&self) -> Vec<RelayPlan> {
        self.plan.written()
    }
}

struct Bench<'a> {
    trial: &'a Trial<'a>,
    has_control: bool,
    clock: Clock,
    until: Timestamp,
    /// Kept from the first trial to the last, so that no signal between two of them is lost.
    signals: [Signal; 2],
    is_interrupted: bool,
    trials: usize,
}

impl<'a> Bench<'a> {
    fn new(trial: &'a Trial<'a>, has_control: bool, budget: Duration) -> std::io::Result<Self> {
        let clock = Clock::start();
        let signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        let until = clock.now() + budget;
        Ok(Self { trial, has_control, clock, until, signals, is_interrupted: false, trials: 0 })
    }

    /// Why no further trial is made, if none is.
    fn end(&mut self) -> Option<ShrinkEnd> {
        self.is_interrupted |= self.signals.iter_mut().any(|signal| signal.recv().now_or_never().is_some());
        match self.is_interrupted {
            true => Some(ShrinkEnd::Interrupted),
            false => (self.clock.now() >= self.until).then_some(ShrinkEnd::Budget),
        }
    }

    /// Runs the scenario; nothing when it was interrupted. A run that this host left unclear is made again.
    async fn run(
        &mut self,
        player: Player,
        faults: Option<&[PlannedFault]>,
    ) -> Result<Option<ScenarioFindings>, CertifyError> {
        let mut found = None;
        for _ in 0..TRIALS_OF_ONE {
            self.trials += 1;
            let run = run((self.trial)(player, faults.map(RelayPlans::with))).await?;
            self.is_interrupted |= run.interrupted;
            // Evidence of trials is not kept: the last command makes it again.
            let _ = std::fs::remove_dir_all(&run.folder);
            if self.is_interrupted {
                return Ok(None);
            }
            found = run.findings.scenarios.into_iter().next();
            if found.as_ref().is_none_or(|found| found.verdict != Verdict::Inconclusive) || self.end().is_some() {
                break;
            }
        }
        found.map(Some).ok_or(CertifyError::NothingSelected)
    }

    /// Whether the subject still fails at the check by these faults alone, while the reference passes.
    async fn still_fails(&mut self, faults: &[PlannedFault], check: &CheckId) -> Result<bool, CertifyError> {
        let Some(found) = self.run(Player::Subject, Some(faults)).await? else { return Ok(false) };
        if failed_at(&found).as_ref() != Some(check) || !self.has_control {
            return Ok(failed_at(&found).as_ref() == Some(check));
        }
        let control = self.run(Player::Reference, Some(faults)).await?;
        Ok(control.is_some_and(|control| control.verdict == Verdict::Pass))
    }

    async fn smallest(
        &mut self,
        faults: Vec<PlannedFault>,
        check: &CheckId,
        watch: &mut Watch<'_>,
    ) -> Result<(Vec<PlannedFault>, ShrinkEnd), CertifyError> {
        let mut search = Search::new(faults);
        while let Some(candidate) = search.next() {
            if let Some(end) = self.end() {
                return Ok((search.best, end));
            }
            watch(self.trials, candidate.len(), search.best.len());
            let fails = self.still_fails(&candidate, check).await?;
            search.learn(candidate, fails);
        }
        Ok((search.best, ShrinkEnd::Smallest))
    }
}

/// The check at which a scenario fails, if it does.
fn failed_at(found: &ScenarioFindings) -> Option<CheckId> {
    let failed = found.checks.iter().find(|check| check.verdict == Verdict::Fail);
    failed.filter(|_| found.verdict == Verdict::Fail).map(|check| check.check.clone())
}

/// The search for the smallest list: which candidate is tried next, and what follows from how it went.
struct Search {
    best: Vec<PlannedFault>,
    /// Lists that were tried since the best was found, so that none is tried twice.
    waiting: Vec<Vec<PlannedFault>>,
    /// Everything that was tried.
    tried: Vec<Vec<PlannedFault>>,
}

impl Search {
    fn new(faults: Vec<PlannedFault>) -> Self {
        let mut search = Self { waiting: Vec::new(), tried: vec![faults.clone()], best: faults };
        search.plan();
        search
    }

    /// Lists the candidates below the best, the most promising last: nothing at all, then halves, quarters and so on with
    /// their complements, down to one fault less; then one fault narrower.
    fn plan(&mut self) {
        let best = &self.best;
        let mut candidates = vec![Vec::new()];
        let mut parts = 2;
        while parts <= best.len() {
            let size = best.len().div_ceil(parts);
            let ranges = || (0..best.len()).step_by(size).map(|from| from..(from + size).min(best.len()));
            candidates.extend(ranges().map(|range| best[range].to_vec()));
            candidates.extend(ranges().map(|range| [&best[..range.start], &best[range.end..]].concat()));
            parts = if parts == best.len() { parts + 1 } else { (parts * 2).min(best.len()) };
        }
        for (index, fault) in best.iter().enumerate() {
            for narrower in fault.narrower() {
                let mut candidate = best.clone();
                candidate[index] = narrower;
                candidates.push(candidate);
            }
        }
        candidates.reverse();
        self.waiting = candidates;
    }

    fn next(&mut self) -> Option<Vec<PlannedFault>> {
        while let Some(candidate) = self.waiting.pop() {
            if !self.tried.contains(&candidate) {
                self.tried.push(candidate.clone());
                return Some(candidate);
            }
        }
        None
    }

    fn learn(&mut self, candidate: Vec<PlannedFault>, fails: bool) {
        if fails {
            self.best = candidate;
            self.plan();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(count: usize) -> Vec<PlannedFault> {
        let plans: Vec<RelayPlan> = (1..=count)
            .map(|number| RelayPlan {
                device: format!("D{number}"),
                seed: 7,
                broadcast: vec![serde_json::json!({"kind": "table", "which": "all", "fate": "drop"})],
                interaction: Vec::new(),
            })
            .collect();
        RelayPlans::of(&plans).unwrap().faults()
    }

    fn search(all: Vec<PlannedFault>, fails: impl Fn(&[PlannedFault]) -> bool) -> (Vec<PlannedFault>, usize) {
        let mut search = Search::new(all);
        let mut trials = 0;
        while let Some(candidate) = search.next() {
            trials += 1;
            let answer = fails(&candidate);
            search.learn(candidate, answer);
        }
        (search.best, trials)
    }

    #[test]
    fn the_two_faults_that_matter_are_found_among_sixteen() {
        let all = faults(16);
        let (one, other) = (all[3].clone(), all[12].clone());

        let (best, trials) = search(all, |tried| tried.contains(&one) && tried.contains(&other));

        assert_eq!(best, [one, other]);
        assert!(trials < 100, "{trials}");
    }

    #[test]
    fn a_fault_becomes_as_narrow_as_it_can() {
        let all = faults(1);
        let narrowest = all[0].narrower()[0].clone();

        let (best, _) = search(all, |tried| !tried.is_empty());

        assert_eq!(best, [narrowest]);
    }

    #[test]
    fn what_fails_without_any_fault_has_an_empty_plan() {
        assert_eq!(search(faults(4), |_| true), (Vec::new(), 1));
    }
}
