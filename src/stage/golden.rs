//! Comparison of a scenario's traffic with its golden recording.
//!
//! Both are told as redacted transcripts, which name volatile fields instead of showing them, and are compared lane by
//! lane: the order inside a lane counts, the order between lanes does not.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::capture::recording::STEP_COMMENT;
use crate::capture::{
    Departure, Frame, OrderRule, Packet, Recording, Shown, Sight, Timeline, Transcript, TranscriptOptions, compare,
    pcapng,
};
use crate::findings::{CheckResult, Verdict};
use crate::judge::{Outcome, ROLL_CALL};
use crate::wire::syncml::{Command, Message};

use super::{Lab, Question, Stage, StageError};

/// The check's id.
pub(super) const CHECK: &str = "traffic.golden";

/// How recordings are told for a comparison.
pub(super) const OPTIONS: TranscriptOptions = TranscriptOptions { redact: true, lanes: Shown::Sent };

/// How far order counts: exactly within a lane, not at all between lanes.
const ORDER: OrderRule = OrderRule::PerLane;

/// What of a recording is compared, as it would be stored as a golden one: without the harness's own campaigns.
pub fn golden_traffic(recording: &Recording) -> Recording {
    without_roll_calls(recording, &Timeline::of(recording))
}

/// Compares two recordings of [`golden_traffic`] by the rules of golden recordings.
///
/// # Errors
/// The first thing in which the live one departs.
pub fn compare_golden(golden: &Recording, live: &Recording) -> Result<(), Departure> {
    compare(&told(golden.clone()), &told(live.clone()), ORDER)
}

fn told(recording: Recording) -> Transcript {
    Transcript::of(&Timeline::of(&without_steps(recording)), &OPTIONS)
}

/// The question whether the traffic is that of a golden recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GoldenQuestion {
    /// The golden recording, by its path among all of them.
    pub recording: String,
    /// Whether every Device had answered, so that nothing of the traffic was still to come.
    pub settled: bool,
}

impl GoldenQuestion {
    /// Compares the traffic of a scenario with the octets of the golden recording, or says why there are none.
    pub fn judge(&self, golden: Result<Vec<u8>, String>, recording: &Recording, timeline: &Timeline) -> Outcome {
        self.compare(golden, &without_roll_calls(recording, timeline))
    }

    fn compare(&self, golden: Result<Vec<u8>, String>, live: &Recording) -> Outcome {
        let accepted = format!("the traffic of the golden recording {}", self.recording);
        let mut outcome = match golden {
            Ok(octets) => compare_with(&octets, live, accepted),
            Err(reason) => Outcome::inconclusive(format!("no golden recording can be read: {reason}"), accepted),
        };
        if outcome.verdict == Verdict::Fail && !self.settled {
            // Without every answer nothing says that the traffic is over.
            outcome.verdict = Verdict::Inconclusive;
        }
        outcome
    }
}

/// Why a vendor's traffic is compared with no golden recording.
const NO_GOLDEN_TRAFFIC: &str = "a golden recording tells the traffic of the reference where nothing is unusual, and the \
                                 profile leaves others free where the reference had to choose: the other sentences of the \
                                 scenario judge it";

impl Stage {
    /// The traffic so far is that of the golden recording.
    pub async fn match_golden(&mut self) -> Result<(), StageError> {
        let casting = &self.brief()?.casting;
        // In a lab of its own kind the reference says other spans, too.
        let is_usual = self.brief()?.lab == Lab::on(self.brief()?.lab.interface);
        if casting.device.is_foreign() || casting.provider.is_foreign() || !is_usual {
            self.open().await?;
            let question = GoldenQuestion { recording: self.golden_recording()?, settled: false };
            let outcome = Outcome::new(Verdict::NotApplicable, NO_GOLDEN_TRAFFIC, "");
            let result = CheckResult { asked: None, ..self.result_of(&Question::Golden(question), outcome)? };
            self.checks.push(result);
            return Ok(());
        }
        // A Device reports one thing after the other: when it has answered the roll call, its reports are over.
        self.roll_call().await?;
        let recorder = &self.running()?.recorder;
        let live = without_roll_calls(&recorder.recording(), &recorder.timeline());
        let question = GoldenQuestion { recording: self.golden_recording()?, settled: self.all_answered };
        let path = self.brief()?.captures.join(&question.recording);
        let outcome = question.compare(fs::read(&path).map_err(|error| error.to_string()), &live);
        let result = self.result_of(&Question::Golden(question), outcome)?;
        self.settle(result, &[])
    }

