//! An implementation of any vendor, in any language: a child process, or a box that connects, and the adapter protocol.
//!
//! [`Adapter`] starts it or waits for it, greets it, does so again when it breaks off, and gives it up at the third time.
//! What carries its lines is the same to everything else ([`Access`]).
//! [`ProcessSubject`] puts it in the place of a reference. What it says is a claim; what it does is
//! seen on the wire, by the kernel, and in what its process becomes.

mod calibration;
mod carrier;
mod child;
mod conversation;
mod device;
mod ear;
mod gate;
mod greeting;
mod heard;
mod instance;
mod provider;
mod strikes;
mod subject;
mod transcript;
mod waits;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::SubjectError;
use crate::adapter::{Ask, Bye, DeviceVerb, ErrorKind, Greeting, Outcome, ProviderVerb, Verbs};
use crate::findings::chain;
use crate::net::Clock;
use crate::spec::{Capabilities, Role, one_line};

use conversation::{AskError, Conversation};
use strikes::Strikes;
use transcript::Transcript;

pub use carrier::{Access, AdapterPlan};
pub use gate::Gate;
pub use greeting::StartError;
pub use subject::ProcessSubject;
pub use waits::ProcessorWaits;

/// Faults of one instance that are kept.
const MOST_FAULTS: usize = 20;
/// How long an adapter may take from its start to its answer to `hello`, on a calm host.
const START: Duration = Duration::from_secs(10);
/// How long it may take over any other answer, on a calm host.
const ANSWER: Duration = Duration::from_secs(5);
/// How long it may take from its answer to `bye` to its end, on a calm host.
const FAREWELL: Duration = Duration::from_secs(2);

/// An adapter that has been greeted. Dropping it ends its process, with everything that it has started.
pub struct Adapter {
    access: Access,
    role: Role,
    clock: Clock,
    /// By what deadlines are longer than on a calm host with a usual implementation.
    patience: f64,
    /// By what the profile says that the subject is slower than usual.
    time_scale: f64,
    greeting: Greeting,
    transcript: Arc<Transcript>,
    strikes: Arc<Strikes>,
    slots: Arc<Semaphore>,
    /// The process; replaced when it has broken off.
    current: RefCell<Rc<Conversation>>,
    /// Held while a process is started, so that several scenarios do not start one each.
    starting: tokio::sync::Mutex<()>,
    processes: Cell<u32>,
    names: Cell<u64>,
    warnings: RefCell<Vec<String>>,
}

