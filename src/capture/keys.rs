//! Keys that whoever reads a capture knows.

use ed25519_dalek::VerifyingKey;

use super::sight::Notification;
use crate::spec::KeyId;

/// Public keys by their ids.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<(KeyId, VerifyingKey)>);

/// What is known about the signature of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// It was made with the key that it names.
    Good,
    /// It was not made with the key that it names, or over something else.
    Wrong,
    /// The key that it names is not known here.
    Unverified,
}

impl Keys {
    /// Adds the public key called `id`, of 32 octets.
    ///
    /// # Errors
    /// A text that says why the octets are no Ed25519 key.
    pub fn add(&mut self, id: KeyId, octets: &[u8; 32]) -> Result<(), String> {
        let key = VerifyingKey::from_bytes(octets).map_err(|error| error.to_string())?;
        self.0.push((id, key));
        Ok(())
    }

    /// What is known about the signature; nothing when the announcement could not be decoded.
    pub(super) fn state(&self, seen: &Notification) -> Option<SignatureState> {
        let signed = seen.announcement.as_ref().ok()?;
        // Two providers may call their keys alike.
        let mut known = self.0.iter().filter(|(id, _)| *id == signed.key).peekable();
        if known.peek().is_none() {
            return Some(SignatureState::Unverified);
        }
        let header = seen.package0.trigger.header();
        let is_good = known.any(|(_, key)| signed.verify(key, &header).is_ok());
        Some(if is_good { SignatureState::Good } else { SignatureState::Wrong })
    }
}
