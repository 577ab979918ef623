//! Text that somebody else had a hand in, made safe to print.

/// The text with every control character but line feed replaced by a visible one.
///
/// What a subject sent, a foreign file holds or a user typed may contain escape sequences that would drive a terminal,
/// and characters that XML 1.0 forbids. Control characters become their pictures (`␛`), a tab becomes a space, and what
/// else XML refuses becomes `U+FFFD`; nothing is dropped, so the evidence keeps its shape.
pub fn printable(text: &str) -> String {
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
    printable(text).replace('\n', " ")
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

            prop_assert!(!clean.chars().any(|c| c.is_control() && c != '\n'));
            prop_assert_eq!(clean.chars().count(), text.chars().count());
        }
    }
}
