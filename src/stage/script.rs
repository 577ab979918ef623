//! What the Given sentences say before anything runs: the population, its peculiarities, and how campaigns report.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::device::LocalCondition;
use crate::provider::CampaignPlan;
use crate::spec::{DeviceId, DeviceTraits, NodeUri, Reporters, Reporting, SettingsTree, Version};

use super::fixtures::{FixtureError, Fixtures, Row};
use super::plan::{AirRule, Fate, PacketKind, Which};

/// The setting that a roll call changes; every Device has it.
pub(super) const ROLL_CALL_SETTING: &str = "./Settings/RollCall";

/// A peculiarity of one Device: the closed list behind the sentence `Device {device} {condition}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Its storage takes no package.
    FullStorage,
    /// Its installer fails.
    FailingInstaller,
    /// No symbol of the package arrives.
    HearsNothingOfThePackage,
    /// Every copy of the package arrives with one bit wrong.
    DamagedPackage,
    /// The first cycle's table and the third symbol of the package do not arrive.
    LosesTheFirstTable,
    /// One symbol of the package is lost in the first cycle.
    LosesOneSymbol,
    /// A fifth of all delivery packets is lost in the first cycles, by chance.
    LossyReception,
    /// It is switched off.
    SwitchedOff,
    /// It is registered with no provider.
    NotRegistered,
    /// It is of another manufacturer.
    OtherManufacturer,
    /// It is of another model.
    OtherModel,
    /// It has another hardware version.
    OtherHardware,
    /// It runs this firmware.
    Firmware(Version),
    /// It lacks the software component of the campaigns.
    NoPlayer,
    /// It lacks this setting.
    LacksSetting(NodeUri),
    /// It does not let this setting be changed.
    KeepsSetting(NodeUri),
}

/// One Device before it is switched on.
#[derive(Debug, Clone)]
pub(super) struct DevicePlan {
    /// The name in the scenario.
    pub name: String,
    /// What it is.
    pub traits: DeviceTraits,
    /// Its settings.
    pub settings: SettingsTree,
    /// Settings that it keeps.
    pub read_only: BTreeSet<NodeUri>,
    /// Local conditions from the start.
    pub local: Vec<LocalCondition>,
    /// What the air does to its packets.
    pub air: Vec<AirRule>,
    /// Whether it is on from the start.
    pub is_on: bool,
    /// Whether it is registered with the Service Provider.
    pub is_registered: bool,
}

/// Everything that is known before the scenario runs.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// The population.
    pub devices: Vec<DevicePlan>,
    /// How campaigns report, where a sentence said so.
    reporting: BTreeMap<String, Reporting>,
}

/// Why a Given sentence cannot hold.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A fixture is missing.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The population has no such Device.
    #[error("the population has no Device `{0}`")]
    NoDevice(String),
    /// A population stands already.
    #[error("a scenario has one population")]
    SecondPopulation,
}

impl Script {
    /// Casts a population.
    ///
    /// # Errors
    /// [`ScriptError`] when there is one already, or the fixture is missing.
    pub(super) fn populate(&mut self, fixtures: &Fixtures, name: &str) -> Result<(), ScriptError> {
        if !self.devices.is_empty() {
            return Err(ScriptError::SecondPopulation);
        }
        for row in fixtures.population(name)? {
            for _ in 0..row.count {
                self.devices.push(DevicePlan::new(self.devices.len() + 1, row));
            }
        }
        Ok(())
    }

    /// Whether the population has a Device called `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.devices.iter().any(|device| device.name == name)
    }

    /// The Device called `name`.
    ///
    /// # Errors
    /// [`ScriptError::NoDevice`].
    pub(super) fn device(&mut self, name: &str) -> Result<&mut DevicePlan, ScriptError> {
        let device = self.devices.iter_mut().find(|device| device.name == name);
        device.ok_or_else(|| ScriptError::NoDevice(name.to_owned()))
    }

    /// Says who reports for a campaign, and when.
    pub(super) fn report(&mut self, campaign: &str, who: Reporters, offset: Duration, window: Duration) {
        let reporting =
            Reporting { who, offset, window, retry_interval: Duration::from_millis(200), ..Reporting::default() };
        self.reporting.insert(campaign.to_owned(), reporting);
    }

    /// The plan of a campaign, as this scenario wants it.
    ///
    /// # Errors
    /// [`ScriptError::Fixture`].
    pub(super) fn campaign(&self, fixtures: &Fixtures, name: &str) -> Result<CampaignPlan, ScriptError> {
        let mut plan = fixtures.campaign(name)?;
        if let Some(reporting) = self.reporting.get(name) {
            plan.reporting = *reporting;
        }
        Ok(plan)
    }
}

impl DevicePlan {
    fn new(number: usize, row: &Row) -> Self {
        let traits = DeviceTraits {
            id: DeviceId::new(format!("urn:imei:35000000000{number:04}")).expect("a short printable URN"),
            manufacturer: row.manufacturer.clone(),
            model: row.model.clone(),
            hardware_version: row.hardware.clone(),
            firmware: row.firmware.clone(),
            software: row.software.clone(),
            groups: row.groups.clone(),
            area: row.area.clone(),
        };
        Self {
            name: format!("D{number}"),
            traits,
            settings: factory_settings(),
            read_only: BTreeSet::new(),
            local: Vec::new(),
            air: Vec::new(),
            is_on: true,
            is_registered: true,
        }
    }

    /// Makes the Device peculiar.
    pub(super) fn apply(&mut self, condition: Condition) {
        let package = || PacketKind::SymbolOf("package.bin".into());
        let mut air = |kind, which, fate| self.air.push(AirRule { kind, which, fate });
        match condition {
            Condition::FullStorage => self.local.push(LocalCondition::StorageFull(true)),
            Condition::FailingInstaller => self.local.push(LocalCondition::InstallerFails(true)),
            Condition::HearsNothingOfThePackage => air(package(), Which::All, Fate::Drop),
            Condition::DamagedPackage => air(package(), Which::All, Fate::FlipBit),
            Condition::LosesTheFirstTable => air(PacketKind::Table, Which::Number(1), Fate::Drop),
            Condition::LosesOneSymbol => air(package(), Which::Number(3), Fate::Drop),
            Condition::LossyReception => air(PacketKind::Delivery, Which::Chance(0.2), Fate::Drop),
            Condition::SwitchedOff => self.is_on = false,
            Condition::NotRegistered => self.is_registered = false,
            Condition::OtherManufacturer => self.traits.manufacturer = "Emca".into(),
            Condition::OtherModel => self.traits.model = "X2".into(),
            Condition::OtherHardware => self.traits.hardware_version = "9".into(),
            Condition::Firmware(version) => self.traits.firmware = version,
            Condition::NoPlayer => self.traits.software.clear(),
            Condition::LacksSetting(node) => {
                self.settings.remove(&node);
            }
            Condition::KeepsSetting(node) => {
                self.read_only.insert(node);
            }
        }
    }
}

fn factory_settings() -> SettingsTree {
    let node = |name: &str| NodeUri::new(name).expect("a short printable URI");
    BTreeMap::from([
        (node("./Settings/Apn"), "factory.example".to_owned()),
        (node("./Settings/Proxy"), "none".to_owned()),
        (node(ROLL_CALL_SETTING), "0".to_owned()),
    ])
}
