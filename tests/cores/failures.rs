//! Each failure under its code, and the status log.

use castproof::device::{LocalCondition, UserAnswer};
use castproof::provider::{CampaignPlan, CommandPlan, Content, PACKAGE_URL};
use castproof::spec::{ComponentId, Consent, Reporters, Severity, Target};
use castproof::wire::alc::{AlcPacket, PayloadId};
use castproof::wire::mo::ReportedResult;
use castproof::wire::mo::fumo::{self, FumoResult};
use castproof::wire::mo::scomo::{self, ScomoResult};
use castproof::wire::syncml::Command;

use crate::diagrams::{component_plan, exec, set};
use crate::harness::*;

/// The object and symbol of a delivery packet.
fn place(octets: &[u8]) -> Option<(u128, u16)> {
    let packet = AlcPacket::decode(octets).ok()?;
    match packet.payload_id? {
        PayloadId::NoCode { symbol, .. } => Some((packet.header.toi?, symbol)),
        _ => None,
    }
}

pub(crate) fn lose(net: &mut Net, object: u128, lost: u16) {
    net.air = Box::new(move |_, _, octets| (place(octets) != Some((object, lost))).then(|| octets.to_vec()));
}

/// Spoils the last octet of a symbol, the first `times` times it is sent.
pub(crate) fn spoil(net: &mut Net, mut times: usize) {
    net.air = Box::new(move |_, channel, octets| {
        let mut octets = octets.to_vec();
        if *channel == label("delivery-1") && place(&octets) == Some((2, 3)) && times > 0 {
            times -= 1;
            *octets.last_mut().unwrap() ^= 1;
        }
        Some(octets)
    });
}

fn software() -> CampaignPlan {
    let browser = ComponentId::new("browser").unwrap();
    CampaignPlan {
        target: Target {
            component: Some(browser.clone()),
            resulting_version: Some(version("2.0")),
            ..Target::default()
        },
        ..plan("browser-2", Content::Software(browser, image()), Reporters::FailuresOnly)
    }
}

/// Runs a campaign for firmware and one for software, and gives what each reported.
fn reported(prepare: impl Fn(&mut Net)) -> [u16; 2] {
    [firmware("spring-patch", Reporters::FailuresOnly), software()].map(|plan| {
        let mut net = Net::new(1);
        prepare(&mut net);
        net.push(&plan);
        net.run(ms(3000));
        let code = net.record(plan.campaign.as_str(), 0).expect("a failure is reported").result.code();
        assert_eq!(net.nodes[0].results(), [code]);
        assert_eq!(net.nodes[0].device().node("./DevDetail/FwV").unwrap(), "1.0");
        code
    })
}

#[test]
fn lost_symbols() {
    assert_eq!(reported(|net| lose(net, 2, 3)), [503, 1402]);
}

#[test]
fn a_lost_command() {
    assert_eq!(reported(|net| lose(net, 1, 0)), [503, 1402]);
}

#[test]
fn a_damaged_package() {
    assert_eq!(reported(|net| spoil(net, usize::MAX)), [402, 1402]);
}

#[test]
fn damage_that_the_next_cycle_repairs_is_none() {
    let mut net = Net::new(1);
    spoil(&mut net, 1);

    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(3000));

    assert_eq!(net.nodes[0].results(), [200]);
}

#[test]
fn a_full_storage() {
    let full = |net: &mut Net| net.nodes[0].device().set_condition(LocalCondition::StorageFull(true));

    assert_eq!(reported(full), [501, 1404]);
}

#[test]
fn a_full_storage_takes_no_small_package_either() {
    let mut net = Net::new(1);
    net.nodes[0].device().set_condition(LocalCondition::StorageFull(true));
    let mut small = firmware("spring-patch", Reporters::FailuresOnly);
    small.content = Content::Firmware([1_u8; 100].into());

    net.push(&small);
    net.run(ms(3000));

    assert_eq!(net.record("spring-patch", 0).unwrap().result.code(), 501);
    assert_eq!(net.nodes[0].device().node("./FUMO/State").unwrap(), "20");
}

#[test]
fn an_installer_that_fails() {
    let fails = |net: &mut Net| net.nodes[0].device().set_condition(LocalCondition::InstallerFails(true));

    assert_eq!(reported(fails), [410, 1405]);
}

