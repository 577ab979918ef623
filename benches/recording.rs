//! What recording costs a run: the whole suite is run, and then everything is recorded once more, alone.
//!
//! A scenario cannot run without its recorder, since the judge reads what it holds. So the processor time of the run is set
//! against the time that the recorder's work takes for the very frames of that run: keeping them, writing the file that
//! grows every 20 milliseconds, and writing the whole file at the end. Decoding them as they come is told beside it: the
//! checks of the scenario need that, whether or not anything is written.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use castproof::capture::{GrowingFile, Recording, Timeline, pcapng};
use castproof::certify::{self, Rules, Suite};
use castproof::findings::read_result;
use castproof::net::Clock;
use castproof::spec::Timestamp;

/// How often a growing file is written, as the stage does it.
const INTERVAL: Duration = Duration::from_millis(20);
/// Runs of which the median is told.
const RUNS: usize = 5;

/// Processor time of this process so far.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells it");
    let after_name = &stat[stat.rfind(')').expect("a name in brackets") + 2..];
    // utime and stime, in hundredths of a second.
    let ticks = |field: usize| after_name.split(' ').nth(field).and_then(|text| text.parse::<u64>().ok());
    Duration::from_millis(10 * (ticks(11).expect("utime") + ticks(12).expect("stime")))
}

/// Runs the whole suite; gives the folder, how long it took, and the processor time that it took.
fn run(reports: &Path) -> (PathBuf, Duration, Duration) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = Rules { matches: Some(&certify::match_step), standing: castproof::judge::standing::requirements() };
    let suite = Suite::load(&root.join("features"), &rules).unwrap_or_else(|errors| panic!("{errors}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let clock = Clock::start();
    let (begin, before) = (clock.now(), processor_time());
    let run = runtime.block_on(certify::run(certify::Options::usual(suite, root, reports.to_owned())));
    let (wall, processor) = (clock.now().since(begin), processor_time() - before);
    (run.expect("the suite runs").folder, wall, processor)
}

/// Decodes a recording once more, as it comes.
fn decode(recording: &Recording) {
    let mut timeline = Timeline::new(recording.lanes.clone());
    for (frame, number) in recording.frames.iter().zip(1..) {
        timeline.feed(number, frame);
    }
}

/// Keeps and writes a recording once more.
fn record(recording: &Recording, folder: &Path) {
    let (growing_file, whole_file) = (folder.join("growing.pcapng"), folder.join("whole.pcapng"));
    let mut growing = Recording { lanes: recording.lanes.clone(), ..Recording::default() };
    let mut file = GrowingFile::create(&growing_file, &growing).expect("a file");
    let mut written = Timestamp::default();
    for frame in &recording.frames {
        growing.frames.push(frame.clone());
        if frame.at.since(written) >= INTERVAL {
            file.write(&growing).expect("written");
            written = frame.at;
        }
    }
    file.write(&growing).expect("written");
    let mut octets = Vec::new();
    pcapng::write(&growing, &mut octets).expect("written");
    fs::write(whole_file, octets).expect("written");
}

#[expect(clippy::print_stdout, reason = "a benchmark is there to print")]
fn main() {
    let mut shares = Vec::new();
    for number in 1..=RUNS {
        let reports = tempfile::tempdir().expect("a folder");
        let (folder, wall, processor) = run(reports.path());
        let recordings: Vec<Recording> = fs::read_dir(folder.join("captures"))
            .expect("a folder of recordings")
            .map(|entry| {
                pcapng::read(File::open(entry.expect("an entry").path()).expect("a file")).expect("a recording")
            })
            .collect();
        // A scenario whose stage could not be set up has no recording; a figure without it would say too little.
        let findings = read_result(&folder.join("result.json")).expect("the findings of the run");
        for scenario in findings.scenarios.iter().filter(|scenario| scenario.capture.is_none()) {
            println!("run {number}: `{}` has no recording: {}", scenario.slug, scenario.faults.join("; "));
        }
        let frames: usize = recordings.iter().map(|recording| recording.frames.len()).sum();
        let before = processor_time();
        recordings.iter().for_each(|recording| record(recording, reports.path()));
        let recording = processor_time() - before;
        recordings.iter().for_each(decode);
        let decoding = processor_time() - before - recording;
        let share = |part: Duration| part.as_secs_f64() / processor.as_secs_f64() * 100.0;
        println!(
            "run {number}: {:.2} s, {:.2} s of the processor; of its {} recordings of {frames} packets, keeping and writing takes \
             {:.2} s ({:.1} %), decoding {:.2} s ({:.1} %)",
            wall.as_secs_f64(),
            processor.as_secs_f64(),
            recordings.len(),
            recording.as_secs_f64(),
            share(recording),
            decoding.as_secs_f64(),
            share(decoding),
        );
        let share = share(recording);
        shares.push(share);
    }
    shares.sort_by(f64::total_cmp);
    println!("median: recording takes {:.1} % of a run's processor time", shares[RUNS / 2]);
}
