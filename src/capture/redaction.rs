//! The one place that says what differs from run to run, and what stands in its place.

use std::fmt::Display;
use std::time::Duration;

use crate::spec::one_line;

/// Whether volatile fields are named instead of shown.
///
/// Two runs of one scenario with one seed give the same text only when times, nonces, credentials and leased ports are
/// left out; they are left out field by field, never by searching the finished text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Redaction(pub(super) bool);

impl Redaction {
    /// The value of a field that differs from run to run, or `<name>`.
    pub(super) fn field(self, name: &str, value: impl Display) -> String {
        if self.0 { format!("<{name}>") } else { value.to_string() }
    }

    /// The time of a line, in milliseconds since the first frame.
    pub(super) fn offset(self, at: Duration) -> String {
        self.field("t+ms", format_args!("{:.1}", at.as_secs_f64() * 1000.0))
    }

    /// Text that came over the wire, where it may hold a URL: ports of URLs and of socket addresses are leased.
    pub(super) fn ports_of(self, text: &str) -> String {
        if !self.0 {
            return text.to_owned();
        }
        let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        format!("{scheme}://{}{path}", self.authority(authority))
    }

    /// An address with a port.
    pub(super) fn authority(self, address: &str) -> String {
        match address.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|octet| octet.is_ascii_digit()) => {
                format!("{host}:{}", self.field("port", port))
            }
            _ => address.to_owned(),
        }
    }
}

/// A number with commas between the thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// At most `most` characters of `text`, with the length of the whole when some are left out; control characters are
/// replaced as [`one_line`] does, so that what came over the wire cannot spoil the page.
pub(super) fn shortened(text: &str, most: usize) -> String {
    // No text has more characters than octets.
    if text.len() <= most {
        return one_line(text);
    }
    match text.char_indices().nth(most) {
        None => one_line(text),
        Some((end, _)) => format!("{}… ({} octets)", one_line(&text[..end]), text.len()),
    }
}

/// The length of octets and the first of them.
pub(super) fn glimpse(octets: &[u8]) -> String {
    format!("{} octets {}", octets.len(), first_octets(octets))
}

/// The first octets, in hexadecimal.
pub(super) fn first_octets(octets: &[u8]) -> String {
    const SHOWN: usize = 12;
    let first: String = octets.iter().take(SHOWN).map(|octet| format!("{octet:02x}")).collect();
    let more = if octets.len() > SHOWN { "…" } else { "" };
    format!("{first}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ports_of_urls_are_left_out() {
        let redaction = Redaction(true);

        assert_eq!(redaction.ports_of("http://127.0.0.1:8080/dm"), "http://127.0.0.1:<port>/dm");
        assert_eq!(redaction.ports_of("http://sp.example/a:1"), "http://sp.example/a:1");
        assert_eq!(redaction.ports_of("urn:imei:123"), "urn:imei:123");
        assert_eq!(redaction.authority("[::1]:9"), "[::1]:<port>");
        assert_eq!(Redaction(false).ports_of("http://127.0.0.1:8080/dm"), "http://127.0.0.1:8080/dm");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 812, 9600, 1_234_567].map(grouped), ["0", "812", "9,600", "1,234,567"]);
    }

    #[test]
    fn long_and_unprintable_text_is_tamed() {
        assert_eq!(shortened("a\nb\u{1b}", 5), "a b␛");
        assert_eq!(shortened("äöüß", 2), "äö… (8 octets)");
    }
}
