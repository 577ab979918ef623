//! The phrasebook: Gherkin sentences to calls of the stage, one file per actor.
//!
//! Rank 7. A step sees only the stage and the vocabulary; its body is one call. The list of sentences is closed and
//! small: [`phrasebook`] tells each with its meaning, and `tests/phrasebook.rs` holds that it is complete.

mod conditions;
mod device;
mod dm_server;
mod end_user;
mod events;
mod hostile_sender;
pub mod names;
mod parameters;
pub mod phrasebook;
mod population;
mod service_provider;

pub use parameters::{LARGEST_NUMBER, LONGEST_SPAN, ParameterError, check_values};
