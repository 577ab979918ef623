//! What an adapter says, held against the recording: whether the wire shows something else.
//!
//! A claim that the wire does not speak of contradicts nothing. So each word here asks for a positive sign to the contrary.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Sight, Timeline};
use crate::judge::readings::reading;
use crate::judge::reports::reports_of;
use crate::wire::mo::ReportedResult;

/// Something that an adapter has said, by an event or in an answer. Devices have the names of the scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Word {
    /// The result of a campaign is known to a Device.
    Settled {
        /// The Device.
        device: String,
        /// The campaign.
        campaign: String,
        /// The result code.
        code: u16,
    },
    /// The End User of a Device is asked about a campaign.
    Prompted {
        /// The Device.
        device: String,
        /// The campaign.
        campaign: String,
    },
    /// The provider's record says that a Device reported a result.
    Recorded {
        /// The Device.
        device: String,
        /// The campaign.
        campaign: String,
        /// The result code.
        code: u16,
    },
    /// A node of a Device's management tree has this value, or there is no such node.
    Inside {
        /// The Device.
        device: String,
        /// The node.
        node: String,
        /// The value.
        value: Option<String>,
        /// The roll calls in whose sessions it answered for the node before it was asked, and after.
        fences: Vec<String>,
    },
    /// A campaign is on the air under this sequence number.
    Pushed {
        /// The campaign.
        campaign: String,
        /// The sequence number.
        sequence: u64,
    },
}

impl Word {
    /// The Device that it is about.
    fn device(&self) -> Option<&str> {
        match self {
            Self::Settled { device, .. } | Self::Prompted { device, .. } | Self::Recorded { device, .. } => {
                Some(device)
            }
            Self::Inside { device, .. } => Some(device),
            Self::Pushed { .. } => None,
        }
    }
}

/// Each of the words that the recording contradicts, with what it shows, in a sentence.
pub fn contradictions(words: &[Word], timeline: &Timeline) -> Vec<String> {
    // An adapter may say the same many thousand times.
    let mut heard = HashSet::new();
    let words: Vec<&Word> = words.iter().filter(|word| heard.insert(*word)).collect();
    let wire = Wire::of(&words, timeline);
    let mut once = BTreeSet::new();
    let said = words.into_iter().filter_map(|word| wire.contradicts(word));
    said.filter(|sentence| once.insert(sentence.clone())).collect()
}

/// Values of campaigns, by their names.
type Campaigns<T> = BTreeMap<String, BTreeSet<T>>;

/// What the recording shows of all that words are about: each lane is gone through once, however much was said of it.
struct Wire<'a> {
    timeline: &'a Timeline,
    /// The codes that each Device says a campaign came to.
    settled: BTreeMap<(&'a str, &'a str), BTreeSet<u16>>,
    /// The codes of firmware and software that each Device reported, none for settings.
    reported: BTreeMap<&'a str, Campaigns<u16>>,
    /// The sequence numbers under which campaigns were announced, by lane.
    announced: BTreeMap<&'a str, Campaigns<u64>>,
}

impl<'a> Wire<'a> {
    fn of(words: &[&'a Word], timeline: &'a Timeline) -> Self {
        let devices: BTreeSet<&str> = words.iter().filter_map(|word| word.device()).collect();
        let lanes = devices.iter().copied().chain([PROVIDER_LANE]);
        Self {
            timeline,
            settled: settled(words),
            reported: devices.iter().map(|device| (*device, reported(timeline, device))).collect(),
            announced: lanes.map(|lane| (lane, announced(timeline, lane))).collect(),
        }
    }
}

/// The codes that each Device says a campaign came to.
fn settled<'a>(words: &[&'a Word]) -> BTreeMap<(&'a str, &'a str), BTreeSet<u16>> {
    let mut settled: BTreeMap<(&str, &str), BTreeSet<u16>> = BTreeMap::new();
    for word in words {
        if let Word::Settled { device, campaign, code } = word {
            settled.entry((device, campaign)).or_default().insert(*code);
        }
    }
    settled
}

/// The codes of firmware and software that a Device reported about each campaign, none for settings.
fn reported(timeline: &Timeline, device: &str) -> Campaigns<u16> {
    let mut reported = Campaigns::new();
    for report in reports_of(timeline, device) {
        let code = match ReportedResult::from_alert(&report.alert) {
            Ok(ReportedResult::Firmware { result, .. }) => Some(result.0),
            Ok(ReportedResult::Software { result, .. }) => Some(result.0),
            Ok(ReportedResult::Provisioning(_)) | Err(_) => None,
        };
        reported.entry(report.campaign).or_default().extend(code);
    }
    reported
}

/// The sequence numbers under which campaigns were announced on a lane.
fn announced(timeline: &Timeline, lane: &str) -> Campaigns<u64> {
    let mut announced = Campaigns::new();
    for sighting in timeline.on(lane) {
        if let Sight::Notification(notification) = &sighting.what
            && let Ok(signed) = &notification.announcement
        {
            let said = &signed.announcement;
            announced.entry(said.campaign.to_string()).or_default().insert(said.sequence.0);
        }
    }
    announced
}

