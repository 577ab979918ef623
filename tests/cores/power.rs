//! The power is lost at every operation of the storage, one after the other: write, flush, rename, flush of the names,
//! remove. Whatever the moment, the Device has the old version or the new one, and its report arrives once.

use castproof::device::{Event, Medium, PostOutcome, Survival, UserAnswer};
use castproof::provider::{CampaignPlan, Content, SettingChange};
use castproof::spec::{
    CareProcess, ComponentId, Consent, ExceptionRule, ExceptionSchedule, ReportTiming, Reporters, RuleAction, Severity,
    Situation, Target,
};

use crate::harness::*;

/// A campaign with what happens to it.
struct Case {
    plan: CampaignPlan,
    /// The result in the end, and in the report.
    result: u16,
    /// Whether there is a report.
    reports: bool,
    /// What the End User says whenever asked.
    answer: Option<UserAnswer>,
    /// Requests that get no answer, counted from the first.
    unanswered: usize,
    /// Whether every symbol of the package comes with one bit wrong.
    is_spoilt: bool,
    /// Whether a Device has the old state, or the new one, by what the DM Server reads and by its disk.
    is_whole: fn(&mut Net) -> bool,
}

impl Case {
    fn of(plan: CampaignPlan, is_whole: fn(&mut Net) -> bool) -> Self {
        let mut plan = plan;
        plan.lifetime = ms(20_000);
        plan.broadcast.repetitions = 3;
        plan.broadcast.cycle_gap = ms(200);
        plan.reporting.offset = ms(1000);
        Self { plan, result: 200, reports: true, answer: None, unanswered: 0, is_spoilt: false, is_whole }
    }

    /// Runs the case. With `cut`, the power is lost once so many operations have succeeded.
    fn run(&self, survival: Survival, cut: Option<u64>) -> Net {
        let mut configuration = device_configuration(0);
        configuration.traits.software.insert(browser(), version("1.0"));
        let mut net = Net::of(vec![configuration]);
        let supply = Supply::new(survival, self.plan.campaign.clone());
        if let Some(operations) = cut {
            supply.fuse.blow_after(operations);
        }
        net.nodes[0].storage = supply.storage();
        net.nodes[0].supply = Some(supply);
        net.switch_off(0);
        net.switch_on(0);
        let unanswered = self.unanswered;
        net.front = Box::new(move |request| (request <= unanswered).then_some(PostOutcome::Failed));
        if self.is_spoilt {
            net.air = Box::new(|_, channel, octets| {
                let mut octets = octets.to_vec();
                // A packet of that size is a symbol of the package.
                if *channel == label("delivery-1") && octets.len() > 1000 {
                    octets[999] ^= 1;
                }
                Some(octets)
            });
        }
        net.push(&self.plan);
        let mut answered = 0;
        for _ in 0..400 {
            net.run(ms(10));
            assert!((self.is_whole)(&mut net), "{cut:?} {survival:?}: old and new are mixed");
            while let Some(answer) = self.answer.filter(|_| answered < net.nodes[0].prompts()) {
                answered += 1;
                net.answer(0, self.plan.campaign.as_str(), answer);
            }
        }
        net.run(ms(40_000));
        assert!((self.is_whole)(&mut net), "{cut:?} {survival:?}: old and new are mixed");
        net
    }

    /// Loses the power at each operation in turn, and holds what must hold.
    fn survives_every_cut(&self) {
        for survival in [Survival::Flushed, Survival::Torn] {
            let undisturbed = self.run(survival, None);
            self.hold(&undisturbed, None, 0);
            let prompts = undisturbed.nodes[0].prompts();
            let operations = undisturbed.nodes[0].supply.as_ref().unwrap().fuse.operations();
            assert!(operations > 10, "{operations} operations");
            for cut in 0..operations {
                let net = self.run(survival, Some(cut));
                assert_eq!(net.nodes[0].supply.as_ref().unwrap().losses.len(), 1, "the power is lost at {cut}");
                self.hold(&net, Some(cut), prompts);
            }
        }
    }

    fn hold(&self, net: &Net, cut: Option<u64>, prompts: usize) {
        let name = self.plan.campaign.as_str();
        let node = &net.nodes[0];
        let supply = node.supply.as_ref().unwrap();
        let loss = supply.losses.first().copied();
        let log: Vec<u16> = node.device.as_ref().unwrap().status_log().iter().map(|entry| entry.code).collect();
        assert_eq!(log, [self.result], "{cut:?}: one result");

        let record = net.record(name, 0);
        assert_eq!(record.is_some(), self.reports, "{cut:?}: a report is never lost");
        if let Some(record) = record {
            assert_eq!(record.result.code(), self.result);
            // Only a report whose answer was lost with the power is sent again.
            let was_taken = loss.is_some_and(|(_, has_reported)| has_reported);
            assert!(record.duplicates <= u32::from(was_taken), "{cut:?}: {} duplicates", record.duplicates);
        }

        let deadline = node.events.iter().find_map(|(_, event)| match event {
            Event::BackingOff { due, .. } => Some(*due),
            _ => None,
        });
        if let (Some(due), Some(first)) = (deadline, node.reports().first()) {
            assert_eq!(*first, due, "{cut:?}: the deadline is kept");
        }
        if cut.is_some() {
            assert!(node.prompts() <= prompts + 1, "{cut:?}: {} prompts", node.prompts());
        }
        let objects = supply.disk.names().into_iter().filter(|name| name.starts_with("object-"));
        assert_eq!(objects.collect::<Vec<_>>(), [""; 0], "{cut:?}: what was received is gone in the end");
    }
}

