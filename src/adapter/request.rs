//! Requests: what castproof asks of an adapter.

use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::answer::{Done, Greeting, NodeValues, OpenedProvider, Pushed, ResultsOfCampaign};
use super::campaign::{Care, Provision, Push};
use super::lines::Object;
use super::open::{OpenDevice, OpenProvider};
use super::schema;
use super::stimulus::{DeviceStimulus, Stimulate};
use crate::spec::{CampaignId, NodeUri, Role, one_line};

/// The number of a request; no two of a process have the same.
pub type RequestId = u64;

/// Offers protocols; the first request, and the only one that an adapter of any protocol has to be able to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// The protocols that castproof speaks, the one it likes best first.
    #[schemars(length(min = 1))]
    pub protocols: Vec<u32>,
    /// The role that the adapter is to play.
    #[schemars(schema_with = "schema::role")]
    pub role: Role,
    /// Who asks.
    pub suite: Suite,
}

/// The test suite that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suite {
    /// `castproof`.
    pub name: String,
    /// Its version, such as 0.1.0.
    pub version: String,
}

/// Has the Device listen on its notification channel; answered when it has joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
}

/// Asks for nodes of the management tree as the Device has them now (profile section 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryDevice {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// The nodes, leaves all of them.
    #[schemars(with = "BTreeSet<String>", length(min = 1, max = 64))]
    pub nodes: BTreeSet<NodeUri>,
}

/// Asks what the provider's record says of the Devices and a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryProvider {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// The campaign.
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub campaign: CampaignId,
}

/// Ends an instance as it is, as a loss of power would; answered when its sockets are given back. What it has stored stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
}

/// Ends the process, after the answer; instances that are open end with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bye {}

/// What a Device's adapter is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum DeviceVerb {
    /// Offers protocols.
    Hello(Hello),
    /// Opens an instance that is switched on and does not listen yet.
    Open(Box<OpenDevice>),
    /// Has it listen.
    Listen(Listen),
    /// Causes what the wire cannot.
    Stimulate(Stimulate),
    /// Looks inside.
    Query(QueryDevice),
    /// Ends an instance.
    Close(Close),
    /// Ends the process.
    Bye(Bye),
}

/// What a Service Provider's adapter is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum ProviderVerb {
    /// Offers protocols.
    Hello(Hello),
    /// Opens an instance whose DM Server listens: a fresh one, or one that goes on with what its folder holds.
    Open(Box<OpenProvider>),
    /// Starts a campaign that brings firmware or software.
    Push(Box<Push>),
    /// Starts a campaign that brings settings.
    Provision(Box<Provision>),
    /// Says what follows when the care of a campaign fails; comes before the campaign.
    Care(Care),
    /// Looks inside.
    Query(QueryProvider),
    /// Ends an instance.
    Close(Close),
    /// Ends the process.
    Bye(Bye),
}

/// The verbs of one role.
pub trait Verbs: Serialize + DeserializeOwned + JsonSchema {
    /// Their names.
    const NAMES: &'static [&'static str];
    /// The names of stimuli that a `stimulate` may have.
    const STIMULI: &'static [&'static str];
}

impl Verbs for DeviceVerb {
    const NAMES: &'static [&'static str] = &["hello", "open", "listen", "stimulate", "query", "close", "bye"];
    const STIMULI: &'static [&'static str] = DeviceStimulus::NAMES;
}

impl Verbs for ProviderVerb {
    const NAMES: &'static [&'static str] = &["hello", "open", "push", "provision", "care", "query", "close", "bye"];
    const STIMULI: &'static [&'static str] = &[];
}

/// What a request says, with the answer that fits it: `Hello` is answered by [`Greeting`], and so on.
pub trait Ask<V> {
    /// What `ok` holds.
    type Ok: DeserializeOwned + Serialize;

    /// As a verb of its role.
    fn verb(self) -> V;
}

macro_rules! asks {
    ($($verbs:ident { $($variant:ident($ask:ty) -> $ok:ty),+ $(,)? })+) => { $($(
        impl Ask<$verbs> for $ask {
            type Ok = $ok;
            fn verb(self) -> $verbs {
                $verbs::$variant(self.into())
            }
        }
    )+)+ };
}

asks! {
    DeviceVerb {
        Hello(Hello) -> Greeting,
        Open(OpenDevice) -> Done,
        Listen(Listen) -> Done,
        Stimulate(Stimulate) -> Done,
        Query(QueryDevice) -> NodeValues,
        Close(Close) -> Done,
        Bye(Bye) -> Done,
    }
    ProviderVerb {
        Hello(Hello) -> Greeting,
        Open(OpenProvider) -> OpenedProvider,
        Push(Push) -> Pushed,
        Provision(Provision) -> Pushed,
        Care(Care) -> Done,
        Query(QueryProvider) -> ResultsOfCampaign,
        Close(Close) -> Done,
        Bye(Bye) -> Done,
    }
}

/// A request: a line to the adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<V> {
    /// Its number.
    pub id: RequestId,
    /// What it asks for.
    pub verb: V,
}

/// A line that is no request, for the adapter that has to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// Its id, when that could be read.
    pub id: Option<RequestId>,
    /// What is wrong.
    pub reason: String,
    /// Whether a verb or a value is meant that this role does not have: such a request is unsupported, not malformed.
    pub is_unknown: bool,
}

impl<V: Verbs> Request<V> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Misread`] when the object is none of this role.
    pub fn read(object: Object) -> Result<Self, Misread> {
        let Object(mut members) = object;
        let id = members.remove("id").and_then(|id| id.as_u64());
        let misread = |reason: String, is_unknown| Misread { id, reason, is_unknown };
        let Some(id) = id else { return Err(misread("`id` is no number from 0 up".into(), false)) };
        let named = |member: &str| members.get(member).and_then(Value::as_str).map(one_line);
        if let Some(verb) = named("verb").filter(|verb| !V::NAMES.contains(&verb.as_str())) {
            let known = V::NAMES.join(", ");
            return Err(misread(format!("no verb of this role is called `{verb}`; there are {known}"), true));
        }
        let stimulus = members.get("stimulus").and_then(|stimulus| stimulus.get("kind")).and_then(Value::as_str);
        if let Some(stimulus) = stimulus.filter(|name| !V::STIMULI.contains(name)) {
            return Err(misread(format!("no stimulus is called `{}`", one_line(stimulus)), true));
        }
        let verb = serde_json::from_value(Value::Object(members));
        let verb = verb.map_err(|error: serde_json::Error| {
            let reason = one_line(&error.to_string());
            // Serde has no other way to tell a value that is not in a list from what is malformed.
            let is_unknown = reason.starts_with("unknown variant");
            misread(reason, is_unknown)
        });
        Ok(Self { id, verb: verb? })
    }
}

impl<V: Serialize> Serialize for Request<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a, V> {
            id: RequestId,
            #[serde(flatten)]
            verb: &'a V,
        }
        Flat { id: self.id, verb: &self.verb }.serialize(serializer)
    }
}

impl<V: Verbs> JsonSchema for Request<V> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Request".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema::with_id(V::json_schema(generator))
    }
}
