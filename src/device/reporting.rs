//! From a result to a report that the server has taken ([FU-AF-1], [FU-AF-2], [FU-POST-1], [SC-NF-4], [SC-NF-5]).

use std::collections::BTreeSet;
use std::time::Duration;

use rand::RngExt;

use crate::spec::{
    Announcement, ChannelLabel, ExceptionSchedule, NodeUri, ReportTiming, Reporting, RuleAction, Timestamp, UpdateKind,
};
use crate::wire::mo::ReportedResult;
use crate::wire::mo::fumo::FumoState;
use crate::wire::syncml::Message;

use super::action::{Action, DeviceError, Event, Post, PostOutcome};
use super::admission::is_in_share;
use super::campaign::{DueReport, Failure, Phase};
use super::conduct::Duty;
use super::conduct::Pause;
use super::configuration::DeviceConfiguration;
use super::core::Device;
use super::execution::Execution;
use super::session::{ClientSession, Next, Secrets};
use super::state::LOG_ENTRIES;
use super::storage::STATE;
use super::tree::Tree;

/// A window is doubled up to this length (profile section 5.7).
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// How long a Device waits for an answer at least.
const LEAST_PATIENCE: Duration = Duration::from_secs(5);

/// How a report that did not arrive is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// After the announced interval.
    Later,
    /// The server is overloaded: draw again, from a doubled window, not before this span is over.
    Redraw(Duration),
}

impl Device {
    pub(super) fn settle_failure(&mut self, now: Timestamp, index: usize, failure: Failure) {
        let is_of_reception = matches!(failure, Failure::Reception | Failure::Corrupted);
        if is_of_reception && self.conduct.neglects(Duty::NoteFailedReception) {
            return self.drop_run(index);
        }
        let announcement = &self.state.runs[index].announcement;
        let result = self.conduct.result_of_failure(failure.of(announcement));
        // What waits to be installed goes on waiting.
        if announcement.kind == UpdateKind::Firmware && self.state.fumo_state() != FumoState::ReadyToUpdate {
            for state in failure.fumo_states() {
                self.state.fumo_state = self.conduct.shown_state(*state).number();
                self.tell(Event::FirmwareState(*state));
            }
        }
        self.settle(now, index, &Execution { result, schedule: None });
    }

    /// Notes a result and decides whether and when it is reported.
    pub(super) fn settle(&mut self, now: Timestamp, index: usize, execution: &Execution) {
        let run = &self.state.runs[index];
        let (sequence, campaign) = (run.announcement.sequence, run.announcement.campaign.clone());
        let result = self.conduct.result(execution.result.clone());
        let timing = self.report_timing(&run.announcement, &result, execution.schedule.as_ref());
        let bound = self.conduct.log_bound(LOG_ENTRIES);
        self.state.log(bound, sequence, &campaign, result.code(), now);
        self.discard_objects(index);
        self.state.runs[index].phase = match timing {
            Some(timing) => {
                let alert = result.to_alert(3, self.conduct.correlator(&campaign));
                let copies = self.conduct.copies_of_a_report(result.is_success());
                Phase::AwaitingEnd(DueReport::new(&alert, timing, now, copies))
            }
            None => Phase::Done,
        };
        self.tell(Event::Settled { campaign, result });
    }

    /// When a result is to be reported; `None` when it is not.
    fn report_timing(
        &self,
        announcement: &Announcement,
        result: &ReportedResult,
        schedule: Option<&ExceptionSchedule>,
    ) -> Option<ReportTiming> {
        let Reporting { who, offset, window, sample, attempts, retry_interval } = announcement.reporting;
        let announced = ReportTiming { offset, window, attempts, retry_interval };
        if announcement.kind == UpdateKind::Provisioning && !result.is_success() {
            let scheduled = schedule.and_then(|schedule| self.scheduled_report(schedule, result));
            return self.conduct.reports_exception(scheduled.is_some()).then(|| scheduled.unwrap_or(announced));
        }
        let is_sampled = self.conduct.neglects(Duty::KeepToTheSample)
            || is_in_share(&self.configuration.traits.id, &announcement.campaign, "sample", sample);
        (self.conduct.reports(who, result.is_success()) && is_sampled).then_some(announced)
    }

