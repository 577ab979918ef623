//! What an adapter says, held against the recording: whether the wire shows something else.
//!
//! A claim that the wire does not speak of contradicts nothing. So each word here asks for a positive sign to the contrary.

use std::collections::{BTreeMap, BTreeSet};

use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Sight, Timeline};
use crate::judge::readings::reading;
use crate::judge::reports::reports_of;
use crate::wire::mo::ReportedResult;

/// Something that an adapter has said, by an event or in an answer. Devices have the names of the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Each of the words that the recording contradicts, with what it shows, in a sentence.
pub fn contradictions(words: &[Word], timeline: &Timeline) -> Vec<String> {
    let wire = Wire { timeline, settled: settled(words) };
    let said: Vec<String> = words.iter().filter_map(|word| wire.contradicts(word)).collect();
    let mut once = BTreeSet::new();
    said.into_iter().filter(|sentence| once.insert(sentence.clone())).collect()
}

/// The codes that each Device says a campaign came to.
fn settled(words: &[Word]) -> BTreeMap<(&str, &str), BTreeSet<u16>> {
    let mut settled: BTreeMap<(&str, &str), BTreeSet<u16>> = BTreeMap::new();
    for word in words {
        if let Word::Settled { device, campaign, code } = word {
            settled.entry((device, campaign)).or_default().insert(*code);
        }
    }
    settled
}

struct Wire<'a> {
    timeline: &'a Timeline,
    settled: BTreeMap<(&'a str, &'a str), BTreeSet<u16>>,
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
                    let (said, reported) = (list(said), list(&reported));
                    format!("Device {device} says that campaign `{campaign}` came to {said}, and reports {reported}")
                })
            }
            Word::Prompted { device, campaign } => {
                let heard = self.announced(device, campaign).next().is_some();
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
                    let reported = list(&reported);
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
                let sent: BTreeSet<u64> = self.announced(PROVIDER_LANE, campaign).collect();
                let is_borne_out = sent.is_empty() || sent.contains(sequence);
                (!is_borne_out).then(|| {
                    let sent = list(&sent);
                    format!(
                        "the provider says that campaign `{campaign}` has sequence number {sequence}, and announces {sent}"
                    )
                })
            }
        }
    }

    /// The codes of firmware and software that a Device reported about a campaign, none for settings; nothing where it
    /// reported nothing.
    fn codes(&self, device: &str, campaign: &str) -> Option<BTreeSet<u16>> {
        let reports = reports_of(self.timeline, device);
        let mut about = reports.iter().filter(|report| report.campaign == campaign).peekable();
        about.peek()?;
        let code = |alert| match ReportedResult::from_alert(alert) {
            Ok(ReportedResult::Firmware { result, .. }) => Some(result.0),
            Ok(ReportedResult::Software { result, .. }) => Some(result.0),
            Ok(ReportedResult::Provisioning(_)) | Err(_) => None,
        };
        Some(about.filter_map(|report| code(&report.alert)).collect())
    }

    /// The sequence numbers under which a campaign was announced on a lane.
    fn announced<'b>(&'b self, lane: &'b str, campaign: &'b str) -> impl Iterator<Item = u64> + 'b {
        self.timeline.on(lane).filter_map(move |sighting| match &sighting.what {
            Sight::Notification(notification) => {
                let said = &notification.announcement.as_ref().ok()?.announcement;
                (said.campaign.as_str() == campaign).then_some(said.sequence.0)
            }
            _ => None,
        })
    }
}

fn list<T: ToString>(values: &BTreeSet<T>) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::capture::pcapng;

    /// A recording in which D1 reports 200 about `spring-patch`.
    fn timeline() -> Timeline {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("captures/firmware_update/normal-flow--a-device-reports-its-success-when-everybody-is-asked.pcapng");
        Timeline::of(&pcapng::read(std::fs::read(path).unwrap().as_slice()).unwrap())
    }

    #[test]
    fn a_word_that_the_recording_bears_out_or_does_not_speak_of_contradicts_nothing() {
        let timeline = timeline();
        let sequence = Wire { timeline: &timeline, settled: BTreeMap::new() }
            .announced(PROVIDER_LANE, "spring-patch")
            .next()
            .unwrap();
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
}
