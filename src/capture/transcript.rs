//! The transcript: a timeline in words, one line for each thing that was seen.
//!
//! The same words serve a failure message, a committed golden transcript and a snapshot. With
//! [`TranscriptOptions::redact`] two runs of one scenario give the same text. Connections that open and close in order are
//! not told, and what Devices received only on request: it repeats what the provider sent. Malformed octets are always
//! told, on every lane.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use super::broadcast_words::{self, Objects, SymbolRun};
use super::conversation::Side;
use super::dm_words;
use super::recording::{AIR_COMMENT, INTERACTION_LANE, LaneId, PROVIDER_LANE, STEP_COMMENT};
use super::redaction::{Redaction, first_octets, shortened};
use super::sight::{Sight, Sighting};
use super::tcp::Ending;
use super::timeline::{OTHER_HTTP, PACKAGE0, PUSH, Timeline, UNKNOWN};
use crate::spec::one_line;

/// Columns of a page.
const WIDTH: usize = 118;

/// Columns of the actor at least.
const ACTOR: usize = 16;

/// Characters of a name that came over the wire at most.
const NAME: usize = 60;

/// What a transcript shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TranscriptOptions {
    /// Names fields that differ from run to run, such as `<t+ms>` or `<nonce>`, instead of showing them.
    pub redact: bool,
    /// Which lanes are told.
    pub lanes: Shown,
}

/// Which lanes a transcript tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Shown {
    /// What the provider sent and what passed on the interaction channel; in a capture without a provider's lane, all.
    #[default]
    Sent,
    /// What each Device received, too.
    All,
}

/// A timeline in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The lines in the order of the recording.
    pub lines: Vec<Line>,
    /// Whether volatile fields are named instead of shown.
    pub redacted: bool,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Time since the first frame.
    pub at: Duration,
    /// The number of the frame, the first one of a run of symbols.
    pub frame: usize,
    /// Within what the line keeps its order: the lane, or on the interaction channel one Device's part of it.
    pub lane: String,
    /// Who, on which channel: `provider ▶ N`, `D10 → provider`. Empty for a step.
    pub actor: String,
    /// What was said; for a step its text.
    pub text: String,
    /// The relay's decisions and other comments.
    pub marks: Vec<String>,
}

/// The lane of lines that mark a Gherkin step.
const STEPS: &str = "steps";

impl Transcript {
    /// The transcript of `timeline`.
    pub fn of(timeline: &Timeline, options: &TranscriptOptions) -> Self {
        let mut writer = Writer::new(timeline, *options);
        for sighting in &timeline.sightings {
            writer.take(sighting);
        }
        Self { lines: writer.lines, redacted: options.redact }
    }
}

impl Line {
    /// Whether the line marks a Gherkin step.
    pub fn is_step(&self) -> bool {
        self.actor.is_empty()
    }

    /// Whether both lines say the same, whenever they say it.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.lane, &self.actor, &self.text, &self.marks) == (&other.lane, &other.actor, &other.text, &other.marks)
    }
}

struct Writer<'a> {
    timeline: &'a Timeline,
    redaction: Redaction,
    /// Whether the lanes of receivers are told.
    receivers: bool,
    /// Whether lines name the FLUTE session, because there are several.
    name_sessions: bool,
    lines: Vec<Line>,
    objects: Objects,
    /// The run of symbols that each lane's last line tells, and that line.
    runs: HashMap<LaneId, (SymbolRun, usize)>,
    /// Who is at the client's end of a connection.
    clients: HashMap<usize, String>,
}

impl<'a> Writer<'a> {
    fn new(timeline: &'a Timeline, options: TranscriptOptions) -> Self {
        let sessions: HashSet<u64> =
            timeline.sightings.iter().filter_map(|sighting| session_of(&sighting.what)).collect();
        Self {
            timeline,
            redaction: Redaction(options.redact),
            receivers: options.lanes == Shown::All || timeline.lane(PROVIDER_LANE).is_none(),
            name_sessions: sessions.len() > 1,
            lines: Vec::new(),
            objects: Objects::default(),
            runs: HashMap::new(),
            clients: HashMap::new(),
        }
    }

    fn take(&mut self, sighting: &Sighting) {
        let (steps, others): (Vec<&String>, Vec<&String>) =
            sighting.comments.iter().partition(|comment| comment.starts_with(STEP_COMMENT));
        for step in steps {
            self.runs.clear();
            let text = step.strip_prefix(STEP_COMMENT).unwrap_or(step).to_owned();
            self.line(sighting, STEPS.into(), String::new(), text, Vec::new());
        }
        let marks = others.into_iter().map(|comment| match comment.strip_prefix(AIR_COMMENT) {
            Some(decision) => one_line(&format!("⨯ air {decision}")),
            None => one_line(&format!("({comment})")),
        });
        let marks: Vec<String> = marks.collect();
        self.learn(sighting);
        if !self.is_told(sighting, !marks.is_empty()) {
            return;
        }
        if let Some(run) = run_of(&sighting.what) {
            return self.symbols(sighting, run, marks);
        }
        self.runs.remove(&sighting.lane);
        let (lane, actor) = self.actor(sighting);
        let text = self.text(sighting);
        self.line(sighting, lane, actor, text, marks);
    }

