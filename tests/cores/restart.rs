//! A Device that loses its power keeps what it has promised.

use castproof::device::{Event, PostOutcome, UserAnswer};
use castproof::spec::{Consent, Reporters, Severity};

use crate::harness::*;

#[test]
fn while_receiving_the_next_cycle_completes_it() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.broadcast.repetitions = 3;
    plan.broadcast.cycle_gap = ms(500);
    // The last symbols of the package do not arrive in the first cycle.
    let mut packets = 0;
    net.air = Box::new(move |_, channel, octets| {
        packets += usize::from(*channel == label("delivery-1"));
        (!(6..=14).contains(&packets)).then(|| octets.to_vec())
    });

    net.push(&plan);
    net.run(ms(200));
    assert!(net.nodes[0].results().is_empty());
    net.switch_off(0);
    net.run(ms(50));
    net.switch_on(0);
    assert!(net.nodes[0].joined.contains(&label("delivery-1")), "it joins again at once");
    net.run(ms(4000));

    assert_eq!(net.nodes[0].results(), [200]);
    assert!(net.record("spring-patch", 0).unwrap().result.is_success());
}

#[test]
fn while_offered_it_asks_again_and_the_deferral_goes_on() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.consent = Some(Consent { severity: Severity::Mandatory, longest_deferral: ms(5000) });
    net.push(&plan);
    net.run(ms(1000));
    net.switch_off(0);
    net.run(ms(1000));

    net.switch_on(0);
    net.run(ms(100));
    assert_eq!(net.nodes[0].prompts(), 2);
    net.answer(0, "spring-patch", UserAnswer::Postpone(ms(60_000)));
    net.run(ms(3500));

    assert_eq!(net.nodes[0].results(), [200], "five seconds after the first offer, not the second");
}

#[test]
fn while_backing_off_the_deadline_is_kept() {
    let undisturbed = {
        let mut net = Net::new(1);
        let mut plan = firmware("spring-patch", Reporters::Everybody);
        plan.reporting.offset = ms(3000);
        net.push(&plan);
        net.run(ms(8000));
        net.nodes[0].reports()[0]
    };
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.reporting.offset = ms(3000);
    net.push(&plan);
    net.run(ms(1000));

    net.switch_off(0);
    net.switch_on(0);
    net.run(ms(7000));

    assert_eq!(net.nodes[0].reports()[0], undisturbed);
    assert_eq!(net.nodes[0].results().len(), 1, "nothing is done twice");
    assert!(net.record("spring-patch", 0).is_some());
}

#[test]
fn a_deadline_that_passed_while_off_is_made_up_for() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.reporting.offset = ms(3000);
    net.push(&plan);
    net.run(ms(1000));

    net.switch_off(0);
    net.run(ms(20_000));
    net.switch_on(0);
    net.run(ms(100));

    assert!(net.record("spring-patch", 0).is_some());
}

#[test]
fn while_reporting_the_report_is_sent_again() {
    let mut net = Net::new(1);
    net.front = Box::new(|request| (request == 1).then_some(PostOutcome::Failed));
    net.push(&firmware("spring-patch", Reporters::Everybody));
    while net.nodes[0].posts.is_empty() {
        net.run(ms(1));
    }

    net.switch_off(0);
    net.switch_on(0);
    net.run(ms(4000));

    assert_eq!(net.record("spring-patch", 0).unwrap().duplicates, 0);
    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Reported(_))), 1);
}

#[test]
fn after_the_report_nothing_is_left_to_do() {
    let mut net = Net::new(1);
    net.push(&firmware("spring-patch", Reporters::Everybody));
    net.run(ms(3000));
    let notification = net.notifications[0].clone();
    let posts = net.nodes[0].posts.len();

    net.switch_off(0);
    net.switch_on(0);
    net.notify(0, &notification);
    net.run(ms(3000));

    assert_eq!(net.nodes[0].posts.len(), posts);
    assert_eq!(net.nodes[0].results(), [200]);
    assert_eq!(net.nodes[0].device().node("./DevDetail/FwV").unwrap(), "2.0");
    assert_eq!(net.nodes[0].refusals().last(), Some(&castproof::device::Refusal::Repetition));
}

#[test]
fn the_end_of_a_transmission_that_went_by_counts_from_when_it_was() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::FailuresOnly);
    plan.lifetime = ms(4000);
    plan.reporting.offset = ms(10_000);
    // Nothing of the delivery arrives but the table.
    let mut packets = 0;
    net.air = Box::new(move |_, channel, octets| {
        packets += usize::from(*channel == label("delivery-1"));
        (packets < 2).then(|| octets.to_vec())
    });
    net.push(&plan);
    net.run(ms(500));

    net.switch_off(0);
    net.run(ms(7500));
    net.switch_on(0);
    net.run(ms(10_000));

    // Had the end been noticed only when the Device was on again, the report would come after 18 seconds.
    let after = net.nodes[0].reports()[0].since(START);
    assert!((ms(14_000)..=ms(14_400)).contains(&after), "{after:?}");
}

#[test]
fn without_its_registration_a_campaign_ends_in_silence() {
    let mut net = Net::new(1);
    let mut plan = firmware("spring-patch", Reporters::Everybody);
    plan.rollout.not_before = Some(START + ms(3000));
    net.push(&plan);
    net.run(ms(1000));

    net.switch_off(0);
    net.nodes[0].configuration.registrations.clear();
    net.switch_on(0);
    net.run(ms(5000));

    assert!(net.nodes[0].results().is_empty());
    assert!(net.nodes[0].posts.is_empty());
}
