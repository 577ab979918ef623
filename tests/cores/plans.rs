//! What the tests have the provider broadcast.

use std::sync::Arc;
use std::time::Duration;

use castproof::provider::{BroadcastPlan, CampaignPlan, CareSteps, CommandPlan, Content, SettingChange};
use castproof::spec::{ExceptionSchedule, Reporters, Reporting, Rollout, Target};

use crate::harness::{campaign, ms, version};

pub(crate) fn reporting(who: Reporters) -> Reporting {
    Reporting { who, window: ms(400), ..Reporting::default() }
}

pub(crate) fn image() -> Arc<[u8]> {
    (0..9600_u32).map(|octet| (octet % 251) as u8).collect()
}

pub(crate) fn plan(name: &str, content: Content, who: Reporters) -> CampaignPlan {
    CampaignPlan {
        campaign: campaign(name),
        target: Target::default(),
        content,
        command: CommandPlan::default(),
        consent: None,
        rollout: Rollout::default(),
        reporting: reporting(who),
        lifetime: Duration::from_secs(60),
        age: std::time::Duration::ZERO,
        broadcast: BroadcastPlan::default(),
        inspect: Vec::new(),
        companions: Vec::new(),
        care: CareSteps::default(),
    }
}

pub(crate) fn firmware(name: &str, who: Reporters) -> CampaignPlan {
    let target = Target {
        manufacturer: Some("Acme".into()),
        from_versions: vec![version("1.0")],
        resulting_version: Some(version("2.0")),
        ..Target::default()
    };
    CampaignPlan { target, ..plan(name, Content::Firmware(image()), who) }
}

pub(crate) fn provisioning(name: &str, changes: Vec<SettingChange>, schedule: ExceptionSchedule) -> CampaignPlan {
    let content = Content::Provisioning { changes, atomic: false, schedule: Some(schedule) };
    plan(name, content, Reporters::FailuresOnly)
}