#[test]
fn the_state_of_fumo_tells_the_halves_apart() {
    let mut net = Net::new(1);
    lose(&mut net, 2, 3);
    net.push(&firmware("one", Reporters::Nobody));
    net.run(ms(2000));
    assert_eq!(net.nodes[0].device().node("./FUMO/State").unwrap(), "20");

    net.air = Box::new(|_, _, octets| Some(octets.to_vec()));
    net.nodes[0].device().set_condition(LocalCondition::InstallerFails(true));
    net.push(&firmware("two", Reporters::Nobody));
    net.run(ms(10));
    assert_eq!(net.nodes[0].device().node("./FUMO/State").unwrap(), "10");
    net.run(ms(2000));

    assert_eq!(net.nodes[0].device().node("./FUMO/State").unwrap(), "80");
    assert_eq!(net.nodes[0].device().node("./FUMO/PkgVersion").unwrap(), "");
}

#[test]
fn a_failure_of_an_end_user_who_declines() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::FailuresOnly);
    plan.consent = Some(Consent { severity: Severity::Optional, longest_deferral: ms(0) });
    net.push(&plan);
    net.run(ms(500));

    net.answer(0, "spring-patch", UserAnswer::Decline);
    net.run(ms(1500));

    assert_eq!(net.record("spring-patch", 0).unwrap().result.code(), 401);
}

#[test]
fn reception_without_a_closing_ends_with_the_table() {
    let mut net = Net::new(1);
    // Neither the last object nor any flag arrives.
    net.air = Box::new(|_, channel, octets| {
        let is_heard = *channel == label("notification") || matches!(place(octets), Some((0 | 1, _)));
        is_heard.then(|| octets.to_vec())
    });
    let mut plan = firmware("spring-patch", Reporters::FailuresOnly);
    plan.lifetime = ms(5500);

    net.push(&plan);
    net.run(ms(5900));
    assert!(net.nodes[0].results().is_empty(), "the table holds until the next whole second");
    net.run(ms(1000));

    assert_eq!(net.record("spring-patch", 0).unwrap().result.code(), 503);
}

#[test]
fn the_status_log_keeps_the_last_32() {
    let mut net = Net::new(1);
    for number in 1..=40 {
        let mut plan = firmware(&format!("campaign {number}"), Reporters::Nobody);
        plan.target.from_versions.clear();
        plan.target.resulting_version = Some(version(&format!("2.{number}")));
        net.push(&plan);
        net.run(ms(1000));
    }

    let device = net.nodes[0].device();
    let log = device.status_log();
    assert_eq!(log.len(), 32);
    assert_eq!(log[0].campaign.as_str(), "campaign 9");
    assert_eq!(log[31].campaign.as_str(), "campaign 40");
    assert_eq!(device.node("./StatusLog").unwrap().lines().count(), 32);
}

/// What a Device reports of a campaign, once something has happened to the net.
fn result_of(plan: &CampaignPlan, prepare: impl Fn(&mut Net)) -> ReportedResult {
    let mut net = Net::new(1);
    prepare(&mut net);
    net.push(plan);
    net.run(ms(3000));
    net.record(plan.campaign.as_str(), 0).expect("a failure is reported").result.clone()
}

/// Profile, section 6.2: without the Command nobody can know which operation it names.
#[test]
fn a_failure_before_any_exec_is_reported_as_one_of_the_usual_operation() {
    let in_two_steps = |more: Option<Command>| {
        let own = [set(fumo::DOWNLOAD_PKG_URL, PACKAGE_URL), exec(fumo::DOWNLOAD), exec(fumo::UPDATE)];
        let commands = Some(own.into_iter().chain(more).collect());
        let command = CommandPlan { commands, ..CommandPlan::default() };
        CampaignPlan { command, ..firmware("spring-patch", Reporters::FailuresOnly) }
    };
    let lost = |operation, result| ReportedResult::Firmware { operation, result };

    for object in [1, 2] {
        let reported = result_of(&in_two_steps(None), |net| lose(net, object, 0));
        assert_eq!(reported, lost(fumo::Operation::DownloadAndUpdate, FumoResult::DOWNLOAD_FAILED), "object {object}");
    }
    let delivered = component_plan("browser-2", scomo::Operation::Download, "2.0");
    let component = ComponentId::new("browser").unwrap();
    let (operation, result) = (scomo::Operation::DownloadInstall, ScomoResult::DOWNLOAD_FAILED);
    let reported = result_of(&delivered, |net| lose(net, 1, 0));
    assert_eq!(reported, ReportedResult::Software { component, operation, result });
    // A Command that has come whole names its operations, though nothing of it is carried out.
    let forbidden = in_two_steps(Some(set("./Settings/Apn", "new")));
    assert_eq!(result_of(&forbidden, |_| {}), lost(fumo::Operation::Download, FumoResult::CLIENT_ERROR));
}
