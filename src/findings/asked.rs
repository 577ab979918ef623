//! How a check was asked: what it takes to ask it again without the run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A check as it was asked, without loss: its parameters, how much of the recording there was, and what was known beside
/// the traffic.
///
/// The findings rank below the judge and know none of its types, so they hold its words as they are: whoever asks again
/// reads them back, and finds out there whether they can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// The version of this form; see [`Asked::FORM`].
    pub form: u32,
    /// The question with all its parameters.
    pub question: Value,
    /// How many packets the recording had. A check is asked while a scenario runs; what came later it did not see.
    pub packets: u64,
    /// What was known beside the traffic; only for a check that does not rest on the traffic alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Value>,
}

impl Asked {
    /// The form that is written. It is raised when questions of an older form would be understood wrongly.
    pub const FORM: u32 = 1;
}
