//! The adapter protocol: JSON Lines between castproof and an implementation under test.
//!
//! Rank 4. `docs/adapter.md` is the published text; here are the types behind it, and their schemas in `docs/adapter/` are
//! made from these. A *request* goes to the adapter and asks for one verb; an *answer* repeats its id; an *event* comes
//! unasked. There are two roles, and each has its own verbs ([`DeviceVerb`], [`ProviderVerb`]).
//!
//! Sans-IO: [`LineReader`] takes octets and gives lines, nothing here opens a pipe. Everything is strict: a member that is
//! not in the schema is a fault, in both directions, but in `hello`, by which the two sides agree on a protocol.

mod access;
mod answer;
mod campaign;
mod command;
mod event;
mod lines;
mod octets;
mod open;
mod plan;
mod request;
mod schedule;
mod schema;
mod stimulus;

pub use access::{Channel, DmAccount, GroupSecret, Identity, RegisteredWith};
pub use answer::{
    AdapterError, Answer, ClockControl, Done, ErrorKind, Greeting, Implementation, NodeValues, OpenedProvider, Outcome,
    Pushed, ResultOfDevice, ResultsOfCampaign, Standing,
};
pub use campaign::{
    Asking, Campaign, CampaignRequests, Care, Change, Package, Provision, Push, Repair, Reports, Scheme, Sending,
    Start, StartRequest, UnusualCommand, Whom,
};
pub use command::{PlannedCommand, PlannedItem};
pub use event::{DeviceEvent, Incoming, ProviderEvent};
pub use lines::{LONGEST_LINE, Line, LineFault, LineReader, LineTooLong, Object, to_line};
pub use octets::Octets;
pub use open::{OpenDevice, OpenProvider};
pub use request::{
    Ask, Bye, Close, DeviceVerb, Hello, Listen, Misread, ProviderVerb, QueryDevice, QueryProvider, Request, RequestId,
    Suite, Verbs,
};
pub use schedule::{Rule, Timing};
pub use schema::{device_schema, provider_schema};
pub use stimulus::{DeviceStimulus, PowerFailsWhen, Stimulate};

/// The version of the protocol that these types are.
pub const PROTOCOL: u32 = 1;

/// Something that a message says and that cannot be, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl Unfit {
    fn new(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}
