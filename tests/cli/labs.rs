//! Bench networks: ranges of groups and ports, hops, slow subjects, nothing between; all of it tried on loopback.

use std::time::Duration;

use castproof::capture::{Packet, Sight, Timeline, pcapng};
use castproof::findings::{Extent, RunFindings, Verdict};
use castproof::provider::BroadcastPlan;

use super::place::{FORGED, Place, assert_words};

/// A scenario in which a Device loses symbols on its way.
const LOSSY: &str = "normal-flow--a-device-repairs-a-lost-symbol-from-the-next-cycle";
/// A scenario in which nothing happens to any packet.
const USUAL: &str = "normal-flow--a-device-reports-its-success-when-everybody-is-asked";

fn certify(place: &Place, arguments: &[&str]) -> (Option<i32>, String, RunFindings) {
    let left = place.run(&[&["certify"], arguments].concat());
    assert!(place.path("reports/runs").exists(), "{}\n{}", left.out, left.err);
    (left.code, left.out, place.findings().1)
}

#[test]
fn groups_ports_and_hops_are_those_that_were_named() {
    let place = Place::new();
    let lab = ["--groups", "239.77.0.0-239.77.1.255", "--ports", "12000-12600", "--ttl", "2"];

    let (code, out, findings) = certify(&place, &[&["--scenario", FORGED], &lab[..]].concat());

    assert_eq!(code, Some(0), "{out}");
    assert_words(&findings.scenarios[0].repeat, &[&lab.join(" ")]);
    let capture = place.findings().0.join(findings.scenarios[0].capture.as_ref().unwrap());
    let recording = pcapng::read(std::fs::read(capture).unwrap().as_slice()).unwrap();
    let mut sent = 0;
    for frame in &recording.frames {
        let Packet::Datagram { destination, ttl, .. } = &frame.packet else { continue };
        assert!(destination.ip().to_string().starts_with("239.77."), "{destination}");
        assert!((12000..=12511).contains(&destination.port()) && *ttl == 2, "{destination}, {ttl} hops");
        sent += 1;
    }
    assert!(sent > 10);
}

#[test]
fn with_nothing_between_what_needs_the_air_does_not_apply_and_the_rest_is_judged() {
    let place = Place::new();

    let (code, out, findings) = certify(&place, &["--direct", "--scenario", LOSSY, "--scenario", USUAL]);

    // What does not apply is nobody's failure; but such a run is never one of the whole suite.
    assert_eq!((code, findings.extent), (Some(0), Extent::Selection), "{out}");
    let verdict = |slug: &str| findings.scenarios.iter().find(|found| found.slug == slug).unwrap();
    assert_eq!(verdict(USUAL).verdict, Verdict::Pass, "{out}");
    assert_eq!(verdict(LOSSY).verdict, Verdict::NotApplicable, "{out}");
    assert_words(&verdict(LOSSY).faults.join("\n"), &["not in this lab", "with --direct nothing stands between them"]);
}

#[test]
fn the_spans_of_a_scenario_are_longer_for_a_slow_subject() {
    let place = Place::new();

    let (code, out, findings) = certify(&place, &["--scenario", USUAL, "--time-scale", "3"]);

    assert_eq!(code, Some(0), "{out}");
    let capture = place.findings().0.join(findings.scenarios[0].capture.as_ref().unwrap());
    let recording = pcapng::read(std::fs::read(capture).unwrap().as_slice()).unwrap();
    let timeline = Timeline::of(&recording);
    let (_, notification) = timeline.notifications().next().unwrap();
    let said = &notification.announcement.as_ref().unwrap().announcement;
    assert_eq!(said.expires_at.since(said.issued_at).as_secs(), 180);
    // So are those of the roll call: a Device that is slow to join hears it as it heard the campaign.
    for campaign in [said.campaign.as_str(), "roll-call-1"] {
        let lead = lead_of(&timeline, campaign);
        assert!(lead > 2 * BroadcastPlan::default().lead, "{campaign}: {lead:?}");
    }
}

/// How long after its first notification the delivery of a campaign begins, as it was sent.
fn lead_of(timeline: &Timeline, campaign: &str) -> Duration {
    let sent = || timeline.on("provider");
    let (notified, session) = sent()
        .find_map(|sighting| {
            let Sight::Notification(notification) = &sighting.what else { return None };
            let said = &notification.announcement.as_ref().ok()?.announcement;
            (said.campaign.as_str() == campaign).then_some((sighting.at, said.delivery.tsi.get()))
        })
        .unwrap_or_else(|| panic!("{campaign} was never announced"));
    let is_of_it = |sight: &Sight| match sight {
        Sight::Fdt { tsi, .. } | Sight::Symbol { tsi, .. } => *tsi == session,
        _ => false,
    };
    let begun = sent().find(|sighting| is_of_it(&sighting.what)).unwrap_or_else(|| panic!("{campaign} never came"));
    begun.at.since(notified)
}

#[test]
fn a_lab_that_cannot_be_is_refused_before_anything_runs() {
    let table: [(&[&str], &[&str]); 9] = [
        (&["--interface", "203.0.113.77"], &["no interface carries address `203.0.113.77`", "`ip address`"]),
        (&["--groups", "10.0.0.1-10.0.0.9"], &["`10.0.0.1` is no IPv4 group for anybody's use", "239.1.0.0"]),
        (&["--groups", "239.1.0.9-239.1.0.1"], &["the range ends before it begins"]),
        (&["--groups", "all"], &["`all` is no end of a range"]),
        (&["--groups", "239.1.0.1-239.1.0.9", "--interface", "::1"], &["--groups are IPv4 groups"]),
        (&["--ports", "80-90"], &["port 80 is below 1024"]),
        (&["--ports", "7000-70000"], &["`70000` is no end of a range"]),
        (&["--ttl", "0"], &["0 is not in 1..=255"]),
        (&["--time-scale", "0.5"], &["a number from 1 to 100"]),
    ];
    for (arguments, words) in table {
        let place = Place::new();

        let said = place.refusal(arguments);

        assert_words(&said, words);
    }
}
