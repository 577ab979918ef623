//! Recordings by hand: a few packets, encoded as they would be on the wire, at times that a test chooses.

use std::sync::Arc;
use std::time::Duration;

use castproof::capture::recording::{INTERACTION_LANE, PROVIDER_LANE};
use castproof::capture::{Conversation, Frame, Lane, Packet, Recording, Side, Timeline};
use castproof::findings::Verdict;
use castproof::judge::standing::{self, Known, Standing};
use castproof::judge::{Beside, Check, Evidence, Outcome};
use castproof::spec::{
    Announcement, CampaignId, ChannelLabel, Delivery, KeyId, ObjectReference, Reporting, Rollout, SequenceNumber,
    ServerId, SessionId, Target, Timestamp, Tsi, UpdateKind,
};
use castproof::wire::alc::{AlcPacket, FecOti, NO_CODE, PayloadId};
use castproof::wire::announcement::{SigningKey, sign};
use castproof::wire::fdt::{Fdt, FdtFile, FluteVersion};
use castproof::wire::lct::{Extension, LctHeader};
use castproof::wire::mo::ReportedResult;
use castproof::wire::mo::fumo::{FumoResult, Operation};
use castproof::wire::package0::{GroupAccount, Initiator, Package0, Trigger, UiMode};
use castproof::wire::syncml::model::MEDIA_TYPE;
use castproof::wire::syncml::{Alert, Command, Exec, Item, Items, Message, Results, Status, SyncHdr};
use castproof::wire::wsp::Push;

pub(crate) const START: u64 = 1_800_000_000_000;

/// The roll call of every test.
pub(crate) const FENCE: &str = "roll-call-1";

/// The objects of every campaign: one symbol, and two blocks of two symbols and one.
pub(crate) const COMMAND: &str = "http://sp.example/command.xml";
pub(crate) const PACKAGE: &str = "http://sp.example/package.bin";

/// A recording under construction.
pub(crate) struct Tape {
    recording: Recording,
    now: Timestamp,
    connections: u16,
}

/// A DM session under construction: whose, which, and its messages.
pub(crate) struct Session {
    device: String,
    id: String,
    messages: Vec<(Side, Message)>,
    /// How long each answer takes, in milliseconds.
    delay: u64,
}

