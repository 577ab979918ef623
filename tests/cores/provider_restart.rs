//! A Service Provider that ends at any moment, and goes on with what it has kept.

use castproof::provider::{CareState, CareSteps, PushError, Request, SettingChange};
use castproof::spec::{CareProcess, ExceptionRule, ExceptionSchedule, ReportTiming, Reporters, RuleAction, Situation};
use castproof::wire::alc::AlcPacket;
use castproof::wire::mo::ReportedResult;
use castproof::wire::mo::provisioning::ProvisioningReport;
use castproof::wire::syncml::model::MEDIA_TYPE;
use castproof::wire::syncml::{Command, Credential, Message, SyncHdr};

use crate::fuse::FusedStore;
use crate::harness::*;

fn settings(name: &str, next: Vec<CareProcess>) -> castproof::provider::CampaignPlan {
    let timing = ReportTiming { offset: ms(0), window: ms(50), attempts: 6, retry_interval: ms(100) };
    let rule = ExceptionRule {
        situation: Situation::Any,
        action: RuleAction::Report(timing),
        process: CareProcess::ReProvision,
    };
    let changes = vec![
        SettingChange::Replace(node("./Settings/Missing"), "m".into()),
        SettingChange::Replace(node("./Settings/Apn"), "new".into()),
    ];
    let mut plan = provisioning(name, changes, ExceptionSchedule { rules: vec![rule] });
    plan.care = CareSteps { next, patience: ms(5000) };
    plan
}

/// Runs a provisioning whose care succeeds, with a provider that ends at the moment `crash`; gives whether it came to that.
fn cared_for_through(crash: Crash) -> bool {
    let mut net = Net::new(1);
    net.push(&settings("roaming", Vec::new()));
    net.crash = crash;

    net.run(ms(4000));

    let crashed = net.crash == Crash::Never;
    let record = net.record("roaming", 0).cloned().unwrap_or_else(|| panic!("{crash:?}: the result is lost"));
    assert_eq!(record.result.code(), 404, "{crash:?}");
    assert_eq!(net.nodes[0].device().node("./Settings/Missing").as_deref(), Some("m"), "{crash:?}");
    match crash {
        // What was not kept cannot be known; but it is not taken for done either.
        Crash::AtCommit(_) => {
            assert!(matches!(record.care, CareState::Restored | CareState::InProgress), "{crash:?}: {:?}", record.care);
        }
        _ => assert_eq!(record.care, CareState::Restored, "{crash:?}"),
    }
    let first = &net.notifications[0];
    assert!(net.notifications.iter().all(|one| one == first), "{crash:?}: another notification");
    crashed
}

#[test]
fn a_provider_that_ends_after_any_datagram_goes_on_with_the_same_campaign() {
    let mut crashes = 0;
    while cared_for_through(Crash::AfterDatagram(crashes + 1)) {
        crashes += 1;
    }

    assert!(crashes > 8, "{crashes}");
}

#[test]
fn a_provider_that_ends_after_any_message_loses_neither_result_nor_care() {
    let mut crashes = 0;
    while cared_for_through(Crash::AfterRequest(crashes + 1)) {
        crashes += 1;
    }

    assert!(crashes >= 3, "{crashes}");
}

#[test]
fn a_provider_that_ends_before_any_commit_takes_nothing_for_done() {
    let mut crashes = 0;
    while cared_for_through(Crash::AtCommit(crashes)) {
        crashes += 1;
    }

    assert!(crashes > 4, "{crashes}");
}

#[test]
fn whatever_the_moment_an_update_arrives_and_no_table_stands_for_two_contents() {
    for datagram in 1..40 {
        let mut net = Net::new(1);
        net.push(&firmware("spring-patch", Reporters::Everybody));
        net.crash = Crash::AfterDatagram(datagram);

        net.run(ms(3000));

        assert_eq!(net.nodes[0].results(), [200], "datagram {datagram}");
        assert_eq!(net.record("spring-patch", 0).unwrap().duplicates, 0);
        let tables = net.delivery.iter().filter_map(|octets| AlcPacket::decode(octets).ok());
        let mut tables = tables.filter(|packet| packet.header.toi == Some(0));
        let first = tables.next().expect("a table was sent");
        assert!(tables.all(|table| table == first), "datagram {datagram}: another table under the same instance");
    }
}

#[test]
fn numbers_go_on_above_those_that_were_given_out() {
    let mut net = Net::new(1);
    net.push(&firmware("one", Reporters::Nobody));
    net.run(ms(500));
    net.restart_provider();
    net.push(&firmware("two", Reporters::Nobody));
    net.restart_provider();
    net.restart_provider();

    let three = net.provider.push(net.now, &firmware("three", Reporters::Nobody)).unwrap();

    assert_eq!(three.0, 43);
    net.run(ms(2000));
    let mut notifications = net.notifications.clone();
    notifications.dedup();
    notifications.sort();
    notifications.dedup();
    assert_eq!(notifications.len(), 3, "three campaigns, each under one notification");
}

