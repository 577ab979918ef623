//! What an instance is opened with: identity, keys, accounts, settings, and where the channels are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::octets::Octets;
use super::{Unfit, schema};
use crate::device::{DeviceConfiguration, Registration};
use crate::provider::ProviderConfiguration;
use crate::spec::{
    Account, ChannelEntry, ChannelLabel, ChannelTable, ComponentId, DeviceId, DeviceTraits, KeyId, NodeUri,
    SequenceNumber, ServerId, SettingsTree, Version,
};
use crate::wire::announcement::{SigningKey, VerifyingKey};
use crate::wire::package0::GroupAccount;

/// Opens a Device that is switched on and does not listen yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDevice {
    /// The name by which the instance is meant from now on; no other open instance of the process has it.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// A folder of its own, which exists and is empty. What must survive a loss of power goes there.
    #[schemars(with = "String")]
    pub folder: PathBuf,
    /// Where the channels are, by label (profile section 0.1). A label that is not here is a channel it has no access to.
    #[schemars(with = "BTreeMap<String, Channel>")]
    pub channels: BTreeMap<ChannelLabel, Channel>,
    /// The label of the channel on which notifications come.
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub notification: ChannelLabel,
    /// What the Device is.
    pub device: Identity,
    /// The settings it left the factory with: node to value.
    #[schemars(with = "BTreeMap<String, String>")]
    pub settings: BTreeMap<NodeUri, String>,
    /// Settings that no Command may change (status 425).
    #[serde(default)]
    #[schemars(with = "BTreeSet<String>")]
    pub read_only: BTreeSet<NodeUri>,
    /// The update services it is registered with (profile section 0.2); a Device without any acts on nothing.
    pub registrations: Vec<RegisteredWith>,
    /// Its DM account.
    pub account: DmAccount,
    /// How many milliseconds its clock is ahead of the host's time; negative is behind. Usually 0.
    #[serde(default)]
    pub clock_offset_ms: i64,
    /// A seed for what it draws at random, for implementations that can repeat themselves. No security hangs on it.
    pub seed: u64,
}

/// Opens a Service Provider whose DM Server listens when this is answered: a fresh one, or one that goes on with what its
/// folder holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenProvider {
    /// The name by which the instance is meant from now on; no other open instance of the process has it.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// A folder of its own, which exists. What it must not forget goes there: opened again with the same folder, it goes on.
    #[schemars(with = "String")]
    pub folder: PathBuf,
    /// Where the channels are, by label (profile section 0.1).
    #[schemars(with = "BTreeMap<String, Channel>")]
    pub channels: BTreeMap<ChannelLabel, Channel>,
    /// The label of the channel for notifications.
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub notification: ChannelLabel,
    /// The label of the channel for deliveries.
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub delivery: ChannelLabel,
    /// Where its DM Server is to listen, as address and port; with port 0 it chooses one, and says so in the answer.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Its server identifier.
    #[schemars(with = "String", length(min = 1, max = 255))]
    pub server: ServerId,
    /// The group account behind the digest of Package #0.
    pub group_account: GroupSecret,
    /// The name of its signing key.
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub key_id: KeyId,
    /// The signing key itself: the 32 octets of an Ed25519 private key (RFC 8032).
    pub signing_key: Octets,
    /// The Devices it manages: DevId to account. `url` is of no use to a provider, it answers at whatever URL is asked.
    #[schemars(with = "BTreeMap<String, DmAccount>")]
    pub accounts: BTreeMap<DeviceId, DmAccount>,
    /// The sequence number that its first campaign follows: the first has a greater one.
    #[schemars(with = "u64")]
    pub sequence: SequenceNumber,
    /// How many milliseconds its clock is ahead of the host's time; negative is behind. Usually 0.
    #[serde(default)]
    pub clock_offset_ms: i64,
    /// A seed for what it draws at random, for implementations that can repeat themselves. No security hangs on it.
    pub seed: u64,
}

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

