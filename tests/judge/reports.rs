//! Checks on reports: silence, number, result, node, form.

use castproof::capture::Side;
use castproof::findings::Verdict::{self, Fail, Inconclusive, Pass};
use castproof::judge::Check;
use castproof::spec::Timestamp;
use castproof::wire::mo::ReportedResult;
use castproof::wire::mo::provisioning::ProvisioningReport;
use castproof::wire::syncml::{Alert, Command};

use super::tape::{FENCE, Session, Tape, assert_outcome, exec, names, result, spring, status};

fn silence(devices: &[&str], fenced: &[&str]) -> Check {
    Check::NoReport { devices: names(devices), fenced: names(fenced), fence: FENCE.into() }
}

fn count(devices: &[&str], count: usize) -> Check {
    Check::ReportCount { devices: names(devices), count, fence: FENCE.into() }
}

fn of_result(code: u16) -> Check {
    Check::ReportResult { device: "D1".into(), code, fence: FENCE.into() }
}

#[test]
fn silence_is_proved_by_the_answer_to_a_roll_call() {
    let mut tape = spring();
    tape.at(500).roll_call(&["D1"]);

    let outcome = tape.judge(&silence(&["D1"], &["D1"]));
    assert_outcome(&outcome, Pass, "no report of Device D1");
    assert!(outcome.packet.is_some());
    assert_outcome(&tape.judge(&silence(&["D2"], &["D2"])), Inconclusive, "Device D2 did not answer");
    assert_outcome(&tape.judge(&silence(&["D2"], &["D1"])), Pass, "Device D2");
    assert_outcome(&tape.judge(&silence(&["D2"], &[])), Inconclusive, "no Device to vouch");
}

#[test]
fn a_report_breaks_silence_whatever_it_says() {
    for (campaign, code) in [("spring-patch", 200), ("spring-patch", 410), ("", 200), ("made-up", 200)] {
        let mut tape = spring();
        tape.at(100).report("D1", campaign, code).at(500).roll_call(&["D1", "D2"]);

        let outcome = tape.judge(&silence(&["D1"], &["D1"]));

        assert_outcome(&outcome, Fail, "Device D1 reported");
        assert_eq!(outcome.at, Some(Timestamp::from_millis(1_800_000_000_100)), "{campaign}");
        assert_outcome(&tape.judge(&silence(&["D2"], &["D2"])), Pass, "");
    }
}

#[test]
fn a_session_that_reports_nothing_breaks_silence_too() {
    let mut tape = spring();
    tape.at(100).session(Session::new("D1", "9").alerts(Vec::new()).taken()).at(500).roll_call(&["D1"]);

    let outcome = tape.judge(&silence(&["D1"], &["D1"]));

    assert_outcome(&outcome, Fail, "opened a DM session that is no report");
    assert_eq!(outcome.at, Some(Timestamp::from_millis(1_800_000_000_100)));
}

#[test]
fn octets_that_nobody_can_read_prove_no_silence_and_no_count() {
    let mut tape = spring();
    tape.at(100).report("D2", "spring-patch", 410).noise().at(500).roll_call(&["D1", "D2"]);

    assert_outcome(&tape.judge(&silence(&["D1"], &["D1"])), Inconclusive, "no DM message");
    assert_outcome(&tape.judge(&count(&["D2"], 1)), Inconclusive, "no DM message");
}

#[test]
fn reports_are_counted_up_to_the_roll_call() {
    let mut tape = spring();
    tape.at(100).report("D1", "spring-patch", 410).at(500).roll_call(&["D1"]);

    assert_outcome(&tape.judge(&count(&["D1"], 1)), Pass, "1 report(s) of Device D1");
    assert_outcome(&tape.judge(&count(&["D1"], 2)), Fail, "1 report(s): result 410");
    assert_outcome(&tape.judge(&count(&["D2"], 0)), Inconclusive, "did not answer");
}

