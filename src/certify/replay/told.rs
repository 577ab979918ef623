//! A replay in words for people, and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use super::{Replay, Replayed};
use crate::findings::{Authority, Colour, ExitCode, Verdict, failures_words};
use crate::spec::one_line;

/// The layout of what [`replay_json`] gives.
const LAYOUT: u32 = 1;

impl Replay {
    /// The code that a replay ends with: that of the run as it follows from the evidence. Where the evidence does not bear
    /// out what was stored, or not all of it, nothing is proved.
    pub fn exit_code(&self) -> ExitCode {
        let is_sound = self.differences.is_empty() && self.faults.is_empty() && self.unasked().next().is_none();
        match ExitCode::of(&self.again) {
            ExitCode::Conformant if !is_sound => ExitCode::Inconclusive,
            // A run that had no time for any scenario has no evidence.
            ExitCode::NothingSelected => ExitCode::Inconclusive,
            code => code,
        }
    }

    /// The checks that could not be asked again.
    pub fn unasked(&self) -> impl Iterator<Item = &Replayed> {
        self.checks.iter().filter(|replayed| replayed.again.is_err())
    }

    /// How many checks were asked again that rest on this.
    pub fn asked(&self, authority: Authority) -> usize {
        self.checks.iter().filter(|replayed| replayed.authority == authority && replayed.again.is_ok()).count()
    }

    /// The checks that rest on more than the wire: their ids, each with its authority and how often it was asked.
    pub fn beyond_the_wire(&self) -> BTreeMap<(&str, Authority), usize> {
        let mut all = BTreeMap::new();
        for replayed in self.checks.iter().filter(|replayed| replayed.authority != Authority::Wire) {
            *all.entry((replayed.check.as_str(), replayed.authority)).or_default() += 1;
        }
        all
    }
}

/// The replay for people: scenarios that are not green, what could not be asked, every difference, and what it rests on.
///
/// Ends with a line feed.
pub fn replay_words(replay: &Replay, colour: Colour) -> String {
    let mut text = String::new();
    let stored = &replay.stored;
    let _ = writeln!(
        text,
        "a run of castproof {} · profile {} · requirement set {} · seed {} · {}",
        one_line(&stored.castproof),
        stored.profile,
        one_line(&stored.requirement_set),
        stored.seed,
        one_line(&stored.subject)
    );
    let news = replay.again.scenarios.iter().filter(|scenario| scenario.verdict != Verdict::Pass);
    text.push_str(&failures_words(news, &replay.register, colour));
    section(&mut text, "recordings with a fault", replay.faults.iter().map(|(slug, fault)| format!("{slug}: {fault}")));
    let unasked = replay.unasked().filter_map(|replayed| {
        let reason = replayed.again.as_ref().err()?;
        Some(format!("check {} of scenario {}: {reason}", replayed.check, replayed.slug))
    });
    section(&mut text, "could not be asked again", unasked);
    let differences = replay.differences.iter().map(|found| {
        format!("{}: stored {}, by the evidence {}; {}", found.of, found.stored, found.again, found.because)
    });
    section(&mut text, "stored otherwise than the evidence says", differences);
    let beyond = replay.beyond_the_wire();
    let beyond = beyond.iter().map(|((check, authority), count)| {
        let rests = match authority {
            Authority::Kernel => "a fact of the kernel, as the run noted it",
            Authority::Claim => "the subject's own word, as the run noted it",
            Authority::File => "a file, as the run noted it",
            Authority::Wire => "the wire",
        };
        format!("{check}, {count} times: {rests}")
    });
    section(&mut text, "rests on more than the wire", beyond);
    let _ = writeln!(text, "\n{}", result_line(replay, colour));
    text
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n{title}");
    }
    for line in lines {
        let _ = writeln!(text, "  {}", one_line(&line));
    }
}

fn result_line(replay: &Replay, colour: Colour) -> String {
    let recordings = replay.stored.scenarios.iter().filter(|scenario| scenario.capture.is_some()).count();
    let mut parts = vec![
        format!("{recordings} recordings"),
        format!("{} checks asked again of the traffic alone", replay.asked(Authority::Wire)),
        format!(
            "{} standing ones held",
            replay.again.scenarios.iter().map(|found| found.standing.len()).sum::<usize>()
        ),
    ];
    let beside = [Authority::File, Authority::Kernel, Authority::Claim].into_iter().map(|one| replay.asked(one)).sum();
    let unasked = replay.unasked().count();
    let reworded = replay.checks.iter().filter(|replayed| replayed.is_reworded()).count();
    for (count, words) in
        [(beside, "of what was noted beside it"), (unasked, "not asked"), (reworded, "told otherwise")]
    {
        if count > 0_usize {
            parts.push(format!("{count} {words}"));
        }
    }
    parts.push(match replay.differences.len() {
        0 => "no verdict differs".to_owned(),
        1 => "1 DIFFERENCE".to_owned(),
        several => format!("{several} DIFFERENCES"),
    });
    let (verdict, word) = match replay.exit_code() {
        ExitCode::Conformant if replay.again.conformant => (Verdict::Pass, "CONFORMANT"),
        ExitCode::Conformant if replay.again.fails_as_expected() => (Verdict::NotApplicable, "FAILS AS EXPECTED"),
        ExitCode::StaleExpectation => (Verdict::Fail, "STALE EXPECTATION"),
        ExitCode::Conformant => (Verdict::Pass, "SELECTION PASSED"),
        ExitCode::NotConformant => (Verdict::Fail, "NOT CONFORMANT"),
        _ => (Verdict::Inconclusive, "INCONCLUSIVE"),
    };
    parts.push(colour.paint(verdict, word));
    parts.join(" · ")
}

/// The replay for machines.
///
/// # Errors
/// As serde_json.
pub fn replay_json(replay: &Replay) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Check<'a> {
        scenario: &'a str,
        check: &'a str,
        authority: Authority,
        stored: Verdict,
        #[serde(skip_serializing_if = "Option::is_none")]
        again: Option<Verdict>,
        observed: &'a str,
        accepted: &'a str,
        packet: Option<u64>,
        reworded: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        unasked: Option<&'a str>,
    }
    let checks = replay.checks.iter().map(|replayed| {
        let again = replayed.again.as_ref();
        let result = again.unwrap_or(&replayed.stored);
        Check {
            scenario: &replayed.slug,
            check: replayed.check.as_str(),
            authority: replayed.authority,
            stored: replayed.stored.verdict,
            again: again.ok().map(|again| again.verdict),
            observed: &result.observed,
            accepted: &result.accepted,
            packet: result.packet,
            reworded: replayed.is_reworded(),
            unasked: replayed.again.as_ref().err().map(String::as_str),
        }
    });
    let scenarios = replay.stored.scenarios.iter().zip(&replay.again.scenarios);
    let scenarios = scenarios.map(|(stored, again)| {
        json!({"scenario": stored.slug, "capture": stored.capture, "stored": stored.verdict, "again": again.verdict})
    });
    let faults = replay.faults.iter().map(|(slug, fault)| json!({"scenario": slug, "fault": fault}));
    let value = json!({
        "layout": LAYOUT,
        "source": replay.source,
        "castproof": replay.stored.castproof,
        "subject": replay.stored.subject,
        "exit_code": replay.exit_code().code(),
        "conformant": replay.again.conformant,
        "differences": replay.differences,
        "faults": faults.collect::<Vec<_>>(),
        "scenarios": scenarios.collect::<Vec<_>>(),
        "requirements": replay.again.requirements,
        "checks": checks.map(|check| json!(check)).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value)
}
