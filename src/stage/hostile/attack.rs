//! What a hostile sender does while a campaign is on the air: the closed list behind `a hostile sender {attack} while
//! campaign {campaign} is on the air`.

use super::forge::{Insider, Numbers, forge};
use super::{Flaw, Transmission};
use crate::provider::CampaignPlan;
use crate::spec::{CampaignId, SequenceNumber};

/// Forged notifications of a flood.
const FLOOD: usize = 2000;
/// Different ones among them.
const FORGERIES: u16 = 50;
/// Campaigns for others, each with a notification of its own.
const OTHERS: u16 = 300;
/// Packets of noise.
const NOISE: usize = 400;

/// Something that goes on beside a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// 2,000 notifications that all but their signature speak for.
    Flood,
    /// 300 campaigns that are authentic, and for Devices of another manufacturer.
    Irrelevant,
    /// All campaigns that were before, again and again.
    Frozen,
    /// The campaign's notification on the delivery channel.
    OtherChannel,
    /// Octets that are no packets of its session on the delivery channel.
    Noise,
}

impl Attack {
    /// Every attack with its words.
    pub const ALL: &'static [(&'static str, Attack)] = &[
        ("sends 2,000 forged notifications", Attack::Flood),
        ("announces 300 campaigns for other Devices", Attack::Irrelevant),
        ("repeats the campaigns before it for ever", Attack::Frozen),
        ("repeats its notification on the delivery channel", Attack::OtherChannel),
        ("sends noise on the delivery channel", Attack::Noise),
    ];

    /// The words, one or the other.
    pub const REGEX: &'static str = "sends 2,000 forged notifications|announces 300 campaigns for other Devices|\
                                     repeats the campaigns before it for ever|\
                                     repeats its notification on the delivery channel|\
                                     sends noise on the delivery channel";

    /// The attack that is told in these words.
    pub fn from_words(words: &str) -> Option<Self> {
        Self::ALL.iter().find(|(row, _)| *row == words).map(|(_, attack)| *attack)
    }
}

/// The notifications of a flood: the campaign's own, each under a number of its own and signed by somebody else.
pub(super) fn flood(insider: &Insider, plan: &CampaignPlan, first: Numbers) -> Vec<Vec<u8>> {
    let forgeries = (0..FORGERIES).filter_map(|number| forge(insider, plan, later(first, number), Flaw::OtherKey));
    let forgeries: Vec<Vec<u8>> = forgeries.map(|forged| forged.notification).collect();
    forgeries.iter().cycle().take(FLOOD).cloned().collect()
}

/// The notifications of campaigns for Devices of another manufacturer.
pub(super) fn irrelevant(insider: &Insider, plan: &CampaignPlan, first: Numbers) -> Vec<Vec<u8>> {
    let for_others = |number| {
        let mut plan = plan.clone();
        plan.campaign = CampaignId::new(format!("for-others-{number}")).expect("a short name");
        plan.target.manufacturer = Some("Emca".into());
        forge(insider, &plan, later(first, number), Flaw::Nothing).map(|forged| forged.notification)
    };
    (0..OTHERS).filter_map(for_others).collect()
}

/// Packets of a session that is not announced, some cut off, some of another version of LCT, some no packets at all.
pub(super) fn noise(foreign: &Transmission) -> Vec<Vec<u8>> {
    let spoilt = |(number, packet): (usize, &Vec<u8>)| {
        let mut packet = packet.clone();
        match number % 4 {
            0 => packet.truncate(number % packet.len()),
            1 => packet[0] = 0x20,
            2 => packet = vec![number as u8; 60],
            _ => {}
        }
        packet
    };
    let packets: Vec<&Vec<u8>> = foreign.packets().collect();
    packets.into_iter().cycle().take(NOISE).enumerate().map(spoilt).collect()
}

fn later(first: Numbers, number: u16) -> Numbers {
    Numbers {
        sequence: SequenceNumber(first.sequence.0 + u64::from(number)),
        session: first.session.wrapping_add(number),
        ..first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_sentence_are_those_of_the_attacks() {
        let words: Vec<&str> = Attack::REGEX.split('|').collect();

        assert_eq!(words, Attack::ALL.iter().map(|(words, _)| *words).collect::<Vec<_>>());
        assert!(Attack::ALL.iter().all(|(words, attack)| Attack::from_words(words) == Some(*attack)));
    }
}
