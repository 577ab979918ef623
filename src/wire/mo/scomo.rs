//! SCOMO: the Software Component Management Object (urn:oma:mo:oma-scomo:1.0), its operations, results and messages.
//!
//! The profile names each node of a component by the component's own id. An id with `/` in it names a deeper node; since
//! what stands around it is fixed, it is still read back whole.

use std::fmt;

use quick_xml::escape::escape;

use serde::{Deserialize, Serialize};

use super::{report, unsigned};
use crate::spec::ComponentId;
use crate::wire::syncml::tree::{self, Element};
use crate::wire::syncml::{Command, Exec, Item, Items};

/// The object's root.
pub const ROOT: &str = "./SCOMO";
/// Under it, one node for each component that waits or downloads.
pub const DOWNLOAD: &str = "./SCOMO/Download";
/// Under it, one node for each component whose package is there and not installed.
pub const DELIVERED: &str = "./SCOMO/Inventory/Delivered";
/// Under it, one node for each component that is installed.
pub const DEPLOYED: &str = "./SCOMO/Inventory/Deployed";

/// Alert type at the end of an operation.
pub const ALERT_OPERATION_COMPLETE: &str = "urn:oma:at:scomo:1.0:OperationComplete";

/// What can be executed on a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Downloads only.
    Download,
    /// Downloads, installs and activates.
    DownloadInstall,
    /// Downloads and installs, but leaves inactive.
    DownloadInstallInactive,
    /// Installs and activates a package that is delivered.
    Install,
    /// Installs a package that is delivered, but leaves it inactive.
    InstallInactive,
    /// Removes a package that is delivered.
    RemovePackage,
    /// Activates what is deployed.
    Activate,
    /// Deactivates what is deployed.
    Deactivate,
    /// Removes what is deployed.
    Remove,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 9] = [
        Self::Download,
        Self::DownloadInstall,
        Self::DownloadInstallInactive,
        Self::Install,
        Self::InstallInactive,
        Self::RemovePackage,
        Self::Activate,
        Self::Deactivate,
        Self::Remove,
    ];

    /// The node under which the components are on which it is executed.
    pub fn root(self) -> &'static str {
        match self {
            Self::Download | Self::DownloadInstall | Self::DownloadInstallInactive => DOWNLOAD,
            Self::Install | Self::InstallInactive | Self::RemovePackage => DELIVERED,
            Self::Activate | Self::Deactivate | Self::Remove => DEPLOYED,
        }
    }

    /// The name of its node.
    pub fn name(self) -> &'static str {
        match self {
            Self::Download => "Download",
            Self::DownloadInstall => "DownloadInstall",
            Self::DownloadInstallInactive => "DownloadInstallInactive",
            Self::Install => "Install",
            Self::InstallInactive => "InstallInactive",
            Self::RemovePackage | Self::Remove => "Remove",
            Self::Activate => "Activate",
            Self::Deactivate => "Deactivate",
        }
    }
}

/// A result code of SCOMO, as the Data of its alert carries it (SCOMO 1.0, clause 8.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScomoResult(pub u16);

impl ScomoResult {
    /// 1200: successful.
    pub const SUCCESSFUL: Self = Self(1200);
    /// 1400: the management client failed.
    pub const CLIENT_ERROR: Self = Self(1400);
    /// 1401: the End User cancelled.
    pub const USER_CANCELLED: Self = Self(1401);
    /// 1402: the download failed.
    pub const DOWNLOAD_FAILED: Self = Self(1402);
    /// 1403: the authentication at the download server failed.
    pub const ALTERNATE_AUTHENTICATION_FAILED: Self = Self(1403);
    /// 1404: no room for the download.
    pub const OUT_OF_MEMORY_FOR_DOWNLOAD: Self = Self(1404);
    /// 1405: the installation failed.
    pub const INSTALL_FAILED: Self = Self(1405);
    /// 1406: no room for the installation.
    pub const OUT_OF_MEMORY_FOR_INSTALL: Self = Self(1406);
    /// 1407: the signature is not valid.
    pub const SIGNATURE_FAILED: Self = Self(1407);
    /// 1408: the removal failed.
    pub const REMOVE_FAILED: Self = Self(1408);
    /// 1409: the activation failed.
    pub const ACTIVATE_FAILED: Self = Self(1409);
    /// 1410: the deactivation failed.
    pub const DEACTIVATE_FAILED: Self = Self(1410);
    /// 1411: the Device does not implement the operation.
    pub const NOT_IMPLEMENTED: Self = Self(1411);
    /// 1412: an error without a code of its own.
    pub const UNDEFINED_ERROR: Self = Self(1412);
    /// 1413: the component is for an environment that the Device does not have.
    pub const ENVIRONMENT_NOT_SUPPORTED: Self = Self(1413);
    /// 1500: the download server failed.
    pub const ALTERNATE_SERVER_ERROR: Self = Self(1500);
    /// 1501: the download server is unavailable.
    pub const ALTERNATE_SERVER_UNAVAILABLE: Self = Self(1501);

