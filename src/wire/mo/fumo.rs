//! FUMO: the Firmware Update Management Object (urn:oma:mo:oma-fumo:1.0), its states, results and messages.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::report;
use crate::wire::syncml::{Command, Exec, Item, Items};

/// The object's root, the `x` node.
pub const ROOT: &str = "./FUMO";
/// The name of the package.
pub const PKG_NAME: &str = "./FUMO/PkgName";
/// The version of the package.
pub const PKG_VERSION: &str = "./FUMO/PkgVersion";
/// Executed to download only.
pub const DOWNLOAD: &str = "./FUMO/Download";
/// Where [`DOWNLOAD`] finds the package.
pub const DOWNLOAD_PKG_URL: &str = "./FUMO/Download/PkgURL";
/// Executed to install what was downloaded.
pub const UPDATE: &str = "./FUMO/Update";
/// The package itself, set instead of downloaded.
pub const UPDATE_PKG_DATA: &str = "./FUMO/Update/PkgData";
/// Executed to download and install.
pub const DOWNLOAD_AND_UPDATE: &str = "./FUMO/DownloadAndUpdate";
/// Where [`DOWNLOAD_AND_UPDATE`] finds the package.
pub const DOWNLOAD_AND_UPDATE_PKG_URL: &str = "./FUMO/DownloadAndUpdate/PkgURL";
/// The state, an integer as [`FumoState::number`] gives it.
pub const STATE: &str = "./FUMO/State";

/// Alert type at the end of a download.
pub const ALERT_DOWNLOAD: &str = "org.openmobilealliance.dm.firmwareupdate.download";
/// Alert type at the end of an update.
pub const ALERT_UPDATE: &str = "org.openmobilealliance.dm.firmwareupdate.update";
/// Alert type at the end of a download and update, which is what the profile reports.
pub const ALERT_DOWNLOAD_AND_UPDATE: &str = "org.openmobilealliance.dm.firmwareupdate.downloadandupdate";
/// Alert type by which a Device asks for an update.
pub const ALERT_DEVICE_REQUEST: &str = "org.openmobilealliance.dm.firmwareupdate.devicerequest";
/// Alert type by which the End User asks for an update.
pub const ALERT_USER_REQUEST: &str = "org.openmobilealliance.dm.firmwareupdate.userrequest";

/// What can be executed on the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// Downloads only.
    Download,
    /// Installs what is there.
    Update,
    /// Downloads and installs.
    DownloadAndUpdate,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 3] = [Self::Download, Self::Update, Self::DownloadAndUpdate];

    /// The node that is executed for it.
    pub fn node(self) -> &'static str {
        match self {
            Self::Download => DOWNLOAD,
            Self::Update => UPDATE,
            Self::DownloadAndUpdate => DOWNLOAD_AND_UPDATE,
        }
    }

    /// The type of the alert that reports its end.
    pub fn alert_type(self) -> &'static str {
        match self {
            Self::Download => ALERT_DOWNLOAD,
            Self::Update => ALERT_UPDATE,
            Self::DownloadAndUpdate => ALERT_DOWNLOAD_AND_UPDATE,
        }
    }
}

/// The value of [`STATE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FumoState {
    /// 10: nothing is going on.
    Idle,
    /// 20: the download failed.
    DownloadFailed,
    /// 30: the download is in progress.
    DownloadProgressing,
    /// 40: the package is there.
    DownloadComplete,
    /// 50: the package is there and may be installed.
    ReadyToUpdate,
    /// 60: the installation is in progress.
    UpdateProgressing,
    /// 70: the installation failed, the package is still there.
    UpdateFailedHaveData,
    /// 80: the installation failed, the package is gone.
    UpdateFailedNoData,
    /// 90: the installation succeeded, the package is still there.
    UpdateSuccessfulHaveData,
    /// 100: the installation succeeded, the package is gone.
    UpdateSuccessfulNoData,
}

impl FumoState {
    /// Every state, by number.
    pub const ALL: [Self; 10] = [
        Self::Idle,
        Self::DownloadFailed,
        Self::DownloadProgressing,
        Self::DownloadComplete,
        Self::ReadyToUpdate,
        Self::UpdateProgressing,
        Self::UpdateFailedHaveData,
        Self::UpdateFailedNoData,
        Self::UpdateSuccessfulHaveData,
        Self::UpdateSuccessfulNoData,
    ];

