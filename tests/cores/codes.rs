//! Every result code that a broadcast can bring about (profile section 5.6), each for its cause.

use std::collections::BTreeSet;
use std::sync::Arc;

use castproof::device::{LocalCondition, UserAnswer};
use castproof::provider::{CampaignPlan, CommandPlan, Content, PACKAGE_URL};
use castproof::spec::{ComponentId, Consent, Reporters, Severity, Target};
use castproof::wire::mo::fumo;
use castproof::wire::mo::scomo::{self, Operation};
use castproof::wire::package::PackageHeader;
use castproof::wire::syncml::Command;

use crate::diagrams::{component_plan, exec, set};
use crate::failures::{lose, spoil};
use crate::harness::*;

/// Why a campaign ends as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Nothing,
    ForbiddenNode,
    Declined,
    DamagedPackage,
    OtherModel,
    WrongSignature,
    OtherVersion,
    OtherEnvironment,
    NoSuchOperation,
    FailingInstaller,
    WrongUrl,
    FullStorage,
    NoRoomToInstall,
    LostSymbol,
    NothingToRemove,
    NothingToActivate,
    NothingToDeactivate,
}

/// What comes of each cause, for firmware and for a software component.
const CODES: &[(Cause, Option<u16>, Option<u16>)] = &[
    (Cause::Nothing, Some(200), Some(1200)),
    (Cause::ForbiddenNode, Some(400), Some(1400)),
    (Cause::Declined, Some(401), Some(1401)),
    (Cause::DamagedPackage, Some(402), Some(1402)),
    (Cause::OtherModel, Some(403), Some(1405)),
    (Cause::WrongSignature, Some(404), Some(1407)),
    (Cause::OtherVersion, Some(405), Some(1405)),
    (Cause::OtherEnvironment, Some(405), Some(1413)),
    (Cause::NoSuchOperation, Some(408), Some(1411)),
    (Cause::FailingInstaller, Some(410), Some(1405)),
    (Cause::WrongUrl, Some(411), Some(1400)),
    (Cause::FullStorage, Some(501), Some(1404)),
    (Cause::NoRoomToInstall, Some(502), Some(1406)),
    (Cause::LostSymbol, Some(503), Some(1402)),
    (Cause::NothingToRemove, None, Some(1408)),
    (Cause::NothingToActivate, None, Some(1409)),
    (Cause::NothingToDeactivate, None, Some(1410)),
];

/// The codes that a broadcast cannot bring about: a download server of the Device's own (406, 407, 412, 500; 1403, 1500,
/// 1501); and anything else (409, 1412), as every failure of the reference has a code of its own.
const NEVER: [u16; 9] = [406, 407, 409, 412, 500, 1403, 1412, 1500, 1501];

/// The codes of FUMO that a Device may report of a broadcast.
pub(crate) fn fumo_codes() -> BTreeSet<u16> {
    CODES.iter().filter_map(|(_, firmware, _)| *firmware).collect()
}

fn browser() -> ComponentId {
    ComponentId::new("browser").unwrap()
}

/// The package, with what it says of itself.
fn package(cause: Cause) -> Arc<[u8]> {
    let mut header = PackageHeader::default();
    match cause {
        Cause::OtherModel => header.model = Some("X2".into()),
        Cause::WrongSignature => header.signature = Some(vec![7; 64]),
        Cause::OtherVersion => header.version = Some("9.9".into()),
        Cause::OtherEnvironment => header.environment = Some("java".into()),
        _ => {}
    }
    [header.encode(), image().to_vec()].concat().into()
}

fn usual(url: &str, operation: &str) -> Vec<Command> {
    vec![set(url, PACKAGE_URL), exec(operation)]
}

/// The commands, with what is wrong about them.
fn commands(cause: Cause, url: &str, operation: &str, unknown: &str) -> Vec<Command> {
    match cause {
        Cause::ForbiddenNode => [usual(url, operation), vec![set("./Settings/Apn", "stolen")]].concat(),
        Cause::NoSuchOperation => [usual(url, operation), vec![exec(unknown)]].concat(),
        Cause::WrongUrl => vec![set(url, "http://sp.example/other.bin"), exec(operation)],
        _ => usual(url, operation),
    }
}

