//! Heads of HTTP messages, and how they say where the body ends.

use super::conversation::Side;
use super::http::{HttpMessage, StartLine};
use super::http_parser::{BODY, HEAD};
use super::redaction::glimpse;

/// Header fields at most.
const FIELDS: usize = 64;

/// How the rest of a body is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Framing {
    /// This many octets are missing.
    Length(usize),
    ChunkSize,
    /// This many octets of the chunk are missing.
    Chunk(usize),
    /// The line end after a chunk.
    ChunkEnd,
    Trailers,
    UntilClose,
}

/// A head, how its body is framed, and the octets it took; `None` when it is not whole yet.
pub(super) fn head(from: Side, octets: &[u8]) -> Result<Option<(HttpMessage, Framing, usize)>, String> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let malformed = |error: httparse::Error| format!("a malformed head: {error}, {}", glimpse(octets));
    let (start, fields, status) = match from {
        Side::Client => {
            let mut request = httparse::Request::new(&mut fields);
            let status = request.parse(octets).map_err(malformed)?;
            let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
            let start = StartLine::Request { method: method.into(), target: target.into() };
            (start, &*request.headers, status)
        }
        Side::Server => {
            let mut response = httparse::Response::new(&mut fields);
            let status = response.parse(octets).map_err(malformed)?;
            let (code, reason) = (response.code.unwrap_or_default(), response.reason.unwrap_or_default());
            (StartLine::Response { status: code, reason: reason.into() }, &*response.headers, status)
        }
    };
    let httparse::Status::Complete(length) = status else {
        let too_long = || format!("a head of more than {HEAD} octets");
        return if octets.len() > HEAD { Err(too_long()) } else { Ok(None) };
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let fields = fields.iter().map(|field| (field.name.to_owned(), text(field.value))).collect();
    let message = HttpMessage { start, fields, body: Vec::new() };
    let framing = framing(&message)?;
    Ok(Some((message, framing, length)))
}

/// How long the body is (RFC 9112 section 6.3).
fn framing(message: &HttpMessage) -> Result<Framing, String> {
    if matches!(message.start, StartLine::Response { status: 100..=199 | 204 | 304, .. }) {
        return Ok(Framing::Length(0));
    }
    if let Some(coding) = message.field("transfer-encoding") {
        return match coding.trim().eq_ignore_ascii_case("chunked") {
            true => Ok(Framing::ChunkSize),
            false => Err(format!("transfer coding `{coding}`, only chunked is read")),
        };
    }
    let mut lengths = message.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let Some((_, first)) = lengths.next() else {
        let request = matches!(message.start, StartLine::Request { .. });
        return Ok(if request { Framing::Length(0) } else { Framing::UntilClose });
    };
    if let Some((_, other)) = lengths.find(|(_, other)| other != first) {
        return Err(format!("Content-Length `{first}` and `{other}`"));
    }
    match first.trim().parse::<usize>() {
        Ok(length) if length <= BODY => Ok(Framing::Length(length)),
        _ => Err(format!("Content-Length `{first}`, at most {BODY} octets are read")),
    }
}
