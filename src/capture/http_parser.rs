//! The HTTP/1.1 messages of one direction of a connection, out of its octets.

use super::conversation::Side;
use super::http::{HttpMessage, StartLine};
use super::http_head::{Framing, head};
use super::http_seek::{KEPT, start_line};

/// Octets of a head at most.
pub(super) const HEAD: usize = 64 * 1024;

/// Octets of a body at most.
pub(super) const BODY: usize = 16 << 20;

/// The messages of one direction.
#[derive(Debug, Clone)]
pub(super) struct Parser {
    from: Side,
    /// Octets that are not yet part of a message.
    buffer: Vec<u8>,
    state: State,
    /// Octets that came after what is no HTTP.
    unread: usize,
}

#[derive(Debug, Clone)]
enum State {
    Head,
    Body(HttpMessage, Framing),
    /// After a gap in a body: so many octets of it are still to come.
    Passing(usize),
    /// After a gap: a start line is looked for.
    Seeking,
    Failed,
}

impl Parser {
    pub(super) fn new(from: Side) -> Self {
        Self { from, buffer: Vec::new(), state: State::Head, unread: 0 }
    }

    /// Octets that it holds.
    pub(super) fn held(&self) -> usize {
        let body = if let State::Body(message, _) = &self.state { message.body.len() } else { 0 };
        self.buffer.len() + body
    }

    pub(super) fn fail(&mut self) {
        self.state = State::Failed;
        self.buffer = Vec::new();
    }

    /// Whether it found what is no HTTP, and reads no more.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// Gives its room back, and says how many octets it did not read.
    pub(super) fn close(&mut self) -> usize {
        if self.is_on_its_way() {
            self.drop_first(usize::MAX);
        }
        // An ended connection is remembered for a while, its room is not.
        self.buffer.shrink_to_fit();
        std::mem::take(&mut self.unread)
    }

    /// Whether it passes over what a gap destroyed, to the next message.
    pub(super) fn is_on_its_way(&self) -> bool {
        matches!(self.state, State::Passing(_) | State::Seeking)
    }

    /// So many octets were not seen. What is under way is lost with them.
    pub(super) fn gap(&mut self, missing: u64) -> Result<(), String> {
        let held = self.held();
        let (state, within) = match &self.state {
            State::Failed => return Ok(()),
            State::Body(_, Framing::Length(rest)) | State::Passing(rest) => {
                let rest = u64::try_from(*rest).unwrap_or(u64::MAX).checked_sub(missing);
                let rest = rest.and_then(|rest| usize::try_from(rest).ok());
                (rest.map_or(State::Seeking, State::Passing), format!(", after {held} octets of a body"))
            }
            State::Body(..) => (State::Seeking, format!(", after {held} octets of a body")),
            State::Head if held > 0 => (State::Seeking, format!(", after {held} octets of a head")),
            State::Head | State::Seeking => (State::Seeking, String::new()),
        };
        self.state = state;
        self.buffer.clear();
        Err(format!("{missing} octets were not seen{within}"))
    }

    pub(super) fn feed(&mut self, octets: &[u8], found: &mut Vec<HttpMessage>) -> Result<(), String> {
        if matches!(self.state, State::Failed) {
            self.unread += octets.len();
            return Ok(());
        }
        self.buffer.extend_from_slice(octets);
        while self.step(found)? {}
        Ok(())
    }

    /// The sender sends no more.
    pub(super) fn finish(&mut self, found: &mut Vec<HttpMessage>) -> Result<(), String> {
        if let State::Body(_, Framing::UntilClose) = self.state
            && let State::Body(message, _) = std::mem::replace(&mut self.state, State::Head)
        {
            found.push(message);
        }
        self.unfinished()
    }

    pub(super) fn unfinished(&self) -> Result<(), String> {
        match &self.state {
            State::Head if self.buffer.iter().all(u8::is_ascii_whitespace) => Ok(()),
            State::Head => Err(format!("{} octets of a head that does not end", self.buffer.len())),
            State::Body(message, Framing::Length(missing)) => {
                Err(format!("a body of {} octets, {missing} more were to come", message.body.len()))
            }
            State::Body(message, _) => Err(format!("a body of {} octets that does not end", message.body.len())),
            State::Passing(_) | State::Seeking | State::Failed => Ok(()),
        }
    }

