//! A Device's way to the DM Server: what goes wrong on it, how often, and whether it has gone wrong by now.
//!
//! The relay of the interaction channel asks a [`LinkPlan`] about every connection. Plans end with the first roll call:
//! what follows is the harness's own measurement.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::net::{AnswerDecision, Clock, ConnectionPlan, OpenDecision};
use crate::spec::Timestamp;
use crate::wire::syncml::{Command, Message, Status, SyncHdr, alert};

use super::lab::Lab;
use super::script::RETRY_INTERVAL;

/// DM Status 417, with which a server asks to come back later.
const RETRY_LATER: u16 = 417;
/// Octets of a request, or of an answer, that pass before it breaks off: its head and no more.
const BROKEN_AFTER: usize = 160;
/// How late answers come.
const LATE: Duration = Duration::from_millis(150);
/// How long an answer is held back, so that something can happen meanwhile: a restart takes a tenth of it.
const HELD: Duration = Duration::from_millis(250);
/// How an answer drips: about a tenth of a second for one of usual size.
const DRIP: (usize, Duration) = (64, Duration::from_millis(2));

/// What goes wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkFault {
    /// It is reset when it is opened.
    Refused,
    /// It is closed in order when it is opened.
    Closed,
    /// It is reset in the middle of the request.
    RequestBroken,
    /// The server takes the report, and the connection is reset before its answer.
    AnswerLost,
    /// The connection is reset within the answer to the report.
    AnswerBroken,
    /// It is closed in order within the answer to the report.
    AnswerCut,
    /// Answers come late.
    AnswerLate,
    /// Answers come drop by drop.
    AnswerDrips,
    /// Something answers that does not speak HTTP.
    Garbage,
    /// A page of text is the answer.
    NoMessage,
    /// HTTP 500.
    ServerFails,
    /// HTTP 503, with `Retry-After` in seconds where it is given.
    Overloaded(Option<u32>),
    /// The answer is a DM message with Status 417 for SyncHdr.
    Busy,
}

/// How often it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HowOften {
    /// The first times.
    First(u32),
    /// As often as the Device may attempt to report.
    EveryTime,
}

/// What is the matter with a Device's way to the DM Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkRule {
    /// A fault, so often.
    Fault(LinkFault, HowOften),
    /// Nobody who meets the outage gets through before it is over; it begins with the first connection of any of them. An
    /// attempt that was due before its end meets it, however late this host lets it come.
    Outage(Duration),
}

impl LinkRule {
    /// Whether attempts to report fail by it.
    pub(super) fn costs_attempts(self) -> bool {
        !matches!(self, Self::Fault(LinkFault::AnswerLate | LinkFault::AnswerDrips, _))
    }

    /// How many of `attempts` fail by it, as far as that is known before.
    pub(super) fn failures(self, attempts: u32) -> u32 {
        match self {
            Self::Fault(_, HowOften::First(count)) => count.min(attempts),
            Self::Fault(_, HowOften::EveryTime) | Self::Outage(_) => attempts,
        }
    }

    /// The least that a server makes a Device wait by it.
    pub(super) fn retry_after(self) -> Duration {
        match self {
            Self::Fault(LinkFault::Overloaded(Some(seconds)), _) => Duration::from_secs(seconds.into()),
            _ => Duration::ZERO,
        }
    }

    /// Whether the server sheds load by it.
    pub(super) fn is_overload(self) -> bool {
        matches!(self, Self::Fault(LinkFault::Overloaded(_) | LinkFault::Busy, _))
    }
}

/// An outage that several Devices share: when it is over, once it has begun.
pub(super) type Outage = Arc<Mutex<Option<Timestamp>>>;

/// The plan for one Device; clones share it.
#[derive(Clone)]
pub(super) struct LinkPlan {
    clock: Clock,
    outage: Outage,
    state: Arc<Mutex<State>>,
}

struct State {
    rule: Option<LinkRule>,
    /// How long a Device waits between two attempts.
    retry: Duration,
    /// Faults that have come.
    come: u32,
    /// When the outage was last met.
    met: Option<Timestamp>,
    /// Whether the next answer to a report is held back for a while, and whether that has begun.
    holds: Option<bool>,
}

impl State {
    /// Whether an attempt is still to come that was due before the outage ended.
    fn is_owed(&self, end: Timestamp) -> bool {
        self.met.is_some_and(|met| met + self.retry < end)
    }

    /// The fault that comes next, if one does.
    fn next(&self) -> Option<LinkFault> {
        match self.rule {
            Some(LinkRule::Fault(fault, HowOften::First(count))) => (self.come < count).then_some(fault),
            Some(LinkRule::Fault(fault, HowOften::EveryTime)) => Some(fault),
            Some(LinkRule::Outage(_)) | None => None,
        }
    }
}

impl LinkPlan {
    /// A plan.
    pub(super) fn new(rule: Option<LinkRule>, clock: Clock, outage: Outage) -> Self {
        let state = State { rule, retry: RETRY_INTERVAL, come: 0, met: None, holds: None };
        Self { clock, outage, state: Arc::new(Mutex::new(state)) }
    }

