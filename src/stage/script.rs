//! What the Given sentences say before anything runs: the population, its peculiarities, and how campaigns report.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::device::LocalCondition;
use crate::provider::CampaignPlan;
use crate::spec::{DeviceId, DeviceTraits, NodeUri, Reporters, Reporting, SettingsTree, Timestamp, Version};

use super::air::{AirRule, DeliveredFile, Fate, PacketKind, Which};
use super::fixtures::{FixtureError, Fixtures, Row};
use super::link::LinkRule;
use super::reception::Reception;

/// The setting that a roll call changes; every Device has it.
pub(super) const ROLL_CALL_SETTING: &str = "./Settings/RollCall";
/// How long a Device waits between two attempts to report, where campaigns and schedules do not say otherwise.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// A peculiarity of one Device: the closed list behind the sentence `Device {device} {condition}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Its storage takes no package.
    FullStorage,
    /// Its installer fails.
    FailingInstaller,
    /// Its storage takes packages, but there is no room where they are installed.
    NoRoomToInstall,
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
    /// Its reception is peculiar.
    Reception(Reception),
    /// Something goes wrong on its way to the DM Server.
    Link(LinkRule),
    /// No setting of it can be written.
    FailsToWriteSettings,
    /// Its password is not the one that the DM Server knows.
    WrongPassword,
    /// The DM Server has no account for it.
    UnknownToTheServer,
    /// It is switched off.
    SwitchedOff,
    /// It loses its power at a moment, and has it back at once.
    LosesPower(Moment),
    /// Its clock shows another time.
    Clock(Skew),
    /// It listens where nothing is sent.
    ListensElsewhere,
    /// It takes the DM Server for a stranger: it was told another password of it.
    DistrustsServer,
    /// Its status log is full.
    FullLog,
    /// It is registered with no provider.
    NotRegistered,
    /// It is registered with another provider alone.
    OtherProvider,
    /// It trusts another key of the Service Provider, and the one in use no longer.
    NewTrustAnchor,
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
    /// It has this version of the software component of the campaigns.
    Player(Version),
    /// It lacks this setting.
    LacksSetting(NodeUri),
    /// It does not let this setting be changed.
    KeepsSetting(NodeUri),
    /// It lets this setting be changed at the third attempt.
    KeepsSettingTwice(NodeUri),
}

/// When a Device loses its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It has received some symbols of the package, and not all.
    Downloading,
    /// It has the Command, and has noted nothing of it.
    Received,
    /// Half of the new image is written.
    Writing,
    /// The new image is written, and the version is not noted.
    Written,
    /// Transmission has ended, and its report is not due yet.
    WaitingToReport,
    /// Its End User has been asked.
    Asking,
    /// Its End User has postponed the update.
    Postponed,
}

/// How far a Device's clock is off: an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// It shows an earlier time.
    Slow,
    /// It shows a later time.
    Fast,
}

/// Whom a Device is registered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registered {
    /// The Service Provider.
    Usual,
    /// Nobody.
    Nowhere,
    /// Another provider.
    Elsewhere,
    /// The Service Provider, but under another key than the one that it signs with.
    WithNewAnchor,
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
    /// The seed that the air draws from for it, where it is not the one that follows from the scenario's.
    pub air_seed: Option<u64>,
    /// When it loses its power.
    pub power_losses: Vec<Moment>,
    /// How far its clock is off.
    pub skew: Option<Skew>,
    /// Whether it listens where nothing is sent.
    pub listens_elsewhere: bool,
    /// Whether it takes the DM Server for a stranger.
    pub distrusts_server: bool,
    /// Whether the transmission ends for it with the expiry of the file table.
    pub hears_to_expiry: bool,
    /// Whether it knows the address of its sender.
    pub names_the_source: bool,
    /// What goes wrong on its way to the DM Server.
    pub link: Option<LinkRule>,
    /// Whether its password is wrong.
    pub has_wrong_password: bool,
    /// Whether the DM Server has no account for it.
    pub is_unknown_to_server: bool,
    /// Whether it is on from the start.
    pub is_on: bool,
    /// Whether it is registered with the Service Provider.
    pub is_registered: bool,
    /// Its registration when that is another one.
    pub registration: Registered,
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

    /// Whether anything is to happen to packets on their way to one Device.
    pub(super) fn needs_the_air(&self) -> bool {
        self.devices.iter().any(|device| !device.air.is_empty() || device.listens_elsewhere)
    }

    /// Says who reports for a campaign, and when.
    pub(super) fn report(&mut self, campaign: &str, who: Reporters, offset: Duration, window: Duration) {
        let reporting = Reporting { who, offset, window, retry_interval: RETRY_INTERVAL, ..Reporting::default() };
        self.reporting.insert(campaign.to_owned(), reporting);
    }

    /// The plan of a campaign that goes on the air `now`, as this scenario wants it.
    ///
    /// # Errors
    /// [`ScriptError::Fixture`].
    pub(super) fn campaign(
        &self,
        fixtures: &Fixtures,
        name: &str,
        now: Timestamp,
    ) -> Result<CampaignPlan, ScriptError> {
        let mut plan = fixtures.campaign(name, now)?;
        if let Some(reporting) = self.reporting.get(name) {
            // Which Devices are heard of is the campaign's own.
            plan.reporting = Reporting { sample: plan.reporting.sample, ..*reporting };
        }
        Ok(plan)
    }
}

