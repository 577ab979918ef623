//! What adapters say of the inside of a Device, held against what it answers over DM.

use castproof::judge::{Word, contradictions};

use super::tape::{FENCE, Session, Tape, spring};

const LATER: &str = "roll-call-2";

fn inside(node: &str, value: Option<&str>, fences: &[&str]) -> Word {
    Word::Inside {
        device: "D1".into(),
        node: node.into(),
        value: value.map(str::to_owned),
        fences: fences.iter().map(|fence| (*fence).to_owned()).collect(),
    }
}

/// D1 answers with firmware 1.0, and with 2.0 later.
fn updated() -> Tape {
    let answer = |fence: &str, id: &str, version: &str| {
        Session::new("D1", id).report(fence, 200).taken().results(&[("./DevDetail/FwV", version)])
    };
    let mut tape = spring();
    tape.at(500).session(answer(FENCE, "1", "1.0")).at(900).session(answer(LATER, "2", "2.0"));
    tape
}

#[test]
fn what_a_device_is_said_to_hold_is_contradicted_by_what_it_answers_before_and_after() {
    let timeline = updated().timeline();
    let said = |value, fences: &[&str]| contradictions(&[inside("./DevDetail/FwV", value, fences)], &timeline);

    let words = "asked for ./DevDetail/FwV, Device D1 says that it is 9.9, and answers 1.0 and 2.0 over DM";
    assert_eq!(said(Some("9.9"), &[FENCE, LATER]), [words]);
    let words = "asked for ./DevDetail/FwV, Device D1 says that there is none, and answers 1.0 over DM";
    assert_eq!(said(None, &[FENCE]), [words]);
    // It is told when it was updated by either of the two.
    for value in ["1.0", "2.0"] {
        assert!(said(Some(value), &[FENCE, LATER]).is_empty(), "{value}");
    }
}

#[test]
fn what_it_did_not_answer_contradicts_nothing() {
    let timeline = updated().timeline();
    let words = [
        inside("./DevDetail/FwV", Some("9.9"), &[]),
        inside("./DevDetail/FwV", Some("9.9"), &[FENCE, "roll-call-3"]),
        inside("./DevDetail/SwV", Some("7"), &[FENCE]),
        inside("./DevDetail/SwV", None, &[FENCE]),
    ];

    assert!(contradictions(&words, &timeline).is_empty());
}
