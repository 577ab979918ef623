//! When reports go, and what becomes of those that do not arrive.

use std::time::Duration;

use castproof::device::{Event, PostOutcome};
use castproof::provider::Request;
use castproof::spec::{BasisPoints, Reporters};
use castproof::wire::syncml::{Command, Message, model::MEDIA_TYPE};

use crate::harness::*;

#[test]
fn fifty_devices_spread_over_offset_and_window() {
    let mut net = Net::new(50);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.reporting.offset = ms(300);
    plan.reporting.window = ms(2000);

    net.push(&plan);
    net.run(ms(10_000));

    let end = net.end_of_transmission();
    let mut first: Vec<Duration> = net.nodes.iter().map(|device| device.reports()[0].since(end)).collect();
    first.sort();
    assert!(first[0] >= ms(300), "{first:?}");
    assert!(first[49] <= ms(2300), "{first:?}");
    // The chance that fifty draws all miss an eighth of the window is 0.875^50, about 0.0013; the seeds are fixed.
    assert!(first[0] < ms(550) && first[49] > ms(2050), "{first:?}");
    for index in 0..50 {
        assert_eq!(net.record("spring-patch", index).unwrap().duplicates, 0);
    }
}

#[test]
fn an_early_failure_waits_for_the_end_of_transmission() {
    let mut net = Net::new(1);
    net.nodes[0].device().set_condition(castproof::device::LocalCondition::StorageFull(true));
    let mut plan = firmware("spring-patch", Reporters::FailuresOnly);
    plan.broadcast.cycle_gap = ms(3000);

    net.push(&plan);
    net.run(ms(6000));

    assert!(net.nodes[0].reports()[0] >= net.end_of_transmission());
}

#[test]
fn who_is_not_sampled_is_silent() {
    let mut net = Net::new(2);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.reporting.sample = BasisPoints::new(0).unwrap();

    net.push(&plan);
    net.run(ms(3000));

    assert!(net.nodes.iter().all(|device| device.posts.is_empty() && device.results() == [200]));
}

#[test]
fn a_server_that_is_down_is_tried_as_often_as_announced() {
    let mut net = Net::new(1);
    net.front = Box::new(|_| Some(PostOutcome::Failed));
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.reporting.attempts = 4;
    plan.reporting.retry_interval = ms(700);

    net.push(&plan);
    net.run(ms(10_000));

    let reports = net.nodes[0].reports();
    assert_eq!(reports.len(), 4);
    // Two milliseconds go by until the failure is known.
    assert!(reports.windows(2).all(|pair| pair[1].since(pair[0]) == ms(702)));
    let ids: std::collections::BTreeSet<_> =
        net.nodes[0].posts.iter().map(|(_, message)| &message.header.session_id).collect();
    assert_eq!(ids.len(), 4, "each attempt is a session of its own");
    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::GaveUp(_))), 1);
    assert_eq!(net.nodes[0].device().status_log().len(), 1);
    assert!(net.record("spring-patch", 0).is_none());
}

#[test]
fn an_answer_that_is_none_counts_as_a_failed_attempt() {
    let mut net = Net::new(1);
    net.front = Box::new(|request| {
        let (status, body) = match request {
            1 => (500, Vec::new()),
            2 => (200, b"<html/>".to_vec()),
            _ => return None,
        };
        Some(PostOutcome::Answered { status, retry_after: None, body })
    });

    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(6000));

    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Reported(_))), 1);
    assert_eq!(net.record("spring-patch", 0).unwrap().duplicates, 0);
}

#[test]
fn an_overloaded_server_is_left_alone_for_a_drawn_while() {
    let mut net = Net::new(30);
    net.front = Box::new(|request| {
        let retry_after = Some(ms(5000));
        (request <= 30).then_some(PostOutcome::Answered { status: 503, retry_after, body: Vec::new() })
    });
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.reporting.window = ms(1000);

    net.push(&plan);
    net.run(ms(15_000));

    let mut waits = Vec::new();
    for (index, device) in net.nodes.iter().enumerate() {
        let reports = device.reports();
        waits.push(reports[1].since(reports[0]));
        assert!(net.record("spring-patch", index).is_some());
    }
    waits.sort();
    assert!(waits[0] >= ms(5000), "{waits:?}");
    assert!(waits[29] <= ms(7002), "a window that was doubled: {waits:?}");
    assert!(waits[29] - waits[0] > ms(1000), "not all at one moment: {waits:?}");
}

#[test]
fn an_overload_may_be_told_by_the_status_of_the_header() {
    for code in ["417", "503"] {
        let mut net = Net::new(1);
        let body = format!(
            "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>\
             <Target><LocURI>d</LocURI></Target><Source><LocURI>s</LocURI></Source></SyncHdr><SyncBody><Status>\
             <CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>{code}</Data></Status>\
             <Final/></SyncBody></SyncML>"
        );
        net.front = Box::new(move |request| {
            let body = body.clone().into_bytes();
            (request == 1).then_some(PostOutcome::Answered { status: 200, retry_after: None, body })
        });
        let mut plan = firmware("spring-patch", Reporters::Everybody);
        plan.reporting.retry_interval = ms(50);

        net.push(&plan);
        net.run(ms(5000));

        let reports = net.nodes[0].reports();
        // A plain retry would come exactly after the retry interval.
        assert_ne!(reports[1].since(reports[0]), ms(52), "{code}");
        assert!(net.record("spring-patch", 0).is_some());
    }
}

#[test]
fn a_lost_answer_makes_a_duplicate_and_one_record() {
    let mut net = Net::new(1);
    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(2000));
    let (_, report) = net.nodes[0].posts.last().unwrap().clone();
    let mut again = report;
    again.header.session_id = "77".into();
    let nonce = net.nodes[0].answers.last().unwrap().body.iter().find_map(|command| match command {
        Command::Status(status) => status.chal.clone(),
        _ => None,
    });
    let account = account(0);
    let nonce = nonce.unwrap().nonce;
    again.header.cred = Some(castproof::wire::syncml::Credential::md5(&account.user, &account.password, &nonce));

    let body = again.to_xml().into_bytes();
    let request = Request { url: "http://sp.example/dm", content_type: Some(MEDIA_TYPE), body: &body };
    let answer = net.provider.handle_request(net.now, request);

    let answer = Message::from_xml(&answer.body).unwrap();
    assert!(answer.body.iter().all(|command| matches!(command, Command::Status(status) if status.code < 300)));
    assert_eq!(net.record("spring-patch", 0).unwrap().duplicates, 1);
}

#[test]
fn an_answer_in_another_session_is_no_answer() {
    let mut net = Net::new(1);
    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(2000));
    let mut foreign = net.nodes[0].answers[1].clone();
    foreign.header.session_id = "BEEF".into();
    let mut net = Net::new(1);
    let body = foreign.to_xml().into_bytes();
    net.front = Box::new(move |_| Some(PostOutcome::Answered { status: 200, retry_after: None, body: body.clone() }));

    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(8000));

    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Reported(_))), 0);
    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::GaveUp(_))), 1);
}