    /// Takes in what later lines need to know.
    fn learn(&mut self, sighting: &Sighting) {
        match &sighting.what {
            Sight::Fdt { tsi, fdt, .. } => self.objects.learn(sighting.lane, *tsi, fdt),
            Sight::Request { connection, message, .. } => {
                let name = shortened(self.timeline.name_of(&message.header.source), NAME);
                self.clients.insert(*connection, name);
            }
            Sight::ConnectionOpened { connection, client, .. } | Sight::ConnectionClosed { connection, client, .. } => {
                let address = || self.redaction.authority(&client.to_string());
                self.clients.entry(*connection).or_insert_with(address);
            }
            _ => {}
        }
    }

    fn is_told(&self, sighting: &Sighting, marked: bool) -> bool {
        let lane = self.lane_name(sighting.lane);
        match &sighting.what {
            Sight::Malformed { .. } | Sight::HttpFailure { .. } => true,
            // A step has a line of its own; a frame that carries nothing else has nothing to tell.
            Sight::Remark | Sight::ConnectionOpened { .. } => marked,
            Sight::ConnectionClosed { how: Ending::Closed(_), .. } => marked,
            Sight::Request { .. } | Sight::Response { .. } | Sight::ConnectionClosed { .. } => true,
            // What the relay did to one Device is told although the rest of its lane is not.
            _ => marked || self.receivers || lane == PROVIDER_LANE || lane == INTERACTION_LANE,
        }
    }

    fn symbols(&mut self, sighting: &Sighting, run: SymbolRun, marks: Vec<String>) {
        if let Some((known, index)) = self.runs.get_mut(&sighting.lane)
            && known.goes_on_with(&run)
        {
            *known = SymbolRun { first: known.first, ..run };
            let (text, index) = (known.clone(), *index);
            self.lines[index].text = text.words(sighting.lane, &self.objects, &self.session(text.tsi));
            self.lines[index].marks.extend(marks);
            return;
        }
        let text = run.words(sighting.lane, &self.objects, &self.session(run.tsi));
        self.runs.insert(sighting.lane, (run, self.lines.len()));
        let (lane, actor) = self.actor(sighting);
        self.line(sighting, lane, actor, text, marks);
    }

    fn line(&mut self, sighting: &Sighting, lane: String, actor: String, text: String, marks: Vec<String>) {
        let at = sighting.at.since(self.timeline.started.unwrap_or(sighting.at));
        // Steps and names of lanes come from comments and interfaces of a file, which anybody may have written.
        let (lane, actor, text) = (one_line(&lane), one_line(&actor), one_line(&text));
        self.lines.push(Line { at, frame: sighting.frame, lane, actor, text, marks });
    }

    fn session(&self, tsi: u64) -> String {
        if self.name_sessions { format!("TSI {tsi} ") } else { String::new() }
    }

