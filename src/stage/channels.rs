//! Where the channels of a scenario are, and the lanes on which they are recorded.

use crate::capture::Lane;
use crate::net::Lease;
use crate::spec::ChannelTable;

use super::cast::{delivery_channel, notification_channel};
use super::script::DevicePlan;
use super::{Lab, StageBrief, StageError};

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
        let Lab { interface, ttl, .. } = brief.lab;
        let lease = Lease::take_within(&brief.lab.realm, ports)?;
        let table = |party: u16| {
            ChannelTable::from([
                (notification_channel(), lease.entry(party, interface, ttl)),
                (delivery_channel(), lease.entry(parties + party, interface, ttl)),
            ])
        };
        let own = |party| if brief.lab.is_direct { table(0) } else { table(party) };
        Ok(Self { sender: table(0), devices: (1..parties).map(own).collect(), lease })
    }
}

/// The lane of a Device; its description names the DevId, which ties DM messages to it.
pub(super) fn lane(plan: &DevicePlan) -> Lane {
    Lane {
        name: plan.name.clone(),
        description: format!("what Device {} received, DevId {}", plan.name, plan.traits.id),
    }
}
