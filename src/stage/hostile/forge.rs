//! A campaign of the hostile sender: material, numbers, and one flaw, made into datagrams.

use sha2::{Digest as _, Sha256};

use super::envelope::{Envelope, TriggerHeader, assemble, protected, sign};
use super::session::{Sent, Session};
use super::{Flaw, announcement, bomb};
use crate::provider::{CampaignPlan, Content};
use crate::spec::{
    Announcement, ChannelLabel, Delivery, KeyId, ObjectReference, SequenceNumber, ServerId, SessionId, Timestamp, Tsi,
};
use crate::wire::announcement::SigningKey;
use crate::wire::mo::{fumo, scomo};
use crate::wire::package0::GroupAccount;
use crate::wire::syncml::{Message, SyncHdr, model::MEDIA_TYPE};

/// Runs of the bomb that is a package.
const PACKAGE_RUNS: usize = 400;
/// How long ago what has expired was issued, beside its lifetime.
const LONG_AGO: std::time::Duration = std::time::Duration::from_secs(3600);

/// Everything that an insider knows, and what a stranger has instead.
#[derive(Debug, Clone)]
pub struct Insider {
    /// The provider's group account.
    pub group: GroupAccount,
    /// The name of the provider's key.
    pub key_id: KeyId,
    /// The provider's key.
    pub key: SigningKey,
    /// The provider's former key, which Devices have revoked.
    pub revoked: (KeyId, SigningKey),
    /// A key that nobody trusts.
    pub own_key: SigningKey,
    /// The label of the delivery channel.
    pub delivery: ChannelLabel,
}

/// The numbers of one campaign.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// Its place in the provider's order.
    pub sequence: SequenceNumber,
    /// SessionID and TSI, which have one number.
    pub session: u16,
    /// When it is issued.
    pub now: Timestamp,
}

/// A campaign in datagrams, and its documents.
#[derive(Debug, Clone)]
pub struct Transmission {
    /// The notification.
    pub notification: Vec<u8>,
    /// The packets of each cycle of the delivery.
    pub cycles: Vec<Vec<Vec<u8>>>,
    /// The payload of the announcement.
    pub announcement: Vec<u8>,
    /// The file table.
    pub table: Vec<u8>,
    /// The Command.
    pub command: Vec<u8>,
    /// The package.
    pub package: Vec<u8>,
}

/// Makes a campaign that is right in everything but `flaw`; none for content that is no package.
pub fn forge(insider: &Insider, plan: &CampaignPlan, numbers: Numbers, flaw: Flaw) -> Option<Transmission> {
    let (Content::Firmware(image) | Content::Software(_, image)) = &plan.content else { return None };
    let location = |name: &str| format!("http://{}/{}/{name}", insider.group.server, plan.campaign);
    let right = Objects {
        command: command(insider, plan, numbers, flaw, &location("package.bin")),
        package: match flaw {
            Flaw::PackageBomb => bomb::zlib(&image[..16.min(image.len())], PACKAGE_RUNS),
            _ => image.to_vec(),
        },
    };
    let announced = announce(insider, plan, numbers, flaw, &right);
    let payload = announcement::payload(&announced, flaw);
    let notification = notification(insider, plan, numbers, flaw, &payload);

    let sent = right.swapped(flaw);
    let session = Session {
        version: plan.broadcast.version,
        tsi: tsi(numbers),
        expires: numbers.now + plan.lifetime,
        objects: vec![
            Sent { location: location("command.xml"), content_type: MEDIA_TYPE, octets: sent.command.clone() },
            Sent {
                location: location("package.bin"),
                content_type: "application/octet-stream",
                octets: sent.package.clone(),
            },
        ],
        flaw,
    };
    Some(Transmission {
        notification,
        cycles: vec![session.cycle(false), session.cycle(true)],
        announcement: payload,
        table: session.table(),
        command: sent.command,
        package: sent.package,
    })
}

fn tsi(numbers: Numbers) -> Tsi {
    Tsi::new(numbers.session.into()).expect("16 bits fit in 48")
}