    /// Goes one step further; `false` when it needs more octets.
    fn step(&mut self, found: &mut Vec<HttpMessage>) -> Result<bool, String> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Failed => Ok(false),
            State::Passing(missing) => {
                let passed = self.drop_first(missing);
                self.state = if passed == missing { State::Head } else { State::Passing(missing - passed) };
                Ok(passed == missing)
            }
            State::Seeking => Ok(self.seek()),
            State::Head => {
                let Some((message, framing, length)) = head(self.from, &self.buffer)? else {
                    self.state = State::Head;
                    return Ok(false);
                };
                self.buffer.drain(..length);
                if matches!(message.start, StartLine::Response { status: 100..=199, .. }) {
                    self.state = State::Head;
                } else {
                    self.put(message, framing, found);
                }
                Ok(true)
            }
            State::Body(mut message, framing) => {
                let before = self.buffer.len();
                let after = self.body(&mut message, framing)?;
                if message.body.len() > BODY {
                    return Err(format!("a body of more than {BODY} octets"));
                }
                let moved = self.buffer.len() != before || after.is_none();
                match after {
                    None => self.put(message, Framing::Length(0), found),
                    Some(framing) => self.state = State::Body(message, framing),
                }
                Ok(moved)
            }
        }
    }

    /// Looks for the next message; `false` when it needs more octets.
    fn seek(&mut self) -> bool {
        self.state = State::Seeking;
        let Some(start) = start_line(self.from, &self.buffer) else {
            self.drop_first(self.buffer.len().saturating_sub(KEPT));
            return false;
        };
        self.drop_first(start);
        match head(self.from, &self.buffer) {
            Ok(Some(_)) => {
                self.state = State::Head;
                true
            }
            Ok(None) => false,
            // No head; there may be one further on.
            Err(_) => self.drop_first(1) > 0,
        }
    }

    /// Passes over octets that are in no message, and counts them.
    fn drop_first(&mut self, count: usize) -> usize {
        let count = count.min(self.buffer.len());
        self.buffer.drain(..count);
        self.unread += count;
        count
    }

    /// Goes on with this message, or gives it out when nothing is missing.
    fn put(&mut self, message: HttpMessage, framing: Framing, found: &mut Vec<HttpMessage>) {
        if let Framing::Length(0) = framing {
            found.push(message);
            self.state = State::Head;
        } else {
            self.state = State::Body(message, framing);
        }
    }

    /// Moves octets into the body as far as they go; `None` when the body is whole.
    fn body(&mut self, message: &mut HttpMessage, framing: Framing) -> Result<Option<Framing>, String> {
        let mut take = |count: usize, buffer: &mut Vec<u8>| {
            let count = count.min(buffer.len());
            message.body.extend(buffer.drain(..count));
            count
        };
        Ok(Some(match framing {
            Framing::Length(missing) => match missing - take(missing, &mut self.buffer) {
                0 => return Ok(None),
                missing => Framing::Length(missing),
            },
            Framing::UntilClose => {
                take(usize::MAX, &mut self.buffer);
                framing
            }
            Framing::Chunk(missing) => match missing - take(missing, &mut self.buffer) {
                0 => Framing::ChunkEnd,
                missing => Framing::Chunk(missing),
            },
            Framing::ChunkSize => match httparse::parse_chunk_size(&self.buffer) {
                Err(_) => return Err("a malformed chunk size".into()),
                Ok(httparse::Status::Partial) if self.buffer.len() > HEAD => {
                    return Err("a chunk size that does not end".into());
                }
                Ok(httparse::Status::Partial) => framing,
                Ok(httparse::Status::Complete((length, size))) => {
                    self.buffer.drain(..length);
                    let size = usize::try_from(size).unwrap_or(usize::MAX);
                    if size > BODY {
                        return Err(format!("a chunk of {size} octets, at most {BODY} are read"));
                    }
                    if size == 0 { Framing::Trailers } else { Framing::Chunk(size) }
                }
            },
            Framing::ChunkEnd => match self.buffer.get(..2) {
                None => framing,
                Some(b"\r\n") => {
                    self.buffer.drain(..2);
                    Framing::ChunkSize
                }
                Some(_) => return Err("a chunk that is longer than its size".into()),
            },
            Framing::Trailers => match self.buffer.windows(2).position(|octets| octets == b"\r\n") {
                None if self.buffer.len() > HEAD => return Err("a trailer that does not end".into()),
                None => framing,
                Some(end) => {
                    self.buffer.drain(..end + 2);
                    if end == 0 {
                        return Ok(None);
                    }
                    framing
                }
            },
        }))
    }
}