impl Wire<'_> {
    fn contradicts(&self, word: &Word) -> Option<String> {
        match word {
            Word::Settled { device, campaign, .. } => {
                let said = self.settled.get(&(device.as_str(), campaign.as_str()))?;
                let reported = self.codes(device, campaign)?;
                // A campaign of several commands, or one that was taken up again, has several results.
                let is_borne_out = reported.is_empty() || reported.iter().any(|code| said.contains(code));
                (!is_borne_out).then(|| {
                    let (said, reported) = (list(said), list(reported));
                    format!("Device {device} says that campaign `{campaign}` came to {said}, and reports {reported}")
                })
            }
            Word::Prompted { device, campaign } => {
                let heard = self.announced(device, campaign).is_some();
                (!heard).then(|| {
                    format!(
                        "Device {device} says that its End User is asked about campaign `{campaign}`, of which it was \
                         never notified"
                    )
                })
            }
            Word::Recorded { device, campaign, code } => {
                let Some(reported) = self.codes(device, campaign) else {
                    return Some(format!(
                        "the provider's record says that Device {device} reported {code} about campaign `{campaign}`, and \
                         it reported nothing"
                    ));
                };
                let is_borne_out = reported.is_empty() || reported.contains(code);
                (!is_borne_out).then(|| {
                    let reported = list(reported);
                    format!(
                        "the provider's record says that Device {device} reported {code} about campaign `{campaign}`, and \
                         it reported {reported}"
                    )
                })
            }
            Word::Inside { device, node, value, fences } => {
                let answers: Option<BTreeSet<String>> =
                    fences.iter().map(|fence| reading(self.timeline, device, node, fence)?.0).collect();
                // What it may not tell over DM is no contradiction, and what changed between was once so.
                let answers = answers.filter(|all| value.as_ref().is_none_or(|value| !all.contains(value)))?;
                (!answers.is_empty()).then(|| {
                    let said = value.as_ref().map_or("there is none".to_owned(), |value| format!("it is {value}"));
                    let answers = list(&answers);
                    format!("asked for {node}, Device {device} says that {said}, and answers {answers} over DM")
                })
            }
            Word::Pushed { campaign, sequence } => {
                let sent = self.announced(PROVIDER_LANE, campaign)?;
                (!sent.contains(sequence)).then(|| {
                    let sent = list(sent);
                    format!(
                        "the provider says that campaign `{campaign}` has sequence number {sequence}, and announces {sent}"
                    )
                })
            }
        }
    }

    /// The codes that a Device reported about a campaign; nothing where it reported nothing.
    fn codes(&self, device: &str, campaign: &str) -> Option<&BTreeSet<u16>> {
        self.reported.get(device)?.get(campaign)
    }

    /// The sequence numbers under which a campaign was announced on a lane; nothing where it was not.
    fn announced(&self, lane: &str, campaign: &str) -> Option<&BTreeSet<u64>> {
        self.announced.get(lane)?.get(campaign)
    }
}

fn list<T: ToString>(values: &BTreeSet<T>) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::capture::{Recording, pcapng};

    /// A recording in which D1 reports 200 about `spring-patch`.
    fn recording() -> Recording {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("captures/firmware_update/normal-flow--a-device-reports-its-success-when-everybody-is-asked.pcapng");
        pcapng::read(std::fs::read(path).unwrap().as_slice()).unwrap()
    }

    fn timeline() -> Timeline {
        Timeline::of(&recording())
    }

    #[test]
    fn a_word_that_the_recording_bears_out_or_does_not_speak_of_contradicts_nothing() {
        let timeline = timeline();
        let sequence = *announced(&timeline, PROVIDER_LANE)["spring-patch"].first().unwrap();
        let (device, campaign) = ("D1".to_owned(), "spring-patch".to_owned());
        let words = [
            Word::Settled { device: device.clone(), campaign: campaign.clone(), code: 200 },
            Word::Settled { device: "D2".into(), campaign: campaign.clone(), code: 410 },
            Word::Prompted { device: device.clone(), campaign: campaign.clone() },
            Word::Recorded { device, campaign: campaign.clone(), code: 200 },
            Word::Pushed { campaign, sequence },
            Word::Pushed { campaign: "another".into(), sequence: 7 },
        ];

        assert_eq!(contradictions(&words, &timeline), Vec::<String>::new());
    }

    #[test]
    fn each_word_that_the_recording_contradicts_is_told_once_with_what_it_shows() {
        let timeline = timeline();
        let (device, campaign) = ("D1".to_owned(), "spring-patch".to_owned());
        let settled = Word::Settled { device: device.clone(), campaign: campaign.clone(), code: 410 };
        let words = [
            settled.clone(),
            settled,
            Word::Prompted { device: device.clone(), campaign: "another".into() },
            Word::Recorded { device: device.clone(), campaign: campaign.clone(), code: 501 },
            Word::Recorded { device: "D9".into(), campaign: campaign.clone(), code: 200 },
            Word::Pushed { campaign, sequence: 1 },
        ];

        let found = contradictions(&words, &timeline);

        let expected = [
            "came to 410, and reports 200",
            "campaign `another`, of which it was never notified",
            "reported 501 about campaign `spring-patch`, and it reported 200",
            "Device D9 reported 200 about campaign `spring-patch`, and it reported nothing",
            "has sequence number 1, and announces 1001",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }
    #[test]
    fn ten_thousand_words_are_held_against_the_recording_in_one_go() {
        let mut recording = recording();
        recording.frames = std::iter::repeat_n(recording.frames, 40).flatten().collect();
        let timeline = Timeline::of(&recording);
        let word = |code| Word::Settled { device: "D1".into(), campaign: "spring-patch".into(), code };
        let prompted = |number| Word::Prompted { device: "D1".into(), campaign: format!("campaign-{number}") };
        let words: Vec<Word> = (0..10_000).flat_map(|number| [word(599), prompted(number)]).collect();
        let (done, found) = mpsc::channel();

        std::thread::spawn(move || done.send(contradictions(&words, &timeline)));

        let found = found.recv_timeout(Duration::from_secs(5)).expect("a second is plenty");
        assert_eq!(found.len(), 10_001);
    }
}
