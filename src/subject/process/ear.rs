//! What is heard of a process: the tasks that read its lines and its standard error, and wait for its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::ChildStderr;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use super::carrier::Carrier;
use super::heard::{Heard, InstanceState, read};
use super::strikes::Strikes;
use super::transcript::{Said, Transcript};
use crate::adapter::{Answer, Incoming, Line, LineReader, Object, Outcome, RequestId};
use crate::net::Clock;
use crate::spec::{Role, one_line};

/// Octets that are read at a time.
const CHUNK: usize = 64 * 1024;
/// How long what a dead adapter wrote is still read.
const DRAIN: Duration = Duration::from_millis(500);
/// Octets of noise after which an adapter is ended: it would never stop.
const MOST_NOISE: u64 = 16 << 20;
/// Characters of a line of standard error that are kept.
const LONGEST_WORDS: usize = 500;

/// What the tasks of a conversation share.
pub(super) struct Shared {
    pub(super) role: Role,
    pub(super) number: u32,
    pub(super) clock: Clock,
    pub(super) transcript: Arc<Transcript>,
    pub(super) strikes: Arc<Strikes>,
    pub(super) state: Mutex<State>,
    /// Told when the process is to be ended, and why.
    pub(super) stop: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) last_id: RequestId,
    pub(super) pending: BTreeMap<RequestId, oneshot::Sender<Outcome>>,
    /// Requests that were given up; an answer to one is late, and no fault of its own.
    pub(super) given_up: BTreeSet<RequestId>,
    pub(super) instances: BTreeMap<String, Arc<Mutex<InstanceState>>>,
    /// Why the process is to be ended.
    pub(super) stopping: Option<String>,
    /// How it ended.
    pub(super) ended: Option<String>,
    /// Whether it was told to end.
    pub(super) is_dismissed: bool,
    pub(super) noise: Noise,
    /// Faults while no instance was open.
    pub(super) stray: Vec<String>,
    pub(super) last_words: Option<String>,
}

/// Lines that were no messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Noise {
    pub(super) lines: u64,
    pub(super) octets: u64,
    pub(super) first: Option<String>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn note(&self, said: Said) {
        self.transcript.note(self.number, said);
    }

    pub(super) fn stop(&self, why: &str) {
        self.lock().stopping.get_or_insert_with(|| why.to_owned());
        self.stop.notify_one();
    }

    /// Notes what the adapter did wrong, for the instance it concerns; for all of them when that cannot be told.
    pub(super) fn fault(&self, fault: &str, instance: Option<&str>) {
        self.note(Said::Fault(fault.to_owned()));
        let mut state = self.lock();
        let concerned = |name: &String| instance.is_none_or(|instance| instance == name);
        let named = state.instances.iter().filter(|(name, _)| concerned(name));
        let instances: Vec<Arc<Mutex<InstanceState>>> = named.map(|(_, one)| one.clone()).collect();
        for one in &instances {
            InstanceState::lock(one).fault(fault);
        }
        if instances.is_empty() && state.stray.len() < super::MOST_FAULTS {
            state.stray.push(fault.to_owned());
        }
    }

    /// Counts octets among which noise was.
    fn count_noise(&self, octets: u64) {
        let is_endless = {
            let mut state = self.lock();
            state.noise.octets += octets;
            state.noise.octets > MOST_NOISE
        };
        if is_endless {
            self.stop("it was ended, because it writes endlessly what is no message");
        }
    }

    fn take(&self, line: Line) {
        match line {
            Line::Object(object) => {
                self.note(Said::From(serde_json::to_string(&object.0).unwrap_or_default()));
                self.take_message(object);
            }
            Line::Noise(text) => {
                self.note(Said::Noise(text.clone()));
                let mut state = self.lock();
                state.noise.lines += 1;
                state.noise.first.get_or_insert(text);
            }
            Line::Fault(fault) => self.fault(&fault.to_string(), None),
        }
    }

    fn take_message(&self, object: Object) {
        match read(self.role, object) {
            Ok(Incoming::Answer(answer)) => self.take_answer(answer),
            Ok(Incoming::Event(heard)) => self.take_event(heard),
            Err(unfit) => self.fault(&format!("a message that is none of the protocol: {unfit}"), None),
        }
    }

    fn take_answer(&self, Answer { id, outcome }: Answer) {
        let Some(id) = id else {
            let Outcome::Error(error) = outcome else { return };
            return self.fault(&format!("it could not read a request: {}", one_line(&error.reason)), None);
        };
        let mut state = self.lock();
        match state.pending.remove(&id) {
            // Whoever asked may have given up.
            Some(asker) => _ = asker.send(outcome),
            None if state.given_up.remove(&id) => {}
            None => {
                drop(state);
                self.fault(&format!("an answer to request {id}, which was not asked, or was answered before"), None);
            }
        }
    }

    fn take_event(&self, heard: Heard) {
        let instance = self.lock().instances.get(&heard.instance).cloned();
        match instance {
            Some(instance) => InstanceState::lock(&instance).hear(heard.what),
            // The instance was closed, or the event was on its way before it was known.
            None if self.lock().last_id > 0 => {
                let name = one_line(&heard.instance);
                self.fault(&format!("an event of instance `{name}`, which is not open"), Some(&heard.instance));
            }
            None => {}
        }
    }

    fn end(&self, how: String) {
        let is_dismissed = self.lock().is_dismissed;
        let how = {
            let mut state = self.lock();
            let words = state.last_words.as_ref().map(|words| format!("; its last words: `{words}`"));
            let how = state.stopping.clone().unwrap_or(format!("it {how}")) + &words.unwrap_or_default();
            state.ended = Some(how.clone());
            // Dropping them tells whoever waits.
            state.pending.clear();
            how
        };
        self.note(Said::Process(how.clone()));
        if is_dismissed {
            return;
        }
        self.strikes.count();
        if !self.lock().instances.is_empty() {
            self.fault(&how, None);
        }
    }
}

