//! Keys that vouch for evidence: Ed25519, in the PEM forms of RFC 8410 that other tools read and write.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _};
use sha2::{Digest, Sha256};

/// What stands before the 32 octets of a private key in its DER form: PKCS #8, version 0, algorithm 1.3.101.112.
const PRIVATE_DER: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// What stands before the 32 octets of a public key in its DER form: SubjectPublicKeyInfo of the same algorithm.
const PUBLIC_DER: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// A key that signs.
pub struct PrivateKey(ed25519_dalek::SigningKey);

/// A key that shows who signed.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

/// Why a key cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The system gives no random numbers.
    #[error("draw a key: {0}")]
    NoEntropy(String),
    /// The text is no key of this kind.
    #[error("no Ed25519 {kind} in PEM: {reason}", kind = kind.to_lowercase())]
    NotPem {
        /// What it should be.
        kind: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key in a log is a key given away.
        write!(f, "PrivateKey of {}", self.public().id())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey {}", self.id())
    }
}

impl PrivateKey {
    /// Draws a key from the system's own randomness: a seed, which evidence holds, must never give one.
    ///
    /// # Errors
    /// [`KeyError::NoEntropy`].
    pub fn draw() -> Result<Self, KeyError> {
        let mut octets = [0; 32];
        getrandom::fill(&mut octets).map_err(|error| KeyError::NoEntropy(error.to_string()))?;
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&octets)))
    }

    /// Reads a key as `castproof keygen` and `openssl genpkey -algorithm ed25519` write it.
    ///
    /// # Errors
    /// [`KeyError::NotPem`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&octets_of(text, PRIVATE, &PRIVATE_DER)?)))
    }

    /// The key as PKCS #8 in PEM.
    pub fn to_pem(&self) -> String {
        pem(PRIVATE, &PRIVATE_DER, self.0.as_bytes())
    }

    /// The key that shows that this one signed.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl PublicKey {
    /// Reads a key as `castproof keygen` and `openssl pkey -pubout` write it.
    ///
    /// # Errors
    /// [`KeyError::NotPem`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&octets_of(text, PUBLIC, &PUBLIC_DER)?);
        key.map(Self).map_err(|_| KeyError::NotPem { kind: PUBLIC, reason: "it is no point of the curve" })
    }

    /// The key as SubjectPublicKeyInfo in PEM.
    pub fn to_pem(&self) -> String {
        pem(PUBLIC, &PUBLIC_DER, self.0.as_bytes())
    }

    /// What names the key: the SHA-256 of its DER form.
    pub fn id(&self) -> String {
        hex(&Sha256::digest([&PUBLIC_DER[..], self.0.as_bytes()].concat()))
    }

    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        // Strict: one signature for one message, and no weak key.
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

/// Octets as hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn pem(kind: &str, der: &[u8], key: &[u8; 32]) -> String {
    // At most 64 characters, so one line.
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode([der, key].concat()))
}

fn octets_of(text: &str, kind: &'static str, der: &[u8]) -> Result<[u8; 32], KeyError> {
    let wrong = |reason| KeyError::NotPem { kind, reason };
    let begin = text.split_once(&format!("-----BEGIN {kind}-----")).ok_or(wrong("there is no such block"))?.1;
    let body = begin.split_once(&format!("-----END {kind}-----")).ok_or(wrong("its block has no end"))?.0;
    let body: String = body.split_whitespace().collect();
    let octets = STANDARD.decode(body).map_err(|_| wrong("its block is no base64"))?;
    let key = octets.strip_prefix(der).ok_or(wrong("it is of another kind or algorithm"))?;
    key.try_into().map_err(|_| wrong("it is of another length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The private key of RFC 8410, section 10.3, and the public key of section 10.1, which belong together.
    const RFC_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
    const RFC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

    #[test]
    fn the_keys_of_the_standard_are_read_and_written() {
        let private = PrivateKey::from_pem(RFC_PRIVATE).unwrap();

        assert_eq!(private.to_pem(), RFC_PRIVATE);
        assert_eq!(private.public().to_pem(), RFC_PUBLIC);
        assert_eq!(PublicKey::from_pem(RFC_PUBLIC).unwrap(), private.public());
    }

    #[test]
    fn only_the_key_that_signed_is_shown_to_have_signed() {
        let (signer, stranger) = (PrivateKey::draw().unwrap(), PrivateKey::draw().unwrap());

        let signature = signer.sign(b"evidence");

        assert!(signer.public().has_signed(b"evidence", &signature));
        assert!(!signer.public().has_signed(b"Evidence", &signature));
        assert!(!stranger.public().has_signed(b"evidence", &signature));
        assert!(!signer.public().has_signed(b"evidence", &signature[1..]));
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_reason() {
        let reason = |text: &str| PublicKey::from_pem(text).unwrap_err().to_string();

        assert!(reason(RFC_PRIVATE).contains("no such block"));
        assert!(reason(&RFC_PUBLIC[..60]).contains("no end"));
        assert!(reason(&RFC_PUBLIC.replace("MCow", "M?ow")).contains("no base64"));
        assert!(reason(&RFC_PUBLIC.replace("BQYDK2VwA", "BQYDK2VuA")).contains("another kind"));
        assert!(!format!("{:?}", PrivateKey::draw().unwrap()).contains("bytes"));
    }
}
