//! Provisioning, its exception schedule, and care.

use castproof::device::{LocalCondition, PostOutcome};
use castproof::provider::{CareState, Content, PushError, SettingChange};
use castproof::spec::{CareProcess, ExceptionRule, ExceptionSchedule, ReportTiming, Reporters, RuleAction, Situation};
use castproof::wire::mo::ReportedResult;
use castproof::wire::syncml::Command;

use crate::harness::*;

fn report(offset: u64) -> RuleAction {
    RuleAction::Report(ReportTiming { offset: ms(offset), window: ms(100), attempts: 3, retry_interval: ms(500) })
}

fn rule(situation: Situation, action: RuleAction, process: CareProcess) -> ExceptionRule {
    ExceptionRule { situation, action, process }
}

fn any(process: CareProcess) -> ExceptionSchedule {
    ExceptionSchedule { rules: vec![rule(Situation::Any, report(0), process)] }
}

fn replace(name: &str, value: &str) -> SettingChange {
    SettingChange::Replace(node(name), value.into())
}

/// One failing (no such node) and one good change.
fn half_failing() -> Vec<SettingChange> {
    vec![replace("./Settings/Missing", "m"), replace("./Settings/Apn", "new")]
}

fn failing(net: &Net, name: &str) -> Vec<(String, u16)> {
    match &net.record(name, 0).expect("the Device has reported").result {
        ReportedResult::Provisioning(report) => {
            report.failing.iter().map(|(node, status)| (node.to_string(), *status)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_success_is_silent() {
    let mut net = Net::new(1);

    let changes = vec![
        replace("./Settings/Apn", "new"),
        SettingChange::Add(node("./Settings/Proxy"), "p".into()),
        SettingChange::Delete(node("./Settings/Proxy")),
    ];
    net.push(&provisioning("roaming", changes, any(CareProcess::ReProvision)));
    net.run(ms(3000));

    assert_eq!(net.nodes[0].results(), [200]);
    assert!(net.nodes[0].posts.is_empty());
    assert_eq!(net.nodes[0].device().node("./Settings/Apn").unwrap(), "new");
    assert!(net.nodes[0].device().node("./Settings/Proxy").is_none());
}

#[test]
fn a_missing_node_is_reported_when_the_schedule_says_and_care_adds_it() {
    let mut net = Net::new(1);
    let mut schedule = any(CareProcess::ReProvision);
    schedule.rules[0].action = report(800);

    net.push(&provisioning("roaming", half_failing(), schedule));
    net.run(ms(4000));

    assert_eq!(failing(&net, "roaming"), [("./Settings/Missing".into(), 404)]);
    let wait = net.nodes[0].reports()[0].since(net.end_of_transmission());
    assert!((ms(800)..=ms(900)).contains(&wait), "{wait:?}");
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::Restored);
    assert_eq!(net.nodes[0].device().node("./Settings/Missing").unwrap(), "m");
    assert_eq!(net.nodes[0].device().node("./Settings/Apn").unwrap(), "new");
}

#[test]
fn settings_that_cannot_be_changed_cannot_be_removed_either() {
    let mut net = Net::new(1);
    net.nodes[0].device().set_condition(LocalCondition::SettingsFail(true));
    let changes = ["./Settings/Apn", "./Settings/Missing"].map(|name| SettingChange::Delete(node(name)));

    net.push(&provisioning("roaming", changes.into(), any(CareProcess::Ignore)));
    net.run(ms(4000));

    let failing = failing(&net, "roaming");
    assert_eq!(failing, [("./Settings/Apn".into(), 500), ("./Settings/Missing".into(), 404)]);
    assert!(net.nodes[0].device().node("./Settings/Apn").is_some());
}

#[test]
fn the_first_failure_whose_rule_reports_decides() {
    let mut net = Net::new(1);
    let schedule = ExceptionSchedule {
        rules: vec![
            rule(Situation::Any, report(700), CareProcess::Escalate),
            rule(Situation::Node(node("./Settings/Missing")), RuleAction::StaySilent, CareProcess::ReProvision),
        ],
    };
    let changes = vec![replace("./Settings/Missing", "m"), replace("./Settings/Locked", "x")];

    net.push(&provisioning("roaming", changes, schedule));
    net.run(ms(4000));

    assert_eq!(
        failing(&net, "roaming"),
        [("./Settings/Missing".into(), 404), ("./Settings/Locked".into(), 425)],
        "one report holds whatever failed"
    );
    let wait = net.nodes[0].reports()[0].since(net.end_of_transmission());
    assert!((ms(700)..=ms(800)).contains(&wait), "{wait:?}");
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::NeedsAttention);
}

#[test]
fn the_most_specific_rule_wins_and_may_be_silent() {
    let mut net = Net::new(1);
    let schedule = ExceptionSchedule {
        rules: vec![
            rule(Situation::Any, report(0), CareProcess::ReProvision),
            rule(Situation::Status(404), RuleAction::StaySilent, CareProcess::ReProvision),
        ],
    };

    net.push(&provisioning("roaming", half_failing(), schedule));
    net.run(ms(4000));

    assert_eq!(net.nodes[0].results(), [404]);
    assert!(net.nodes[0].posts.is_empty());
}

#[test]
fn a_failure_that_no_rule_covers_is_silent_whatever_the_announcement_says() {
    let mut net = Net::new(1);
    let schedule =
        ExceptionSchedule { rules: vec![rule(Situation::StatusClass(5), report(0), CareProcess::ReProvision)] };

    net.push(&provisioning("roaming", half_failing(), schedule));
    net.run(ms(4000));

    assert_eq!(net.nodes[0].results(), [404]);
    assert!(net.nodes[0].posts.is_empty());
}

#[test]
fn an_atomic_that_fails_leaves_nothing_behind() {
    let mut net = Net::new(1);
    let changes = vec![
        replace("./Settings/Apn", "new"),
        SettingChange::Add(node("./Settings/Proxy"), "p".into()),
        replace("./Settings/Missing", "m"),
    ];
    let mut plan = provisioning("roaming", changes.clone(), any(CareProcess::Ignore));
    plan.content = Content::Provisioning { changes, atomic: true, schedule: plan.schedule().cloned() };

    net.push(&plan);
    net.run(ms(3000));

    assert_eq!(failing(&net, "roaming"), [("./Settings/Missing".into(), 404)], "what was rolled back did not fail");
    assert_eq!(net.nodes[0].device().node("./Settings/Apn").unwrap(), "old");
    assert!(net.nodes[0].device().node("./Settings/Proxy").is_none());
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::Ignored);
    assert!(net.nodes[0].posts.len() == 2, "a challenge and its answer, and no care");
}

#[test]
fn care_that_fails_needs_attention() {
    let mut net = Net::new(1);

    net.push(&provisioning("roaming", vec![replace("./Settings/Locked", "x")], any(CareProcess::ReProvision)));
    net.run(ms(3000));

    assert_eq!(failing(&net, "roaming"), [("./Settings/Locked".into(), 425)]);
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::NeedsAttention);
    assert_eq!(net.nodes[0].device().node("./Settings/Locked").unwrap(), "fixed");
}

