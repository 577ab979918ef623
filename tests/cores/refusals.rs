//! What a Device does not act on.

use castproof::device::{Event, Refusal};
use castproof::provider::{Conformant, Provider, ProviderConfiguration};
use castproof::spec::{BasisPoints, KeyId, Reporters, SequenceNumber, ServerId};
use castproof::wire::announcement::SigningKey;

use crate::harness::*;

/// Nothing happened but a refusal.
fn assert_untouched(net: &Net) {
    let device = &net.nodes[0];
    assert!(device.results().is_empty());
    assert!(device.posts.is_empty());
    assert!(!device.ever_joined.contains(&label("delivery-1")));
    assert_eq!(device.has(|event| matches!(event, Event::Admitted(_))), 0);
}

/// A notification by somebody who is not quite the provider.
fn notification_by(change: impl FnOnce(&mut ProviderConfiguration)) -> Vec<u8> {
    let mut configuration = provider_configuration(1);
    change(&mut configuration);
    let mut provider = Provider::new(configuration, Box::new(Conformant), SequenceNumber(100), 2);
    provider.push(START, &firmware("forged", Reporters::Everybody)).unwrap();
    provider.poll_transmit(START).unwrap().octets
}

#[test]
fn another_key_under_the_same_name_is_refused() {
    let mut net = Net::new(1);

    net.notify(0, &notification_by(|provider| provider.key = SigningKey::from_bytes(&[8; 32])));

    assert_eq!(net.nodes[0].refusals(), [Refusal::Signature]);
    assert_untouched(&net);
}

#[test]
fn an_unknown_key_is_refused() {
    let mut net = Net::new(1);

    net.notify(0, &notification_by(|provider| provider.key_id = KeyId::new("sp-key-2").unwrap()));

    assert_eq!(net.nodes[0].refusals(), [Refusal::Signature]);
    assert_untouched(&net);
}

#[test]
fn the_digest_of_another_group_is_refused() {
    let mut net = Net::new(1);

    net.notify(0, &notification_by(|provider| provider.group.password = "guessed".into()));

    assert_eq!(net.nodes[0].refusals(), [Refusal::Digest]);
    assert_untouched(&net);
}

#[test]
fn a_provider_without_registration_is_refused() {
    let mut net = Net::new(1);
    let stranger = ServerId::new("other.example").unwrap();

    net.notify(0, &notification_by(|provider| provider.server = stranger.clone()));

    assert_eq!(net.nodes[0].refusals(), [Refusal::NotRegistered(stranger)]);
    assert_untouched(&net);
}

#[test]
fn a_replay_is_refused_after_a_newer_campaign() {
    let mut net = Net::new(1);
    net.push(&firmware("old", Reporters::Nobody));
    net.run(ms(2000));
    let old = net.notifications[0].clone();
    let mut newer = firmware("new", Reporters::Nobody);
    newer.target.from_versions.clear();
    newer.target.resulting_version = Some(version("3.0"));
    net.push(&newer);
    net.run(ms(2000));

    net.notify(0, &old);

    assert_eq!(net.nodes[0].refusals().last(), Some(&Refusal::Sequence));
    assert_eq!(net.nodes[0].results(), [200, 200]);
}

#[test]
fn an_expired_campaign_is_refused() {
    let mut net = Net::new(1);
    let octets = notification_by(|_| {});
    net.run(ms(60_000));

    net.notify(0, &octets);

    assert_eq!(net.nodes[0].refusals(), [Refusal::Expired]);
    assert_untouched(&net);
}

#[test]
fn a_campaign_for_others_is_not_joined_and_does_not_raise_the_sequence() {
    let mut net = Net::new(1);
    let mut for_others = firmware("for-others", Reporters::Everybody);
    for_others.target.manufacturer = Some("Emca".into());
    // The two are issued in this order and heard in the other.
    net.push(&firmware("for-us", Reporters::Nobody));
    let ours = net.provider.poll_transmit(net.now).unwrap().octets;
    net.push(&for_others);
    let others = net.provider.poll_transmit(net.now).unwrap().octets;

    net.nodes[0].ever_joined.clear();
    net.notify(0, &others);
    let after_others = net.nodes[0].refusals();
    assert_untouched(&net);
    net.notify(0, &ours);

    assert_eq!(after_others, [Refusal::Target]);
    assert_eq!(net.nodes[0].has(|event| matches!(event, Event::Admitted(_))), 1);
}

#[test]
fn who_is_not_in_the_share_is_not_addressed() {
    let mut net = Net::new(1);
    let mut nobody = firmware("nobody", Reporters::Everybody);
    nobody.target.share = BasisPoints::new(0);

    net.push(&nobody);
    net.run(ms(1000));

    assert_eq!(net.nodes[0].refusals()[0], Refusal::Target);
    assert_untouched(&net);
}

#[test]
fn software_without_a_component_is_for_nobody() {
    let mut net = Net::new(1);
    let browser = castproof::spec::ComponentId::new("browser").unwrap();
    let content = castproof::provider::Content::Software(browser, image());

    net.push(&plan("no-component", content, Reporters::Everybody));
    net.run(ms(1000));

    assert_untouched(&net);
}

#[test]
fn a_rollout_that_is_over_is_refused_but_accepted_once_and_for_all() {
    let mut net = Net::new(1);
    let mut over = firmware("over", Reporters::Everybody);
    over.rollout.not_after = Some(START - ms(1));

    net.push(&over);
    net.run(ms(1000));

    assert_eq!(net.nodes[0].refusals()[0], Refusal::Rollout);
    assert_eq!(net.nodes[0].refusals()[1], Refusal::Repetition);
    assert_untouched(&net);
}

#[test]
fn a_busy_device_puts_a_campaign_off() {
    let mut net = Net::new(1);
    let mut provider = Provider::new(provider_configuration(1), Box::new(Conformant), SequenceNumber(0), 3);
    let notification = |number| {
        provider.push(START, &firmware(&format!("campaign-{number}"), Reporters::Nobody)).unwrap();
        provider.poll_transmit(START).unwrap().octets
    };
    let notifications: Vec<Vec<u8>> = (0..9).map(notification).collect();

    for octets in &notifications {
        net.notify(0, octets);
    }
    let while_busy = net.nodes[0].refusals();
    net.run(ms(61_500));

    assert_eq!(while_busy, [Refusal::Busy]);
    assert_eq!(net.nodes[0].results(), [503; 8]);
}
