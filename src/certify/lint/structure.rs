//! The shape of features and scenarios.

use cucumber::gherkin::{Background, Examples, Feature, LineCol, Rule, Scenario, Step, StepType, Table};

use super::source::{SECTION_KEYWORDS, SPLIT, STEP_KEYWORDS, keyword_hint, near_keyword};
use crate::certify::Suite;

use super::{Lint, LintKind, Source, sentence};

/// What a step takes beside its text, roughly, in octets.
const STEP_OVERHEAD: usize = 256;

/// English words within two edits of `Given`, `When` or `Then` that begin sentences.
const ORDINARY: [&str; 22] = [
    "been", "even", "gives", "give", "here", "open", "other", "seen", "seven", "than", "that", "their", "them",
    "theme", "there", "these", "they", "this", "what", "where", "whom", "women",
];

/// Checks the shape of a feature that is not expanded yet.
pub(in crate::certify) fn check(feature: &Feature, source: &Source, lint: &mut Lint) {
    if feature.scenarios.is_empty() && feature.rules.iter().all(|rule| rule.scenarios.is_empty()) {
        lint.push(source.place(feature.position), LintKind::NoScenarios, None);
    }
    prose(feature.description.as_deref(), feature.position, source, lint);
    for Rule { description, position, .. } in &feature.rules {
        prose(description.as_deref(), *position, source, lint);
    }
    let rules = || feature.rules.iter();
    for background in feature.background.iter().chain(rules().filter_map(|rule| rule.background.as_ref())) {
        check_background(background, source, lint);
    }
    for scenario in feature.scenarios.iter().chain(rules().flat_map(|rule| &rule.scenarios)) {
        check_scenario(scenario, source, lint);
    }
}

/// Whether the outlines of a feature stay within [`Suite::MAX_EXPANDED`] once their rows are filled in; otherwise the
/// lint has an error more. A file within its bounds could ask for gigabytes.
pub(in crate::certify) fn expands_within(feature: &Feature, source: &Source, lint: &mut Lint) -> bool {
    let scenarios = feature.scenarios.iter().chain(feature.rules.iter().flat_map(|rule| &rule.scenarios));
    let mut left = Suite::MAX_EXPANDED;
    for scenario in scenarios.filter(|scenario| !scenario.examples.is_empty()) {
        let Some(rest) = left.checked_sub(expanded(scenario)) else {
            let kind =
                LintKind::TooMuch { what: "octets in outlines with their rows filled in", max: Suite::MAX_EXPANDED };
            lint.push(source.step_place(scenario.position), kind, Some(SPLIT.to_owned()));
            return false;
        };
        left = rest;
    }
    true
}

/// How many octets an outline has at most with its rows filled in, what a step takes beside its text included.
fn expanded(scenario: &Scenario) -> u64 {
    let tables = || scenario.examples.iter().filter_map(|examples| examples.table.as_ref());
    let rows = tables().map(|table| table.rows.len() as u64).fold(0, u64::saturating_add);
    let longest = tables().flat_map(|table| table.rows.iter().flatten()).map(String::len).max().unwrap_or_default();
    let texts = scenario.steps.iter().map(|step| &step.value).chain([&scenario.name]);
    let of = |text: &String| {
        let placeholders = text.matches('<').count() as u64;
        (placeholders * longest as u64).saturating_add((text.len() + STEP_OVERHEAD) as u64)
    };
    texts.map(of).fold(0, u64::saturating_add).saturating_mul(rows)
}

/// Features and rules are described in prose, in which a forgotten or misspelt section hides.
fn prose(description: Option<&str>, above: LineCol, source: &Source, lint: &mut Lint) {
    for line in description.unwrap_or_default().lines().map(str::trim) {
        let first = line.split_whitespace().next().unwrap_or_default();
        let section = line.split_once(':').and_then(|(head, _)| near_keyword(head, SECTION_KEYWORDS));
        let is_step = first == "*" || STEP_KEYWORDS.contains(&first);
        let ordinary = ORDINARY.contains(&first.to_lowercase().as_str());
        let resembles = first.len() >= 4 && first.starts_with(char::is_uppercase) && !ordinary;
        if section.is_some() || is_step || resembles && near_keyword(first, ["Given", "When", "Then"]).is_some() {
            let hint =
                keyword_hint(line).unwrap_or_else(|| "is `Background:` or `Scenario:` missing above it?".to_owned());
            lint.push(source.text_place(above, line), LintKind::Swallowed { text: line.to_owned() }, Some(hint));
        }
    }
}

/// Scenarios, backgrounds and Examples have no description: a misspelt first step would become one and never run.
fn no_description(description: Option<&str>, above: LineCol, source: &Source, lint: &mut Lint) {
    for line in description.unwrap_or_default().lines().map(str::trim) {
        let hint = keyword_hint(line).unwrap_or_else(|| "begin a remark with `#`".to_owned());
        lint.push(source.text_place(above, line), LintKind::Swallowed { text: line.to_owned() }, Some(hint));
    }
}

