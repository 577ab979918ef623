//! Tests of the transcript.

use super::*;
use crate::capture::conversation::Conversation;
use crate::capture::samples::{self, Sample};
use crate::capture::{LaneId, OrderRule, Recording, Side, compare, pcapng};

const REDACTED: TranscriptOptions = TranscriptOptions { redact: true, lanes: Shown::Sent };

fn told(recording: &Recording, options: &TranscriptOptions) -> Transcript {
    Transcript::of(&Timeline::of(recording), options)
}

/// The texts of the lines, each after its actor.
fn texts(recording: &Recording, options: &TranscriptOptions) -> Vec<String> {
    told(recording, options).lines.iter().map(|line| format!("{}: {}", line.actor, line.text)).collect()
}

#[test]
fn a_campaign_is_told_in_words() {
    let page = told(&samples::campaign(0).recording, &TranscriptOptions::default()).to_string();

    let expected = r#"
   +ms  actor             message
────── When the Service Provider broadcasts campaign "spring-patch" ──────────────────────────────────────────────────
   0.0  provider ▶ N      Push · Package #0 session 1A2F ui background · announcement spring-patch #41 firmware 2.0
                          for Acme X1 1.0 · Command 812 octets · package 6,144 octets · channel delivery TSI 7 ·
                          failures only, 0-400 ms · issued 2027-01-15T08:00:00.000Z, expires 2027-01-15T08:01:00.000Z
                          · key sp-key-1, unverified
   2.4  provider ▶ D      FDT 3 of TSI 7: 1 command.xml, 2 acme-x1-2.0.bin · complete · expires +59 s
   2.7  provider ▶ D      TOI 1 symbol 0 of 1 · last of object
   2.7  provider ▶ D      TOI 1 is the Command, 812 octets not of the announced digest · malformed: SyncML DM 1.2,
                          octet 0, document: text outside the root element (XML 1.0)
   3.0  provider ▶ D      TOI 2 symbols 0-5 of 6 · last of object   ⨯ air dropped symbol 4 for D10
   4.8  provider ▶ D      close session
 375.8  D10 → provider    DM #1 session 2: Alert 1201 · DevInfo urn:imei:000000000000010 · Alert 1226
                          downloadandupdate 402 (critical) correlator spring-patch · Cred md5 digest-1
 377.8  provider → D10    DM #2 session 2: Status 212 header, Chal md5 abababababababab · Status 200 Alert ×2, Replace
                          · Exec ./FUMO/DownloadAndUpdate correlator spring-patch
"#;
    assert_eq!(page, expected.trim_start_matches('\n'));
}

#[test]
fn two_runs_give_the_same_redacted_text() {
    let (first, second) = (samples::campaign(0).recording, samples::campaign(9).recording);

    let (golden, live) = (told(&first, &REDACTED), told(&second, &REDACTED));

    assert_eq!(golden.to_string(), live.to_string());
    assert_eq!(compare(&golden, &live, OrderRule::Exactly), Ok(()));
    let plain = TranscriptOptions::default();
    assert_ne!(told(&first, &plain).to_string(), told(&second, &plain).to_string());
}

#[test]
fn redaction_names_every_field_it_leaves_out() {
    let page = told(&samples::campaign(0).recording, &REDACTED).to_string();

    for name in ["<t+ms>  provider", "issued <issued>, expires <expires>", "<credential>", "Chal md5 <nonce>"] {
        assert!(page.contains(name), "{name} is not in\n{page}");
    }
    for value in ["2027", "digest-1", "abab", "127.0.0.1", "375.8"] {
        assert!(!page.contains(value), "{value} is in\n{page}");
    }
}

#[test]
fn what_a_device_received_is_told_on_request() {
    let recording = samples::campaign(0).recording;
    let all = TranscriptOptions { lanes: Shown::All, ..TranscriptOptions::default() };

    let lines = texts(&recording, &all);

    let received: Vec<&String> = lines.iter().filter(|line| line.starts_with("D10 ◀ D: TOI 2")).collect();
    assert_eq!(received, ["D10 ◀ D: TOI 2 symbols 0-3 of 6", "D10 ◀ D: TOI 2 symbol 5 of 6 · last of object"]);
}

#[test]
fn a_stored_recording_is_told_as_the_live_one() {
    let recording = samples::campaign(0).recording;
    let mut file = Vec::new();
    pcapng::write(&recording, &mut file).unwrap();

    let stored = pcapng::read(&file[..]).unwrap();

    let plain = TranscriptOptions::default();
    assert_eq!(told(&stored, &plain), told(&recording, &plain));
}

