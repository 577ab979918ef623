//! Certification: read the feature files and the register, refuse what cannot be trusted, and choose what to run.
//!
//! Rank 8. A suite is loaded whole or not at all: Gherkin is forgiving, so a misspelt keyword, an empty table or a
//! missing step turns into a green scenario that tests nothing, and a suite with one such trap in it certifies nobody.

mod context;
mod descriptors;
mod environment;
mod expected;
mod features;
mod folder;
mod foreign;
mod lint;
mod phrases;
mod preflight;
mod profile;
mod record;
mod repeat;
mod replay;
mod runner;
mod selection;
mod shrink;
mod strict;

pub use descriptors::affordable_jobs;
pub use expected::{expected_failures, expected_failures_schema};
pub use features::{Example, Suite};
pub use foreign::Foreign;
pub use lint::{LintError, LintErrors, LintKind, Place, Rules, StepMatch};
pub use phrases::{match_step, phrasebook_markdown};
pub use profile::{Launch, Origin, Profile, Sockets, profile_schema};
pub use record::{RecordError, Renewal, Renewed, renew};
pub use repeat::quoted;
pub use replay::{
    BareCheck, BareRecording, Difference, Replay, ReplayError, Replayed, replay, replay_json, replay_words,
};
pub use runner::{CertifyError, Options, Progress, Run, USUAL_JOBS, USUAL_SEED, interruption, run};
pub use selection::{Selection, list_json, list_table};
pub use shrink::{Player, ShrinkEnd, ShrinkError, Shrunk, Trial, Watch, shrink};
pub use strict::{StrictError, Wrong};
