//! What is under test, behind one seam.
//!
//! A [`DeviceSubject`] or [`ProviderSubject`] opens fresh instances for a scenario. Today they are the reference
//! implementations, in process, conformant or with one named deviation ([`broken`]); an adapter for foreign
//! implementations takes the same place. What an instance says of itself ([`Claim`]) is a claim: the wire decides.

mod adapted;
pub mod broken;
pub mod process;
mod provider_store;
mod reference_device;
mod reference_provider;
mod serve;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use futures::future::LocalBoxFuture;

use crate::adapter::ResultOfDevice;
use crate::device::{DeviceConfiguration, LocalCondition, UserAnswer};
use crate::net::Clock;
use crate::provider::{CampaignPlan, ProviderConfiguration};
use crate::spec::{CampaignId, Capabilities, ChannelTable, DeviceId, NodeUri, SequenceNumber, ServerId, Timestamp};

pub use reference_device::ReferenceDevice;
pub use reference_provider::ReferenceProvider;
pub use serve::{serve_device, serve_provider};

/// How the text of what an adapter did wrong begins.
pub const ADAPTER_FAULT: &str = "adapter fault";
/// How the text begins of what an adapter cannot be asked for.
pub const UNSUPPORTED: &str = "the adapter does not support this";
/// How the text begins of what a vendor's implementation refused, or tried and failed at.
pub const REFUSED: &str = "the implementation refused";
/// How the text begins where that was something that every implementation of its role must do.
pub const REFUSED_A_MUST: &str = "the implementation refused what every one of its role must do";
/// The id of the check that fails by such a refusal.
pub const REFUSED_CHECK: &str = "adapter.refused";
/// How the text begins of what the host kept a vendor's implementation from, by its own word.
pub const HINDERED: &str = "the adapter says that this host did not let it";
/// How the text begins of what an adapter said while something else happened.
pub const CONTRADICTED: &str = "adapter contradicted";

/// Why a subject did not do what it was asked; the harness's trouble or the subject's, never a verdict by itself.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// A channel could not be joined or opened.
    #[error("{name}: join or open channel `{channel}`")]
    Channel {
        /// The instance.
        name: String,
        /// The channel's label.
        channel: String,
        /// Why.
        #[source]
        source: crate::net::JoinError,
    },
    /// The interaction channel could not be opened.
    #[error("{name}: open the interaction channel")]
    Interaction {
        /// The instance.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The adapter broke off, or broke the protocol.
    #[error("{ADAPTER_FAULT}: {name}: {fault}")]
    Adapter {
        /// The instance.
        name: String,
        /// What it did.
        fault: String,
    },
    /// The adapter says that it cannot be asked for this.
    #[error("{UNSUPPORTED}: {name}: {what}: {why}")]
    Unsupported {
        /// The instance.
        name: String,
        /// What it was asked for.
        what: String,
        /// Why it cannot, in its own words.
        why: String,
    },
    /// The host kept a vendor's implementation from it, as its adapter says.
    #[error("{HINDERED}: {name}: {reason}")]
    Host {
        /// The instance.
        name: String,
        /// What it said.
        reason: String,
    },
    /// A vendor's implementation refused, or tried and failed, as its adapter says.
    #[error("{}: {name}: {what}: {reason}", if *is_must { REFUSED_A_MUST } else { REFUSED })]
    Declined {
        /// The instance.
        name: String,
        /// What it was asked for.
        what: String,
        /// What it said.
        reason: String,
        /// Whether every implementation of its role must do it.
        is_must: bool,
    },
    /// The implementation refused or broke off.
    #[error("{name}: {reason}")]
    Refused {
        /// The instance.
        name: String,
        /// What it said.
        reason: String,
    },
}

/// What a Device instance is given.
#[derive(Debug, Clone)]
pub struct DeviceBrief {
    /// The name it has in the scenario, such as `D1`.
    pub name: String,
    /// Identity, keys, accounts and settings.
    pub configuration: DeviceConfiguration,
    /// Where the channels are.
    pub channels: ChannelTable,
    /// Its own folder.
    pub folder: PathBuf,
    /// The seed of its randomness.
    pub seed: u64,
    /// The clock it reads.
    pub clock: Clock,
}