#[test]
fn escalation_needs_attention_and_sends_nothing() {
    let mut net = Net::new(1);

    net.push(&provisioning("roaming", half_failing(), any(CareProcess::Escalate)));
    net.run(ms(3000));

    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::NeedsAttention);
    assert!(net.nodes[0].device().node("./Settings/Missing").is_none());
}

#[test]
fn what_is_gone_already_needs_no_care() {
    let mut net = Net::new(1);

    let changes = vec![SettingChange::Delete(node("./Settings/Missing"))];
    net.push(&provisioning("roaming", changes, any(CareProcess::ReProvision)));
    net.run(ms(3000));

    assert_eq!(failing(&net, "roaming"), [("./Settings/Missing".into(), 404)]);
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::Restored);
}

#[test]
fn care_that_was_lost_with_the_answer_comes_again() {
    let mut net = Net::new(1);
    // The second answer, which holds the care, is lost on its way; the server has taken the report.
    let outcomes = std::rc::Rc::new(std::cell::Cell::new(0));
    let seen = outcomes.clone();
    net.front = Box::new(move |request| {
        seen.set(request);
        None
    });
    net.push(&provisioning("roaming", half_failing(), any(CareProcess::ReProvision)));
    while net.record("roaming", 0).is_none() {
        net.run(ms(1));
    }
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::InProgress);
    net.switch_off(0);
    net.switch_on(0);
    net.run(ms(3000));

    let record = net.record("roaming", 0).unwrap();
    assert_eq!((record.duplicates, record.care), (1, CareState::Restored));
    assert!(outcomes.get() > 2);
}

