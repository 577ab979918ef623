//! The faults of a relayed connection: what a plan may decide, and how each decision is carried out.
//!
//! Every decision is told before it takes effect, so a recording shows it in front of what it caused. Nothing here knows
//! what the octets mean: a plan that wants to tell one request from another looks into it itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::carry::{CHUNK, PATIENCE, RelayWhat, Side, Witness, carry, cut, reset};
use super::http::{LONGEST_BODY, LONGEST_HEADER};

/// What becomes of a connection when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenDecision {
    /// It is carried to the target.
    Pass,
    /// It is closed in order without an octet, and the target hears nothing of it.
    ///
    /// The kernel has completed the handshake by then. For connections that are refused outright, see
    /// [`TcpRelay::refuse_connections`](super::TcpRelay::refuse_connections).
    Refuse,
    /// It is reset at once, and the target hears nothing of it.
    Reset,
    /// It is reset when so many octets of the request have come, and the target hears nothing of it.
    ResetInRequest(usize),
    /// The relay gives the answer of [`ConnectionPlan::answer`] itself, and the target hears nothing of it.
    Answer,
}

/// What becomes of the target's answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerDecision {
    /// It is passed on.
    Pass,
    /// So many octets of it are passed on, then the connection is reset.
    ResetAfter(usize),
    /// So many octets of it are passed on, then the connection is closed in order.
    CloseAfter(usize),
    /// It is passed on so much later.
    Late(Duration),
    /// It is passed on in pieces of so many octets, with a pause after each.
    Drip(usize, Duration),
}

/// The faults that a relay puts in, by connection and by request.
pub trait ConnectionPlan {
    /// Decides on connection number `n`, counted from 1; asked once for each, in this order.
    fn on_open(&mut self, n: u64) -> OpenDecision;

    /// What to answer to a request in the target's place; asked after [`OpenDecision::Answer`].
    fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let _ = request;
        Vec::new()
    }

    /// Decides on the target's answer, given the octets of the request; asked when its first octets have come.
    fn on_answer(&mut self, request: &[u8]) -> AnswerDecision {
        let _ = request;
        AnswerDecision::Pass
    }
}

/// The plan without faults.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassAll;

impl ConnectionPlan for PassAll {
    fn on_open(&mut self, _n: u64) -> OpenDecision {
        OpenDecision::Pass
    }
}

impl<F: FnMut(u64) -> OpenDecision> ConnectionPlan for F {
    fn on_open(&mut self, n: u64) -> OpenDecision {
        self(n)
    }
}

/// A plan that the connections of a relay share.
pub(super) type SharedPlan = Arc<Mutex<dyn ConnectionPlan + Send>>;

