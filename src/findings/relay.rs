//! What the relays were to do to the traffic of a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The plan of the relays on one Device's ways: what they were to lose, damage or break, and how chance fell.
///
/// Without loss: `castproof certify --relay-plan` takes a list of these. The findings rank below the stage, and hold its rules
/// as data, without knowing what they say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayPlan {
    /// The Device.
    pub device: String,
    /// The seed that chance on the broadcast channels was drawn from.
    pub seed: u64,
    /// What was to happen to datagrams, rule by rule; the first that covers one decides.
    pub broadcast: Vec<Value>,
    /// What was to happen to connections on the interaction channel; one rule at most.
    pub interaction: Vec<Value>,
}

/// What is odd about the account of a Device, by which credentials are computed again; no password stands here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OddAccount {
    /// The DevId.
    pub device: String,
    /// The Device has another password than the server knows.
    pub has_wrong_password: bool,
    /// The Device expects another password of the server.
    pub distrusts_server: bool,
    /// The server has no account for the Device.
    #[serde(default)]
    pub is_unknown_to_server: bool,
}
