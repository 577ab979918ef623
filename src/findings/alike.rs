//! Scenarios that are not green for one and the same reason, told once for people.
//!
//! An adapter that lacks one thing leaves hundreds of scenarios alike. The machine-readable results list each of them.

use std::collections::BTreeMap;

use super::text::one_line;
use super::words::Block;
use super::{CheckResult, Colour, ScenarioFindings, Verdict, failure_words};
use crate::spec::Register;

/// How many scenarios have one reason before they are told together.
const FEWEST: usize = 4;

/// All of these scenarios in words: each like [`failure_words`], but of those that have one reason the first one in full, and the
/// rest by their places. Each failure is told in full. Blocks begin with a line feed.
pub fn failures_words<'a>(
    scenarios: impl IntoIterator<Item = &'a ScenarioFindings>,
    register: &Register,
    colour: Colour,
) -> String {
    let mut groups: Vec<Vec<&ScenarioFindings>> = Vec::new();
    let mut group_of = BTreeMap::new();
    for scenario in scenarios {
        let group = *group_of.entry(Reason::of(scenario)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(scenario);
    }
    let mut text = String::new();
    for group in groups {
        let is_told_once = group.len() >= FEWEST && group[0].verdict != Verdict::Fail;
        let (told, alike) = group.split_at(if is_told_once { 1 } else { group.len() });
        for scenario in told {
            text.push('\n');
            text.push_str(&failure_words(scenario, register, colour));
        }
        if !alike.is_empty() {
            text.push_str(&alike_words(alike));
        }
    }
    text
}

/// What scenarios have in common that are told together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Reason<'a> {
    verdict: Verdict,
    /// The check that decided, what it saw, and what it would have accepted.
    check: Option<[&'a str; 3]>,
    faults: &'a [String],
    first_try: &'a [String],
}

impl<'a> Reason<'a> {
    fn of(scenario: &'a ScenarioFindings) -> Self {
        let words = |check: &'a CheckResult| [check.check.as_str(), &check.observed, &check.accepted];
        let check = scenario.deciding_check().map(words);
        Self { verdict: scenario.verdict, check, faults: &scenario.faults, first_try: &scenario.first_try }
    }
}

/// `alike  22 more` and their lines, a row for each feature.
fn alike_words(alike: &[&ScenarioFindings]) -> String {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for scenario in alike {
        places.entry(&scenario.feature).or_default().push(scenario.line.to_string());
    }
    let mut rows = vec![format!("{} more scenarios, for the same reason", alike.len())];
    rows.extend(places.into_iter().map(|(feature, lines)| format!("{}:{}", one_line(feature), lines.join(", "))));
    let mut block = Block::default();
    block.row("alike", rows);
    block.text
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::register;
    use super::super::scenario::tests::{check, scenario};
    use super::*;

    /// Scenarios on these lines with one check of this verdict each.
    fn found(lines: std::ops::Range<usize>, verdict: Verdict) -> Vec<ScenarioFindings> {
        let one = |line| {
            let found = scenario(&format!("on-{line}"), "FU-1", vec![check("report.absent", "FU-1", verdict)]);
            ScenarioFindings { line, ..found }
        };
        lines.map(one).collect()
    }

    fn words(scenarios: &[ScenarioFindings]) -> String {
        failures_words(scenarios, &register(&[]), Colour::Never)
    }

    #[test]
    fn scenarios_with_one_reason_are_told_once_and_all_are_named() {
        let mut scenarios = found(10..15, Verdict::Inconclusive);
        scenarios[4].feature = "selective_care/care".to_owned();

        let text = words(&scenarios);

        assert_eq!(text.matches("  observed ").count(), 1, "{text}");
        let rows = "\
  alike        4 more scenarios, for the same reason
               firmware_update/only_failures_answer:11, 12, 13
               selective_care/care:14
";
        assert!(text.ends_with(rows), "{text}");
    }

    #[test]
    fn failures_and_what_has_a_reason_of_its_own_are_told_one_by_one() {
        let mut scenarios = found(10..15, Verdict::Fail);
        scenarios.extend(found(20..25, Verdict::Inconclusive));
        scenarios[7].checks[0].observed = "something else".to_owned();
        scenarios[6].checks[0].accepted = "something else".to_owned();
        scenarios[8].faults.push("a fault of its own".to_owned());

        let text = words(&scenarios);

        assert_eq!(text.matches("  observed ").count(), 10, "{text}");
        assert!(!text.contains("alike"), "{text}");
    }
}
