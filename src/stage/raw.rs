//! The raw capture of a run: the kernel's frames, sorted by the addresses that each scenario has to itself.
//!
//! A scenario leases its groups and ports, and its relays have ports of their own, so an address tells the scenario and
//! the lane. Frames of other programs have none of these addresses, and are not kept.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use crate::capture::{CaptureError, Lane, LaneId, RawFile};
use crate::net::{RawFrame, Tap, TapError};

/// The raw capture of a run; clones share it.
#[derive(Clone)]
pub struct RawCapture {
    tap: Rc<Tap>,
    files: Arc<Mutex<Files>>,
}

#[derive(Default)]
struct Files {
    /// The open files, by number.
    open: HashMap<u64, RawFile>,
    next: u64,
    /// Which file, and which lane of it, a frame from or to an address belongs to.
    routes: HashMap<SocketAddr, (u64, LaneId)>,
    /// Why frames could not be kept, the first time that it happened.
    trouble: Option<String>,
}

/// The raw recording of one scenario; it is whole when this is dropped.
pub(super) struct RawRecording {
    capture: RawCapture,
    number: u64,
}

impl RawCapture {
    /// Takes the frames of the interface that carries `address`.
    ///
    /// # Errors
    /// [`TapError`], above all when this process lacks the privilege.
    pub fn open(address: IpAddr) -> Result<Self, TapError> {
        let files: Arc<Mutex<Files>> = Arc::default();
        let taken = files.clone();
        let tap = Tap::open(address, Box::new(move |frame| locked(&taken).take(frame)))?;
        Ok(Self { tap: Rc::new(tap), files })
    }

    /// What is missing in the files, each in a sentence; empty where they are whole.
    pub fn gaps(&self) -> Vec<String> {
        let lost = Some(self.tap.lost()).filter(|lost| *lost > 0);
        let lost = lost.map(|lost| format!("the kernel threw away {lost} frames before they were taken"));
        lost.into_iter().chain(locked(&self.files).trouble.clone()).collect()
    }

    /// Begins the file of a scenario. Where it cannot be made that is noted, and its frames are not kept.
    pub(super) fn begin(&self, path: &Path, lanes: &[Lane]) -> RawRecording {
        let mut files = locked(&self.files);
        let number = files.next;
        files.next += 1;
        match RawFile::create(path, lanes) {
            Ok(file) => drop(files.open.insert(number, file)),
            Err(error) => files.note(&error),
        }
        RawRecording { capture: self.clone(), number }
    }
}

impl RawRecording {
    /// Frames from and to `address` belong to this lane.
    pub(super) fn route(&self, address: SocketAddr, lane: LaneId) {
        locked(&self.capture.files).routes.insert(address, (self.number, lane));
    }
}

impl Drop for RawRecording {
    fn drop(&mut self) {
        // What the scenario's sockets have sent, the kernel has shown by now.
        self.capture.tap.drain();
        let mut files = locked(&self.capture.files);
        files.routes.retain(|_, (number, _)| *number != self.number);
        if let Some(Err(error)) = files.open.remove(&self.number).map(RawFile::finish) {
            files.note(&error);
        }
    }
}

impl Files {
    fn take(&mut self, frame: RawFrame<'_>) {
        let Some((source, destination)) = ends(frame.octets) else { return };
        let route = self.routes.get(&destination).or_else(|| self.routes.get(&source));
        let Some(&(number, lane)) = route else { return };
        let Some(file) = self.open.get_mut(&number) else { return };
        if let Err(error) = file.frame(lane, frame.at, frame.octets, frame.length) {
            self.open.remove(&number);
            self.note(&error);
        }
    }

    fn note(&mut self, error: &CaptureError) {
        self.trouble.get_or_insert_with(|| crate::findings::chain(error));
    }
}

fn locked(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Between whom a UDP or TCP frame passes; nothing for any other frame.
fn ends(octets: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let packet = SlicedPacket::from_ethernet(octets).ok()?;
    let (source, destination): (IpAddr, IpAddr) = match packet.net? {
        NetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        NetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return None,
    };
    let ports = match packet.transport? {
        TransportSlice::Udp(udp) => (udp.source_port(), udp.destination_port()),
        TransportSlice::Tcp(tcp) => (tcp.source_port(), tcp.destination_port()),
        _ => return None,
    };
    Some(((source, ports.0).into(), (destination, ports.1).into()))
}