/// What a provider instance is given.
#[derive(Debug, Clone)]
pub struct ProviderBrief {
    /// The name it has in the scenario.
    pub name: String,
    /// Identity, keys and accounts.
    pub configuration: ProviderConfiguration,
    /// Where the channels are.
    pub channels: ChannelTable,
    /// Where its DM Server is to listen; with port 0 the kernel chooses one.
    pub listen: SocketAddr,
    /// Its own folder. What it must not forget it keeps there: opened again with the same folder, it goes on.
    pub folder: PathBuf,
    /// The sequence number that its first campaign follows.
    pub sequence: SequenceNumber,
    /// The seed of its randomness.
    pub seed: u64,
    /// The clock it reads.
    pub clock: Clock,
}

/// A local condition or event that the wire cannot cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stimulus {
    /// Sets a local condition.
    Condition(LocalCondition),
    /// The End User answers the prompt for a campaign.
    Answer(CampaignId, UserAnswer),
    /// The power goes or comes. When it goes, the instance ends as it is, without any clean-up; what it has stored stays,
    /// and is what it begins with when the power comes again.
    Power(Power),
    /// The power will go in the middle of an installation, and come back at once.
    PowerFails(PowerFailure),
    /// The registration with a provider is withdrawn.
    WithdrawRegistration(ServerId),
    /// The receiver goes or comes: without it the Device leaves all channels, and with it joins those that it wants.
    Receiver(Power),
}

/// Whether something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It does not.
    Off,
    /// It does.
    On,
}

/// The moment of an installation at which the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerFailure {
    /// Half of the new image is written.
    WhileWriting,
    /// The new image is written, and nothing else yet.
    OnceWritten,
    /// The first object of the campaign, the Command, has come, and nothing of it is noted yet.
    OnceReceived,
}

/// Something that an instance says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// When it said so.
    pub at: Timestamp,
    /// What.
    pub what: ClaimKind,
}

/// The kinds of claim that scenarios ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimKind {
    /// The End User is asked about a campaign.
    Prompted {
        /// The campaign.
        campaign: CampaignId,
        /// Whether declining is offered.
        may_decline: bool,
    },
    /// The result of a campaign is known.
    Settled {
        /// The campaign.
        campaign: CampaignId,
        /// The result code.
        code: u16,
    },
    /// Anything else, in words.
    Note(String),
}

/// The places of the instances of a scenario, where there is a limit to them.
#[derive(Debug, Default)]
pub struct Places {
    /// What gives them back.
    _held: Option<tokio::sync::OwnedSemaphorePermit>,
}

/// An implementation, whatever its role.
pub trait Subject {
    /// The implementation's name, for findings.
    fn name(&self) -> String;

    /// Whether it is a vendor's. Golden recordings, which tell the traffic of the reference, say nothing about it then, and
    /// what it says of itself is held against the wire.
    fn is_foreign(&self) -> bool {
        false
    }

    /// How long its processes have waited for a processor so far; none where it runs within this process.
    fn processor_waits(&self) -> process::ProcessorWaits {
        process::ProcessorWaits::default()
    }

    /// Takes the places of so many instances at once, and waits for them where others have them; they are given back when
    /// what is returned is dropped.
    fn reserve(&self, _instances: usize) -> LocalBoxFuture<'_, Result<Places, SubjectError>> {
        Box::pin(std::future::ready(Ok(Places::default())))
    }

    /// The arguments by which the command line chooses it; none for the usual one.
    fn arguments(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it declares that it can do beyond what every implementation of the role must.
    fn capabilities(&self) -> Capabilities;
}

/// An implementation of the Device role.
pub trait DeviceSubject: Subject {
    /// Opens a fresh instance that is switched on but does not listen yet.
    fn open(&self, brief: DeviceBrief) -> LocalBoxFuture<'_, Result<Box<dyn DeviceInstance>, SubjectError>>;
}

