//! What a scenario comes to, beyond its checks: what adapters, vendors and the host did to it.

use crate::findings::{Authority, CheckId, CheckResult, Verdict, verdict_of};
use crate::spec::Register;
use crate::stage::{NOT_HERE, OUT_OF_TIME, Remains};
use crate::subject::{ADAPTER_FAULT, CONTRADICTED, HINDERED, REFUSED, REFUSED_A_MUST, REFUSED_CHECK, UNSUPPORTED};

use crate::certify::Example;
use crate::certify::foreign::may_be_left_out;

/// What kept a scenario from its end or spoilt it. Faults come as text, because a step can hand over nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    OutOfTime,
    NotHere,
    Unsupported,
    Refused,
    Hindered,
    Contradicted,
    AdapterFault,
    /// Anything else is a fault of castproof.
    Harness,
}

/// How the text of each cause begins.
const BEGINNINGS: [(&str, Cause); 7] = [
    (OUT_OF_TIME, Cause::OutOfTime),
    (NOT_HERE, Cause::NotHere),
    (UNSUPPORTED, Cause::Unsupported),
    (REFUSED, Cause::Refused),
    (HINDERED, Cause::Hindered),
    (CONTRADICTED, Cause::Contradicted),
    (ADAPTER_FAULT, Cause::AdapterFault),
];

impl Cause {
    fn of(fault: &str) -> Self {
        BEGINNINGS
            .into_iter()
            .find(|(beginning, _)| fault.starts_with(beginning))
            .map_or(Self::Harness, |(_, cause)| cause)
    }

    /// The verdict that it costs a scenario whose checks all held.
    fn price(self, example: &Example, register: &Register) -> Verdict {
        match self {
            Self::OutOfTime => Verdict::OutOfTime,
            Self::NotHere => Verdict::NotApplicable,
            Self::Unsupported => price_of_lack(example, register),
            Self::Refused | Self::Hindered => Verdict::Inconclusive,
            Self::Contradicted => Verdict::AdapterContradicted,
            Self::AdapterFault => Verdict::AdapterFault,
            Self::Harness => Verdict::HarnessFault,
        }
    }
}

