//! The report of a provisioning ([SC-NF-5], profile section 6).
//!
//! No OMA object has an alert for "these settings could not be set", so the type is the profile's own. A report takes no
//! more than the items it is read from.

use serde::{Deserialize, Serialize};

use super::{bare_type, invalid, report, result_number, shown};
use crate::spec::NodeUri;
use crate::wire::DecodeError;
use crate::wire::syncml::{Item, status};

/// The root of what is provisioned.
pub const SETTINGS: &str = "./Settings";
/// Executed to put every setting back to what the Device left the factory with.
pub const RESTORE: &str = "./Settings/Restore";
/// Alert type of a provisioning's end.
pub const ALERT: &str = "urn:castproof:at:provisioning:1";

/// How a provisioning ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisioningReport {
    /// 200, or the first status that failed.
    pub status: u16,
    /// Each node that failed, with the status of the command on it.
    pub failing: Vec<(NodeUri, u16)>,
}

impl ProvisioningReport {
    /// Whether every command succeeded; naming a failed node under a good status is no success.
    pub fn is_success(&self) -> bool {
        status::is_success(self.status) && self.failing.is_empty()
    }

    /// The items of the Generic Alert: the provisioning as a whole, then each node that failed.
    pub fn to_items(&self) -> Vec<Item> {
        let whole = report(SETTINGS, ALERT, "int", self.is_success(), self.status.to_string());
        let failing = self.failing.iter();
        let failing = failing
            .map(|(node, status)| report(node.as_str(), ALERT, "int", status::is_success(*status), status.to_string()));
        std::iter::once(whole).chain(failing).collect()
    }

    /// Reads the items of a Generic Alert; the first is the provisioning as a whole, wherever its Source points.
    ///
    /// # Errors
    /// [`DecodeError`] when there is no item, an item has another Type, its Data is no status code, or an item after the
    /// first has no node as Source.
    pub fn from_items(items: &[Item]) -> Result<Self, DecodeError> {
        let (whole, failing) = items.split_first().ok_or_else(|| invalid("Item", "no item"))?;
        let status = coded(whole)?;
        let failing = failing.iter().map(|item| {
            let source = item.source.as_deref().unwrap_or_default();
            let node = NodeUri::new(source)
                .map_err(|fault| invalid("Source", format!("`{}` names no node: {fault}", shown(source))))?;
            Ok((node, coded(item)?))
        });
        Ok(Self { status, failing: failing.collect::<Result<_, _>>()? })
    }
}

fn coded(item: &Item) -> Result<u16, DecodeError> {
    match bare_type(item)? {
        ALERT => result_number(item),
        other => Err(invalid("Type", format!("`{}`, not `{ALERT}`", shown(other)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> ProvisioningReport {
        ProvisioningReport { status: 420, failing: vec![(NodeUri::new("./Settings/Apn").unwrap(), 420)] }
    }

    #[test]
    fn a_failure_names_its_nodes_after_the_whole() {
        let items = failed().to_items();

        let said = |item: &Item| (item.source.clone().unwrap(), item.data.clone().unwrap(), item.meta.mark.clone());
        let critical = Some("critical".to_owned());
        assert_eq!(said(&items[0]), ("./Settings".into(), "420".into(), critical.clone()));
        assert_eq!(said(&items[1]), ("./Settings/Apn".into(), "420".into(), critical));
        assert_eq!(ProvisioningReport::from_items(&items), Ok(failed()));
    }

    #[test]
    fn a_good_status_with_a_failed_node_is_no_success() {
        assert!(ProvisioningReport { status: 200, failing: vec![] }.is_success());
        assert!(!ProvisioningReport { status: 200, ..failed() }.is_success());
        assert!(!failed().is_success());
    }

    #[test]
    fn items_that_are_no_provisioning_report_are_refused() {
        let mut other_type = failed().to_items();
        other_type[1].meta.media_type = Some("urn:other".into());
        let mut no_source = failed().to_items();
        no_source[1].source = None;
        let mut no_status = failed().to_items();
        no_status[1].data = Some("failed".into());

        for (items, field) in [(vec![], "Item"), (other_type, "Type"), (no_source, "Source"), (no_status, "Data")] {
            let fault = ProvisioningReport::from_items(&items).unwrap_err();

            assert_eq!(fault.field, field, "{fault}");
        }
    }
}
