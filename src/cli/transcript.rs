//! The command that tells a capture.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use tokio::signal::unix::{SignalKind, signal};

use crate::capture::{CaptureError, Keys, Page, Record, Shown, Tale, Telling, TranscriptOptions};
use crate::evidence::layout::JUNIT;
use crate::findings::ExitCode;
use crate::net::clock::Clock;
use crate::spec::KeyId;

use super::Failure;
use super::console::Console;

/// Octets that are read at a time.
const PART: usize = 256 << 10;

/// How often a file is looked at that may have grown.
const INTERVAL: Duration = Duration::from_millis(200);

/// `castproof transcript`.
#[derive(Args)]
pub(super) struct Options {
    /// A pcapng or pcap file; `/dev/stdin` takes what a pipe gives.
    file: PathBuf,

    /// Name fields that differ from run to run instead of showing them, as golden comparisons do.
    #[arg(long)]
    redact: bool,

    /// Show what each Device received, too.
    #[arg(long)]
    all: bool,

    /// Write JSON Lines in the shape of reports/transcript.schema.json.
    #[arg(long)]
    json: bool,

    /// Go on with what is added to the file, until Ctrl-C or until the scenario or run that it belongs to has ended.
    ///
    /// `castproof certify` writes the recordings of scenarios in progress to the `captures` folder of its run.
    #[arg(long)]
    follow: bool,

    /// A public key that signatures are checked with, 32 octets in hexadecimal; may be given several times.
    #[arg(long, value_name = "ID=HEX", value_parser = key)]
    key: Vec<(KeyId, [u8; 32])>,
}

fn key(text: &str) -> Result<(KeyId, [u8; 32]), String> {
    let (id, hex) = text.split_once('=').ok_or("no `=` between the key id and the key")?;
    let digit = |index: usize| hex.as_bytes().get(index).and_then(|octet| char::from(*octet).to_digit(16));
    let octets: Option<Vec<u8>> = (0..hex.len().div_ceil(2))
        .map(|index| u8::try_from(digit(2 * index)? << 4 | digit(2 * index + 1)?).ok())
        .collect();
    let octets = octets.ok_or("the key is not hexadecimal")?;
    let length = octets.len();
    let octets = octets.try_into().map_err(|_| format!("the key has {length} octets, not 32"))?;
    Ok((KeyId::new(id).map_err(|error| error.to_string())?, octets))
}

pub(super) fn transcript(console: &Console, options: &Options) -> Result<ExitCode, Failure> {
    let name = options.file.display();
    let file = File::open(&options.file)
        .map_err(|error| Failure::usage(format!("open `{name}`: {error}")))
        .map_err(|failure| failure.hint("recordings are in reports/runs/*/captures/ and in captures/"))?;
    let mut keys = Keys::default();
    for (id, octets) in &options.key {
        keys.add(id.clone(), octets).map_err(|error| Failure::usage(format!("key `{id}`: {error}")))?;
    }
    let lanes = if options.all { Shown::All } else { Shown::Sent };
    let told = TranscriptOptions { redact: options.redact, lanes };
    let telling = Telling::new(told, keys);
    let telling = if options.json { telling } else { telling.without_facts() };
    let mut teller = Reading { telling, printer: Printer::new(console, options, told) };
    let outcome = match options.follow {
        false => teller.whole(file),
        true => teller.following(file, &options.file)?,
    };
    let counts = teller.telling.counts();
    let broken = match &outcome {
        Err(CaptureError::Broken { packets, offset, reason, .. }) => {
            Some(format!("`{name}` breaks off after {packets} packet(s), at octet {offset}: {reason}"))
        }
        Err(error) => {
            let failure = Failure::usage(format!("`{name}`: {}", Failure::of(error).message));
            return Err(failure.hint("recordings are in reports/runs/*/captures/ and in captures/"));
        }
        Ok(()) => None,
    };
    teller.printer.end(Record::End { counts, broken: broken.clone() });
    match broken {
        Some(words) => Err(Failure::usage(words).hint("what stands before the break was told")),
        None if counts.lost > 0 => {
            let words = format!("`{name}`: {} of {} packets could not be read", counts.lost, counts.packets);
            let failure = Failure { code: ExitCode::Inconclusive, ..Failure::usage(words) };
            Err(failure.hint("each is named where it stands; what was told lacks whatever they held"))
        }
        None => Ok(ExitCode::Conformant),
    }
}

struct Reading<'a> {
    telling: Telling,
    printer: Printer<'a>,
}