    fn lane_name(&self, lane: LaneId) -> &'a str {
        self.timeline.lanes.get(lane.0 as usize).map_or("unknown lane", |lane| &lane.name)
    }

    /// The lane within which the line keeps its order, and who is said to act.
    fn actor(&self, sighting: &Sighting) -> (String, String) {
        let lane = self.lane_name(sighting.lane);
        let arrow = if lane == PROVIDER_LANE { '▶' } else { '◀' };
        let broadcast = |channel: char| (lane.to_owned(), format!("{lane} {arrow} {channel}"));
        match &sighting.what {
            Sight::Notification(_) => broadcast('N'),
            Sight::Malformed { protocol: PUSH | PACKAGE0, connection: None, .. } => broadcast('N'),
            Sight::Malformed { protocol: UNKNOWN, .. } => broadcast('?'),
            Sight::Fdt { .. }
            | Sight::Symbol { .. }
            | Sight::CloseSession { .. }
            | Sight::Bare { .. }
            | Sight::Malformed { connection: None, .. } => broadcast('D'),
            Sight::Remark => (lane.to_owned(), lane.to_owned()),
            Sight::Request { connection, .. } | Sight::ConnectionOpened { connection, .. } => {
                self.talk(*connection, Side::Client)
            }
            Sight::Response { connection, .. } => self.talk(*connection, Side::Server),
            Sight::HttpFailure { connection, from, .. } => self.talk(*connection, *from),
            Sight::Malformed { connection: Some((connection, from)), .. } => self.talk(*connection, *from),
            Sight::ConnectionClosed { connection, how, .. } => match how {
                Ending::Closed(by) | Ending::Reset(by) => self.talk(*connection, *by),
                Ending::Refused => self.talk(*connection, Side::Server),
            },
        }
    }

    fn talk(&self, connection: usize, from: Side) -> (String, String) {
        let client = self.clients.get(&connection).map_or("a client", String::as_str);
        let actor = match from {
            Side::Client => format!("{client} → {PROVIDER_LANE}"),
            Side::Server => format!("{PROVIDER_LANE} → {client}"),
        };
        (format!("{INTERACTION_LANE} of {client}"), actor)
    }

    fn text(&self, sighting: &Sighting) -> String {
        let redaction = self.redaction;
        match &sighting.what {
            Sight::Notification(seen) => broadcast_words::notification(seen, redaction),
            Sight::Fdt { tsi, instance, version, fdt, close_session } => {
                let text = broadcast_words::table(*tsi, *instance, *version, fdt, sighting.at, redaction);
                text + if *close_session { " · close session" } else { "" }
            }
            Sight::CloseSession { tsi } => format!("{}close session", self.session(*tsi)),
            Sight::Bare { tsi, toi, close_object } => {
                let object = toi.map(|toi| format!("TOI {toi} ")).unwrap_or_default();
                let last = if *close_object { " · last of object" } else { "" };
                format!("{}{object}without data{last}", self.session(*tsi))
            }
            Sight::Request { message, .. } => dm_words::message(message, redaction),
            Sight::Response { http_status, message, .. } => match (message, http_status) {
                (Some(message), 200) => dm_words::message(message, redaction),
                (Some(message), status) => format!("HTTP {status} · {}", dm_words::message(message, redaction)),
                (None, status) => format!("HTTP {status} without a message"),
            },
            Sight::HttpFailure { reason, .. } => format!("not HTTP: {}", shortened(reason, 200)),
            Sight::ConnectionOpened { .. } => "connection opened".into(),
            Sight::ConnectionClosed { how, .. } => match how {
                Ending::Closed(_) => "connection closed".into(),
                Ending::Reset(_) => "connection reset".into(),
                Ending::Refused => "connection refused".into(),
            },
            Sight::Malformed { protocol, fault, octets, .. } => {
                let shown = redaction.field("octets", first_octets(octets));
                let fault = shortened(&fault.to_string(), 200);
                match *protocol {
                    UNKNOWN | OTHER_HTTP => format!("{protocol}, {} octets {shown}: {fault}", octets.len()),
                    _ => format!("malformed {protocol}, {} octets {shown}: {fault}", octets.len()),
                }
            }
            // Nothing but its marks.
            Sight::Symbol { .. } | Sight::Remark => String::new(),
        }
    }
}

fn session_of(sight: &Sight) -> Option<u64> {
    match sight {
        Sight::Fdt { tsi, .. } | Sight::Symbol { tsi, .. } | Sight::CloseSession { tsi } | Sight::Bare { tsi, .. } => {
            Some(*tsi)
        }
        _ => None,
    }
}

fn run_of(sight: &Sight) -> Option<SymbolRun> {
    match *sight {
        Sight::Symbol { tsi, toi, sbn, esi, close_object, close_session, .. } => {
            Some(SymbolRun { tsi, toi, sbn, first: esi, last: esi, close_object, close_session })
        }
        _ => None,
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redaction = Redaction(self.redacted);
        let actors = self.lines.iter().map(|line| line.actor.chars().count()).max().unwrap_or(0).max(ACTOR);
        writeln!(f, "{:>6}  {:<actors$}  message", "+ms", "actor")?;
        for line in &self.lines {
            if line.is_step() {
                let rule = WIDTH.saturating_sub(8 + line.text.chars().count()).max(3);
                writeln!(f, "────── {} {}", line.text, "─".repeat(rule))?;
                continue;
            }
            let indent = 6 + 2 + actors + 2;
            let text = wrapped(&line.text, &line.marks, WIDTH.saturating_sub(indent).max(40), indent);
            writeln!(f, "{:>6}  {:<actors$}  {text}", redaction.offset(line.at), line.actor)?;
        }
        Ok(())
    }
}

/// `text` in rows of `width` columns, the marks behind it; a word longer than a row has a row of its own.
fn wrapped(text: &str, marks: &[String], width: usize, indent: usize) -> String {
    let mut page = String::new();
    let mut used = 0;
    let words = text.split(' ').filter(|word| !word.is_empty()).map(|word| (word, 1));
    for (word, gap) in words.chain(marks.iter().map(|mark| (mark.as_str(), 3))) {
        let length = word.chars().count();
        if used > 0 && used + gap + length > width {
            page.push('\n');
            page.push_str(&" ".repeat(indent));
            used = 0;
        } else if used > 0 {
            page.push_str(&" ".repeat(gap));
            used += gap;
        }
        page.push_str(word);
        used += length;
    }
    page
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
