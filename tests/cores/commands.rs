//! Commands that a provider of the reference would not send.

use std::sync::Arc;

use castproof::delivery::{OutgoingObject, Sender, SessionPlan};
use castproof::spec::{
    Announcement, ComponentId, Delivery, ObjectReference, Reporters, Rollout, SequenceNumber, SessionId, Target, Tsi,
    UpdateKind,
};
use castproof::wire::announcement::sign;
use castproof::wire::mo::{fumo, scomo};
use castproof::wire::package0::{Initiator, Package0, Trigger, UiMode};
use castproof::wire::syncml::{Command, Credential, Exec, Item, Items, Message, SyncHdr};
use castproof::wire::wsp::Push;
use sha2::{Digest, Sha256};

use crate::harness::*;

const PACKAGE: &str = "http://sp.example/package.bin";

fn document(body: Vec<Command>) -> Message {
    Message {
        header: SyncHdr {
            session_id: "1A2F".into(),
            msg_id: 1,
            target: "urn:castproof:broadcast".into(),
            source: "sp.example".into(),
            source_name: None,
            resp_uri: None,
            cred: None,
        },
        body,
        is_final: true,
    }
}

fn exec(cmd_id: u32, node: &str) -> Command {
    Command::Exec(Exec { cmd_id, correlator: Some("crafted".into()), item: Item::for_target(node) })
}

fn set(cmd_id: u32, node: &str, value: &str) -> Command {
    Command::Replace(Items { cmd_id, items: vec![Item::text(node, value)] })
}

/// The campaign `crafted` as its provider signed it: the result, and the firmware and setting that the Device has then.
fn outcome(kind: UpdateKind, command: &Message) -> (u16, String, String) {
    let mut net = Net::new(1);
    let object = |name: &str, octets: Vec<u8>| OutgoingObject {
        location: name.into(),
        content_type: "application/octet-stream".into(),
        octets: Arc::from(octets),
    };
    let objects =
        vec![object("http://sp.example/command.xml", command.to_xml().into_bytes()), object(PACKAGE, image().to_vec())];
    let reference = |object: &OutgoingObject| ObjectReference {
        location: object.location.clone(),
        size: object.octets.len() as u64,
        sha256: Sha256::digest(&object.octets).into(),
    };
    let announcement = Announcement {
        campaign: campaign("crafted"),
        sequence: SequenceNumber(1),
        issued_at: START,
        expires_at: START + ms(60_000),
        kind,
        target: Target {
            component: (kind == UpdateKind::Software).then(|| ComponentId::new("browser").unwrap()),
            resulting_version: (kind != UpdateKind::Provisioning).then(|| version("2.0")),
            ..Target::default()
        },
        delivery: Delivery {
            channel: label("delivery-1"),
            tsi: Tsi::new(7).unwrap(),
            command: reference(&objects[0]),
            packages: vec![reference(&objects[1])],
        },
        consent: None,
        rollout: Rollout::default(),
        reporting: reporting(Reporters::Nobody),
    };
    let provider = provider_configuration(1);
    let mut trigger = Trigger {
        ui_mode: UiMode::Background,
        initiator: Initiator::Server,
        session: SessionId::new(0x1A2F).unwrap(),
        server: server_id(),
        vendor: Vec::new(),
    };
    trigger.vendor = sign(&announcement, &provider.key_id, &provider.key, &trigger.header());
    let notification = Push::notification(1, Package0::seal(trigger, &provider.group).encode()).encode();
    net.notify(0, &notification);
    let mut sender = Sender::new(SessionPlan::new(Tsi::new(7).unwrap()), objects, START).unwrap();
    while let Some(packet) = sender.next_packet(START) {
        net.hear(0, "delivery-1", &packet);
    }
    net.run(ms(10));
    let results = net.nodes[0].results();
    assert_eq!(results.len(), 1);
    let device = net.nodes[0].device();
    (results[0], device.node("./DevDetail/FwV").unwrap(), device.node("./Settings/Apn").unwrap())
}

fn firmware_result(command: &Message) -> u16 {
    let (code, firmware, apn) = outcome(UpdateKind::Firmware, command);
    assert_eq!(firmware, if code == 200 { "2.0" } else { "1.0" });
    assert_eq!(apn, "old");
    code
}

