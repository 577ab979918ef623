//! From everything received to installed: start, consent and deferral (profile sections 5.1, 5.4; [FU-OP-1], [FU-OP-2]).

use std::time::Duration;

use crate::spec::{Announcement, ReportTiming, SessionId, Severity, Timestamp, UpdateKind};
use crate::wire::mo::provisioning::ProvisioningReport;
use crate::wire::mo::scomo::{Operation, ScomoResult};
use crate::wire::mo::{ReportedResult, fumo};
use crate::wire::syncml::{Message, status};

use super::action::{Event, UserAnswer};
use super::admission::{self, Refusal};
use super::campaign::{CampaignRun, DueReport, Failure, Phase};
use super::conduct::{Duty, Occasion};
use super::core::Device;
use super::execution::{Execution, Machine, is_of_campaign, unnamed_component};

impl Device {
    /// Asks or installs, now that the campaign is complete and its start has come.
    pub(super) fn begin(&mut self, now: Timestamp, index: usize) {
        let run = &mut self.state.runs[index];
        if run.announcement.rollout.not_after.is_some_and(|end| now > end) {
            return self.drop_run(index);
        }
        if !self.conduct.asks(run.announcement.consent.is_some()) {
            self.ask_for_nothing(index);
            return self.install(now, index);
        }
        run.first_offer.get_or_insert(now);
        if run.offer_end() <= now {
            self.ask_for_nothing(index);
            return self.end_offer(now, index);
        }
        self.prompt(index);
    }

    pub(super) fn prompt(&mut self, index: usize) {
        let run = &mut self.state.runs[index];
        let is_optional = run.announcement.consent.is_some_and(|consent| consent.severity == Severity::Optional);
        let may_decline = self.conduct.lets_decline(is_optional);
        run.phase = Phase::Offered { ask_at: None };
        let campaign = run.announcement.campaign.clone();
        self.tell(Event::Prompted { campaign, may_decline });
    }

    /// Asks once more, now that a postponement is over or a question was lost with the power.
    pub(super) fn prompt_again(&mut self, index: usize) {
        if !self.conduct.neglects(Duty::AskAgain) {
            return self.prompt(index);
        }
        self.state.runs[index].phase = Phase::Offered { ask_at: None };
    }

    /// Shows a question whose answer changes nothing, as only a broken Device does.
    fn ask_for_nothing(&mut self, index: usize) {
        if self.conduct.asks_wrongly(Occasion::NothingToDecide) {
            let campaign = self.state.runs[index].announcement.campaign.clone();
            self.tell(Event::Prompted { campaign, may_decline: false });
        }
    }

    /// When the longest deferral is over a mandatory update is installed without asking; an optional one that nobody
    /// answered counts as declined when the campaign expires ([FU-OP-2]).
    pub(super) fn end_offer(&mut self, now: Timestamp, index: usize) {
        if self.state.runs[index].deferral_end().is_some() {
            if self.conduct.neglects(Duty::InstallAfterTheDeferral) {
                return self.drop_run(index);
            }
            self.install(now, index);
        } else {
            self.settle_failure(now, index, Failure::UserCancelled);
        }
    }

    pub(super) fn answer(&mut self, now: Timestamp, index: usize, answer: UserAnswer) {
        let run = &mut self.state.runs[index];
        // Whoever drives the Device may bring the answer before the time-out that was due first.
        if now >= run.offer_end() {
            return self.end_offer(now, index);
        }
        let may_decline = self.conduct.lets_decline(run.deferral_end().is_none());
        match answer {
            UserAnswer::Approve => self.install(now, index),
            // A mandatory update cannot be declined; the prompt stays.
            UserAnswer::Decline if !may_decline => {}
            UserAnswer::Decline if self.conduct.installs_after(answer) => self.install(now, index),
            UserAnswer::Decline => self.settle_failure(now, index, Failure::UserCancelled),
            UserAnswer::Postpone(_) if self.conduct.installs_after(answer) => self.install(now, index),
            UserAnswer::Postpone(span) => {
                run.first_offer = run.first_offer.map(|first| self.conduct.deferral_from(now, first));
                let ask_at = Some((now + span).min(run.offer_end()));
                run.phase = Phase::Offered { ask_at };
            }
        }
    }