#[test]
fn a_report_that_is_not_there_is_missed_only_of_a_device_that_answered_the_roll_call() {
    let node = |device: &str| Check::ReportNode {
        device: device.into(),
        node: "./Settings/Apn".into(),
        status: 404,
        fence: FENCE.into(),
    };
    let result = |device: &str| Check::ReportResult { device: device.into(), code: 410, fence: FENCE.into() };
    let form = |device: &str| Check::ReportForm { devices: names(&[device]), fence: FENCE.into() };
    let mut tape = spring();
    tape.at(500).roll_call(&["D1"]);

    for check in [count(&["D1"], 1), result("D1"), node("D1"), form("D1")] {
        assert_outcome(&tape.judge(&check), Fail, "Device D1 sent no report");
    }
    for check in [count(&["D2"], 1), result("D2"), node("D2"), form("D2")] {
        assert_outcome(&tape.judge(&check), Inconclusive, "Device D2 sent no report");
    }
    // One that came is one too few while another may be due, and one too many at any time.
    let mut early = spring();
    early.at(100).report("D1", "spring-patch", 410);
    assert_outcome(&early.judge(&count(&["D1"], 2)), Inconclusive, "1 report(s)");
    assert_outcome(&early.judge(&count(&["D1"], 0)), Fail, "1 report(s)");
}

#[test]
fn a_report_whose_answer_was_cut_off_may_be_sent_again() {
    let first = || Session::new("D1", "1").report("spring-patch", 410).taken();
    let judge = |first: fn(&mut Tape, Session), session: Session| {
        let mut tape = spring();
        first(tape.at(100), session);
        tape.at(200).session(Session::new("D1", "2").report("spring-patch", 410).taken());
        tape.at(500).roll_call(&["D1"]).judge(&count(&["D1"], 1))
    };
    let reset: fn(&mut Tape, Session) = |tape, session| {
        tape.reset_session(session);
    };
    let whole: fn(&mut Tape, Session) = |tape, session| {
        tape.session(session);
    };

    assert_outcome(&judge(reset, first()), Pass, "1 report(s)");
    assert_outcome(&judge(whole, first()), Fail, "2 report(s)");
    // What the Device says next shows that it has read the answer.
    let goes_on = || first().message(Side::Client, vec![status(1, 0, "SyncHdr", 212)]);
    assert_outcome(&judge(reset, goes_on()), Fail, "2 report(s)");
}

#[test]
fn a_challenge_or_an_attempt_that_failed_makes_no_second_report() {
    let challenged = Session::new("D1", "1").report("spring-patch", 410).answered(407, Vec::new());
    let mut tape = spring();
    tape.at(100).session(challenged.report("spring-patch", 410).taken()).at(500).roll_call(&["D1"]);
    assert_outcome(&tape.judge(&count(&["D1"], 1)), Pass, "");

    let mut tape = spring();
    tape.at(100).session(Session::new("D1", "1").report("spring-patch", 410).answered(500, Vec::new()));
    tape.at(200).session(Session::new("D1", "2").report("spring-patch", 410));
    tape.at(300).report("D1", "spring-patch", 410).at(500).roll_call(&["D1"]);
    assert_outcome(&tape.judge(&count(&["D1"], 1)), Pass, "");
    let at = Timestamp::from_millis(1_800_000_000_100);
    assert_eq!(tape.judge(&of_result(410)).at, Some(at), "the report was first sent with the first attempt");
}

#[test]
fn a_report_that_was_taken_and_comes_again_is_a_second_one() {
    let mut tape = spring();
    tape.at(100).report("D1", "spring-patch", 410).report("D1", "spring-patch", 410).at(500).roll_call(&["D1"]);
    assert_outcome(&tape.judge(&count(&["D1"], 1)), Fail, "2 report(s)");

    let within = Session::new("D1", "1").report("spring-patch", 410).taken().report("spring-patch", 410).taken();
    let mut tape = spring();
    tape.at(100).session(within).at(500).roll_call(&["D1"]);
    assert_outcome(&tape.judge(&count(&["D1"], 1)), Fail, "2 report(s)");
}

#[test]
fn alerts_in_one_message_are_reports_each() {
    for second in [result("spring-patch", 410), result("spring-patch", 200)] {
        let mut tape = spring();
        let session = Session::new("D1", "1").alerts(vec![result("spring-patch", 410), second]);
        tape.at(100).session(session.taken()).at(500).roll_call(&["D1"]);

        assert_outcome(&tape.judge(&count(&["D1"], 1)), Fail, "2 report(s)");
    }
}

#[test]
fn the_result_of_care_is_no_report_of_the_campaign() {
    let mut tape = spring();
    let session = Session::new("D1", "1").report("spring-patch", 410).answered(200, vec![exec("spring-patch.care-1")]);
    tape.at(100).session(session).at(200).report("D1", "spring-patch.care-1", 200).at(500).roll_call(&["D1"]);

    assert_outcome(&tape.judge(&count(&["D1"], 1)), Pass, "");
    assert_outcome(&tape.judge(&of_result(410)), Pass, "result 410");
}