    /// The number that stands in the node.
    pub fn number(self) -> u8 {
        match self {
            Self::Idle => 10,
            Self::DownloadFailed => 20,
            Self::DownloadProgressing => 30,
            Self::DownloadComplete => 40,
            Self::ReadyToUpdate => 50,
            Self::UpdateProgressing => 60,
            Self::UpdateFailedHaveData => 70,
            Self::UpdateFailedNoData => 80,
            Self::UpdateSuccessfulHaveData => 90,
            Self::UpdateSuccessfulNoData => 100,
        }
    }

    /// The state with that number, or `None`.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// Whether `next` may come directly after this state (FUMO 1.0, figure of the state machine).
    ///
    /// A server that polls may miss states in between, so a jump that it sees is no proof of a wrong transition.
    pub fn can_follow(self, next: Self) -> bool {
        use FumoState::*;
        match self {
            Idle => matches!(next, DownloadProgressing | ReadyToUpdate),
            DownloadProgressing => matches!(next, DownloadComplete | DownloadFailed),
            DownloadComplete => next == ReadyToUpdate,
            ReadyToUpdate => matches!(next, UpdateProgressing | Idle),
            UpdateProgressing => matches!(next, UpdateFailedHaveData | UpdateSuccessfulHaveData),
            UpdateFailedHaveData => next == UpdateFailedNoData,
            UpdateSuccessfulHaveData => matches!(next, UpdateSuccessfulNoData | Idle),
            DownloadFailed | UpdateFailedNoData | UpdateSuccessfulNoData => next == Idle,
        }
    }

    /// Whether the operation has ended in this state, well or badly.
    pub fn is_terminal(self) -> bool {
        use FumoState::*;
        matches!(
            self,
            DownloadFailed
                | UpdateFailedHaveData
                | UpdateFailedNoData
                | UpdateSuccessfulHaveData
                | UpdateSuccessfulNoData
        )
    }
}

/// A result code of FUMO, as the Data of its final alert carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FumoResult(pub u16);

impl FumoResult {
    /// 200: successful.
    pub const SUCCESSFUL: Self = Self(200);
    /// 400: the management client failed.
    pub const CLIENT_ERROR: Self = Self(400);
    /// 401: the End User cancelled.
    pub const USER_CANCELLED: Self = Self(401);
    /// 402: the package is corrupted.
    pub const CORRUPTED_PACKAGE: Self = Self(402);
    /// 403: the package does not fit the Device.
    pub const PACKAGE_MISMATCH: Self = Self(403);
    /// 404: the signature is not valid.
    pub const SIGNATURE_FAILED: Self = Self(404);
    /// 405: the package is not acceptable.
    pub const NOT_ACCEPTABLE: Self = Self(405);
    /// 406: the authentication at the download server failed.
    pub const ALTERNATE_AUTHENTICATION_FAILED: Self = Self(406);
    /// 407: the download took too long.
    pub const ALTERNATE_TIMEOUT: Self = Self(407);
    /// 408: the Device does not implement the operation.
    pub const NOT_IMPLEMENTED: Self = Self(408);
    /// 409: an error without a code of its own.
    pub const UNDEFINED_ERROR: Self = Self(409);
    /// 410: the installation failed.
    pub const UPDATE_FAILED: Self = Self(410);
    /// 411: the URL is bad.
    pub const BAD_URL: Self = Self(411);
    /// 412: the download server is unavailable; the older of two tables does not have it, so assert only its class.
    pub const ALTERNATE_SERVER_UNAVAILABLE: Self = Self(412);
    /// 500: the download server failed; an older table says that the update failed, so assert only its class.
    pub const ALTERNATE_SERVER_ERROR: Self = Self(500);
    /// 501: no room for the download.
    pub const OUT_OF_MEMORY_FOR_DOWNLOAD: Self = Self(501);
    /// 502: no room for the installation.
    pub const OUT_OF_MEMORY_FOR_UPDATE: Self = Self(502);
    /// 503: the network failed the download, which includes a broadcast that was not received whole.
    pub const DOWNLOAD_FAILED: Self = Self(503);

