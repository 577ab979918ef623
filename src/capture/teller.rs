//! The teller: sighting after sighting, it says what was seen.
//!
//! Lines are given away when nothing can change them any more: symbols in a row are one line, which grows. A teller that is
//! asked for settled lines holds at most 4,096 of them.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::broadcast_words::{self, Objects, SymbolRun};
use super::cast::Cast;
use super::conversation::Side;
use super::dm_words;
use super::facts::{self, Fact};
use super::keys::Keys;
use super::recording::{AIR_COMMENT, INTERACTION_LANE, LaneId, PROVIDER_LANE, STEP_COMMENT, SkippedPacket};
use super::redaction::{Redaction, first_octets, shortened};
use super::sight::{Sight, Sighting};
use super::tcp::{ENDED, Ending};
use super::timeline::{OTHER_HTTP, PACKAGE0, PUSH, REMEMBERED, UNKNOWN};
use super::transcript::{Line, Shown, TranscriptOptions};

use crate::spec::{Timestamp, into_one_line, one_line};

/// Characters of a name that came over the wire at most.
const NAME: usize = 60;

/// Lines that wait for the end of a run of symbols at most.
const WAITING: usize = 4096;

/// The lane of lines that mark a Gherkin step.
const STEPS: &str = "steps";

/// A line with what it says in data.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The words.
    pub line: Line,
    /// When the packet was taken.
    pub time: Timestamp,
    /// The data; nothing where words alone were asked for.
    pub fact: Option<Fact>,
}

/// Says what was seen.
pub(super) struct Teller {
    options: TranscriptOptions,
    redaction: Redaction,
    keys: Keys,
    /// Whether lines name the FLUTE session.
    pub(super) name_sessions: bool,
    /// Whether lines say in data, too, what they say.
    pub(super) has_facts: bool,
    pub(super) cast: Cast,
    lines: VecDeque<Told>,
    /// Lines that were given away.
    gone: usize,
    objects: Objects,
    /// The run of symbols that each lane's last line tells, and that line; its words are found when the run is over.
    runs: HashMap<LaneId, (SymbolRun, usize)>,
    /// Who is at the two ends of a connection.
    ends: BTreeMap<usize, (String, String)>,
    /// Connections that are over, the latest last; late octets may still be told of them.
    over: VecDeque<usize>,
    /// The time of the last sighting.
    last: Timestamp,
}

impl Teller {
    /// A teller that names sessions and gives facts.
    pub(super) fn new(options: TranscriptOptions, keys: Keys) -> Self {
        Self {
            options,
            redaction: Redaction(options.redact),
            keys,
            name_sessions: true,
            has_facts: true,
            cast: Cast::default(),
            lines: VecDeque::new(),
            gone: 0,
            objects: Objects::default(),
            runs: HashMap::new(),
            ends: BTreeMap::new(),
            over: VecDeque::new(),
            last: Timestamp::default(),
        }
    }

    /// The lines that nothing changes any more.
    pub(super) fn settled(&mut self) -> impl Iterator<Item = Told> {
        if self.lines.len() > WAITING {
            self.end_runs();
        }
        let open = self.runs.values().map(|(_, index)| *index).min();
        let count = open.map_or(self.lines.len(), |index| index - self.gone);
        self.gone += count;
        self.lines.drain(..count)
    }

