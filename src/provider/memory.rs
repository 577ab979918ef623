//! What a Service Provider remembers over a restart, and under which names it is kept.
//!
//! Changes are collected while a request or a datagram is dealt with, and kept in one transaction before anybody hears of
//! what came of it. So after a crash the provider knows at least what its peers know ([FU-P-1], [FU-P-2], [SC-POST-1]).

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::delivery::TableState;
use crate::spec::{CampaignId, DeviceId, ExceptionSchedule, SequenceNumber, SessionId, Timestamp};

use super::plan::{BroadcastPlan, CampaignPlan, CareSteps, Content, SettingChange};
use super::record::DeviceRecord;
use super::session::{KeptSession, Nonces, SessionKey};
use super::store::{Change, Store, StoreError};

/// Between the two parts of a name; neither can hold it.
const JOINT: char = '\u{1f}';

/// The numbers that are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers {
    /// The sequence number of the last campaign.
    pub(super) sequence: SequenceNumber,
    /// The SessionID of the next one.
    pub(super) session: SessionId,
    /// How often the provider has started; its random numbers must not repeat.
    pub(super) starts: u64,
}

/// What the server needs to know of a campaign when reports come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CarePlan {
    /// The settings that it changes; none in an update.
    pub(super) changes: Vec<SettingChange>,
    pub(super) atomic: bool,
    pub(super) schedule: Option<ExceptionSchedule>,
    pub(super) steps: CareSteps,
    pub(super) inspect: Vec<String>,
}

impl From<&CampaignPlan> for CarePlan {
    fn from(plan: &CampaignPlan) -> Self {
        let (changes, atomic) = match &plan.content {
            Content::Provisioning { changes, atomic, .. } => (changes.clone(), *atomic),
            Content::Firmware(_) | Content::Software(..) => (Vec::new(), false),
        };
        let (schedule, steps) = (plan.schedule().cloned(), plan.care.clone());
        Self { changes, atomic, schedule, steps, inspect: plan.inspect.clone() }
    }
}

/// A campaign on the air, as it can be put there again with the same octets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OnAir {
    pub(super) campaign: CampaignId,
    pub(super) session: SessionId,
    pub(super) notification: Vec<u8>,
    /// Location and media type of each object; their octets are entries of their own.
    pub(super) objects: Vec<(String, String)>,
    pub(super) plan: BroadcastPlan,
    pub(super) expires_at: Timestamp,
}

/// How far a campaign on the air has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The cycle that has begun, counted from one; 0 before the first.
    pub(super) cycle: u32,
    pub(super) table: TableState,
}

/// A campaign that was on the air when the provider ended.
#[derive(Debug)]
pub(super) struct Interrupted {
    pub(super) on_air: OnAir,
    pub(super) progress: Progress,
    pub(super) objects: Vec<Vec<u8>>,
}

/// Everything that was kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) numbers: Option<Numbers>,
    pub(super) plans: BTreeMap<CampaignId, CarePlan>,
    pub(super) interrupted: Vec<Interrupted>,
    pub(super) records: BTreeMap<(CampaignId, DeviceId), DeviceRecord>,
    pub(super) nonces: BTreeMap<DeviceId, Nonces>,
    pub(super) sessions: BTreeMap<SessionKey, KeptSession>,
}

