//! Where the channels of a scenario are, and the lanes on which they are recorded.

use crate::capture::Lane;
use crate::net::Lease;
use crate::spec::ChannelTable;

use super::cast::{delivery_channel, notification_channel};
use super::script::DevicePlan;
use super::{StageBrief, StageError};

/// Time to live of everything that is sent: it stays on the host.
pub(super) const TTL: u8 = 1;
/// The channels of a scenario: the sender's, and each Device's.
pub(super) struct Channels {
    /// What they stand on; to be kept while they are used.
    pub lease: Lease,
    /// The sender's.
    pub sender: ChannelTable,
    /// The Devices', in their order.
    pub devices: Vec<ChannelTable>,
}

impl Channels {
    /// Leases a group and port for each channel of each party: notification ports first, then delivery ports, so that
    /// each kind is one range for a dissector.
    pub(super) fn lease(brief: &StageBrief, devices: usize) -> Result<Self, StageError> {
        let parties = u16::try_from(devices + 1).map_err(|_| StageError::Unprepared("too many Devices".into()))?;
        // One more, on which nothing is sent.
        let ports = parties
            .checked_mul(2)
            .and_then(|ports| ports.checked_add(1))
            .ok_or_else(|| StageError::Unprepared("too many Devices".into()))?;
        let lease = Lease::take(ports)?;
        let table = |party: u16| {
            ChannelTable::from([
                (notification_channel(), lease.entry(party, brief.interface, TTL)),
                (delivery_channel(), lease.entry(parties + party, brief.interface, TTL)),
            ])
        };
        Ok(Self { sender: table(0), devices: (1..parties).map(table).collect(), lease })
    }
}

/// The lane of a Device; its description names the DevId, which ties DM messages to it.
pub(super) fn lane(plan: &DevicePlan) -> Lane {
    Lane {
        name: plan.name.clone(),
        description: format!("what Device {} received, DevId {}", plan.name, plan.traits.id),
    }
}
