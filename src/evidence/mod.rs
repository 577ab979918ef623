//! The evidence of a run: its folder on disk, and the bundle of it that can be handed on and verified.
//!
//! Rank 4. What lies where; packing, signing and verifying it; and reading it within bounds and nothing outside of it, for
//! evidence may come from anybody. What it means is for others: the findings read `result.json`, `capture` the
//! recordings, and the judge all of it.

mod archive;
mod envelope;
mod key;
pub mod layout;
mod manifest;
mod pack;
mod source;
mod statement;
mod verify;

pub use archive::Archive;
pub use key::{KeyError, PrivateKey, PublicKey};
pub use pack::{PackError, Packed, pack};
pub use source::{EvidenceError, LARGEST_MEMBER, Source};
pub use verify::{Misfit, Verified, verify};
