//! A subject behind the adapter protocol: the reference as a foreign implementation would be.
//!
//! It does as `docs/adapter.md` tells, so that what is judged through it has crossed the same seam. Octets come from a
//! channel and lines go to another; whoever calls it has the pipes. It runs on a [`tokio::task::LocalSet`]. Each instance is
//! a task of its own, which takes its requests in their order and tells its events.

mod device;
mod provider;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_local};

use crate::adapter::{
    AdapterError, Answer, ClockControl, Done, ErrorKind, Greeting, Hello, Implementation, Line, LineReader, Misread,
    Outcome, PROTOCOL, Request, RequestId, Verbs, to_line,
};
use crate::findings::chain;
use crate::spec::{Capabilities, Role, one_line};

use super::SubjectError;

pub use device::serve_device;
pub use provider::serve_provider;

/// Instances that may be open at once.
const MOST_INSTANCES: u32 = 512;

/// Where lines to castproof go.
#[derive(Clone)]
struct Mouth(mpsc::UnboundedSender<Vec<u8>>);

impl Mouth {
    fn say(&self, message: &impl Serialize) {
        // Nobody may be there any more; then the end of what comes in ends everything.
        if let Ok(line) = to_line(message) {
            let _ = self.0.send(line);
        }
    }

    fn answer<T: Serialize>(&self, id: RequestId, said: Result<T, Outcome>) {
        let answer = match said {
            Ok(said) => Answer::ok(id, &said),
            Err(outcome) => Answer { id: Some(id), outcome },
        };
        if to_line(&answer).is_ok() {
            return self.say(&answer);
        }
        let outcome = error(ErrorKind::Refused, "the answer is longer than a line may be");
        self.say(&Answer { id: Some(id), outcome });
    }
}

fn error(kind: ErrorKind, reason: impl fmt::Display) -> Outcome {
    Outcome::Error(AdapterError { kind, reason: one_line(&reason.to_string()) })
}

/// What a subject's error is in the protocol.
fn outcome_of(error_of_subject: &SubjectError) -> Outcome {
    let kind = match error_of_subject {
        SubjectError::Channel { .. } | SubjectError::Interaction { .. } | SubjectError::Host { .. } => ErrorKind::Host,
        _ => ErrorKind::Refused,
    };
    error(kind, chain(error_of_subject))
}

/// What the role does with a request: answered at once, handed to an instance, or the end.
enum Step<T> {
    /// Another instance, and the request that opens it.
    Open(String, Box<dyn FnOnce(mpsc::UnboundedReceiver<T>) -> JoinHandle<()>>),
    /// A request to an instance.
    To(String, T),
    /// Nothing more is to be done but the answer.
    Answer(Result<serde_json::Value, Outcome>),
    /// The end of an instance; it answers.
    Close(String, T),
    /// The end.
    Bye,
}

/// The instances that are open, each with the way to its task.
struct Instances<T> {
    open: BTreeMap<String, (mpsc::UnboundedSender<T>, JoinHandle<()>)>,
    /// Those that are closing.
    closing: Vec<JoinHandle<()>>,
}

impl<T> Instances<T> {
    /// Ends all of them; completes when their sockets are given back.
    async fn end(&mut self) {
        let open: Vec<JoinHandle<()>> = std::mem::take(&mut self.open).into_values().map(|(_, task)| task).collect();
        for task in open.into_iter().chain(std::mem::take(&mut self.closing)) {
            let _ = task.await;
        }
        // What they have aborted is dropped when it had its turn.
        tokio::task::yield_now().await;
    }

    /// Forgets those whose task has ended, as after an `open` that failed.
    fn sweep(&mut self) {
        self.open.retain(|_, (_, task)| !task.is_finished());
        self.closing.retain(|task| !task.is_finished());
    }

