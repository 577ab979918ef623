//! One campaign of `features/fixtures/campaigns.yaml`: its shape in the file, and the plan that it stands for.

use std::sync::Arc;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use crate::delivery::{FluteVersion, Parity};
use crate::judge::ROLL_CALL;
use crate::provider::{BroadcastPlan, CampaignPlan, CareSteps, CommandPlan, Content, PackagesJoin, SettingChange};
use crate::spec::{
    BasisPoints, CampaignId, CareProcess, ComponentId, Consent, ExceptionRule, ExceptionSchedule, NodeUri,
    ReportTiming, Reporters, Reporting, RuleAction, Severity, Situation, Target, Timestamp, Version,
};

use super::command_fixture::{CommandFixture, HeaderFixture};
use super::rollout_fixture::RolloutFixture;
use super::script::RETRY_INTERVAL;

/// How long a campaign is valid.
const LIFETIME: Duration = Duration::from_secs(60);
/// Octets that a package fixture may have at most.
const LARGEST_PACKAGE: usize = 16 * 1024 * 1024;
/// Octets of a package inside a Command.
const OCTETS_INSIDE: usize = 600;
/// Repair symbols that go with each block, where there is parity.
const REPAIR_SYMBOLS: u8 = 3;
/// Carousel cycles that a campaign fixture may have at most.
const MOST_REPETITIONS: u32 = 100;

