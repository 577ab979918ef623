//! Events: what an adapter says unasked. They are claims; castproof notes when each came.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Unfit;
use super::answer::{Answer, said};
use super::lines::Object;
use crate::spec::CampaignId;

/// What a Device's adapter says unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeviceEvent {
    /// The End User is asked about a campaign. Mandatory for who declares `user-approval`: nobody else can see the prompt.
    Prompted {
        /// The instance.
        #[schemars(length(min = 1, max = 64))]
        instance: String,
        /// The campaign.
        #[schemars(with = "String", length(min = 1, max = 64))]
        campaign: CampaignId,
        /// Whether declining is offered.
        may_decline: bool,
    },
    /// The result of a campaign is known.
    Settled {
        /// The instance.
        #[schemars(length(min = 1, max = 64))]
        instance: String,
        /// The campaign.
        #[schemars(with = "String", length(min = 1, max = 64))]
        campaign: CampaignId,
        /// The result code.
        code: u16,
    },
    /// Anything else that may help a reader.
    Note {
        /// The instance.
        #[schemars(length(min = 1, max = 64))]
        instance: String,
        /// In words.
        text: String,
    },
    /// The host keeps the instance from doing its part, by the adapter's word; with it the scenario cannot pass.
    Trouble {
        /// The instance.
        #[schemars(length(min = 1, max = 64))]
        instance: String,
        /// In words.
        text: String,
    },
    /// The kernel dropped datagrams on sockets that the instance has closed since. Worth sending where it can be told.
    Dropped {
        /// The instance.
        #[schemars(length(min = 1, max = 64))]
        instance: String,
        /// How many, since the instance was opened.
        datagrams: u64,
    },
}

/// What a Service Provider's adapter says unasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProviderEvent {
    /// Anything that may help a reader.
    Note {
        /// The instance.
        #[schemars(length(min = 1, max = 64))]
        instance: String,
        /// In words.
        text: String,
    },
    /// The host keeps the instance from doing its part, by the adapter's word; with it the scenario cannot pass.
    Trouble {
        /// The instance.
        #[schemars(length(min = 1, max = 64))]
        instance: String,
        /// In words.
        text: String,
    },
}

/// A message from an adapter.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming<E> {
    /// An answer.
    Answer(Answer),
    /// An event.
    Event(E),
}

impl<E: DeserializeOwned> Incoming<E> {
    /// Reads a message from an adapter: an event when it has a member `event`, and otherwise an answer.
    ///
    /// # Errors
    /// [`Unfit`] when the object is neither.
    pub fn read(object: Object) -> Result<Self, Unfit> {
        if object.0.contains_key("event") {
            return serde_json::from_value(Value::Object(object.0)).map(Self::Event).map_err(said);
        }
        Answer::read(object).map(Self::Answer)
    }
}
