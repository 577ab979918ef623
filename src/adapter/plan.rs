//! A campaign's plan in the words of the protocol, and back.

use std::time::Duration;

use super::Unfit;
use super::campaign::{Asking, Campaign, Repair, Reports, Scheme, Sending, Start, UnusualCommand, Whom};
use super::octets::Octets;
use super::schedule::{Timing, ms};
use crate::delivery::{FluteVersion, Parity};
use crate::provider::{BroadcastPlan, CampaignPlan, CareSteps, CommandPlan, Content};
use crate::spec::{BasisPoints, Consent, Reporting, Rollout, Target, Timestamp};

impl Campaign {
    pub(super) fn written(plan: &CampaignPlan) -> Result<Self, Unfit> {
        let target = plan.target.clone();
        let CommandPlan { commands, target: addressee, omits_schedule } = &plan.command;
        let commands = commands.as_ref();
        let commands = commands.map(|all| all.iter().map(TryInto::try_into).collect::<Result<Vec<_>, _>>());
        let command = UnusualCommand {
            commands: commands.transpose()?,
            target: addressee.clone(),
            without_schedule: *omits_schedule,
        };
        let BroadcastPlan { repetitions, version, symbol_length, lead, cycle_gap, parity, packages_join } =
            plan.broadcast;
        let repair = |scheme, symbols| Some(Repair { scheme, symbols });
        let Reporting { who, offset, window, sample, attempts, retry_interval } = plan.reporting;
        Ok(Self {
            id: plan.campaign.clone(),
            target: Whom {
                manufacturer: target.manufacturer,
                model: target.model,
                hardware_versions: target.hardware_versions,
                from_versions: target.from_versions,
                component: target.component,
                groups: target.groups,
                areas: target.areas,
                share: target.share.map(BasisPoints::get),
                resulting_version: target.resulting_version,
            },
            consent: plan.consent.map(|consent| Asking {
                severity: consent.severity,
                longest_deferral_ms: ms(consent.longest_deferral),
            }),
            rollout: Start {
                not_before_ms: plan.rollout.not_before.map(Timestamp::as_millis),
                not_after_ms: plan.rollout.not_after.map(Timestamp::as_millis),
                start_window_ms: ms(plan.rollout.start_window),
            },
            reporting: Reports {
                who,
                timing: Timing {
                    offset_ms: ms(offset),
                    window_ms: ms(window),
                    attempts,
                    retry_interval_ms: ms(retry_interval),
                },
                sample: sample.get(),
            },
            lifetime_ms: ms(plan.lifetime),
            age_ms: ms(plan.age),
            broadcast: Sending {
                repetitions,
                flute_version: version.number(),
                symbol_length,
                lead_ms: ms(lead),
                cycle_gap_ms: ms(cycle_gap),
                parity: match parity {
                    Parity::None => None,
                    Parity::ReedSolomon(symbols) => repair(Scheme::ReedSolomon, symbols),
                    Parity::RaptorQ(symbols) => repair(Scheme::Raptorq, symbols),
                },
                packages_join,
            },
            command: (command != UnusualCommand::default()).then_some(command),
            inspect: plan.inspect.clone(),
            companions: plan.companions.iter().map(|octets| Octets(octets.clone())).collect(),
        })
    }

    pub(super) fn plan(&self, content: Content, care: CareSteps) -> Result<CampaignPlan, Unfit> {
        let Whom { manufacturer, model, hardware_versions, from_versions, component, groups, areas, share, .. } =
            self.target.clone();
        let Reports { who, timing, sample } = self.reporting;
        let command = self.command.clone().unwrap_or_default();
        let commands = command.commands.as_ref();
        let share_of = |points| BasisPoints::new(points).ok_or_else(|| Unfit(format!("a share of {points} in 10,000")));
        let span = Duration::from_millis;
        Ok(CampaignPlan {
            campaign: self.id.clone(),
            target: Target {
                manufacturer,
                model,
                hardware_versions,
                from_versions,
                component,
                groups,
                areas,
                share: share.map(share_of).transpose()?,
                resulting_version: self.target.resulting_version.clone(),
            },
            content,
            command: CommandPlan {
                commands: commands.map(|all| all.iter().map(Into::into).collect()),
                target: command.target,
                omits_schedule: command.without_schedule,
            },
            consent: self.consent.map(|asking| Consent {
                severity: asking.severity,
                longest_deferral: span(asking.longest_deferral_ms),
            }),
            rollout: Rollout {
                not_before: self.rollout.not_before_ms.map(Timestamp::from_millis),
                not_after: self.rollout.not_after_ms.map(Timestamp::from_millis),
                start_window: span(self.rollout.start_window_ms),
            },
            reporting: Reporting {
                who,
                offset: span(timing.offset_ms),
                window: span(timing.window_ms),
                sample: share_of(sample)?,
                attempts: timing.attempts,
                retry_interval: span(timing.retry_interval_ms),
            },
            lifetime: span(self.lifetime_ms),
            age: span(self.age_ms),
            broadcast: self.broadcast.plan()?,
            inspect: self.inspect.clone(),
            companions: self.companions.iter().map(|octets| octets.0.clone()).collect(),
            care,
        })
    }
}

impl Sending {
    fn plan(self) -> Result<BroadcastPlan, Unfit> {
        let version = match self.flute_version {
            1 => FluteVersion::V1,
            2 => FluteVersion::V2,
            other => return Err(Unfit(format!("there is no version {other} of FLUTE"))),
        };
        Ok(BroadcastPlan {
            repetitions: self.repetitions,
            version,
            symbol_length: self.symbol_length,
            lead: Duration::from_millis(self.lead_ms),
            cycle_gap: Duration::from_millis(self.cycle_gap_ms),
            parity: match self.parity {
                None => Parity::None,
                Some(Repair { scheme: Scheme::ReedSolomon, symbols }) => Parity::ReedSolomon(symbols),
                Some(Repair { scheme: Scheme::Raptorq, symbols }) => Parity::RaptorQ(symbols),
            },
            packages_join: self.packages_join,
        })
    }
}
