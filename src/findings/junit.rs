//! `junit.xml`: a run's findings for continuous integration.
//!
//! One suite per feature, one case per scenario. A failure of the subject is a `failure`; what keeps the run from saying
//! anything (inconclusive, a fault, the watchdog) is an `error`; what does not apply or has no meaning yet is `skipped`.

use std::path::Path;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::result_json::replace;
use super::text::one_line;
use super::{Expectation, RunFindings, ScenarioFindings, Verdict, printable};

/// Why the JUnit file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum JunitError {
    /// The findings cannot be put in XML.
    #[error("write the findings as JUnit XML")]
    Xml(#[source] quick_junit::SerializeError),
    /// The file system refused.
    #[error("access `{path}`")]
    File {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// The findings as JUnit XML.
///
/// # Errors
/// [`JunitError::Xml`] when the writer refuses; no text in the findings makes it do so.
pub fn junit_xml(run: &RunFindings) -> Result<String, JunitError> {
    let mut report = Report::new("castproof");
    report.timestamp = run.started.parse().ok();
    report.set_time(duration(run.duration_ms));
    let mut features: Vec<&str> = Vec::new();
    for scenario in &run.scenarios {
        if !features.contains(&scenario.feature.as_str()) {
            features.push(&scenario.feature);
        }
    }
    for feature in features {
        report.add_test_suite(suite(run, feature));
    }
    if !run.expectations.is_empty() {
        let mut suite = TestSuite::new("expected failures");
        suite.add_test_cases(run.expectations.iter().map(expectation));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(JunitError::Xml)
}

/// Writes the findings as JUnit XML to `path`, whole or not at all.
///
/// # Errors
/// [`JunitError`] when the file system refuses.
pub fn write_junit(run: &RunFindings, path: &Path) -> Result<(), JunitError> {
    let text = junit_xml(run)?;
    replace(path, text.as_bytes()).map_err(|source| JunitError::File { path: path.display().to_string(), source })
}

fn suite(run: &RunFindings, feature: &str) -> TestSuite {
    let mut suite = TestSuite::new(one_line(feature));
    suite.add_property(Property::new("seed", run.seed.to_string()));
    suite.add_property(Property::new("subject", one_line(&run.subject)));
    suite.add_property(Property::new("requirement-set", one_line(&run.requirement_set)));
    let mut time = Duration::ZERO;
    for scenario in run.scenarios.iter().filter(|scenario| scenario.feature == feature) {
        time = time.saturating_add(duration(scenario.duration_ms));
        suite.add_test_case(case(run, scenario));
    }
    suite.set_time(time);
    suite
}

/// An expected failure: a success when it fails as expected, skipped when nothing can be said, a failure when it is stale.
fn expectation(one: &Expectation) -> TestCase {
    let mut status = match one.state {
        _ if one.state.is_stale() => TestCaseStatus::non_success(NonSuccessKind::Failure),
        super::ExpectationState::NotJudged => TestCaseStatus::skipped(),
        _ => TestCaseStatus::success(),
    };
    if !matches!(status, TestCaseStatus::Success { .. }) {
        status.set_type(one.state.words());
        status.set_message(one_line(&one.line()));
    }
    let name = format!("{}, {}", one_line(&one.entry.scenario), one_line(&one.entry.check));
    let mut case = TestCase::new(name, status);
    case.set_classname("expected failures");
    case
}

fn case(run: &RunFindings, scenario: &ScenarioFindings) -> TestCase {
    let name = format!("{} [{}]", one_line(&scenario.title), one_line(&scenario.slug));
    let mut case = TestCase::new(name, status(scenario, run.is_excused(scenario)));
    case.set_classname(one_line(&scenario.feature));
    case.set_time(duration(scenario.duration_ms));
    for id in &scenario.requirements {
        case.add_property(Property::new("requirement", one_line(id.as_str())));
    }
    case
}

fn status(scenario: &ScenarioFindings, is_excused: bool) -> TestCaseStatus {
    let mut status = match scenario.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        // Known, and answered for: it must not make the pipeline red.
        Verdict::Fail if is_excused => TestCaseStatus::skipped(),
        Verdict::NotApplicable | Verdict::Pending => TestCaseStatus::skipped(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive
        | Verdict::OutOfTime
        | Verdict::HarnessFault
        | Verdict::AdapterFault
        | Verdict::AdapterContradicted => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    status.set_type(if is_excused { "fails as expected" } else { scenario.verdict.words() });
    status.set_message(one_line(&scenario.reason().unwrap_or_default()));
    status.set_description(printable(&evidence(scenario)));
    status
}

/// Everything a reader of the CI page needs to understand and repeat the case.
fn evidence(scenario: &ScenarioFindings) -> String {
    let mut lines = vec![format!("{}:{}", scenario.file, scenario.line)];
    for check in scenario.checks.iter().filter(|check| !check.verdict.is_green()) {
        lines.push(format!("{}: {} ({})", check.check, check.verdict, check.authority));
        lines.push(format!("  observed  {}", check.observed));
        lines.push(format!("  accepted  {}", check.accepted));
        lines.extend(check.packet.map(|packet| format!("  packet    {packet}")));
    }
    lines.extend(scenario.faults.iter().map(|fault| format!("fault: {fault}")));
    lines.extend(scenario.traffic.iter().map(|line| format!("traffic: {line}")));
    lines.extend(scenario.capture.iter().map(|path| format!("capture: {path}")));
    lines.push(format!("repeat: {}", scenario.repeat));
    lines.join("\n")
}

/// A time that may come from a file; what is no time is zero.
fn duration(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use quick_xml::events::Event;

    use super::super::run::tests::{facts, register};
    use super::super::scenario::tests::{check, scenario};
    use super::*;

    fn run(verdicts: &[Verdict]) -> RunFindings {
        let scenarios = verdicts.iter().enumerate().map(|(n, verdict)| {
            let mut found = scenario(&format!("s{n}"), "FU-AF-1", vec![check("report.result", "FU-AF-1", *verdict)]);
            found.feature = format!("feature_{}", n % 2);
            found
        });
        RunFindings::new(facts(), &register(&[("FU-AF-1", "covered")]), scenarios.collect())
    }

    /// Counts elements by name, and keeps every attribute of them.
    fn read_back(xml: &str) -> (BTreeMap<String, usize>, BTreeMap<String, Vec<String>>) {
        let mut reader = quick_xml::Reader::from_str(xml);
        let (mut elements, mut attributes) = (BTreeMap::new(), BTreeMap::<_, Vec<_>>::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) | Event::Empty(tag) => {
                    let name = tag.name().as_ref().to_owned();
                    for attribute in tag.attributes() {
                        let attribute = attribute.unwrap();
                        let key = format!("{name}.{}", attribute.key.as_ref());
                        let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                        attributes.entry(key).or_default().push(value.into_owned());
                    }
                    *elements.entry(name).or_default() += 1;
                }
                Event::Eof => return (elements, attributes),
                _ => {}
            }
        }
    }

    #[test]
    fn every_verdict_lands_where_ci_expects_it() {
        let xml = junit_xml(&run(&Verdict::ALL)).unwrap();

        let (elements, attributes) = read_back(&xml);

        let count = |name: &str| elements.get(name).copied().unwrap_or_default();
        assert_eq!((count("testsuite"), count("testcase")), (2, 9));
        assert_eq!((count("failure"), count("error"), count("skipped")), (1, 5, 2));
        assert_eq!(attributes["testsuites.tests"], ["9"]);
        assert_eq!(attributes["testsuites.failures"], ["1"]);
        assert_eq!(attributes["testcase.classname"][0], "feature_0");
        assert_eq!(attributes["testcase.name"][0], "Title of s0 [s0]");
        assert_eq!(attributes["testsuites.timestamp"], ["2026-12-01T10:22:31.000+00:00"]);
        assert_eq!(attributes["failure.message"], ["report.result: observed report.result saw this, accepted that"]);
    }

    #[test]
    fn an_expected_failure_is_skipped_and_a_stale_one_fails() {
        use super::super::expectation::tests::entry;
        let mut run = run(&[Verdict::Fail, Verdict::Pass]);
        for scenario in &mut run.scenarios {
            scenario.checks[0].check = super::super::CheckId::new("c");
        }
        let list = [entry("s0", "saw this", "2027-01-01"), entry("s1", "saw this", "2027-01-01")];
        let judged = Expectation::judge_all(&list, &run.scenarios, |_| true, "2026-12-01");

        let xml = junit_xml(&run.with_expectations(judged)).unwrap();

        let (elements, attributes) = read_back(&xml);
        let count = |name: &str| elements.get(name).copied().unwrap_or_default();
        assert_eq!((count("testcase"), count("failure"), count("skipped")), (4, 1, 1));
        assert_eq!(attributes["failure.type"], ["passes"]);
        assert_eq!(attributes["skipped.type"], ["fails as expected"]);
    }

    #[test]
    fn a_failure_tells_what_is_needed_to_repeat_it() {
        let xml = junit_xml(&run(&[Verdict::Fail])).unwrap();

        for part in ["packet    143", "captures/s0.pcapng", "repeat: castproof certify --scenario s0", "Alert 1201"] {
            assert!(xml.contains(part), "{part} is missing in {xml}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_breaks_the_file(
            text in proptest::string::string_regex("(?s)[\\x00-\\x20<>&\"'\\]\u{7f}-\u{a0}\u{fffd}-\u{ffff}a]{0,24}").unwrap()
        ) {
            let mut run = run(&[Verdict::Fail, Verdict::Pending]);
            for scenario in &mut run.scenarios {
                scenario.title.clone_from(&text);
                scenario.feature.clone_from(&text);
                scenario.checks[0].observed.clone_from(&text);
                scenario.traffic.push(text.clone());
            }

            let xml = junit_xml(&run).unwrap();

            let (elements, _) = read_back(&xml);
            prop_assert_eq!(elements["testcase"], 2);
            let forbidden = |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
            prop_assert!(!xml.contains(forbidden));
        }
    }
}