fn browser() -> ComponentId {
    ComponentId::new("browser").unwrap()
}

fn disk(net: &Net, name: &str) -> Option<Vec<u8>> {
    net.nodes[0].supply.as_ref().unwrap().disk.read(name).unwrap()
}

/// Firmware 1.0, or firmware 2.0 with its whole image.
fn firmware_is_whole(net: &mut Net) -> bool {
    match net.nodes[0].device().node("./DevDetail/FwV").as_deref() {
        Some("1.0") => true,
        Some("2.0") => disk(net, "slot-b.bin").as_deref() == Some(&image()[..]),
        _ => false,
    }
}

fn browser_is_whole(net: &mut Net) -> bool {
    match net.nodes[0].device().node("./SCOMO/Inventory/Deployed/browser/Version").as_deref() {
        Some("1.0") => true,
        Some("2.0") => disk(net, "component-1.bin").as_deref() == Some(&image()[..]),
        _ => false,
    }
}

/// Both settings as they were, or what the Command makes of them.
fn settings_are_whole(net: &mut Net) -> bool {
    let device = net.nodes[0].device();
    let settings = ["./Settings/Apn", "./Settings/Proxy"].map(|name| device.node(name));
    let settings = settings.each_ref().map(Option::as_deref);
    settings == [Some("old"), None] || settings == [Some("new"), Some("p")]
}

fn software() -> CampaignPlan {
    let target = Target { component: Some(browser()), resulting_version: Some(version("2.0")), ..Target::default() };
    CampaignPlan { target, ..plan("browser-2", Content::Software(browser(), image()), Reporters::Everybody) }
}

fn settings(more: Vec<SettingChange>) -> CampaignPlan {
    let timing = ReportTiming { offset: ms(1000), window: ms(400), attempts: 3, retry_interval: ms(500) };
    let schedule = ExceptionSchedule {
        rules: vec![ExceptionRule {
            situation: Situation::Any,
            action: RuleAction::Report(timing),
            process: CareProcess::Ignore,
        }],
    };
    let mut changes = vec![
        SettingChange::Replace(node("./Settings/Apn"), "new".into()),
        SettingChange::Add(node("./Settings/Proxy"), "p".into()),
    ];
    changes.extend(more);
    provisioning("roaming", changes, schedule)
}

#[test]
fn firmware_is_old_or_new_and_reported_once() {
    Case::of(firmware("spring-patch", Reporters::Everybody), firmware_is_whole).survives_every_cut();
}

#[test]
fn firmware_that_nobody_asks_about_is_old_or_new() {
    let plan = firmware("spring-patch", Reporters::Nobody);
    Case { reports: false, ..Case::of(plan, firmware_is_whole) }.survives_every_cut();
}

#[test]
fn a_failed_download_is_reported_once() {
    let plan = firmware("spring-patch", Reporters::FailuresOnly);
    Case { result: 402, is_spoilt: true, ..Case::of(plan, firmware_is_whole) }.survives_every_cut();
}

#[test]
fn a_report_that_needs_three_attempts_is_taken_once() {
    let plan = firmware("spring-patch", Reporters::Everybody);
    Case { unanswered: 2, ..Case::of(plan, firmware_is_whole) }.survives_every_cut();
}

#[test]
fn software_is_old_or_new_and_reported_once() {
    Case { result: 1200, ..Case::of(software(), browser_is_whole) }.survives_every_cut();
}

#[test]
fn settings_are_old_or_new() {
    Case { reports: false, ..Case::of(settings(Vec::new()), settings_are_whole) }.survives_every_cut();
}

#[test]
fn failed_provisioning_is_reported_once() {
    let locked = SettingChange::Replace(node("./Settings/Locked"), "open".into());
    Case { result: 425, ..Case::of(settings(vec![locked]), settings_are_whole) }.survives_every_cut();
}

#[test]
fn an_approved_update_is_installed_and_asked_about_once_more_at_most() {
    let consent = Some(Consent { severity: Severity::Optional, longest_deferral: ms(0) });
    let plan = CampaignPlan { consent, ..firmware("spring-patch", Reporters::Everybody) };
    Case { answer: Some(UserAnswer::Approve), ..Case::of(plan, firmware_is_whole) }.survives_every_cut();
}

#[test]
fn a_declined_update_is_reported_once() {
    let consent = Some(Consent { severity: Severity::Optional, longest_deferral: ms(0) });
    let plan = CampaignPlan { consent, ..firmware("spring-patch", Reporters::Everybody) };
    let declined = Case { result: 401, answer: Some(UserAnswer::Decline), ..Case::of(plan, firmware_is_whole) };
    declined.survives_every_cut();
}

#[test]
fn a_postponed_update_is_installed_when_the_deferral_is_over() {
    let consent = Some(Consent { severity: Severity::Mandatory, longest_deferral: ms(2000) });
    let plan = CampaignPlan { consent, ..firmware("spring-patch", Reporters::Everybody) };
    let postpone = Some(UserAnswer::Postpone(ms(60_000)));
    Case { answer: postpone, ..Case::of(plan, firmware_is_whole) }.survives_every_cut();
}