    /// Whether the operation succeeded: 1200, or any other code of its class, where 1250 to 1299 are the vendor's.
    pub fn is_success(self) -> bool {
        self.0 / 100 == 12
    }
}

impl fmt::Display for ScomoResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where an operation finds the component's package.
pub fn package_url(component: &ComponentId) -> String {
    format!("{DOWNLOAD}/{component}/PkgURL")
}

/// The component whose [`package_url`] the node is.
pub fn package_url_of(node: &str) -> Option<ComponentId> {
    ComponentId::new(below_download(node)?.strip_suffix("/PkgURL")?).ok()
}

/// The node that is executed for an operation.
pub fn operation(component: &ComponentId, operation: Operation) -> String {
    format!("{}/{component}/Operations/{}", operation.root(), operation.name())
}

/// The component and the operation that the node stands for.
pub fn operation_of(node: &str) -> Option<(ComponentId, Operation)> {
    let (path, name) = node.rsplit_once("/Operations/")?;
    let mut named = Operation::ALL.into_iter().filter(|operation| operation.name() == name);
    named.find_map(|operation| {
        let component = path.strip_prefix(operation.root())?.strip_prefix('/')?;
        Some((ComponentId::new(component).ok()?, operation))
    })
}

fn below_download(node: &str) -> Option<&str> {
    node.strip_prefix(DOWNLOAD)?.strip_prefix('/')
}

/// The id of an installed component.
pub fn deployed_id(component: &ComponentId) -> String {
    format!("{DEPLOYED}/{component}/ID")
}

/// The state of a package that is there: 10 delivered (practice of one shipping client).
pub fn delivered_state(component: &ComponentId) -> String {
    format!("{DELIVERED}/{component}/State")
}

/// The version of an installed component.
pub fn deployed_version(component: &ComponentId) -> String {
    format!("{DEPLOYED}/{component}/Version")
}

/// The state of an installed component: 10 inactive, 20 active (practice of one shipping client).
pub fn deployed_state(component: &ComponentId) -> String {
    format!("{DEPLOYED}/{component}/State")
}

/// The item of the Generic Alert that reports the end of an operation.
pub fn report_item(component: &ComponentId, executed: Operation, result: ScomoResult) -> Item {
    let identifier = escape(component.as_str());
    let data = format!("<ResultCode>{result}</ResultCode><Identifier>{identifier}</Identifier>");
    report(operation(component, executed), ALERT_OPERATION_COMPLETE, "xml", result.is_success(), data)
}

/// Reads the Data of [`report_item`]: the result and the component.
///
/// The two elements may come in any order, with prefixes and white space; other elements are passed over. `None` when one
/// is missing, occurs twice or says nothing usable, or when the text is no XML content.
pub fn parse_report_data(text: &str) -> Option<(ScomoResult, ComponentId)> {
    let document = format!("<Data>{text}</Data>");
    let data = tree::parse(document.as_bytes()).ok()?;
    let blank = data.text.chars().all(tree::is_xml_space);
    let code = only(&data, "ResultCode")?;
    let identifier = only(&data, "Identifier")?;
    let result = ScomoResult(unsigned(code).filter(|_| blank)?);
    Some((result, ComponentId::new(identifier).ok()?))
}

fn only<'e>(parent: &'e Element<'_>, name: &str) -> Option<&'e str> {
    let mut named = parent.children.iter().filter(|child| child.name == name);
    match (named.next(), named.next()) {
        (Some(leaf), None) if leaf.children.is_empty() => Some(leaf.text.trim_matches(tree::is_xml_space)),
        _ => None,
    }
}

