//! Every check on small recordings made by hand: what passes, what fails, what proves nothing, and which packet decided.

#[path = "judge/host.rs"]
mod host;
#[path = "judge/reports.rs"]
mod reports;
#[path = "judge/standing.rs"]
mod standing;
#[path = "judge/tape.rs"]
mod tape;
#[path = "judge/timing.rs"]
mod timing;
#[path = "judge/words.rs"]
mod words;

use std::collections::{BTreeMap, BTreeSet};

use castproof::capture::{Side, Timeline};
use castproof::findings::Verdict::{Fail, Inconclusive, Pass};
use castproof::judge::{Beside, Check, Evidence, Outcome};
use castproof::spec::Timestamp;
use castproof::wire::syncml::{Command, Item, Items};

use tape::{COMMAND, FENCE, PACKAGE, Session, Tape, assert_outcome, exec, names, spring, status};

fn reading(value: &str) -> Check {
    Check::Reading {
        id: "firmware.version".into(),
        devices: names(&["D1"]),
        node: "./DevDetail/FwV".into(),
        value: value.into(),
        fence: FENCE.into(),
    }
}

#[test]
fn a_reading_is_what_the_device_answers_in_the_session_of_the_roll_call() {
    let answer = |fence: &str, id: &str, version: &str| {
        Session::new("D1", id).report(fence, 200).taken().results(&[("./DevDetail/FwV", version)])
    };
    let mut tape = spring();
    tape.at(500).session(answer(FENCE, "1", "1.0")).at(900).session(answer("roll-call-2", "2", "2.0"));

    let outcome = tape.judge(&reading("1.0"));
    assert_outcome(&outcome, Pass, "answered ./DevDetail/FwV = 1.0");
    assert!(outcome.packet.is_some());
    assert_outcome(&tape.judge(&reading("2.0")), Fail, "answered ./DevDetail/FwV = 1.0");
    // Silence is no value, whether the whole answer is missing or the value in it.
    assert_outcome(&spring().judge(&reading("1.0")), Inconclusive, "did not answer");
    let mut silent = spring();
    silent.roll_call(&["D1"]);
    assert_outcome(&silent.judge(&reading("1.0")), Inconclusive, "did not answer");
    let log = Check::LogEntry { device: "D1".into(), campaign: "a".into(), code: 200, fence: FENCE.into() };
    assert_outcome(&silent.judge(&log), Inconclusive, "gave no status log");
}

#[test]
fn a_session_id_that_is_used_again_brings_no_old_news() {
    let answer = |fence: &str, version: &str| {
        Session::new("D1", "1").report(fence, 200).taken().results(&[("./DevDetail/FwV", version)])
    };
    let mut tape = spring();
    tape.at(500).session(answer("roll-call-0", "1.0")).at(900).session(answer(FENCE, "2.0"));

    assert_outcome(&tape.judge(&reading("2.0")), Pass, "");
}

#[test]
fn a_node_that_is_refused_has_no_value() {
    let judge = |code| {
        let mut refusal = status(1, 3, "Get", code);
        if let Command::Status(status) = &mut refusal {
            status.target_refs = vec!["./DevDetail/FwV".into()];
        }
        let mut tape = spring();
        tape.session(Session::new("D1", "1").report(FENCE, 200).taken().message(Side::Client, vec![refusal]));
        tape.judge(&reading("1.0"))
    };

    assert_outcome(&judge(404), Fail, "no such node");
    // The server has not proved itself, or the value is still to come: that says nothing of the node.
    assert_outcome(&judge(401), Inconclusive, "did not answer");
    assert_outcome(&judge(407), Inconclusive, "did not answer");
    assert_outcome(&judge(200), Inconclusive, "did not answer");
}

#[test]
fn a_log_holds_one_entry_for_a_campaign() {
    let judge = |log: &str, campaign: &str, code| {
        let mut tape = spring();
        tape.session(Session::new("D1", "1").report(FENCE, 200).taken().results(&[("./StatusLog", log)]));
        let check = Check::LogEntry { device: "D1".into(), campaign: campaign.into(), code, fence: FENCE.into() };
        tape.judge(&check)
    };
    let log = "41 spring-patch 402 1796119203117\n42 a long name 200 1796119260455";

    assert_outcome(&judge(log, "spring-patch", 402), Pass, "holds result 402");
    assert_outcome(&judge(log, "a long name", 200), Pass, "holds result 200");
    assert_outcome(&judge(log, "spring-patch", 200), Fail, "holds [402]");
    assert_outcome(&judge(log, "home-settings", 200), Fail, "holds nothing of it");
    assert_outcome(&judge("41 a 200 1\n42 a 200 2", "a", 200), Fail, "holds [200, 200]");
    assert_outcome(&judge("nonsense\n41 a\n41 a x 1", "a", 200), Fail, "holds nothing of it");
}

