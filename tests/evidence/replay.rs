//! Replay: every check asked again comes to the same, and what was altered afterwards is told.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use castproof::certify::{self, Replay};
use castproof::evidence::{PrivateKey, Source};
use castproof::findings::{Authority, ExitCode, RunFindings, ScenarioFindings, Verdict, read_result, write_result};

use super::copy_folder;
use castproof::capture::recording::INTERACTION_LANE;
use castproof::capture::{Conversation, Frame, Packet, Side, pcapng};
use castproof::stage::golden_traffic;

use super::runs::RUNS;

fn replay(folder: &Path) -> Replay {
    certify::replay(&Source::folder(folder)).unwrap()
}

/// Holds that a replay bears out its run: every check was asked again and comes to the same, in the same words.
fn assert_same(replay: &Replay) {
    assert_eq!(replay.unasked().next(), None);
    assert_eq!(replay.differences, []);
    assert_eq!(replay.faults, []);
    assert_eq!(replay.checks.iter().find(|replayed| replayed.is_reworded()), None);
    assert_eq!(replay.again.conformant, replay.stored.conformant);
}

#[test]
fn the_evidence_of_the_reference_says_what_its_run_said() {
    let replay = replay(&RUNS.reference);

    assert_same(&replay);
    assert_eq!(replay.exit_code(), ExitCode::of(&replay.stored));
    assert!(replay.asked(Authority::Wire) > 100, "{} checks", replay.asked(Authority::Wire));
    assert_eq!(replay.again.scenarios.len(), replay.stored.scenarios.len());
    // The comparison with golden recordings rests on the wire, and is asked again like the rest.
    assert!(replay.checks.iter().any(|replayed| replayed.check.as_str() == "traffic.golden"));
}

/// One bundle of the whole suite, as it is handed on.
#[test]
fn the_signed_bundle_of_the_whole_suite_is_verified_and_replayed_to_the_same_verdicts() {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&RUNS.reference, copy.path());
    let key = PrivateKey::draw().unwrap();
    let packed = castproof::evidence::pack(copy.path(), Some(&key)).unwrap();

    let verified = castproof::evidence::verify(&packed.path, Some(&key.public())).unwrap();
    assert_eq!(verified.members, packed.members);
    let bundle = certify::replay(&Source::Bundle(verified.archive)).unwrap();

    assert_same(&bundle);
    // Nothing that ran is without its recording, and so without its verdicts.
    let bare: Vec<&str> = bundle.stored.scenarios.iter().filter(|found| found.capture.is_none()).map(slug_of).collect();
    assert_eq!(bare, <[&str; 0]>::default());
    let wire = bundle.checks.iter().filter(|replayed| replayed.authority == Authority::Wire);
    let verdicts: Vec<_> = wire.map(|one| (one.again.as_ref().unwrap().verdict, one.stored.verdict)).collect();
    assert!(verdicts.len() > 100 && verdicts.iter().all(|(again, stored)| again == stored), "{}", verdicts.len());
}

fn slug_of(found: &ScenarioFindings) -> &str {
    &found.slug
}

#[test]
fn the_evidence_of_broken_implementations_convicts_them() {
    for (deviation, folder) in &RUNS.broken {
        let replay = replay(folder);

        assert_same(&replay);
        assert_eq!(replay.exit_code(), ExitCode::NotConformant, "{}", deviation.name);
        let convicts = replay.checks.iter().any(|replayed| {
            let fails = replayed.again.as_ref().is_ok_and(|again| again.verdict == Verdict::Fail);
            fails && replayed.check.as_str() == deviation.caught_by
        });
        assert!(convicts, "{} at {}", deviation.name, deviation.caught_by);
    }
}

/// A copy of the reference's evidence, with other findings.
fn altered(alter: impl FnOnce(&mut RunFindings)) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&RUNS.reference, copy.path());
    let path = copy.path().join("result.json");
    let mut findings = read_result(&path).unwrap();
    alter(&mut findings);
    write_result(&findings, &path).unwrap();
    copy
}

#[test]
fn a_verdict_that_was_altered_is_named_and_what_follows_from_it() {
    let mut slug = String::new();
    let copy = altered(|findings| {
        let scenario = &mut findings.scenarios[0];
        slug.clone_from(&scenario.slug);
        scenario.verdict = Verdict::Fail;
        scenario.checks[0].verdict = Verdict::Fail;
        findings.conformant = !findings.conformant;
    });

    let replay = replay(copy.path());

    let of: Vec<&str> = replay.differences.iter().map(|found| found.of.as_str()).collect();
    assert!(of[0].starts_with("check ") && of[0].ends_with(&slug), "{of:?}");
    assert_eq!(of[1], format!("scenario {slug}"));
    assert_eq!(of.last(), Some(&"the run"));
    assert_ne!(replay.exit_code(), ExitCode::Conformant);
    assert!(certify::replay_json(&replay).unwrap().contains("\"differences\": [\n    {"));
}