    pub(super) fn discard_objects(&mut self, index: usize) {
        let received = std::mem::take(&mut self.state.runs[index].received);
        self.state.discarded.extend(received.into_values());
    }

    /// A uniformly distributed span from zero up to and including `window`.
    pub(super) fn draw(&mut self, window: Duration) -> Duration {
        let nanos = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        let drawn = Duration::from_nanos(self.random.random_range(0..=nanos));
        self.conduct.random_delay(drawn, window)
    }

    /// Opens a DM session for the first report that is due, unless one is open.
    pub(super) fn open_session(&mut self, now: Timestamp) {
        if self.session.is_some() {
            return;
        }
        let due = self.state.runs.iter_mut().find(|run| match &run.phase {
            Phase::BackingOff { due, .. } => *due <= now,
            _ => false,
        });
        let Some(run) = due else { return };
        let Phase::BackingOff { report, .. } = std::mem::replace(&mut run.phase, Phase::Done) else { return };
        let Some(alert) = report.alert() else { return };
        let retry_interval = report.retry_interval;
        run.phase = Phase::Reporting { report };
        let campaign = run.id;
        self.state.sessions = self.state.sessions.checked_add(1).unwrap_or(1);
        let account = &self.configuration.account;
        let mut session = ClientSession::new(campaign, self.state.sessions, account, alert, retry_interval);
        let message = self.with_secrets(|tree, secrets| session.package_1(tree.traits, secrets));
        self.post(&session, message);
        self.session = Some(session);
    }

    fn with_secrets<T>(&mut self, run: impl FnOnce(&mut Tree<'_>, &mut Secrets<'_>) -> T) -> T {
        let fresh_nonce = self.random.random();
        // The nonces are lent out beside the tree, which holds the rest of the state.
        let mut client_nonce = self.state.client_nonce.take();
        let mut server_nonce = std::mem::take(&mut self.state.server_nonce);
        let account = self.configuration.account.clone();
        let mut secrets = Secrets {
            account: &account,
            conduct: self.conduct.as_ref(),
            client_nonce: &mut client_nonce,
            server_nonce: &mut server_nonce,
            fresh_nonce,
        };
        let memory = self.settings_memory();
        let DeviceConfiguration { traits, settings, .. } = &self.configuration;
        let state = &mut self.state;
        let mut tree = Tree { traits, factory: settings, conduct: self.conduct.as_ref(), state, memory };
        let outcome = run(&mut tree, &mut secrets);
        self.state.client_nonce = client_nonce;
        self.state.server_nonce = server_nonce;
        outcome
    }

    fn post(&mut self, session: &ClientSession, message: Message) {
        let message = self.conduct.writes(message);
        let patience = self.conduct.patience(session.patience.max(LEAST_PATIENCE));
        let post = Post { url: session.url.clone(), body: message.to_xml().into_bytes(), patience };
        self.actions.push_back(Action::Post(post));
    }

    pub(super) fn take_post(&mut self, now: Timestamp, outcome: PostOutcome) {
        let Some(mut session) = self.session.take() else { return };
        let message = match outcome {
            PostOutcome::Answered { status: 200, body, .. } => Message::from_xml(&body).ok(),
            PostOutcome::Answered { status, .. } if self.conduct.takes_for_a_receipt(status) => {
                return self.end_session(now, &session, true, Retry::Later);
            }
            PostOutcome::Answered { status: 503, retry_after, .. } => {
                return self.end_session(now, &session, false, Retry::Redraw(retry_after.unwrap_or_default()));
            }
            PostOutcome::Answered { .. } | PostOutcome::Failed => None,
        };
        let Some(message) = message else {
            return self.end_session(now, &session, false, Retry::Later);
        };
        match self.with_secrets(|tree, secrets| session.handle(&message, tree, secrets)) {
            Next::Send(message) => {
                self.post(&session, *message);
                self.session = Some(session);
            }
            Next::Over { is_delivered, is_busy } => {
                let retry = if is_busy { Retry::Redraw(Duration::ZERO) } else { Retry::Later };
                self.end_session(now, &session, is_delivered, retry);
            }
        }
    }