#[test]
fn membership_is_what_the_kernel_says_and_nothing_when_it_does_not() {
    let look = |looks: &[&[&str]], joining: &[&str], away: &[&str]| {
        let sets =
            looks.iter().map(|look| (Timestamp::from_millis(7), names(look).into_iter().collect::<BTreeSet<_>>()));
        let beside = Beside { memberships: sets.collect(), ..Beside::default() };
        let check = Check::Membership { joining: names(joining), staying_away: names(away) };
        check.judge(Evidence { timeline: &Timeline::default(), beside: &beside })
    };

    assert_outcome(&look(&[&[], &["D1"]], &["D1"], &["D2"]), Pass, "2 look(s)");
    assert_outcome(&look(&[&["D1"]], &["D1", "D2"], &[]), Fail, "Device D2 was never a member");
    assert_outcome(&look(&[&["D1"], &["D1", "D2"]], &["D1"], &["D2"]), Fail, "Device D2 was a member");
    assert_eq!(look(&[&["D2"]], &[], &["D2"]).at, Some(Timestamp::from_millis(7)));
    assert_outcome(&look(&[&[]], &[], &["D1"]), Pass, "1 look(s)");
    assert_outcome(&look(&[], &["D1"], &[]), Inconclusive, "never seen");
    assert_outcome(&look(&[], &[], &["D1"]), Inconclusive, "never seen");
}

fn care(devices: &[&str]) -> Check {
    Check::CareAddressees { devices: names(devices), fence: FENCE.into() }
}

fn change() -> Command {
    Command::Replace(Items { cmd_id: 30, items: vec![Item::for_target("./Settings/Apn")] })
}

/// A session in which D1 reports a failure, gets care, and says with these codes what became of it.
fn cared_for(id: &str, header: u16, command: u16) -> Session {
    let statuses = vec![status(1, 0, "SyncHdr", header), status(1, 30, "Replace", command)];
    let session = Session::new("D1", id).report("spring-patch", 410).answered(200, vec![change()]);
    session.message(Side::Client, statuses)
}

#[test]
fn care_goes_to_exactly_those_that_are_named_and_once() {
    let mut tape = spring();
    tape.at(100).session(cared_for("1", 212, 200)).at(500).roll_call(&["D1", "D2"]);

    assert_outcome(&tape.judge(&care(&["D1"])), Pass, "1 Device(s) received care");
    let stranger = tape.judge(&care(&["D2"]));
    assert_outcome(&stranger, Fail, "cared for Device D1");
    assert!(stranger.packet.is_some());
    assert_outcome(&tape.judge(&care(&["D1", "D2"])), Fail, "did not care for Device D2");
    assert_outcome(&tape.judge(&care(&[])), Fail, "cared for Device D1");

    let mut twice = spring();
    twice.session(cared_for("1", 212, 200)).session(cared_for("2", 212, 200)).roll_call(&["D1", "D2"]);
    assert_outcome(&twice.judge(&care(&["D1"])), Fail, "cared for Device D1 2 times");
    // The same SessionID does not make it the same session.
    let mut again = spring();
    again.session(cared_for("1", 212, 200)).session(cared_for("1", 212, 200)).roll_call(&["D1"]);
    assert_outcome(&again.judge(&care(&["D1"])), Fail, "cared for Device D1 2 times");
}

#[test]
fn care_that_was_not_given_before_the_roll_call_was_answered_may_still_come() {
    let mut tape = spring();
    tape.at(100).report("D1", "spring-patch", 410).at(500).roll_call(&["D2"]);

    assert_outcome(&tape.judge(&care(&["D1"])), Inconclusive, "did not care for Device D1");
}

