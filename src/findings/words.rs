//! Findings in words, for a terminal: one scenario that is not green, and the closing summary.

use std::fmt::Write;

use super::text::one_line;
use super::{
    CheckResult, ExitCode, ExpectationState, Extent, RequirementFindings, RequirementState, RunFindings,
    ScenarioFindings, Verdict,
};
use crate::spec::{Register, RequirementId};

/// Columns of words that go to a file or a pipe.
pub const PAGE: usize = 100;

/// How many of the slowest scenarios the summary names.
const SLOWEST: usize = 10;

/// Whether words carry ANSI colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// With escape sequences; for a terminal.
    Always,
    /// Plain text; for files and pipes.
    Never,
}

impl Colour {
    /// The text in the colour that stands for a verdict.
    pub fn paint(self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Pass => 32,
            Verdict::Fail => 31,
            Verdict::NotApplicable | Verdict::Pending => 36,
            _ => 33,
        };
        match self {
            Self::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Never => text.to_owned(),
        }
    }
}

/// A scenario that is not green: what was asked, seen and accepted, and how to repeat it.
///
/// The register adds the source of each requirement. Ends with a line feed.
pub fn failure_words(scenario: &ScenarioFindings, register: &Register, colour: Colour) -> String {
    let mark = colour.paint(scenario.verdict, &scenario.verdict.mark().to_string());
    let place = format!("{}:{}", one_line(&scenario.feature), scenario.line);
    let mut block = Block { text: format!("{mark} {place}  {}\n", one_line(&scenario.title)) };
    if scenario.verdict != Verdict::Fail {
        block.row("verdict", [scenario.verdict.words()]);
    }
    match scenario.deciding_check() {
        Some(check) => {
            let ids = if check.requirements.is_empty() { &scenario.requirements } else { &check.requirements };
            block.row("requirement", [format!("{}, check {}", sources(ids, register), check.check)]);
            block.row("observed", [format!("{}{}", check.observed, moment(check))]);
            block.row("accepted", check.accepted.lines());
        }
        None => {
            block.row("requirement", [sources(&scenario.requirements, register)]);
            if scenario.faults.is_empty() {
                block.row("reason", scenario.reason());
            }
        }
    }
    block.row("fault", &scenario.faults);
    block.row("first try", &scenario.first_try);
    block.row("traffic", &scenario.traffic);
    block.row("capture", &scenario.capture);
    block.row("repeat", [&scenario.repeat]);
    block.text
}

/// The closing summary: every requirement, the slowest scenarios, what has no scenario yet, and the result.
///
/// Requirements that were not selected are only counted. The list of what is not covered is wrapped at `width` columns;
/// [`PAGE`] where there is no terminal. `not_run` is how many scenarios were chosen and never run, for want of time. Ends
/// with a line feed.
pub fn summary_words(run: &RunFindings, not_run: usize, colour: Colour, width: usize) -> String {
    let mut text = run.adapter.as_ref().map(|adapter| format!("{}\n", adapter.words())).unwrap_or_default();
    text.push_str("requirements\n");
    for row in &run.requirements {
        if !matches!(row.state, RequirementState::NotYetCovered | RequirementState::NotSelected) {
            text.push_str(&requirement_line(row, run, colour));
        }
    }
    let not_selected = ids_in(run, &RequirementState::NotSelected).len();
    if not_selected > 0 {
        let of_other_role = if run.adapter.is_some() { ", or of the other role alone" } else { "" };
        line(&mut text, format_args!("  {not_selected} not selected{of_other_role}"));
    }
    let mut slowest: Vec<_> = run.scenarios.iter().collect();
    slowest.sort_by(|a, b| b.duration_ms.total_cmp(&a.duration_ms));
    if !slowest.is_empty() {
        text.push_str("\nslowest\n");
        for scenario in slowest.iter().take(SLOWEST) {
            line(&mut text, format_args!("  {:>8.3} s  {}", scenario.duration_ms / 1000.0, one_line(&scenario.slug)));
        }
    }
    if !run.expectations.is_empty() {
        text.push_str("\nexpected failures\n");
        for one in &run.expectations {
            let verdict = match one.state {
                ExpectationState::AsExpected => Verdict::NotApplicable,
                ExpectationState::NotJudged => Verdict::Inconclusive,
                _ => Verdict::Fail,
            };
            let mark = colour.paint(verdict, &verdict.mark().to_string());
            line(&mut text, format_args!("  {mark} {}", one_line(&one.line())));
        }
    }
    let planned = ids_in(run, &RequirementState::NotYetCovered);
    if !planned.is_empty() {
        line(&mut text, format_args!("\n{}", wrapped("not yet covered  ", &planned, width)));
    }
    line(&mut text, format_args!("\n{}", result_line(run, not_run, colour)));
    text
}