    /// The same plan where spans are those of a lab.
    pub(super) fn slowed(self, lab: &Lab) -> Self {
        let mut state = self.state();
        state.retry = lab.span(RETRY_INTERVAL);
        if let Some(LinkRule::Outage(span)) = &mut state.rule {
            *span = lab.span(*span);
        }
        drop(state);
        self
    }

    /// Holds the next answer to a report back, for as long as it takes to do something meanwhile.
    pub(super) fn hold(&self) {
        self.state().holds = Some(false);
    }

    /// Whether an answer is being held back.
    pub(super) fn is_holding(&self) -> bool {
        self.state().holds == Some(true)
    }

    /// Lets everything pass from now on.
    pub(super) fn lift(&self) {
        self.state().rule = None;
    }

    /// Whether everything that was to go wrong has; `attempts` is how often the Device may attempt to report.
    pub(super) fn is_spent(&self, attempts: u32) -> bool {
        let state = self.state();
        match state.rule {
            Some(LinkRule::Outage(_)) => {
                lock(&self.outage).is_some_and(|end| self.clock.now() >= end && !state.is_owed(end))
            }
            Some(LinkRule::Fault(_, HowOften::First(count))) => state.come >= count,
            Some(LinkRule::Fault(_, HowOften::EveryTime)) => state.come >= attempts,
            None => true,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The fault that comes next, if it is one of those that `is_meant` names; then it has come.
    fn take(&self, is_meant: impl Fn(LinkFault) -> bool) -> Option<LinkFault> {
        let mut state = self.state();
        let fault = state.next().filter(|fault| is_meant(*fault))?;
        state.come += 1;
        Some(fault)
    }

    /// Whether the outage is on; it begins when it is first asked for.
    fn is_out(&self) -> bool {
        let mut state = self.state();
        let Some(LinkRule::Outage(span)) = state.rule else { return false };
        let now = self.clock.now();
        let end = *lock(&self.outage).get_or_insert(now + span);
        let is_out = now < end || state.is_owed(end);
        if is_out {
            state.met = Some(now);
        }
        is_out
    }
}

/// What was left behind by a panic is as good as before: counters alone.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ConnectionPlan for LinkPlan {
    fn on_open(&mut self, _: u64) -> OpenDecision {
        use LinkFault::{Busy, Closed, Garbage, NoMessage, Overloaded, Refused, RequestBroken, ServerFails};
        if self.is_out() {
            return OpenDecision::Reset;
        }
        if matches!(self.state().next(), Some(Garbage | NoMessage | ServerFails | Overloaded(_) | Busy)) {
            return OpenDecision::Answer;
        }
        match self.take(|fault| matches!(fault, Refused | Closed | RequestBroken)) {
            Some(Refused) => OpenDecision::Reset,
            Some(Closed) => OpenDecision::Refuse,
            Some(RequestBroken) => OpenDecision::ResetInRequest(BROKEN_AFTER),
            _ => OpenDecision::Pass,
        }
    }

    fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        match self.take(|_| true) {
            Some(LinkFault::Garbage) => b"\x15\x03\x01\x00\x02\x02\x28 no HTTP is spoken here".to_vec(),
            Some(LinkFault::NoMessage) => answered("200 OK", "Content-Type: text/html\r\n", b"<p>Please log in</p>"),
            Some(LinkFault::Overloaded(Some(seconds))) => {
                answered("503 Service Unavailable", &format!("Retry-After: {seconds}\r\n"), b"")
            }
            Some(LinkFault::Overloaded(None)) => answered("503 Service Unavailable", "", b""),
            Some(LinkFault::Busy) => match message_of(request) {
                Some(request) => {
                    let kind = "Content-Type: application/vnd.syncml.dm+xml\r\n";
                    answered("200 OK", kind, busy(&request).to_xml().as_bytes())
                }
                None => answered("400 Bad Request", "", b""),
            },
            _ => answered("500 Internal Server Error", "", b""),
        }
    }

    fn on_answer(&mut self, request: &[u8]) -> AnswerDecision {
        use LinkFault::{AnswerBroken, AnswerCut, AnswerDrips, AnswerLate, AnswerLost};
        // A challenge has taken nothing yet: what counts is the answer to a report that shows its credential.
        let reports = message_of(request).is_some_and(|message| message.header.cred.is_some() && is_report(&message));
        if reports && self.state().holds == Some(false) {
            self.state().holds = Some(true);
            return AnswerDecision::Late(HELD);
        }
        match self.take(|fault| match fault {
            AnswerLost | AnswerBroken | AnswerCut => reports,
            AnswerLate | AnswerDrips => true,
            _ => false,
        }) {
            Some(AnswerLost) => AnswerDecision::ResetAfter(0),
            Some(AnswerBroken) => AnswerDecision::ResetAfter(BROKEN_AFTER),
            Some(AnswerCut) => AnswerDecision::CloseAfter(BROKEN_AFTER),
            Some(AnswerLate) => AnswerDecision::Late(LATE),
            Some(AnswerDrips) => AnswerDecision::Drip(DRIP.0, DRIP.1),
            _ => AnswerDecision::Pass,
        }
    }
}