#[test]
fn malformed_octets_are_told_on_every_lane() {
    let mut sample = Sample::new();
    let at = sample.recording.frames.len();
    sample.datagram("D10", 20_000, vec![1, 6, 3, 0xC4, 0xAF, 0x87, 9], &["air: cut for D10"]);
    sample.datagram("D10", 21_000, vec![0xFF; 20], &[]);

    let lines = told(&sample.recording, &TranscriptOptions::default()).lines;

    assert_eq!((at, lines.len()), (0, 2));
    assert_eq!((lines[0].actor.as_str(), lines[0].marks[0].as_str()), ("D10 ◀ N", "⨯ air cut for D10"));
    assert!(lines[0].text.starts_with("malformed Package #0, 7 octets 010603c4af8709: Package #0, octet"), "{lines:?}");
    assert!(lines[1].text.starts_with("malformed ALC, 20 octets ffffffffffffffffffffffff…: "), "{lines:?}");
}

#[test]
fn a_connection_that_fails_is_told_and_its_leased_port_is_not() {
    let mut sample = Sample::new();
    let (client, server) = ("127.0.0.1:41000".parse().unwrap(), "127.0.0.1:18080".parse().unwrap());
    let mut talk = Conversation::new(client, server);
    sample.segments(Conversation::new("127.0.0.1:41001".parse().unwrap(), server).reset(Side::Server));
    sample.segments(talk.data(Side::Client, b"POST /dm HTTP/1.1\r\nContent-Length: 5\r\n\r\n<Sync"));
    sample.segments(talk.data(Side::Server, b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"));
    sample.segments(talk.data(Side::Server, b"\x15\x03\x03 not HTTP"));
    sample.segments(talk.reset(Side::Client));

    let lines = texts(&sample.recording, &REDACTED);

    assert_eq!(lines[0], "provider → 127.0.0.1:<port>: connection refused");
    assert!(lines[1].starts_with("127.0.0.1:<port> → provider: malformed SyncML, 5 octets <octets>: "), "{lines:?}");
    assert_eq!(lines[2], "provider → 127.0.0.1:<port>: HTTP 503 without a message");
    assert!(lines[3].starts_with("provider → 127.0.0.1:<port>: not read as HTTP: a malformed head"), "{lines:?}");
    assert_eq!(lines[4], "127.0.0.1:<port> → provider: connection reset");
}

#[test]
fn a_remark_on_a_frame_that_says_nothing_is_told() {
    let mut sample = Sample::new();
    let (client, server) = ("127.0.0.1:41000".parse().unwrap(), "127.0.0.1:18080".parse().unwrap());
    let syn = Conversation::new(client, server).opened().remove(0);
    sample.frame("interaction", syn, &["step: Then Device \"D10\" reports", "air: delays D10 by 5 ms", "odd"]);

    let lines = told(&sample.recording, &REDACTED).lines;

    assert!(lines[0].is_step());
    assert_eq!(lines[0].text, "Then Device \"D10\" reports");
    assert_eq!(lines[1].marks, ["⨯ air delays D10 by 5 ms", "(odd)"]);
}

#[test]
fn a_frame_that_only_marks_a_step_has_no_line_of_its_own() {
    let mut sample = Sample::new();
    let (client, server) = ("127.0.0.1:41000".parse().unwrap(), "127.0.0.1:18080".parse().unwrap());
    let syn = Conversation::new(client, server).opened().remove(0);
    sample.frame("interaction", syn, &["step: Then Device \"D10\" reports"]);

    let lines = told(&sample.recording, &REDACTED).lines;

    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].is_step());
}

#[test]
fn a_foreign_capture_is_told_in_full() {
    let mut recording = samples::campaign(0).recording;
    recording.lanes.truncate(1);
    recording.lanes[0] = crate::capture::Lane { name: "lo".into(), description: String::new() };
    recording.frames.iter_mut().for_each(|frame| frame.lane = LaneId(0));

    let lines = texts(&recording, &REDACTED);

    assert!(lines.contains(&"lo ◀ D: TOI 1 symbol 0 of 1 · last of object".to_owned()), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("provider → urn:imei:000000000000010: DM #2"), "{lines:?}");
}

#[test]
fn what_a_file_holds_cannot_drive_the_terminal() {
    let mut sample = Sample::new();
    sample.datagram("D10", 0, vec![0xFF; 20], &["step: When \u{1b}]0;title\u{7}", "air: \u{1b}[31mred", "\u{9b}2J\nx"]);
    sample.recording.lanes.iter_mut().for_each(|lane| lane.name.push_str("\u{1b}[2J"));

    let page = told(&sample.recording, &TranscriptOptions::default());

    assert_eq!(page.lines[0].text, "When ␛]0;title␇");
    assert_eq!(page.lines[1].marks, ["⨯ air ␛[31mred", "(\u{fffd}2J x)"]);
    assert!(page.lines.iter().all(|line| !line.lane.contains('\u{1b}')), "{page:?}");
    assert!(!page.to_string().contains(|c: char| c.is_control() && c != '\n'), "{page}");
}