/// Runs a life until it ends or is to be ended; then ends everything that it has started.
pub(super) async fn watch(shared: Arc<Shared>, carrier: Carrier, inbox: mpsc::UnboundedReceiver<Vec<u8>>) {
    let Carrier { input, output, errors, body, .. } = carrier;
    let writing = tokio::spawn(write(input, inbox));
    let hearing = errors.map(|errors| tokio::spawn(hear_errors(shared.clone(), errors)));
    let mut reading = Box::pin(listen(shared.clone(), output));
    let mut read = None;
    tokio::select! {
        () = body.ended(shared.clock) => {}
        () = shared.stop.notified() => {}
        ended = &mut reading => read = Some(ended),
    }
    writing.abort();
    let is_to_be_heard = read.is_none() && body.leaves_words();
    let ending = body.end(read, DRAIN, shared.clock).await;
    if is_to_be_heard {
        let _ = timeout(DRAIN, reading).await;
    }
    if let Some(hearing) = hearing {
        let _ = timeout(DRAIN, hearing).await;
    }
    shared.end(ending);
}

async fn write(mut input: impl AsyncWrite + Unpin, mut inbox: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(line) = inbox.recv().await {
        if input.write_all(&line).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

/// Takes every line until there are no more; gives how that came.
async fn listen(shared: Arc<Shared>, mut output: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut lines = LineReader::new();
    let mut chunk = vec![0; CHUNK];
    let ended = loop {
        let octets = match output.read(&mut chunk).await {
            Ok(0) => break Ok(()),
            Ok(length) => &chunk[..length],
            Err(error) => break Err(error),
        };
        let read = lines.feed(octets);
        if read.iter().any(|line| matches!(line, Line::Noise(_))) {
            shared.count_noise(octets.len() as u64);
        }
        for line in read {
            shared.take(line);
        }
        // A flood must not keep others from their turn.
        tokio::task::yield_now().await;
    };
    if let Some(line) = lines.end() {
        shared.take(line);
    }
    ended
}

/// Keeps what an adapter writes to standard error; it is never judged.
async fn hear_errors(shared: Arc<Shared>, mut stderr: ChildStderr) {
    let mut chunk = vec![0; CHUNK];
    let mut line: Vec<u8> = Vec::new();
    while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
        let octets = &chunk[..length];
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            let room = (4 * LONGEST_WORDS).saturating_sub(line.len());
            line.extend(part.iter().take(room));
            if part.ends_with(b"\n") {
                shared.hear_error(&std::mem::take(&mut line));
            }
        }
        tokio::task::yield_now().await;
    }
    shared.hear_error(&line);
}

impl Shared {
    fn hear_error(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line.trim_ascii_end());
        if text.trim().is_empty() {
            return;
        }
        let text: String = one_line(&text).chars().take(LONGEST_WORDS).collect();
        self.note(Said::Stderr(text.clone()));
        self.lock().last_words = Some(text);
    }
}