    /// The golden recording of this scenario, by its path among all of them.
    fn golden_recording(&self) -> Result<String, StageError> {
        let brief = self.brief()?;
        Ok(format!("{}/{}.pcapng", brief.feature.split('/').next().unwrap_or_default(), brief.slug))
    }
}

/// The recording without the harness's own campaigns: their packets, and the connections on which they were answered.
fn without_roll_calls(recording: &Recording, timeline: &Timeline) -> Recording {
    let mut sessions = BTreeSet::new();
    let mut dialogues = BTreeSet::new();
    for sighting in &timeline.sightings {
        match &sighting.what {
            Sight::Notification(notification) => {
                let signed = notification.announcement.as_ref().ok().map(|signed| &signed.announcement);
                let roll_call = signed.filter(|said| said.campaign.as_str().starts_with(ROLL_CALL));
                sessions.extend(roll_call.map(|said| said.delivery.tsi.get()));
            }
            Sight::Request { message, .. } if answers_roll_call(message) => {
                dialogues.insert((message.header.source.clone(), message.header.session_id.clone()));
            }
            _ => {}
        }
    }
    let belongs = |sight: &Sight| match sight {
        Sight::Notification(notification) => notification
            .announcement
            .as_ref()
            .is_ok_and(|signed| sessions.contains(&signed.announcement.delivery.tsi.get())),
        Sight::Fdt { tsi, .. } | Sight::Symbol { tsi, .. } | Sight::CloseSession { tsi } => sessions.contains(tsi),
        _ => false,
    };
    let is_dialogue =
        |message: &Message| dialogues.contains(&(message.header.source.clone(), message.header.session_id.clone()));
    let connections: BTreeSet<usize> = timeline
        .sightings
        .iter()
        .filter_map(|sighting| match &sighting.what {
            Sight::Request { connection, message, .. } if is_dialogue(message) => Some(*connection),
            _ => None,
        })
        .collect();
    // By both ends: the same port may serve for datagrams, or for a connection with somebody else.
    let ends: BTreeSet<(SocketAddr, SocketAddr)> = timeline
        .sightings
        .iter()
        .filter_map(|sighting| match &sighting.what {
            Sight::ConnectionOpened { connection, client, server } if connections.contains(connection) => {
                Some((*client, *server))
            }
            _ => None,
        })
        .collect();
    let packets: BTreeSet<usize> =
        timeline.sightings.iter().filter(|sighting| belongs(&sighting.what)).map(|sighting| sighting.frame).collect();
    let is_kept = |(number, frame): &(usize, &Frame)| {
        let is_answer = match &frame.packet {
            Packet::Segment { source, destination, .. } => {
                ends.contains(&(*source, *destination)) || ends.contains(&(*destination, *source))
            }
            Packet::Datagram { .. } => false,
        };
        !packets.contains(number) && !is_answer
    };
    let frames = recording.numbered().filter(is_kept).map(|(_, frame)| frame.clone()).collect();
    Recording { frames, ..recording.clone() }
}

fn answers_roll_call(message: &Message) -> bool {
    message.body.iter().any(|command| match command {
        Command::Alert(alert) => alert.correlator.as_deref().is_some_and(|campaign| campaign.starts_with(ROLL_CALL)),
        _ => false,
    })
}

/// The recording without the marks of Gherkin steps: on which packet a mark stands is chance, and no traffic.
fn without_steps(mut recording: Recording) -> Recording {
    for frame in &mut recording.frames {
        frame.comments.retain(|comment| !comment.starts_with(STEP_COMMENT));
    }
    recording
}

fn compare_with(golden: &[u8], live: &Recording, accepted: String) -> Outcome {
    let golden = match pcapng::read(golden) {
        Ok(recording) => recording,
        Err(error) => return Outcome::inconclusive(format!("the golden recording is damaged: {error}"), accepted),
    };
    let (golden, live) = (told(golden), told(live.clone()));
    match compare(&golden, &live, ORDER) {
        Ok(()) => Outcome::pass(format!("{} lines alike", live.lines.len())),
        Err(departure) => Outcome::fail(departure.to_string(), accepted),
    }
}