impl DevicePlan {
    /// A Device about which nothing is peculiar.
    pub(super) fn usual(number: usize, firmware: Version) -> Self {
        let row = Row {
            count: 1,
            manufacturer: "Acme".into(),
            model: "X1".into(),
            hardware: "1".into(),
            firmware,
            software: BTreeMap::new(),
            groups: Vec::new(),
            area: None,
        };
        Self::new(number, &row)
    }

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
            air_seed: None,
            power_losses: Vec::new(),
            skew: None,
            listens_elsewhere: false,
            distrusts_server: false,
            hears_to_expiry: false,
            names_the_source: false,
            link: None,
            has_wrong_password: false,
            is_unknown_to_server: false,
            is_on: true,
            is_registered: true,
            registration: Registered::Usual,
        }
    }

    /// Whether it cannot log on to the DM Server, which tells it nothing.
    pub(super) fn is_stranger(&self) -> bool {
        self.has_wrong_password || self.is_unknown_to_server
    }

    /// Gives the Device another registration, under which it hears nothing of the Service Provider.
    fn register(&mut self, registration: Registered) {
        self.registration = registration;
        self.is_registered = registration == Registered::Usual;
    }

    /// Makes the Device peculiar.
    pub(super) fn apply(&mut self, condition: Condition) {
        let package = || PacketKind::SymbolOf(DeliveredFile::Package);
        let mut air = |kind, which, fate| self.air.push(AirRule { kind, which, fate });
        match condition {
            Condition::FullStorage => self.local.push(LocalCondition::StorageFull(true)),
            Condition::FailingInstaller => self.local.push(LocalCondition::InstallerFails(true)),
            Condition::NoRoomToInstall => self.local.push(LocalCondition::NoRoomToInstall(true)),
            Condition::HearsNothingOfThePackage => air(package(), Which::All, Fate::Drop),
            Condition::DamagedPackage => air(package(), Which::All, Fate::FlipBit),
            Condition::LosesTheFirstTable => air(PacketKind::Table, Which::Number(1), Fate::Drop),
            Condition::LosesOneSymbol => air(package(), Which::Number(3), Fate::Drop),
            Condition::LossyReception => air(PacketKind::Delivery, Which::Chance(0.2), Fate::Drop),
            Condition::Reception(reception) => {
                self.air.extend(reception.rules());
                self.hears_to_expiry |= reception.ends_by_expiry();
                self.names_the_source |= reception.names_the_source();
            }
            Condition::Link(rule) => self.link = Some(rule),
            Condition::FailsToWriteSettings => self.local.push(LocalCondition::SettingsFail(true)),
            Condition::WrongPassword => self.has_wrong_password = true,
            Condition::UnknownToTheServer => self.is_unknown_to_server = true,
            Condition::SwitchedOff => self.is_on = false,
            Condition::LosesPower(moment) => self.power_losses.push(moment),
            Condition::Clock(skew) => self.skew = Some(skew),
            Condition::ListensElsewhere => self.listens_elsewhere = true,
            Condition::DistrustsServer => self.distrusts_server = true,
            Condition::FullLog => self.local.push(LocalCondition::FullLog),
            Condition::NotRegistered => self.register(Registered::Nowhere),
            Condition::OtherProvider => self.register(Registered::Elsewhere),
            Condition::NewTrustAnchor => self.register(Registered::WithNewAnchor),
            Condition::OtherManufacturer => self.traits.manufacturer = "Emca".into(),
            Condition::OtherModel => self.traits.model = "X2".into(),
            Condition::OtherHardware => self.traits.hardware_version = "9".into(),
            Condition::Firmware(version) => self.traits.firmware = version,
            Condition::NoPlayer => self.traits.software.clear(),
            Condition::Player(version) => {
                self.traits.software.values_mut().for_each(|installed| *installed = version.clone());
            }
            Condition::LacksSetting(node) => {
                self.settings.remove(&node);
            }
            Condition::KeepsSettingTwice(node) => {
                self.read_only.insert(node);
                self.local.push(LocalCondition::GivesWay(2));
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
