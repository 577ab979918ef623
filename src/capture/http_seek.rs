//! Where a message may begin among octets that follow a gap.

use super::conversation::Side;

/// Octets before a message that are kept while it is looked for: a method and a request target.
pub(super) const KEPT: usize = 4096;

/// The end of a request line, and the beginning of a status line.
const VERSION: &[u8] = b"HTTP/1.";

/// The methods by which a request is recognised.
const METHODS: [&[u8]; 7] = [b"POST", b"GET", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH"];

/// How many octets lie before the first start line that can be recognised; `None` when there is none yet.
///
/// Whether a message stands there, its head shows.
pub(super) fn start_line(from: Side, octets: &[u8]) -> Option<usize> {
    let mut versions = octets.windows(VERSION.len()).enumerate().filter(|(_, word)| *word == VERSION);
    match from {
        Side::Server => versions.next().map(|(at, _)| at),
        Side::Client => versions.find_map(|(at, _)| request_line(&octets[..at])),
    }
}

/// Where the request line begins whose method and target these octets end with.
fn request_line(octets: &[u8]) -> Option<usize> {
    let before = octets.strip_suffix(b" ")?;
    let before = &before[before.len().saturating_sub(KEPT)..];
    let skipped = octets.len() - 1 - before.len();
    let length = before.iter().rev().take_while(|octet| octet.is_ascii_graphic()).count();
    let method = before[..before.len() - length].strip_suffix(b" ").filter(|_| length > 0)?;
    let known = METHODS.iter().find(|known| method.ends_with(known))?;
    Some(skipped + method.len() - known.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_line_is_recognised_in_the_middle_of_octets() {
        let table: [(Side, &[u8], Option<usize>); 8] = [
            (Side::Client, b"</SyncML>POST /dm HTTP/1.1\r\n", Some(9)),
            (Side::Client, b"XPOST /dm HTTP/1.1\r\n", Some(1)),
            (Side::Client, b"a HTTP/1.1 in a text; GET /a HTTP/1.0\r\n", Some(22)),
            (Side::Client, b"POST  HTTP/1.1\r\n", None),
            (Side::Client, b"POST /dm HTT", None),
            (Side::Client, b" HTTP/1.1", None),
            (Side::Server, b"</SyncML>HTTP/1.1 200 OK\r\n", Some(9)),
            (Side::Server, b"</SyncML>HTTP/1", None),
        ];
        for (from, octets, expected) in table {
            assert_eq!(start_line(from, octets), expected, "{}", String::from_utf8_lossy(octets));
        }
    }
}
