//! Receiving a campaign's objects from its delivery channel ([FU-NF-3]).

use std::net::SocketAddr;

use crate::delivery::{EndCause, Receiver, ReceptionEvent, WantedObject};
use crate::spec::{ChannelLabel, Timestamp};

use super::admission::{self, Refusal};
use super::campaign::{CampaignRun, Failure, Phase, is_as_announced};
use super::conduct::Duty;
use super::core::Device;

impl Device {
    /// Takes a packet of a delivery channel; gives whether it changed anything that is kept.
    pub(super) fn handle_delivery(
        &mut self,
        now: Timestamp,
        channel: &ChannelLabel,
        source: SocketAddr,
        octets: &[u8],
    ) -> bool {
        let mut has_changed = false;
        for index in 0..self.state.runs.len() {
            let run = &mut self.state.runs[index];
            if run.announcement.delivery.channel != *channel || !run.needs_delivery() {
                continue;
            }
            let octets = self.conduct.hears(run.announcement.delivery.tsi, octets);
            if self.conduct.begins_anew_with(&octets) {
                self.receive(index);
            }
            if self.conduct.fails_with_a_repeated_packet() && self.is_repeated(index, &octets) {
                self.settle_failure(now, index, Failure::Reception);
                has_changed = true;
                continue;
            }
            let run = &mut self.state.runs[index];
            let Some(receiver) = self.receivers.get_mut(&run.id) else { continue };
            let ignored = receiver.ignored();
            receiver.handle_packet(now, source, &octets);
            // What the receiver ignores belongs to somebody else's session, or is noise.
            if receiver.ignored() == ignored && run.first_packet.is_none() {
                run.first_packet = Some(now);
                has_changed = true;
            }
            let events: Vec<ReceptionEvent> = std::iter::from_fn(|| receiver.poll_event()).collect();
            has_changed |= !events.is_empty();
            for event in events {
                self.take_reception(now, index, event);
            }
        }
        has_changed
    }

    /// Whether a packet is the same as the one before, while something is received; only a broken Device wants to know.
    fn is_repeated(&mut self, index: usize, octets: &[u8]) -> bool {
        let is_same = self.last_packet == octets && self.state.runs[index].phase == Phase::Receiving;
        self.last_packet = octets.to_vec();
        is_same
    }

    fn take_reception(&mut self, now: Timestamp, index: usize, event: ReceptionEvent) {
        let run = &mut self.state.runs[index];
        match event {
            ReceptionEvent::FdtReceived { expires, .. } => run.latest_end = self.conduct.latest_end(expires),
            ReceptionEvent::ObjectReceived { location, octets } => self.keep(now, index, &location, &octets),
            ReceptionEvent::ObjectRefused { location, .. } => {
                run.spoilt.insert(location);
            }
            ReceptionEvent::EndOfTransmission { cause: EndCause::CloseSession | EndCause::CloseObject, .. } => {
                run.end_of_transmission.get_or_insert(now);
            }
        }
    }

    fn keep(&mut self, now: Timestamp, index: usize, location: &str, octets: &[u8]) {
        let run = &mut self.state.runs[index];
        // With the result known, the channel is only heard for its end.
        if run.phase != Phase::Receiving {
            return;
        }
        let Some((number, object)) = run.objects().enumerate().find(|(_, object)| object.location == location) else {
            return;
        };
        let is_package = number > 0;
        if !self.conduct.accepts_object(is_package, is_as_announced(object, octets)) {
            run.spoilt.insert(location.to_owned());
            if let Some(receiver) = self.receivers.get_mut(&run.id) {
                receiver.reject(location);
            }
            return;
        }
        let name = format!("object-{}-{number}.bin", run.id);
        if (self.storage_is_full && is_package) || self.storage.replace(&name, octets).is_err() {
            return self.settle_failure(now, index, Failure::NoRoomToDownload);
        }
        run.spoilt.remove(location);
        run.received.insert(location.to_owned(), name);
    }

    /// Gives up what is incomplete when the next cycle begins, as only a broken Device does.
    pub(super) fn give_up_with_the_cycle(&mut self, now: Timestamp, refusal: &Refusal, octets: &[u8]) {
        if *refusal != Refusal::Repetition || !self.conduct.neglects(Duty::AwaitTheNextCycle) {
            return;
        }
        let Some(announcement) = admission::announced(octets) else { return };
        let is_incomplete = |run: &CampaignRun| {
            run.announcement.campaign == announcement.campaign
                && run.phase == Phase::Receiving
                && run.first_packet.is_some()
        };
        if let Some(index) = self.state.runs.iter().position(is_incomplete) {
            self.settle_failure(now, index, Failure::Reception);
        }
    }

    /// Begins to receive a campaign that was just taken up, unless there is no room for it.
    pub(super) fn begin_reception(&mut self, now: Timestamp, index: usize) {
        self.receive(index);
        let run = &self.state.runs[index];
        let has_package = !run.announcement.delivery.packages.is_empty();
        let fits = run.objects().all(|object| self.storage.has_room_for(object.size));
        if !fits || (self.storage_is_full && has_package) {
            self.settle_failure(now, index, Failure::NoRoomToDownload);
        }
    }

    /// Sets up the receiver of a campaign; it hears the end of transmission even when the result is known already.
    pub(super) fn receive(&mut self, index: usize) {
        let run = &self.state.runs[index];
        let wanted = match run.phase {
            Phase::Receiving => run
                .objects()
                .filter(|object| !run.received.contains_key(&object.location))
                .map(|object| WantedObject { location: object.location.clone(), size: object.size })
                .collect(),
            _ => Vec::new(),
        };
        let receiver = Receiver::new(run.announcement.delivery.tsi, wanted, self.conduct.reception());
        self.receivers.insert(run.id, receiver);
    }
}
