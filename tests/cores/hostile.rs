//! Input that was made to harm, and the server towards those it does not know.

use castproof::device::PostOutcome;
use castproof::provider::{Answer, Request};
use castproof::spec::Reporters;
use castproof::wire::syncml::{Command, Credential, Message, Status, model::MEDIA_TYPE, status};
use proptest::prelude::*;

use crate::harness::*;

fn ask(net: &mut Net, message: &Message) -> Message {
    let body = message.to_xml().into_bytes();
    let answer = ask_raw(net, Some(MEDIA_TYPE), &body);
    assert_eq!(answer.status, 200);
    Message::from_xml(&answer.body).unwrap()
}

fn ask_raw(net: &mut Net, content_type: Option<&str>, body: &[u8]) -> Answer {
    net.provider.handle_request(net.now, Request { url: "http://sp.example/dm", content_type, body })
}

fn statuses(message: &Message) -> Vec<&Status> {
    let mut statuses = Vec::new();
    for command in &message.body {
        if let Command::Status(status) = command {
            statuses.push(status);
        }
    }
    statuses
}

/// A network after one report, and the message that held it.
fn reported() -> (Net, Message) {
    let mut net = Net::new(1);
    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(2000));
    let report = net.nodes[0].posts.last().unwrap().1.clone();
    (net, report)
}

/// The report under a credential that fits, in a session of its own.
fn authenticated(net: &Net, report: &Message, session: &str) -> Message {
    let answer = net.nodes[0].answers.last().unwrap();
    let nonce = statuses(answer)[0].chal.clone().unwrap().nonce;
    let account = account(0);
    let mut message = report.clone();
    message.header.session_id = session.into();
    message.header.msg_id = 1;
    message.header.cred = Some(Credential::md5(&account.user, &account.password, &nonce));
    message
}

#[test]
fn a_stranger_is_challenged_and_leaves_no_record() {
    let (mut net, mut report) = reported();
    report.header.source = "urn:imei:stranger".into();

    for msg_id in 1..4 {
        report.header.msg_id = msg_id;
        let answer = ask(&mut net, &report);

        assert!(statuses(&answer).iter().all(|status| status.code == status::INVALID_CREDENTIALS));
        assert_eq!(answer.header.msg_id, msg_id);
        assert!(answer.header.cred.is_none());
        assert_eq!(answer.body.len(), 4, "statuses and nothing else");
    }
    let stranger = castproof::spec::DeviceId::new("urn:imei:stranger").unwrap();
    assert!(net.provider.record(&campaign("spring-patch"), &stranger).is_none());
}

#[test]
fn a_challenge_that_somebody_provoked_does_not_spoil_the_nonce_of_a_device() {
    let (mut net, report) = reported();
    let own = authenticated(&net, &report, "77");
    let mut spoof = report;
    spoof.header.cred = None;
    spoof.header.session_id = "66".into();
    spoof.header.msg_id = 1;

    let refused = ask(&mut net, &spoof);
    let accepted = ask(&mut net, &own);

    assert_eq!(statuses(&refused)[0].code, status::MISSING_CREDENTIALS);
    assert_eq!(statuses(&accepted)[0].code, status::AUTHENTICATION_ACCEPTED);
}

#[test]
fn a_credential_that_was_used_is_of_no_use_again() {
    let (mut net, report) = reported();
    let own = authenticated(&net, &report, "77");
    ask(&mut net, &own);

    let again = ask(&mut net, &own);

    assert_eq!(statuses(&again)[0].code, status::INVALID_CREDENTIALS);
}

#[test]
fn a_report_for_an_unknown_campaign_is_refused() {
    let (mut net, report) = reported();
    let mut message = authenticated(&net, &report, "77");
    let Some(Command::Alert(alert)) = message.body.get_mut(2) else { panic!("the report stands third") };
    alert.correlator = Some("never-was".into());

    let answer = ask(&mut net, &message);

    let codes: Vec<u16> = statuses(&answer).iter().map(|status| status.code).collect();
    assert_eq!(codes, [212, 200, 200, 412]);
    assert!(net.record("never-was", 0).is_none());
}