/// A Device in a scenario. Dropping it switches it off and gives its sockets back.
pub trait DeviceInstance {
    /// Joins the notification channel; completes when it is joined.
    fn listen(&self) -> LocalBoxFuture<'_, Result<(), SubjectError>>;

    /// Causes what the wire cannot.
    fn stimulate(&self, stimulus: Stimulus) -> LocalBoxFuture<'_, Result<(), SubjectError>>;

    /// What it has said of itself so far.
    fn claims(&self) -> Vec<Claim>;

    /// Datagrams that the kernel dropped on sockets which the instance has closed since, where that can be told; those of
    /// open sockets stand in the kernel's table for whoever looks.
    fn kernel_drops(&self) -> u64;

    /// What kept the instance from doing its part and is not the implementation's doing, if anything: with it, no verdict
    /// stands.
    fn trouble(&self) -> Option<String>;

    /// What a vendor's implementation says that kept the instance from doing its part: a claim, so with it nothing passes,
    /// and no failure is excused.
    fn excuse(&self) -> Option<String> {
        None
    }

    /// What its adapter has done wrong so far, each in words that begin with [`ADAPTER_FAULT`].
    fn faults(&self) -> Vec<String> {
        Vec::new()
    }

    /// Completes when there may be something new among its claims, drops and troubles; never, where nobody can say.
    fn changed(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    /// Nodes of its management tree as they are now; `None` where there is no such node.
    fn look_inside(
        &self,
        nodes: Vec<NodeUri>,
    ) -> LocalBoxFuture<'_, Result<BTreeMap<NodeUri, Option<String>>, SubjectError>>;

    /// Switches it off; completes when its sockets are given back, with all that its adapter has done wrong by it, as
    /// [`DeviceInstance::faults`].
    fn end(self: Box<Self>) -> LocalBoxFuture<'static, Vec<String>>;
}

/// An implementation of the provider role.
pub trait ProviderSubject: Subject {
    /// Opens an instance whose DM Server listens: a fresh one, or one that goes on with what its folder holds.
    fn open(&self, brief: ProviderBrief) -> LocalBoxFuture<'_, Result<Box<dyn ProviderInstance>, SubjectError>>;
}

/// A Service Provider in a scenario. Dropping it ends it as it is, without any clean-up, and gives its sockets back.
pub trait ProviderInstance {
    /// Where its DM Server listens.
    fn server_address(&self) -> SocketAddr;

    /// Where its datagrams come from, as far as that is known; for readers of what was said.
    fn sources(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// Starts a campaign; completes when it is on the air.
    fn push(&self, plan: CampaignPlan) -> LocalBoxFuture<'_, Result<SequenceNumber, SubjectError>>;

    /// What it has said of itself so far.
    fn claims(&self) -> Vec<Claim> {
        Vec::new()
    }

    /// What kept the instance from doing its part and is not the implementation's doing, if anything: with it, no verdict
    /// stands.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// What a vendor's implementation says that kept the instance from doing its part: a claim, so with it nothing passes,
    /// and no failure is excused.
    fn excuse(&self) -> Option<String> {
        None
    }

    /// What its adapter has done wrong so far, each in words that begin with [`ADAPTER_FAULT`].
    fn faults(&self) -> Vec<String> {
        Vec::new()
    }

    /// Looks up what its record says of these Devices and campaigns, where that takes asking; [`ProviderInstance::record`]
    /// then tells it.
    fn look_up(&self, _about: Vec<(CampaignId, DeviceId)>) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Ends it as it is, as a loss of power would; completes when its sockets are given back, with all that its adapter has
    /// done wrong by it, as [`ProviderInstance::faults`].
    fn end(self: Box<Self>) -> LocalBoxFuture<'static, Vec<String>>;

    /// What its record says of a Device and a campaign; `None` is unknown.
    fn record(&self, campaign: &CampaignId, device: &DeviceId) -> Option<ResultOfDevice>;
}