impl OpenDevice {
    /// What a Device with this configuration is opened with.
    pub fn new(
        instance: String,
        configuration: &DeviceConfiguration,
        channels: &ChannelTable,
        folder: PathBuf,
        seed: u64,
        clock_offset_ms: i64,
    ) -> Self {
        let DeviceConfiguration { traits, registrations, account, notification, settings, read_only } = configuration;
        Self {
            instance,
            folder,
            channels: written_channels(channels),
            notification: notification.clone(),
            device: traits.into(),
            settings: settings.clone(),
            read_only: read_only.clone(),
            registrations: registrations.iter().map(Into::into).collect(),
            account: account.into(),
            clock_offset_ms,
            seed,
        }
    }

    /// The configuration of the Device.
    ///
    /// # Errors
    /// [`Unfit`] when a key is none.
    pub fn configuration(&self) -> Result<DeviceConfiguration, Unfit> {
        let registrations = self.registrations.iter().map(RegisteredWith::read);
        Ok(DeviceConfiguration {
            traits: self.device.clone().into(),
            registrations: registrations.collect::<Result<_, _>>()?,
            account: self.account.clone().into(),
            notification: self.notification.clone(),
            settings: SettingsTree::clone(&self.settings),
            read_only: self.read_only.clone(),
        })
    }

    /// Where the channels are.
    pub fn channel_table(&self) -> ChannelTable {
        read_channels(&self.channels)
    }
}

impl OpenProvider {
    /// What a provider with this configuration is opened with.
    #[expect(clippy::too_many_arguments, reason = "each is a member of the message")]
    pub fn new(
        instance: String,
        configuration: &ProviderConfiguration,
        channels: &ChannelTable,
        listen: SocketAddr,
        folder: PathBuf,
        sequence: SequenceNumber,
        seed: u64,
        clock_offset_ms: i64,
    ) -> Self {
        let ProviderConfiguration { server, group, key_id, key, accounts, notification, delivery } = configuration;
        Self {
            instance,
            folder,
            channels: written_channels(channels),
            notification: notification.clone(),
            delivery: delivery.clone(),
            listen,
            server: server.clone(),
            group_account: group.into(),
            key_id: key_id.clone(),
            signing_key: key.as_bytes().as_slice().into(),
            accounts: accounts.iter().map(|(device, account)| (device.clone(), account.into())).collect(),
            sequence,
            clock_offset_ms,
            seed,
        }
    }

    /// The configuration of the provider.
    ///
    /// # Errors
    /// [`Unfit`] when the key is none.
    pub fn configuration(&self) -> Result<ProviderConfiguration, Unfit> {
        let accounts = self.accounts.iter().map(|(device, account)| (device.clone(), account.clone().into()));
        Ok(ProviderConfiguration {
            server: self.server.clone(),
            group: self.group_account.read(&self.server),
            key_id: self.key_id.clone(),
            key: SigningKey::from_bytes(&key_octets(&self.key_id, &self.signing_key)?),
            accounts: accounts.collect(),
            notification: self.notification.clone(),
            delivery: self.delivery.clone(),
        })
    }

    /// Where the channels are.
    pub fn channel_table(&self) -> ChannelTable {
        read_channels(&self.channels)
    }
}

fn written_channels(table: &ChannelTable) -> BTreeMap<ChannelLabel, Channel> {
    let written = |entry: &ChannelEntry| {
        let ChannelEntry { group, port, interface, source, ttl } = entry.clone();
        Channel { group, port, interface, source, ttl }
    };
    table.iter().map(|(label, entry)| (label.clone(), written(entry))).collect()
}

fn read_channels(table: &BTreeMap<ChannelLabel, Channel>) -> ChannelTable {
    let read = |entry: &Channel| {
        let Channel { group, port, interface, source, ttl } = entry.clone();
        ChannelEntry { group, port, interface, source, ttl }
    };
    table.iter().map(|(label, entry)| (label.clone(), read(entry))).collect()
}

fn key_octets(id: &KeyId, octets: &Octets) -> Result<[u8; 32], Unfit> {
    let found = octets.0.len();
    <[u8; 32]>::try_from(octets.0.as_ref()).map_err(|_| Unfit(format!("key `{id}` has {found} octets, not 32")))
}

impl RegisteredWith {
    fn read(&self) -> Result<Registration, Unfit> {
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
    fn read(&self, server: &ServerId) -> GroupAccount {
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