#[test]
fn care_belongs_in_the_session_that_the_failure_opened() {
    let changed = |session: Session| session.answered(200, vec![change()]);
    let elsewhere = [
        ("a roll call", changed(Session::new("D1", "2").report(FENCE, 200))),
        ("a success", changed(Session::new("D1", "2").report("spring-patch", 200))),
        ("the roll call under the same SessionID", changed(Session::new("D1", "1").report(FENCE, 200))),
        ("before the report", changed(Session::new("D1", "2").alerts(Vec::new())).report("spring-patch", 410).taken()),
    ];

    for (name, session) in elsewhere {
        let mut tape = spring();
        tape.at(100).report("D1", "spring-patch", 410).at(200).session(session).at(500).roll_call(&["D1"]);

        let outcome = tape.judge(&care(&["D1"]));

        assert!(outcome.verdict == Fail && outcome.observed.contains("no failure had opened"), "{name}: {outcome:?}");
    }
}

#[test]
fn care_in_two_messages_of_one_session_is_one_care() {
    let session = cared_for("1", 212, 200).answered(200, vec![exec("care-1")]);
    let mut tape = spring();
    tape.at(100).session(session).at(500).roll_call(&["D1"]);

    assert_outcome(&tape.judge(&care(&["D1"])), Pass, "1 Device(s)");
}

#[test]
fn care_for_what_has_succeeded_is_care_once_more() {
    let session = cared_for("1", 212, 200).answered(200, vec![change()]);
    let mut tape = spring();
    tape.at(100).session(session).at(500).roll_call(&["D1"]);

    assert_outcome(&tape.judge(&care(&["D1"])), Fail, "again for what had succeeded");
}

#[test]
fn care_that_the_device_did_not_take_may_be_given_again() {
    let mut tape = spring();
    // The Device wants a better credential, and the server sends its commands once more.
    tape.at(100).session(cared_for("1", 401, 401).answered(200, vec![change()])).at(500).roll_call(&["D1"]);
    assert_outcome(&tape.judge(&care(&["D1"])), Pass, "1 Device(s)");
    let mut refused = spring();
    refused.at(100).session(cared_for("1", 407, 407)).at(500).roll_call(&["D1"]);
    assert_outcome(&refused.judge(&care(&[])), Pass, "no Device received care");

    // The statuses never came, and neither did an end of the session: the report comes again.
    let unanswered = Session::new("D1", "1").report("spring-patch", 410).answered(200, vec![change()]);
    let mut lost = spring();
    lost.at(100).session(unanswered).at(200).session(cared_for("2", 212, 200)).at(500).roll_call(&["D1"]);
    assert_outcome(&lost.judge(&care(&["D1"])), Pass, "1 Device(s)");
}

#[test]
fn care_is_over_when_the_device_has_answered_a_later_roll_call() {
    let cared = Session::new("D1", "1").report("spring-patch", 410).answered(200, vec![exec("care-1")]);
    let mut tape = spring();
    tape.session(cared).roll_call(&["D2"]);

    assert_outcome(&tape.judge(&care(&["D1"])), Inconclusive, "no later answer of Device D1");
    assert_outcome(&spring().judge(&care(&[])), Inconclusive, "no later answer");
}

#[test]
fn reading_a_node_is_no_care() {
    let get = Command::Get(Items { cmd_id: 30, items: vec![Item::for_target("./DevDetail/FwV")] });
    let mut tape = spring();
    tape.session(Session::new("D1", "1").report(FENCE, 200).answered(200, vec![get]));

    assert_outcome(&tape.judge(&care(&[])), Pass, "no Device received care");
}

/// A cycle of a campaign's carousel, but for what `leave_out` says of a TOI, block and symbol; TOI 0 is the table.
fn cycle(tape: &mut Tape, leave_out: fn(u128, u16, u16) -> bool) {
    tape.announce("spring-patch", 1);
    if !leave_out(0, 0, 0) {
        tape.table(1, &[(1, COMMAND, 1024), (2, PACKAGE, 3000)], 60_000);
    }
    for (toi, block, symbol) in [(1, 0, 0), (2, 0, 0), (2, 0, 1), (2, 1, 0)] {
        if !leave_out(toi, block, symbol) {
            tape.symbol_of(1, toi, (block, symbol), false);
        }
    }
}

fn on_air(count: usize) -> Check {
    Check::Repetitions { campaign: "spring-patch".into(), count }
}