/// The two commands that have a Device download the component's package at `location`, install and activate it.
///
/// `location` is the package's Content-Location in the FDT; `correlator` is the campaign's name; the commands take
/// `first_cmd_id` and the number after it.
pub fn download_install(component: &ComponentId, location: &str, correlator: &str, first_cmd_id: u32) -> Vec<Command> {
    let url = Item::text(package_url(component), location);
    vec![
        Command::Replace(Items { cmd_id: first_cmd_id, items: vec![url] }),
        Command::Exec(Exec {
            cmd_id: first_cmd_id.wrapping_add(1),
            correlator: Some(correlator.into()),
            item: Item::for_target(operation(component, Operation::DownloadInstall)),
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser() -> ComponentId {
        ComponentId::new("browser").unwrap()
    }

    #[test]
    fn nodes_are_named_by_the_component() {
        let node = operation(&browser(), Operation::DownloadInstallInactive);

        assert_eq!(node, "./SCOMO/Download/browser/Operations/DownloadInstallInactive");
        assert_eq!(operation_of(&node), Some((browser(), Operation::DownloadInstallInactive)));
        assert_eq!(package_url_of("./SCOMO/Download/browser/PkgURL"), Some(browser()));
        assert_eq!(deployed_id(&browser()), "./SCOMO/Inventory/Deployed/browser/ID");
        assert_eq!(deployed_version(&browser()), "./SCOMO/Inventory/Deployed/browser/Version");
        assert_eq!(deployed_state(&browser()), "./SCOMO/Inventory/Deployed/browser/State");
    }

    #[test]
    fn another_node_is_no_operation() {
        for node in [
            "",
            "./SCOMO/Download",
            "./SCOMO/Download//Operations/Download",
            "./SCOMO/Download/Operations/Download",
            "./SCOMO/Download/browser/Operations/",
            "./SCOMO/Download/browser/Operations/Remove",
            "./SCOMO/Download/browser/Operations/Download/x",
            "./SCOMO/Downloads/browser/Operations/Download",
        ] {
            assert_eq!(operation_of(node), None, "{node}");
        }
        assert_eq!(package_url_of("./SCOMO/Download/PkgURL"), None);
    }

    #[test]
    fn a_report_carries_result_and_component() {
        let item = report_item(&browser(), Operation::DownloadInstall, ScomoResult::INSTALL_FAILED);

        assert_eq!(item.source.as_deref(), Some("./SCOMO/Download/browser/Operations/DownloadInstall"));
        assert_eq!(item.meta.format.as_deref(), Some("xml"));
        assert_eq!(item.meta.mark.as_deref(), Some("critical"));
        let data = "<ResultCode>1405</ResultCode><Identifier>browser</Identifier>";
        assert_eq!(item.data.as_deref(), Some(data));
        assert_eq!(parse_report_data(data), Some((ScomoResult::INSTALL_FAILED, browser())));
    }

    #[test]
    fn report_data_is_read_as_xml() {
        let data = "\n <s:Identifier xmlns:s='urn:x'><![CDATA[browser]]></s:Identifier><More/>\n<ResultCode> 1200 </ResultCode>";

        assert_eq!(parse_report_data(data), Some((ScomoResult::SUCCESSFUL, browser())));
    }

    #[test]
    fn report_data_that_says_nothing_usable_is_refused() {
        for data in [
            "",
            "1200",
            "<ResultCode>1200</ResultCode>",
            "<Identifier>browser</Identifier>",
            "<ResultCode>+1200</ResultCode><Identifier>browser</Identifier>",
            "<ResultCode>65536</ResultCode><Identifier>browser</Identifier>",
            "<ResultCode>1200</ResultCode><Identifier/>",
            "<ResultCode>1200</ResultCode><ResultCode>1405</ResultCode><Identifier>browser</Identifier>",
            "<ResultCode>1200</ResultCode><Identifier>browser</Identifier>.",
            "<ResultCode>1200</ResultCode><Identifier>browser",
            "<ResultCode>1200</ResultCode><Identifier>browser</Identifier></Data><Data>",
            "<ResultCode>1200</ResultCode><Identifier>&browser;</Identifier>",
        ] {
            assert_eq!(parse_report_data(data), None, "{data}");
        }
    }

    #[test]
    fn a_software_command_sets_the_url_before_it_executes() {
        let commands = download_install(&browser(), "http://sp.example/browser.bin", "spring-patch", 1);

        let [Command::Replace(replace), Command::Exec(exec)] = commands.as_slice() else { panic!("{commands:?}") };
        assert_eq!((replace.cmd_id, exec.cmd_id), (1, 2));
        assert_eq!(replace.items, [Item::text("./SCOMO/Download/browser/PkgURL", "http://sp.example/browser.bin")]);
        assert_eq!(exec.item.target.as_deref(), Some("./SCOMO/Download/browser/Operations/DownloadInstall"));
        assert_eq!(exec.correlator.as_deref(), Some("spring-patch"));
    }

    #[test]
    fn the_vendors_successes_are_successes() {
        assert!(ScomoResult::SUCCESSFUL.is_success() && ScomoResult(1299).is_success());
        assert!(!ScomoResult(200).is_success() && !ScomoResult::USER_CANCELLED.is_success());
    }
}
