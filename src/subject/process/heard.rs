//! What an adapter says unasked, and what is kept of it for each instance.

use std::sync::{Mutex, MutexGuard};

use super::super::{ADAPTER_FAULT, Claim, ClaimKind};
use crate::adapter::{DeviceEvent, Incoming, Object, ProviderEvent, Unfit};
use crate::net::Clock;
use crate::spec::{Role, one_line};

/// Claims of one instance that are kept.
const MOST_CLAIMS: usize = 10_000;

/// An event of either role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) instance: String,
    pub(super) what: What,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Claim(ClaimKind),
    Trouble(String),
    Dropped(u64),
}

/// Reads a message from an adapter of a role.
pub(super) fn read(role: Role, object: Object) -> Result<Incoming<Heard>, Unfit> {
    Ok(match role {
        Role::Provider => match Incoming::<ProviderEvent>::read(object)? {
            Incoming::Answer(answer) => Incoming::Answer(answer),
            Incoming::Event(event) => Incoming::Event(event.into()),
        },
        Role::Device | Role::System => match Incoming::<DeviceEvent>::read(object)? {
            Incoming::Answer(answer) => Incoming::Answer(answer),
            Incoming::Event(event) => Incoming::Event(event.into()),
        },
    })
}

impl From<DeviceEvent> for Heard {
    fn from(event: DeviceEvent) -> Self {
        let note = |text: &str| What::Claim(ClaimKind::Note(one_line(text)));
        match event {
            DeviceEvent::Prompted { instance, campaign, may_decline } => {
                Self { instance, what: What::Claim(ClaimKind::Prompted { campaign, may_decline }) }
            }
            DeviceEvent::Settled { instance, campaign, code } => {
                Self { instance, what: What::Claim(ClaimKind::Settled { campaign, code }) }
            }
            DeviceEvent::Note { instance, text } => Self { instance, what: note(&text) },
            DeviceEvent::Trouble { instance, text } => Self { instance, what: What::Trouble(one_line(&text)) },
            DeviceEvent::Dropped { instance, datagrams } => Self { instance, what: What::Dropped(datagrams) },
        }
    }
}

impl From<ProviderEvent> for Heard {
    fn from(event: ProviderEvent) -> Self {
        match event {
            ProviderEvent::Note { instance, text } => {
                Self { instance, what: What::Claim(ClaimKind::Note(one_line(&text))) }
            }
            ProviderEvent::Trouble { instance, text } => Self { instance, what: What::Trouble(one_line(&text)) },
        }
    }
}

/// What is known of an instance beside its traffic.
#[derive(Debug)]
pub(super) struct InstanceState {
    /// The clock of its scenario, by which it is noted when something is heard.
    clock: Clock,
    pub(super) claims: Vec<Claim>,
    pub(super) trouble: Option<String>,
    pub(super) drops: u64,
    pub(super) faults: Vec<String>,
}

impl InstanceState {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, claims: Vec::new(), trouble: None, drops: 0, faults: Vec::new() }
    }

    pub(super) fn lock(one: &Mutex<Self>) -> MutexGuard<'_, Self> {
        one.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn fault(&mut self, fault: &str) {
        self.blame(format!("{ADAPTER_FAULT}: {fault}"));
    }

    /// Notes a fault whose words are complete.
    pub(super) fn blame(&mut self, fault: String) {
        if self.faults.len() < super::MOST_FAULTS && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    pub(super) fn hear(&mut self, what: What) {
        let at = self.clock.now();
        match what {
            What::Claim(what) if self.claims.len() < MOST_CLAIMS => self.claims.push(Claim { at, what }),
            What::Claim(_) => {}
            What::Trouble(text) => _ = self.trouble.get_or_insert(text),
            What::Dropped(datagrams) => self.drops = datagrams,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_heard_is_noted_by_the_clock_of_the_scenario() {
        let hour = Duration::from_secs(3600);
        let clock = Clock::start().delayed(hour);
        let mut state = InstanceState::new(clock);
        let before = clock.now();

        state.hear(What::Claim(ClaimKind::Note("here".to_owned())));

        assert!((before..=clock.now()).contains(&state.claims[0].at), "{:?}", state.claims);
    }
}
