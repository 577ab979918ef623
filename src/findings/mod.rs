//! Findings: what a run found out, with the evidence, and how that is written down.
//!
//! Rank 3. Verdicts, checks, scenarios and the whole run as plain data, and their renderings as `result.json`, JUnit
//! and words for a terminal. Nothing here knows cucumber, sockets or the clock; what drives a run fills these types in.
//! "Report" is the domain's word (a Device's failure report), so what a run produces is called findings. The texts in
//! here may hold whatever a subject sent, so every rendering passes them through [`printable`].

mod adapter;
mod alike;
mod asked;
mod check;
mod expectation;
mod junit;
mod relay;
mod result_json;
mod run;
mod scenario;
mod schema;
mod text;
mod verdict;
mod words;

pub use adapter::{AdapterFindings, CapabilityFindings, CapabilityState, ProbeFindings, ProbeOutcome};
pub use alike::failures_words;
pub use asked::Asked;
pub use check::{CheckId, CheckResult, Observation};
pub use expectation::{Expectation, ExpectationState, ExpectedFailure, is_excused};
pub use junit::{JunitError, junit_xml, write_junit};
pub use relay::{OddAccount, RelayPlan};
pub use result_json::{ResultError, parse_result, publish, read_result, result_schema, write_result};
pub use run::{ExitCode, Extent, Host, RequirementFindings, RequirementState, RunFacts, RunFindings};
pub use scenario::{ScenarioFindings, verdict_of};
pub use text::{chain, printable};
pub use verdict::{Authority, Verdict};
pub use words::{Colour, PAGE, failure_words, summary_words};
