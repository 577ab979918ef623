//! A recording for tests: one campaign, one lost symbol, one failure report.

use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;

use super::conversation::{Conversation, Side};
use super::recording::{Frame, INTERACTION_LANE, Lane, LaneId, PROVIDER_LANE, Packet, Recording};
use crate::spec::{
    Announcement, BasisPoints, CampaignId, ChannelLabel, Delivery, KeyId, ObjectReference, Reporters, Reporting,
    Rollout, SequenceNumber, ServerId, SessionId, Target, Timestamp, Tsi, UpdateKind,
};
use crate::wire::alc::{AlcPacket, FecOti, NO_CODE, PayloadId};
use crate::wire::announcement::sign;
use crate::wire::fdt::{Fdt, FdtFile, FluteVersion};
use crate::wire::lct::{Extension, LctHeader};
use crate::wire::package0::{GroupAccount, Initiator, Package0, Trigger, UiMode};
use crate::wire::syncml::model::MEDIA_TYPE;
use crate::wire::syncml::{Alert, Command, Credential, Exec, Item, Items, Message, Meta, NextNonce, Status, SyncHdr};
use crate::wire::wsp::Push;

/// The `DevId` of Device D10.
pub(super) const DEV_ID: &str = "urn:imei:000000000000010";

/// The DM port of the sample; leased anew for each run.
pub(super) const DM_PORT: u16 = 18_080;

const START: u64 = 1_800_000_000_000;

/// A recording under construction.
pub(super) struct Sample {
    pub(super) recording: Recording,
    /// Nanoseconds since the start.
    now: u64,
}

impl Sample {
    pub(super) fn new() -> Self {
        let device = Lane { name: "D10".into(), description: format!("what Device {DEV_ID} received") };
        Self { recording: Recording::with_devices([device]), now: 0 }
    }

    pub(super) fn wait(&mut self, span: Duration) {
        self.now += u64::try_from(span.as_nanos()).unwrap();
    }

    pub(super) fn frame(&mut self, lane: &str, packet: Packet, comments: &[&str]) {
        let lane = self.recording.lane(lane).unwrap();
        let at = Timestamp::from_millis(START) + Duration::from_nanos(self.now);
        let comments = comments.iter().map(ToString::to_string).collect();
        self.recording.frames.push(Frame { at, lane, packet, comments });
    }

    /// A datagram on a lane; the last octet of its group is the lane's.
    pub(super) fn datagram(&mut self, lane: &str, port: u16, payload: Vec<u8>, comments: &[&str]) {
        let LaneId(number) = self.recording.lane(lane).unwrap();
        let packet = Packet::Datagram {
            source: "127.0.0.1:40000".parse().unwrap(),
            destination: format!("239.255.0.{}:{port}", number + 1).parse().unwrap(),
            ttl: 1,
            payload: Arc::from(payload),
        };
        self.frame(lane, packet, comments);
    }

    pub(super) fn segments(&mut self, packets: Vec<Packet>) {
        for packet in packets {
            self.frame(INTERACTION_LANE, packet, &[]);
        }
    }
}

pub(super) fn push(issued: Timestamp) -> Vec<u8> {
    let server = ServerId::new("sp.example").unwrap();
    let mut trigger = Trigger {
        ui_mode: UiMode::Background,
        initiator: Initiator::Server,
        session: SessionId::new(0x1A2F).unwrap(),
        server: server.clone(),
        vendor: vec![],
    };
    let key = SigningKey::from_bytes(&[7; 32]);
    trigger.vendor = sign(&announcement(issued), &KeyId::new("sp-key-1").unwrap(), &key, &trigger.header());
    let account = GroupAccount { server, password: "group".into(), nonce: b"nonce".to_vec() };
    Push::notification(1, Package0::seal(trigger, &account).encode()).encode()
}

