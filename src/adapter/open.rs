//! What an instance is opened with: identity, keys, accounts, settings, and where the channels are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unfit;
use super::access::{
    Channel, DmAccount, GroupSecret, Identity, RegisteredWith, key_octets, read_channels, written_channels,
};
use super::octets::Octets;
use crate::device::DeviceConfiguration;
use crate::provider::ProviderConfiguration;
use crate::spec::{ChannelLabel, ChannelTable, DeviceId, KeyId, NodeUri, SequenceNumber, ServerId, SettingsTree};
use crate::wire::announcement::SigningKey;

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