/// What is delivered.
#[derive(Debug, Clone)]
struct Objects {
    command: Vec<u8>,
    package: Vec<u8>,
}

impl Objects {
    /// What is delivered in the place of what was announced.
    fn swapped(&self, flaw: Flaw) -> Self {
        let mut sent = self.clone();
        match flaw {
            // Nothing that matters changes: who does not look at the digest carries it out.
            Flaw::SwappedCommand => sent.command = replace(&sent.command, "<CmdID>1</CmdID>", "<CmdID>7</CmdID>"),
            Flaw::SwappedPackage => sent.package = inverted(&sent.package),
            // That of a campaign whose name is this one's, read backwards: everything has the announced size.
            Flaw::OtherDelivery => {
                sent.command = of_other_campaign(&sent.command);
                sent.package = inverted(&sent.package);
            }
            Flaw::LongPackage => sent.package.extend([0; 64]),
            Flaw::ShortPackage => {
                sent.package.pop();
            }
            _ => {}
        }
        sent
    }
}

fn inverted(octets: &[u8]) -> Vec<u8> {
    octets.iter().map(|octet| !octet).collect()
}

fn of_other_campaign(command: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(command);
    let correlator = text.split("<Correlator>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
    let backwards: String = correlator.chars().rev().collect();
    replace(command, &format!("<Correlator>{correlator}<"), &format!("<Correlator>{backwards}<"))
}

fn replace(document: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(document);
    assert!(text.contains(from), "a Command has `{from}`");
    text.replacen(from, to, 1).into_bytes()
}

fn command(insider: &Insider, plan: &CampaignPlan, numbers: Numbers, flaw: Flaw, package: &str) -> Vec<u8> {
    let correlator = plan.campaign.as_str();
    let body = match &plan.content {
        Content::Software(component, _) => scomo::download_install(component, package, correlator, 1),
        Content::Firmware(_) | Content::Provisioning { .. } => fumo::download_and_update(package, correlator, 1),
    };
    let session = match flaw {
        Flaw::CommandOfOtherSession => numbers.session.wrapping_add(1),
        _ => numbers.session,
    };
    let message = Message {
        header: SyncHdr {
            session_id: SessionId::new(session).map(|session| session.to_string()).unwrap_or_default(),
            msg_id: 1,
            target: match flaw {
                Flaw::CommandForOthers => "urn:imei:490154203237518".into(),
                _ => "urn:castproof:broadcast".into(),
            },
            source: match flaw {
                Flaw::CommandOfOtherServer => other_server().to_string(),
                _ => insider.group.server.to_string(),
            },
            source_name: None,
            resp_uri: None,
            cred: None,
        },
        body,
        is_final: true,
    };
    let document = message.to_xml();
    match flaw {
        Flaw::CommandNotWellFormed => document.trim_end().trim_end_matches("</SyncML>").into(),
        _ => document.into_bytes(),
    }
}

fn announce(insider: &Insider, plan: &CampaignPlan, numbers: Numbers, flaw: Flaw, objects: &Objects) -> Announcement {
    let reference = |name: &str, octets: &[u8]| ObjectReference {
        location: format!("http://{}/{}/{name}", insider.group.server, plan.campaign),
        size: octets.len() as u64,
        sha256: Sha256::digest(octets).into(),
    };
    let age = if flaw == Flaw::Expired { LONG_AGO } else { plan.age };
    let issued_at = Timestamp::from_millis((numbers.now - age).as_millis());
    Announcement {
        campaign: plan.campaign.clone(),
        sequence: numbers.sequence,
        issued_at,
        expires_at: issued_at + plan.lifetime,
        kind: plan.kind(),
        target: plan.target.clone(),
        delivery: Delivery {
            channel: insider.delivery.clone(),
            tsi: tsi(numbers),
            command: reference("command.xml", &objects.command),
            packages: vec![reference("package.bin", &objects.package)],
        },
        consent: plan.consent,
        rollout: plan.rollout,
        reporting: plan.reporting,
    }
}

fn notification(insider: &Insider, plan: &CampaignPlan, numbers: Numbers, flaw: Flaw, payload: &[u8]) -> Vec<u8> {
    let mut header = TriggerHeader {
        version: 11,
        ui_mode: if plan.consent.is_some() { 3 } else { 1 },
        initiator: 1,
        reserved: 0,
        session: numbers.session,
        server: insider.group.server.to_string(),
    };
    spoil_header(&mut header, flaw);
    let vendor = vendor(insider, flaw, payload, &header.encode());
    // What is changed once it is signed.
    match flaw {
        Flaw::ChangedUiMode => header.ui_mode ^= 2,
        Flaw::ChangedSession => header.session ^= 0x0100,
        _ => {}
    }
    let mut envelope = Envelope::new(header, vendor);
    spoil_envelope(&mut envelope, flaw);
    let mut account = insider.group.clone();
    match flaw {
        Flaw::OtherGroup => account.password.push('!'),
        Flaw::OtherServer => account.server = other_server(),
        _ => {}
    }
    envelope.encode(&account)
}

fn other_server() -> ServerId {
    ServerId::new("other.example").expect("a short name")
}

fn spoil_header(header: &mut TriggerHeader, flaw: Flaw) {
    match flaw {
        Flaw::EarlierVersion => header.version = 10,
        Flaw::LaterVersion => header.version = 12,
        Flaw::ReservedBit => header.reserved = 1,
        Flaw::SessionZero => header.session = 0,
        Flaw::NoServer => header.server.clear(),
        Flaw::OtherServer => header.server = other_server().to_string(),
        _ => {}
    }
}

fn spoil_envelope(envelope: &mut Envelope, flaw: Flaw) {
    match flaw {
        Flaw::WrongDigest => envelope.spoils_digest = true,
        Flaw::Cut(part) => envelope.cut = Some(part),
        Flaw::Trailing => envelope.vendor.extend([0; 4]),
        Flaw::OtherContentType => envelope.headers[0] = 0xCE,
        Flaw::OtherApplication => envelope.headers[2] = 0x84,
        Flaw::SwappedHeaders => envelope.headers = vec![0xAF, 0x87, 0xC4],
        Flaw::PaddedHeadersLen => envelope.headers_len = vec![0x80, 0x03],
        Flaw::HeadersBeyondEnd => envelope.headers_len = vec![0x8F, 0x7F],
        Flaw::LongHeaders => {
            // Each octet is a short header that a Device would skip.
            envelope.headers.extend([0x8A; 44]);
            envelope.headers_len = vec![47];
        }
        Flaw::OtherPdu => envelope.pdu_type = 0x07,
        _ => {}
    }
}

fn vendor(insider: &Insider, flaw: Flaw, payload: &[u8], header: &[u8]) -> Vec<u8> {
    let Insider { key_id, key, .. } = insider;
    match flaw {
        Flaw::NoAnnouncement => Vec::new(),
        Flaw::Unsigned => payload.to_vec(),
        Flaw::EmptySignature => assemble(&protected(key_id), payload, &[]),
        Flaw::OtherKey | Flaw::ForgedNext => sign(payload, key_id, &insider.own_key, header),
        Flaw::UnknownKeyId => sign(payload, &KeyId::new("sp-key-9").expect("a short name"), key, header),
        Flaw::RevokedKey => sign(payload, &insider.revoked.0, &insider.revoked.1, header),
        Flaw::UnboundSignature => sign(payload, key_id, key, &[]),
        Flaw::ChangedAnnouncement => {
            let signed = sign(payload, key_id, key, header);
            let mut changed = payload.to_vec();
            // The last octet is the lowest of the retry interval.
            if let Some(last) = changed.last_mut() {
                *last ^= 1;
            }
            assemble(&protected(key_id), &changed, &signed[signed.len() - 64..])
        }
        _ => sign(payload, key_id, key, header),
    }
}

impl Transmission {
    /// The packets of all cycles.
    pub fn packets(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.cycles.iter().flatten()
    }
}
