//! The register, and whether it tells the truth about the scenarios.

use std::path::Path;

use super::source::{did_you_mean, push_unread};
use super::{Lint, LintKind, Place, Rules};
use crate::certify::Example;
use crate::spec::{Coverage, FlowRow, Register, RegisterError, Requirement};
use crate::stage::bounded::read_yaml;
use crate::subject::broken;
use crate::wire::announcement::PROFILE_VERSION;

/// Reads the register and keeps its text; otherwise the lint has an error more.
pub(in crate::certify) fn read(path: &Path, lint: &mut Lint) -> Option<(Register, String)> {
    if !path.exists() {
        let hint = "every suite has a register; its rows are what the `@req.` tags name".to_owned();
        lint.push(Place::file(path), LintKind::NoRegister, Some(hint));
        return None;
    }
    let text = read_yaml(path).map_err(|error| push_unread(path, error, lint)).ok()?;
    let error = match Register::from_yaml(&text) {
        Ok(register) => {
            check_head(&register, &text, path, lint);
            return Some((register, text));
        }
        Err(error) => error,
    };
    let reason = error.to_string();
    let line = match &error {
        RegisterError::Malformed(message) => line_in(message),
        RegisterError::Duplicate(id) | RegisterError::NoReason(id) => lines_of(&text, id.as_str()).last(),
    };
    let place = line.map_or_else(|| Place::file(path), |line| Place::line(path, line));
    let shown = line.and_then(|line| text.lines().nth(line.checked_sub(1)?));
    let hint = shown.map(|line| format!("the line reads `{}`", line.trim()));
    lint.push(place, LintKind::BrokenRegister { reason }, hint);
    None
}

/// Checks that the register names itself, and speaks of the profile that this castproof speaks. Both stand in every
/// result, and whoever reads it believes them.
fn check_head(register: &Register, text: &str, path: &Path, lint: &mut Lint) {
    if register.set.trim().is_empty() {
        let kind = LintKind::BrokenRegister { reason: "the requirement set has no name".to_owned() };
        let hint = "name it by its month, such as `set: \"2026-11\"`".to_owned();
        lint.push(place_of_value(text, "set", path), kind, Some(hint));
    }
    if u64::from(register.profile) != PROFILE_VERSION {
        let reason =
            format!("the register speaks of profile {}, and castproof of profile {PROFILE_VERSION}", register.profile);
        let hint = format!("say `profile: {PROFILE_VERSION}`, or use the castproof that speaks the other profile");
        lint.push(place_of_value(text, "profile", path), LintKind::BrokenRegister { reason }, Some(hint));
    }
}

/// The place of the value of a key in the first column.
fn place_of_value(text: &str, key: &str, path: &Path) -> Place {
    let value = |line: &str| {
        let rest = line.strip_prefix(key)?.trim_start().strip_prefix(':')?.trim_start();
        Some(line.len() - rest.len() + 1)
    };
    let found = text.lines().enumerate().find_map(|(index, line)| Some((index + 1, value(line)?)));
    let (line, column) = found.unzip();
    Place { file: path.to_owned(), line, column }
}

/// Checks that covered rows have a scenario and planned ones have none.
///
/// Unless the examples are complete, a row may be covered by one that has an error of its own, so nothing is said.
pub(in crate::certify) fn check(
    register: &Register,
    text: &str,
    path: &Path,
    (examples, complete): (&[Example], bool),
    rules: &Rules<'_>,
    lint: &mut Lint,
) {
    for row in &register.requirements {
        let carrier = examples.iter().find(|example| example.requirements.contains(&row.id));
        let place =
            lines_of(text, row.id.as_str()).next().map_or_else(|| Place::file(path), |line| Place::line(path, line));
        match (row.coverage, carrier) {
            (Coverage::Covered, None) if complete && !rules.standing.contains(&row.id) => {
                let hint = "write the scenario, or say `coverage: planned`".to_owned();
                lint.push(place, LintKind::CoveredWithoutScenario { id: row.id.to_string() }, Some(hint));
            }
            (Coverage::Planned, Some(example)) => {
                let kind = LintKind::PlannedWithScenario { id: row.id.to_string(), slug: example.slug.clone() };
                lint.push(place, kind, Some("say `coverage: covered`".to_owned()));
            }
            // Tags on excluded and removed rows are errors at the tag.
            _ => {}
        }
    }
    for row in &register.requirements {
        check_flows(row, text, path, examples.iter().filter(|_| complete), lint);
    }
    for id in rules.standing.iter().filter(|id| register.get(id).is_none()) {
        let ids = register.requirements.iter().map(|row| row.id.as_str());
        let kind = LintKind::UnknownRequirement { id: id.to_string() };
        lint.push(Place::file(path), kind, did_you_mean(id.as_str(), ids));
    }
}

/// Checks that what the flows of a row name is there; without all examples, scenarios are not looked up.
fn check_flows<'a>(
    row: &Requirement,
    text: &str,
    path: &Path,
    examples: impl Iterator<Item = &'a Example>,
    lint: &mut Lint,
) {
    let slugs: Vec<&str> = examples
        .filter(|example| example.requirements.contains(&row.id))
        .map(|example| example.slug.as_str())
        .collect();
    let place = |entry: &str| {
        line_with(text, row.id.as_str(), entry).map_or_else(|| Place::file(path), |line| Place::line(path, line))
    };
    for flow in row.flows.values().flatten() {
        for entry in flow.by.iter().filter(|_| !slugs.is_empty()) {
            let alone = FlowRow { flow: String::new(), by: vec![entry.clone()], caught: Vec::new(), excluded: None };
            if !slugs.iter().any(|slug| alone.is_told_by(slug)) {
                let kind = LintKind::NoSuchTeller { id: row.id.to_string(), entry: entry.clone() };
                lint.push(place(entry), kind, did_you_mean(entry, slugs.iter().copied()));
            }
        }
        for name in flow.caught.iter().filter(|name| broken::deviation(name).is_none()) {
            let kind = LintKind::UnknownDeviation { id: row.id.to_string(), name: name.clone() };
            lint.push(place(name), kind, did_you_mean(name, broken::deviations().map(|deviation| deviation.name)));
        }
    }
}

/// The first line from the row with this id on that holds `entry`.
fn line_with(text: &str, id: &str, entry: &str) -> Option<usize> {
    let first = lines_of(text, id).next()?;
    text.lines().skip(first).position(|line| line.contains(entry)).map(|index| first + index + 1)
}

/// The lines of the rows with this id.
fn lines_of<'a>(text: &'a str, id: &'a str) -> impl DoubleEndedIterator<Item = usize> + 'a {
    let has_id = move |line: &str| {
        line.match_indices("id:").any(|(at, key)| {
            let value = line[at + key.len()..].trim_start().trim_start_matches(['"', '\'']);
            let rest = value.strip_prefix(id);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_'))
        })
    };
    let lines: Vec<_> = text.lines().enumerate().filter(|(_, line)| has_id(line)).map(|(index, _)| index + 1).collect();
    lines.into_iter()
}

/// The number behind the last `line` in a message of the YAML reader.
fn line_in(message: &str) -> Option<usize> {
    let (_, rest) = message.rsplit_once("line ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