impl Reading<'_> {
    fn whole(&mut self, mut file: File) -> Result<(), CaptureError> {
        let mut part = vec![0; PART];
        while !self.printer.console.is_reader_gone() {
            let count = read(&mut file, &mut part)?;
            let mut tales = Vec::new();
            let outcome = match count {
                0 => self.telling.finish(&mut tales),
                _ => self.telling.feed(&part[..count], &mut tales),
            };
            if outcome.is_err() {
                self.telling.stop(&mut tales);
            }
            self.printer.print(tales);
            outcome?;
            if count == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Tells what is there and what comes; the outer result is about the surroundings, the inner one about the file.
    fn following(&mut self, file: File, path: &Path) -> Result<Result<(), CaptureError>, Failure> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
        Ok(runtime.block_on(self.follow(file, path)))
    }

    async fn follow(&mut self, mut file: File, path: &Path) -> Result<(), CaptureError> {
        let clock = Clock::start();
        // Watched from before the first line on: who has read one may interrupt.
        let mut watch = signal(SignalKind::interrupt()).ok();
        let interrupt = async {
            match &mut watch {
                Some(watch) => {
                    watch.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::pin!(interrupt);
        let mut part = vec![0; PART];
        loop {
            // What the run wrote before it ended is there when it is looked for once more.
            let has_ended = has_run_ended(path) || is_replaced(&file, path);
            let count = read(&mut file, &mut part)?;
            let mut tales = Vec::new();
            let outcome = match count {
                0 if has_ended => self.telling.finish(&mut tales),
                0 => {
                    self.telling.pause(&mut tales);
                    Ok(())
                }
                _ => self.telling.feed(&part[..count], &mut tales),
            };
            if outcome.is_err() {
                self.telling.stop(&mut tales);
            }
            self.printer.print(tales);
            outcome?;
            if count == 0 && has_ended || self.printer.console.is_reader_gone() {
                return Ok(());
            }
            let wait = if count == 0 { INTERVAL } else { Duration::ZERO };
            tokio::select! {
                biased;
                () = &mut interrupt => {
                    let mut tales = Vec::new();
                    self.telling.stop(&mut tales);
                    self.printer.print(tales);
                    return Ok(());
                }
                () = clock.sleep_until(clock.now() + wait) => {}
            }
        }
    }
}

/// Whether the capture is in the folder of a run that wrote its last file.
fn has_run_ended(path: &Path) -> bool {
    path.parent().and_then(Path::parent).is_some_and(|run| run.join(JUNIT).is_file())
}

/// Whether another file has taken the name of this one: a run does that with a recording whose scenario is over.
fn is_replaced(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    (own.dev(), own.ino()) != (there.dev(), there.ino())
}

fn read(file: &mut File, part: &mut [u8]) -> Result<usize, CaptureError> {
    loop {
        match file.read(part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map_err(CaptureError::Io),
        }
    }
}

/// Prints lines as a page or as JSON.
struct Printer<'a> {
    console: &'a Console,
    options: TranscriptOptions,
    /// The page, and whether its heading was printed; nothing for JSON.
    page: Option<(Page, bool)>,
    /// The first line of JSON, until it was printed.
    beginning: Option<Record>,
}

impl<'a> Printer<'a> {
    fn new(console: &'a Console, options: &Options, told: TranscriptOptions) -> Self {
        let file = options.file.display().to_string();
        let beginning = options.json.then_some(Record::Capture { schema: Record::SCHEMA, file });
        let page = (!options.json).then(|| (Page::new(told.redact), false));
        Self { console, options: told, page, beginning }
    }

    fn print(&mut self, tales: Vec<Tale>) {
        let mut text = String::new();
        for tale in tales {
            self.put(tale, &mut text);
        }
        if !text.is_empty() {
            self.console.print(&text);
        }
    }

    fn put(&mut self, tale: Tale, text: &mut String) {
        match (&mut self.page, tale) {
            (None, tale) => {
                let records = self.beginning.take().into_iter().chain([Record::of(tale, &self.options)]);
                records.for_each(|record| push_json(&record, text));
            }
            (Some(_), Tale::Lane(_)) => {}
            (Some((page, is_begun)), Tale::Told(told)) => {
                if !std::mem::replace(is_begun, true) {
                    text.push_str(&page.heading());
                    text.push('\n');
                }
                page.put(&told.line, text);
                text.push('\n');
            }
        }
    }

    /// The last line.
    fn end(&mut self, record: Record) {
        let mut text = String::new();
        match &self.page {
            Some((page, false)) => text = page.heading() + "\n",
            Some(_) => {}
            None => {
                let records = self.beginning.take().into_iter().chain([record]);
                records.for_each(|record| push_json(&record, &mut text));
            }
        }
        self.console.print(&text);
    }
}

fn push_json(record: &Record, text: &mut String) {
    // Texts, numbers and lists alone; there is nothing that JSON could not hold.
    text.push_str(&serde_json::to_string(record).unwrap_or_default());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_an_id_and_thirty_two_octets() {
        let hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

        let (id, octets) = key(&format!("sp-key-1={hex}")).unwrap();

        assert_eq!((id.as_str(), octets[0], octets[31]), ("sp-key-1", 0xD7, 0x1A));
        for (text, words) in [
            ("sp-key-1", "no `=`"),
            ("sp-key-1=d75a", "2 octets, not 32"),
            ("sp-key-1=d75", "not hexadecimal"),
            ("sp-key-1=zz", "not hexadecimal"),
        ] {
            assert!(key(text).unwrap_err().contains(words), "{text}");
        }
    }
}