#[test]
fn every_report_must_carry_the_result() {
    let mut tape = spring();
    tape.at(100).report("D1", "spring-patch", 410);
    assert_outcome(&tape.judge(&of_result(410)), Pass, "result 410 for campaign `spring-patch`");
    assert_outcome(&tape.judge(&of_result(402)), Fail, "result 410");

    tape.report("D1", "spring-patch", 402);

    assert_outcome(&tape.judge(&of_result(402)), Fail, "result 410");
    assert_outcome(&tape.judge(&of_result(410)), Fail, "result 402");
}

#[test]
fn a_failing_node_is_named_with_its_status() {
    let report = ProvisioningReport { status: 404, failing: vec![("./Settings/Apn".parse().unwrap(), 404)] };
    let alert = ReportedResult::Provisioning(report).to_alert(3, Some("spring-patch".into()));
    let mut tape = spring();
    tape.at(100).session(Session::new("D1", "1").alerts(vec![alert]).taken());
    let of =
        |node: &str, status| Check::ReportNode { device: "D1".into(), node: node.into(), status, fence: FENCE.into() };

    assert_outcome(&tape.judge(&of("./Settings/Apn", 404)), Pass, "named ./Settings/Apn 404");
    assert_outcome(&tape.judge(&of("./Settings/Apn", 425)), Fail, "named ./Settings/Apn 404");
    assert_outcome(&tape.judge(&of("./Settings/Proxy", 404)), Fail, "named ./Settings/Apn 404");
}

#[test]
fn the_form_of_a_report_is_that_of_the_profile() {
    type Spoil = fn(&mut Alert);
    let table: [(&str, Spoil, Verdict, &str); 9] = [
        ("success", |alert| *alert = result("spring-patch", 200), Pass, ""),
        ("failure", |_| {}, Pass, ""),
        ("another Mark of failures", |alert| alert.items[0].meta.mark = Some("fatal".into()), Pass, ""),
        ("harmless failure", |alert| alert.items[0].meta.mark = Some("harmless".into()), Fail, "Mark of a failure"),
        ("no Mark", |alert| alert.items[0].meta.mark = None, Fail, "the Mark of a failure is missing"),
        ("no Correlator", |alert| alert.correlator = None, Fail, "no Correlator"),
        ("strange Correlator", |alert| alert.correlator = Some("made-up".into()), Fail, "`made-up` names no campaign"),
        ("wrong Source", |alert| alert.items[0].source = Some("./X".into()), Fail, "Source is ./X, not ./FUMO"),
        ("wrong Format", |alert| alert.items[0].meta.format = Some("chr".into()), Fail, "Format is chr, not int"),
    ];
    let form = Check::ReportForm { devices: names(&["D1"]), fence: FENCE.into() };

    for (name, spoil, verdict, words) in table {
        let mut alert = result("spring-patch", 410);
        spoil(&mut alert);
        let mut tape = spring();
        tape.at(100).session(Session::new("D1", "1").alerts(vec![alert]).taken());

        let outcome = tape.judge(&form);

        assert!(outcome.verdict == verdict && outcome.observed.contains(words), "{name}: {outcome:?}");
    }
    let bare = Session::new("D1", "1").message(Side::Client, vec![Command::Alert(result("spring-patch", 410))]);
    let mut tape = spring();
    tape.at(100).session(bare.taken());
    assert_outcome(&tape.judge(&form), Fail, "does not begin with Alert 1201");
    let mut late = spring();
    let session = Session::new("D1", "1").message(Side::Client, vec![status(1, 0, "SyncHdr", 200)]);
    late.at(100).session(session.taken().report("spring-patch", 410).taken());
    assert_outcome(&late.judge(&form), Fail, "does not begin with Alert 1201");
}

#[test]
fn a_check_names_every_device_and_is_written_down_without_loss() {
    let check = silence(&["D1", "D2"], &["D3"]);

    let written = serde_json::to_string(&check).unwrap();

    assert_eq!(check.devices(), ["D1", "D2", "D3"]);
    assert_eq!(serde_json::from_str::<castproof::judge::Check>(&written).unwrap(), check);
}
