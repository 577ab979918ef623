//! The roll call: the fence behind every "sends no report", and the way to read a Device's state over DM.
//!
//! It is an ordinary provisioning campaign that every Device answers at once: a later event that a silent Device must
//! still answer (decision record 0003). A Device needs nothing special for it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::capture::Timeline;
use crate::findings::Verdict;
use crate::judge::{Check, ROLL_CALL, answer_to, own_reports};
use crate::provider::{BroadcastPlan, CampaignPlan, CareSteps, CommandPlan, Content, SettingChange};
use crate::spec::{
    CampaignId, CareProcess, ExceptionRule, ExceptionSchedule, NodeUri, ReportTiming, Reporters, Reporting, Rollout,
    RuleAction, Situation, Target,
};
use crate::wire::syncml::Command;

use super::script::{DevicePlan, ROLL_CALL_SETTING};
use super::{PATIENCE, Stage, StageError};

/// How long a roll call may go unanswered before it is held again: a Device puts campaigns off while it installs one. On a
/// busy host each further roll call is one more burden, so there is time for the first.
const ROUND: Duration = Duration::from_secs(4);
/// How long a state is read again before it counts as wrong, where nothing is slow: an installation may still be in progress.
const SETTLING: Duration = Duration::from_secs(2);
/// How long a roll call is valid: so long that a Device answers whose clock is an hour fast.
const LIFETIME: Duration = Duration::from_secs(3 * 3600);
/// The pause after the first reading; each later one is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

impl Stage {
    /// Holds a roll call whose answers come after every report that is due; gives its name.
    ///
    /// The order is made in the Device, not by the harness's clock: the roll call is answered at the end of the longest
    /// window of the campaigns before it, counted from its own, later end of transmission. So whatever a busy host does to
    /// a Device, its reports are due before its answer.
    pub(super) async fn roll_call(&mut self) -> Result<String, StageError> {
        if let Some(name) = &self.current_roll_call {
            return Ok(name.clone());
        }
        self.open().await?;
        if self.roll_calls == 0 {
            self.links_settle().await?;
        }
        let running = self.running()?;
        let patience = running.host.patience(running.clock.now(), PATIENCE);
        // A poor place must not keep a Device from saying what came of it.
        running.lift_plans();
        let name = loop {
            let name = self.hold_roll_call().await?;
            let running = self.running()?;
            if self.all_answered || running.host.is_over(patience, running.clock.now()) {
                break name;
            }
        };
        self.current_roll_call = Some(name.clone());
        Ok(name)
    }

    /// Holds one roll call and waits for its answers.
    async fn hold_roll_call(&mut self) -> Result<String, StageError> {
        self.roll_calls += 1;
        let name = format!("{ROLL_CALL}{}", self.roll_calls);
        let expected = self.answering();
        let strangers = self.strangers();
        let retries = if self.roll_calls == 1 { self.longest_retries() } else { Duration::ZERO };
        let expiry = self.latest_report_after_expiry()?;
        let lead = self.time_to_join();
        let named = self.brief()?.nodes.iter().map(String::as_str);
        let inspected: BTreeSet<String> = ALWAYS_READ.into_iter().chain(named).map(str::to_owned).collect();
        let running = self.running.as_mut().ok_or(StageError::NotRaised)?;
        running.first_roll_call.get_or_insert(running.clock.now());
        let windows = running.broadcasted.iter().map(|entry| entry.latest_report);
        let offset = windows.max().unwrap_or_default().max(expiry) + retries;
        let usual = roll_call_plan(&name, self.roll_calls)?;
        let mut plan = answered_at(running.lab.slow(usual, running.clock.now()), offset);
        plan.inspect = inspected.into_iter().collect();
        plan.broadcast.lead = plan.broadcast.lead.max(lead);
        running.provider()?.push(plan).await?;
        let names = running.names();
        let plans = self.script.devices.iter().filter(|plan| plan.distrusts_server);
        let distrusting: BTreeSet<&str> = plans.map(|plan| plan.traits.id.as_str()).collect();
        let all_answered = |timeline: &Timeline| {
            let answered = answers(timeline, &name, &distrusting);
            let answered: BTreeSet<&str> = answered.iter().filter_map(|id| names.get(id.as_str()).copied()).collect();
            let is_in = |device: &String| answered.contains(device.as_str()) || strangers.contains(device);
            let has_tried = |device: &String| answer_to(timeline, device, &name).is_some();
            (expected.iter().all(is_in) && strangers.iter().all(has_tried)).then_some(())
        };
        // A Device that does not answer is for the judge to speak of; the roll call itself has taken place.
        let waited = running.until("answers to the roll call", ROUND + offset, |_, seen| all_answered(seen)).await;
        self.all_answered = match waited {
            Ok(()) => true,
            Err(StageError::OutOfTime { .. }) => false,
            Err(error) => return Err(error),
        };
        Ok(name)
    }