fn firmware_plan(cause: Cause) -> CampaignPlan {
    let commands = commands(cause, fumo::DOWNLOAD_AND_UPDATE_PKG_URL, fumo::DOWNLOAD_AND_UPDATE, "./FUMO/Reboot");
    CampaignPlan {
        command: CommandPlan { commands: Some(commands), ..CommandPlan::default() },
        content: Content::Firmware(package(cause)),
        ..firmware("tried", Reporters::Everybody)
    }
}

fn software_plan(cause: Cause) -> CampaignPlan {
    let alone = match cause {
        Cause::NothingToRemove => Some(Operation::Remove),
        Cause::NothingToActivate => Some(Operation::Activate),
        Cause::NothingToDeactivate => Some(Operation::Deactivate),
        _ => None,
    };
    if let Some(operation) = alone {
        return component_plan("tried", operation, "2.0");
    }
    let operations = "./SCOMO/Download/browser/Operations";
    let commands = commands(
        cause,
        &scomo::package_url(&browser()),
        &format!("{operations}/DownloadInstall"),
        &format!("{operations}/Suspend"),
    );
    CampaignPlan {
        target: Target { component: Some(browser()), resulting_version: Some(version("2.0")), ..Target::default() },
        command: CommandPlan { commands: Some(commands), ..CommandPlan::default() },
        ..plan("tried", Content::Software(browser(), package(cause)), Reporters::Everybody)
    }
}

/// The code that a Device comes to, and reports.
fn reported(cause: Cause, mut plan: CampaignPlan) -> u16 {
    let mut net = Net::new(1);
    match cause {
        Cause::LostSymbol => lose(&mut net, 2, 3),
        Cause::DamagedPackage => spoil(&mut net, usize::MAX),
        Cause::FullStorage => net.nodes[0].device().set_condition(LocalCondition::StorageFull(true)),
        Cause::FailingInstaller => net.nodes[0].device().set_condition(LocalCondition::InstallerFails(true)),
        Cause::NoRoomToInstall => net.nodes[0].device().set_condition(LocalCondition::NoRoomToInstall(true)),
        Cause::Declined => plan.consent = Some(Consent { severity: Severity::Optional, longest_deferral: ms(0) }),
        _ => {}
    }
    net.push(&plan);
    net.run(ms(500));
    // Where nobody was asked, nobody heeds it.
    net.answer(0, "tried", UserAnswer::Decline);
    net.run(ms(2500));
    let code = net.record("tried", 0).expect("everybody reports").result.code();
    assert_eq!(net.nodes[0].results(), [code]);
    code
}

#[test]
fn each_cause_has_its_code() {
    for (cause, of_firmware, of_software) in CODES {
        if let Some(code) = of_firmware {
            assert_eq!(reported(*cause, firmware_plan(*cause)), *code, "firmware: {cause:?}");
        }
        if let Some(code) = of_software {
            assert_eq!(reported(*cause, software_plan(*cause)), *code, "software: {cause:?}");
        }
    }
}

#[test]
fn every_code_has_a_cause_or_cannot_come_of_a_broadcast() {
    let caused = CODES.iter().flat_map(|(_, firmware, software)| firmware.iter().chain(software)).copied();
    let mut all: Vec<u16> = caused.collect::<BTreeSet<u16>>().into_iter().chain(NEVER).collect();
    all.sort_unstable();

    // Those of FUMO 1.0 and of SCOMO 1.0, but for the ranges of the vendors.
    let firmware = [200].into_iter().chain(400..=412).chain(500..=503);
    let software = [1200].into_iter().chain(1400..=1413).chain(1500..=1501);
    assert_eq!(all, firmware.chain(software).collect::<Vec<u16>>());
}