#[test]
fn a_campaign_that_cannot_be_kept_is_not_put_on_the_air() {
    let mut net = Net::new(1);
    net.store.blow_after(0);

    let refused = net.provider.push(net.now, &firmware("spring-patch", Reporters::Nobody));

    assert!(matches!(refused, Err(PushError::Store { .. })), "{refused:?}");
    net.store.mend();
    net.run(ms(500));
    assert_eq!(net.notifications.len(), 0);
}

#[test]
fn a_campaign_that_expired_while_the_provider_was_off_is_not_sent_again() {
    let mut net = Net::new(1);
    net.push(&firmware("spring-patch", Reporters::Nobody));
    net.run(ms(1));
    let sent = net.notifications.len();

    net.now = net.now + ms(61_000);
    net.restart_provider();
    net.run(ms(500));

    assert_eq!(net.notifications.len(), sent);
}

#[test]
fn care_that_nobody_answers_goes_to_the_next_step_and_waits_for_the_device() {
    let mut net = Net::new(1);
    net.push(&settings("roaming", vec![CareProcess::ReProvision]));
    // The care, and every answer after it, never reaches the Device.
    net.swallow_answers_from(2);
    net.run(ms(3000));
    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::InProgress);

    net.run(ms(4000));
    let record = net.record("roaming", 0).unwrap();
    assert_eq!((record.care, record.failed_steps), (CareState::InProgress, 1), "the next step waits for the Device");

    net.restart_provider();
    let record = net.record("roaming", 0).unwrap();
    assert_eq!((record.care, record.failed_steps), (CareState::InProgress, 1));
}

#[test]
fn care_that_nobody_answers_ends_with_somebody_who_looks() {
    let mut net = Net::new(1);
    net.push(&settings("roaming", Vec::new()));
    net.swallow_answers_from(2);
    net.run(ms(3000));
    net.restart_provider();

    net.run(ms(5000));

    assert_eq!(net.record("roaming", 0).unwrap().care, CareState::NeedsAttention);
}

#[test]
fn thousands_of_reports_at_once_are_recorded_every_one() {
    // As many sessions as the server keeps while they have not proved themselves, about.
    const DEVICES: usize = 4000;
    let store = FusedStore::default();
    let mut provider = open_provider(DEVICES, &store, START);
    provider.push(START, &firmware("spring-patch", Reporters::Everybody)).unwrap();
    let mut send = |index: usize, msg_id: u32, nonce: Option<&[u8]>| {
        let account = account(index);
        let header = SyncHdr {
            session_id: "1".into(),
            msg_id,
            target: account.server_url.clone(),
            source: device_id(index).to_string(),
            source_name: Some(account.user.clone()),
            resp_uri: None,
            cred: nonce.map(|nonce| Credential::md5(&account.user, &account.password, nonce)),
        };
        let report = ReportedResult::Provisioning(ProvisioningReport { status: 200, failing: Vec::new() });
        let report = report.to_alert(1, Some("spring-patch".into()));
        let body = Message { header, body: vec![Command::Alert(report)], is_final: true }.to_xml();
        let request = Request { url: &account.server_url, content_type: Some(MEDIA_TYPE), body: body.as_bytes() };
        let answer = provider.handle_request(START, request);
        assert_eq!(answer.status, 200);
        let answer = Message::from_xml(&answer.body).unwrap();
        let Some(Command::Status(status)) = answer.body.first() else { panic!("{answer:?}") };
        (status.code, status.chal.clone().map(|chal| chal.nonce).unwrap_or_default())
    };

    let challenges: Vec<_> = (0..DEVICES).map(|index| send(index, 1, None)).collect();
    let answers: Vec<_> =
        challenges.iter().enumerate().map(|(index, (_, nonce))| send(index, 2, Some(nonce)).0).collect();

    assert!(challenges.iter().all(|(code, _)| *code == 407));
    let accepted = answers.iter().filter(|code| **code == 212).count();
    let provider = open_provider(DEVICES, &store, START);
    let is_recorded = |index: &usize| provider.record(&campaign("spring-patch"), &device_id(*index)).is_some();
    assert_eq!((accepted, (0..DEVICES).filter(is_recorded).count()), (DEVICES, DEVICES));
}

#[test]
fn a_malformed_report_is_refused_and_recorded_nowhere() {
    let mut net = Net::new(1);
    net.push(&firmware("spring-patch", Reporters::Nobody));
    let request = |body: &'static [u8], content_type| Request { url: "http://sp.example/dm", content_type, body };

    let cut = net.provider.handle_request(net.now, request(b"<SyncML><SyncHdr>", Some(MEDIA_TYPE)));
    let other = net.provider.handle_request(net.now, request(b"spring-patch 200", Some("text/plain")));

    assert_eq!((cut.status, other.status), (400, 415));
    assert!(net.record("spring-patch", 0).is_none());
}
