//! The honesty probes: whether what an adapter says is what happens, asked before any scenario.
//!
//! Each probe is a short conversation of its own. An adapter that is caught is *contradicted*: what it says is worth
//! nothing then, and neither is what scenarios find by its word.

mod device;
mod provider;

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::cast::Cast;
use super::script::DevicePlan;
use super::work_folder::work_folder;
use super::{Lab, StageError};
use crate::adapter::Outcome;
use crate::findings::{ProbeFindings, ProbeOutcome, chain};
use crate::net::{Clock, JoinError, Lease, LeaseError};
use crate::spec::{Role, one_line};
use crate::subject::process::Adapter;

/// The seed of the keys and accounts that probes use.
const SEED: u64 = 7319;
/// The names of the instances that are opened.
const INSTANCES: [&str; 2] = ["probe-1", "probe-2"];
/// Said of two instances where there can be only one.
const ALONE: &str = "it has one instance at a time, so there is nothing to share";
/// A verb, stimulus or scheme that does not exist, and that nobody will ever make.
const NOWHERE: &str = "frobnicate-4711";
/// How long something may take that should have happened already, on a calm host.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// Why no probe can be made on this host.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No ports.
    #[error("lease groups and ports")]
    Lease(#[from] LeaseError),
    /// A channel could not be opened.
    #[error("open a channel")]
    Join(#[from] JoinError),
    /// There is no folder for instances.
    #[error("{0}")]
    Folder(StageError),
}

/// Makes every probe of the adapter's role, in their order. The first that finds the adapter gone is the last.
///
/// # Errors
/// [`ProbeError`] when this host cannot do what the probes need; an adapter that is caught is no error but a finding.
pub async fn probe(adapter: &Adapter, lab: &Lab) -> Result<Vec<ProbeFindings>, ProbeError> {
    let mut prober = Prober {
        adapter,
        lab: lab.clone(),
        clock: Clock::start(),
        cast: Cast::new(SEED),
        lease: Lease::take_within(&lab.realm, 8)?,
        folder: work_folder().map_err(ProbeError::Folder)?,
        found: Vec::new(),
    };
    let made = match adapter.role() {
        Role::Provider => prober.provider().await?,
        Role::Device | Role::System => prober.device().await,
    };
    if made == Made::NotAll && adapter.crashes() == 0 {
        prober.close_all().await;
    }
    prober.lines();
    Ok(prober.found)
}

/// How far probes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// All were made.
    All,
    /// No instance could be opened, or the adapter is gone.
    NotAll,
}

/// What a probe needs, and what was found so far.
struct Prober<'a> {
    adapter: &'a Adapter,
    lab: Lab,
    clock: Clock,
    cast: Cast,
    lease: Lease,
    folder: TempDir,
    found: Vec<ProbeFindings>,
}

/// How one probe came out, with what was observed and what to do about it.
struct Finding {
    outcome: ProbeOutcome,
    observed: String,
    advice: &'static str,
}

impl Finding {
    fn held(observed: impl Into<String>) -> Self {
        Self { outcome: ProbeOutcome::Held, observed: observed.into(), advice: "" }
    }

    fn contradicted(observed: impl Into<String>, advice: &'static str) -> Self {
        Self { outcome: ProbeOutcome::Contradicted, observed: observed.into(), advice }
    }

    fn unclear(observed: impl Into<String>, advice: &'static str) -> Self {
        Self { outcome: ProbeOutcome::Unclear, observed: observed.into(), advice }
    }
}

/// What an answer comes to for a probe that needs it to be `ok`.
type Answered = Result<Value, Finding>;

