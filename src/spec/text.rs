//! Text that somebody else had a hand in, made safe to print.

/// The text with every control character but line feed replaced by a visible one.
///
/// What a subject sent, a foreign file holds or a user typed may contain escape sequences that would drive a terminal,
/// and characters that XML 1.0 forbids. Control characters become their pictures (`␛`), a tab becomes a space, and what
/// else XML refuses becomes `U+FFFD`; nothing is dropped, so the evidence keeps its shape.
pub fn printable(text: &str) -> String {
    // Nearly all texts are as they should be, and are looked at once.
    if text.chars().all(|c| c == '\n' || is_harmless(c)) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            '\n' => c,
            '\t' => ' ',
            '\u{00}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
            // Bidirectional overrides reorder what stands around them, and so the reader's evidence.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
            _ => c,
        })
        .collect()
}

/// As [`printable`], on one line: a line feed becomes a space.
pub fn one_line(text: &str) -> String {
    if is_one_line(text) {
        return text.to_owned();
    }
    printable(text).replace('\n', " ")
}

/// As [`one_line`], of a text that may be kept as it is.
pub(crate) fn into_one_line(text: String) -> String {
    if is_one_line(&text) { text } else { one_line(&text) }
}

/// Whether a text may be printed as it is, on one line. Most are plain, which is quickly seen.
fn is_one_line(text: &str) -> bool {
    // All are looked at whatever is found, many at a time.
    text.bytes().fold(true, |plain, octet| plain & matches!(octet, b' '..=b'~')) || text.chars().all(is_harmless)
}

/// Whether a character may be printed within a line.
fn is_harmless(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2029}' | '\u{202f}'..='\u{2065}' | '\u{206a}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escape_sequence_becomes_visible() {
        assert_eq!(printable("a\u{1b}[31mred\u{7}"), "a␛[31mred␇");
        assert_eq!(one_line("a\nb\tc"), "a b c");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            let clean = printable(&text);

            prop_assert!(clean.chars().all(|c| c == '\n' || is_harmless(c)));
            prop_assert_eq!(&into_one_line(text.clone()), &one_line(&text));
            prop_assert_eq!(one_line(&clean), clean.replace('\n', " "));
            prop_assert!(!clean.chars().any(|c| c.is_control() && c != '\n'));
            prop_assert_eq!(clean.chars().count(), text.chars().count());
        }
    }
}
