//! The manifest of a bundle: every member with its length and digest.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::hex;

/// Everything in a bundle but the manifest itself and the attestation, which speaks of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The version of this layout, and so of the bundle's.
    pub(super) layout: u32,
    /// The members, in the order of their names.
    pub(super) members: Vec<Member>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// Its name within the evidence.
    pub(super) name: String,
    /// Its length in octets.
    pub(super) octets: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub(super) sha256: String,
}

impl Manifest {
    /// The layout that is written.
    pub(super) const LAYOUT: u32 = 1;
}

impl Member {
    /// The entry for a member with this content.
    pub(super) fn new(name: &str, content: &[u8]) -> Self {
        Self { name: name.to_owned(), octets: content.len() as u64, sha256: digest(content) }
    }
}

/// The SHA-256 of octets, in hexadecimal digits.
pub(super) fn digest(octets: &[u8]) -> String {
    hex(&Sha256::digest(octets))
}
