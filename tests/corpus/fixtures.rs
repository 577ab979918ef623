//! What is wrong in the campaigns of scenarios: Commands, packages and exception schedules, as the Service Provider sends
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use castproof::device::Event;
use castproof::provider::{Conformant, Content, Provider, ProviderConfiguration};
use castproof::spec::SequenceNumber;
use castproof::stage::Fixtures;
use castproof::stage::hostile::Insider;
use castproof::wire::DecodeError;
use castproof::wire::alc::{AlcPacket, PayloadId};
use castproof::wire::mo::schedule;
use castproof::wire::syncml::{Command, Item, Message};

use super::bench;

/// How a package begins that says something of itself.
const HEADER: &[u8] = b"castproof-package/1\n";
/// Results that tell of the Device's own state: there is no such component, or no such setting.
const OF_THE_DEVICE: [u16; 7] = [404, 418, 425, 1405, 1408, 1409, 1410];
/// How long the longest carousel turns.
const LONGEST: Duration = Duration::from_secs(10);

/// A document that is wrong, and what a Device makes of it.
pub(crate) struct Wrong {
    pub(crate) kind: &'static str,
    pub(crate) campaign: String,
    pub(crate) octets: Vec<u8>,
    pub(crate) device: String,
}

/// Every campaign of the fixtures that a sound Device, to which it fits, does not carry out because of what it says.
pub(crate) fn wrong() -> Vec<Wrong> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("features/fixtures");
    let fixtures = Fixtures::load(&folder).unwrap();
    let text = fs::read_to_string(folder.join("campaigns.yaml")).unwrap();
    let names = text.lines().filter(|line| !line.starts_with([' ', '#'])).filter_map(|line| line.strip_suffix(':'));
    names.filter_map(|name| wrong_in(&fixtures, name)).collect()
}

fn wrong_in(fixtures: &Fixtures, name: &str) -> Option<Wrong> {
    let plan = fixtures.campaign(name, bench::NOW).unwrap();
    let mut provider = provider();
    // What it refuses itself is never on the air.
    provider.push(bench::NOW, &plan).ok()?;
    let mut device = bench::equipped();
    let mut objects: BTreeMap<u128, BTreeMap<(u16, u16), Vec<u8>>> = BTreeMap::new();
    let mut now = bench::NOW;
    while provider.poll_timeout().is_some() && now < bench::NOW + LONGEST {
        while let Some(transmit) = provider.poll_transmit(now) {
            bench::give(&mut device, now, transmit.channel.as_str(), &transmit.octets);
            if let Ok(AlcPacket { header, payload_id: Some(PayloadId::NoCode { block, symbol }), payload }) =
                AlcPacket::decode(&transmit.octets)
            {
                objects.entry(header.toi.unwrap_or_default()).or_default().insert((block, symbol), payload);
            }
        }
        now = now + Duration::from_millis(1);
    }
    let result = std::iter::from_fn(|| device.poll_event()).find_map(|event| match event {
        Event::Settled { result, .. } => Some(result),
        _ => None,
    })?;
    let object = |toi: u128| objects.get(&toi).map(|symbols| symbols.values().flatten().copied().collect::<Vec<u8>>());
    let (command, package) = (object(1)?, object(2).unwrap_or_default());
    let wrong =
        |kind, octets| Wrong { kind, campaign: name.to_owned(), octets, device: format!("result {}", result.code()) };
    if schedule_fault(&command).is_some() {
        return Some(wrong("schedule", command));
    }
    let has_header = package.starts_with(HEADER);
    let is_of_device = OF_THE_DEVICE.contains(&result.code()) && !has_header;
    if result.is_success() || (is_of_device && !matches!(plan.content, Content::Firmware(_))) {
        return None;
    }
    Some(if has_header { wrong("package", package) } else { wrong("command", command) })
}

fn provider() -> Provider {
    let Insider { group, key_id, key, delivery, .. } = bench::insider();
    let configuration = ProviderConfiguration {
        server: group.server.clone(),
        group,
        key_id,
        key,
        accounts: BTreeMap::new(),
        notification: bench::label("notification"),
        delivery,
    };
    Provider::new(configuration, Box::new(Conformant), SequenceNumber(1000), 1)
}

/// What is wrong with the exception schedule in a Command.
pub(crate) fn schedule_fault(command: &[u8]) -> Option<DecodeError> {
    let message = Message::from_xml(command).ok()?;
    let leaves: Vec<Item> = message
        .body
        .into_iter()
        .filter_map(|command| match command {
            Command::Replace(replace) => Some(replace.items),
            _ => None,
        })
        .flatten()
        .filter(|item| item.target.as_deref().is_some_and(|node| node.starts_with(schedule::ROOT)))
        .collect();
    schedule::from_items(&leaves).err()
}
