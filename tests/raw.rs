//! The headers of recordings are rebuilt from what the sockets told. Here the kernel's own frames are held against them.
//!
//! Skipped, loudly, where the privilege CAP_NET_RAW is missing.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use castproof::capture::recording::INTERACTION_LANE;
use castproof::capture::{
    LaneId, OrderRule, Packet, Recording, Shown, Timeline, Transcript, TranscriptOptions, compare, pcapng,
};

/// Firmware and its report, software without a word, settings with a report and care over TCP, a lost symbol.
const SCENARIOS: [&str; 6] = [
    "normal-flow--a-device-installs-an-update-that-is-meant-for-it",
    "normal-flow--a-device-repairs-a-lost-symbol-from-the-next-cycle",
    "normal-flow--a-device-reports-its-success-when-everybody-is-asked",
    "software-component--a-device-installs-a-new-version-of-its-player",
    "failure-reporting--a-device-that-lacks-a-setting-reports-it",
    "care--after-care-a-device-that-failed-matches-the-others",
];

/// Exit code of wrong usage, which the missing privilege is.
const USAGE: i32 = 2;

/// Runs the scenarios with the kernel's frames, and gives the folder of the run; `None` without the privilege.
fn run(reports: &Path) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_castproof"));
    command.current_dir(root).args(["certify", "--raw-capture", "--jobs", "2", "--reports"]).arg(reports);
    let output = command.args(SCENARIOS.iter().flat_map(|slug| ["--scenario", slug])).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(USAGE) && errors.contains("CAP_NET_RAW") {
        assert!(errors.contains("hint: ") && errors.contains("setcap cap_net_raw+ep"), "{errors}");
        return None;
    }
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{errors}");
    assert!(!errors.contains("the raw capture has gaps"), "{errors}");
    let mut folders = fs::read_dir(reports).unwrap().map(|entry| entry.unwrap().path());
    folders.next()
}

fn read(folder: &Path, kind: &str, slug: &str) -> Recording {
    pcapng::read(File::open(folder.join(kind).join(format!("{slug}.pcapng"))).unwrap()).unwrap()
}

/// The transcript without what only castproof's own recording tells: the steps, and what the air did. It is redacted, since how
/// long a file table still holds is told in seconds from its frame, and both sides stamp a frame for themselves.
fn told(recording: &Recording) -> Transcript {
    let mut transcript =
        Transcript::of(&Timeline::of(recording), &TranscriptOptions { redact: true, lanes: Shown::All });
    transcript.lines.retain(|line| !line.is_step());
    transcript.lines.iter_mut().for_each(|line| line.marks.clear());
    transcript
}

/// Leaves out the last line of a lane of which one transcript has one line more: when a scenario's last check has been
/// judged, the answer to the report that decided it is under way, and either side may see it or not.
fn leave_out_last_words([one, other]: &mut [Transcript; 2]) {
    let count = |told: &Transcript, lane: &str| told.lines.iter().filter(|line| line.lane == lane).count();
    let lanes: BTreeSet<String> = one.lines.iter().chain(&other.lines).map(|line| line.lane.clone()).collect();
    for lane in lanes.iter().filter(|lane| lane.starts_with("interaction")) {
        let longer = match (count(one, lane), count(other, lane)) {
            (more, fewer) if more == fewer + 1 => &mut *one,
            (fewer, more) if more == fewer + 1 => &mut *other,
            _ => continue,
        };
        let last = longer.lines.iter().rposition(|line| line.lane == *lane);
        longer.lines.remove(last.expect("it has one line more"));
    }
}

/// The datagrams of a lane, in order.
fn datagrams(recording: &Recording, lane: LaneId) -> Vec<&Packet> {
    let of_lane = recording.frames.iter().filter(|frame| frame.lane == lane).map(|frame| &frame.packet);
    of_lane.filter(|packet| matches!(packet, Packet::Datagram { .. })).collect()
}

#[test]
fn the_kernels_own_frames_tell_what_the_rebuilt_ones_tell() {
    let reports = tempfile::tempdir().unwrap();
    let Some(folder) = run(reports.path()) else {
        // Not by a macro: what these print is not shown of a test that passes.
        let skipped = "SKIPPED: without CAP_NET_RAW the kernel's frames cannot be held against the recordings";
        writeln!(std::io::stderr(), "{skipped}").unwrap();
        return;
    };

    for slug in SCENARIOS {
        let (rebuilt, raw) = (read(&folder, "captures", slug), read(&folder, "raw", slug));

        assert_eq!(raw.lanes, rebuilt.lanes, "{slug}");
        assert_eq!(raw.skipped, [], "{slug}");
        // Each datagram once, with the addresses, the time to live and the octets that the recording says it had.
        for lane in (0..).take(rebuilt.lanes.len()).map(LaneId) {
            assert_eq!(datagrams(&raw, lane), datagrams(&rebuilt, lane), "{slug}, lane {}", lane.0);
        }
        let mut told_by = [told(&rebuilt), told(&raw)];
        leave_out_last_words(&mut told_by);
        if let Err(departure) = compare(&told_by[0], &told_by[1], OrderRule::PerLane) {
            panic!("{slug}: {departure}");
        }
        assert!(told_by[0].lines.len() > 10, "{slug} tells nothing");
    }
    let with_reports = read(&folder, "raw", SCENARIOS[5]);
    let interaction = with_reports.lane(INTERACTION_LANE).unwrap();
    assert!(with_reports.frames.iter().any(|frame| frame.lane == interaction), "nothing passed over TCP");
}
