//! The envelope around a statement: DSSE version 1, <https://github.com/secure-systems-lab/dsse>.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};

use super::key::{PrivateKey, PublicKey};

/// What the payload is.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A payload with signatures over it; without any, it vouches for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope {
    payload: String,
    pub(super) payload_type: String,
    pub(super) signatures: Vec<SignatureOf>,
}

/// A signature, and a hint at whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SignatureOf {
    /// What names the key; a hint only.
    #[serde(default)]
    pub(super) keyid: String,
    sig: String,
}

impl Envelope {
    /// Puts a payload into an envelope, signed where there is a key.
    pub(super) fn seal(payload: &[u8], key: Option<&PrivateKey>) -> Self {
        let message = pre_authentication_encoding(PAYLOAD_TYPE, payload);
        let signatures =
            key.map(|key| SignatureOf { keyid: key.public().id(), sig: STANDARD.encode(key.sign(&message)) });
        Self {
            payload: STANDARD.encode(payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: signatures.into_iter().collect(),
        }
    }

    /// The payload; nothing when it is no base64.
    pub(super) fn payload(&self) -> Option<Vec<u8>> {
        decoded(&self.payload)
    }

    /// Whether this key has signed the payload, whatever the hints say.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let Some(payload) = self.payload() else { return false };
        let message = pre_authentication_encoding(&self.payload_type, &payload);
        let signatures = self.signatures.iter().filter_map(|signature| decoded(&signature.sig));
        signatures.into_iter().any(|signature| key.has_signed(&message, &signature))
    }
}

/// Base64 of either alphabet, as DSSE allows.
fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// What is signed: type and payload, each with its length, so that no two pairs give the same octets.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut octets = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    octets.extend(payload);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_encoded_as_the_specification_shows() {
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");

        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn a_signature_covers_the_payload_and_its_type() {
        let key = PrivateKey::draw().unwrap();
        let envelope = Envelope::seal(b"{}", Some(&key));

        let other_type = Envelope { payload_type: "text/plain".into(), ..envelope.clone() };
        let other_payload = Envelope { payload: STANDARD.encode("[]"), ..envelope.clone() };

        assert!(envelope.is_signed_by(&key.public()));
        assert!(!other_type.is_signed_by(&key.public()));
        assert!(!other_payload.is_signed_by(&key.public()));
        assert!(!Envelope::seal(b"{}", None).is_signed_by(&key.public()));
    }
}
