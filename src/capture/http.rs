//! HTTP/1.1 messages out of the octets of a connection.
//!
//! Fed packet by packet; knows Content-Length, chunked and bodies that end with the connection. Heads are bounded to
//! 64 KiB and 64 header fields, bodies to 16 MiB, all that is under way to 64 MiB. What follows octets that are no HTTP is
//! counted, and told when the connection ends. After a gap the next message is looked for: where the framing says that it
//! begins, else where a start line can be recognised. Interim responses (1xx) announce the final one and are left out. Bodies
//! are given as they are: content codings are not undone.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::conversation::Side;
use super::http_head::{Framing, head};
use super::http_seek::{KEPT, start_line};
use super::recording::Packet;
use super::tcp::{Connections, Ending, TcpEvent};

/// Octets of a head at most.
pub(super) const HEAD: usize = 64 * 1024;

/// Octets of messages under way, on all connections, at most.
const HELD: usize = 64 << 20;

/// Octets of a body at most.
pub(super) const BODY: usize = 16 << 20;

/// A request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpMessage {
    /// The first line.
    pub start: StartLine,
    /// Names and values in the order of the message; octets that are no UTF-8 are replaced.
    pub fields: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
}

/// The first line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartLine {
    /// A request.
    Request {
        /// The method, such as `POST`.
        method: String,
        /// The request target.
        target: String,
    },
    /// A response.
    Response {
        /// The status code.
        status: u16,
        /// The reason phrase.
        reason: String,
    },
}

impl HttpMessage {
    /// The value of the first header field of this name, upper and lower case alike.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What a packet brought about on the interaction channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpEvent {
    /// A connection was taken.
    Opened {
        /// Which connection, counted from 0.
        connection: usize,
    },
    /// A whole message.
    Message {
        /// Which connection.
        connection: usize,
        /// Who sent it.
        from: Side,
        /// The message.
        message: HttpMessage,
    },
    /// Octets of a direction can not be read as HTTP: all that follow, which is reported once, or those around a gap.
    Failure {
        /// Which connection.
        connection: usize,
        /// Whose octets they are.
        from: Side,
        /// What is wrong.
        reason: String,
    },
    /// The connection is over.
    Ended {
        /// Which connection.
        connection: usize,
        /// How it ended.
        how: Ending,
    },
}

/// Every HTTP connection of a recording.
#[derive(Debug, Clone, Default)]
pub struct Interaction {
    connections: Connections,
    /// For each connection that is followed, the parsers of client and server.
    parsers: VecDeque<[Parser; 2]>,
    /// Which connection the first parsers are of.
    first: usize,
    /// Octets in all parsers.
    held: usize,
}

impl Interaction {
    /// What `packet` brings about; nothing when it is a datagram.
    pub fn feed(&mut self, packet: &Packet) -> Vec<HttpEvent> {
        let brought = self.connections.feed(packet);
        self.read(brought)
    }

    fn read(&mut self, brought: Vec<TcpEvent>) -> Vec<HttpEvent> {
        let mut events = Vec::new();
        for event in brought {
            match event {
                TcpEvent::Opened { connection } => events.push(HttpEvent::Opened { connection }),
                TcpEvent::Data { connection, from, octets } => {
                    self.parse(connection, from, &mut events, |parser, found| parser.feed(&octets, found));
                }
                TcpEvent::Gap { connection, from, octets } => {
                    self.parse(connection, from, &mut events, |parser, _| parser.gap(octets));
                }
                TcpEvent::Finished { connection, from } => {
                    self.parse(connection, from, &mut events, Parser::finish);
                }
                TcpEvent::Ended { connection, how } => {
                    self.end(connection, &mut events);
                    events.push(HttpEvent::Ended { connection, how });
                }
                TcpEvent::Lost { connection, from, reason } => {
                    self.parse(connection, from, &mut events, |_, _| Err(reason));
                }
                TcpEvent::Forgotten { connection } => {
                    self.end(connection, &mut events);
                    let followed = connection + 1;
                    for parsers in self.parsers.drain(..followed.saturating_sub(self.first).min(self.parsers.len())) {
                        self.held -= parsers.iter().map(Parser::held).sum::<usize>();
                    }
                    self.first = self.first.max(followed);
                }
            }
        }
        events
    }