/// `220 examples in 6.8 s · 219 pass · 1 fail · 27 of 29 requirements conformant, 2 not · NOT CONFORMANT`.
fn result_line(run: &RunFindings, not_run: usize, colour: Colour) -> String {
    let mut parts = vec![format!("{} in {:.1} s", counted(run.scenarios.len(), "example"), run.duration_ms / 1000.0)];
    let worst_first = Verdict::ALL.into_iter().skip(1).rev();
    for verdict in std::iter::once(Verdict::Pass).chain(worst_first) {
        match run.count(verdict) {
            0 => {}
            count => parts.push(colour.paint(verdict, &format!("{count} {verdict}"))),
        }
    }
    let again = run.scenarios.iter().filter(|found| !found.first_try.is_empty()).count();
    if again > 0 {
        parts.push(format!("{again} at the second try"));
    }
    let excused = run.scenarios.iter().filter(|found| run.is_excused(found)).count();
    if excused > 0 {
        parts.push(format!("{excused} as expected"));
    }
    if not_run > 0 {
        parts.push(format!("{not_run} not run"));
    }
    let count = |state| ids_in(run, &state).len();
    let (met, not) = (count(RequirementState::Conformant), count(RequirementState::NotConformant));
    let (open, planned) = (count(RequirementState::Inconclusive), count(RequirementState::NotYetCovered));
    let all = met + not + open + planned;
    let mut requirements = format!("{met} of {} conformant", counted(all, "requirement"));
    for (count, words) in [(not, "not"), (open, "inconclusive"), (planned, "not yet covered")] {
        if count > 0 {
            let _ = write!(requirements, ", {count} {words}");
        }
    }
    parts.push(requirements);
    let (verdict, word) = match ExitCode::of(run) {
        ExitCode::Conformant if run.selection_passed() => (Verdict::Pass, "SELECTION PASSED"),
        ExitCode::Conformant if run.fails_as_expected() => (Verdict::NotApplicable, "FAILS AS EXPECTED"),
        ExitCode::Conformant => (Verdict::Pass, "CONFORMANT"),
        ExitCode::StaleExpectation => (Verdict::Fail, "STALE EXPECTATION"),
        ExitCode::NotConformant => (Verdict::Fail, "NOT CONFORMANT"),
        _ if run.adapter.as_ref().is_some_and(super::AdapterFindings::is_contradicted) => {
            (Verdict::AdapterContradicted, "ADAPTER CONTRADICTED")
        }
        ExitCode::NothingSelected if not_run == 0 => (Verdict::Inconclusive, "NOTHING SELECTED"),
        _ if run.extent == Extent::Partial => (Verdict::Inconclusive, "PARTIAL"),
        _ => (Verdict::Inconclusive, "INCONCLUSIVE"),
    };
    parts.push(colour.paint(verdict, word));
    parts.join(" · ")
}

fn requirement_line(row: &RequirementFindings, run: &RunFindings, colour: Colour) -> String {
    let (verdict, note) = match &row.state {
        RequirementState::Conformant => (Verdict::Pass, None),
        RequirementState::NotConformant => (Verdict::Fail, None),
        RequirementState::Excluded(reason) => (Verdict::NotApplicable, Some(reason)),
        RequirementState::NotApplicable | RequirementState::NotYetCovered | RequirementState::NotSelected => {
            (Verdict::NotApplicable, None)
        }
        RequirementState::Inconclusive => (Verdict::Inconclusive, None),
    };
    let says = |slug: &String| run.scenarios.iter().find(|found| found.slug == *slug)?.verdict_for(&row.id);
    let verdicts: Vec<_> = row.scenarios.iter().filter_map(says).collect();
    // Rules that hold of any traffic were looked at in every recording, and no scenario is about them.
    let is_of_all_traffic = verdicts.is_empty() && verdict == Verdict::Pass;
    let mut note = match note {
        Some(reason) => one_line(reason),
        None if is_of_all_traffic => "on all traffic".to_owned(),
        None => counted(verdicts.len(), "scenario"),
    };
    for verdict in Verdict::ALL.into_iter().skip(1).rev() {
        match verdicts.iter().filter(|found| **found == verdict).count() {
            0 => {}
            count => {
                let _ = write!(note, ", {count} {verdict}");
            }
        }
    }
    let mark = colour.paint(verdict, &verdict.mark().to_string());
    let level = match row.level {
        crate::spec::Level::Must => "must",
        crate::spec::Level::Should => "should",
        crate::spec::Level::May => "may",
    };
    let text = format!("  {mark} {:<10}  {level:<6}  {:<14}  {note}", one_line(row.id.as_str()), row.state.words());
    format!("{}\n", text.trim_end())
}

