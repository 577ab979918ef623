//! The recorder: every datagram and every connection, with the Gherkin step in progress, decoded as it comes.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::capture::recording::{AIR_COMMENT, INTERACTION_LANE, POWER_COMMENT, SENDER_COMMENT, STEP_COMMENT};
use crate::capture::{self, Conversation, Frame, GrowingFile, Lane, LaneId, Packet, Recording, Timeline};
use crate::net::{Clock, RelayEvent, RelayWhat, Side};
use crate::spec::Timestamp;

/// How long what is recorded may wait before it is written: what a killed process loses at most. So a burst is one write.
const DELAY: Duration = Duration::from_millis(20);

/// A handle on one scenario's recording; clones share it.
#[derive(Clone)]
pub(super) struct Recorder {
    inner: Rc<RefCell<Inner>>,
    changed: Rc<Notify>,
}

struct Inner {
    recording: Recording,
    timeline: Timeline,
    /// Comments that wait for the next frame: steps that began.
    pending: Vec<String>,
    conversations: BTreeMap<(SocketAddr, u64), Talk>,
    /// Who sends datagrams without being the subject, by the address that they come from.
    strangers: BTreeMap<SocketAddr, String>,
    /// Datagrams of strangers that were recorded, by the address that they came from.
    heard: BTreeMap<SocketAddr, usize>,
    /// Where the recording is written while it is made.
    file: Option<GrowingFile>,
}

/// A connection of the interaction channel, and comments that wait for its next frame.
struct Talk {
    conversation: Conversation,
    comments: Vec<String>,
}

impl Recorder {
    /// A recorder with a lane for the provider, one for each of `devices`, and one for the interaction channel.
    pub(super) fn new(devices: Vec<Lane>) -> Self {
        let recording = Recording::with_devices(devices);
        let timeline = Timeline::new(recording.lanes.clone());
        let inner = Inner {
            recording,
            timeline,
            pending: Vec::new(),
            conversations: BTreeMap::new(),
            strangers: BTreeMap::new(),
            heard: BTreeMap::new(),
            file: None,
        };
        Self { inner: Rc::new(RefCell::new(inner)), changed: Rc::new(Notify::new()) }
    }

    /// Writes what is recorded to a file while it is made, until it is dropped; so it can be followed.
    ///
    /// A file that cannot be written is given up: the recording is written whole when its scenario is over, and what fails
    /// there is told.
    pub(super) async fn keep_writing(self, clock: Clock, path: &Path) {
        let file = GrowingFile::create(path, &self.recording()).ok();
        self.inner.borrow_mut().file = file;
        loop {
            self.changed().await;
            clock.sleep_until(clock.now() + DELAY).await;
            self.flush();
        }
    }

    /// Writes what was recorded and not written yet.
    pub(super) fn flush(&self) {
        let inner = &mut *self.inner.borrow_mut();
        if inner.file.as_mut().is_some_and(|file| file.write(&inner.recording).is_err()) {
            inner.file = None;
        }
    }

    /// Notes that a Gherkin step begins; the mark goes with the next frame.
    pub(super) fn step(&self, text: &str) {
        self.inner.borrow_mut().pending.push(format!("{STEP_COMMENT}{text}"));
    }

    /// Notes that a Device loses its power; the mark goes with the next frame.
    pub(super) fn power(&self, device: &str) {
        self.inner.borrow_mut().pending.push(format!("{POWER_COMMENT}{device}"));
    }

    /// Notes that datagrams from `address` are those of somebody who is not judged; before the first of them is sent.
    pub(super) fn stranger(&self, address: SocketAddr, name: &str) {
        self.inner.borrow_mut().strangers.insert(address, name.to_owned());
    }

    /// How many datagrams of the provider's lane came from `address`.
    pub(super) fn heard_from(&self, address: SocketAddr) -> usize {
        self.inner.borrow().heard.get(&address).copied().unwrap_or_default()
    }

    /// Records a datagram.
    pub(super) fn datagram(&self, at: Timestamp, lane: LaneId, packet: Datagram, comments: Vec<String>) {
        let packet = Packet::Datagram {
            source: packet.source,
            destination: packet.destination,
            ttl: packet.ttl,
            payload: packet.octets,
        };
        let mut inner = self.inner.borrow_mut();
        let sender = inner.strangers.get(&packet.source()).map(|name| format!("{SENDER_COMMENT}{name}"));
        if sender.is_some() {
            *inner.heard.entry(packet.source()).or_default() += 1;
        }
        inner.add(at, lane, packet, sender.into_iter().chain(comments).collect());
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Records what a relay of the interaction channel saw.
    pub(super) fn connection(&self, event: &RelayEvent) {
        let mut inner = self.inner.borrow_mut();
        let Some(lane) = inner.recording.lane(INTERACTION_LANE) else { return };
        let key = (event.server, event.connection);
        let fresh = || Talk { conversation: Conversation::new(event.client, event.server), comments: Vec::new() };
        let Talk { conversation, comments } = inner.conversations.entry(key).or_insert_with(fresh);
        let packets = match &event.what {
            RelayWhat::Opened => conversation.opened(),
            RelayWhat::Data { from, octets } => conversation.data(side(*from), octets),
            RelayWhat::Closed { by } => conversation.closed(side(*by)),
            RelayWhat::Reset { by } => conversation.reset(side(*by)),
            RelayWhat::Meddled { how } => {
                comments.push(format!("{AIR_COMMENT}{how}"));
                return;
            }
            RelayWhat::Failed { .. } => conversation.reset(capture::Side::Server),
        };
        let mut comments = std::mem::take(comments);
        for packet in packets {
            inner.add(event.at, lane, packet, std::mem::take(&mut comments));
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// The lane called `name`.
    pub(super) fn lane(&self, name: &str) -> Option<LaneId> {
        self.inner.borrow().recording.lane(name)
    }

    /// The recording so far.
    pub(super) fn recording(&self) -> Ref<'_, Recording> {
        Ref::map(self.inner.borrow(), |inner| &inner.recording)
    }

    /// The recording so far, decoded.
    pub(super) fn timeline(&self) -> Ref<'_, Timeline> {
        Ref::map(self.inner.borrow(), |inner| &inner.timeline)
    }

    /// Completes when something more has been recorded.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// A datagram with its addresses.
#[derive(Debug, Clone)]
pub(super) struct Datagram {
    /// Who sent it.
    pub source: SocketAddr,
    /// To which group and port.
    pub destination: SocketAddr,
    /// Its time to live.
    pub ttl: u8,
    /// The payload.
    pub octets: Arc<[u8]>,
}

impl Inner {
    fn add(&mut self, at: Timestamp, lane: LaneId, packet: Packet, comments: Vec<String>) {
        let mut all = std::mem::take(&mut self.pending);
        all.extend(comments);
        let frame = Frame { at, lane, packet, comments: all };
        self.timeline.feed(self.recording.frames.len() + 1, &frame);
        self.recording.frames.push(frame);
    }
}

fn side(side: Side) -> capture::Side {
    match side {
        Side::Client => capture::Side::Client,
        // What the relay does itself comes, for the Device, from where the server is.
        Side::Server | Side::Relay => capture::Side::Server,
    }
}
