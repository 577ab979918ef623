//! What carries the lines of an adapter for one of its lives: the pipes of a child process, or a connection that it opened.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::ChildStderr;
use tokio::time::timeout;

use super::child::Group;
use super::gate::{Gate, Seat};
use super::greeting::StartError;
use crate::net::Clock;
use crate::spec::one_line;

/// How an adapter comes to castproof.
#[derive(Debug, Clone)]
pub enum Access {
    /// It is started, as a child process.
    Start(AdapterPlan),
    /// It connects.
    Await(Arc<Gate>),
}

/// How an adapter is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterPlan {
    /// The program, as a path that needs no looking up.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder that it is started in.
    pub folder: PathBuf,
}

impl AdapterPlan {
    /// The command in words.
    fn words(&self) -> String {
        let program = self.program.display().to_string();
        let words: Vec<String> = std::iter::once(program).chain(self.arguments.iter().cloned()).collect();
        one_line(&words.join(" "))
    }
}

impl From<AdapterPlan> for Access {
    fn from(plan: AdapterPlan) -> Self {
        Self::Start(plan)
    }
}

impl From<Arc<Gate>> for Access {
    fn from(gate: Arc<Gate>) -> Self {
        Self::Await(gate)
    }
}

impl Access {
    /// The next life of the adapter: started now, or waited for; `patience` lengthens the wait.
    pub(super) async fn carrier(&self, patience: f64) -> Result<Carrier, StartError> {
        match self {
            Self::Start(plan) => {
                let spawn = |source| StartError::Spawn { program: plan.program.clone(), source };
                let (group, streams) = Group::start(plan).map_err(spawn)?;
                Ok(Carrier {
                    input: Box::new(streams.stdin),
                    output: Box::new(streams.stdout),
                    errors: Some(streams.stderr),
                    body: Body::Process(group),
                    began: format!("started: {}", plan.words()),
                })
            }
            Self::Await(gate) => {
                let caller = gate.next(patience).await.map_err(StartError::NoCaller)?;
                Ok(Carrier {
                    input: caller.input,
                    output: caller.output,
                    errors: None,
                    body: Body::Connection(caller.seat),
                    began: format!("connected from {}", caller.peer),
                })
            }
        }
    }
}

/// One life of an adapter, whatever carries its lines.
pub(super) struct Carrier {
    /// Where requests go.
    pub(super) input: Box<dyn AsyncWrite + Send + Unpin>,
    /// Where answers and events come from.
    pub(super) output: Box<dyn AsyncRead + Send + Unpin>,
    /// Its standard error; a connection has none.
    pub(super) errors: Option<ChildStderr>,
    /// What is ended when the life is.
    pub(super) body: Body,
    /// How it began, in words.
    pub(super) began: String,
}

/// What lives.
pub(super) enum Body {
    /// A process, with everything that it has started.
    Process(Group),
    /// A connection. What it leads to is not castproof's to end.
    Connection(Seat),
}

impl Body {
    /// The number of the first of its processes; nothing where it connects.
    pub(super) fn leader(&self) -> Option<u32> {
        match self {
            Self::Process(group) => group.leader(),
            Self::Connection(_) => None,
        }
    }

    /// Completes when it has ended otherwise than by the end of what it writes.
    pub(super) async fn ended(&self, clock: Clock) {
        match self {
            Self::Process(group) => group.ended(clock).await,
            Self::Connection(_) => std::future::pending().await,
        }
    }

    /// Whether what it wrote before its end is still to be read.
    pub(super) fn leaves_words(&self) -> bool {
        matches!(self, Self::Process(_))
    }

    /// Ends it, and says how it ended in words that follow on "it". `read` is how its lines ended, if they did; then a process
    /// is given `grace` to end by itself, as its exit code is worth knowing.
    pub(super) async fn end(self, read: Option<io::Result<()>>, grace: Duration, clock: Clock) -> String {
        match (self, read) {
            (Self::Process(group), read) => {
                if read.is_some() {
                    let _ = timeout(grace, group.ended(clock)).await;
                }
                group.end().await.to_string()
            }
            (Self::Connection(seat), read) => {
                // Whoever comes next may have the place.
                drop(seat);
                match read {
                    None => "was disconnected".to_owned(),
                    Some(Ok(())) => "closed its connection".to_owned(),
                    Some(Err(error)) => format!("lost its connection: {error}"),
                }
            }
        }
    }
}
