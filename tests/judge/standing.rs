//! Standing checks: each holds in a good recording, and fails where one thing is wrong.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use castproof::capture::Side;
use castproof::findings::Verdict;
use castproof::judge::standing::{Known, Standing, checks};
use castproof::spec::{Account, ServerId, Timestamp};
use castproof::wire::alc::{AlcPacket, FecOti, NO_CODE, PayloadId, SMALL_BLOCK};
use castproof::wire::fdt::{Fdt, FdtFile, FluteVersion};
use castproof::wire::lct::{Extension, LctHeader};
use castproof::wire::syncml::{Alert, Command, Credential, Item, Items, Message, NextNonce, Results, Status};
use md5::{Digest as _, Md5};

use super::tape::{COMMAND, PACKAGE, Session, Tape, dev_id, result, status};

/// The Command and the package, as octets.
fn objects() -> [(u128, &'static str, Vec<u8>); 2] {
    [(1, COMMAND, vec![0x31; 1024]), (2, PACKAGE, vec![0x32; 3000])]
}

fn oti(length: usize) -> FecOti {
    FecOti::NoCode { transfer_length: length as u64, symbol_length: 1024, max_block_length: 2 }
}

fn table() -> Fdt {
    let files = objects().into_iter().map(|(toi, location, octets)| FdtFile {
        toi,
        location: location.into(),
        content_length: Some(octets.len() as u64),
        transfer_length: Some(octets.len() as u64),
        content_md5: Some(BASE64_STANDARD.encode(Md5::digest(&octets))),
        fec: oti(octets.len()).into(),
        ..FdtFile::default()
    });
    let expires = Fdt::expires_field(Timestamp::from_millis(1_800_000_060_000));
    Fdt { expires, complete: true, files: files.collect() }
}

fn table_packet(xml: &[u8], instance: u32) -> AlcPacket {
    let mut header = LctHeader::new(1, Some(0), NO_CODE);
    let length = u16::try_from(xml.len()).unwrap();
    let fti = FecOti::NoCode { transfer_length: length.into(), symbol_length: length, max_block_length: 1 };
    header.extensions = vec![Extension::Fdt { version: 2, instance }, Extension::Fti(fti.encode().unwrap())];
    let payload_id = Some(PayloadId::NoCode { block: 0, symbol: 0 });
    AlcPacket { header, payload_id, payload: xml.to_vec() }
}

/// Two cycles of a campaign and its end: packets 0 and 5 are tables, 4 and 9 last symbols, 10 and 11 close.
fn session() -> Vec<AlcPacket> {
    let mut packets = Vec::new();
    for is_last in [false, true] {
        packets.push(table_packet(&table().to_xml(FluteVersion::V2), 1));
        for (toi, _, octets) in objects() {
            let chunks: Vec<&[u8]> = octets.chunks(1024).collect();
            for (index, chunk) in chunks.iter().enumerate() {
                let mut header = LctHeader::new(1, Some(toi), NO_CODE);
                header.close_object = is_last && index + 1 == chunks.len();
                let (block, symbol) = ((index / 2) as u16, (index % 2) as u16);
                let payload_id = Some(PayloadId::NoCode { block, symbol });
                packets.push(AlcPacket { header, payload_id, payload: chunk.to_vec() });
            }
        }
    }
    let closing = LctHeader { close_session: true, ..LctHeader::new(1, None, NO_CODE) };
    packets.extend([(); 2].map(|()| AlcPacket { header: closing.clone(), payload_id: None, payload: Vec::new() }));
    packets
}

fn octets(packets: &[AlcPacket]) -> Vec<Vec<u8>> {
    packets.iter().map(|packet| packet.encode().unwrap()).collect()
}

fn broadcast(packets: &[Vec<u8>]) -> Tape {
    let mut tape = Tape::new(&["D1"]);
    tape.announce("spring-patch", 1);
    for packet in packets {
        tape.delivery(packet);
    }
    tape
}

fn verdict(found: &[Standing], requirement: &str) -> Option<Verdict> {
    let own = found.iter().find(|standing| standing.requirement.as_str() == requirement)?;
    Some(own.outcome.verdict)
}

/// The requirements that failed.
fn failed(found: &[Standing]) -> Vec<&str> {
    found.iter().filter(|standing| !standing.holds()).map(|standing| standing.requirement.as_str()).collect()
}

#[test]
fn a_sound_broadcast_keeps_every_rule_of_flute() {
    let found = broadcast(&octets(&session())).standing(&Known::default());

    assert!(failed(&found).is_empty(), "{found:?}");
    for number in 1..=20 {
        let requirement = format!("X-FLUTE-{number:02}");
        assert_eq!(verdict(&found, &requirement), Some(Verdict::Pass), "{requirement}");
    }
    assert_eq!(verdict(&found, "X-DM-04"), Some(Verdict::Pass));
}

/// Replaces the second table by one with this text, under the next instance.
fn retell(packets: &mut [AlcPacket], change: impl Fn(String) -> String) {
    let xml = String::from_utf8(table().to_xml(FluteVersion::V2)).unwrap();
    packets[5] = table_packet(change(xml).as_bytes(), 2);
}

#[test]
fn each_rule_of_flute_is_broken_by_one_packet() {
    type Change = fn(&mut Vec<AlcPacket>);
    let table: [(&str, Change); 20] = [
        ("X-FLUTE-01", |packets| packets[2].header.reserved = 1),
        ("X-FLUTE-01", |packets| packets[2].header.psi = 2),
        ("X-FLUTE-03", |packets| packets[2].header.tsi = 9),
        ("X-FLUTE-05", |packets| {
            packets[2].header.codepoint = SMALL_BLOCK;
            packets[2].payload_id = Some(PayloadId::SmallBlock { block: 0, block_length: 2, symbol: 0 });
        }),
        ("X-FLUTE-06", |packets| packets[5].header.extensions.clear()),
        ("X-FLUTE-06", |packets| packets[5].header.extensions[0] = Extension::Fdt { version: 1, instance: 1 }),
        ("X-FLUTE-07", |packets| packets[5].header.extensions[0] = Extension::Fdt { version: 2, instance: 3 }),
        ("X-FLUTE-08", |packets| packets[5] = table_packet(b"<FDT-Instance Expires='4200000000'/>", 1)),
        ("X-FLUTE-09", |packets| retell(packets, |xml| xml.replace(" Expires=", " Expired="))),
        ("X-FLUTE-09", |packets| retell(packets, |xml| xml.replace(" Expires=\"4", " Expires=\"3"))),
        ("X-FLUTE-10", |packets| retell(packets, |xml| xml.replace("TOI=\"2\"", "TOI=\"1\""))),
        ("X-FLUTE-11", |packets| {
            packets.iter_mut().filter(|packet| packet.header.toi == Some(2)).for_each(|packet| packet.payload[0] = 0);
        }),
        ("X-FLUTE-12", |packets| packets[4].header.extensions = vec![Extension::Fti(oti(9).encode().unwrap())]),
        ("X-FLUTE-13", |packets| packets[5].header.extensions.push(Extension::Cenc { encoding: 0, reserved: 0 })),
        ("X-FLUTE-14", |packets| packets.swap(9, 10)),
        ("X-FLUTE-15", |packets| packets[4].header.close_object = true),
        ("X-FLUTE-16", |packets| {
            packets[10].payload_id = Some(PayloadId::NoCode { block: 0, symbol: 0 });
            packets[10].payload = b"more".to_vec();
        }),
        ("X-FLUTE-17", |packets| packets[9].payload_id = Some(PayloadId::NoCode { block: 2, symbol: 0 })),
        ("X-FLUTE-18", |packets| packets[9].payload.push(0)),
        ("X-FLUTE-19", |packets| packets[3].header.toi = Some(7)),
    ];

    for (requirement, change) in table {
        let mut packets = session();
        change(&mut packets);
        let found = broadcast(&octets(&packets)).standing(&Known::default());

        assert_eq!(verdict(&found, requirement), Some(Verdict::Fail), "{requirement}: {:?}", failed(&found));
    }
}

#[test]
fn a_file_is_not_added_to_what_is_complete() {
    let mut packets = session();
    retell(&mut packets, |xml| xml.replace("</FDT", "<File TOI='3' Content-Location='c'/></FDT"));

    let found = broadcast(&octets(&packets)).standing(&Known::default());

    assert_eq!(failed(&found), ["X-FLUTE-20"]);
}

#[test]
fn headers_that_cannot_be_read_break_the_rule_of_their_field() {
    for (requirement, at, value) in
        [("X-FLUTE-01", 0, 0x20), ("X-FLUTE-02", 2, 2), ("X-FLUTE-03", 1, 0), ("X-FLUTE-04", 2, 4)]
    {
        let mut packets = octets(&session());
        packets[2][at] = value;

        let found = broadcast(&packets).standing(&Known::default());

        assert_eq!(verdict(&found, requirement), Some(Verdict::Fail), "{requirement}: {found:?}");
    }
}

#[test]
fn what_a_stranger_sends_is_not_judged() {
    let mut tape = broadcast(&octets(&session()));
    let own = tape.packets();
    let mut packets = session();
    packets[2].header.reserved = 1;
    for packet in octets(&packets) {
        tape.delivery(&packet);
    }
    assert!(!failed(&tape.standing(&Known::default())).is_empty());

    tape.strange_from(own);

    assert!(failed(&tape.standing(&Known::default())).is_empty());
}

/// Package #1 with a report: what a Device that knows the rules sends.
fn opening(alert: Option<Alert>) -> Vec<Command> {
    let nodes = ["DevId", "Man", "Mod", "DmV", "Lang"].map(|leaf| Item {
        source: Some(format!("./DevInfo/{leaf}")),
        data: Some("x".into()),
        ..Item::default()
    });
    let begins = Alert { cmd_id: 1, code: 1201, correlator: None, items: Vec::new() };
    let mut body = vec![Command::Alert(begins), Command::Replace(Items { cmd_id: 2, items: nodes.to_vec() })];
    body.extend(alert.map(Command::Alert));
    body
}

fn account() -> Account {
    Account {
        server: ServerId::new("sp.example").unwrap(),
        server_url: "http://sp.example/dm".into(),
        user: "d1".into(),
        password: "secret".into(),
        server_password: "server-secret".into(),
        server_nonce: b"start".to_vec(),
    }
}

fn known() -> Known {
    let accounts = BTreeMap::from([(dev_id("D1"), account())]);
    Known { group: None, devices: accounts.clone(), server: accounts }
}

/// The Status of a SyncHdr, with a nonce.
fn header_status(msg_ref: u32, code: u16, nonce: &[u8]) -> Command {
    let Command::Status(plain) = status(msg_ref, 0, "SyncHdr", code) else { unreachable!("a status") };
    let chal = Some(NextNonce { scheme: "syncml:auth-md5".into(), nonce: nonce.to_vec() });
    Command::Status(Status { chal, ..plain })
}

fn credential(nonce: &[u8]) -> Credential {
    Credential::md5("d1", "secret", nonce)
}

/// A session in which D1 reports: it is challenged, shows its credential, and the report is taken.
fn reported(alert: Alert) -> Session {
    Session::new("D1", "1")
        .message(Side::Client, opening(Some(alert.clone())))
        .message(Side::Server, vec![header_status(1, 407, b"one"), status(1, 3, "Alert", 407)])
        .message(Side::Client, opening(Some(alert)))
        .edit(|message| message.header.cred = Some(credential(b"one")))
        .message(Side::Server, vec![header_status(2, 212, b"two"), status(2, 3, "Alert", 200)])
        .edit(|message| message.header.cred = Some(Credential::md5("sp.example", "server-secret", b"start")))
}

fn firmware(code: u16) -> Alert {
    result("spring-patch", code)
}

/// The Device's answers when nodes are read, in a session of its own with the nonce of the last.
fn read(nodes: &[(&str, &str)]) -> Session {
    let items = nodes.iter().map(|(node, value)| Item {
        source: Some((*node).to_owned()),
        data: Some((*value).to_owned()),
        ..Item::default()
    });
    let results = Results { cmd_id: 2, msg_ref: 1, cmd_ref: 3, items: items.collect() };
    Session::new("D1", "2")
        .message(Side::Client, opening(None))
        .edit(|message| message.header.cred = Some(credential(b"two")))
        .message(Side::Server, vec![header_status(1, 212, b"three")])
        .message(Side::Client, vec![header_status(1, 212, b"server-two"), Command::Results(results)])
}

fn talk(sessions: impl IntoIterator<Item = Session>) -> Vec<Standing> {
    let mut tape = broadcast(&octets(&session()));
    for session in sessions {
        tape.session(session);
    }
    tape.standing(&known())
}

#[test]
fn a_sound_report_keeps_every_rule() {
    let found = talk([reported(firmware(503)), read(&[("./FUMO/State", "20")])]);

    assert!(failed(&found).is_empty(), "{found:?}");
    let looked_at = [
        "X-DM-02",
        "X-DM-05",
        "X-DM-06",
        "X-DM-07",
        "X-DM-08",
        "X-DM-09",
        "X-FUMO-02",
        "X-FUMO-03",
        "X-FUMO-05",
        "X-FUMO-06",
        "X-FUMO-07",
        "X-FUMO-08",
        "X-FUMO-09",
        "X-FUMO-10",
    ];
    for requirement in looked_at {
        assert_eq!(verdict(&found, requirement), Some(Verdict::Pass), "{requirement}");
    }
}

#[test]
fn a_device_whose_server_went_away_after_its_challenge_begins_anew() {
    let challenged = || {
        Session::new("D1", "1")
            .message(Side::Client, opening(None))
            .message(Side::Server, vec![header_status(1, 407, b"one")])
    };
    let served = || {
        Session::new("D1", "2")
            .message(Side::Client, opening(None))
            .edit(|message| message.header.cred = Some(credential(b"one")))
            .message(Side::Server, vec![header_status(1, 212, b"two")])
    };
    let mut cut_off = broadcast(&octets(&session()));
    cut_off.reset_session(challenged()).session(served());
    let mut other = broadcast(&octets(&session()));
    other.session(challenged());
    other.reset_session(Session::new("D2", "1").message(Side::Client, opening(None)));
    other.session(served());

    let verdicts = [cut_off.standing(&known()), talk([challenged(), served()]), other.standing(&known())];

    let expected = [Verdict::Pass, Verdict::Fail, Verdict::Fail].map(Some);
    assert_eq!(verdicts.map(|found| verdict(&found, "X-DM-09")), expected);
}

#[test]
fn an_answer_that_a_device_need_not_have_waited_for_binds_it_to_nothing() {
    let challenged = || {
        Session::new("D1", "1")
            .message(Side::Client, opening(None))
            .message(Side::Server, vec![header_status(1, 407, b"one")])
    };
    let accepted = || {
        Session::new("D1", "2")
            .message(Side::Client, opening(None))
            .edit(|message| message.header.cred = Some(credential(b"one")))
            .message(Side::Server, vec![header_status(1, 212, b"two")])
    };
    let challenges = [100, 3_000].map(|delay| talk([challenged().answered_after(delay), accepted()]));
    let report = |id| Session::new("D1", id).report("c1", 200).taken();
    let reports = [100, 3_000].map(|delay| {
        let mut tape = broadcast(&octets(&session()));
        tape.announce("c1", 1).announce("c1", 1);
        tape.session(report("1").answered_after(delay)).session(report("2"));
        tape.standing(&known())
    });

    let hurried = [Verdict::Fail, Verdict::Pass].map(Some);
    assert_eq!(challenges.map(|found| verdict(&found, "X-DM-09")), hurried);
    assert_eq!(reports.map(|found| verdict(&found, "X-DM-01")), hurried);
}

/// A sound session, but for its last message from this side.
fn spoilt(change: impl FnOnce(&mut Message)) -> Session {
    Session::new("D1", "1").message(Side::Client, opening(Some(firmware(503)))).edit(change)
}

fn alert_of(message: &mut Message) -> &mut Alert {
    match &mut message.body[2] {
        Command::Alert(alert) => alert,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn each_rule_of_a_report_is_broken_by_one_message() {
    type Change = fn(&mut Message);
    let table: [(&str, Change); 12] = [
        ("X-DM-02", |message| message.header.session_id = "00A1".into()),
        ("X-DM-02", |message| message.header.session_id = "a1".into()),
        ("X-DM-05", |message| {
            if let Command::Alert(alert) = &mut message.body[0] {
                alert.code = 1200;
            }
        }),
        ("X-DM-06", |message| {
            message.body.remove(1);
        }),
        ("X-DM-07", |message| {
            message.body.push(Command::Get(Items { cmd_id: 9, items: vec![Item::for_target("./x")] }))
        }),
        ("X-DM-08", |message| message.header.cred = Some(Credential::basic("d1", "secret"))),
        ("X-DM-08", |message| message.header.cred = Some(credential(b"never handed out"))),
        ("X-FUMO-02", |message| alert_of(message).items[0].meta.media_type = Some("urn:other".into())),
        ("X-FUMO-03", |message| alert_of(message).correlator = None),
        ("X-FUMO-05", |message| alert_of(message).items[0].meta.mark = Some("informational".into())),
        ("X-FUMO-07", |message| alert_of(message).items[0].data = Some("lost".into())),
        ("X-FUMO-10", |message| alert_of(message).items[0].data = Some("401".into())),
    ];

    for (requirement, change) in table {
        let found = talk([spoilt(change)]);

        assert_eq!(verdict(&found, requirement), Some(Verdict::Fail), "{requirement}: {found:?}");
    }
}

#[test]
fn a_state_goes_with_the_result_that_was_reported() {
    for (code, state, requirement) in [(200, "60", "X-FUMO-08"), (503, "80", "X-FUMO-09"), (503, "77", "X-FUMO-08")] {
        let found = talk([reported(firmware(code)), read(&[("./FUMO/State", state)])]);

        assert_eq!(verdict(&found, requirement), Some(Verdict::Fail), "{code} and {state}: {found:?}");
    }
}

#[test]
fn a_report_that_was_taken_is_not_sent_again_unless_the_power_went() {
    let again = Session::new("D1", "2")
        .message(Side::Client, opening(Some(firmware(503))))
        .edit(|message| message.header.cred = Some(credential(b"two")));

    let found = talk([reported(firmware(503)), again]);

    assert_eq!(failed(&found), ["X-FUMO-06"]);
}

#[test]
fn a_nonce_is_stale_once_another_came_with_an_accepted_credential() {
    let stale = Session::new("D1", "2")
        .message(Side::Client, opening(None))
        .edit(|message| message.header.cred = Some(credential(b"one")));

    let found = talk([reported(firmware(503)), stale]);

    assert_eq!(failed(&found), ["X-DM-08"]);
}

#[test]
fn credentials_are_asked_for_by_the_right_code() {
    let answered = |code, chal: bool, cred: Option<Credential>| {
        let header = if chal { header_status(1, code, b"one") } else { status(1, 0, "SyncHdr", code) };
        let session = Session::new("D1", "1")
            .message(Side::Client, opening(None))
            .edit(|message| message.header.cred = cred)
            .message(Side::Server, vec![header]);
        verdict(&talk([session]), "X-DM-09")
    };
    let wrong = || Some(credential(b"never handed out"));

    assert_eq!(answered(407, true, None), Some(Verdict::Pass));
    assert_eq!(answered(401, true, wrong()), Some(Verdict::Pass));
    assert_eq!(answered(401, true, None), Some(Verdict::Fail));
    assert_eq!(answered(407, false, None), Some(Verdict::Fail));
    assert_eq!(answered(212, true, None), Some(Verdict::Fail));
    assert_eq!(answered(212, true, wrong()), Some(Verdict::Fail));
}

#[test]
fn every_standing_check_has_a_row_of_its_own() {
    let ids: std::collections::BTreeSet<&str> = checks().map(|check| check.requirement).collect();

    assert_eq!(ids.len(), checks().count());
    assert!(ids.len() >= 44, "{} checks", ids.len());
}
