//! The cast: keys, accounts and configurations of the Service Provider and its Devices, drawn from the scenario's seed.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sha2::{Digest, Sha256};

use crate::device::{DeviceConfiguration, Registration};
use crate::findings::OddAccount;
use crate::judge::standing::Known;
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

    /// The accounts that the traffic of these Devices makes use of, but for what is odd about some of them. Their URLs are
    /// of no use: a relay's port is leased.
    pub(super) fn known(&self, devices: &[DeviceId], odd: &[OddAccount]) -> Known {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let is_unknown =
            |device: &&DeviceId| odd.iter().any(|odd| odd.device == device.as_str() && odd.is_unknown_to_server);
        let as_the_server_has_it = |device: &DeviceId| (device.to_string(), self.account(device, nowhere));
        let as_the_device_has_it = |device: &DeviceId| {
            let mut account = self.account(device, nowhere);
            if let Some(odd) = odd.iter().find(|odd| odd.device == device.as_str()) {
                self.make_odd(&mut account, odd.has_wrong_password, odd.distrusts_server);
            }
            (device.to_string(), account)
        };
        Known {
            group: Some(self.group()),
            devices: devices.iter().map(as_the_device_has_it).collect(),
            server: devices.iter().filter(|device| !is_unknown(device)).map(as_the_server_has_it).collect(),
        }
    }

    fn make_odd(&self, account: &mut Account, has_wrong_password: bool, distrusts_server: bool) {
        if has_wrong_password {
            account.password = self.password("password of a stranger");
        }
        if distrusts_server {
            account.server_password = self.password("server password of a stranger");
        }
    }

    /// Everything above that is secret, each with its name.
    pub(super) fn secrets(&self, devices: &[DeviceId]) -> Vec<(String, Vec<u8>)> {
        let mut all = vec![
            ("password of the group".to_owned(), self.group().password.into_bytes()),
            ("signing key".to_owned(), self.signing_key().as_bytes().to_vec()),
            ("revoked signing key".to_owned(), self.revoked_key().as_bytes().to_vec()),
            ("signing key of the forger".to_owned(), self.secret("the forger's key").to_vec()),
            ("other signing key".to_owned(), self.secret("another signing key").to_vec()),
            ("wrong password".to_owned(), self.password("password of a stranger").into_bytes()),
            ("wrong password of the server".to_owned(), self.password("server password of a stranger").into_bytes()),
        ];
        for device in devices {
            let account = self.account(device, SocketAddr::from(([127, 0, 0, 1], 9)));
            all.push((format!("password of {device}"), account.password.into_bytes()));
            all.push((format!("password of the server for {device}"), account.server_password.into_bytes()));
        }
        all
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
        self.make_odd(&mut account, plan.has_wrong_password, plan.distrusts_server);
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
        let known = devices.iter().filter(|plan| !plan.is_unknown_to_server);
        let accounts = known.map(|plan| (plan.traits.id.clone(), self.account(&plan.traits.id, nowhere)));
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
