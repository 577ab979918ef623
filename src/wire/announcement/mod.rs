//! The announcement: triggering parameters as deterministic CBOR inside COSE_Sign1 (profile section 2).
//!
//! Two layers. [`encode()`] and [`decode()`] turn an [`Announcement`] into its payload and back; [`sign()`] and
//! [`SignedAnnouncement`] add the provider's signature, which also covers the trigger header in front of it. Decoding
//! judges the form and nothing else: whether the key is trusted, the sequence number new and the Device meant is for the
//! Device to say.
//!
//! There is one encoding of every content (RFC 8949 section 4.2), except for keys that this version does not know: those
//! below 64 are ignored, those from 64 up are critical and refused.
//!
//! Bound: what is longer than [`MAX_DATAGRAM`](super::wsp::MAX_DATAGRAM) octets is refused at once. Lengths and counts
//! that a message claims reserve nothing, lists hold at most eight entries, and unknown values may nest sixteen deep.
//!
//! [`Announcement`]: crate::spec::Announcement

mod cbor;
mod decode;
mod encode;
mod float;
#[cfg(test)]
mod samples;
mod sign;
#[cfg(test)]
mod tests;
mod unknown;

pub use decode::decode;
pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use encode::encode;
pub use sign::{SignatureError, SignedAnnouncement, sign};

/// The profile version that an announcement names.
pub const PROFILE_VERSION: u64 = 1;
/// Entries of any list at most.
const MAX_LIST: usize = 8;
/// Octets of a Content-Location at most.
const MAX_LOCATION: usize = 255;
/// The first critical key; a decoder ignores the unknown ones below it.
const FIRST_CRITICAL_KEY: u64 = 64;
/// The clause that defines the map.
const PROFILE: &str = "profile section 2";
