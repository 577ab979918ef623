//! One direction of a TCP connection: which octets are next, and which came before their turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::recording::TcpFlags;

/// Octets that may wait, and that an acknowledgement alone may show to be missing.
const WINDOW: usize = 1 << 20;

/// Segments that may wait.
const WAITING: usize = 4096;

/// One direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow {
    /// The sequence number of the next octet; `None` before the first segment.
    pub(super) next: Option<u32>,
    /// Octets so far.
    taken: u64,
    /// Segments before their turn, by how many octets come before them.
    waiting: BTreeMap<u64, Arc<[u8]>>,
    pub(super) waiting_octets: usize,
    /// The sequence number of the FIN.
    fin: Option<u32>,
    pub(super) finished: bool,
    pub(super) lost: bool,
}

impl Flow {
    /// Octets that are missing before the first segment that waits.
    pub(super) fn before_what_waits(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|(at, _)| at - self.taken)
    }

    /// Whether more waits for octets that were not seen than is kept.
    pub(super) fn holds_too_much(&self) -> bool {
        self.waiting_octets > WINDOW || self.waiting.len() > WAITING
    }

    /// Octets that are missing though their receiver has acknowledged them.
    pub(super) fn acknowledged_unseen(&self, acknowledgement: u32) -> Option<u64> {
        let ahead = distance(self.next?, acknowledgement);
        // A FIN is acknowledged, too, as one octet more; one that was not seen is no octet that is missing.
        let is_fin = ahead == 1 && self.waiting.is_empty();
        let ahead = u64::try_from(ahead).ok().filter(|ahead| *ahead > 0 && !is_fin)?;
        match self.before_what_waits() {
            // What waits was received by whom it was for, however far ahead it is.
            Some(missing) if missing <= ahead => Some(missing),
            _ => Some(ahead).filter(|ahead| *ahead <= WINDOW as u64),
        }
    }

    /// Goes on after so many octets that were not seen, and gives those whose turn has come.
    pub(super) fn skip(&mut self, missing: u64) -> Vec<u8> {
        // Sequence numbers tell apart what is less than 2^31 ahead.
        let missing_octets = u32::try_from(missing).unwrap_or(u32::MAX);
        self.taken += missing;
        let next = self.next.unwrap_or_default().wrapping_add(missing_octets);
        let mut octets = Vec::new();
        self.follow(&mut octets);
        let next = next.wrapping_add(octets.len() as u32);
        self.next = Some(next);
        self.finished = self.fin == Some(next);
        octets
    }

    /// Adds what waits and now has its turn to octets that are next.
    fn follow(&mut self, octets: &mut Vec<u8>) {
        let mut end = self.taken + octets.len() as u64;
        while let Some(entry) = self.waiting.first_entry()
            && *entry.key() <= end
        {
            let (at, part) = entry.remove_entry();
            self.waiting_octets -= part.len();
            let known = usize::try_from(end - at).unwrap_or(usize::MAX);
            octets.extend_from_slice(part.get(known..).unwrap_or_default());
            end = self.taken + octets.len() as u64;
        }
        self.taken = end;
    }

    /// Whether the segment holds octets that were not seen before; a retransmission does not.
    pub(super) fn is_new(&self, sequence: u32, payload: &[u8]) -> bool {
        let end = sequence.wrapping_add(payload.len() as u32);
        !payload.is_empty() && self.next.is_none_or(|next| distance(next, end) > 0)
    }

    /// Takes a segment and gives the octets whose turn has come. One that is ahead of its turn waits, however far: a
    /// stray one does no harm there, and where much is missing enough will wait to go on with.
    pub(super) fn take(&mut self, sequence: u32, flags: TcpFlags, payload: &Arc<[u8]>) -> Vec<u8> {
        let first = if flags.has(TcpFlags::SYN) { sequence.wrapping_add(1) } else { sequence };
        let mut next = *self.next.get_or_insert(first);
        let ahead = distance(next, first);
        // An IP packet holds less than 65,536 octets, so the casts lose nothing.
        let end = first.wrapping_add(payload.len() as u32);
        if flags.has(TcpFlags::FIN) {
            self.fin = Some(end);
        }
        let mut octets = Vec::new();
        match u64::try_from(ahead) {
            Ok(ahead) if ahead > 0 => self.keep(self.taken + ahead, payload),
            _ if distance(next, end) > 0 => {
                let known = usize::try_from(-ahead).unwrap_or_default();
                octets.extend_from_slice(payload.get(known..).unwrap_or_default());
            }
            _ => {}
        }
        if !octets.is_empty() {
            self.follow(&mut octets);
            next = next.wrapping_add(octets.len() as u32);
        }
        self.next = Some(next);
        self.finished = self.fin == Some(next);
        octets
    }

    /// Keeps a segment until its turn comes; of two with one beginning the longer.
    fn keep(&mut self, at: u64, payload: &Arc<[u8]>) {
        let known = self.waiting.get(&at).map_or(0, |part| part.len());
        if payload.len() > known {
            self.waiting_octets = self.waiting_octets + payload.len() - known;
            self.waiting.insert(at, Arc::clone(payload));
        }
    }
}

/// How far `to` lies after `from`, where sequence numbers start again at zero after 2^32 - 1.
fn distance(from: u32, to: u32) -> i64 {
    i64::from(to.wrapping_sub(from).cast_signed())
}
