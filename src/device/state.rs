//! What a Device remembers over a restart.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::spec::{
    CampaignId, ComponentId, DeviceTraits, NodeUri, SequenceNumber, ServerId, SettingsTree, Timestamp, Version,
};

use crate::wire::mo::fumo::FumoState;

use super::campaign::{CampaignRun, RunId};
use super::configuration::DeviceConfiguration;

/// Entries that the status log keeps; the oldest is dropped first (profile section 5).
pub(super) const LOG_ENTRIES: usize = 32;

/// One of the two firmware slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Slot {
    A,
    B,
}

impl Slot {
    /// The slot that is not this one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// The name of its image in the storage.
    pub(super) fn object(self) -> &'static str {
        match self {
            Self::A => "slot-a.bin",
            Self::B => "slot-b.bin",
        }
    }
}

/// An entry of the status log ([FU-NF-5]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The campaign's sequence number.
    pub sequence: SequenceNumber,
    /// The campaign.
    pub campaign: CampaignId,
    /// The result code of FUMO, SCOMO or the provisioning report.
    pub code: u16,
    /// When the result was known, in milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// A software component on the Device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Component {
    pub(super) version: Version,
    /// The name of its image in the storage; none for what it left the factory with.
    pub(super) image: Option<String>,
    /// Whether it runs, or is only there.
    pub(super) is_active: bool,
}

/// A package that waits to be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedPackage {
    /// Its name in the storage.
    pub(super) object: String,
    pub(super) version: Version,
}

/// The state document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DeviceState {
    pub(super) firmware: Version,
    pub(super) active_slot: Slot,
    pub(super) components: BTreeMap<ComponentId, Component>,
    /// Packages of components that wait to be installed.
    pub(super) delivered: BTreeMap<ComponentId, StagedPackage>,
    /// The firmware package that waits to be installed.
    pub(super) staged: Option<StagedPackage>,
    pub(super) settings: SettingsTree,
    pub(super) read_only: BTreeSet<NodeUri>,
    /// After how many more refusals what is read-only gives way; none never does.
    #[serde(default)]
    pub(super) refusals_left: Option<u32>,
    /// The highest sequence number accepted, with its campaign, per provider.
    pub(super) accepted: BTreeMap<ServerId, (SequenceNumber, CampaignId)>,
    pub(super) runs: Vec<CampaignRun>,
    /// Campaigns taken up so far; names the next one.
    runs_begun: u64,
    /// Objects of the storage that nothing names any more; they go once this document has been kept.
    pub(super) discarded: Vec<String>,
    pub(super) log: Vec<LogEntry>,
    /// The nonce for the Device's next credential; none before the first challenge.
    pub(super) client_nonce: Option<Vec<u8>>,
    /// The nonce that the server's next credential must use.
    pub(super) server_nonce: Vec<u8>,
    /// DM sessions opened so far; names the next one.
    pub(super) sessions: u16,
    /// FUMO State, of the last campaign.
    pub(super) fumo_state: u8,
    /// The version of the last package that was installed; none before the first.
    pub(super) package_version: Option<Version>,
}

impl DeviceState {
    /// The state of a Device that comes from the factory.
    pub(super) fn factory(configuration: &DeviceConfiguration) -> Self {
        let DeviceTraits { firmware, software, .. } = &configuration.traits;
        Self {
            firmware: firmware.clone(),
            active_slot: Slot::A,
            components: software
                .iter()
                .map(|(id, version)| (id.clone(), Component { version: version.clone(), image: None, is_active: true }))
                .collect(),
            delivered: BTreeMap::new(),
            staged: None,
            settings: configuration.settings.clone(),
            read_only: configuration.read_only.clone(),
            refusals_left: None,
            accepted: BTreeMap::new(),
            runs: Vec::new(),
            runs_begun: 0,
            discarded: Vec::new(),
            log: Vec::new(),
            client_nonce: None,
            server_nonce: configuration.account.server_nonce.clone(),
            sessions: 0,
            fumo_state: FumoState::Idle.number(),
            package_version: None,
        }
    }

    /// The state of FUMO.
    pub(super) fn fumo_state(&self) -> FumoState {
        FumoState::from_number(self.fumo_state).unwrap_or(FumoState::Idle)
    }

    /// Notes a campaign as accepted; a number that is not above the highest changes nothing.
    pub(super) fn accept(&mut self, server: ServerId, sequence: SequenceNumber, campaign: CampaignId) {
        let mark = (sequence, campaign);
        let accepted = self.accepted.entry(server).or_insert_with(|| mark.clone());
        if mark.0 > accepted.0 {
            *accepted = mark;
        }
    }

    /// A name for the next campaign.
    pub(super) fn next_run(&mut self) -> RunId {
        self.runs_begun = self.runs_begun.saturating_add(1);
        RunId(self.runs_begun)
    }

    /// Notes a result in the status log, which keeps `bound` entries.
    pub(super) fn log(
        &mut self,
        bound: usize,
        sequence: SequenceNumber,
        campaign: &CampaignId,
        code: u16,
        at: Timestamp,
    ) {
        self.log.push(LogEntry { sequence, campaign: campaign.clone(), code, at_ms: at.as_millis() });
        let surplus = self.log.len().saturating_sub(bound);
        self.log.drain(..surplus);
    }

    /// Fills the status log with results of campaigns that were before.
    pub(super) fn fill_log(&mut self) {
        let earlier = |number: usize| LogEntry {
            sequence: SequenceNumber(number as u64),
            campaign: CampaignId::new(format!("earlier-{number}")).expect("a short printable name"),
            code: 200,
            at_ms: number as u64,
        };
        self.log = (1..=LOG_ENTRIES).map(earlier).collect();
    }
}