#[test]
fn the_server_tries_its_credential_once_more() {
    let mut net = Net::new(1);
    // The Device has another nonce than the server thinks.
    net.nodes[0].configuration.account.server_nonce = b"other".to_vec();
    net.nodes[0].storage.0.borrow_mut().remove("state.json").unwrap();
    net.switch_on(0);

    net.push(&provisioning("roaming", half_failing(), any(CareProcess::ReProvision)));
    net.run(ms(3000));

    let header = |index: usize| match &net.nodes[0].posts[index].1.body[0] {
        Command::Status(status) => status.code,
        _ => 0,
    };
    assert_eq!((header(2), header(3)), (401, 212));
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::Restored);
    let ids: Vec<u32> = net.nodes[0].answers.iter().map(|message| message.header.msg_id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
}

#[test]
fn a_server_that_never_proves_itself_changes_nothing() {
    let mut net = Net::new(1);
    net.nodes[0].configuration.account.server_password = "another".into();
    net.switch_on(0);

    net.push(&provisioning("roaming", half_failing(), any(CareProcess::ReProvision)));
    net.run(ms(3000));

    assert!(net.nodes[0].device().node("./Settings/Missing").is_none());
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::NeedsAttention);
    assert_eq!(net.nodes[0].posts.len(), 4, "the session ends");
}

#[test]
fn a_device_that_never_got_the_command_is_silent() {
    let mut net = Net::new(1);
    net.air = Box::new(|_, channel, octets| (*channel == label("notification")).then(|| octets.to_vec()));

    net.push(&provisioning("roaming", half_failing(), any(CareProcess::ReProvision)));
    net.run(ms(62_000));

    assert_eq!(net.nodes[0].results(), [408]);
    assert!(net.nodes[0].posts.is_empty());
}

#[test]
fn a_success_is_reported_where_everybody_is_asked() {
    let mut net = Net::new(1);
    let mut plan = provisioning("roll-call", vec![replace("./Settings/Apn", "new")], any(CareProcess::Ignore));
    plan.reporting.who = Reporters::Everybody;

    net.push(&plan);
    net.run(ms(3000));

    assert!(net.record("roll-call", 0).unwrap().result.is_success());
}

#[test]
fn nothing_is_carried_out_of_a_command_that_reaches_beyond_the_settings() {
    let mut net = Net::new(1);
    let changes = vec![replace("./Settings/Apn", "new"), replace("./DevInfo/Man", "Emca")];

    net.push(&provisioning("roaming", changes, any(CareProcess::ReProvision)));
    net.run(ms(3000));

    assert_eq!(net.nodes[0].results(), [500]);
    assert_eq!(net.nodes[0].device().node("./Settings/Apn").unwrap(), "old");
    assert!(net.nodes[0].posts.is_empty());
}

#[test]
fn provisioning_data_without_a_schedule_is_not_broadcast() {
    let mut net = Net::new(1);
    for who in [Reporters::Nobody, Reporters::Everybody] {
        let content = Content::Provisioning { changes: half_failing(), atomic: false, schedule: None };

        let refusal = net.provider.push(START, &plan("roaming", content, who)).unwrap_err();

        assert_eq!(refusal, PushError::NoSchedule(campaign("roaming")));
    }
    assert!(net.provider.poll_transmit(START).is_none());
}

#[test]
fn a_failed_attempt_follows_the_schedule_too() {
    let mut net = Net::new(1);
    net.front = Box::new(|_| Some(PostOutcome::Failed));

    net.push(&provisioning("roaming", half_failing(), any(CareProcess::ReProvision)));
    net.run(ms(5000));

    let reports = net.nodes[0].reports();
    assert_eq!(reports.len(), 3);
    assert_eq!(reports[1].since(reports[0]), ms(502));
}