impl Adapter {
    /// Starts an adapter, or waits for it, and greets it in a role; for a subject that takes `time_scale` times longer than
    /// usual.
    ///
    /// # Errors
    /// [`StartError`] when it cannot be started or does not connect, does not answer, or answers what is not agreed.
    pub async fn start(
        access: impl Into<Access>,
        role: Role,
        time_scale: f64,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let access = access.into();
        let patience = calibration::slowness(clock).await * time_scale;
        let transcript = Arc::new(Transcript::new(clock));
        let strikes = Arc::new(Strikes::default());
        let carrier = access.carrier(time_scale).await?;
        let conversation = Conversation::begin(carrier, role, 1, clock, transcript.clone(), strikes.clone());
        let greeting = greeting::greet(&conversation, role, START.mul_f64(patience)).await?;
        let slots = usize::try_from(greeting.max_instances).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            access,
            role,
            clock,
            patience,
            time_scale,
            greeting,
            transcript,
            strikes,
            slots: Arc::new(Semaphore::new(slots)),
            current: RefCell::new(Rc::new(conversation)),
            starting: tokio::sync::Mutex::new(()),
            processes: Cell::new(1),
            names: Cell::new(0),
            warnings: RefCell::default(),
        })
    }

    /// The implementation's name, for findings.
    pub fn name(&self) -> String {
        let implementation = &self.greeting.implementation;
        one_line(&format!("{} {}", implementation.name, implementation.version))
    }

    /// Who it says it is.
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// The role that it plays.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What it declares beyond what every implementation of its role must.
    pub fn capabilities(&self) -> &Capabilities {
        &self.greeting.capabilities
    }

    /// How many instances it can have open at once.
    pub fn max_instances(&self) -> usize {
        usize::try_from(self.greeting.max_instances).unwrap_or(usize::MAX)
    }

    /// By what deadlines are longer than usual, as it was measured.
    pub fn patience(&self) -> f64 {
        self.patience
    }

    /// Whether it runs on another host, of which this host's kernel knows nothing.
    pub fn is_elsewhere(&self) -> bool {
        matches!(&self.access, Access::Await(gate) if gate.is_elsewhere())
    }

    /// How long its processes have waited for a processor so far.
    pub fn processor_waits(&self) -> ProcessorWaits {
        self.current.borrow().leader().map(ProcessorWaits::of_family).unwrap_or_default()
    }

    /// How often it broke off.
    pub fn crashes(&self) -> u32 {
        self.strikes.so_far()
    }

    /// Completes when it broke off so often that its role is over.
    pub async fn out(&self) {
        self.strikes.out().await;
    }

    /// Keeps its transcript in this file from now on, with what was said before.
    pub fn keep_transcript(&self, path: &Path) {
        self.transcript.write_to(path);
    }

    /// What is odd about it and stopped nobody.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.borrow().clone();
        warnings.extend(oddities(&self.current.borrow()));
        warnings.extend(self.transcript.gap());
        warnings
    }

    /// What it did wrong while no instance was open, in words.
    pub fn stray_faults(&self) -> Vec<String> {
        self.current.borrow().stray()
    }

    /// Whether it never broke off, and did nothing wrong while no instance was open.
    pub fn is_without_fault(&self) -> bool {
        self.crashes() == 0 && self.stray_faults().is_empty()
    }

    /// Says goodbye: waits for its end, and ends what is left of it.
    pub async fn finish(&self) {
        let conversation = self.current.borrow().clone();
        if conversation.ending().is_some() {
            return;
        }
        conversation.dismiss();
        let within = self.answer_within();
        let answer = match self.role {
            Role::Provider => conversation.ask::<ProviderVerb, _>(Bye {}, within).await.map(drop),
            Role::Device | Role::System => conversation.ask::<DeviceVerb, _>(Bye {}, within).await.map(drop),
        };
        if let Err(error) = answer {
            self.warn(format!("it does not take `bye`: {}", words_of(&error)));
        }
        if !conversation.ends(FAREWELL.mul_f64(self.patience)).await {
            self.warn("it did not end after `bye`, and was ended".to_owned());
            conversation.stop("it was ended after `bye`");
            conversation.ends(FAREWELL.mul_f64(self.patience)).await;
        }
    }

    fn warn(&self, warning: String) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MOST_FAULTS {
            warnings.push(warning);
        }
    }

    /// The process that lives, which may be a new one.
    async fn conversation(&self, name: &str) -> Result<Rc<Conversation>, SubjectError> {
        let broken = |fault: String| SubjectError::Adapter { name: name.to_owned(), fault };
        let _turn = self.starting.lock().await;
        let current = self.current.borrow().clone();
        let Some(how) = current.ending() else { return Ok(current) };
        current.ends(ANSWER).await;
        if self.strikes.is_out() {
            let times = self.strikes.so_far();
            return Err(broken(format!("it broke off {times} times and is not started again; at last {how}")));
        }
        for warning in oddities(&current) {
            self.warn(warning);
        }
        let number = self.processes.get() + 1;
        self.processes.set(number);
        let (transcript, strikes) = (self.transcript.clone(), self.strikes.clone());
        let carrier = self.access.carrier(self.time_scale).await.map_err(|error| {
            if let StartError::NoCaller(_) = error {
                // Whoever does not come back does not come back the next time either.
                self.strikes.count();
            }
            broken(format!("{how}, and it could not be started again: {}", chain(&error)))
        })?;
        let conversation = Conversation::begin(carrier, self.role, number, self.clock, transcript, strikes);
        let greeting = greeting::greet(&conversation, self.role, START.mul_f64(self.patience)).await;
        let trouble = match greeting {
            Ok(greeting) if greeting == self.greeting => None,
            Ok(_) => Some("it was started again, and says another thing of itself than before".to_owned()),
            Err(error) => Some(format!("it was started again after {how}, and then {error}")),
        };
        if let Some(trouble) = trouble {
            conversation.stop("it was ended, because it was not agreed how to go on");
            // Only an end that was seen counts among those after which it is not started again.
            conversation.ends(FAREWELL.mul_f64(self.patience)).await;
            return Err(broken(trouble));
        }
        let conversation = Rc::new(conversation);
        *self.current.borrow_mut() = conversation.clone();
        Ok(conversation)
    }

    /// A name that no instance of this adapter had before.
    fn name_instance(&self, name: &str) -> String {
        self.names.set(self.names.get() + 1);
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        format!("{plain}-{}", self.names.get())
    }

    /// Waits until so many more instances may be open. Who asked first is served first, so nobody waits for ever.
    async fn places(&self, instances: usize) -> Result<OwnedSemaphorePermit, SubjectError> {
        let too_many = || SubjectError::Unsupported {
            name: self.name(),
            what: format!("{instances} instances at once"),
            why: format!("`max_instances` is {}", self.greeting.max_instances),
        };
        let most = self.max_instances().min(Semaphore::MAX_PERMITS);
        let count = u32::try_from(instances).ok().filter(|_| instances <= most).ok_or_else(too_many)?;
        self.slots.clone().acquire_many_owned(count).await.map_err(|_| too_many())
    }

    /// How long an answer may take on this host.
    fn answer_within(&self) -> Duration {
        ANSWER.mul_f64(self.patience)
    }

    /// Asks a process for something; what goes wrong is told with the name that the instance has in the scenario.
    async fn ask<V: Verbs, A: Ask<V>>(
        &self,
        conversation: &Conversation,
        name: &str,
        what: &str,
        ask: A,
    ) -> Result<A::Ok, SubjectError> {
        let within = self.answer_within();
        conversation.ask(ask, within).await.map_err(|error| match error {
            AskError::Unsupported(why) => {
                SubjectError::Unsupported { name: name.to_owned(), what: what.to_owned(), why }
            }
            AskError::Refused(error) if error.kind == ErrorKind::Refused => SubjectError::Declined {
                name: name.to_owned(),
                what: what.to_owned(),
                reason: one_line(&error.reason),
                is_must: is_must(self.role, what),
            },
            AskError::Refused(error) if error.kind == ErrorKind::Host => {
                SubjectError::Host { name: name.to_owned(), reason: one_line(&error.reason) }
            }
            error => {
                let fault = words_of(&error);
                if matches!(error, AskError::Late { .. }) {
                    conversation.stop(&format!("it was ended, because {fault}"));
                }
                SubjectError::Adapter { name: name.to_owned(), fault }
            }
        })
    }

    /// Sends a request of one's own making and gives what came back, or why nothing did; for probes.
    pub async fn ask_oddly(&self, request: serde_json::Value) -> Result<Outcome, String> {
        let conversation = self.current.borrow().clone();
        let within = self.answer_within();
        conversation.ask_oddly(request, within).await.map_err(|error| {
            let fault = words_of(&error);
            if matches!(error, AskError::Late { .. }) {
                conversation.stop(&format!("it was ended, because {fault}"));
            }
            fault
        })
    }

    /// From now on an instance of this name may say something; for probes.
    pub fn expect(&self, instance: &str) {
        self.current.borrow().enter(instance, self.clock);
    }

    /// What it did wrong by these instances, and while none was open; for probes, after which none of them is expected.
    pub fn faults_of(&self, instances: &[&str]) -> Vec<String> {
        let conversation = self.current.borrow();
        let mut faults = conversation.stray();
        for instance in instances {
            for fault in conversation.leave(instance) {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        faults
    }

    /// How its process ended; nothing while it lives.
    pub fn ending(&self) -> Option<String> {
        self.current.borrow().ending()
    }

    /// Greets it once more; for probes.
    ///
    /// # Errors
    /// [`StartError`] when it does not answer as it should.
    pub async fn greet_again(&self) -> Result<Greeting, StartError> {
        let conversation = self.current.borrow().clone();
        greeting::greet(&conversation, self.role, self.answer_within()).await
    }
}

/// Whether every implementation of a role must do what it is asked for here (docs/adapter.md, section 6).
fn is_must(role: Role, what: &str) -> bool {
    match role {
        Role::Provider => ["open", "push", "provision", "query", "close"].contains(&what),
        Role::Device | Role::System => ["open", "listen", "stimulus `power`", "close"].contains(&what),
    }
}

fn oddities(conversation: &Conversation) -> Vec<String> {
    let noise = conversation.noise();
    let shown = noise
        .first
        .map(|first| format!("{} line(s) on its standard output are no messages, the first: `{first}`", noise.lines));
    let stray = conversation.stray().into_iter().map(|fault| format!("while no instance was open: {fault}"));
    shown.into_iter().chain(stray).collect()
}

fn words_of(error: &AskError) -> String {
    match error {
        AskError::Ended(how) => how.clone(),
        AskError::Late { verb, within } => {
            format!("it did not answer `{verb}` within {}", humantime::format_duration(round(*within)))
        }
        AskError::Unfit(fault) => fault.clone(),
        AskError::Unsupported(why) => format!("it says that it does not support this: {why}"),
        AskError::Refused(error) => format!("it answered with an error: {}", one_line(&error.reason)),
    }
}

/// To whole tenths of a second, for people.
fn round(span: Duration) -> Duration {
    Duration::from_millis(u64::try_from(span.as_millis() / 100 * 100).unwrap_or(u64::MAX))
}
