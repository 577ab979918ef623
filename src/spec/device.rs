//! What a Device is, and the access configuration it was given.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{ChannelLabel, ComponentId, DeviceId, NodeUri, ServerId, Version};

/// What triggering parameters are matched against ([FU-NF-2]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceTraits {
    /// `DevInfo/DevId`.
    pub id: DeviceId,
    /// `DevInfo/Man`.
    pub manufacturer: String,
    /// `DevInfo/Mod`.
    pub model: String,
    /// `DevDetail/HwV`.
    pub hardware_version: String,
    /// The firmware it left the factory with (`DevDetail/FwV`).
    pub firmware: Version,
    /// The software components it left the factory with.
    pub software: BTreeMap<ComponentId, Version>,
    /// Device groups it belongs to.
    pub groups: Vec<String>,
    /// The area it is in.
    pub area: Option<String>,
}

/// Settings in the management tree: node to value.
pub type SettingsTree = BTreeMap<NodeUri, String>;

/// Where the channels are: label to address. Configuration of the Device, never part of a signed message.
pub type ChannelTable = BTreeMap<ChannelLabel, ChannelEntry>;

/// The bearer behind a channel label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelEntry {
    /// The multicast group.
    pub group: IpAddr,
    /// The UDP port.
    pub port: u16,
    /// The interface to join and send on, by its address.
    pub interface: IpAddr,
    /// The sender's address, for a source-specific join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// Time to live (IPv4) or hop limit (IPv6) of what is sent.
    pub ttl: u8,
}

/// A DM account: the two secrets of one Device and one DM Server (DMAcc).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The DM Server.
    pub server: ServerId,
    /// Where the DM Server is reached on the interaction channel.
    pub server_url: String,
    /// The Device's user name.
    pub user: String,
    /// The Device's password.
    pub password: String,
    /// The server's password towards this Device.
    pub server_password: String,
    /// The nonce of the server's first credential (DMAcc `AAuthData`); later ones come from the Device.
    pub server_nonce: Vec<u8>,
}

impl std::fmt::Debug for Account {
    /// Leaves the passwords out: accounts end up in logs and evidence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("server", &self.server)
            .field("server_url", &self.server_url)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
