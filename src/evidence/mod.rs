//! The evidence of a run: its folder on disk, with everything in it that a verdict rests on.
//!
//! Rank 4. What lies where, and reading it: within bounds, and nothing outside of it, for evidence may come from
//! anybody. What it means is for others: the findings read `result.json`, `capture` the recordings, and the judge all of
//! it.

pub mod layout;
mod source;

pub use source::{EvidenceError, LARGEST_MEMBER, Source};
