//! The End User and the deferral.

use castproof::device::{Event, UserAnswer};
use castproof::provider::CampaignPlan;
use castproof::spec::{Consent, Reporters, Severity, Timestamp};

use crate::harness::*;

fn asking(severity: Severity, longest_deferral: u64) -> CampaignPlan {
    let consent = Some(Consent { severity, longest_deferral: ms(longest_deferral) });
    CampaignPlan { consent, lifetime: ms(20_000), ..firmware("spring-patch", Reporters::Everybody) }
}

/// A Device that has just been asked, and when.
fn asked(plan: &CampaignPlan) -> (Net, Timestamp) {
    let mut net = Net::new(1);
    net.push(plan);
    net.run(ms(500));
    assert_eq!(net.nodes[0].prompts(), 1);
    assert!(net.nodes[0].results().is_empty());
    let prompted = |event: &Event| matches!(event, Event::Prompted { .. });
    let at = net.nodes[0].events.iter().find(|(_, event)| prompted(event)).unwrap().0;
    (net, at)
}

fn settled_at(net: &Net) -> Timestamp {
    net.nodes[0].events.iter().find(|(_, event)| matches!(event, Event::Settled { .. })).unwrap().0
}

#[test]
fn an_optional_update_is_installed_when_approved() {
    let (mut net, _) = asked(&asking(Severity::Optional, 0));
    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Prompted { may_decline: true, .. })), 1);

    net.answer(0, "spring-patch", UserAnswer::Approve);
    net.run(ms(1500));

    assert_eq!(net.nodes[0].results(), [200]);
    assert!(net.record("spring-patch", 0).unwrap().result.is_success());
}

#[test]
fn an_optional_update_is_left_when_declined() {
    let (mut net, _) = asked(&asking(Severity::Optional, 0));

    net.answer(0, "spring-patch", UserAnswer::Decline);
    net.run(ms(1500));

    assert_eq!(net.nodes[0].results(), [401]);
    assert_eq!(net.nodes[0].device().node("./FUMO/State").unwrap(), "10");
}

#[test]
fn an_optional_update_that_nobody_answers_lapses_with_the_campaign() {
    let (mut net, _) = asked(&asking(Severity::Optional, 0));

    net.run(ms(20_500));

    assert_eq!(net.nodes[0].results(), [401]);
    assert_eq!(settled_at(&net), START + ms(20_000));
    assert_eq!(net.nodes[0].device().node("./DevDetail/FwV").unwrap(), "1.0");
}

#[test]
fn an_optional_update_that_nobody_answers_lapses_with_the_rollout() {
    let mut plan = asking(Severity::Optional, 0);
    plan.rollout.not_after = Some(START + ms(3000));
    let (mut net, _) = asked(&plan);

    net.run(ms(4000));

    assert_eq!(net.nodes[0].results(), [401]);
    assert_eq!(settled_at(&net), START + ms(3000));
}

#[test]
fn a_mandatory_update_cannot_be_declined() {
    let (mut net, first) = asked(&asking(Severity::Mandatory, 2000));
    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Prompted { may_decline: false, .. })), 1);

    net.answer(0, "spring-patch", UserAnswer::Decline);
    net.run(ms(3000));

    assert_eq!(net.nodes[0].results(), [200]);
    assert_eq!(settled_at(&net), first + ms(2000));
}

#[test]
fn the_deferral_counts_from_the_first_offer() {
    let (mut net, first) = asked(&asking(Severity::Mandatory, 3000));

    net.answer(0, "spring-patch", UserAnswer::Postpone(ms(1000)));
    net.run(ms(1100));
    assert_eq!(net.nodes[0].prompts(), 2);
    net.answer(0, "spring-patch", UserAnswer::Postpone(ms(60_000)));
    net.run(ms(3000));

    assert_eq!(net.nodes[0].prompts(), 2, "at the end of the deferral nobody is asked");
    assert_eq!(net.nodes[0].results(), [200]);
    assert_eq!(settled_at(&net), first + ms(3000));
}

#[test]
fn a_deferral_of_nothing_installs_without_asking() {
    let mut net = Net::new(1);

    net.push(&asking(Severity::Mandatory, 0));
    net.run(ms(1500));

    assert_eq!(net.nodes[0].prompts(), 0);
    assert_eq!(net.nodes[0].results(), [200]);
}

#[test]
fn postponing_beyond_the_rollout_does_not_lose_a_mandatory_update() {
    let mut plan = asking(Severity::Mandatory, 10_000);
    plan.rollout.not_after = Some(START + ms(3000));
    let (mut net, _) = asked(&plan);

    net.answer(0, "spring-patch", UserAnswer::Postpone(ms(10_000)));
    net.run(ms(5000));

    assert_eq!(net.nodes[0].results(), [200]);
    assert_eq!(settled_at(&net), START + ms(3000));
}

#[test]
fn an_answer_to_another_campaign_is_ignored() {
    let (mut net, _) = asked(&asking(Severity::Optional, 0));

    net.answer(0, "other", UserAnswer::Approve);
    net.run(ms(100));

    assert!(net.nodes[0].results().is_empty());
}

#[test]
fn whoever_waits_for_an_answer_leaves_the_delivery_when_it_ends() {
    let (net, _) = asked(&asking(Severity::Optional, 0));

    assert!(!net.nodes[0].joined.contains(&label("delivery-1")));
}
