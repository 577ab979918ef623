//! What the relays were to do to the traffic of a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The plan of the relays on one Device's ways: what they were to lose, damage or break, and how chance fell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelayPlan {
    /// The Device.
    pub device: String,
    /// The seed that chance on the broadcast channels was drawn from.
    pub seed: u64,
    /// What was to happen to datagrams, rule by rule; the first that covers one decides.
    pub broadcast: Vec<String>,
    /// What was to happen to connections on the interaction channel.
    pub interaction: Vec<String>,
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
}
