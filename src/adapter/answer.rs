//! Answers: what an adapter says to a request.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lines::Object;
use super::request::RequestId;
use super::{Unfit, schema};
use crate::provider::{CareState, DeviceRecord};
use crate::spec::{Capabilities, DeviceId, NodeUri, Role, SequenceNumber, one_line};

/// An answer: the id of the request, and exactly one of `ok`, `unsupported` and `error`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The request; none when it could not be told, and then the answer is an error.
    pub id: Option<RequestId>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was done; what there is to say depends on the verb.
    Ok(Value),
    /// The implementation does not have this verb or value, and why.
    Unsupported(String),
    /// It was not done.
    Error(AdapterError),
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{reason}")]
pub struct AdapterError {
    /// What kind of reason it is.
    pub kind: ErrorKind,
    /// In words.
    pub reason: String,
}

/// The kinds of reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The request is not of the protocol.
    Malformed,
    /// No instance of this name is open; or one is, and another was to be opened.
    Instance,
    /// The implementation refused, or broke off.
    Refused,
    /// The host did not let it: no port, no room, no right. It says nothing about the implementation.
    Host,
}

/// An answer as it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    id: Option<RequestId>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    ok: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    unsupported: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    error: Option<AdapterError>,
}

/// A member that is there, also when it is null: null is no value of any.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Unfit`] when the object is none.
    pub fn read(object: Object) -> Result<Self, Unfit> {
        let written: Written = serde_json::from_value(Value::Object(object.0)).map_err(said)?;
        let outcome = match (written.ok, written.unsupported, written.error) {
            (Some(ok), None, None) => Outcome::Ok(ok),
            (None, Some(why), None) => Outcome::Unsupported(why),
            (None, None, Some(error)) => Outcome::Error(error),
            _ => return Err(Unfit::new("an answer has exactly one of `ok`, `unsupported` and `error`")),
        };
        if written.id.is_none() && !matches!(outcome, Outcome::Error(_)) {
            return Err(Unfit::new("an answer without an id is an error"));
        }
        Ok(Self { id: written.id, outcome })
    }

    /// Says that a request was done.
    pub fn ok(id: RequestId, said: &impl Serialize) -> Self {
        let said = serde_json::to_value(said).expect("answers have text as names of members, and no other obstacle");
        Self { id: Some(id), outcome: Outcome::Ok(said) }
    }
}

impl Serialize for Answer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = Written { id: self.id, ok: None, unsupported: None, error: None };
        match &self.outcome {
            Outcome::Ok(said) => written.ok = Some(said.clone()),
            Outcome::Unsupported(why) => written.unsupported = Some(why.clone()),
            Outcome::Error(error) => written.error = Some(error.clone()),
        }
        written.serialize(serializer)
    }
}

/// Reads what `ok` holds, as the answer to a verb.
///
/// # Errors
/// [`Unfit`] when that is not what the verb is answered with.
pub(super) fn read_ok<T: DeserializeOwned>(ok: Value) -> Result<T, Unfit> {
    serde_json::from_value(ok).map_err(said)
}

impl Outcome {
    /// Reads `ok` as what the verb is answered with; anything else is left as it is.
    ///
    /// # Errors
    /// [`Unfit`] when that is not what the verb is answered with.
    pub fn read<T: DeserializeOwned>(self) -> Result<Result<T, Self>, Unfit> {
        match self {
            Self::Ok(ok) => read_ok(ok).map(Ok),
            other => Ok(Err(other)),
        }
    }
}

pub(super) fn said(error: serde_json::Error) -> Unfit {
    Unfit(one_line(&error.to_string()))
}

/// Who the implementation is and what it can do: the answer to `hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Greeting {
    /// The protocol, one of those offered.
    pub protocol: u32,
    /// The role, the one asked for.
    #[schemars(schema_with = "schema::role")]
    pub role: Role,
    /// The implementation.
    pub implementation: Implementation,
    /// What it can do beyond what every implementation of the role must.
    #[schemars(schema_with = "schema::capabilities")]
    pub capabilities: Capabilities,
    /// Instances that may be open at once, 1 or more.
    #[schemars(range(min = 1))]
    pub max_instances: u32,
    /// Whether an instance may have a clock that is ahead or behind.
    pub clock: ClockControl,
}

/// An implementation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Implementation {
    /// Its name.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Its version, as its vendor counts.
    #[schemars(length(min = 1, max = 100))]
    pub version: String,
    /// Where to read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub url: Option<String>,
}

/// What can be done about the clock of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClockControl {
    /// Nothing: it shows the host's time. An `open` with a `clock_offset_ms` other than 0 is unsupported.
    None,
    /// It can be ahead of the host's time, or behind it.
    Set,
}

/// It was done, and there is nothing else to say: `{}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Done {}

/// Where an opened provider is: the answer to its `open`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenedProvider {
    /// Where its DM Server listens, such as 127.0.0.1:40123.
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// Where its datagrams come from, each as address and port, as far as the implementation knows.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub sources: Vec<SocketAddr>,
}

/// A campaign is on the air: the answer to `push` and `provision`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pushed {
    /// The sequence number that it was given.
    #[schemars(with = "u64")]
    pub sequence: SequenceNumber,
}

/// Values of nodes: the answer to a Device's `query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeValues {
    /// The value of each node that was asked for; null where there is no such node.
    #[schemars(with = "BTreeMap<String, Option<String>>")]
    pub nodes: BTreeMap<NodeUri, Option<String>>,
}

/// What the record says of a campaign: the answer to a provider's `query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultsOfCampaign {
    /// By DevId. A Device that is not among them is unknown: silence says nothing.
    #[schemars(with = "BTreeMap<String, ResultOfDevice>")]
    pub results: BTreeMap<DeviceId, ResultOfDevice>,
}

/// What the record says of a Device and a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultOfDevice {
    /// The result code that the Device reported first.
    pub code: u16,
    /// Whether that is a success.
    pub success: bool,
    /// Where the care for the Device stands.
    pub care: Standing,
}

/// Where care stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// None was started.
    NotNeeded,
    /// It is under way.
    InProgress,
    /// The Device matches the others again.
    Restored,
    /// Somebody has to look.
    NeedsAttention,
    /// The schedule said to leave it.
    Ignored,
}

impl From<CareState> for Standing {
    fn from(state: CareState) -> Self {
        match state {
            CareState::NotNeeded => Self::NotNeeded,
            CareState::InProgress => Self::InProgress,
            CareState::Restored => Self::Restored,
            CareState::NeedsAttention => Self::NeedsAttention,
            CareState::Ignored => Self::Ignored,
        }
    }
}

impl From<&DeviceRecord> for ResultOfDevice {
    fn from(record: &DeviceRecord) -> Self {
        Self { code: record.result.code(), success: record.result.is_success(), care: record.care.into() }
    }
}
