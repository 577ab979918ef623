//! Standing checks: what follows from the standards underneath, asked of every recording whatever it is about.
//!
//! Each is a pure function of the recording and of what is [`Known`] of its accounts, and stands for one row `X-*` of the
//! register. It judges the subject alone: packets of strangers, and what the air or the relay injects or damages, are left
//! out. A check that finds nothing to look at says nothing. The recording is arranged once, in `scene`, and every check
//! reads that.

mod auth;
mod dm;
mod flute_header;
mod flute_object;
mod flute_table;
mod fumo;
mod fumo_state;
mod notification;
mod scene;
mod scomo;
mod transfer;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::capture::{Recording, Timeline};
use crate::findings::{CheckId, Verdict};
use crate::spec::{Account, RequirementId, Timestamp};
use crate::wire::package0::GroupAccount;

use super::Outcome;
use scene::Scene;

/// What is known of the accounts that the traffic makes use of; without it, credentials and digests are not computed again.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The account behind the digest of Package #0.
    pub group: Option<GroupAccount>,
    /// By DevId, the account as the Device has it.
    pub devices: BTreeMap<String, Account>,
    /// By DevId, the account as the DM Server has it.
    pub server: BTreeMap<String, Account>,
}

/// One standing check.
pub struct StandingCheck {
    /// The row of the register.
    pub requirement: &'static str,
    /// What it accepts.
    pub accepted: &'static str,
    look: fn(&Scene<'_>) -> Look,
}

/// What a standing check found in a recording where it had something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The check's id, such as `standing.x-flute-06`.
    pub check: CheckId,
    /// The row of the register that it stands for.
    pub requirement: RequirementId,
    /// Pass or fail, with the packet that decided.
    pub outcome: Outcome,
}

/// What a check has looked at so far.
#[derive(Debug, Default)]
struct Look {
    seen: usize,
    fault: Option<(String, Spot)>,
}

/// A packet, by its number and time.
type Spot = (usize, Timestamp);

impl Look {
    /// Notes one thing that was looked at, and what is wrong with it; the first fault counts.
    fn at(&mut self, spot: Spot, fault: Option<String>) {
        self.seen += 1;
        if let (Some(fault), None) = (fault, &self.fault) {
            self.fault = Some((fault, spot));
        }
    }

    /// Notes one thing that was looked at and ought to hold.
    fn hold(&mut self, spot: Spot, holds: bool, fault: impl FnOnce() -> String) {
        self.at(spot, (!holds).then(fault));
    }
}

impl StandingCheck {
    /// The check's id.
    pub fn id(&self) -> CheckId {
        CheckId::new(format!("standing.{}", self.requirement.to_lowercase()))
    }

    fn judge(&self, scene: &Scene<'_>) -> Option<Standing> {
        let Look { seen, fault } = (self.look)(scene);
        let outcome = match fault {
            Some((observed, (packet, at))) => Outcome::fail(observed, self.accepted).at(packet, at),
            None if seen == 0 => return None,
            None => Outcome::pass(format!("{seen} time(s)")),
        };
        Some(Standing { check: self.id(), requirement: RequirementId::new(self.requirement), outcome })
    }
}

impl Standing {
    /// Whether it found nothing wrong.
    pub fn holds(&self) -> bool {
        self.outcome.verdict == Verdict::Pass
    }
}

/// Every standing check, in the order of the register.
pub fn checks() -> impl Iterator<Item = &'static StandingCheck> {
    [notification::CHECKS, dm::CHECKS, auth::CHECKS, fumo::CHECKS, scomo::CHECKS]
        .into_iter()
        .chain([flute_header::CHECKS, flute_table::CHECKS, flute_object::CHECKS])
        .flatten()
}

/// The rows of the register that standing checks stand for.
pub fn requirements() -> &'static [RequirementId] {
    static IDS: LazyLock<Vec<RequirementId>> = LazyLock::new(|| {
        let mut ids: Vec<_> = checks().map(|check| RequirementId::new(check.requirement)).collect();
        ids.sort();
        ids
    });
    &IDS
}

/// Asks every standing check of a recording. Those that found nothing to look at are left out.
pub fn judge(recording: &Recording, timeline: &Timeline, known: &Known) -> Vec<Standing> {
    let scene = Scene::of(recording, timeline, known);
    checks().filter_map(|check| check.judge(&scene)).collect()
}
