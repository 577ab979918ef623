//! One life of an adapter, talked to: requests with ids, answers in any order, events, and what is none of these.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use super::carrier::Carrier;
use super::ear::{Noise, Shared, watch};
use super::heard::InstanceState;
use super::strikes::Strikes;
use super::transcript::{Said, Transcript};
use crate::adapter::{Ask, Outcome, Request, RequestId, Verbs, to_line};
use crate::net::Clock;
use crate::spec::{Role, one_line};

/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Why a request has no answer that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AskError {
    /// The process is gone, and how.
    Ended(String),
    /// No answer came in time.
    Late { verb: String, within: Duration },
    /// The answer is none of the verb.
    Unfit(String),
    /// The adapter says that it does not have this.
    Unsupported(String),
    /// The adapter says why it did not do it.
    Refused(crate::adapter::AdapterError),
}

/// One life of an adapter. Dropping this ends it, with everything that it has started.
pub(super) struct Conversation {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// The first of its processes, where it has any on this host.
    leader: Option<u32>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // What carries the lines is owned by the task, and ends with it.
        self.task.abort();
    }
}

impl Conversation {
    /// Begins life number `number` of an adapter.
    pub(super) fn begin(
        carrier: Carrier,
        role: Role,
        number: u32,
        clock: Clock,
        transcript: Arc<Transcript>,
        strikes: Arc<Strikes>,
    ) -> Self {
        let shared =
            Arc::new(Shared { role, number, clock, transcript, strikes, state: Mutex::default(), stop: Notify::new() });
        shared.note(Said::Process(carrier.began.clone()));
        let (outgoing, inbox) = mpsc::unbounded_channel();
        let leader = carrier.body.leader();
        // Not on a LocalSet: the probes and the run each have one of their own.
        let task = tokio::spawn(watch(shared.clone(), carrier, inbox));
        Self { shared, outgoing, leader, task }
    }

    /// The number of the first of its processes; nothing where it connects.
    pub(super) fn leader(&self) -> Option<u32> {
        self.leader
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask<V: Verbs, A: Ask<V>>(&self, ask: A, within: Duration) -> Result<A::Ok, AskError> {
        let verb = ask.verb();
        let value = serde_json::to_value(&verb).unwrap_or_default();
        let name = value.get("verb").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        self.shared.transcript.learn(&value);
        let (id, answer) = self.expect_answer()?;
        let line = to_line(&Request { id, verb }).map_err(|error| AskError::Unfit(error.to_string()))?;
        let outcome = self.exchange(id, line, answer, &name, within).await?;
        match outcome.read::<A::Ok>() {
            Ok(Ok(said)) => Ok(said),
            Ok(Err(Outcome::Unsupported(why))) => Err(AskError::Unsupported(one_line(&why))),
            Ok(Err(Outcome::Error(error))) => Err(AskError::Refused(error)),
            Ok(Err(Outcome::Ok(_))) => Err(AskError::Unfit("an answer without content".into())),
            Err(unfit) => {
                let fault = format!("the answer to `{name}` is none: {unfit}");
                self.shared.fault(&fault, None);
                Err(AskError::Unfit(fault))
            }
        }
    }

    /// Asks with a request of one's own; for probes.
    pub(super) async fn ask_oddly(&self, request: serde_json::Value, within: Duration) -> Result<Outcome, AskError> {
        self.shared.transcript.learn(&request);
        let serde_json::Value::Object(mut members) = request else {
            return Err(AskError::Unfit("a request is an object".into()));
        };
        let verb = members.remove("verb").unwrap_or_default();
        let name = verb.as_str().unwrap_or_default().to_owned();
        let (id, answer) = self.expect_answer()?;
        // In the order in which all requests have them: a shell finds them best at the beginning.
        #[derive(serde::Serialize)]
        struct Odd {
            id: RequestId,
            verb: serde_json::Value,
            #[serde(flatten)]
            members: serde_json::Map<String, serde_json::Value>,
        }
        let line = to_line(&Odd { id, verb, members }).map_err(|error| AskError::Unfit(error.to_string()))?;
        self.exchange(id, line, answer, &name, within).await
    }

    /// Says something that nobody waits for an answer to.
    pub(super) fn tell<V: Verbs, A: Ask<V>>(&self, ask: A) {
        if let Ok((id, _)) = self.expect_answer()
            && let Ok(line) = to_line(&Request { id, verb: ask.verb() })
        {
            self.give_up(id);
            self.send(line);
        }
    }

    async fn exchange(
        &self,
        id: RequestId,
        line: Vec<u8>,
        answer: oneshot::Receiver<Outcome>,
        verb: &str,
        within: Duration,
    ) -> Result<Outcome, AskError> {
        self.send(line);
        match timeout(within, answer).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(_)) => Err(AskError::Ended(self.ending().unwrap_or_else(|| "it is being ended".into()))),
            Err(_) => {
                self.give_up(id);
                Err(AskError::Late { verb: verb.to_owned(), within })
            }
        }
    }

    fn expect_answer(&self) -> Result<(RequestId, oneshot::Receiver<Outcome>), AskError> {
        let (done, answer) = oneshot::channel();
        let mut state = self.shared.lock();
        if let Some(ended) = state.ended.clone().or_else(|| state.stopping.clone()) {
            return Err(AskError::Ended(ended));
        }
        state.last_id += 1;
        let id = state.last_id;
        state.pending.insert(id, done);
        Ok((id, answer))
    }

    fn send(&self, line: Vec<u8>) {
        self.shared.note(Said::To(String::from_utf8_lossy(line.trim_ascii_end()).into_owned()));
        // Whoever is gone is told of by its ending.
        let _ = self.outgoing.send(line);
    }

    fn give_up(&self, id: RequestId) {
        let mut state = self.shared.lock();
        state.pending.remove(&id);
        state.given_up.insert(id);
    }

    /// Ends the process, for this reason.
    pub(super) fn stop(&self, why: &str) {
        self.shared.stop(why);
    }

    /// From now on its end is what was asked for.
    pub(super) fn dismiss(&self) {
        self.shared.lock().is_dismissed = true;
    }

    /// How the process ended; nothing while it lives.
    pub(super) fn ending(&self) -> Option<String> {
        let state = self.shared.lock();
        state.ended.clone().or_else(|| state.stopping.clone())
    }

    /// Waits until the process has ended; gives whether it has.
    pub(super) async fn ends(&self, within: Duration) -> bool {
        let clock = self.shared.clock;
        let ended = async {
            while self.shared.lock().ended.is_none() {
                clock.sleep_until(clock.now() + LOOK).await;
            }
        };
        timeout(within, ended).await.is_ok()
    }

    /// Takes an instance under this name from now on.
    pub(super) fn enter(&self, name: &str, clock: Clock) -> Arc<Mutex<InstanceState>> {
        let instance = Arc::new(Mutex::new(InstanceState::new(clock)));
        self.shared.lock().instances.insert(name.to_owned(), instance.clone());
        instance
    }

    /// No instance has this name any more; gives what it was blamed for.
    pub(super) fn leave(&self, name: &str) -> Vec<String> {
        let instance = self.shared.lock().instances.remove(name);
        instance.map(|instance| InstanceState::lock(&instance).faults.clone()).unwrap_or_default()
    }

    /// The lines that were no messages.
    pub(super) fn noise(&self) -> Noise {
        self.shared.lock().noise.clone()
    }

    /// Faults while no instance was open.
    pub(super) fn stray(&self) -> Vec<String> {
        self.shared.lock().stray.clone()
    }
}