fn announcement(issued: Timestamp) -> Announcement {
    let object = |name: &str, size| ObjectReference {
        location: format!("http://sp.example/spring-patch/{name}"),
        size,
        sha256: [1; 32],
    };
    Announcement {
        campaign: CampaignId::new("spring-patch").unwrap(),
        sequence: SequenceNumber(41),
        issued_at: issued,
        expires_at: issued + Duration::from_secs(60),
        kind: UpdateKind::Firmware,
        target: Target {
            manufacturer: Some("Acme".into()),
            model: Some("X1".into()),
            from_versions: vec!["1.0".parse().unwrap()],
            resulting_version: Some("2.0".parse().unwrap()),
            ..Target::default()
        },
        delivery: Delivery {
            channel: ChannelLabel::new("delivery").unwrap(),
            tsi: Tsi::new(7).unwrap(),
            command: object("command.xml", 812),
            packages: vec![object("acme-x1-2.0.bin", 6144)],
        },
        consent: None,
        rollout: Rollout::default(),
        reporting: Reporting {
            who: Reporters::FailuresOnly,
            window: Duration::from_millis(400),
            sample: BasisPoints::ALL,
            ..Reporting::default()
        },
    }
}

/// The table of the two objects, valid for a minute after `now`.
pub(super) fn table(now: Timestamp) -> Fdt {
    let file = |toi, name: &str, length| FdtFile {
        toi,
        location: format!("http://sp.example/spring-patch/{name}"),
        content_length: Some(length),
        fec: FecOti::NoCode { transfer_length: length, symbol_length: 1024, max_block_length: 64 }.into(),
        ..FdtFile::default()
    };
    Fdt {
        expires: Fdt::expires_field(now + Duration::from_secs(60)),
        complete: true,
        files: vec![file(1, "command.xml", 812), file(2, "acme-x1-2.0.bin", 6144)],
    }
}

/// A FLUTE packet of TSI 7 with this symbol.
pub(super) fn symbol(toi: u128, symbol: u16, length: usize, close_object: bool) -> AlcPacket {
    let header = LctHeader { close_object, ..LctHeader::new(7, Some(toi), NO_CODE) };
    AlcPacket { header, payload_id: Some(PayloadId::NoCode { block: 0, symbol }), payload: vec![0x55; length] }
}

/// A packet of FDT Instance 3.
pub(super) fn table_packet(octets: &[u8], number: u16, transfer_length: u64, symbol_length: u16) -> Vec<u8> {
    let mut packet = symbol(0, number, 0, false);
    let oti = FecOti::NoCode { transfer_length, symbol_length, max_block_length: 64 };
    packet.header.extensions = vec![Extension::Fdt { version: 2, instance: 3 }, Extension::Fti(oti.encode().unwrap())];
    packet.payload = octets.to_vec();
    packet.encode().unwrap()
}

pub(super) fn close() -> Vec<u8> {
    let header = LctHeader { close_session: true, ..LctHeader::new(7, None, NO_CODE) };
    AlcPacket { header, payload_id: None, payload: vec![] }.encode().unwrap()
}

fn header(msg_id: u32, from_device: bool) -> SyncHdr {
    let url = format!("http://127.0.0.1:{DM_PORT}/dm");
    let (target, source) = if from_device { (url, DEV_ID.to_owned()) } else { (DEV_ID.to_owned(), url.clone()) };
    SyncHdr {
        session_id: "2".into(),
        msg_id,
        target,
        source,
        source_name: None,
        resp_uri: (!from_device).then(|| format!("http://127.0.0.1:{DM_PORT}/dm")),
        cred: from_device.then(|| Credential {
            scheme: "syncml:auth-md5".into(),
            format: "b64".into(),
            data: format!("digest-{msg_id}"),
        }),
    }
}

fn device_item(node: &str, value: &str) -> Item {
    Item { source: Some(node.into()), data: Some(value.into()), ..Item::default() }
}