fn ids_in<'a>(run: &'a RunFindings, state: &RequirementState) -> Vec<&'a str> {
    run.requirements.iter().filter(|row| row.state == *state).map(|row| row.id.as_str()).collect()
}

/// The ids behind a label, with commas, in rows of at most `width` columns; later rows begin below the first id.
fn wrapped(label: &str, ids: &[&str], width: usize) -> String {
    let indent = label.chars().count();
    let (mut text, mut used) = (label.to_owned(), indent);
    for (n, id) in ids.iter().enumerate() {
        let comma = if n + 1 < ids.len() { "," } else { "" };
        let word = one_line(id) + comma;
        let length = word.chars().count();
        if n > 0 && used + 1 + length > width {
            text.push_str(&format!("\n{:indent$}", ""));
            used = indent;
        } else if n > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(&word);
        used += length;
    }
    text
}

/// The ids with their sources: `FU-AF-1 (1.6-1), FU-AF-2 (1.6-1)`.
fn sources(ids: &[RequirementId], register: &Register) -> String {
    let named = ids.iter().map(|id| match register.get(id) {
        Some(row) => format!("{id} ({})", row.source),
        None => id.to_string(),
    });
    named.collect::<Vec<_>>().join(", ")
}

/// The packet and the time that decided, as a suffix.
fn moment(check: &CheckResult) -> String {
    let packet = check.packet.map(|packet| format!("packet {packet}"));
    let time = check.at_ms.map(|at| format!("{:+.3} s", at / 1000.0));
    let parts: Vec<_> = packet.into_iter().chain(time).collect();
    if parts.is_empty() { String::new() } else { format!("   ({})", parts.join(", ")) }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

/// Rows of a label and its lines, aligned; a row without lines is left out.
#[derive(Default)]
pub(super) struct Block {
    pub(super) text: String,
}

impl Block {
    pub(super) fn row<T: AsRef<str>>(&mut self, label: &str, lines: impl IntoIterator<Item = T>) {
        let lines = lines.into_iter().flat_map(|text| text.as_ref().lines().map(one_line).collect::<Vec<_>>());
        for (n, text) in lines.enumerate() {
            let label = if n == 0 { label } else { "" };
            line(&mut self.text, format_args!("  {label:<11}  {text}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::{facts, register};
    use super::super::scenario::tests::{check, scenario};
    use super::*;

    fn failing() -> ScenarioFindings {
        let mut found = scenario("verify", "FU-AF-1", vec![check("report.result", "FU-AF-1", Verdict::Fail)]);
        found.traffic.insert(0, "+0.377 provider → air      FLUTE close session TSI 7".to_owned());
        found
    }

    #[test]
    fn a_failure_reads_as_the_terminal_shows_it() {
        let words = failure_words(&failing(), &register(&[("FU-AF-1", "covered")]), Colour::Never);

        assert_eq!(
            words,
            "\
✘ firmware_update/only_failures_answer:31  Title of verify
  requirement  FU-AF-1 (1.6-1), check report.result
  observed     report.result saw this   (packet 143, +0.412 s)
  accepted     that
  traffic      +0.377 provider → air      FLUTE close session TSI 7
               +0.412 D10      → provider DM #1  Alert 1201
  capture      captures/verify.pcapng
  repeat       castproof certify --scenario verify --seed 7319
"
        );
    }

    #[test]
    fn a_fault_is_told_as_a_fault() {
        let mut found = scenario("a", "FU-AF-1", Vec::new());
        found.faults.push("no answer from the relay".to_owned());
        found.verdict = Verdict::HarnessFault;

        let words = failure_words(&found, &register(&[]), Colour::Never);

        assert!(words.starts_with("! "), "{words}");
        assert!(words.contains("  verdict      harness fault\n  requirement  FU-AF-1\n"), "{words}");
        assert!(words.contains("  fault        no answer from the relay\n"), "{words}");
    }

    #[test]
    fn what_a_subject_sent_cannot_drive_the_terminal() {
        let mut found = failing();
        found.checks[0].observed = "a\u{1b}]0;title\u{7}".to_owned();
        found.traffic = vec!["\u{1b}[2J".to_owned()];

        let words = failure_words(&found, &register(&[]), Colour::Never);

        assert!(!words.contains('\u{1b}') && !words.contains('\u{7}'), "{words:?}");
    }

    #[test]
    fn the_summary_names_requirements_slow_scenarios_and_the_result() {
        let register = register(&[("FU-1", "covered"), ("FU-2", "covered"), ("FU-3", "planned"), ("FU-4", "excluded")]);
        let mut slow = scenario("slow", "FU-1", vec![check("c", "FU-1", Verdict::Pass)]);
        slow.duration_ms = 812.0;
        let failed = scenario("failed", "FU-2", vec![check("c", "FU-2", Verdict::Fail)]);
        let run = RunFindings::new(facts(), &register, vec![failed, slow]);

        let words = summary_words(&run, 0, Colour::Never, PAGE);

        assert_eq!(
            words,
            "\
requirements
  ✔ FU-1        must    conformant      1 scenario
  ✘ FU-2        must    not conformant  1 scenario, 1 fail
  ○ FU-4        must    excluded        because

slowest
     0.812 s  slow
     0.031 s  failed

not yet covered  FU-3

2 examples in 6.8 s · 1 pass · 1 fail · 1 of 3 requirements conformant, 1 not, 1 not yet covered · NOT CONFORMANT
"
        );
    }

    #[test]
    fn each_expected_failure_has_a_line_and_the_last_word_is_honest() {
        use super::super::Expectation;
        use super::super::expectation::tests::entry;
        let register = register(&[("R", "covered")]);
        let found = vec![scenario("a", "R", vec![check("c", "R", Verdict::Fail)])];
        let run = RunFindings::new(facts(), &register, found);
        let with = |reason: &str| {
            let list = [entry("a", reason, "2027-01-01")];
            let judged = Expectation::judge_all(&list, &run.scenarios, |_| true, "2026-12-01");
            summary_words(&run.clone().with_expectations(judged), 0, Colour::Never, PAGE)
        };

        let (met, stale) = (with("saw this"), with("saw that"));

        let words =
            "  ○ a, c: fails as expected: c: observed c saw this, accepted that (ACME-1, ann, until 2027-01-01)\n";
        assert!(met.contains(words), "{met}");
        assert!(met.contains("· 1 fail · 1 as expected ·") && met.ends_with("· FAILS AS EXPECTED\n"), "{met}");
        assert!(stale.contains("  ✘ a, c: fails otherwise: "), "{stale}");
        assert!(stale.ends_with("· STALE EXPECTATION\n"), "{stale}");
    }

    #[test]
    fn the_summary_names_at_most_ten_slow_scenarios() {
        let scenarios = (0..12).map(|n| scenario(&format!("s{n}"), "R", vec![check("c", "R", Verdict::Pass)]));
        let run = RunFindings::new(facts(), &register(&[("R", "covered")]), scenarios.collect());

        let words = summary_words(&run, 0, Colour::Never, PAGE);

        assert_eq!(words.matches(" s  s").count(), 10);
    }

    #[test]
    fn what_is_not_covered_is_wrapped_below_itself() {
        assert_eq!(
            wrapped("not yet covered  ", &["FU-GAP-2", "SC-PRE-1", "X-DM-01", "X"], 36),
            "not yet covered  FU-GAP-2, SC-PRE-1,\n                 X-DM-01, X"
        );
    }

    #[test]
    fn the_last_word_follows_the_exit_code() {
        let register = register(&[("R", "covered")]);
        let with = |verdict, extent| {
            let found = vec![scenario("a", "R", vec![check("c", "R", verdict)])];
            RunFindings::new(super::super::RunFacts { extent, ..facts() }, &register, found)
        };

        assert!(result_line(&with(Verdict::Pass, Extent::Whole), 0, Colour::Never).ends_with("· CONFORMANT"));
        assert!(result_line(&with(Verdict::Pass, Extent::Partial), 0, Colour::Never).ends_with("· PARTIAL"));
        assert!(result_line(&with(Verdict::Pass, Extent::Selection), 0, Colour::Never).ends_with("· SELECTION PASSED"));
        assert!(result_line(&with(Verdict::OutOfTime, Extent::Whole), 0, Colour::Never).ends_with("· INCONCLUSIVE"));
        assert!(result_line(&with(Verdict::Fail, Extent::Partial), 0, Colour::Never).ends_with("· NOT CONFORMANT"));
    }

    #[test]
    fn scenarios_that_never_began_are_counted() {
        let partial = super::super::RunFacts { extent: Extent::Partial, ..facts() };
        let found = vec![scenario("a", "R", vec![check("c", "R", Verdict::Pass)])];
        let (some, none) = (
            RunFindings::new(partial.clone(), &register(&[]), found),
            RunFindings::new(partial, &register(&[]), Vec::new()),
        );

        assert!(result_line(&some, 51, Colour::Never).starts_with("1 example in 6.8 s · 1 pass · 51 not run · "));
        assert!(!result_line(&some, 0, Colour::Never).contains("not run"));
        assert!(result_line(&none, 2, Colour::Never).ends_with("· PARTIAL"));
    }

    #[test]
    fn colour_marks_the_verdict_only_when_asked_for() {
        let register = register(&[]);

        assert!(failure_words(&failing(), &register, Colour::Always).starts_with("\u{1b}[31m✘\u{1b}[0m "));
        assert!(failure_words(&failing(), &register, Colour::Never).starts_with("✘ "));
    }
}