    fn carry_out(&mut self, mouth: &Mouth, id: RequestId, step: Step<T>) {
        self.sweep();
        let unknown = |name: &str| error(ErrorKind::Instance, format!("no instance `{name}` is open"));
        match step {
            Step::Answer(answer) => mouth.answer(id, answer),
            Step::Open(name, _) if self.open.contains_key(&name) => {
                mouth.answer::<Done>(id, Err(error(ErrorKind::Instance, format!("instance `{name}` is open already"))));
            }
            Step::Open(..) if self.open.len() >= MOST_INSTANCES as usize => {
                let reason = format!("no more than {MOST_INSTANCES} instances may be open");
                mouth.answer::<Done>(id, Err(error(ErrorKind::Instance, reason)));
            }
            Step::Open(name, begin) => {
                let (way, inbox) = mpsc::unbounded_channel();
                self.open.insert(name, (way, begin(inbox)));
            }
            Step::To(name, asked) => match self.open.get(&name) {
                Some((way, _)) if way.send(asked).is_ok() => {}
                _ => mouth.answer::<Done>(id, Err(unknown(&name))),
            },
            Step::Close(name, asked) => match self.open.remove(&name) {
                Some((way, task)) if way.send(asked).is_ok() => self.closing.push(task),
                _ => mouth.answer::<Done>(id, Err(unknown(&name))),
            },
            Step::Bye => {}
        }
    }
}

/// Reads requests and carries them out, until `bye` or the end of what comes in.
async fn serve<V: Verbs, T: 'static>(
    mut inbox: mpsc::Receiver<Vec<u8>>,
    mouth: Mouth,
    step: impl Fn(RequestId, V) -> Step<T>,
) {
    let mut reader = LineReader::new();
    let mut instances = Instances { open: BTreeMap::new(), closing: Vec::new() };
    while let Some(octets) = inbox.recv().await {
        for line in reader.feed(&octets) {
            let request = match line {
                Line::Object(object) => Request::<V>::read(object),
                Line::Noise(line) => Err(no_request(format!("a line that is no JSON object: `{line}`"))),
                Line::Fault(fault) => Err(no_request(fault.to_string())),
            };
            match request {
                Err(Misread { id, reason, is_unknown }) => {
                    let outcome = match (id, is_unknown) {
                        (Some(_), true) => Outcome::Unsupported(reason),
                        _ => error(ErrorKind::Malformed, reason),
                    };
                    mouth.say(&Answer { id, outcome });
                }
                Ok(Request { id, verb }) => match step(id, verb) {
                    Step::Bye => {
                        instances.end().await;
                        return mouth.answer(id, Ok(Done {}));
                    }
                    step => instances.carry_out(&mouth, id, step),
                },
            }
        }
    }
    instances.end().await;
}

fn no_request(reason: String) -> Misread {
    Misread { id: None, reason, is_unknown: false }
}

/// The answer to `hello`.
fn greet<T>(hello: &Hello, role: Role, name: String, capabilities: Capabilities) -> Step<T> {
    if !hello.protocols.contains(&PROTOCOL) {
        let reason = format!("this adapter knows protocol {PROTOCOL} alone");
        return Step::Answer(Err(Outcome::Unsupported(reason)));
    }
    if hello.role != role {
        let role = if role == Role::Device { "a Device" } else { "a Service Provider" };
        return Step::Answer(Err(Outcome::Unsupported(format!("this adapter is {role}"))));
    }
    let greeting = Greeting {
        protocol: PROTOCOL,
        role,
        implementation: Implementation { name, version: env!("CARGO_PKG_VERSION").to_owned(), url: None },
        capabilities,
        max_instances: MOST_INSTANCES,
        clock: ClockControl::Set,
    };
    Step::Answer(Ok(serde_json::to_value(&greeting).expect("a greeting has text as names of members")))
}

/// Runs the task of an instance.
fn run(task: impl Future<Output = ()> + 'static) -> JoinHandle<()> {
    spawn_local(task)
}