    /// Whether the update succeeded: 200, or any other code of its class, where 250 to 299 are the vendor's.
    pub fn is_success(self) -> bool {
        self.0 / 100 == 2
    }
}

impl fmt::Display for FumoResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The item of the Generic Alert that reports the end of an operation.
pub fn report_item(operation: Operation, result: FumoResult) -> Item {
    report(ROOT, operation.alert_type(), "int", result.is_success(), result.to_string())
}

/// The two commands that have a Device download the package at `location` and install it.
///
/// `location` is the package's Content-Location in the FDT; `correlator` is the campaign's name; the commands take
/// `first_cmd_id` and the number after it.
pub fn download_and_update(location: &str, correlator: &str, first_cmd_id: u32) -> Vec<Command> {
    let url = Item::text(DOWNLOAD_AND_UPDATE_PKG_URL, location);
    vec![
        Command::Replace(Items { cmd_id: first_cmd_id, items: vec![url] }),
        Command::Exec(Exec {
            cmd_id: first_cmd_id.wrapping_add(1),
            correlator: Some(correlator.into()),
            item: Item::for_target(DOWNLOAD_AND_UPDATE),
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_transitions_of_the_figure_are_possible() {
        let figure = [
            (10, 30),
            (10, 50),
            (30, 40),
            (30, 20),
            (40, 50),
            (50, 60),
            (50, 10),
            (60, 70),
            (60, 90),
            (70, 80),
            (90, 100),
            (20, 10),
            (80, 10),
            (90, 10),
            (100, 10),
        ];

        let mut possible = Vec::new();
        for from in FumoState::ALL {
            for next in FumoState::ALL.into_iter().filter(|next| from.can_follow(*next)) {
                possible.push((from.number(), next.number()));
            }
        }

        possible.sort_unstable();
        let mut expected = figure.to_vec();
        expected.sort_unstable();
        assert_eq!(possible, expected);
    }

    #[test]
    fn a_state_is_its_number() {
        for (index, state) in (1u8..).zip(FumoState::ALL) {
            assert_eq!(state.number(), index * 10);
            assert_eq!(FumoState::from_number(index * 10), Some(state));
        }
        assert_eq!(FumoState::from_number(0), None);
        assert_eq!(FumoState::from_number(11), None);
        let ended: Vec<_> =
            FumoState::ALL.into_iter().filter(|state| state.is_terminal()).map(|s| s.number()).collect();
        assert_eq!(ended, [20, 70, 80, 90, 100]);
    }

    #[test]
    fn the_vendors_successes_are_successes() {
        assert!(FumoResult::SUCCESSFUL.is_success());
        assert!(FumoResult(250).is_success() && FumoResult(299).is_success());
        assert!(!FumoResult(300).is_success() && !FumoResult::CORRUPTED_PACKAGE.is_success());
    }

    #[test]
    fn a_report_of_failure_is_critical_and_names_the_object() {
        let item = report_item(Operation::DownloadAndUpdate, FumoResult::CORRUPTED_PACKAGE);

        assert_eq!(item.source.as_deref(), Some("./FUMO"));
        assert_eq!(item.meta.media_type.as_deref(), Some(ALERT_DOWNLOAD_AND_UPDATE));
        assert_eq!(item.meta.format.as_deref(), Some("int"));
        assert_eq!(item.meta.mark.as_deref(), Some("critical"));
        assert_eq!(item.data.as_deref(), Some("402"));
    }

    #[test]
    fn a_firmware_command_sets_the_url_before_it_executes() {
        let commands = download_and_update("http://sp.example/acme.bin", "spring-patch", 5);

        let [Command::Replace(replace), Command::Exec(exec)] = commands.as_slice() else { panic!("{commands:?}") };
        assert_eq!((replace.cmd_id, exec.cmd_id), (5, 6));
        assert_eq!(replace.items, [Item::text("./FUMO/DownloadAndUpdate/PkgURL", "http://sp.example/acme.bin")]);
        assert_eq!(exec.item.target.as_deref(), Some("./FUMO/DownloadAndUpdate"));
        assert_eq!(exec.correlator.as_deref(), Some("spring-patch"));
    }
}
