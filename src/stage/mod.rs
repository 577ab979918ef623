//! One scenario's world: leased network, the air, a cast of named actors, the recorder, the clock, bounded waits.
//!
//! Rank 6. [`Stage`] is cucumber's World. A step calls one method of it; the method does the plumbing, waits for
//! conditions with a deadline, and asks the judge. State lives in the actors and in the recording.

mod air;
pub mod bounded;
mod broadcasted;
mod campaign_fixture;
mod cast;
mod channels;
mod command_fixture;
mod fixtures;
mod golden;
mod host;
pub mod hostile;
mod lab;
mod link;
mod moments;
mod probe;
mod provider_life;
mod queries;
mod question;
mod raw;
mod reception;
mod recorder;
mod relays;
mod remains;
mod retries;
mod roll_call;
mod rollout_fixture;
mod running;
mod scenes;
mod script;
mod secrets;
mod verdicts;
mod work_folder;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use cucumber::World;

use crate::findings::{CheckId, CheckResult, Observation, Verdict, chain};
use crate::judge::{Beside, Check, Evidence, Outcome};
use crate::net::{Clock, JoinError, LeaseError};
use crate::spec::{Capability, Role, Timestamp};
use crate::subject::{DeviceSubject, ProviderSubject, ReferenceDevice, ReferenceProvider, SubjectError};

pub use fixtures::{FixtureError, Fixtures};
pub use golden::{GoldenQuestion, compare_golden, golden_traffic};
pub use lab::Lab;
pub use link::{HowOften, LinkFault, LinkRule};
pub use moments::{Happening, Switch};
pub use probe::{ProbeError, probe};
pub use provider_life::RestartMoment;
pub use question::{Question, QuestionError};
pub use raw::RawCapture;
pub use reception::Reception;
pub use relays::{PlannedFault, RelayPlanError, RelayPlans};
pub use remains::{BrokenOff, Remains};
use remains::{observations, standing_checks};
use running::Running;
pub use scenes::Answer;
pub use script::{Condition, Moment, Skew};
use script::{Script, ScriptError};
pub use secrets::{accounts_of, secrets_of};

/// How long the stage waits for something that should happen at once. It never adds to a run that goes well.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a busy host may add to the upper bound of a window before a report counts as late.
const TOLERANCE: Duration = Duration::from_millis(250);

/// Who plays.
pub struct Casting {
    /// The implementation of the Device role.
    pub device: Box<dyn DeviceSubject>,
    /// The implementation of the provider role.
    pub provider: Box<dyn ProviderSubject>,
}

impl Casting {
    /// The reference in both roles.
    pub fn references() -> Self {
        Self { device: Box::new(ReferenceDevice::conformant()), provider: Box::new(ReferenceProvider::conformant()) }
    }

    /// The first of these capabilities that a subject whom it concerns does not declare.
    pub fn lacks(&self, needs: &[Capability]) -> Option<Capability> {
        let (device, provider) = (self.device.capabilities(), self.provider.capabilities());
        let declares = |role: &Role, capability: &Capability| match role {
            Role::Device => device.contains(capability),
            Role::Provider => provider.contains(capability),
            Role::System => device.contains(capability) && provider.contains(capability),
        };
        let is_lacking = |need: &&Capability| !need.roles().iter().all(|role| declares(role, need));
        needs.iter().find(is_lacking).copied()
    }
}

/// What a scenario is given before it begins.
#[derive(Clone)]
pub struct StageBrief {
    /// Its slug.
    pub slug: String,
    /// Its seed.
    pub seed: u64,
    /// Where it is played.
    pub lab: Lab,
    /// The clock of the scenario.
    pub clock: Clock,
    /// The named fixtures.
    pub fixtures: Rc<Fixtures>,
    /// Who plays.
    pub casting: Rc<Casting>,
    /// The nodes that its sentences have the DM Server read.
    pub nodes: Vec<String>,
    /// Where golden recordings lie.
    pub captures: PathBuf,
    /// Plans of the relays that take the place of those that its sentences give.
    pub relays: Option<Rc<RelayPlans>>,
    /// The file that its recording is written to while it is made.
    pub live: Option<PathBuf>,
    /// The folder in which its work folder stays when it is over; none where it goes.
    pub kept: Option<PathBuf>,
    /// What takes the kernel's frames, and the file for those of the scenario.
    pub raw: Option<(RawCapture, PathBuf)>,
    /// The feature that the scenario belongs to, such as `firmware_update/normal_flow`.
    pub feature: String,
    /// The requirements that the scenario is tagged with.
    pub requirements: Vec<crate::spec::RequirementId>,
    /// Where the remains go when the scenario is broken off.
    pub broken_off: BrokenOff,
}