/// One campaign, as the file holds it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignFixture {
    #[serde(default)]
    firmware: Option<Package>,
    #[serde(default)]
    software: Option<ComponentPackage>,
    #[serde(default)]
    settings: Option<Settings>,
    #[serde(default)]
    target: TargetFixture,
    #[serde(default)]
    consent: Option<ConsentFixture>,
    #[serde(default)]
    rollout: RolloutFixture,
    /// How long it is valid; a minute, unless it says otherwise.
    #[serde(default, rename = "lifetime-ms")]
    lifetime: Option<u64>,
    #[serde(default)]
    broadcast: BroadcastFixture,
    /// The commands, where they are not the usual ones.
    #[serde(default)]
    command: Option<Vec<CommandFixture>>,
    /// The sample of the Devices that report, in percent.
    #[serde(default)]
    sample: Option<u16>,
    /// Whom the Command is addressed to, where that is not everybody.
    #[serde(default, rename = "addressed-to")]
    addressed_to: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    version: Version,
    /// Nothing is announced without it; the Command then has to do without, or brings the package inside.
    #[serde(default)]
    octets: Option<usize>,
    #[serde(default)]
    header: Option<HeaderFixture>,
    /// Octets of each further package.
    #[serde(default)]
    companions: Vec<usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentPackage {
    component: ComponentId,
    /// The version that results, where something is installed.
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    octets: Option<usize>,
    #[serde(default)]
    header: Option<HeaderFixture>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Settings {
    #[serde(default)]
    atomic: bool,
    #[serde(default)]
    changes: Vec<Change>,
    #[serde(default)]
    schedule: Option<Vec<Rule>>,
    /// What the server does when the process of a rule fails.
    #[serde(default)]
    next: Vec<CareProcess>,
    /// How long it waits for the statuses of its care.
    #[serde(default)]
    care_patience_ms: Option<u64>,
    /// Whether the schedule stays out of the Command, though there is one.
    #[serde(default, rename = "omits-schedule")]
    omits_schedule: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    set: Option<NodeUri>,
    #[serde(default)]
    add: Option<NodeUri>,
    #[serde(default)]
    delete: Option<NodeUri>,
    #[serde(default)]
    to: Option<String>,
}

impl Change {
    fn change(&self) -> Result<SettingChange, String> {
        match (&self.set, &self.add, &self.delete, &self.to) {
            (Some(node), None, None, Some(value)) => Ok(SettingChange::Replace(node.clone(), value.clone())),
            (None, Some(node), None, Some(value)) => Ok(SettingChange::Add(node.clone(), value.clone())),
            (None, None, Some(node), None) => Ok(SettingChange::Delete(node.clone())),
            _ => Err("a change is `set` or `add` with `to`, or `delete`".into()),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    when: String,
    #[serde(default)]
    report: Option<Timing>,
    #[serde(default)]
    silent: bool,
    process: CareProcess,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Timing {
    offset_ms: u64,
    window_ms: u64,
    #[serde(default)]
    attempts: Option<u8>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TargetFixture {
    manufacturer: Option<String>,
    model: Option<String>,
    hardware: Vec<String>,
    from: Vec<Version>,
    groups: Vec<String>,
    areas: Vec<String>,
    /// The share of the Devices in percent.
    share: Option<u16>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConsentFixture {
    severity: Severity,
    longest_deferral_ms: u64,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct BroadcastFixture {
    flute: Option<u8>,
    repetitions: Option<u32>,
    cycle_gap_ms: Option<u64>,
    lead_ms: Option<u64>,
    parity: Option<ParityFixture>,
    packages_join: PackagesJoin,
}

/// The parity of a broadcast.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ParityFixture {
    ReedSolomon,
    Raptorq,
}

/// Octets that look like an image and are the same in every run.
fn package(name: &str, octets: usize) -> Arc<[u8]> {
    let seed = name.bytes().fold(0_u64, |seed, octet| seed.wrapping_mul(31).wrapping_add(u64::from(octet)));
    let mut image = vec![0; octets];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut image);
    image.into()
}

impl CampaignFixture {
    /// The plan of this campaign, which goes on the air `now`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn plan(&self, name: &str, now: Timestamp) -> Result<CampaignPlan, String> {
        if name.starts_with(ROLL_CALL) {
            return Err(format!("names that begin with `{ROLL_CALL}` are those of roll calls"));
        }
        let target = &self.target;
        let mut target = Target {
            manufacturer: target.manufacturer.clone(),
            model: target.model.clone(),
            hardware_versions: target.hardware.clone(),
            from_versions: target.from.clone(),
            groups: target.groups.clone(),
            areas: target.areas.clone(),
            share: target.share.map(share).transpose()?,
            ..Target::default()
        };
        let content = match (&self.firmware, &self.software, &self.settings) {
            (Some(firmware), None, None) => {
                target.resulting_version = Some(firmware.version.clone());
                Content::Firmware(self.package(name, firmware.octets, firmware.header.as_ref())?)
            }
            (None, Some(software), None) => {
                target.resulting_version.clone_from(&software.version);
                target.component = Some(software.component.clone());
                let package = self.package(name, software.octets, software.header.as_ref())?;
                Content::Software(software.component.clone(), package)
            }
            (None, None, Some(settings)) => settings.content(self.command.is_some())?,
            _ => return Err("give exactly one of firmware, software and settings".into()),
        };
        let companions = self.firmware.iter().flat_map(|firmware| firmware.companions.iter().zip(1..));
        let companions = companions.map(|(octets, number)| sized(&format!("{name}-{number}"), *octets));
        let companions = companions.collect::<Result<_, _>>()?;
        let care = self.settings.as_ref().map(Settings::care).unwrap_or_default();
        Ok(CampaignPlan {
            campaign: CampaignId::new(name).map_err(|error| error.to_string())?,
            target,
            content,
            command: self.command_plan(name)?,
            consent: self.consent.map(|consent| Consent {
                severity: consent.severity,
                longest_deferral: Duration::from_millis(consent.longest_deferral_ms),
            }),
            rollout: self.rollout.at(now),
            reporting: Reporting {
                who: Reporters::Nobody,
                sample: self.sample.map_or(Ok(Reporting::default().sample), share)?,
                ..Reporting::default()
            },
            lifetime: self.lifetime.map_or(LIFETIME, Duration::from_millis),
            age: Duration::ZERO,
            broadcast: self.broadcast.plan()?,
            inspect: Vec::new(),
            companions,
            care,
        })
    }
}

impl CampaignFixture {
    fn package(&self, name: &str, octets: Option<usize>, header: Option<&HeaderFixture>) -> Result<Arc<[u8]>, String> {
        match (octets, &self.command, header) {
            (Some(octets), _, None) => sized(name, octets),
            (Some(octets), _, Some(header)) => Ok([&header.octets()?, &*sized(name, octets)?].concat().into()),
            (None, Some(_), None) => Ok(Arc::from([])),
            (None, None, _) => Err("give the octets of its package, or a command that does without".into()),
            (None, Some(_), Some(_)) => Err("a header without the octets of a package".into()),
        }
    }

    fn command_plan(&self, name: &str) -> Result<CommandPlan, String> {
        // Inside a Command there is room for a small package only.
        let inside = package(name, OCTETS_INSIDE);
        let commands = |list: &Vec<CommandFixture>| list.iter().map(|one| one.command(&inside)).collect();
        Ok(CommandPlan {
            commands: self.command.as_ref().map(commands).transpose()?,
            target: self.addressed_to.clone(),
            omits_schedule: self.settings.as_ref().is_some_and(|settings| settings.omits_schedule),
        })
    }
}

fn share(percent: u16) -> Result<BasisPoints, String> {
    let points = percent.checked_mul(100).and_then(BasisPoints::new);
    points.ok_or_else(|| format!("a share of {percent} %; 0 to 100 are allowed"))
}

fn sized(name: &str, octets: usize) -> Result<Arc<[u8]>, String> {
    if !(1..=LARGEST_PACKAGE).contains(&octets) {
        return Err(format!("a package of {octets} octets; 1 to {LARGEST_PACKAGE} are allowed"));
    }
    Ok(package(name, octets))
}

impl BroadcastFixture {
    fn plan(self) -> Result<BroadcastPlan, String> {
        let usual = BroadcastPlan::default();
        let repetitions = self.repetitions.unwrap_or(usual.repetitions);
        if !(1..=MOST_REPETITIONS).contains(&repetitions) {
            return Err(format!("{repetitions} repetitions; 1 to {MOST_REPETITIONS} are allowed"));
        }
        Ok(BroadcastPlan {
            version: match self.flute {
                None | Some(2) => FluteVersion::V2,
                Some(1) => FluteVersion::V1,
                Some(other) => return Err(format!("FLUTE version {other}; there are 1 and 2")),
            },
            repetitions,
            lead: self.lead_ms.map_or(usual.lead, Duration::from_millis),
            cycle_gap: self.cycle_gap_ms.map_or(usual.cycle_gap, Duration::from_millis),
            parity: match self.parity {
                None => Parity::None,
                Some(ParityFixture::ReedSolomon) => Parity::ReedSolomon(REPAIR_SYMBOLS),
                Some(ParityFixture::Raptorq) => Parity::RaptorQ(REPAIR_SYMBOLS),
            },
            packages_join: self.packages_join,
            ..usual
        })
    }
}

impl Settings {
    fn care(&self) -> CareSteps {
        let patience = self.care_patience_ms.map_or(CareSteps::default().patience, Duration::from_millis);
        CareSteps { next: self.next.clone(), patience }
    }

    fn content(&self, has_command: bool) -> Result<Content, String> {
        if self.changes.is_empty() != has_command {
            return Err("give either changes or a command".into());
        }
        let rules = |rules: &Vec<Rule>| rules.iter().map(Rule::rule).collect::<Result<Vec<_>, _>>();
        let schedule = self.schedule.as_ref().map(rules).transpose()?;
        Ok(Content::Provisioning {
            changes: self.changes.iter().map(Change::change).collect::<Result<_, _>>()?,
            atomic: self.atomic,
            schedule: schedule.map(|rules| ExceptionSchedule { rules }),
        })
    }
}

impl Rule {
    fn rule(&self) -> Result<ExceptionRule, String> {
        let situation = match self.when.split_once(':') {
            None if self.when == "any" => Situation::Any,
            Some(("class", class)) => Situation::StatusClass(class.parse().map_err(|_| self.unknown_situation())?),
            Some(("status", code)) => Situation::Status(code.parse().map_err(|_| self.unknown_situation())?),
            Some(("node", node)) => Situation::Node(NodeUri::new(node).map_err(|error| error.to_string())?),
            _ => return Err(self.unknown_situation()),
        };
        let action = match (self.report, self.silent) {
            (Some(timing), false) => RuleAction::Report(ReportTiming {
                offset: Duration::from_millis(timing.offset_ms),
                window: Duration::from_millis(timing.window_ms),
                attempts: timing.attempts.unwrap_or(Reporting::default().attempts),
                retry_interval: RETRY_INTERVAL,
            }),
            (None, true) => RuleAction::StaySilent,
            _ => return Err(format!("rule `{}`: give either report or silent", self.when)),
        };
        Ok(ExceptionRule { situation, action, process: self.process })
    }

    fn unknown_situation(&self) -> String {
        format!("`{}` is no situation: any, class:4, status:404 or node:./Settings/X", self.when)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_the_same_in_every_run_and_differ_between_campaigns() {
        assert_eq!(package("spring-patch", 64), package("spring-patch", 64));
        assert_ne!(package("spring-patch", 64), package("large-image", 64));
    }
}