/// Asks a shared plan. One that a panic left behind is asked all the same: it holds counters alone.
pub(super) fn ask<T>(plan: &SharedPlan, question: impl FnOnce(&mut (dyn ConnectionPlan + Send + 'static)) -> T) -> T {
    question(&mut *plan.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Resets a connection when `after` octets of the request have come, or its client is done.
pub(super) async fn reset_in_request(mut client: TcpStream, after: usize, witness: Witness) {
    let mut left = after.max(1);
    let mut buffer = vec![0; CHUNK];
    while left > 0 {
        let most = left.min(CHUNK);
        match timeout(PATIENCE, client.read(&mut buffer[..most])).await {
            Ok(Ok(length)) if length > 0 => {
                witness.tell(RelayWhat::Data { from: Side::Client, octets: buffer[..length].to_vec() });
                left -= length;
            }
            Ok(Err(error)) => return witness.tell(cut(Side::Client, &error)),
            Ok(Ok(_)) | Err(_) => break,
        }
    }
    witness.remark("reset in the middle of the request");
    witness.tell(RelayWhat::Reset { by: Side::Relay });
    reset(client);
}

/// Takes a request in whole and answers it as the plan says.
pub(super) async fn answer(mut client: TcpStream, plan: SharedPlan, witness: Witness) {
    let mut request = Vec::new();
    let mut buffer = vec![0; CHUNK];
    while !is_whole(&request) && request.len() <= LONGEST_HEADER + LONGEST_BODY {
        match timeout(PATIENCE, client.read(&mut buffer)).await {
            Ok(Ok(length)) if length > 0 => {
                witness.tell(RelayWhat::Data { from: Side::Client, octets: buffer[..length].to_vec() });
                request.extend_from_slice(&buffer[..length]);
            }
            Ok(Err(error)) => return witness.tell(cut(Side::Client, &error)),
            Ok(Ok(_)) | Err(_) => break,
        }
    }
    let answer = ask(&plan, |plan| plan.answer(&request));
    witness.remark("answered in the server's place");
    witness.tell(RelayWhat::Data { from: Side::Relay, octets: answer.clone() });
    let (reads, mut writes) = client.split();
    // A client that has gone already has closed its direction, which is read below.
    let _ = writes.write_all(&answer).await;
    witness.tell(RelayWhat::Closed { by: Side::Relay });
    let _ = writes.shutdown().await;
    // Closing with octets unread would reset the connection, and might take the answer back.
    match timeout(PATIENCE, carry(reads, tokio::io::sink(), Side::Client, &witness)).await {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(what)) => witness.tell(what),
    }
}

/// Whether an HTTP request is there to its end; one that cannot be read is as whole as it will be.
fn is_whole(octets: &[u8]) -> bool {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let body = match request.parse(octets) {
        Ok(httparse::Status::Complete(header)) => &octets[header..],
        Ok(httparse::Status::Partial) => return false,
        Err(_) => return true,
    };
    let field = |name: &str| {
        let found = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.and_then(|field| std::str::from_utf8(field.value).ok())
    };
    match field("content-length").and_then(|length| length.trim().parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => field("transfer-encoding").is_none() || body.ends_with(b"0\r\n\r\n"),
    }
}

/// What becomes of the answers on one connection.
pub(super) struct Answers {
    plan: SharedPlan,
    /// The octets of the request that is not answered yet.
    request: Mutex<Vec<u8>>,
}

impl Answers {
    pub(super) fn new(plan: SharedPlan) -> Self {
        Self { plan, request: Mutex::default() }
    }

    /// Notes octets of a request; of a very long one the beginning.
    pub(super) fn note(&self, octets: &[u8]) {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        if request.len() <= LONGEST_HEADER + LONGEST_BODY {
            request.extend_from_slice(octets);
        }
    }

    /// The decision on the answer that begins now; `None` when the one before goes on.
    fn decide(&self) -> Option<AnswerDecision> {
        let request = std::mem::take(&mut *self.request.lock().unwrap_or_else(PoisonError::into_inner));
        (!request.is_empty()).then(|| ask(&self.plan, |plan| plan.on_answer(&request)))
    }

    /// Carries the target's direction to its end, each answer as it was decided; an error is the event that ends the
    /// whole connection.
    pub(super) async fn carry(
        &self,
        mut reads: impl AsyncReadExt + Unpin,
        mut writes: impl AsyncWriteExt + Unpin,
        witness: &Witness,
    ) -> Result<(), RelayWhat> {
        let mut buffer = vec![0; CHUNK];
        let mut decision = AnswerDecision::Pass;
        let mut passed = 0;
        loop {
            let length = reads.read(&mut buffer).await.map_err(|error| cut(Side::Server, &error))?;
            if length == 0 {
                witness.tell(RelayWhat::Closed { by: Side::Server });
                // It fails only when the client has gone, which the other direction notices.
                let _ = writes.shutdown().await;
                return Ok(());
            }
            if let Some(decided) = self.decide() {
                (decision, passed) = (decided, 0);
                if let AnswerDecision::Late(span) = decision {
                    witness.clock.sleep_until(witness.clock.now() + span).await;
                    witness.remark("the answer was held back");
                }
            }
            let (most, pause) = match decision {
                AnswerDecision::ResetAfter(most) | AnswerDecision::CloseAfter(most) => {
                    (length.min(most - passed), None)
                }
                AnswerDecision::Drip(piece, pause) => (length, Some((piece.max(1), pause))),
                AnswerDecision::Pass | AnswerDecision::Late(_) => (length, None),
            };
            for part in buffer[..most].chunks(pause.map_or(CHUNK, |(piece, _)| piece)) {
                // Told before it is passed on, so that an answer always stands before what it causes.
                witness.tell(RelayWhat::Data { from: Side::Server, octets: part.to_vec() });
                writes.write_all(part).await.map_err(|error| cut(Side::Client, &error))?;
                if let Some((_, pause)) = pause {
                    witness.clock.sleep_until(witness.clock.now() + pause).await;
                }
            }
            passed += most;
            match decision {
                AnswerDecision::ResetAfter(most) if passed >= most => {
                    witness.remark("the connection was reset under the answer");
                    return Err(RelayWhat::Reset { by: Side::Relay });
                }
                AnswerDecision::CloseAfter(most) if passed >= most => {
                    witness.remark("the answer was cut off");
                    let _ = writes.shutdown().await;
                    return Err(RelayWhat::Closed { by: Side::Relay });
                }
                _ => {}
            }
        }
    }
}