/// The verdict of a scenario and its faults in words, given why it ended early: the worst of its checks and causes. What is
/// used up is taken from `remains`.
pub(super) fn conclude(
    example: &Example,
    register: &Register,
    fault: Option<String>,
    remains: &mut Remains,
) -> (Verdict, Vec<String>) {
    let contradictions = std::mem::take(&mut remains.contradictions).into_iter();
    let (refusals, mut faults): (Vec<String>, Vec<String>) =
        fault.into_iter().partition(|fault| fault.starts_with(REFUSED_A_MUST));
    let refusals = refusals.into_iter().map(|words| refusal(words, example, &remains.last_step));
    remains.checks.extend(refusals);
    faults.extend(contradictions.map(|contradiction| format!("{CONTRADICTED}: {contradiction}")));
    for fault in std::mem::take(&mut remains.adapter_faults) {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    let causes: Vec<Cause> = faults.iter().map(|fault| Cause::of(fault)).collect();
    let prices = causes.iter().map(|cause| cause.price(example, register));
    let mut verdict = match prices.reduce(Verdict::worst) {
        Some(price) => remains.checks.iter().map(|check| check.verdict).fold(price, Verdict::worst),
        None => verdict_of(&remains.checks, &[]),
    };
    // A host that was busy does not make an adapter break its protocol.
    if causes.contains(&Cause::AdapterFault) {
        return (verdict, faults);
    }
    if !remains.doubts.is_empty() {
        let doubts = std::mem::take(&mut remains.doubts).into_iter();
        faults.extend(doubts.map(|doubt| format!("{doubt}: nothing can be concluded")));
        verdict = Verdict::Inconclusive;
    } else if !remains.excuses.is_empty() {
        let excuses = std::mem::take(&mut remains.excuses).into_iter();
        faults.extend(excuses.map(|excuse| format!("{excuse}: this is said, and excuses no failure")));
        verdict = verdict.worst(Verdict::Inconclusive);
    }
    (verdict, faults)
}

/// The check that fails by a refusal of what every implementation of the role must do. What an implementation says against
/// itself needs no proof; with an id of its own, a list of expected failures can name it.
fn refusal(words: String, example: &Example, step: &str) -> CheckResult {
    CheckResult {
        check: CheckId::new(REFUSED_CHECK),
        requirements: example.requirements.clone(),
        authority: Authority::Claim,
        verdict: Verdict::Fail,
        step: step.to_owned(),
        observed: words,
        accepted: "it is done".to_owned(),
        packet: None,
        at_ms: None,
        asked: None,
    }
}

/// What it costs that an adapter does not have what a scenario needs.
pub(super) fn price_of_lack(example: &Example, register: &Register) -> Verdict {
    if may_be_left_out(example, register) { Verdict::NotApplicable } else { Verdict::Inconclusive }
}

#[cfg(test)]
mod tests {
    use super::super::tests::context;
    use super::*;

    fn check(verdict: Verdict) -> CheckResult {
        CheckResult {
            check: CheckId::new("firmware.version"),
            requirements: Vec::new(),
            authority: Authority::Wire,
            verdict,
            step: "Then D1 runs firmware 2.0".to_owned(),
            observed: String::new(),
            accepted: String::new(),
            packet: None,
            at_ms: None,
            asked: None,
        }
    }

    /// A fault by the beginning of its text, the checks, whether there is a doubt, whether there is an excuse, and what
    /// comes of it.
    type Row = (Option<&'static str>, &'static [Verdict], bool, bool, Verdict);

    const TABLE: [Row; 26] = [
        (None, &[], false, false, Verdict::Inconclusive),
        (None, &[Verdict::Pass], false, false, Verdict::Pass),
        (None, &[Verdict::Pass, Verdict::Fail], false, false, Verdict::Fail),
        (None, &[Verdict::Pass], true, false, Verdict::Inconclusive),
        (None, &[Verdict::Fail], true, false, Verdict::Inconclusive),
        (None, &[Verdict::Pass], false, true, Verdict::Inconclusive),
        (None, &[Verdict::Fail], false, true, Verdict::Fail),
        (Some("a bug"), &[Verdict::Pass], false, false, Verdict::HarnessFault),
        (Some("a bug"), &[Verdict::Fail], false, false, Verdict::Fail),
        (Some("a bug"), &[Verdict::Pass], true, false, Verdict::Inconclusive),
        (Some(OUT_OF_TIME), &[Verdict::Pass], false, false, Verdict::OutOfTime),
        (Some(OUT_OF_TIME), &[Verdict::Fail], false, false, Verdict::Fail),
        (Some(OUT_OF_TIME), &[], true, false, Verdict::Inconclusive),
        (Some(NOT_HERE), &[], false, false, Verdict::NotApplicable),
        (Some(NOT_HERE), &[Verdict::Fail], false, false, Verdict::Fail),
        (Some(REFUSED), &[Verdict::Pass], false, false, Verdict::Inconclusive),
        (Some(REFUSED), &[Verdict::Fail], false, false, Verdict::Fail),
        (Some(REFUSED_A_MUST), &[Verdict::Pass], false, false, Verdict::Fail),
        (Some(REFUSED_A_MUST), &[], false, true, Verdict::Fail),
        (Some(HINDERED), &[Verdict::Pass], false, false, Verdict::Inconclusive),
        (Some(ADAPTER_FAULT), &[Verdict::Pass], false, false, Verdict::AdapterFault),
        (Some(ADAPTER_FAULT), &[Verdict::Fail], false, false, Verdict::Fail),
        // A busy host makes nobody break a protocol, and what the adapter did is told rather than tried again.
        (Some(ADAPTER_FAULT), &[Verdict::Pass], true, true, Verdict::AdapterFault),
        (Some(CONTRADICTED), &[Verdict::Pass], false, false, Verdict::AdapterContradicted),
        (Some(CONTRADICTED), &[Verdict::Fail], false, false, Verdict::Fail),
        (Some(CONTRADICTED), &[Verdict::Pass], true, false, Verdict::Inconclusive),
    ];

    #[test]
    fn the_worst_of_checks_and_causes_is_what_a_scenario_comes_to() {
        let reports = tempfile::tempdir().unwrap();
        let context = context(reports.path());
        let (example, register) = (&context.suite.examples[0], &context.suite.register);

        for (fault, checks, has_doubt, has_excuse, expected) in TABLE {
            let said = |is: bool| is.then(|| "said".to_owned()).into_iter().collect();
            let mut remains = Remains {
                checks: checks.iter().copied().map(check).collect(),
                doubts: said(has_doubt),
                excuses: said(has_excuse),
                ..Remains::default()
            };
            let (verdict, _) =
                conclude(example, register, fault.map(|beginning| format!("{beginning}: why")), &mut remains);
            assert_eq!(verdict, expected, "{fault:?} {checks:?} {has_doubt} {has_excuse}");
        }
    }

    #[test]
    fn what_an_adapter_did_wrong_hides_nothing_that_came_before() {
        let reports = tempfile::tempdir().unwrap();
        let context = context(reports.path());
        let mut remains = Remains {
            checks: vec![check(Verdict::Pass)],
            contradictions: vec!["settled without a report".to_owned()],
            adapter_faults: vec![format!("{ADAPTER_FAULT}: half a line")],
            ..Remains::default()
        };

        let fault = Some(format!("{REFUSED_A_MUST}: listen"));
        let (verdict, faults) = conclude(&context.suite.examples[0], &context.suite.register, fault, &mut remains);

        assert_eq!((verdict, faults.len()), (Verdict::Fail, 2));
        let refused = remains.checks.last().map(|check| (check.check.as_str(), check.verdict));
        assert_eq!(refused, Some((REFUSED_CHECK, Verdict::Fail)));
    }
}
