//! Holds the worked examples of the profile page against the code.

use castproof::spec::{CampaignId, ServerId};
use castproof::wire::announcement::{SignedAnnouncement, VerifyingKey, encode};
use castproof::wire::package0::{GroupAccount, Package0};
use castproof::wire::syncml::{Alert, Command, Credential, Message, auth};
use castproof::wire::{alc::AlcPacket, fdt::Fdt, mo, wsp::Push};
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("../docs/profile.md");

fn blocks(language: &str) -> Vec<&'static str> {
    PAGE.split(&format!("```{language}\n")).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The block of nothing but hexadecimal digits that begins with `start`.
fn hex_block(start: &str) -> Vec<u8> {
    let block = blocks("text").into_iter().find(|block| block.starts_with(start)).expect("the page has the example");
    hex(block)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn example() -> (Package0, SignedAnnouncement) {
    let push = Push::decode(&hex_block("010603c4")).unwrap();
    let package = Package0::decode(&push.body).unwrap();
    let signed = SignedAnnouncement::decode(&package.trigger.vendor).unwrap();
    (package, signed)
}

#[test]
fn the_notification_is_sealed_and_signed() {
    let (package, signed) = example();
    let account = GroupAccount {
        server: ServerId::new("sp.example").unwrap(),
        password: "group-secret".into(),
        nonce: b"group-nonce".to_vec(),
    };
    let line = PAGE.lines().position(|line| line.contains("public key `")).unwrap();
    let text: String = PAGE.lines().skip(line).take(2).collect::<Vec<_>>().join(" ");
    let key = hex(text.split("public key `").nth(1).unwrap().split('`').next().unwrap());
    let key = VerifyingKey::from_bytes(&key.try_into().unwrap()).unwrap();

    assert!(package.verify(&account));
    assert_eq!(signed.verify(&key, &package.trigger.header()), Ok(()));
    assert_eq!(package.trigger.session.to_string(), "1A2F");
}

#[test]
fn the_payload_is_what_the_encoder_writes() {
    let (_, signed) = example();

    assert_eq!(encode(&signed.announcement), hex_block("a9010102"));
}

#[test]
fn the_command_document_has_the_announced_size_and_digest() {
    let (_, signed) = example();
    let document = blocks("xml").into_iter().find(|xml| xml.contains("SessionID>1A2F")).unwrap();

    let command = &signed.announcement.delivery.command;

    assert_eq!(command.size, document.len() as u64);
    assert_eq!(command.sha256[..], Sha256::digest(document)[..]);
    let package: Vec<u8> = (0..9600u32).map(|i| (i % 251) as u8).collect();
    assert_eq!(signed.announcement.delivery.packages[0].sha256[..], Sha256::digest(package)[..]);
}

#[test]
fn every_document_of_the_page_is_read() {
    for xml in blocks("xml") {
        if xml.contains("<FDT-Instance") {
            assert_eq!(Fdt::from_xml(xml.as_bytes()).unwrap().files.len(), 2);
        } else if xml.contains("<SyncML") {
            let message = Message::from_xml(xml.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{xml}"));
            assert_eq!(Message::from_xml(message.to_xml().as_bytes()).unwrap(), message);
        }
    }
}

#[test]
fn the_schedule_is_read() {
    let xml = blocks("xml").into_iter().find(|xml| xml.contains("SessionID>1A31")).unwrap();
    let message = Message::from_xml(xml.as_bytes()).unwrap();
    let Command::Replace(replace) = &message.body[0] else { panic!("not a Replace") };

    let (campaign, schedule) = mo::schedule::from_items(&replace.items).unwrap().unwrap();

    assert_eq!(campaign, CampaignId::new("roaming").unwrap());
    assert_eq!(mo::schedule::to_items(&campaign, &schedule).unwrap(), replace.items);
}

#[test]
fn the_reports_are_read() {
    let xml = blocks("xml").into_iter().filter(|xml| xml.contains("1226"));
    let mut n = 0;
    for xml in xml {
        let whole = if xml.contains("<SyncML") {
            xml.to_string()
        } else {
            format!(
                "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>2</SessionID><MsgID>1</MsgID><Target><LocURI>a</LocURI></Target><Source><LocURI>b</LocURI></Source></SyncHdr><SyncBody>{xml}<Final/></SyncBody></SyncML>"
            )
        };
        let message = Message::from_xml(whole.as_bytes()).unwrap();
        let alert: &Alert = message
            .body
            .iter()
            .find_map(|c| match c {
                Command::Alert(a) if a.code == 1226 => Some(a),
                _ => None,
            })
            .unwrap();
        let result = mo::ReportedResult::from_alert(alert).unwrap();
        assert_eq!(result.to_alert(3, alert.correlator.clone()), *alert);
        n += 1;
    }
    assert_eq!(n, 2);
}

#[test]
fn the_credentials_are_right() {
    let creds: Vec<Credential> = blocks("xml")
        .into_iter()
        .filter(|x| x.contains("<SyncML"))
        .filter_map(|x| Message::from_xml(x.as_bytes()).unwrap().header.cred)
        .collect();
    assert_eq!(creds.len(), 2);
    assert!(creds[0].matches_md5("d10", "d10-secret", b"nonce-1"));
    assert!(creds[1].matches_md5("sp.example", "sp-secret", b"start"));
    assert_eq!(auth::auth_md5("Bruce2", "OhBehave", b"Nonce"), "Zz6EivR3yeaaENcRN6lpAQ==");
}

#[test]
fn the_packets_decode() {
    let block = blocks("text").into_iter().find(|b| b.starts_with("10100800")).unwrap();
    for packet in block.split("\n\n") {
        let octets: Vec<u8> = packet
            .lines()
            .flat_map(|line| hex(line.split("   ").next().unwrap().split("  ").next().unwrap()))
            .collect();
        let decoded = AlcPacket::decode(&octets).unwrap();

        assert_eq!(decoded.header.tsi, 7);
        assert!(decoded.fec_oti().is_ok());
    }
}