    /// Every line so far; a run of symbols goes on in another line.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Told> {
        self.end_runs();
        self.settled()
    }

    /// Says that a packet was not read.
    pub(super) fn unread(&mut self, packet: &SkippedPacket) {
        let at = self.last;
        let line = Line {
            at: at.since(self.cast.started.unwrap_or(at)),
            frame: packet.number,
            lane: UNREAD.into(),
            actor: format!("packet {}", packet.number),
            text: format!("was not read: {}", one_line(&packet.reason)),
            marks: Vec::new(),
        };
        let fact = self.has_facts.then(|| Fact::Unread { reason: one_line(&packet.reason), is_loss: packet.is_loss });
        self.lines.push_back(Told { line, time: at, fact });
    }

    /// Says what was seen.
    pub(super) fn take(&mut self, sighting: &Sighting) {
        self.last = sighting.at;
        let (steps, others): (Vec<&String>, Vec<&String>) =
            sighting.comments.iter().partition(|comment| comment.starts_with(STEP_COMMENT));
        for step in steps {
            self.end_runs();
            let text = step.strip_prefix(STEP_COMMENT).unwrap_or(step).to_owned();
            self.line(sighting, (STEPS.into(), String::new()), text, Vec::new(), |_| Fact::Step);
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
        self.write_run(sighting.lane);
        self.runs.remove(&sighting.lane);
        let text = self.text(sighting);
        self.line(sighting, self.actor(sighting), text, marks, |teller| {
            facts::of(&sighting.what, &teller.keys, teller.redaction)
        });
    }

    /// Takes in what later lines need to know.
    fn learn(&mut self, sighting: &Sighting) {
        match &sighting.what {
            Sight::Fdt { tsi, fdt, .. } => {
                // What came before is told by what was known then.
                self.write_run(sighting.lane);
                self.objects.learn(sighting.lane, *tsi, fdt);
            }
            Sight::Request { connection, message, .. } => {
                let name = shortened(self.cast.name_of(&message.header.source), NAME);
                self.ends.insert(*connection, (name, PROVIDER_LANE.into()));
            }
            Sight::ConnectionOpened { connection, client, server } => {
                let server = match self.cast.has_provider {
                    true => PROVIDER_LANE.to_owned(),
                    false => self.redaction.authority(&server.to_string()),
                };
                let client = self.redaction.authority(&client.to_string());
                self.ends.entry(*connection).or_insert_with(|| (client, server));
            }
            Sight::ConnectionClosed { connection, client, .. } => {
                let client = self.redaction.authority(&client.to_string());
                self.ends.entry(*connection).or_insert_with(|| (client, PROVIDER_LANE.into()));
                self.over.push_back(*connection);
            }
            _ => {}
        }
        while self.over.len() > ENDED
            && let Some(connection) = self.over.pop_front()
        {
            self.ends.remove(&connection);
        }
        while self.ends.len() > REMEMBERED {
            self.ends.pop_first();
        }
    }

    fn is_told(&self, sighting: &Sighting, marked: bool) -> bool {
        let lane = self.cast.lane(sighting.lane);
        match &sighting.what {
            Sight::Malformed { .. } | Sight::HttpFailure { .. } => true,
            // A step has a line of its own; a frame that carries nothing else has nothing to tell.
            Sight::Remark | Sight::ConnectionOpened { .. } => marked,
            Sight::ConnectionClosed { how: Ending::Closed(_), .. } => marked,
            Sight::Request { .. } | Sight::Response { .. } | Sight::ConnectionClosed { .. } => true,
            // What the relay did to one Device is told although the rest of its lane is not.
            _ => {
                marked
                    || self.options.lanes == Shown::All
                    || !self.cast.has_provider
                    || lane == PROVIDER_LANE
                    || lane == INTERACTION_LANE
            }
        }
    }

    fn symbols(&mut self, sighting: &Sighting, run: SymbolRun, marks: Vec<String>) {
        if let Some((known, index)) = self.runs.get_mut(&sighting.lane)
            && known.goes_on_with(&run)
        {
            *known = SymbolRun { first: known.first, ..run };
            if let Some(told) = self.lines.get_mut(*index - self.gone) {
                told.line.marks.extend(marks);
            }
            return;
        }
        self.write_run(sighting.lane);
        self.runs.insert(sighting.lane, (run, self.gone + self.lines.len()));
        self.line(sighting, self.actor(sighting), String::new(), marks, |_| Fact::Remark);
    }

    /// Puts into its line what the run of a lane says so far.
    fn write_run(&mut self, lane: LaneId) {
        let Some((run, index)) = self.runs.get(&lane) else { return };
        let text = run.words(lane, &self.objects, &self.session(run.tsi));
        if let Some(told) = self.lines.get_mut(*index - self.gone) {
            told.line.text = text;
            told.fact = self.has_facts.then(|| facts::of_symbols(run));
        }
    }

    /// Ends the runs of all lanes: what goes on stands in another line.
    fn end_runs(&mut self) {
        let lanes: Vec<LaneId> = self.runs.keys().copied().collect();
        lanes.into_iter().for_each(|lane| self.write_run(lane));
        self.runs.clear();
    }

    fn line(
        &mut self,
        sighting: &Sighting,
        (lane, actor): (String, String),
        text: String,
        marks: Vec<String>,
        fact: impl FnOnce(&Self) -> Fact,
    ) {
        let at = sighting.at.since(self.cast.started.unwrap_or(sighting.at));
        // Steps and names of lanes come from comments and interfaces of a file, which anybody may have written.
        let (lane, actor, text) = (into_one_line(lane), into_one_line(actor), into_one_line(text));
        let line = Line { at, frame: sighting.frame, lane, actor, text, marks };
        let fact = self.has_facts.then(|| fact(self));
        self.lines.push_back(Told { line, time: sighting.at, fact });
    }

    fn session(&self, tsi: u64) -> String {
        if self.name_sessions { format!("TSI {tsi} ") } else { String::new() }
    }

    /// The lane within which the line keeps its order, and who is said to act.
    fn actor(&self, sighting: &Sighting) -> (String, String) {
        let lane = self.cast.lane(sighting.lane);
        let arrow = if lane == PROVIDER_LANE { '▶' } else { '◀' };
        let broadcast = |channel: char| (lane.to_owned(), format!("{lane} {arrow} {channel}"));
        match &sighting.what {
            Sight::Notification(_) => broadcast('N'),
            Sight::Malformed { protocol: PUSH | PACKAGE0, connection: None, .. } => broadcast('N'),
            Sight::Malformed { protocol: UNKNOWN, .. } => broadcast('?'),
            Sight::Fdt { .. }
            | Sight::Symbol { .. }
            | Sight::Command { .. }
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
        let known = self.ends.get(&connection);
        let (client, server) =
            known.map_or(("a client", PROVIDER_LANE), |(client, server)| (client.as_str(), server.as_str()));
        let actor = match from {
            Side::Client => format!("{client} → {server}"),
            Side::Server => format!("{server} → {client}"),
        };
        (format!("{INTERACTION_LANE} of {client}"), actor)
    }

    fn text(&self, sighting: &Sighting) -> String {
        let redaction = self.redaction;
        match &sighting.what {
            Sight::Notification(seen) => broadcast_words::notification(seen, &self.keys, redaction),
            Sight::Fdt { tsi, instance, version, fdt, close_session } => {
                let text = broadcast_words::table(*tsi, *instance, *version, fdt, sighting.at, redaction);
                text + if *close_session { " · close session" } else { "" }
            }
            Sight::Command { toi, octets, is_announced, message, .. } => {
                let digest = if *is_announced { "as announced" } else { "not of the announced digest" };
                let words = match message {
                    Ok(message) => dm_words::message(message, redaction),
                    Err(error) => format!("malformed: {}", shortened(&error.to_string(), 200)),
                };
                let session = self.session(sighting.what.session().unwrap_or_default());
                format!("{session}TOI {toi} is the Command, {octets} octets {digest} · {words}")
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
            Sight::HttpFailure { reason, .. } => format!("not read as HTTP: {}", shortened(reason, 200)),
            Sight::ConnectionOpened { .. } => "connection opened".into(),
            Sight::ConnectionClosed { how, .. } => match how {
                Ending::Closed(_) => "connection closed".into(),
                Ending::Reset(_) => "connection reset".into(),
                Ending::Refused => "connection refused".into(),
            },
            Sight::Malformed { protocol, fault, octets, .. } => {
                let shown = match octets.is_empty() {
                    true => String::new(),
                    false => format!(" {}", redaction.field("octets", first_octets(octets))),
                };
                let lead = if matches!(*protocol, UNKNOWN | OTHER_HTTP) { "" } else { "malformed " };
                format!("{lead}{protocol}, {} octets{shown}: {}", octets.len(), shortened(&fault.to_string(), 200))
            }
            // Nothing but its marks.
            Sight::Symbol { .. } | Sight::Remark => String::new(),
        }
    }
}

/// The lane of lines about packets that were not read.
const UNREAD: &str = "packets";

fn run_of(sight: &Sight) -> Option<SymbolRun> {
    match *sight {
        Sight::Symbol { tsi, toi, sbn, esi, close_object, close_session, .. } => {
            Some(SymbolRun { tsi, toi, sbn, first: esi, last: esi, close_object, close_session })
        }
        _ => None,
    }
}
