//! What a Device's conduct is asked about.

use std::time::Duration;

/// What of a Device a campaign's target is held against ([FU-NF-2], [FU-GAP-2]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// Manufacturer.
    Manufacturer,
    /// Model.
    Model,
    /// Hardware version.
    Hardware,
    /// The installed versions that may be updated.
    FromVersion,
    /// Groups.
    Group,
    /// Areas.
    Area,
}

/// What a Device keeps over a restart ([FU-PRE-2]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// A campaign that is being received, or waits for its start.
    Download,
    /// That an update is postponed, and until when.
    Postponement,
    /// A report that is due.
    Report,
    /// When a report is due.
    Deadline,
    /// The status log.
    Log,
}

/// What the time up to the next attempt to report consists of (profile section 5.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// As announced.
    pub retry_interval: Duration,
    /// What an overloaded server asks for.
    pub retry_after: Duration,
    /// Drawn from the doubled window; nothing where the server was not overloaded.
    pub redrawn: Duration,
}

/// An occasion on which a conformant Device asks nobody ([FU-OP-1]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The announcement is not trusted.
    Untrusted,
    /// The notification repeats a campaign that was asked about.
    Repetition,
    /// The campaign is for other Devices.
    OtherDevices,
    /// Nobody's answer changes anything.
    NothingToDecide,
}

/// What a Device has to do, and might leave undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// To refuse a notification with a wrong digest without a word ([FU-NF-1]).
    RefuseInSilence,
    /// To carry out what a Command says before its result is told ([FU-NF-4]).
    CarryOut,
    /// To await from the next carousel cycle what one did not bring ([FU-NF-3]).
    AwaitTheNextCycle,
    /// To note and report a reception that failed like any other result ([FU-NF-3]).
    NoteFailedReception,
    /// To ask once more when a postponement is over, or after a restart ([FU-OP-2]).
    AskAgain,
    /// To install a mandatory update when its longest deferral is over ([FU-OP-2]).
    InstallAfterTheDeferral,
    /// To take an Atomic back that fails ([FU-NF-4], [SC-NF-3]).
    RollBack,
    /// To end the campaigns of a provider when the registration with it is withdrawn ([FU-PRE-1]).
    EndWithTheRegistration,
    /// To stay silent outside the sample of the Devices that a campaign wants to hear of ([FU-GAP-4]).
    KeepToTheSample,
    /// To wait with a report for the end of transmission ([FU-AF-2]).
    AwaitTheEnd,
    /// To keep a result that could not be reported in the status log ([SC-NF-5]).
    KeepTheUnreported,
    /// To replace the nonce that was used by the one that comes with an accepted credential ([FU-POST-1]).
    AdoptTheNextNonce,
}