#[test]
fn a_campaign_is_on_the_air_as_often_as_it_should_be() {
    let mut tape = Tape::new(&["D1"]);
    cycle(&mut tape, |_, _, _| false);
    cycle(&mut tape, |_, _, _| false);
    tape.close(1);

    assert_outcome(&tape.judge(&on_air(2)), Pass, "2 notifications, 4 symbols 2 times each");
    assert_outcome(&tape.judge(&on_air(3)), Fail, "2 notification(s)");
    tape.table(1, &[(1, COMMAND, 1024), (2, PACKAGE, 3000)], 60_000);
    assert_outcome(&tape.judge(&on_air(2)), Pass, "");
    tape.symbol(1, 2, 0, false);
    assert_outcome(&tape.judge(&on_air(2)), Fail, "symbol 0 of block 0 of TOI 2 was sent 3 time(s)");
    assert_outcome(&Tape::new(&["D1"]).judge(&on_air(1)), Fail, "never announced");
    let mut empty = Tape::new(&["D1"]);
    assert_outcome(&empty.announce("spring-patch", 1).close(1).judge(&on_air(1)), Fail, "no symbol");
}

#[test]
fn what_was_never_sent_was_not_repeated() {
    type LeaveOut = fn(u128, u16, u16) -> bool;
    let table: [(LeaveOut, LeaveOut, &str); 6] = [
        (|toi, _, _| toi != 1, |toi, _, _| toi != 1, "0 file table(s)"),
        (|_, _, _| false, |toi, _, _| toi == 0, "1 file table(s)"),
        (|toi, _, _| toi == 2, |toi, _, _| toi == 2, "symbol 0 of block 0 of TOI 2 was sent 0 time(s)"),
        (|_, block, _| block == 1, |_, block, _| block == 1, "symbol 0 of block 1 of TOI 2 was sent 0 time(s)"),
        (|toi, _, _| toi == 1, |toi, _, _| toi == 1, "symbol 0 of block 0 of TOI 1 was sent 0 time(s)"),
        (|_, _, _| false, |_, _, symbol| symbol == 1, "symbol 1 of block 0 of TOI 2 was sent 1 time(s)"),
    ];

    for (first, second, words) in table {
        let mut tape = Tape::new(&["D1"]);
        cycle(&mut tape, first);
        cycle(&mut tape, second);

        assert_outcome(&tape.judge(&on_air(2)), Fail, words);
    }
}

#[test]
fn the_file_table_names_what_was_announced_as_it_was_announced() {
    let judge = |files: &[(u128, &str, u64)]| {
        let mut tape = Tape::new(&["D1"]);
        tape.announce("spring-patch", 1).table(1, files, 60_000).symbol(1, 1, 0, false).symbol(1, 2, 0, false);
        tape.judge(&on_air(1))
    };

    assert_outcome(&judge(&[(1, COMMAND, 1024)]), Fail, "no file table names `http://sp.example/package.bin`");
    assert_outcome(&judge(&[(1, COMMAND, 1024), (2, PACKAGE, 1000)]), Fail, "announced with 3000 octets");
}

#[test]
fn what_must_not_be_broadcast_is_not_announced_before_the_roll_call_is() {
    let never =
        Check::NeverBroadcast { campaign: "unscheduled".into(), broadcasted: names(&["before"]), fence: FENCE.into() };
    let mut tape = Tape::new(&["D1"]);
    tape.campaign("before", 1).campaign("roll-call-0", 2);
    assert_outcome(&tape.judge(&never), Inconclusive, "not even the roll call");
    tape.campaign(FENCE, 900);
    assert_outcome(&tape.judge(&never), Pass, "not announced");
    tape.announce("unscheduled", 901);

    let outcome = tape.judge(&never);

    assert_outcome(&outcome, Fail, "`unscheduled` was announced");
    assert_eq!(outcome.packet, Some(tape.announcement_of("unscheduled")));
}

#[test]
fn what_must_not_be_broadcast_is_not_sent_in_disguise_either() {
    let never = Check::NeverBroadcast { campaign: "unscheduled".into(), broadcasted: vec![], fence: FENCE.into() };
    let judge = |send: fn(&mut Tape)| {
        let mut tape = Tape::new(&["D1"]);
        send(&mut tape);
        tape.campaign(FENCE, 900).judge(&never)
    };

    let renamed = judge(|tape| {
        tape.campaign("other", 1);
    });
    assert_outcome(&renamed, Fail, "`other` was announced");
    assert!(renamed.packet.is_some());
    let table = judge(|tape| {
        tape.table(900, &[(1, COMMAND, 1024)], 60_000);
    });
    assert_outcome(&table, Fail, "data was sent in session 900");
    let symbol = judge(|tape| {
        tape.symbol(7, 1, 0, false);
    });
    assert_outcome(&symbol, Fail, "data was sent in session 7");
    let noise = judge(|tape| {
        tape.broadcast_noise();
    });
    assert_outcome(&noise, Inconclusive, "nobody can read");
}