#[test]
fn a_question_that_was_altered_is_answered_otherwise() {
    let copy = altered(|findings| {
        let checks = findings.scenarios.iter_mut().flat_map(|scenario| &mut scenario.checks);
        let count = checks.into_iter().find(|check| check.check.as_str() == "report.count").unwrap();
        count.asked.as_mut().unwrap().question["check"]["report-count"]["count"] = 7.into();
    });

    let replay = replay(copy.path());

    assert_eq!(replay.exit_code(), ExitCode::NotConformant);
    assert!(replay.differences[0].of.starts_with("check report.count"), "{:?}", replay.differences);
}

#[test]
fn what_cannot_be_asked_again_is_told_and_proves_nothing() {
    let copy = altered(|findings| {
        let asked = |scenario: usize| findings.scenarios[scenario].checks[0].asked.clone().unwrap();
        let (mut later, mut newer) = (asked(0), asked(1));
        later.packets += 100_000;
        newer.form += 1;
        findings.scenarios[0].checks[0].asked = Some(later);
        findings.scenarios[1].checks[0].asked = Some(newer);
        findings.scenarios[2].checks[0].asked = None;
        findings.scenarios[3].capture = Some("../outside.pcapng".to_owned());
        findings.scenarios[4].checks[0].check = castproof::findings::CheckId::new("report.else");
    });
    let torn = copy.path().join(replay(&RUNS.reference).stored.scenarios[5].capture.as_ref().unwrap());
    let octets = fs::read(&torn).unwrap();
    fs::write(&torn, &octets[..octets.len() / 2]).unwrap();

    let replay = replay(copy.path());

    let reason = |scenario: usize| {
        let slug = &replay.stored.scenarios[scenario].slug;
        let unasked = replay.unasked().find(|replayed| replayed.slug == *slug);
        unasked.map(|replayed| replayed.again.clone().unwrap_err()).unwrap_or_default()
    };
    assert!(reason(0).contains("and the recording has"), "{}", reason(0));
    assert!(reason(1).contains("its form is"), "{}", reason(1));
    assert!(reason(2).contains("was not stored"), "{}", reason(2));
    assert!(reason(3).contains("no name within the evidence"), "{}", reason(3));
    assert!(reason(4).contains("what was asked is `"), "{}", reason(4));
    assert!(reason(5).contains("and the recording has"), "{}", reason(5));
    assert_eq!(replay.faults.len(), 2, "{:?}", replay.faults);
    assert_ne!(replay.exit_code(), ExitCode::Conformant);
}

/// The recording of a golden scenario.
const GOLDEN: &str = "software-component--a-device-without-the-component-lets-the-update-pass.pcapng";

#[test]
fn a_socket_with_the_number_of_one_that_answers_a_roll_call_is_not_taken_for_it() {
    let recording = pcapng::read(fs::File::open(RUNS.reference.join("captures").join(GOLDEN)).unwrap()).unwrap();
    let mut ends: BTreeSet<(SocketAddr, SocketAddr)> = BTreeSet::new();
    for frame in &recording.frames {
        if let Packet::Segment { source, destination, .. } = frame.packet
            && !ends.contains(&(destination, source))
        {
            ends.insert((source, destination));
        }
    }
    let traffic = golden_traffic(&recording).frames.len();

    assert!(!ends.is_empty());
    for (client, _) in &ends {
        let mut alike = recording.clone();
        for frame in &mut alike.frames {
            match &mut frame.packet {
                Packet::Datagram { source, .. } => *source = *client,
                Packet::Segment { .. } => {}
            }
        }
        // Somebody else's connection, from the same port to another server.
        let mut talk = Conversation::new(*client, "127.0.0.1:9".parse().unwrap());
        let (at, lane) = (alike.frames[0].at, alike.lane(INTERACTION_LANE).unwrap());
        let mut octets = talk.data(Side::Client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        octets.extend(talk.closed(Side::Client));
        let other = octets.len();
        alike.frames.extend(octets.into_iter().map(|packet| Frame { at, lane, packet, comments: Vec::new() }));
        assert_eq!(golden_traffic(&alike).frames.len(), traffic + other, "{client}");
    }
}