fn good() -> Message {
    document(fumo::download_and_update(PACKAGE, "crafted", 1))
}

#[test]
fn a_command_of_the_profile_is_carried_out() {
    assert_eq!(firmware_result(&good()), 200);
}

#[test]
fn a_command_under_another_name_is_not_carried_out() {
    let changes: [fn(&mut Message); 6] = [
        |message| message.header.source = "other.example".into(),
        |message| message.header.session_id = "1A30".into(),
        |message| message.header.target = "urn:imei:1".into(),
        |message| message.header.msg_id = 2,
        |message| message.header.cred = Some(Credential::md5("a", "b", b"c")),
        |message| message.is_final = false,
    ];
    for change in changes {
        let mut command = good();
        change(&mut command);

        assert_eq!(firmware_result(&command), 400, "{:?}", command.header);
    }
}

#[test]
fn nothing_is_carried_out_beside_a_forbidden_node() {
    let mut command = good();
    command.body.push(set(3, "./Settings/Apn", "stolen"));
    assert_eq!(firmware_result(&command), 400);

    let mut command = good();
    command.body.push(Command::Delete(Items { cmd_id: 3, items: vec![Item::for_target("./FUMO/State")] }));
    assert_eq!(firmware_result(&command), 400);

    assert_eq!(
        firmware_result(&document(scomo::download_install(
            &ComponentId::new("browser").unwrap(),
            PACKAGE,
            "crafted",
            1
        ))),
        400
    );
}

#[test]
fn a_correlator_of_another_campaign_is_refused() {
    assert_eq!(firmware_result(&document(fumo::download_and_update(PACKAGE, "other", 1))), 400);
}

#[test]
fn a_package_that_was_not_announced_is_a_bad_url() {
    for location in ["http://sp.example/other.bin", "http://sp.example/command.xml", ""] {
        assert_eq!(firmware_result(&document(fumo::download_and_update(location, "crafted", 1))), 411);
    }
}

#[test]
fn a_form_that_the_device_lacks_is_not_implemented() {
    for node in ["./FUMO/Reboot", "./FUMO/DownloadAndUpdate/Pause", "./FUMO/Ext/Vendor"] {
        let mut command = good();
        command.body.push(exec(3, node));

        assert_eq!(firmware_result(&command), 408, "{node}");
    }
}

#[test]
fn software_has_its_own_codes() {
    let browser = ComponentId::new("browser").unwrap();
    let result = |body| outcome(UpdateKind::Software, &document(body)).0;

    assert_eq!(result(scomo::download_install(&browser, PACKAGE, "crafted", 1)), 1200);
    assert_eq!(result(scomo::download_install(&browser, "http://sp.example/other.bin", "crafted", 1)), 1400);
    let other = ComponentId::new("other").unwrap();
    assert_eq!(result(scomo::download_install(&other, PACKAGE, "crafted", 1)), 1400);
    let suspend = "./SCOMO/Download/browser/Operations/Suspend";
    assert_eq!(result(vec![set(1, &scomo::package_url(&browser), PACKAGE), exec(2, suspend)]), 1411);
}

#[test]
fn provisioning_touches_settings_and_its_own_schedule_only() {
    let apn = || set(1, "./Settings/Apn", "new");
    let beside = |command| outcome(UpdateKind::Provisioning, &document(vec![apn(), command]));

    assert_eq!(outcome(UpdateKind::Provisioning, &document(vec![apn()])), (200, "1.0".into(), "new".into()));
    for command in [
        set(2, "./ExceptionSchedule/another/Rule/1/Situation", "any"),
        set(2, "./Settings/", "x"),
        set(2, "./SettingsOfOthers/Apn", "x"),
        exec(2, fumo::DOWNLOAD_AND_UPDATE),
        Command::Get(Items { cmd_id: 2, items: vec![Item::for_target("./Settings/Apn")] }),
    ] {
        assert_eq!(beside(command), (500, "1.0".into(), "old".into()));
    }
    // A malformed schedule silences; the settings are carried out.
    let malformed = set(2, "./ExceptionSchedule/crafted/Rule/1/Situation", "sometimes");
    assert_eq!(beside(malformed), (200, "1.0".into(), "new".into()));
}