#[test]
fn sequence_numbers_rise_from_campaign_to_campaign_and_stay_within_one() {
    let judge = |announced: &[(&str, u64)]| {
        let mut tape = Tape::new(&["D1"]);
        for (campaign, sequence) in announced {
            tape.announce_session(campaign, *sequence, 7);
        }
        tape.judge(&Check::RisingSequence)
    };

    assert_outcome(&judge(&[("a", 1), ("a", 1), ("b", 5)]), Pass, "2 campaigns");
    // Carousels overlap: a repetition of the first campaign may follow the second.
    assert_outcome(&judge(&[("a", 1), ("b", 2), ("a", 1)]), Pass, "2 campaigns");
    assert_outcome(&judge(&[("a", 1), ("b", 1)]), Fail, "`b` is #1 with SessionID 7 and TSI 7 after `a` was #1");
    assert_outcome(&judge(&[("a", 5), ("b", 6), ("c", 5)]), Fail, "`c` is #5");
    assert_outcome(
        &judge(&[("a", 1), ("a", 2), ("b", 3)]),
        Fail,
        "`a` is repeated as #2 with SessionID 7 and TSI 7, it was #1",
    );
    assert_outcome(&judge(&[("a", 1), (FENCE, 2)]), Inconclusive, "1 campaign(s)");
}

#[test]
fn what_is_known_beside_the_traffic_is_written_down_without_loss() {
    let beside = Beside {
        memberships: vec![(
            Timestamp::from_nanos(1_764_000_000_123_456_789),
            names(&["D1", "D2"]).into_iter().collect(),
        )],
        prompts: vec![("D1".into(), "a".into(), true)],
        records: BTreeMap::from([(("D1".to_owned(), "a".to_owned()), "restored".to_owned())]),
    };

    let written = serde_json::to_string(&beside).unwrap();

    assert_eq!(serde_json::from_str::<Beside>(&written).unwrap(), beside);
}

fn claimed(check: Check, prompts: &[(&str, &str, bool)]) -> Outcome {
    let prompts = prompts.iter().map(|(who, what, offered)| ((*who).to_owned(), (*what).to_owned(), *offered));
    let records = BTreeMap::from([(("D1".to_owned(), "a".to_owned()), "restored".to_owned())]);
    let beside = Beside { prompts: prompts.collect(), records, ..Beside::default() };
    check.judge(Evidence { timeline: &Timeline::default(), beside: &beside })
}

#[test]
fn the_end_user_is_asked_as_often_as_it_should_be() {
    let asked = |times| Check::Asked { device: "D1".into(), campaign: "a".into(), times };

    assert_outcome(&claimed(asked(1), &[("D1", "a", true), ("D2", "a", true), ("D1", "b", true)]), Pass, "1 time(s)");
    assert_outcome(&claimed(asked(1), &[("D1", "a", true), ("D1", "a", true)]), Fail, "2 time(s)");
    assert_outcome(&claimed(asked(0), &[]), Pass, "0 time(s)");
}

#[test]
fn declining_is_offered_always_or_never() {
    let offered = |offered| Check::DeclineOffered { device: "D1".into(), campaign: "a".into(), offered };

    assert_outcome(&claimed(offered(false), &[("D1", "a", false)]), Pass, "not offered");
    assert_outcome(&claimed(offered(false), &[("D1", "a", false), ("D1", "a", true)]), Fail, "declining is offered");
    assert_outcome(&claimed(offered(true), &[("D1", "a", true)]), Pass, "declining is offered");
    assert_outcome(&claimed(offered(true), &[]), Fail, "did not ask");
}

#[test]
fn the_providers_record_says_what_it_says() {
    let record = |device: &str, outcome: &str| Check::Record {
        device: device.into(),
        campaign: "a".into(),
        outcome: outcome.into(),
    };

    assert_outcome(&claimed(record("D1", "restored"), &[]), Pass, "says restored");
    assert_outcome(&claimed(record("D1", "success"), &[]), Fail, "says restored");
    assert_outcome(&claimed(record("D2", "unknown"), &[]), Pass, "says unknown");
}
