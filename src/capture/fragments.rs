//! IP datagrams out of their fragments.
//!
//! At most 256 datagrams are under way, of at most 64 KiB each with as much again for what is known about them, so 32 MiB
//! whatever a capture holds. The oldest makes room for a new one, and one that got no fragment for a minute is given up;
//! both are told.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use etherparse::defrag::IpDefragBuf;
use etherparse::{IpFragOffset, IpNumber};

use super::recording::LaneId;
use super::redaction::glimpse;
use crate::spec::Timestamp;

/// Datagrams under way at most.
const UNDER_WAY: usize = 256;

/// How long a datagram may wait for a fragment; identifications are used again.
const PATIENCE: Duration = Duration::from_mins(1);

/// One fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) ttl: u8,
    pub(super) protocol: IpNumber,
    pub(super) identification: u32,
    pub(super) offset: IpFragOffset,
    /// Whether others follow.
    pub(super) more: bool,
    pub(super) payload: &'a [u8],
}

/// What a fragment brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was the last one missing.
    Whole {
        /// What the payload is.
        protocol: IpNumber,
        payload: Vec<u8>,
        /// How many fragments it came in.
        count: usize,
    },
    /// Others are missing.
    Waits,
    /// It contradicts those before it.
    Refused(String),
}

/// The datagrams under way.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    /// The oldest first.
    under_way: VecDeque<UnderWay>,
    lost: VecDeque<(usize, String)>,
}

/// Lane, ends, identification, protocol.
type Key = (LaneId, IpAddr, IpAddr, u32, IpNumber);

#[derive(Debug)]
struct UnderWay {
    key: Key,
    buffer: IpDefragBuf,
    /// The number of the packet that came last, and its time.
    last: (usize, Timestamp),
    count: usize,
}

impl Fragments {
    /// Takes a fragment.
    pub(super) fn take(&mut self, lane: LaneId, number: usize, at: Timestamp, fragment: &Fragment<'_>) -> Taken {
        let key = (lane, fragment.source, fragment.destination, fragment.identification, fragment.protocol);
        let mut known = self.under_way.iter().position(|one| one.key == key);
        if let Some(index) = known
            && at.since(self.under_way[index].last.1) > PATIENCE
        {
            self.drop_one(index, "no fragment came for a minute");
            known = None;
        }
        let index = known.unwrap_or_else(|| {
            if self.under_way.len() >= UNDER_WAY {
                self.drop_one(0, "too many others came between");
            }
            let buffer = IpDefragBuf::new(fragment.protocol, Vec::new(), Vec::new());
            self.under_way.push_back(UnderWay { key, buffer, last: (number, at), count: 0 });
            self.under_way.len() - 1
        });
        let one = &mut self.under_way[index];
        if let Err(error) = one.buffer.add(fragment.offset, fragment.more, fragment.payload) {
            if one.count == 0 {
                self.under_way.remove(index);
            }
            return Taken::Refused(error.to_string());
        }
        one.last = (number, at);
        one.count += 1;
        if !one.buffer.is_complete() {
            return Taken::Waits;
        }
        match self.under_way.remove(index) {
            Some(UnderWay { buffer, count, .. }) => {
                Taken::Whole { protocol: fragment.protocol, payload: buffer.take_bufs().0, count }
            }
            None => Taken::Waits,
        }
    }

    /// A datagram that was given up: the number of its last packet, and what it was.
    pub(super) fn lost(&mut self) -> Option<(usize, String)> {
        self.lost.pop_front()
    }

    /// Gives up all that is under way.
    pub(super) fn give_up(&mut self) {
        while !self.under_way.is_empty() {
            self.drop_one(0, "the capture ended");
        }
    }

    fn drop_one(&mut self, index: usize, why: &str) {
        let Some(UnderWay { key: (_, source, destination, ..), buffer, last, count }) = self.under_way.remove(index)
        else {
            return;
        };
        // Octets before the first section are holes.
        let first = buffer.sections().iter().min_by_key(|section| section.start);
        let known = first.and_then(|section| buffer.data().get(section.start.into()..section.end.into()));
        let shown = glimpse(known.unwrap_or_default());
        let reason =
            format!("a datagram from {source} to {destination} of which {count} fragments came: {why}; first {shown}");
        self.lost.push_back((last.0, reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(identification: u32, offset: u16, more: bool, payload: &[u8]) -> Fragment<'_> {
        Fragment {
            source: [10, 0, 0, 1].into(),
            destination: [239, 1, 2, 3].into(),
            ttl: 1,
            protocol: IpNumber::UDP,
            identification,
            offset: IpFragOffset::try_new(offset).unwrap(),
            more,
            payload,
        }
    }

    fn take(fragments: &mut Fragments, number: usize, seconds: u64, fragment: &Fragment<'_>) -> Taken {
        fragments.take(LaneId(0), number, Timestamp::from_millis(seconds * 1000), fragment)
    }

    #[test]
    fn fragments_are_put_together_in_any_order() {
        let mut fragments = Fragments::default();

        let waits = take(&mut fragments, 1, 0, &fragment(7, 1, false, b"tail"));
        let whole = take(&mut fragments, 2, 0, &fragment(7, 0, true, b"the head"));

        assert_eq!(waits, Taken::Waits);
        let payload = b"the headtail".to_vec();
        assert_eq!(whole, Taken::Whole { protocol: IpNumber::UDP, payload, count: 2 });
        assert_eq!((fragments.lost(), fragments.under_way.len()), (None, 0));
    }

    #[test]
    fn a_flood_of_first_fragments_stays_bounded_and_what_is_given_up_is_told() {
        let mut fragments = Fragments::default();
        let mut told = 0;

        for number in 0..1000 {
            take(&mut fragments, number, 0, &fragment(number as u32, 0, true, &[1; 8]));
            while let Some((_, reason)) = fragments.lost() {
                assert!(reason.contains("too many others") && reason.contains("8 octets 0101"), "{reason}");
                told += 1;
            }
        }

        assert_eq!((told, fragments.under_way.len()), (1000 - UNDER_WAY, UNDER_WAY));
    }

    #[test]
    fn an_identification_that_is_used_again_later_begins_anew() {
        let mut fragments = Fragments::default();
        take(&mut fragments, 1, 0, &fragment(7, 0, true, b"old head"));

        let taken = take(&mut fragments, 2, 61, &fragment(7, 1, false, b"tail"));

        assert_eq!(taken, Taken::Waits);
        assert!(fragments.lost().unwrap().1.contains("for a minute"));
    }

    #[test]
    fn fragments_that_contradict_each_other_are_refused() {
        let mut fragments = Fragments::default();
        take(&mut fragments, 1, 0, &fragment(7, 1, false, b"tail"));

        let longer = take(&mut fragments, 2, 0, &fragment(7, 2, false, b"tail"));
        let unaligned = take(&mut fragments, 3, 0, &fragment(8, 0, true, b"odd"));

        assert!(matches!((longer, unaligned), (Taken::Refused(_), Taken::Refused(_))));
        assert_eq!(fragments.under_way.len(), 1);
    }
}
