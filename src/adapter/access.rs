//! What an instance is given to reach the other side: channels, identity, registration, accounts and secrets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::octets::Octets;
use super::{Unfit, schema};
use crate::device::Registration;
use crate::spec::{
    Account, ChannelEntry, ChannelLabel, ChannelTable, ComponentId, DeviceId, DeviceTraits, KeyId, ServerId, Version,
};
use crate::wire::announcement::VerifyingKey;
use crate::wire::package0::GroupAccount;

/// The bearer behind a channel label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// The multicast group.
    #[schemars(with = "String")]
    pub group: IpAddr,
    /// The UDP port.
    pub port: u16,
    /// The interface to join and send on, by its address.
    #[schemars(with = "String")]
    pub interface: IpAddr,
    /// The sender's address: with it the join is source-specific, and what others send is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub source: Option<IpAddr>,
    /// Time to live, or hop limit, of what is sent.
    pub ttl: u8,
}

/// What a Device is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// `DevInfo/DevId`.
    #[schemars(with = "String", length(min = 1, max = 128))]
    pub id: DeviceId,
    /// `DevInfo/Man`.
    pub manufacturer: String,
    /// `DevInfo/Mod`.
    pub model: String,
    /// `DevDetail/HwV`.
    pub hardware_version: String,
    /// The firmware it left the factory with, `DevDetail/FwV`.
    #[schemars(schema_with = "schema::version")]
    pub firmware: Version,
    /// The software components it left the factory with, active all of them: component id to version.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub software: BTreeMap<ComponentId, Version>,
    /// The groups it belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The area it is in, where it knows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
}

/// What a Device holds of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisteredWith {
    /// The provider's server identifier.
    #[schemars(with = "String", length(min = 1, max = 255))]
    pub server: ServerId,
    /// The group account behind the digest of Package #0.
    pub group_account: GroupSecret,
    /// The signing keys that are trusted: key id to the 32 octets of an Ed25519 public key.
    #[schemars(with = "BTreeMap<String, Octets>")]
    pub keys: BTreeMap<KeyId, Octets>,
    /// Keys that were trusted once and are revoked; only so that an implementation can have had them.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Octets>")]
    pub revoked_keys: BTreeMap<KeyId, Octets>,
}

/// The secret that all Devices of a provider share.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupSecret {
    /// The password.
    pub password: String,
    /// The nonce.
    pub nonce: Octets,
}

impl std::fmt::Debug for GroupSecret {
    /// Leaves the password out: what is opened ends up in logs and evidence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupSecret").field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

/// A DM account: the two secrets of one Device and one DM Server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DmAccount {
    /// The DM Server's identifier.
    #[schemars(with = "String", length(min = 1, max = 255))]
    pub server: ServerId,
    /// Where the Device sends its first message.
    pub url: String,
    /// The Device's user name.
    pub user: String,
    /// The Device's password.
    pub password: String,
    /// The server's password towards this Device.
    pub server_password: String,
    /// The nonce of the server's first credential.
    pub server_nonce: Octets,
}

impl std::fmt::Debug for DmAccount {
    /// Leaves the passwords out: what is opened ends up in logs and evidence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DmAccount").field("server", &self.server).field("user", &self.user).finish_non_exhaustive()
    }
}

pub(super) fn written_channels(table: &ChannelTable) -> BTreeMap<ChannelLabel, Channel> {
    let written = |entry: &ChannelEntry| {
        let ChannelEntry { group, port, interface, source, ttl } = entry.clone();
        Channel { group, port, interface, source, ttl }
    };
    table.iter().map(|(label, entry)| (label.clone(), written(entry))).collect()
}

pub(super) fn read_channels(table: &BTreeMap<ChannelLabel, Channel>) -> ChannelTable {
    let read = |entry: &Channel| {
        let Channel { group, port, interface, source, ttl } = entry.clone();
        ChannelEntry { group, port, interface, source, ttl }
    };
    table.iter().map(|(label, entry)| (label.clone(), read(entry))).collect()
}

pub(super) fn key_octets(id: &KeyId, octets: &Octets) -> Result<[u8; 32], Unfit> {
    let found = octets.0.len();
    <[u8; 32]>::try_from(octets.0.as_ref()).map_err(|_| Unfit(format!("key `{id}` has {found} octets, not 32")))
}

impl RegisteredWith {
    pub(super) fn read(&self) -> Result<Registration, Unfit> {
        let key = |(id, octets): (&KeyId, &Octets)| {
            let key = VerifyingKey::from_bytes(&key_octets(id, octets)?);
            key.map(|key| (id.clone(), key)).map_err(|error| Unfit(format!("key `{id}`: {error}")))
        };
        Ok(Registration {
            server: self.server.clone(),
            group: self.group_account.read(&self.server),
            keys: self.keys.iter().map(key).collect::<Result<_, _>>()?,
            revoked: self.revoked_keys.iter().map(key).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Registration> for RegisteredWith {
    fn from(registration: &Registration) -> Self {
        let Registration { server, group, keys, revoked } = registration;
        let key = |(id, key): (&KeyId, &VerifyingKey)| (id.clone(), Octets::from(key.as_bytes().as_slice()));
        Self {
            server: server.clone(),
            group_account: group.into(),
            keys: keys.iter().map(key).collect(),
            revoked_keys: revoked.iter().map(key).collect(),
        }
    }
}

impl GroupSecret {
    pub(super) fn read(&self, server: &ServerId) -> GroupAccount {
        GroupAccount { server: server.clone(), password: self.password.clone(), nonce: self.nonce.0.to_vec() }
    }
}

impl From<&GroupAccount> for GroupSecret {
    fn from(account: &GroupAccount) -> Self {
        Self { password: account.password.clone(), nonce: account.nonce.as_slice().into() }
    }
}

impl From<&Account> for DmAccount {
    fn from(account: &Account) -> Self {
        let Account { server, server_url, user, password, server_password, server_nonce } = account.clone();
        Self { server, url: server_url, user, password, server_password, server_nonce: server_nonce.as_slice().into() }
    }
}

impl From<DmAccount> for Account {
    fn from(account: DmAccount) -> Self {
        let DmAccount { server, url, user, password, server_password, server_nonce } = account;
        Self { server, server_url: url, user, password, server_password, server_nonce: server_nonce.0.to_vec() }
    }
}

impl From<&DeviceTraits> for Identity {
    fn from(traits: &DeviceTraits) -> Self {
        let DeviceTraits { id, manufacturer, model, hardware_version, firmware, software, groups, area } =
            traits.clone();
        Self { id, manufacturer, model, hardware_version, firmware, software, groups, area }
    }
}

impl From<Identity> for DeviceTraits {
    fn from(identity: Identity) -> Self {
        let Identity { id, manufacturer, model, hardware_version, firmware, software, groups, area } = identity;
        Self { id, manufacturer, model, hardware_version, firmware, software, groups, area }
    }
}