/// The DM message in an HTTP request.
fn message_of(request: &[u8]) -> Option<Message> {
    let body = request.windows(4).position(|octets| octets == b"\r\n\r\n")? + 4;
    // A chunked body has its sizes around the document.
    let body = &request[body..];
    let begin = body.iter().position(|octet| *octet == b'<')?;
    let end = body.iter().rposition(|octet| *octet == b'>')?;
    Message::from_xml(body.get(begin..=end)?).ok()
}

fn is_report(message: &Message) -> bool {
    message.body.iter().any(|command| matches!(command, Command::Alert(found) if found.code == alert::GENERIC))
}

fn answered(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The answer of a DM Server that has no time.
fn busy(request: &Message) -> Message {
    let header = SyncHdr {
        session_id: request.header.session_id.clone(),
        msg_id: 1,
        target: request.header.source.clone(),
        source: request.header.target.clone(),
        source_name: None,
        resp_uri: None,
        cred: None,
    };
    Message { header, body: vec![Command::Status(Status::of_header(request, RETRY_LATER, None))], is_final: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(fault: LinkFault, how_often: HowOften) -> LinkPlan {
        LinkPlan::new(Some(LinkRule::Fault(fault, how_often)), Clock::start(), Outage::default())
    }

    #[test]
    fn a_fault_comes_as_often_as_it_was_asked_for_and_then_no_more() {
        let mut plan = plan(LinkFault::Refused, HowOften::First(2));

        let decisions: Vec<_> = (1..=3).map(|n| plan.on_open(n)).collect();

        assert_eq!(decisions, [OpenDecision::Reset, OpenDecision::Reset, OpenDecision::Pass]);
        assert!(plan.is_spent(3));
    }

    #[test]
    fn a_plan_that_is_lifted_lets_everything_pass() {
        let mut plan = plan(LinkFault::Overloaded(None), HowOften::EveryTime);
        assert_eq!(plan.on_open(1), OpenDecision::Answer);
        assert!(!plan.is_spent(3));

        plan.lift();

        assert_eq!(plan.on_open(2), OpenDecision::Pass);
        assert!(plan.is_spent(3));
    }

    #[test]
    fn an_outage_begins_with_the_first_connection_of_anybody() {
        let (clock, outage) = (Clock::start(), Outage::default());
        let rule = Some(LinkRule::Outage(Duration::from_secs(3600)));
        let mut first = LinkPlan::new(rule, clock, outage.clone());
        let second = LinkPlan::new(rule, clock, outage.clone());

        assert_eq!(first.on_open(1), OpenDecision::Reset);
        assert!(!second.is_spent(3));
        *lock(&outage) = Some(clock.now());

        assert!(first.is_spent(3) && second.is_spent(3));
    }

    #[test]
    fn an_attempt_that_was_due_in_the_outage_and_comes_late_meets_it_all_the_same() {
        let outage = Outage::default();
        let rule = Some(LinkRule::Outage(RETRY_INTERVAL * 2));
        let mut plan = LinkPlan::new(rule, Clock::start(), outage.clone());
        let mut other = LinkPlan::new(rule, Clock::start(), outage.clone());
        assert_eq!(plan.on_open(1), OpenDecision::Reset);
        let longer_ago = |at: Timestamp| at - RETRY_INTERVAL * 3;
        let met = plan.state().met.map(longer_ago);
        plan.state().met = met;
        let end = lock(&outage).map(longer_ago);
        *lock(&outage) = end;

        let (is_spent, decisions) = (plan.is_spent(3), [plan.on_open(2), plan.on_open(3), other.on_open(1)]);

        assert!(!is_spent && plan.is_spent(3));
        assert_eq!(decisions, [OpenDecision::Reset, OpenDecision::Pass, OpenDecision::Pass]);
    }

    #[test]
    fn only_the_answer_to_a_report_with_a_credential_is_lost() {
        let request = |cred: &str| {
            let cred = if cred.is_empty() {
                String::new()
            } else {
                format!(
                    "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>{cred}</Data></Cred>"
                )
            };
            format!(
                "POST /dm HTTP/1.1\r\nHost: x\r\n\r\n<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD>\
                 <VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>s</LocURI></Target>\
                 <Source><LocURI>d</LocURI></Source>{cred}</SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1226</Data>\
                 <Item><Data>200</Data></Item></Alert><Final/></SyncBody></SyncML>"
            )
        };
        let mut plan = plan(LinkFault::AnswerLost, HowOften::First(1));

        assert_eq!(plan.on_answer(request("").as_bytes()), AnswerDecision::Pass);
        assert_eq!(plan.on_answer(request("AAAAAAAAAAAAAAAAAAAAAA==").as_bytes()), AnswerDecision::ResetAfter(0));
        assert_eq!(plan.on_answer(request("AAAAAAAAAAAAAAAAAAAAAA==").as_bytes()), AnswerDecision::Pass);
    }
}