#[test]
fn every_command_has_its_status_whatever_it_is() {
    let (mut net, report) = reported();
    let mut message = authenticated(&net, &report, "77");
    let Some(Command::Alert(alert)) = message.body.get_mut(2) else { panic!("the report stands third") };
    alert.items[0].meta.media_type = Some("urn:unknown".into());
    let Command::Replace(items) = message.body[1].clone() else { panic!("DevInfo stands second") };
    message.body.push(Command::Get(castproof::wire::syncml::Items { cmd_id: 9, ..items }));

    let answer = ask(&mut net, &message);

    let codes: Vec<(u32, u16)> = statuses(&answer).iter().map(|status| (status.cmd_ref, status.code)).collect();
    assert_eq!(codes, [(0, 212), (1, 200), (2, 200), (3, 415), (9, 405)]);
    assert!(statuses(&answer).iter().all(|status| status.msg_ref == message.header.msg_id));
}

#[test]
fn what_is_no_message_is_answered_by_http() {
    let mut net = Net::new(1);

    assert_eq!(ask_raw(&mut net, Some("text/html"), b"<SyncML/>").status, 415);
    assert_eq!(ask_raw(&mut net, None, b"").status, 415);
    assert_eq!(ask_raw(&mut net, Some("application/vnd.syncml.dm+xml; charset=utf-8"), b"<SyncML/>").status, 400);
    assert_eq!(ask_raw(&mut net, Some(MEDIA_TYPE), &[0xff; 64]).status, 400);
}

#[test]
fn a_server_without_end_is_left() {
    let mut net = Net::new(1);
    net.push(&firmware("spring-patch", Reporters::Everybody));
    while net.nodes[0].posts.is_empty() {
        net.run(ms(1));
    }
    // A server that asks for one thing after another, under a credential that never fits.
    let session = net.nodes[0].posts[0].1.header.session_id.clone();
    net.front = Box::new(move |request| {
        let body = format!(
            "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>{session}</SessionID>\
             <MsgID>{request}</MsgID><Target><LocURI>d</LocURI></Target><Source><LocURI>s</LocURI></Source></SyncHdr>\
             <SyncBody><Status><CmdID>1</CmdID><MsgRef>{request}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>\
             <Data>212</Data></Status><Get><CmdID>2</CmdID><Item><Target><LocURI>./DevInfo/Man</LocURI></Target>\
             </Item></Get><Final/></SyncBody></SyncML>"
        );
        Some(PostOutcome::Answered { status: 200, retry_after: None, body: body.into_bytes() })
    });

    net.run(ms(500));

    assert_eq!(net.nodes[0].posts.len(), 32);
    assert!(
        net.nodes[0]
            .posts
            .iter()
            .all(|(_, message)| { !message.body.iter().any(|command| matches!(command, Command::Results(_))) })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_spoilt_transmission_never_panics_a_device(places in prop::collection::vec((any::<u16>(), any::<u8>()), 1..12)) {
        let mut net = Net::new(1);
        let mut number = 0;
        net.air = Box::new(move |_, _, octets| {
            let mut octets = octets.to_vec();
            number += 1;
            let (at, with) = places[number % places.len()];
            let at = usize::from(at) % octets.len();
            // Every other datagram, so that some of the campaign arrives.
            if number % 2 == 0 {
                octets[at] ^= with;
            }
            Some(octets)
        });
        net.push(&firmware("spring-patch", Reporters::Everybody));

        net.run(ms(3000));

        prop_assert!(net.nodes[0].results().len() <= 1);
    }

    #[test]
    fn a_spoilt_message_never_panics_the_server(at in any::<u16>(), with in any::<u8>(), cut in any::<u16>()) {
        let (mut net, report) = reported();
        let mut body = authenticated(&net, &report, "77").to_xml().into_bytes();
        let at = usize::from(at) % body.len();
        body[at] ^= with;
        body.truncate(body.len() - usize::from(cut) % 8);

        let answer = ask_raw(&mut net, Some(MEDIA_TYPE), &body);

        prop_assert!(matches!(answer.status, 200 | 400));
    }
}