impl Prober<'_> {
    fn note(&mut self, probe: &str, expected: &str, finding: Finding) {
        let Finding { outcome, observed, advice } = finding;
        self.found.push(ProbeFindings {
            probe: probe.to_owned(),
            expected: expected.to_owned(),
            outcome,
            observed: one_line(&observed),
            advice: advice.to_owned(),
        });
    }

    /// The probes of both roles that need no instance.
    async fn manners(&mut self) {
        let finding = self.unknown(json!({ "verb": NOWHERE }), "verb").await;
        self.note("unknown-verb", "a verb that does not exist is answered with `unsupported`", finding);
        let finding = match self.adapter.greet_again().await {
            Ok(again) if again == *self.adapter.greeting() => Finding::held("a second `hello` is answered alike"),
            Ok(again) => Finding::contradicted(
                format!(
                    "a second `hello` is answered otherwise: {} {}, {} capabilities",
                    again.implementation.name,
                    again.implementation.version,
                    again.capabilities.len()
                ),
                "answer every `hello` alike: who the implementation is and what it can do does not change while it runs",
            ),
            Err(error) => Finding::contradicted(
                format!("a second `hello` is not answered like the first: {}", chain(&error)),
                "answer every `hello` alike, also the second one of a process",
            ),
        };
        self.note("hello-twice", "two `hello` of one process give one identity", finding);
    }

    /// What comes of a request for something that does not exist.
    async fn unknown(&self, request: Value, what: &str) -> Finding {
        match self.adapter.ask_oddly(request).await {
            Ok(Outcome::Unsupported(why)) => {
                Finding::held(format!("the unknown {what} was refused: {}", one_line(&why)))
            }
            Ok(Outcome::Error(error)) => {
                Finding::held(format!("the unknown {what} was refused as an error: {}", one_line(&error.reason)))
            }
            Ok(Outcome::Ok(_)) => Finding::contradicted(
                format!("`{NOWHERE}` is no {what}, and the adapter says that it was done"),
                "answer what you do not know with {\"id\": ..., \"unsupported\": \"why\"}; an adapter that says `ok` to \
                 everything proves nothing",
            ),
            Err(reason) => Finding::unclear(
                reason,
                "answer every request, also one that you do not know: {\"id\": ..., \"unsupported\": \"why\"}",
            ),
        }
    }

    /// Asks for something that the probe depends on.
    async fn need(&self, request: Value) -> Answered {
        let verb = request["verb"].as_str().unwrap_or_default().to_owned();
        match self.adapter.ask_oddly(request).await {
            Ok(Outcome::Ok(said)) => Ok(said),
            Ok(Outcome::Unsupported(why)) => Err(Finding::unclear(
                format!("`{verb}` is unsupported: {}", one_line(&why)),
                match self.adapter.role() {
                    Role::Provider => {
                        "every adapter of a provider has `open`, `close` and `push`; without them nothing can be run"
                    }
                    Role::Device | Role::System => {
                        "every adapter of a Device has `open`, `close` and `listen`; without them nothing can be run"
                    }
                },
            )),
            Ok(Outcome::Error(error)) => Err(Finding::unclear(
                format!("`{verb}` ended in an error: {}", one_line(&error.reason)),
                "its standard error, in the transcript, may say why",
            )),
            Err(reason) => {
                Err(Finding::unclear(reason, "answer every request within seconds; adapter.jsonl holds what was said"))
            }
        }
    }

    /// Whether the adapter is gone; then no further probe can be made.
    fn is_gone(&self) -> bool {
        self.adapter.crashes() > 0
    }

    /// What the adapter wrote that is none of the protocol, whatever else was asked.
    fn lines(&mut self) {
        const EXPECTED: &str = "every line that begins like a message is one, and every answer is to a request";
        let faults = self.adapter.faults_of(&INSTANCES);
        // How it ended stands in the probe that met it.
        let faults: Vec<String> = faults.into_iter().filter(|fault| !is_ending(fault, self.adapter)).collect();
        let finding = match faults.as_slice() {
            [] => Finding::held("all that it wrote was of the protocol, or noise"),
            [first, rest @ ..] => Finding::unclear(
                match rest.len() {
                    0 => first.clone(),
                    more => format!("{first}; and {more} more"),
                },
                "write one JSON object a line as docs/adapter/ holds the schema, flush it whole, and answer each request \
                 once; what is for people goes to standard error",
            ),
        };
        self.note("lines", EXPECTED, finding);
    }

    async fn close_all(&mut self) {
        for instance in INSTANCES {
            // It may never have been opened.
            let _ = self.adapter.ask_oddly(json!({ "verb": "close", "instance": instance })).await;
        }
    }

    /// Whether a second instance can be open beside the first.
    fn has_room_for_two(&self) -> bool {
        self.adapter.max_instances() > 1
    }

    /// Waits until something is as it should be; gives whether it came to that. `None` is nothing that could be told.
    async fn until(&self, is_so: impl Fn() -> Option<bool>) -> Option<bool> {
        let end = self.clock.now() + PATIENCE.mul_f64(self.adapter.patience());
        loop {
            let seen = is_so()?;
            if seen || self.clock.now() >= end {
                return Some(seen);
            }
            self.clock.sleep_until(self.clock.now() + LOOK).await;
        }
    }

    /// Has an instance closed that a probe no longer needs; whether it is closed is for the probe of closing to say.
    async fn close(&self, instance: &str) -> Answered {
        self.need(json!({ "verb": "close", "instance": instance })).await
    }
}

/// Whether a fault tells how the adapter ended.
fn is_ending(fault: &str, adapter: &Adapter) -> bool {
    adapter.ending().is_some_and(|ending| fault.contains(&ending))
}

/// A Device to probe with: number, firmware.
fn plan(number: usize, firmware: &str) -> DevicePlan {
    DevicePlan::usual(number, firmware.parse().expect("a version"))
}