/// The name of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name<'a> {
    Numbers,
    Plan(&'a CampaignId),
    OnAir(&'a CampaignId),
    Progress(&'a CampaignId),
    Object(&'a CampaignId, usize),
    Record(&'a CampaignId, &'a DeviceId),
    Nonces(&'a DeviceId),
    Session(&'a SessionKey),
}

impl Name<'_> {
    fn text(self) -> String {
        match self {
            Self::Numbers => "numbers".into(),
            Self::Plan(campaign) => format!("plan{JOINT}{campaign}"),
            Self::OnAir(campaign) => format!("air{JOINT}{campaign}"),
            Self::Progress(campaign) => format!("progress{JOINT}{campaign}"),
            Self::Object(campaign, index) => format!("object{JOINT}{campaign}{JOINT}{index}"),
            Self::Record(campaign, device) => format!("record{JOINT}{campaign}{JOINT}{device}"),
            Self::Nonces(device) => format!("nonces{JOINT}{device}"),
            Self::Session((device, session)) => format!("session{JOINT}{device}{JOINT}{session}"),
        }
    }
}

/// The storage, and what is to be kept in it next.
pub(super) struct Memory {
    store: Box<dyn Store>,
    changes: Vec<Change>,
}

impl Memory {
    pub(super) fn new(store: Box<dyn Store>) -> Self {
        Self { store, changes: Vec::new() }
    }

    /// Notes what is to be kept.
    pub(super) fn keep(&mut self, name: Name<'_>, value: &impl Serialize) {
        let octets = serde_json::to_vec(value).expect("plain data with text as keys");
        self.keep_octets(name, octets);
    }

    /// Notes octets that are to be kept as they are.
    pub(super) fn keep_octets(&mut self, name: Name<'_>, octets: Vec<u8>) {
        self.changes.push(Change { name: name.text(), octets: Some(octets) });
    }

    /// Notes what need not be kept any longer.
    pub(super) fn forget(&mut self, name: Name<'_>) {
        self.changes.push(Change { name: name.text(), octets: None });
    }

    /// Keeps what was noted. When that fails, it stays noted, and is kept with the next.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        self.store.commit(&self.changes)?;
        self.changes.clear();
        Ok(())
    }

    /// Reads everything.
    pub(super) fn load(&self) -> Result<Kept, StoreError> {
        let mut entries = self.store.load()?;
        let mut kept = Kept::default();
        let names: Vec<String> = entries.keys().cloned().collect();
        for name in names {
            let mut parts = name.split(JOINT);
            let (kind, first, second) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
            match (kind, first, second) {
                ("numbers", None, None) => kept.numbers = Some(read(&entries, &name)?),
                ("plan", Some(campaign), None) => {
                    kept.plans.insert(campaign_id(campaign)?, read(&entries, &name)?);
                }
                ("air", Some(_), None) => {
                    let on_air: OnAir = read(&entries, &name)?;
                    let campaign = &on_air.campaign;
                    let progress = read(&entries, &Name::Progress(campaign).text())?;
                    let object = |index| entries.remove(&Name::Object(campaign, index).text());
                    let objects: Option<Vec<_>> = (0..on_air.objects.len()).map(object).collect();
                    let objects = objects.ok_or_else(|| StoreError(format!("no object for entry `{name:?}`")))?;
                    kept.interrupted.push(Interrupted { on_air, progress, objects });
                }
                ("record", Some(campaign), Some(device)) => {
                    let key = (campaign_id(campaign)?, device_id(device)?);
                    kept.records.insert(key, read(&entries, &name)?);
                }
                ("nonces", Some(device), None) => {
                    kept.nonces.insert(device_id(device)?, read(&entries, &name)?);
                }
                ("session", Some(device), Some(session)) => {
                    kept.sessions.insert((device_id(device)?, session.to_owned()), read(&entries, &name)?);
                }
                // Read with the campaign that they belong to.
                ("progress", Some(_), None) | ("object", Some(_), Some(_)) => {}
                _ => return Err(StoreError(format!("an entry `{name:?}` of no known kind"))),
            }
        }
        Ok(kept)
    }
}

fn read<T: DeserializeOwned>(entries: &BTreeMap<String, Vec<u8>>, name: &str) -> Result<T, StoreError> {
    let octets = entries.get(name).ok_or_else(|| StoreError(format!("no entry `{name:?}`")))?;
    serde_json::from_slice(octets).map_err(|error| StoreError(format!("entry `{name:?}`: {error}")))
}

fn campaign_id(text: &str) -> Result<CampaignId, StoreError> {
    CampaignId::new(text).map_err(|error| StoreError(error.to_string()))
}

fn device_id(text: &str) -> Result<DeviceId, StoreError> {
    DeviceId::new(text).map_err(|error| StoreError(error.to_string()))
}
