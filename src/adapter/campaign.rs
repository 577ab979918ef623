//! What a Service Provider is asked to broadcast.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::PlannedCommand;
use super::octets::Octets;
use super::schedule::{self, Rule, Timing, ms};
use super::{Unfit, schema};
use crate::provider::{CampaignPlan, CareSteps, Content, PackagesJoin, SettingChange};
use crate::spec::{CampaignId, CareProcess, ComponentId, NodeUri, Reporters, Severity, Version};

/// Starts a campaign that brings firmware or a software component; answered when the notification is on the air.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// The campaign.
    pub campaign: Campaign,
    /// What it brings.
    pub package: Package,
}

/// Starts a campaign that brings settings; answered when the notification is on the air.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provision {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// The campaign.
    pub campaign: Campaign,
    /// The changes, in their order.
    pub changes: Vec<Change>,
    /// Whether they stand in an Atomic, where all of them take effect or none, or in a Sequence.
    pub atomic: bool,
    /// The rules of the exception schedule, in their order. Without a schedule a provider must not broadcast the campaign:
    /// the answer is an error of kind `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Vec<Rule>>,
}

/// Says what the DM Server does when the process that the schedule names fails for a Device (profile section 6.5). Comes
/// before the campaign; without it there is no further step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Care {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// The campaign.
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub campaign: CampaignId,
    /// The processes that follow, in their order; after the last of them the Device needs attention.
    #[schemars(schema_with = "schema::processes")]
    pub next: Vec<CareProcess>,
    /// Milliseconds to wait for the statuses of commands, before that step counts as failed.
    pub patience_ms: u64,
}

/// What `push` brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Package {
    /// Firmware.
    Firmware {
        /// The package. Without octets it is not announced: the Command does without.
        octets: Octets,
    },
    /// A software component.
    Software {
        /// The component.
        #[schemars(with = "String", length(min = 1, max = 64))]
        component: ComponentId,
        /// The package. Without octets it is not announced: the Command does without.
        octets: Octets,
    },
}

/// A campaign as its planner sees it; addresses, keys and numbers are the provider's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Its id.
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub id: CampaignId,
    /// Whom it is for; what is left out matches everybody.
    #[serde(default)]
    pub target: Whom,
    /// Whether and how the End User is asked; without it nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Asking>,
    /// When Devices may act.
    #[serde(default)]
    pub rollout: Start,
    /// Who reports, and when.
    pub reporting: Reports,
    /// How many milliseconds after it was issued the announcement expires.
    pub lifetime_ms: u64,
    /// How many milliseconds ago it was issued; 0 unless an old announcement is to be sent.
    #[serde(default)]
    pub age_ms: u64,
    /// How it is sent.
    pub broadcast: Sending,
    /// In what way its Command is not the usual one; without it, the Command is that of profile section 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<UnusualCommand>,
    /// Nodes that the DM Server reads, by Get, of every Device that reports, in the session that the report opens.
    #[serde(default)]
    pub inspect: Vec<String>,
    /// Further packages, which are announced and sent for Devices of another kind; no command needs them.
    #[serde(default)]
    pub companions: Vec<Octets>,
}

/// Whom a campaign is for (profile section 5.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Whom {
    /// Manufacturer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Hardware versions, any of these.
    pub hardware_versions: Vec<String>,
    /// Installed versions that are updated, any of these.
    #[schemars(schema_with = "schema::versions")]
    pub from_versions: Vec<Version>,
    /// The software component.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub component: Option<ComponentId>,
    /// Groups, any of these.
    pub groups: Vec<String>,
    /// Areas, any of these.
    pub areas: Vec<String>,
    /// The share of the Devices, in hundredths of a percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000))]
    pub share: Option<u16>,
    /// The version that results.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::optional_version")]
    pub resulting_version: Option<Version>,
}

/// How the End User is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// Whether the update may be declined.
    #[schemars(schema_with = "schema::severity")]
    pub severity: Severity,
    /// Milliseconds for which it may be put off, counted from the first offer.
    pub longest_deferral_ms: u64,
}

/// When Devices may act.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Start {
    /// Not before this time, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before_ms: Option<u64>,
    /// Not after this time, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after_ms: Option<u64>,
    /// Milliseconds of the window in which each Device draws its start.
    pub start_window_ms: u64,
}

/// Who reports, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// Who.
    #[schemars(schema_with = "schema::reporters")]
    pub who: Reporters,
    /// When.
    pub timing: Timing,
    /// The share of these that does report, in hundredths of a percent.
    #[schemars(range(max = 10_000))]
    pub sample: u16,
}

/// How a campaign is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// Cycles of the carousel; each begins with a repetition of the notification.
    #[schemars(range(min = 1))]
    pub repetitions: u32,
    /// The version of FLUTE, 1 or 2. A provider that sends the other one alone may send that.
    #[schemars(range(min = 1, max = 2))]
    pub flute_version: u8,
    /// Octets of an encoding symbol.
    #[schemars(range(min = 16))]
    pub symbol_length: u16,
    /// Milliseconds from the notification to the first packet of the delivery, so that Devices can join.
    pub lead_ms: u64,
    /// Milliseconds between two cycles.
    pub cycle_gap_ms: u64,
    /// The parity that goes with every object; without it FEC Encoding ID 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<Repair>,
    /// When the packages join the session.
    #[schemars(schema_with = "schema::packages_join")]
    pub packages_join: PackagesJoin,
}