    fn install(&mut self, now: Timestamp, index: usize) {
        let run = self.state.runs[index].clone();
        // Another campaign may have been faster since this one was taken up, and a Device never goes back.
        if !self.conduct.takes_part(admission::fits_version(&self.state, self.conduct.as_ref(), &run.announcement)) {
            return self.drop_run(index);
        }
        let command = run
            .received
            .get(&run.announcement.delivery.command.location)
            .and_then(|name| self.storage.read(name).ok().flatten())
            .and_then(|octets| self.conduct.reads_command(&octets));
        let is_own = |command: &Message| is_of_campaign(self.conduct.as_ref(), &run, command);
        let Some(command) = command.filter(|command| self.conduct.carries_out(is_own(command))) else {
            return self.settle_failure(now, index, Failure::Command);
        };
        if let Some(version) = run.announcement.target.resulting_version.clone()
            && run.announcement.kind == UpdateKind::Firmware
            && self.conduct.notes_the_version_first()
        {
            self.state.firmware = version;
            // When this is not kept, neither is what follows, and the Device ends.
            let _ = self.save();
        }
        if self.conduct.neglects(Duty::CarryOut) {
            let result = success_of(&run.announcement);
            return self.settle(now, index, &Execution { result, schedule: None });
        }
        let registration = self.configuration.registrations.iter().find(|known| known.server == run.server);
        let memory = self.settings_memory();
        let mut machine = Machine {
            traits: &self.configuration.traits,
            factory: &self.configuration.settings,
            keys: registration.map(|known| known.keys.values().copied().collect()).unwrap_or_default(),
            conduct: self.conduct.as_ref(),
            state: &mut self.state,
            storage: self.storage.as_mut(),
            installer_fails: self.installer_fails,
            has_no_room_to_install: self.has_no_room_to_install,
            memory,
            trail: Vec::new(),
            written: Vec::new(),
        };
        let execution = machine.execute(&run, &command);
        for state in std::mem::take(&mut machine.trail) {
            self.tell(Event::FirmwareState(state));
        }
        self.settle(now, index, &execution);
    }

    /// Asks about a campaign that is not taken up, as only a broken Device does.
    pub(super) fn ask_although_refused(&mut self, refusal: &Refusal, octets: &[u8]) {
        let asks = match refusal {
            Refusal::Signature => self.conduct.asks_wrongly(Occasion::Untrusted),
            Refusal::Repetition => self.conduct.asks_wrongly(Occasion::Repetition),
            Refusal::Target => self.conduct.asks_wrongly(Occasion::OtherDevices),
            _ => false,
        };
        let announcement = asks.then(|| admission::announced(octets)).flatten();
        if let Some(announcement) = announcement.filter(|announcement| announcement.consent.is_some()) {
            self.tell(Event::Prompted { campaign: announcement.campaign, may_decline: true });
        }
    }

    /// Reports a campaign that was refused for its digest, as only a broken Device does. Gives whether it will.
    pub(super) fn tell_of_refusal(&mut self, now: Timestamp, refusal: &Refusal, octets: &[u8]) -> bool {
        if *refusal != Refusal::Digest || !self.conduct.neglects(Duty::RefuseInSilence) {
            return false;
        }
        let Some((server, announcement)) = admission::announced_by(octets) else { return false };
        let alert = Failure::Command.of(&announcement).to_alert(3, Some(announcement.campaign.to_string()));
        let retry_interval = announcement.reporting.retry_interval;
        let timing = ReportTiming { offset: Duration::ZERO, window: Duration::ZERO, attempts: 1, retry_interval };
        let session = SessionId::new(1).expect("a number above zero");
        let mut run = CampaignRun::new(self.state.next_run(), server, session, announcement, now);
        run.phase = Phase::BackingOff { due: now, report: DueReport::new(&alert, timing, now, 1) };
        self.state.runs.push(run);
        true
    }

    /// Lets an announcement have an effect that nobody trusted has signed; a conformant Device never does. Gives whether
    /// it had one.
    pub(super) fn heed_although_refused(&mut self, refusal: &Refusal, octets: &[u8]) -> bool {
        let (joins, remembers) = (self.conduct.joins_before_trust(), self.conduct.remembers_untrusted());
        match (refusal, self.conduct.joins_at_any_push()) {
            (_, Some(channel)) => self.joined_for_others.insert(channel),
            (Refusal::Signature, None) if joins || remembers => {
                let Some((server, announcement)) = admission::announced_by(octets) else { return false };
                if joins {
                    self.joined_for_others.insert(announcement.delivery.channel.clone());
                }
                if remembers {
                    self.state.accept(server, announcement.sequence, announcement.campaign);
                }
                true
            }
            _ => false,
        }
    }

    /// Ends a campaign that came to nothing: no result, no entry in the log, no report.
    pub(super) fn drop_run(&mut self, index: usize) {
        self.discard_objects(index);
        self.state.runs[index].phase = Phase::Done;
    }
}

/// The result that says that everything went well.
fn success_of(announcement: &Announcement) -> ReportedResult {
    match announcement.kind {
        UpdateKind::Firmware => ReportedResult::Firmware {
            operation: fumo::Operation::DownloadAndUpdate,
            result: fumo::FumoResult::SUCCESSFUL,
        },
        UpdateKind::Software => ReportedResult::Software {
            component: announcement.target.component.clone().unwrap_or_else(unnamed_component),
            operation: Operation::DownloadInstall,
            result: ScomoResult::SUCCESSFUL,
        },
        UpdateKind::Provisioning => {
            ReportedResult::Provisioning(ProvisioningReport { status: status::OK, failing: Vec::new() })
        }
    }
}