    /// A roll call after which no report of these Devices is due any more, even if its result came late.
    ///
    /// A Device whose result comes after its deadline draws once more from there (profile, section 5.7), so its report may be
    /// due after its answer to a roll call. Where a report is missing, roll calls are held until it has come or has had two
    /// seconds, as for a state that is read; longer in a slow lab.
    pub(super) async fn roll_call_after_reports(
        &mut self,
        devices: &[String],
        count: usize,
    ) -> Result<String, StageError> {
        let brief = self.brief()?;
        let end = brief.clock.now() + brief.lab.span(SETTLING);
        let mut pause = FIRST_PAUSE;
        loop {
            let fence = self.roll_call().await?;
            let running = self.running()?;
            let is_lacking = {
                let timeline = running.recorder.timeline();
                devices.iter().any(|device| own_reports(&timeline, device).len() < count)
            };
            let next = running.clock.now() + pause;
            if !is_lacking || !self.all_answered || next >= end {
                return Ok(fence);
            }
            running.clock.sleep_until(next).await;
            pause *= 2;
            self.current_roll_call = None;
        }
    }

    /// The Devices that can answer: on, registered, and listening.
    pub(super) fn answering(&self) -> Vec<String> {
        let is_able = |device: &&DevicePlan| device.is_on && device.is_registered && !device.listens_elsewhere;
        let able = self.script.devices.iter().filter(is_able);
        able.map(|device| device.name.clone()).collect()
    }

    /// Those of them that cannot log on: they send an answer, and are told nothing.
    pub(super) fn strangers(&self) -> Vec<String> {
        let devices = self.script.devices.iter();
        let answering = self.answering();
        devices
            .filter(|device| device.is_stranger())
            .map(|device| device.name.clone())
            .filter(|name| answering.contains(name))
            .collect()
    }

    /// Asks for a state that a roll call reads; reads again while an installation may be in progress.
    pub(super) async fn read(&mut self, check: impl Fn(String) -> Check) -> Result<(), StageError> {
        let brief = self.brief()?;
        let settled = brief.clock.now() + brief.lab.span(SETTLING);
        // Once a deferral is over, the Device may install; until then there is time to look again.
        let end = self.first_deferral().map_or(settled, |end| end.min(settled));
        let mut pause = FIRST_PAUSE;
        loop {
            let fence = self.roll_call().await?;
            let check = check(fence);
            let outcome = self.judge(&check)?;
            let next = self.running()?.clock.now() + pause;
            if outcome.verdict == Verdict::Pass || !self.all_answered || next >= end {
                return self.conclude(&check, outcome);
            }
            self.running()?.clock.sleep_until(next).await;
            pause *= 2;
            self.current_roll_call = None;
        }
    }
}

/// The DevIds of those that have answered a roll call to the end: with a report, and with what the server then read; or,
/// where they are `distrusting`, with a refusal.
fn answers(timeline: &Timeline, name: &str, distrusting: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut sessions = BTreeSet::new();
    let mut answered = BTreeSet::new();
    for (_, message) in timeline.requests() {
        let session = (&message.header.source, &message.header.session_id);
        for command in &message.body {
            match command {
                Command::Alert(alert) if alert.correlator.as_deref() == Some(name) => {
                    sessions.insert(session);
                }
                Command::Results(_) if sessions.contains(&session) => {
                    answered.insert(message.header.source.clone());
                }
                Command::Status(status)
                    if status.cmd == "Get"
                        && distrusting.contains(message.header.source.as_str())
                        && sessions.contains(&session) =>
                {
                    answered.insert(message.header.source.clone());
                }
                _ => {}
            }
        }
    }
    answered
}

/// The nodes that a roll call reads of every Device, whatever the scenario asks; standing checks look at the states, and at
/// what is deployed.
pub(super) const ALWAYS_READ: [&str; 5] = [
    "./DevDetail/FwV",
    "./StatusLog",
    "./FUMO/State",
    "./SCOMO/Inventory/Deployed/player/State",
    "./SCOMO/Inventory/Deployed/player/Version",
];

/// A roll call as it is where nothing is slow, to be answered at once.
fn roll_call_plan(name: &str, number: u32) -> Result<CampaignPlan, StageError> {
    let unprepared = |error: crate::spec::NameError| StageError::Unprepared(error.to_string());
    let timing = ReportTiming {
        offset: Duration::ZERO,
        window: Duration::ZERO,
        attempts: 3,
        retry_interval: Duration::from_millis(100),
    };
    let setting = NodeUri::new(ROLL_CALL_SETTING).map_err(unprepared)?;
    Ok(CampaignPlan {
        campaign: CampaignId::new(name).map_err(unprepared)?,
        target: Target::default(),
        content: Content::Provisioning {
            changes: vec![SettingChange::Replace(setting, number.to_string())],
            atomic: false,
            // Whatever goes wrong, a Device is to answer.
            schedule: Some(ExceptionSchedule {
                rules: vec![ExceptionRule {
                    situation: Situation::Any,
                    action: RuleAction::Report(timing),
                    process: CareProcess::Ignore,
                }],
            }),
        },
        command: CommandPlan::default(),
        consent: None,
        rollout: Rollout::default(),
        reporting: Reporting { who: Reporters::Everybody, ..Reporting::default() },
        lifetime: LIFETIME,
        age: Duration::ZERO,
        broadcast: BroadcastPlan::default(),
        inspect: Vec::new(),
        companions: Vec::new(),
        care: CareSteps::default(),
    })
}

/// A roll call that is answered so long after its end of transmission: `offset` is a span of the lab as it is.
fn answered_at(mut plan: CampaignPlan, offset: Duration) -> CampaignPlan {
    plan.reporting.offset = offset;
    if let Content::Provisioning { schedule: Some(schedule), .. } = &mut plan.content {
        for rule in &mut schedule.rules {
            if let RuleAction::Report(timing) = &mut rule.action {
                timing.offset = offset;
            }
        }
    }
    plan
}