    fn end_session(&mut self, now: Timestamp, session: &ClientSession, is_delivered: bool, retry: Retry) {
        // A session that breaks off after the server took the report has done its work all the same.
        let is_delivered = is_delivered || session.is_delivered();
        let Some(index) = self.state.runs.iter().position(|run| run.id == session.campaign) else { return };
        let Phase::Reporting { mut report } = self.state.runs[index].phase.clone() else { return };
        let campaign = self.state.runs[index].announcement.campaign.clone();
        if is_delivered {
            report.copies_left = report.copies_left.saturating_sub(1);
            self.state.runs[index].phase =
                if report.copies_left == 0 { Phase::Done } else { Phase::BackingOff { due: now, report } };
            self.tell(Event::Reported(campaign));
            return;
        }
        report.attempts_left = self.conduct.attempts_left(report.attempts_left.saturating_sub(1));
        if report.attempts_left == 0 {
            self.state.runs[index].phase = Phase::Done;
            if self.conduct.neglects(Duty::KeepTheUnreported) {
                self.state.log.retain(|entry| entry.campaign != campaign);
            }
            self.tell(Event::GaveUp(campaign));
            return;
        }
        let mut pause =
            Pause { retry_interval: report.retry_interval, retry_after: Duration::ZERO, redrawn: Duration::ZERO };
        if let Retry::Redraw(least) = retry {
            // Doubling nothing would bring every Device back at the same moment.
            let window = if report.window.is_zero() { report.retry_interval } else { report.window };
            let doubled = window.saturating_mul(2).min(LONGEST_WINDOW.max(window));
            report.window = self.conduct.widened(window, doubled);
            (pause.retry_after, pause.redrawn) = (least, self.draw(report.window));
        }
        let wait = self.conduct.pause(pause);
        self.state.runs[index].phase = Phase::BackingOff { due: now + wait, report };
    }

    pub(super) fn retire_runs(&mut self) {
        self.state.runs.retain(|run| run.phase != Phase::Done);
        let runs = &self.state.runs;
        self.receivers.retain(|id, _| runs.iter().any(|run| run.id == *id && run.needs_delivery()));
    }

    /// Joins and leaves so that exactly the channels are joined that are needed.
    pub(super) fn reconcile_channels(&mut self) {
        let mut needed: BTreeSet<ChannelLabel> = self.joined_for_others.clone();
        needed.insert(self.configuration.notification.clone());
        let delivery = self.state.runs.iter().filter(|run| run.needs_delivery());
        needed.extend(delivery.map(|run| run.announcement.delivery.channel.clone()));
        self.actions.extend(needed.difference(&self.joined).cloned().map(Action::Join));
        self.actions.extend(self.joined.difference(&needed).cloned().map(Action::Leave));
        self.joined = needed;
    }

    /// Keeps the state document, before any action that follows from it is carried out.
    pub(super) fn save(&mut self) -> Result<(), DeviceError> {
        let document = serde_json::to_vec(&self.state).map_err(DeviceError::State)?;
        if self.saved.as_deref() != Some(&document) {
            self.storage.replace(STATE, &document)?;
            self.saved = Some(document);
        }
        // Only now: an object that the kept document still named would be missed after a restart.
        self.remove_discarded()
    }

    /// Removes what nothing names any more; after a loss of power, what is left of it.
    pub(super) fn remove_discarded(&mut self) -> Result<(), DeviceError> {
        for name in std::mem::take(&mut self.state.discarded) {
            self.storage.remove(&name)?;
        }
        Ok(())
    }

    /// The report that an exception schedule asks for: that of the first failed command whose rule says so.
    fn scheduled_report(&self, schedule: &ExceptionSchedule, result: &ReportedResult) -> Option<ReportTiming> {
        let ReportedResult::Provisioning(report) = result else { return None };
        let rule_for = |(node, status): &(NodeUri, u16)| self.conduct.rule_for(schedule, node, *status);
        report.failing.iter().filter_map(rule_for).find_map(|rule| match rule.action {
            RuleAction::Report(timing) => Some(timing),
            RuleAction::StaySilent => None,
        })
    }
}
