//! The commands that look at something: list, transcript, doctor, phrases.

use std::fs::File;
use std::io::BufReader;

use crate::capture::{CaptureError, Shown, Timeline, Transcript, TranscriptOptions, pcapng};
use crate::certify::{list_json, list_table, phrasebook_markdown};
use crate::findings::{ExitCode, Verdict, printable};
use crate::net::doctor;
use crate::spec::one_line;
use crate::steps::phrasebook::{PHRASES, Phrase};

use super::certify::load;
use super::console::Console;
use super::{Doctor, Failure, List, Phrases, TranscriptOf};

pub(super) fn list(console: &Console, options: &List) -> Result<ExitCode, Failure> {
    let (suite, selection) = load(&options.choice)?;
    let examples = selection.select(&suite.examples);
    if examples.is_empty() {
        return Err(Failure::nothing_selected(&suite, &selection));
    }
    let text = match options.json {
        true => list_json(&examples).map_err(|error| Failure::of(&error))?,
        false => printable(&list_table(&examples)),
    };
    console.line(text.trim_end());
    Ok(ExitCode::Conformant)
}

pub(super) fn transcript(console: &Console, options: &TranscriptOf) -> Result<ExitCode, Failure> {
    let file = File::open(&options.file)
        .map_err(|error| Failure::usage(format!("open `{}`: {error}", options.file.display())))
        .map_err(|failure| failure.hint("recordings are in reports/runs/*/captures/ and in captures/"))?;
    let (recording, broken) = match pcapng::read(BufReader::new(file)) {
        Ok(recording) => (recording, None),
        Err(CaptureError::Broken { packets, offset, reason, partial }) => {
            let words = format!(
                "`{}` breaks off after {packets} packet(s), at octet {offset}: {reason}",
                options.file.display()
            );
            (*partial, Some(words))
        }
        Err(error) => {
            let failure = Failure::usage(format!("`{}`: {}", options.file.display(), Failure::of(&error).message));
            return Err(failure.hint(match error {
                CaptureError::TooLarge { .. } => {
                    "take a part of it, for instance with `editcap -r FILE PART 1-100000`, which comes with Wireshark"
                }
                _ => "recordings are in reports/runs/*/captures/ and in captures/",
            }));
        }
    };
    let lanes = if options.all { Shown::All } else { Shown::Sent };
    let told = TranscriptOptions { redact: options.redact, lanes };
    console.print(&Transcript::of(&Timeline::of(&recording), &told).to_string());
    for skipped in &recording.skipped {
        console.line(&format!("packet {} was not read: {}", skipped.number, one_line(&skipped.reason)));
    }
    let lost = recording.skipped.iter().filter(|skipped| skipped.is_loss).count();
    match broken {
        Some(words) => Err(Failure::usage(words).hint("what stands before the break was told")),
        None if lost > 0 => {
            let all = recording.frames.len() + recording.skipped.len();
            let words = format!("`{}`: {lost} of {all} packets could not be read", options.file.display());
            let failure = Failure { code: ExitCode::Inconclusive, ..Failure::usage(words) };
            Err(failure.hint("they are named below what was told, which lacks whatever they held"))
        }
        None => Ok(ExitCode::Conformant),
    }
}

pub(super) fn doctor(console: &Console, options: &Doctor) -> Result<ExitCode, Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
    let findings = runtime.block_on(doctor::examine(options.interface));
    for finding in &findings {
        let verdict = if finding.ok { Verdict::Pass } else { Verdict::Inconclusive };
        let mark = console.colour.paint(verdict, if finding.ok { "✔" } else { "!" });
        console.line(&format!("{mark} {:<26} {}", finding.topic, finding.observed));
        if let Some(advice) = &finding.advice {
            console.line(&format!("  {:<26} → {advice}", ""));
        }
    }
    // Scenarios need the family of their interface and no sources; a small buffer makes runs inconclusive at worst.
    let other_family = if options.interface.is_ipv4() { "IPv6" } else { "IPv4" };
    let is_needed =
        |topic: &str| !topic.contains(other_family) && !["source-specific join", "receive buffer"].contains(&topic);
    match findings.iter().any(|finding| !finding.ok && is_needed(finding.topic)) {
        false => Ok(ExitCode::Conformant),
        true => Ok(ExitCode::Inconclusive),
    }
}

pub(super) fn phrases(console: &Console, options: &Phrases) -> Result<ExitCode, Failure> {
    if options.markdown {
        console.print(&phrasebook_markdown());
        return Ok(ExitCode::Conformant);
    }
    let word = options.word.as_deref().unwrap_or_default().to_lowercase();
    let holds = |phrase: &&Phrase| {
        let texts = [phrase.sentence, phrase.example, phrase.meaning];
        texts.iter().any(|text| text.to_lowercase().contains(&word))
    };
    let found: Vec<&Phrase> = PHRASES.iter().filter(holds).collect();
    if found.is_empty() {
        return Err(Failure::usage(format!("no sentence holds `{word}`")).hint("`castproof phrases` lists them all"));
    }
    for phrase in found {
        console.line(&format!("{:<5} {}\n        {}", phrase.keyword, phrase.example, phrase.meaning));
    }
    Ok(ExitCode::Conformant)
}
