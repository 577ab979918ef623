//! What is left of a scenario.

use std::cell::RefCell;
use std::rc::Rc;

use super::running::{Running, SaidDrops};
use crate::capture::Recording;
use crate::findings::{Authority, CheckResult, Observation, OddAccount, RelayPlan};
use crate::judge::standing::{self, Standing};
use crate::spec::Timestamp;

/// What is left of a scenario when it is over.
#[derive(Debug, Default)]
pub struct Remains {
    /// The checks, in the order in which they were asked.
    pub checks: Vec<CheckResult>,
    /// The last sentence that was begun.
    pub last_step: String,
    /// The standing checks that had something to look at in the recording.
    pub standing: Vec<CheckResult>,
    /// What was seen beside the traffic.
    pub observations: Vec<Observation>,
    /// The recording; none when the scenario ended before anything ran.
    pub recording: Option<Recording>,
    /// What the host did to this scenario: with any of it, no verdict but inconclusive stands.
    pub doubts: Vec<String>,
    /// What vendors' implementations say that kept them from doing their part: with any of it nothing passes, and no
    /// failure is excused.
    pub excuses: Vec<String>,
    /// What adapters did wrong: with any of it, nothing passes.
    pub adapter_faults: Vec<String>,
    /// What vendors' adapters said while the wire or the kernel showed something else, each in a sentence.
    pub contradictions: Vec<String>,
    /// What the relays were to do.
    pub relays: Vec<RelayPlan>,
    /// The accounts about which something is odd.
    pub odd_accounts: Vec<OddAccount>,
}

impl Remains {
    /// Adds what vendors' Devices say of dropped datagrams.
    pub(super) fn hear_of_drops(&mut self, running: &Running) {
        match running.said_drops(&self.standing) {
            SaidDrops::Doubts(words) => self.doubts.extend(words),
            SaidDrops::Excuses(words) => self.excuses.extend(words),
        }
    }
}

/// What is left of a scenario that was broken off before its end: empty unless that happened.
#[derive(Debug, Clone, Default)]
pub struct BrokenOff(pub(super) Rc<RefCell<Option<Remains>>>);

impl BrokenOff {
    /// Takes what is left.
    pub fn take(&self) -> Option<Remains> {
        self.0.borrow_mut().take()
    }
}

/// What was seen beside the traffic, for the findings.
pub(super) fn observations(running: &Running) -> Vec<Observation> {
    let at_ms = |at: Timestamp| at.since(running.started).as_secs_f64() * 1e3;
    let memberships = running.air.samples().into_iter().map(|sample| Observation {
        at_ms: at_ms(sample.at),
        authority: Authority::Kernel,
        what: "members of their delivery group".into(),
        value: sample.joined.into_iter().collect::<Vec<_>>().join(", "),
    });
    let claims = running.claims().into_iter().map(|(device, claim)| Observation {
        at_ms: at_ms(claim.at),
        authority: Authority::Claim,
        what: format!("Device {device}"),
        value: format!("{:?}", claim.what),
    });
    memberships.chain(claims).collect()
}

/// What the standing checks found in the whole recording.
pub(super) fn standing_checks(running: &Running) -> Vec<CheckResult> {
    let found = standing::judge(&running.recorder.recording(), &running.recorder.timeline(), &running.known());
    let result = |Standing { check, requirement, outcome }| CheckResult {
        check,
        requirements: vec![requirement],
        authority: Authority::Wire,
        verdict: outcome.verdict,
        step: String::new(),
        observed: outcome.observed,
        accepted: outcome.accepted,
        packet: outcome.packet.map(|packet| packet as u64),
        at_ms: outcome.at.map(|at| at.since(running.started).as_secs_f64() * 1e3),
        asked: None,
    };
    found.into_iter().map(result).collect()
}