/// Parity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// The scheme.
    pub scheme: Scheme,
    /// Repair symbols of a source block.
    #[schemars(range(min = 1))]
    pub symbols: u8,
}

/// Schemes of parity, each a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// FEC Encoding ID 129.
    ReedSolomon,
    /// FEC Encoding ID 6.
    Raptorq,
}

/// In what way a Command is not the usual one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UnusualCommand {
    /// The commands, instead of the usual ones; in provisioning data they follow the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<PlannedCommand>>,
    /// `Target/LocURI` of the header, instead of `urn:castproof:broadcast`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Whether the schedule is left out of the document, though there is one.
    pub without_schedule: bool,
}

/// The requests that start one campaign, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignRequests {
    /// Comes first, where there is something to say.
    pub care: Option<Care>,
    /// The campaign.
    pub start: Box<StartRequest>,
}

/// The request that starts a campaign.
#[derive(Debug, Clone, PartialEq)]
pub enum StartRequest {
    /// Firmware or software.
    Push(Push),
    /// Settings.
    Provision(Provision),
}

impl CampaignRequests {
    /// The requests for a plan.
    ///
    /// # Errors
    /// [`Unfit`] when the plan says what the protocol has no words for.
    pub fn new(instance: &str, plan: &CampaignPlan) -> Result<Self, Unfit> {
        let campaign = Campaign::written(plan)?;
        let instance = instance.to_owned();
        let CareSteps { next, patience } = &plan.care;
        let care = (plan.care != CareSteps::default()).then(|| Care {
            instance: instance.clone(),
            campaign: plan.campaign.clone(),
            next: next.clone(),
            patience_ms: ms(*patience),
        });
        let start = match &plan.content {
            Content::Firmware(octets) => {
                let package = Package::Firmware { octets: Octets(octets.clone()) };
                StartRequest::Push(Push { instance, campaign, package })
            }
            Content::Software(component, octets) => {
                let package = Package::Software { component: component.clone(), octets: Octets(octets.clone()) };
                StartRequest::Push(Push { instance, campaign, package })
            }
            Content::Provisioning { changes, atomic, schedule } => StartRequest::Provision(Provision {
                instance,
                campaign,
                changes: changes.iter().map(Into::into).collect(),
                atomic: *atomic,
                schedule: schedule.as_ref().map(schedule::written).transpose()?,
            }),
        };
        Ok(Self { care, start: Box::new(start) })
    }
}

impl Care {
    /// The steps of care.
    pub fn steps(&self) -> CareSteps {
        CareSteps { next: self.next.clone(), patience: Duration::from_millis(self.patience_ms) }
    }
}

impl Push {
    /// The plan, with the care that was said before.
    ///
    /// # Errors
    /// [`Unfit`] when a value is out of range.
    pub fn plan(&self, care: CareSteps) -> Result<CampaignPlan, Unfit> {
        let content = match &self.package {
            Package::Firmware { octets } => Content::Firmware(octets.0.clone()),
            Package::Software { component, octets } => Content::Software(component.clone(), octets.0.clone()),
        };
        self.campaign.plan(content, care)
    }
}

impl Provision {
    /// The plan, with the care that was said before.
    ///
    /// # Errors
    /// [`Unfit`] when a value is out of range.
    pub fn plan(&self, care: CareSteps) -> Result<CampaignPlan, Unfit> {
        let content = Content::Provisioning {
            changes: self.changes.iter().map(Into::into).collect(),
            atomic: self.atomic,
            schedule: self.schedule.as_deref().map(schedule::read).transpose()?,
        };
        self.campaign.plan(content, care)
    }
}

/// One change of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Sets a node that exists.
    Replace {
        /// The node.
        #[schemars(with = "String", length(min = 1, max = 255))]
        node: NodeUri,
        /// Its value.
        value: String,
    },
    /// Adds a node.
    Add {
        /// The node.
        #[schemars(with = "String", length(min = 1, max = 255))]
        node: NodeUri,
        /// Its value.
        value: String,
    },
    /// Removes a node.
    Delete {
        /// The node.
        #[schemars(with = "String", length(min = 1, max = 255))]
        node: NodeUri,
    },
}

impl From<&SettingChange> for Change {
    fn from(change: &SettingChange) -> Self {
        match change.clone() {
            SettingChange::Replace(node, value) => Self::Replace { node, value },
            SettingChange::Add(node, value) => Self::Add { node, value },
            SettingChange::Delete(node) => Self::Delete { node },
        }
    }
}

impl From<&Change> for SettingChange {
    fn from(change: &Change) -> Self {
        match change.clone() {
            Change::Replace { node, value } => Self::Replace(node, value),
            Change::Add { node, value } => Self::Add(node, value),
            Change::Delete { node } => Self::Delete(node),
        }
    }
}
