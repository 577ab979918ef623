//! `expected_failures.yaml`, read strictly.

use std::collections::BTreeSet;
use std::path::Path;

use serde_yaml::Value;

use super::strict::{Strict, StrictError, Wrong};
use crate::findings::ExpectedFailure;

/// The fields of an entry.
const FIELDS: [&str; 6] = ["scenario", "check", "reason", "issue", "owner", "expiry"];

/// The JSON Schema of `expected_failures.yaml`, as `reports/expected-failures.schema.json` holds it.
pub fn expected_failures_schema() -> serde_json::Value {
    schemars::schema_for!(Vec<ExpectedFailure>).to_value()
}

/// Reads a list of expected failures; an empty file is an empty list.
///
/// # Errors
/// [`StrictError`] for unknown, missing and empty fields, a day that is none, and an entry that stands twice.
pub fn expected_failures(path: &Path) -> Result<Vec<ExpectedFailure>, StrictError> {
    let file = Strict::read(path)?;
    let entries = match file.value()? {
        Value::Null => return Ok(Vec::new()),
        Value::Sequence(entries) => entries,
        _ => {
            return Err(
                file.wrong(Wrong::Form("expected failures are a list of entries, such as `- scenario: ...`".into()))
            );
        }
    };
    let lines = file.entries();
    let line = |number: usize| if lines.len() == entries.len() { lines[number] } else { 0 };
    for (number, entry) in entries.iter().enumerate() {
        if let Value::Mapping(mapping) = entry {
            file.check_fields(mapping, &FIELDS, line(number))?;
        }
    }
    let list: Vec<ExpectedFailure> = file.typed()?;
    let mut seen = BTreeSet::new();
    for (number, entry) in list.iter().enumerate() {
        let wrong = |field: &str, reason: String| Err(file.wrong_at(field, line(number), Wrong::Form(reason)));
        let ExpectedFailure { scenario, check, reason, issue, owner, expiry } = entry;
        for (field, text) in FIELDS.into_iter().zip([scenario, check, reason, issue, owner, expiry]) {
            if text.trim().is_empty() {
                return wrong(field, format!("`{field}` is empty"));
            }
        }
        if !is_day(expiry) {
            return wrong("expiry", format!("`{expiry}` is no day such as 2027-03-31"));
        }
        if !seen.insert((scenario, check, reason)) {
            return wrong("scenario", format!("`{scenario}` stands twice with check `{check}` and the same reason"));
        }
    }
    Ok(list)
}

/// Whether a text is a day of the calendar, in the one form whose order is that of time.
fn is_day(text: &str) -> bool {
    text.len() == 10 && humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::chain;

    const ENTRY: &str = "- scenario: a--b\n  check: report.one\n  reason: no report\n  issue: ACME-1\n  owner: ann\n  expiry: 2027-03-31\n";

    fn read(text: &str) -> Result<Vec<ExpectedFailure>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.yaml");
        std::fs::write(&path, text).unwrap();
        expected_failures(&path).map_err(|error| {
            let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            chain(&error).replace(&format!("{}/", folder.path().display()), "") + &hint
        })
    }

    #[test]
    fn an_empty_file_is_an_empty_list() {
        assert_eq!(read("# nothing yet\n"), Ok(Vec::new()));
        assert_eq!(read("[]\n"), Ok(Vec::new()));
        assert_eq!(read(ENTRY).unwrap()[0].expiry, "2027-03-31");
    }

    #[test]
    fn what_is_wrong_is_told_with_the_line_of_its_entry() {
        let second =
            |from: &str, to: &str| format!("{ENTRY}{}", ENTRY.replace("no report", "late").replacen(from, to, 1));
        let table = [
            ("scenario: a\n".to_owned(), "e.yaml: expected failures are a list of entries"),
            (second("owner", "ownr"), "e.yaml:11: unknown field `ownr` (did you mean `owner`?)"),
            (second("2027-03-31", "2027-02-30"), "e.yaml:12: `2027-02-30` is no day such as 2027-03-31"),
            (second("2027-03-31", "next year"), "e.yaml:12: `next year` is no day"),
            (second("ACME-1", "' '"), "e.yaml:10: `issue` is empty"),
            (second("  owner: ann\n", ""), "missing field `owner`"),
            (second("late", "no report"), "e.yaml:7: `a--b` stands twice with check `report.one` and the same reason"),
            ("- a\n".to_owned(), "e.yaml:1: .[0]: invalid type"),
        ];

        for (text, words) in table {
            let message = read(&text).unwrap_err();
            assert!(message.contains(words), "{words}: {message}");
        }
    }
}
