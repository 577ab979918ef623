//! The cast: keys, accounts and configurations of the Service Provider and its Devices, drawn from the scenario's seed.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sha2::{Digest, Sha256};

use crate::device::{DeviceConfiguration, Registration};
use crate::provider::ProviderConfiguration;
use crate::spec::{Account, ChannelLabel, DeviceId, KeyId, ServerId};
use crate::wire::announcement::SigningKey;
use crate::wire::package0::GroupAccount;

use super::hostile::Insider;
use super::script::{DevicePlan, Registered};

/// The label of the notification channel.
pub(super) fn notification_channel() -> ChannelLabel {
    ChannelLabel::new("notification").expect("a short printable label")
}

/// The label of the delivery channel.
pub(super) fn delivery_channel() -> ChannelLabel {
    ChannelLabel::new("delivery").expect("a short printable label")
}

/// The secrets and names of a scenario.
pub(super) struct Cast {
    seed: u64,
    server: ServerId,
    key_id: KeyId,
}

impl Cast {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            server: ServerId::new("sp.example").expect("a short printable name"),
            key_id: KeyId::new("sp-key-1").expect("a short printable name"),
        }
    }

    /// The Service Provider's name.
    pub(super) fn server(&self) -> &ServerId {
        &self.server
    }

    fn secret(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(purpose);
        hash.finalize().into()
    }

    fn password(&self, purpose: &str) -> String {
        self.secret(purpose)[..16].iter().map(|octet| format!("{octet:02x}")).collect()
    }

    fn group(&self) -> GroupAccount {
        GroupAccount {
            server: self.server.clone(),
            password: self.password("group"),
            nonce: self.secret("group nonce")[..8].to_vec(),
        }
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.secret("signing key"))
    }

    /// The key that the Service Provider signed with before this one; Devices have revoked it.
    fn revoked_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.secret("revoked key"))
    }

    fn revoked_key_id() -> KeyId {
        KeyId::new("sp-key-0").expect("a short printable name")
    }

    fn account(&self, device: &DeviceId, relay: SocketAddr) -> Account {
        Account {
            server: self.server.clone(),
            server_url: format!("http://{relay}/dm"),
            user: device.to_string(),
            password: self.password(&format!("password of {device}")),
            server_password: self.password(&format!("server password for {device}")),
            server_nonce: self.secret(&format!("server nonce for {device}"))[..16].to_vec(),
        }
    }

    /// What a Device has of its provider.
    fn registration(&self, registered: Registered) -> Option<Registration> {
        let anchor = |id: &KeyId, key: SigningKey| BTreeMap::from([(id.clone(), key.verifying_key())]);
        let other = || SigningKey::from_bytes(&self.secret("another signing key"));
        let usual = Registration {
            server: self.server.clone(),
            group: self.group(),
            keys: anchor(&self.key_id, self.signing_key()),
            revoked: anchor(&Self::revoked_key_id(), self.revoked_key()),
        };
        match registered {
            Registered::Usual => Some(usual),
            Registered::Nowhere => None,
            Registered::Elsewhere => {
                let server = ServerId::new("other.example").expect("a short printable name");
                let group = GroupAccount { server: server.clone(), ..self.group() };
                Some(Registration { server, group, keys: anchor(&self.key_id, other()), revoked: BTreeMap::new() })
            }
            Registered::WithNewAnchor => {
                let new = KeyId::new("sp-key-2").expect("a short printable name");
                Some(Registration { keys: anchor(&new, other()), revoked: usual.keys, ..usual })
            }
        }
    }

    /// The configuration of a Device whose way to the DM Server leads over `relay`.
    pub(super) fn device(&self, plan: &DevicePlan, relay: SocketAddr) -> DeviceConfiguration {
        let mut account = self.account(&plan.traits.id, relay);
        if plan.has_wrong_password {
            account.password = self.password("password of a stranger");
        }
        if plan.distrusts_server {
            account.server_password = self.password("server password of a stranger");
        }
        DeviceConfiguration {
            traits: plan.traits.clone(),
            registrations: self.registration(plan.registration).into_iter().collect(),
            account,
            notification: notification_channel(),
            settings: plan.settings.clone(),
            read_only: plan.read_only.clone(),
        }
    }

    /// The configuration of the Service Provider that manages these Devices.
    pub(super) fn provider(&self, devices: &[DevicePlan]) -> ProviderConfiguration {
        // The provider answers at whatever URL a Device addressed; the account's own URL is the Device's.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let accounts = devices.iter().map(|plan| (plan.traits.id.clone(), self.account(&plan.traits.id, nowhere)));
        ProviderConfiguration {
            server: self.server.clone(),
            group: self.group(),
            key_id: self.key_id.clone(),
            key: self.signing_key(),
            accounts: accounts.collect(),
            notification: notification_channel(),
            delivery: delivery_channel(),
        }
    }

    /// What the hostile sender knows: everything of the Service Provider, so that it can be wrong in one thing alone.
    pub(super) fn insider(&self) -> Insider {
        Insider {
            group: self.group(),
            key_id: self.key_id.clone(),
            key: self.signing_key(),
            revoked: (Self::revoked_key_id(), self.revoked_key()),
            own_key: SigningKey::from_bytes(&self.secret("the hostile sender's key")),
            delivery: delivery_channel(),
        }
    }
}