/// The report of D10: firmware update failed with 402.
pub(super) fn report() -> Message {
    let alert = |cmd_id, code, correlator: Option<&str>, items| {
        Command::Alert(Alert { cmd_id, code, correlator: correlator.map(str::to_owned), items })
    };
    let result = Item {
        source: Some("./FUMO".into()),
        meta: Meta {
            media_type: Some("org.openmobilealliance.dm.firmwareupdate.downloadandupdate".into()),
            format: Some("int".into()),
            mark: Some("critical".into()),
        },
        data: Some("402".into()),
        ..Item::default()
    };
    let info = vec![device_item("./DevInfo/DevId", DEV_ID), device_item("./DevInfo/Man", "Acme")];
    Message {
        header: header(1, true),
        body: vec![
            alert(1, 1201, None, vec![]),
            Command::Replace(Items { cmd_id: 2, items: info }),
            alert(3, 1226, Some("spring-patch"), vec![result]),
        ],
        is_final: true,
    }
}

/// The answer to [`report`]: statuses, then the update once more.
pub(super) fn care() -> Message {
    let status = |cmd_id, cmd_ref, cmd: &str, code, chal| {
        Command::Status(Status {
            cmd_id,
            msg_ref: 1,
            cmd_ref,
            cmd: cmd.into(),
            target_refs: vec![],
            source_refs: vec![],
            chal,
            code,
        })
    };
    let chal = NextNonce { scheme: "syncml:auth-md5".into(), nonce: vec![0xAB; 8] };
    Message {
        header: header(2, false),
        body: vec![
            status(1, 0, "SyncHdr", 212, Some(chal)),
            status(2, 1, "Alert", 200, None),
            status(3, 2, "Replace", 200, None),
            status(4, 3, "Alert", 200, None),
            Command::Exec(Exec {
                cmd_id: 5,
                correlator: Some("spring-patch".into()),
                item: Item::for_target("./FUMO/DownloadAndUpdate"),
            }),
        ],
        is_final: true,
    }
}

pub(super) fn http_request(message: &Message) -> Vec<u8> {
    let xml = message.to_xml();
    format!("POST /dm HTTP/1.1\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\n\r\n{xml}", xml.len()).into()
}

pub(super) fn http_response(message: &Message) -> Vec<u8> {
    let xml = message.to_xml();
    format!("HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\n\r\n{xml}", xml.len()).into()
}

/// One campaign from the push to the answer; `shift` sets ports and times apart as another run would.
pub(super) fn campaign(shift: u16) -> Sample {
    let mut sample = Sample::new();
    let apart = Duration::from_micros(u64::from(shift) * 130);
    let (push_port, flute_port) = (20_000 + shift, 21_000 + shift);
    let now = Timestamp::from_millis(START + u64::from(shift));
    let step = "step: When the Service Provider broadcasts campaign \"spring-patch\"";
    for lane in [PROVIDER_LANE, "D10"] {
        let comments: &[&str] = if lane == PROVIDER_LANE { &[step] } else { &[] };
        sample.datagram(lane, push_port, push(now), comments);
    }
    sample.wait(Duration::from_micros(2100) + apart);
    let xml = table(now).to_xml(FluteVersion::V2);
    let table = table_packet(&xml, 0, xml.len() as u64, 1400);
    let mut packets = vec![table, symbol(1, 0, 812, true).encode().unwrap()];
    packets.extend((0..6).map(|number| symbol(2, number, 1024, number == 5).encode().unwrap()));
    packets.push(close());
    for (index, packet) in packets.into_iter().enumerate() {
        sample.wait(Duration::from_micros(300) + apart);
        let dropped = index == 6;
        let comments: &[&str] = if dropped { &["air: dropped symbol 4 for D10"] } else { &[] };
        sample.datagram(PROVIDER_LANE, flute_port, packet.clone(), comments);
        if !dropped {
            sample.datagram("D10", flute_port, packet, &[]);
        }
    }
    sample.wait(Duration::from_millis(371) + apart);
    let client = format!("127.0.0.1:{}", 41_000 + shift).parse().unwrap();
    let mut talk = Conversation::new(client, format!("127.0.0.1:{}", DM_PORT + shift).parse().unwrap());
    sample.segments(talk.data(Side::Client, &http_request(&report())));
    sample.wait(Duration::from_millis(2));
    sample.segments(talk.data(Side::Server, &http_response(&care())));
    sample.segments(talk.closed(Side::Client));
    sample.segments(talk.closed(Side::Server));
    sample
}
