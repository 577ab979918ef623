//! A Device on a bench: it is given a transmission and says what comes of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use castproof::device::{Conformant, Device, DeviceConfiguration, Event, MemoryStorage, Refusal, Registration};
use castproof::provider::{CampaignPlan, Content};
use castproof::spec::{
    Account, CampaignId, ChannelLabel, ComponentId, DeviceId, DeviceTraits, KeyId, NodeUri, SequenceNumber, ServerId,
    SettingsTree, Target, Timestamp, Version,
};
use castproof::stage::hostile::{Flaw, Insider, Numbers, Transmission, forge};
use castproof::wire::announcement::SigningKey;
use castproof::wire::package0::GroupAccount;

/// When everything is issued.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_796_119_200_000);
/// The number of the campaign that the Device knows already.
const KNOWN: u64 = 41;

pub(crate) fn label(text: &str) -> ChannelLabel {
    ChannelLabel::new(text).unwrap()
}

pub(crate) fn insider() -> Insider {
    let key = |octet: u8| SigningKey::from_bytes(&[octet; 32]);
    Insider {
        group: GroupAccount {
            server: ServerId::new("sp.example").unwrap(),
            password: "group-secret".into(),
            nonce: b"group-nonce".to_vec(),
        },
        key_id: KeyId::new("sp-key-1").unwrap(),
        key: key(7),
        revoked: (KeyId::new("sp-key-0").unwrap(), key(6)),
        own_key: key(8),
        delivery: label("delivery"),
    }
}

pub(crate) fn plan(name: &str) -> CampaignPlan {
    let image: Vec<u8> = (0..700).map(|index| (index % 251) as u8).collect();
    let mut plan = CampaignPlan::new(CampaignId::new(name).unwrap(), Content::Firmware(Arc::from(image)));
    plan.target = Target {
        manufacturer: Some("Acme".into()),
        model: Some("X1".into()),
        resulting_version: Some("2.0".parse().unwrap()),
        ..Target::default()
    };
    plan
}

/// The campaign `small-image` with a flaw.
pub(crate) fn transmission(flaw: Flaw) -> Transmission {
    let sequence = SequenceNumber(match flaw {
        Flaw::SameSequence => KNOWN,
        Flaw::LowerSequence => KNOWN - 1,
        _ => KNOWN + 1,
    });
    forge(&insider(), &plan("small-image"), Numbers { sequence, session: 0x7A01, now: NOW }, flaw).unwrap()
}

fn device() -> Device {
    switched_on(BTreeMap::new(), SettingsTree::new())
}

/// A Device with what the campaigns of scenarios are about.
pub(crate) fn equipped() -> Device {
    let node = |name: &str| NodeUri::new(format!("./Settings/{name}")).unwrap();
    let software = BTreeMap::from([(ComponentId::new("player").unwrap(), "3.1".parse().unwrap())]);
    let settings = SettingsTree::from([
        (node("Apn"), "factory.example".to_owned()),
        (node("Proxy"), "none".to_owned()),
        (node("RollCall"), "0".to_owned()),
    ]);
    switched_on(software, settings)
}

fn switched_on(software: BTreeMap<ComponentId, Version>, settings: SettingsTree) -> Device {
    let Insider { group, key_id, key, revoked, .. } = insider();
    let account = Account {
        server: group.server.clone(),
        server_url: "http://sp.example/dm".into(),
        user: "d".into(),
        password: "secret".into(),
        server_password: "sp-secret".into(),
        server_nonce: b"start".to_vec(),
    };
    let configuration = DeviceConfiguration {
        traits: DeviceTraits {
            id: DeviceId::new("urn:imei:490154203237518").unwrap(),
            manufacturer: "Acme".into(),
            model: "X1".into(),
            hardware_version: "1".into(),
            firmware: "1.0".parse().unwrap(),
            software,
            groups: Vec::new(),
            area: None,
        },
        registrations: vec![Registration {
            server: group.server.clone(),
            group,
            keys: BTreeMap::from([(key_id, key.verifying_key())]),
            revoked: BTreeMap::from([(revoked.0, revoked.1.verifying_key())]),
        }],
        account,
        notification: label("notification"),
        settings,
        read_only: Default::default(),
    };
    Device::switch_on(configuration, Box::new(Conformant), Box::new(MemoryStorage::default()), 1).unwrap()
}

/// What comes of a transmission: the refusal of its notification, or the result of the campaign.
pub(crate) fn outcome(sent: &Transmission) -> String {
    let mut device = device();
    let known = Numbers { sequence: SequenceNumber(KNOWN), session: 0x7A00, now: NOW };
    let mut plan = plan("the-one-before");
    plan.target.resulting_version = Some("1.1".parse().unwrap());
    hear(&mut device, &forge(&insider(), &plan, known, Flaw::Nothing).unwrap());
    while device.poll_event().is_some() {}

    hear(&mut device, sent);

    let told = std::iter::from_fn(|| device.poll_event()).find_map(|event| match event {
        Event::Refused(Refusal::Form(error)) => Some(format!("{}, {}", error.protocol, error.field)),
        Event::Refused(refusal) => Some(refusal.to_string()),
        Event::Settled { result, .. } => Some(format!("result {}", result.code())),
        _ => None,
    });
    told.unwrap_or_else(|| "waits for what has not come".to_owned())
}

fn hear(device: &mut Device, sent: &Transmission) {
    give(device, NOW, "notification", &sent.notification);
    for packet in sent.packets() {
        give(device, NOW, "delivery", packet);
    }
}

/// Gives a Device a datagram; what it then wants to do is not done.
pub(crate) fn give(device: &mut Device, now: Timestamp, channel: &str, octets: &[u8]) {
    let source = SocketAddr::from(([127, 0, 0, 1], 4001));
    device.handle_datagram(now, &label(channel), source, octets).unwrap();
    while device.poll_action().is_some() {}
}