    /// What is left unfinished when no packet follows. Calling it ends what can be read.
    pub fn finish(&mut self) -> Vec<HttpEvent> {
        let waiting = self.connections.finish();
        let mut events = self.read(waiting);
        for connection in self.first..self.first + self.parsers.len() {
            // A connection that stays open ends no message that is still under way, whatever its framing.
            self.end(connection, &mut events);
        }
        events
    }

    /// The addresses of a connection: client, then server.
    pub fn addresses(&self, connection: usize) -> Option<(SocketAddr, SocketAddr)> {
        self.connections.addresses(connection)
    }

    /// No more octets come on this connection.
    fn end(&mut self, connection: usize, events: &mut Vec<HttpEvent>) {
        for from in [Side::Client, Side::Server] {
            self.parse(connection, from, events, |parser, _| parser.unfinished());
            let parsers = connection.checked_sub(self.first).and_then(|index| self.parsers.get_mut(index));
            let Some(parser) = parsers.map(|parsers| &mut parsers[from as usize]) else { continue };
            if parser.is_on_its_way() {
                self.held -= parser.held();
                parser.drop_first(usize::MAX);
            }
            let unread = std::mem::take(&mut parser.unread);
            // An ended connection is remembered for a while, its room is not.
            parser.buffer.shrink_to_fit();
            if unread > 0 {
                let reason = format!("{unread} octets more, which were not read");
                events.push(HttpEvent::Failure { connection, from, reason });
            }
        }
    }

    fn parse(
        &mut self,
        connection: usize,
        from: Side,
        events: &mut Vec<HttpEvent>,
        act: impl FnOnce(&mut Parser, &mut Vec<HttpMessage>) -> Result<(), String>,
    ) {
        let Some(index) = connection.checked_sub(self.first) else { return };
        if self.parsers.len() <= index {
            self.parsers.resize_with(index + 1, || [Parser::new(Side::Client), Parser::new(Side::Server)]);
        }
        let parser = &mut self.parsers[index][from as usize];
        let before = parser.held();
        let was_failed = matches!(parser.state, State::Failed);
        let mut found = Vec::new();
        let mut result = act(parser, &mut found);
        if was_failed {
            return;
        }
        self.held = self.held + parser.held() - before;
        let is_too_much = self.held > HELD && parser.held() > 0;
        if is_too_much {
            result = Err(format!("messages of more than {HELD} octets are under way"));
        }
        events.extend(found.into_iter().map(|message| HttpEvent::Message { connection, from, message }));
        if let Err(reason) = result {
            if is_too_much || !parser.is_on_its_way() {
                self.held -= parser.held();
                parser.fail();
            }
            events.push(HttpEvent::Failure { connection, from, reason });
        }
    }
}

/// The messages of one direction.
#[derive(Debug, Clone)]
struct Parser {
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
    fn new(from: Side) -> Self {
        Self { from, buffer: Vec::new(), state: State::Head, unread: 0 }
    }

    /// Octets that it holds.
    fn held(&self) -> usize {
        let body = if let State::Body(message, _) = &self.state { message.body.len() } else { 0 };
        self.buffer.len() + body
    }

    fn fail(&mut self) {
        self.state = State::Failed;
        self.buffer = Vec::new();
    }

    /// Whether it passes over what a gap destroyed, to the next message.
    fn is_on_its_way(&self) -> bool {
        matches!(self.state, State::Passing(_) | State::Seeking)
    }

    /// So many octets were not seen. What is under way is lost with them.
    fn gap(&mut self, missing: u64) -> Result<(), String> {
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

    fn feed(&mut self, octets: &[u8], found: &mut Vec<HttpMessage>) -> Result<(), String> {
        if matches!(self.state, State::Failed) {
            self.unread += octets.len();
            return Ok(());
        }
        self.buffer.extend_from_slice(octets);
        while self.step(found)? {}
        Ok(())
    }

    /// The sender sends no more.
    fn finish(&mut self, found: &mut Vec<HttpMessage>) -> Result<(), String> {
        if let State::Body(_, Framing::UntilClose) = self.state
            && let State::Body(message, _) = std::mem::replace(&mut self.state, State::Head)
        {
            found.push(message);
        }
        self.unfinished()
    }

    fn unfinished(&self) -> Result<(), String> {
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

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
