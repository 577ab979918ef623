//! DM messages in HTTP messages.

use std::sync::Arc;

use super::conversation::Side;
use super::http::{HttpMessage, StartLine};
use super::sight::{Caller, Fault, Sight};
use super::timeline::{OTHER_HTTP, REMEMBERED, Timeline, caller_of};
use crate::wire::syncml::Message;

impl Timeline {
    /// What an HTTP message is.
    pub(super) fn message(&mut self, connection: usize, http: HttpMessage, sights: &mut Vec<Sight>) {
        if !self.callers.contains_key(&connection) && !self.is_own() && !is_of_dm(&http) {
            return sights.push(other(connection, http));
        }
        let content_type = http.field("content-type").map(str::to_owned);
        let retry_after = http.field("retry-after").and_then(|seconds| seconds.trim().parse().ok());
        let undecodable = |error, from, body: Vec<u8>| Sight::Malformed {
            protocol: "SyncML",
            fault: Fault::Undecodable(error),
            octets: Arc::from(body),
            connection: Some((connection, from)),
        };
        match http.start {
            StartLine::Request { method, target } => {
                self.remember(connection, None);
                if method != "POST" || http.body.is_empty() {
                    let reason =
                        format!("{method} {target} with {} octets, not a POST with a message", http.body.len());
                    sights.push(Sight::Malformed {
                        protocol: "DM over HTTP",
                        fault: Fault::Unreadable(reason),
                        octets: Arc::from(http.body),
                        connection: Some((connection, Side::Client)),
                    });
                    return;
                }
                match Message::from_xml(&http.body) {
                    Err(error) => sights.push(undecodable(error, Side::Client, http.body)),
                    Ok(message) => {
                        self.remember(connection, Some(caller_of(&message)));
                        sights.push(Sight::Request { connection, target, content_type, message: Box::new(message) });
                    }
                }
            }
            StartLine::Response { status: http_status, .. } => {
                let answers = self.callers.get(&connection).cloned().flatten();
                // A page that explains a failure is no DM message, and need not be one.
                let read = (!http.body.is_empty() && http_status < 300).then(|| Message::from_xml(&http.body));
                let (message, error) = match read.transpose() {
                    Ok(message) => (message.map(Box::new), None),
                    Err(error) => (None, Some(error)),
                };
                sights.push(Sight::Response { connection, http_status, retry_after, content_type, message, answers });
                sights.extend(error.map(|error| undecodable(error, Side::Server, http.body)));
            }
        }
    }

    /// Remembers whom the next answer on this connection belongs to; connections long ago are forgotten.
    fn remember(&mut self, connection: usize, caller: Option<Caller>) {
        self.callers.insert(connection, caller);
        while self.callers.len() > REMEMBERED {
            self.callers.pop_first();
        }
    }
}

/// Whether a message looks as those of the interaction channel do.
fn is_of_dm(http: &HttpMessage) -> bool {
    const LOOKED_AT: usize = 512;
    let is_syncml = http.field("content-type").is_some_and(|name| name.to_ascii_lowercase().contains("syncml"));
    let beginning = &http.body[..http.body.len().min(LOOKED_AT)];
    is_syncml || beginning.windows(7).any(|octets| octets == b"<SyncML")
}

/// What is on a connection that is not of the interaction channel.
fn other(connection: usize, http: HttpMessage) -> Sight {
    let (words, from) = match http.start {
        StartLine::Request { method, target } => (format!("{method} {target}"), Side::Client),
        StartLine::Response { status, reason } => (format!("{status} {reason}"), Side::Server),
    };
    Sight::Malformed {
        protocol: OTHER_HTTP,
        fault: Fault::Unreadable(words),
        octets: Arc::from(http.body),
        connection: Some((connection, from)),
    }
}
