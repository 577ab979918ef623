//! What a scenario comes to, beyond its checks: what adapters, vendors and the host did to it.

use crate::findings::{Verdict, verdict_of};
use crate::spec::Register;
use crate::stage::{NOT_HERE, OUT_OF_TIME, Remains};
use crate::subject::{ADAPTER_FAULT, CONTRADICTED, HINDERED, REFUSED, REFUSED_A_MUST, UNSUPPORTED};

use crate::certify::Example;
use crate::certify::foreign::may_be_left_out;

/// The verdict of a scenario and its faults in words, given why it ended early. What is used up is taken from `remains`.
pub(super) fn conclude(
    example: &Example,
    register: &Register,
    fault: Option<String>,
    remains: &mut Remains,
) -> (Verdict, Vec<String>) {
    let mut faults: Vec<String> = fault.into_iter().collect();
    let begins = |faults: &[String], with: &str| faults.iter().any(|fault| fault.starts_with(with));
    let with_checks = |price: Verdict| remains.checks.iter().map(|check| check.verdict).fold(price, Verdict::worst);
    let mut verdict = verdict_of(&remains.checks, &faults);
    if begins(&faults, OUT_OF_TIME) {
        verdict = Verdict::OutOfTime;
    }
    if begins(&faults, NOT_HERE) {
        verdict = with_checks(Verdict::NotApplicable);
    }
    if begins(&faults, UNSUPPORTED) {
        verdict = with_checks(price_of_lack(example, register));
    }
    // What it says against itself needs no proof.
    if begins(&faults, REFUSED_A_MUST) {
        verdict = with_checks(Verdict::Fail);
    } else if begins(&faults, REFUSED) || begins(&faults, HINDERED) {
        verdict = with_checks(Verdict::Inconclusive);
    }
    for contradiction in std::mem::take(&mut remains.contradictions) {
        faults.push(format!("{CONTRADICTED}: {contradiction}"));
        verdict = verdict.worst(Verdict::AdapterContradicted);
    }
    for fault in std::mem::take(&mut remains.adapter_faults) {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    if begins(&faults, ADAPTER_FAULT) {
        let contradicted = match begins(&faults, CONTRADICTED) {
            true => Verdict::AdapterContradicted,
            false => Verdict::AdapterFault,
        };
        verdict = verdict_of(&remains.checks, &[]).worst(contradicted);
    } else if !remains.doubts.is_empty() {
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

/// What it costs that an adapter does not have what a scenario needs.
pub(super) fn price_of_lack(example: &Example, register: &Register) -> Verdict {
    if may_be_left_out(example, register) { Verdict::NotApplicable } else { Verdict::Inconclusive }
}
