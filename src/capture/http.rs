//! HTTP/1.1 messages out of the octets of a connection.
//!
//! Fed packet by packet; knows Content-Length, chunked and bodies that end with the connection. Heads are bounded to
//! 64 KiB and 64 header fields, bodies to 16 MiB, all that is under way to 64 MiB. What follows octets that are no HTTP is
//! counted, and told when the connection ends. After a gap the next message is looked for: where the framing says that it
//! begins, else where a start line can be recognised. Interim responses (1xx) announce the final one and are left out. Bodies
//! are given as they are: content codings are not undone.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::conversation::Side;
use super::http_parser::Parser;
use super::recording::Packet;
use super::tcp::{Connections, Ending, TcpEvent};

/// Octets of messages under way, on all connections, at most.
const HELD: usize = 64 << 20;

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
    parsers: BTreeMap<usize, [Parser; 2]>,
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
                    if let Some(parsers) = self.parsers.remove(&connection) {
                        self.held -= parsers.iter().map(Parser::held).sum::<usize>();
                    }
                }
            }
        }
        events
    }

    /// What is left unfinished when no packet follows. Calling it ends what can be read.
    pub fn finish(&mut self) -> Vec<HttpEvent> {
        let waiting = self.connections.finish();
        let mut events = self.read(waiting);
        let connections: Vec<usize> = self.parsers.keys().copied().collect();
        for connection in connections {
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
            let Some(parsers) = self.parsers.get_mut(&connection) else { continue };
            let parser = &mut parsers[from as usize];
            let before = parser.held();
            let unread = parser.close();
            self.held -= before - parser.held();
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
        let both = || [Parser::new(Side::Client), Parser::new(Side::Server)];
        let parser = &mut self.parsers.entry(connection).or_insert_with(both)[from as usize];
        let before = parser.held();
        let was_failed = parser.has_failed();
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

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
