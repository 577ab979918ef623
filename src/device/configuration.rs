//! What a Device was configured with before it hears anything ([FU-PRE-1]).

use std::collections::{BTreeMap, BTreeSet};

use crate::spec::{Account, ChannelLabel, DeviceTraits, KeyId, NodeUri, ServerId, SettingsTree};
use crate::wire::announcement::VerifyingKey;
use crate::wire::package0::GroupAccount;

/// The configuration for access and registration.
#[derive(Debug, Clone)]
pub struct DeviceConfiguration {
    /// What the Device is.
    pub traits: DeviceTraits,
    /// The update services it is registered for; a Device without any acts on nothing.
    pub registrations: Vec<Registration>,
    /// Its DM account.
    pub account: Account,
    /// The channel on which notifications come.
    pub notification: ChannelLabel,
    /// The settings it left the factory with.
    pub settings: SettingsTree,
    /// Settings that no Command may change.
    pub read_only: BTreeSet<NodeUri>,
}

/// Registration for one provider's update service: the noise filter and the trust anchors.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The provider's DM Server.
    pub server: ServerId,
    /// The group account behind Package #0's digest; a filter, not authentication.
    pub group: GroupAccount,
    /// The keys whose signature on an announcement is trusted.
    pub keys: BTreeMap<KeyId, VerifyingKey>,
    /// Keys that were trust anchors once and count no more.
    pub revoked: BTreeMap<KeyId, VerifyingKey>,
}