/// No sentence reads a table or a doc string, so what stands there would be believed and not tested.
fn takes_none(step: &Step, source: &Source, lint: &mut Lint) {
    let mut refuse = |what: &'static str, signs: &[&str]| {
        let place = source.place_below(step.position, signs);
        let kind = LintKind::TakesNone { what, sentence: sentence(step) };
        let hint = "say it in the sentence, or take it out; a remark begins with `#`   (castproof phrases)";
        lint.push(place, kind, Some(hint.to_owned()));
    };
    if step.table.is_some() {
        refuse("table", &["|"]);
    }
    if step.docstring.is_some() {
        refuse("doc string", &["\"\"\"", "```"]);
    }
}

fn check_background(background: &Background, source: &Source, lint: &mut Lint) {
    no_description(background.description.as_deref(), background.position, source, lint);
    for step in &background.steps {
        takes_none(step, source, lint);
        if step.ty != StepType::Given {
            let kind = LintKind::NotGiven { sentence: sentence(step) };
            lint.push(
                source.step_place(step.position),
                kind,
                Some("state it as a Given, or move it to the scenarios".to_owned()),
            );
        }
    }
}

fn check_scenario(scenario: &Scenario, source: &Source, lint: &mut Lint) {
    let place = || source.step_place(scenario.position);
    if scenario.name.trim().is_empty() {
        lint.push(place(), LintKind::NoTitle, None);
    }
    no_description(scenario.description.as_deref(), scenario.position, source, lint);
    let is_outline = matches!(scenario.keyword.as_str(), "Scenario Outline" | "Scenario Template");
    if is_outline && scenario.examples.is_empty() {
        lint.push(
            place(),
            LintKind::NoExamples,
            Some("it would run once, with `<placeholders>` in its steps".to_owned()),
        );
    }
    for examples in &scenario.examples {
        check_examples(examples, source, lint);
    }
    check_steps(scenario, source, lint);
}

fn check_steps(scenario: &Scenario, source: &Source, lint: &mut Lint) {
    let place = source.step_place(scenario.position);
    if scenario.steps.is_empty() {
        lint.push(place, LintKind::NoSteps, None);
        return;
    }
    let of = |ty: StepType| scenario.steps.iter().filter(move |step| step.ty == ty);
    if of(StepType::When).next().is_none() {
        lint.push(place.clone(), LintKind::NoWhen, None);
    }
    if of(StepType::Then).next().is_none() {
        lint.push(place, LintKind::NoThen, None);
    }
    let second: Option<&Step> = of(StepType::When).nth(1);
    if let Some(step) = second {
        let hint = "split the scenario, or state what went before as a Given".to_owned();
        lint.push(source.step_place(step.position), LintKind::SecondWhen { sentence: sentence(step) }, Some(hint));
    }
    let mut latest = rank(StepType::Given);
    for step in &scenario.steps {
        takes_none(step, source, lint);
        // A second When has its error already.
        if rank(step.ty) < latest && second != Some(step) {
            lint.push(source.step_place(step.position), LintKind::OutOfOrder { sentence: sentence(step) }, None);
        }
        latest = latest.max(rank(step.ty));
    }
}

fn rank(ty: StepType) -> u8 {
    match ty {
        StepType::Given => 0,
        StepType::When => 1,
        StepType::Then => 2,
    }
}

fn check_examples(examples: &Examples, source: &Source, lint: &mut Lint) {
    no_description(examples.description.as_deref(), examples.position, source, lint);
    let place = source.step_place(examples.position);
    let Some(table) = examples.table.as_ref().filter(|table| table.rows.len() > 1) else {
        lint.push(place, LintKind::NoRows, Some("cucumber drops such an outline without a word".to_owned()));
        return;
    };
    check_table(table, source, lint);
    // Cucumber counts a row's line from the keyword, whatever stands between them.
    let rows = (1..=table.rows.len()).map(|row| examples.position.line + row);
    if rows.into_iter().any(|line| !source.line(line).trim_start().starts_with('|')) {
        lint.push(place, LintKind::Gap, Some("keep the table right below its keyword, without gaps".to_owned()));
    }
}

/// The parser cuts a row to the length of its heading, so the text is counted.
fn check_table(table: &Table, source: &Source, lint: &mut Lint) {
    let rows = source.numbered().skip(table.position.line.saturating_sub(1)).map(|(line, text)| (line, text.trim()));
    let rows = rows.filter(|(_, text)| text.starts_with('|')).take(table.rows.len());
    let expected = table.row_width();
    for (line, text) in rows {
        let found = cells(text);
        if found > expected {
            let place = source.place(LineCol { line, col: 1 });
            lint.push(
                place,
                LintKind::RowLength { found, expected },
                Some("write `\\|` for a bar within a cell".to_owned()),
            );
        }
    }
}

/// The cells between the bars of a row; a bar behind a backslash belongs to a cell.
fn cells(row: &str) -> usize {
    let (mut bars, mut escaped) = (0usize, false);
    for c in row.chars() {
        match c {
            '|' if !escaped => bars += 1,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    bars.saturating_sub(1)
}