pub(crate) fn names(devices: &[&str]) -> Vec<String> {
    devices.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn dev_id(device: &str) -> String {
    format!("urn:imei:{device}")
}

impl Tape {
    pub(crate) fn new(devices: &[&str]) -> Self {
        let lanes = devices.iter().map(|name| Lane {
            name: (*name).to_owned(),
            description: format!("what Device {name} received, DevId {}", dev_id(name)),
        });
        Self { recording: Recording::with_devices(lanes), now: Timestamp::from_millis(START), connections: 0 }
    }

    /// Goes to a time, in milliseconds since the start.
    pub(crate) fn at(&mut self, millis: u64) -> &mut Self {
        self.now = Timestamp::from_millis(START + millis);
        self
    }

    fn frame(&mut self, lane: &str, packet: Packet) {
        let lane = self.recording.lane(lane).unwrap();
        self.recording.frames.push(Frame { at: self.now, lane, packet, comments: Vec::new() });
    }

    /// The same datagram for the provider and every Device.
    fn datagram(&mut self, port: u16, octets: &[u8]) -> &mut Self {
        let names: Vec<String> = self.recording.lanes.iter().map(|lane| lane.name.clone()).collect();
        for lane in names.iter().filter(|name| *name != INTERACTION_LANE) {
            let packet = Packet::Datagram {
                source: "127.0.0.1:40000".parse().unwrap(),
                destination: format!("239.255.0.1:{port}").parse().unwrap(),
                ttl: 1,
                payload: Arc::from(octets),
            };
            self.frame(lane, packet);
        }
        self
    }

    /// A notification of a campaign; its FLUTE session has the campaign's sequence number.
    pub(crate) fn announce(&mut self, campaign: &str, sequence: u64) -> &mut Self {
        self.announce_session(campaign, sequence, sequence)
    }

    pub(crate) fn announce_session(&mut self, campaign: &str, sequence: u64, tsi: u64) -> &mut Self {
        let server = ServerId::new("sp.example").unwrap();
        let mut trigger = Trigger {
            ui_mode: UiMode::Background,
            initiator: Initiator::Server,
            session: SessionId::new(7).unwrap(),
            server: server.clone(),
            vendor: Vec::new(),
        };
        let object = |location: &str, size| ObjectReference { location: location.into(), size, sha256: [1; 32] };
        let announcement = Announcement {
            campaign: CampaignId::new(campaign).unwrap(),
            sequence: SequenceNumber(sequence),
            issued_at: self.now,
            expires_at: self.now + Duration::from_secs(60),
            kind: UpdateKind::Firmware,
            target: Target { resulting_version: Some("2.0".parse().unwrap()), ..Target::default() },
            delivery: Delivery {
                channel: ChannelLabel::new("delivery").unwrap(),
                tsi: Tsi::new(tsi).unwrap(),
                command: object(COMMAND, 1024),
                packages: vec![object(PACKAGE, 3000)],
            },
            consent: None,
            rollout: Rollout::default(),
            reporting: Reporting::default(),
        };
        let key = SigningKey::from_bytes(&[7; 32]);
        trigger.vendor = sign(&announcement, &KeyId::new("sp-key-1").unwrap(), &key, &trigger.header());
        let account = GroupAccount { server, password: "group".into(), nonce: b"nonce".to_vec() };
        let octets = Push::notification(1, Package0::seal(trigger, &account).encode()).encode();
        self.datagram(20_000, &octets)
    }

    /// A file table: TOI, location and length of each object. It expires so many milliseconds after the start.
    pub(crate) fn table(&mut self, tsi: u64, files: &[(u128, &str, u64)], expires: u64) -> &mut Self {
        let oti = |transfer_length| FecOti::NoCode { transfer_length, symbol_length: 1024, max_block_length: 2 };
        let file = |(toi, location, length): &(u128, &str, u64)| FdtFile {
            toi: *toi,
            location: (*location).to_owned(),
            transfer_length: Some(*length),
            fec: oti(*length).into(),
            ..FdtFile::default()
        };
        let expires = Fdt::expires_field(Timestamp::from_millis(START + expires));
        let table = Fdt { expires, complete: true, files: files.iter().map(file).collect() };
        let payload = table.to_xml(FluteVersion::V2);
        let fti = FecOti::NoCode { transfer_length: payload.len() as u64, symbol_length: 1400, max_block_length: 2 };
        let mut header = LctHeader::new(tsi, Some(0), NO_CODE);
        let fdt = Extension::Fdt { version: 2, instance: 1 };
        header.extensions = vec![fdt, Extension::Fti(fti.encode().unwrap())];
        let payload_id = Some(PayloadId::NoCode { block: 0, symbol: 0 });
        let octets = AlcPacket { header, payload_id, payload }.encode().unwrap();
        self.datagram(21_000, &octets)
    }

    /// A symbol of an object's first block.
    pub(crate) fn symbol(&mut self, tsi: u64, toi: u128, symbol: u16, close_object: bool) -> &mut Self {
        self.symbol_of(tsi, toi, (0, symbol), close_object)
    }

    /// A symbol of an object, by block and symbol.
    pub(crate) fn symbol_of(&mut self, tsi: u64, toi: u128, id: (u16, u16), close_object: bool) -> &mut Self {
        let (block, symbol) = id;
        let header = LctHeader { close_object, ..LctHeader::new(tsi, Some(toi), NO_CODE) };
        let payload_id = Some(PayloadId::NoCode { block, symbol });
        let octets = AlcPacket { header, payload_id, payload: vec![0x55; 64] }.encode().unwrap();
        self.datagram(21_000, &octets)
    }

    /// The packet that closes a session.
    pub(crate) fn close(&mut self, tsi: u64) -> &mut Self {
        let header = LctHeader { close_session: true, ..LctHeader::new(tsi, None, NO_CODE) };
        let octets = AlcPacket { header, payload_id: None, payload: Vec::new() }.encode().unwrap();
        self.datagram(21_000, &octets)
    }

    /// A datagram on the delivery channel.
    pub(crate) fn delivery(&mut self, octets: &[u8]) -> &mut Self {
        self.datagram(21_000, octets)
    }

    /// Marks the packets so far, from the given number on, as a stranger's.
    pub(crate) fn strange_from(&mut self, number: usize) -> &mut Self {
        for frame in &mut self.recording.frames[number..] {
            frame.comments.push("sender: the hostile sender".into());
        }
        self
    }

    /// How many packets there are.
    pub(crate) fn packets(&self) -> usize {
        self.recording.frames.len()
    }

    /// What the standing checks say.
    pub(crate) fn standing(&self, known: &Known) -> Vec<Standing> {
        standing::judge(&self.recording, &self.timeline(), known)
    }

    /// A datagram on the delivery channel that is nothing known.
    pub(crate) fn broadcast_noise(&mut self) -> &mut Self {
        self.datagram(21_000, b"noise")
    }

    /// A whole campaign at once: one notification, one symbol, the end.
    pub(crate) fn campaign(&mut self, name: &str, sequence: u64) -> &mut Self {
        self.announce(name, sequence).symbol(sequence, 1, 0, true).close(sequence)
    }

    /// A DM session on a connection of its own.
    pub(crate) fn session(&mut self, session: Session) -> &mut Self {
        self.connection(session, |talk| talk.closed(Side::Client))
    }

    /// A DM session whose connection is reset from the server's side.
    pub(crate) fn reset_session(&mut self, session: Session) -> &mut Self {
        self.connection(session, |talk| talk.reset(Side::Server))
    }

    fn connection(&mut self, session: Session, end: fn(&mut Conversation) -> Vec<Packet>) -> &mut Self {
        let mut talk = self.conversation(&session.device);
        for (from, message) in session.messages {
            let xml = message.to_xml();
            if from == Side::Server {
                self.now = self.now + Duration::from_millis(session.delay);
            }
            let head = match from {
                Side::Client => "POST /dm HTTP/1.1",
                Side::Server => "HTTP/1.1 200 OK",
            };
            let octets = format!("{head}\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\n\r\n{xml}", xml.len());
            self.segments(talk.data(from, octets.as_bytes()));
        }
        let end = end(&mut talk);
        self.segments(end)
    }

    /// Octets from a Device that are no DM message.
    pub(crate) fn noise(&mut self) -> &mut Self {
        let mut talk = self.conversation("");
        let octets = b"POST /dm HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        self.segments(talk.data(Side::Client, octets))
    }

    /// A connection; each Device has a relay of its own.
    fn conversation(&mut self, device: &str) -> Conversation {
        self.connections += 1;
        let client = format!("127.0.0.1:{}", 41_000 + self.connections).parse().unwrap();
        let relay = self.recording.lane(device).map_or(18_080, |lane| 18_081 + lane.0);
        Conversation::new(client, format!("127.0.0.1:{relay}").parse().unwrap())
    }

    fn segments(&mut self, packets: Vec<Packet>) -> &mut Self {
        for packet in packets {
            self.frame(INTERACTION_LANE, packet);
        }
        self
    }

    /// A Device reports a firmware result, and the server takes it.
    pub(crate) fn report(&mut self, device: &str, campaign: &str, code: u16) -> &mut Self {
        let id = format!("{:X}", self.connections + 1);
        self.session(Session::new(device, &id).report(campaign, code).taken())
    }

    /// The roll call, answered by these Devices.
    pub(crate) fn roll_call(&mut self, devices: &[&str]) -> &mut Self {
        self.campaign(FENCE, 900);
        for device in devices {
            self.report(device, FENCE, 200);
        }
        self
    }

    pub(crate) fn timeline(&self) -> Timeline {
        Timeline::of(&self.recording)
    }

    pub(crate) fn judge(&self, check: &Check) -> Outcome {
        check.judge(Evidence { timeline: &self.timeline(), beside: &Beside::default() })
    }

    /// The number of the first packet on the provider's lane that announces this campaign.
    pub(crate) fn announcement_of(&self, campaign: &str) -> usize {
        let timeline = self.timeline();
        let lane = timeline.lane(PROVIDER_LANE).unwrap();
        let found = timeline.notifications().find(|(sighting, notification)| {
            let said = notification.announcement.as_ref().unwrap();
            sighting.lane == lane && said.announcement.campaign.as_str() == campaign
        });
        found.unwrap().0.frame
    }
}

impl Session {
    pub(crate) fn new(device: &str, id: &str) -> Self {
        Self { device: device.to_owned(), id: id.to_owned(), messages: Vec::new(), delay: 0 }
    }

    /// The same with answers that take so many milliseconds.
    pub(crate) fn answered_after(self, delay: u64) -> Self {
        Self { delay, ..self }
    }

    fn header(&self, from: Side) -> SyncHdr {
        let (device, server) = (dev_id(&self.device), "http://127.0.0.1:18080/dm".to_owned());
        let (target, source) = match from {
            Side::Client => (server, device),
            Side::Server => (device, server),
        };
        let own = self.messages.iter().filter(|(sender, _)| *sender == from).count();
        SyncHdr {
            session_id: self.id.clone(),
            msg_id: u32::try_from(own).unwrap() + 1,
            target,
            source,
            source_name: None,
            resp_uri: None,
            cred: None,
        }
    }

    /// A message with these commands.
    pub(crate) fn message(mut self, from: Side, body: Vec<Command>) -> Self {
        let header = self.header(from);
        self.messages.push((from, Message { header, body, is_final: true }));
        self
    }

    /// Changes the last message.
    pub(crate) fn edit(mut self, change: impl FnOnce(&mut Message)) -> Self {
        change(&mut self.messages.last_mut().unwrap().1);
        self
    }

    /// Package #1 with these alerts.
    pub(crate) fn alerts(self, alerts: Vec<Alert>) -> Self {
        let info = Item { source: Some("./DevInfo/DevId".into()), data: Some(dev_id(&self.device)), ..Item::default() };
        let mut body = vec![
            Command::Alert(Alert { cmd_id: 1, code: 1201, correlator: None, items: Vec::new() }),
            Command::Replace(Items { cmd_id: 2, items: vec![info] }),
        ];
        body.extend(alerts.into_iter().map(Command::Alert));
        self.message(Side::Client, body)
    }

    /// Package #1 with the result of a firmware campaign.
    pub(crate) fn report(self, campaign: &str, code: u16) -> Self {
        self.alerts(vec![result(campaign, code)])
    }

    /// The server's answer to the last message, with this status for the Generic Alert and further commands.
    pub(crate) fn answered(self, code: u16, commands: Vec<Command>) -> Self {
        let msg_ref = u32::try_from(self.messages.iter().filter(|(from, _)| *from == Side::Client).count()).unwrap();
        let mut body = vec![status(msg_ref, 0, "SyncHdr", 212), status(msg_ref, 3, "Alert", code)];
        body.extend(commands);
        self.message(Side::Server, body)
    }

    pub(crate) fn taken(self) -> Self {
        self.answered(200, Vec::new())
    }

    /// What the Device answers when nodes are read.
    pub(crate) fn results(self, nodes: &[(&str, &str)]) -> Self {
        let items = nodes.iter().map(|(node, value)| Item {
            source: Some((*node).to_owned()),
            data: Some((*value).to_owned()),
            ..Item::default()
        });
        let results = Results { cmd_id: 9, msg_ref: 1, cmd_ref: 3, items: items.collect() };
        self.message(Side::Client, vec![Command::Results(results)])
    }
}

/// The Generic Alert of a firmware result.
pub(crate) fn result(campaign: &str, code: u16) -> Alert {
    ReportedResult::Firmware { operation: Operation::DownloadAndUpdate, result: FumoResult(code) }
        .to_alert(3, Some(campaign.to_owned()))
}

pub(crate) fn status(msg_ref: u32, cmd_ref: u32, cmd: &str, code: u16) -> Command {
    Command::Status(Status {
        cmd_id: 20 + cmd_ref,
        msg_ref,
        cmd_ref,
        cmd: cmd.to_owned(),
        target_refs: Vec::new(),
        source_refs: Vec::new(),
        chal: None,
        code,
    })
}

/// A server's command to execute something, under a correlator of its own.
pub(crate) fn exec(correlator: &str) -> Command {
    let item = Item::for_target("./FUMO/DownloadAndUpdate");
    Command::Exec(Exec { cmd_id: 30, correlator: Some(correlator.to_owned()), item })
}

/// The verdict and what was observed hold these.
pub(crate) fn assert_outcome(outcome: &Outcome, verdict: Verdict, words: &str) {
    assert!(outcome.verdict == verdict && outcome.observed.contains(words), "{verdict} {words}: {outcome:?}");
}

/// A campaign that has been broadcast to D1 and D2.
pub(crate) fn spring() -> Tape {
    let mut tape = Tape::new(&["D1", "D2"]);
    tape.campaign("spring-patch", 1);
    tape
}