/// Why a sentence could not be carried out or does not hold.
///
/// Cucumber shows of a step's error only what it displays, so here the whole chain of causes stands in the text.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A check did not pass; the findings hold the details.
    #[error("{0}")]
    Check(String),
    /// Something that should happen at once did not.
    #[error("{OUT_OF_TIME}: {what} within {within:?}; {status}")]
    OutOfTime {
        /// What was waited for.
        what: String,
        /// How long.
        within: Duration,
        /// How things stood.
        status: String,
    },
    /// This host kept a wait from ever ending well; what it did stands in the scenario's faults.
    #[error("{what} cannot be waited for on this host")]
    Host {
        /// What was waited for.
        what: String,
    },
    /// The Given sentences do not fit together.
    #[error("{}", chain(.0))]
    Script(#[from] ScriptError),
    /// No ports.
    #[error("lease groups and ports: {}", chain(.0))]
    Lease(#[from] LeaseError),
    /// The air could not be set up.
    #[error("open the air: {}; {}", chain(.0), .0.hint())]
    Air(#[from] JoinError),
    /// A subject did not do as it was asked.
    #[error("{}", chain(.0))]
    Subject(#[from] SubjectError),
    /// An adapter broke off, or broke the protocol.
    #[error("{0}")]
    Adapter(String),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The scenario cannot be played in this lab.
    #[error("{NOT_HERE}: {0}")]
    NotHere(&'static str),
    /// The scenario is used outside a run.
    #[error("the stage was not raised")]
    NotRaised,
    /// A sentence asks for something that the scenario has not prepared.
    #[error("{0}")]
    Unprepared(String),
}

/// How the text of a wait that ran out begins.
pub const OUT_OF_TIME: &str = "out of time";

/// How the text begins of what cannot be played where the run takes place.
pub const NOT_HERE: &str = "not in this lab";

/// The world of one scenario.
#[derive(World)]
#[world(init = Self::bare)]
pub struct Stage {
    brief: Option<StageBrief>,
    script: Script,
    running: Option<Running>,
    /// The sentence in progress.
    step: String,
    /// The steps that began before the recorder ran.
    early_steps: Vec<String>,
    checks: Vec<CheckResult>,
    observations: Vec<Observation>,
    /// Why nothing can be concluded from a check that failed: this host, not the subject, may have caused it.
    doubts: Vec<String>,
    /// What becomes a doubt if a check fails.
    reservations: Vec<String>,
    roll_calls: u32,
    /// The roll call that speaks for the present state; none after something happened.
    current_roll_call: Option<String>,
    /// Whether every Device that can answered the last roll call.
    all_answered: bool,
    deferrals: Vec<Timestamp>,
    /// How often the End User of each Device has answered.
    answers: BTreeMap<String, usize>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let slug = self.brief.as_ref().map(|brief| brief.slug.as_str());
        f.debug_struct("Stage").field("slug", &slug).field("step", &self.step).finish_non_exhaustive()
    }
}

impl Stage {
    fn bare() -> Self {
        Self {
            brief: None,
            script: Script::default(),
            running: None,
            step: String::new(),
            early_steps: Vec::new(),
            checks: Vec::new(),
            observations: Vec::new(),
            doubts: Vec::new(),
            reservations: Vec::new(),
            roll_calls: 0,
            current_roll_call: None,
            all_answered: false,
            deferrals: Vec::new(),
            answers: BTreeMap::new(),
        }
    }

    /// Gives the stage what it needs; before the first step.
    pub fn raise(&mut self, brief: StageBrief) {
        self.brief = Some(brief);
    }

    /// Notes that a sentence begins.
    pub fn at(&mut self, step: &cucumber::gherkin::Step) -> &mut Self {
        self.step = format!("{} {}", step.keyword.trim(), step.value);
        match &self.running {
            Some(running) => running.recorder.step(&self.step),
            None => self.early_steps.push(self.step.clone()),
        }
        self
    }

    fn brief(&self) -> Result<&StageBrief, StageError> {
        self.brief.as_ref().ok_or(StageError::NotRaised)
    }

    fn running(&self) -> Result<&Running, StageError> {
        self.running.as_ref().ok_or_else(|| StageError::Unprepared("nothing has been broadcast yet".into()))
    }

    /// Asks the judge and keeps the answer; anything but a pass ends the scenario.
    fn require(&mut self, check: &Check) -> Result<(), StageError> {
        let outcome = self.judge(check)?;
        self.conclude(check, outcome)
    }

    fn judge(&self, check: &Check) -> Result<Outcome, StageError> {
        let running = self.running()?;
        // A Device that is not there would stay silent for ever.
        if let Some(missing) = check.devices().into_iter().find(|name| !self.script.has(name)) {
            return Err(ScriptError::NoDevice(missing.to_owned()).into());
        }
        let beside: Beside = running.beside();
        let timeline = running.recorder.timeline();
        Ok(check.judge(Evidence { timeline: &timeline, beside: &beside }))
    }

    fn conclude(&mut self, check: &Check, outcome: Outcome) -> Result<(), StageError> {
        let is_beyond_doubt = outcome.is_beyond_doubt;
        if outcome.is_of_host {
            self.doubts.push("timers of this host came late".to_owned());
        }
        let result = self.result_of(&Question::Check(check.clone()), outcome)?;
        if is_beyond_doubt {
            let reason = result.reason();
            self.checks.push(result);
            return Err(StageError::Check(reason));
        }
        self.settle(result, &check.devices())
    }

    /// Keeps the result of a check and what speaks against a failure of those `concerned`; anything but a pass ends the
    /// scenario.
    fn settle(&mut self, result: CheckResult, concerned: &[&str]) -> Result<(), StageError> {
        let verdict = result.verdict;
        let reason = result.reason();
        self.checks.push(result);
        if verdict == Verdict::Fail {
            let doubts = [self.running()?.doubt_of_timing(concerned), self.doubt_of_deferral()?];
            self.doubts.extend(doubts.into_iter().flatten());
            self.doubts.append(&mut self.reservations);
        }
        if verdict == Verdict::Pass { Ok(()) } else { Err(StageError::Check(reason)) }
    }

    /// What came of a question that was put just now: nothing has been recorded since.
    fn result_of(&self, question: &Question, outcome: Outcome) -> Result<CheckResult, StageError> {
        let running = self.running()?;
        let started = running.started;
        Ok(CheckResult {
            check: CheckId::new(question.id()),
            requirements: self.brief()?.requirements.clone(),
            authority: question.authority(),
            verdict: outcome.verdict,
            step: self.step.clone(),
            observed: outcome.observed,
            accepted: outcome.accepted,
            packet: outcome.packet.map(|packet| packet as u64),
            at_ms: outcome.at.map(|at| at.since(started).as_secs_f64() * 1e3),
            asked: Some(question.asked(running.recorder.recording().frames.len(), || running.beside())),
        })
    }

    /// Ends the scenario: everybody off, every socket back, and what is left of it.
    pub async fn finish(&mut self) -> Remains {
        self.ask_inside().await;
        let mut remains = self.remains();
        if let Some(running) = self.running.take() {
            remains.adapter_faults = running.close().await;
        }
        remains
    }

    /// What is left of it but for the faults of adapters, which are complete when everybody is off.
    fn remains(&mut self) -> Remains {
        let mut remains = Remains {
            checks: std::mem::take(&mut self.checks),
            last_step: self.step.clone(),
            observations: std::mem::take(&mut self.observations),
            doubts: std::mem::take(&mut self.doubts),
            relays: self.relay_plans(),
            odd_accounts: self.odd_accounts(),
            ..Remains::default()
        };
        if let Some(running) = &self.running {
            running.recorder.flush();
            remains.standing = standing_checks(running);
            remains.doubts.extend(running.doubts());
            remains.excuses = running.excuses();
            remains.hear_of_drops(running);
            remains.contradictions = running.contradictions();
            remains.observations.extend(observations(running));
            remains.recording = Some(running.recorder.recording().clone());
        }
        remains
    }
}

impl Drop for Stage {
    /// A run that is interrupted drops its stages: what a scenario has seen by then is kept.
    fn drop(&mut self) {
        if let Some(running) = &self.running
            && let Some(brief) = self.brief.take()
        {
            let adapter_faults = running.adapter_faults();
            *brief.broken_off.0.borrow_mut() = Some(Remains { adapter_faults, ..self.remains() });
        }
    }
}
