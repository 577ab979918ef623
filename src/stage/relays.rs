//! The plans of the relays as data: written into findings without loss, read back, taken apart into faults and put together
//! again.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::findings::{OddAccount, RelayPlan};

use super::air::{AirPlan, AirRule, Which};
use super::link::{HowOften, LinkRule};
use super::script::{DevicePlan, Script, ScriptError};
use super::{Stage, StageBrief};

/// Plans that take the place of those that a scenario's sentences give.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RelayPlans {
    devices: Vec<OfDevice>,
}

#[derive(Debug, Clone, PartialEq)]
struct OfDevice {
    name: String,
    seed: u64,
    air: Vec<AirRule>,
    link: Option<LinkRule>,
}

/// One fault of a plan: a rule on the ways of one Device.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedFault {
    device: String,
    seed: u64,
    rule: Rule,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Air(AirRule),
    Link(LinkRule),
}

/// Why plans cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RelayPlanError {
    /// It is no list of plans.
    #[error("it is no list of relay plans, as `relays` in result.json is one")]
    Form(#[source] serde_json::Error),
    /// A rule says nothing that the relays can do.
    #[error("the relays know no rule `{rule}` for Device `{device}`")]
    Rule {
        /// The Device.
        device: String,
        /// The rule.
        rule: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// More than one rule for the interaction channel.
    #[error("Device `{0}` has more than one rule for the interaction channel")]
    SecondLink(String),
    /// Two plans for one Device.
    #[error("Device `{0}` has two plans")]
    Twice(String),
}

impl RelayPlans {
    /// Reads plans from the octets of a JSON document: a list as `relays` of a scenario in `result.json`.
    ///
    /// # Errors
    /// [`RelayPlanError`].
    pub fn parse(octets: &[u8]) -> Result<Self, RelayPlanError> {
        Self::of(&serde_json::from_slice::<Vec<RelayPlan>>(octets).map_err(RelayPlanError::Form)?)
    }

    /// The plans that findings keep.
    ///
    /// # Errors
    /// [`RelayPlanError`] when the relays do not know what they say.
    pub fn of(plans: &[RelayPlan]) -> Result<Self, RelayPlanError> {
        let mut devices: Vec<OfDevice> = Vec::new();
        for plan in plans {
            if devices.iter().any(|known| known.name == plan.device) {
                return Err(RelayPlanError::Twice(plan.device.clone()));
            }
            let air = plan.broadcast.iter().map(|rule| read(&plan.device, rule)).collect::<Result<_, _>>()?;
            let link = match plan.interaction.as_slice() {
                [] => None,
                [rule] => Some(read(&plan.device, rule)?),
                _ => return Err(RelayPlanError::SecondLink(plan.device.clone())),
            };
            devices.push(OfDevice { name: plan.device.clone(), seed: plan.seed, air, link });
        }
        Ok(Self { devices })
    }

    /// The plans as findings keep them.
    pub fn written(&self) -> Vec<RelayPlan> {
        self.devices.iter().map(OfDevice::written).filter(|plan| !is_empty(plan)).collect()
    }

    /// The faults in the plans, rule by rule.
    pub fn faults(&self) -> Vec<PlannedFault> {
        let of_device = |device: &OfDevice| {
            let rules = device.air.iter().copied().map(Rule::Air).chain(device.link.map(Rule::Link));
            let fault = |rule| PlannedFault { device: device.name.clone(), seed: device.seed, rule };
            rules.map(fault).collect::<Vec<_>>()
        };
        self.devices.iter().flat_map(of_device).collect()
    }

    /// Plans with these faults and no others, in this order.
    pub fn with(faults: &[PlannedFault]) -> Self {
        let mut devices: Vec<OfDevice> = Vec::new();
        for fault in faults {
            let index = devices.iter().position(|device| device.name == fault.device).unwrap_or_else(|| {
                devices.push(OfDevice { name: fault.device.clone(), seed: fault.seed, air: Vec::new(), link: None });
                devices.len() - 1
            });
            match fault.rule {
                Rule::Air(rule) => devices[index].air.push(rule),
                Rule::Link(rule) => devices[index].link = Some(rule),
            }
        }
        Self { devices }
    }

    /// Puts the plans in the place of those that the script has.
    pub(super) fn take_over(&self, script: &mut Script) -> Result<(), ScriptError> {
        for device in &mut script.devices {
            (device.air, device.link) = (Vec::new(), None);
        }
        for plan in &self.devices {
            let device = script.device(&plan.name)?;
            (device.air, device.air_seed, device.link) = (plan.air.clone(), Some(plan.seed), plan.link);
        }
        Ok(())
    }
}

impl PlannedFault {
    /// Faults that do less of the same, the least first.
    pub fn narrower(&self) -> Vec<Self> {
        let with = |rule| Self { rule, ..self.clone() };
        match self.rule {
            Rule::Air(rule) => {
                let with = |which| with(Rule::Air(AirRule { which, ..rule }));
                match rule.which {
                    Which::Number(_) | Which::SymbolIn(..) => Vec::new(),
                    Which::Symbol(number) => vec![with(Which::SymbolIn(number, 1))],
                    Which::InCycle(_) => vec![with(Which::Number(1))],
                    Which::From(number) => vec![with(Which::Number(number))],
                    _ => vec![with(Which::Number(1)), with(Which::InCycle(1))],
                }
            }
            Rule::Link(LinkRule::Fault(fault, how_often)) => {
                let with = |times| with(Rule::Link(LinkRule::Fault(fault, HowOften::First(times))));
                match how_often {
                    HowOften::First(most) => (1..most.min(MOST_TIMES)).map(with).collect(),
                    HowOften::EveryTime => (1..MOST_TIMES).map(with).collect(),
                }
            }
            Rule::Link(LinkRule::Outage(_)) => Vec::new(),
        }
    }
}

/// How often a fault is tried fewer times.
const MOST_TIMES: u32 = 5;

impl OfDevice {
    fn written(&self) -> RelayPlan {
        RelayPlan {
            device: self.name.clone(),
            seed: self.seed,
            broadcast: self.air.iter().map(write).collect(),
            interaction: self.link.iter().map(write).collect(),
        }
    }
}

fn is_empty(plan: &RelayPlan) -> bool {
    plan.broadcast.is_empty() && plan.interaction.is_empty()
}

fn read<T: DeserializeOwned>(device: &str, rule: &Value) -> Result<T, RelayPlanError> {
    serde_json::from_value(rule.clone()).map_err(|source| RelayPlanError::Rule {
        device: device.to_owned(),
        rule: rule.to_string(),
        source,
    })
}

fn write(rule: &impl Serialize) -> Value {
    serde_json::to_value(rule).expect("rules are plain enums and numbers")
}

impl DevicePlan {
    /// What the air draws from for the n-th Device, counted from one.
    pub(super) fn seed_of_air(&self, scenario: u64, number: u64) -> u64 {
        self.air_seed.unwrap_or_else(|| AirPlan::seed(scenario, number))
    }
}

impl Stage {
    /// What the relays were to do, for each Device to whose traffic they were to do anything.
    pub(super) fn relay_plans(&self) -> Vec<RelayPlan> {
        let Some(StageBrief { seed, .. }) = self.brief else { return Vec::new() };
        let devices = self.script.devices.iter().zip(1..).map(|(device, number)| OfDevice {
            name: device.name.clone(),
            seed: device.seed_of_air(seed, number),
            air: device.air.clone(),
            link: device.link,
        });
        RelayPlans { devices: devices.collect() }.written()
    }

    /// The accounts about which something is odd.
    pub(super) fn odd_accounts(&self) -> Vec<OddAccount> {
        let accounts = self.script.devices.iter().map(|device| OddAccount {
            device: device.traits.id.to_string(),
            has_wrong_password: device.has_wrong_password,
            distrusts_server: device.distrusts_server,
            is_unknown_to_server: device.is_unknown_to_server,
        });
        let is_odd = |account: &OddAccount| {
            account.has_wrong_password || account.distrusts_server || account.is_unknown_to_server
        };
        accounts.filter(is_odd).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::link::LinkFault;
    use super::super::reception::Reception;
    use super::*;

    fn plans() -> RelayPlans {
        let every = [Reception::Bursts, Reception::NeverEnds, Reception::GrowingTable, Reception::ForeignSource];
        let link = LinkRule::Fault(LinkFault::Overloaded(Some(1)), HowOften::EveryTime);
        let mut devices: Vec<OfDevice> = (1..)
            .zip(every)
            .map(|(n, reception)| OfDevice {
                name: format!("D{n}"),
                seed: u64::MAX - n,
                air: reception.rules(),
                link: None,
            })
            .collect();
        devices[0].link = Some(link);
        devices[1].link = Some(LinkRule::Outage(Duration::from_micros(1_234_567)));
        RelayPlans { devices }
    }

    #[test]
    fn plans_come_back_from_json_as_they_were() {
        let plans = plans();

        let text = serde_json::to_vec(&plans.written()).unwrap();

        assert_eq!(RelayPlans::parse(&text).unwrap(), plans);
        assert_eq!(RelayPlans::with(&plans.faults()), plans);
    }

    #[test]
    fn a_plan_that_no_relay_can_carry_out_is_refused_by_name() {
        let refused = |text: &str| RelayPlans::parse(text.as_bytes()).unwrap_err().to_string();
        let plan = |rule: &str| format!(r#"[{{"device":"D1","seed":1,"broadcast":[{rule}],"interaction":[]}}]"#);

        assert!(refused(&plan(r#"{"kind":"table","which":"all","fate":"explode"}"#)).contains("Device `D1`"));
        assert!(refused("{}").contains("relay plans"));
    }

    #[test]
    fn a_narrower_fault_is_another_one_that_hits_less() {
        for fault in plans().faults() {
            assert!(!fault.narrower().contains(&fault), "{fault:?}");
        }
    }
}
