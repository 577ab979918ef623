//! The commands that look at something: list, doctor, phrases.

use crate::certify::{list_json, list_table, phrasebook_markdown};
use crate::findings::{ExitCode, Verdict, printable};
use crate::net::doctor;
use crate::steps::phrasebook::{PHRASES, Phrase};

use super::certify::load;
use super::console::Console;
use super::{Doctor, Failure, List, Phrases};

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
