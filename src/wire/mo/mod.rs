//! Management objects: FUMO, SCOMO, the exception schedule, and the reports that they send.
//!
//! A report is a Generic Alert (1226). [`ReportedResult`] is any of those that the profile knows, and the one place that
//! tells them apart. What a report means is read from its Type and Data; whether Source, Format and Mark are as they
//! ought to be is left to the checks, which can then say so in better words than "unreadable".

pub mod fumo;
pub mod provisioning;
pub mod schedule;
pub mod scomo;

use fumo::FumoResult;
use provisioning::ProvisioningReport;
use scomo::{Operation, ScomoResult};

use serde::{Deserialize, Serialize};

use crate::spec::ComponentId;
use crate::wire::DecodeError;
use crate::wire::syncml::{Alert, Item, Meta, alert};

/// What the base text of DM 1.2 writes in front of a Generic Alert's Type, and Devices in the field leave out.
pub const TYPE_PREFIX: &str = "Reversed-Domain-Name: ";
/// `Meta/Mark` of a report of success.
pub const MARK_SUCCESS: &str = "informational";
/// `Meta/Mark` of a report of failure.
pub const MARK_FAILURE: &str = "critical";

const GENERIC_ALERT: &str = "Generic Alert";
const REPORT: &str = "castproof profile 1, clause 6";

/// The result that a Generic Alert of the profile tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportedResult {
    /// The end of an operation on the firmware.
    Firmware {
        /// The operation that ended.
        operation: fumo::Operation,
        /// How it ended.
        result: FumoResult,
    },
    /// The end of a SCOMO operation.
    Software {
        /// The component.
        component: ComponentId,
        /// The operation that ended.
        operation: Operation,
        /// How it ended.
        result: ScomoResult,
    },
    /// The end of a provisioning.
    Provisioning(ProvisioningReport),
}

impl ReportedResult {
    /// Reads a Generic Alert, its Type with or without [`TYPE_PREFIX`].
    ///
    /// # Errors
    /// [`DecodeError`] when the alert is no Generic Alert, has no item or (for firmware and software) several, or when its
    /// Type is none of the profile's or its Data is not of that Type. Offsets are zero: an item does not know its place.
    pub fn from_alert(alert: &Alert) -> Result<Self, DecodeError> {
        if alert.code != alert::GENERIC {
            return Err(invalid("Data", format!("alert {}, not {}", alert.code, alert::GENERIC)));
        }
        let first = alert.items.first().ok_or_else(|| invalid("Item", "no item"))?;
        let media_type = bare_type(first)?;
        if let Some(operation) = fumo::Operation::ALL.into_iter().find(|one| one.alert_type() == media_type) {
            return Ok(Self::Firmware { operation, result: FumoResult(result_number(only_item(alert)?)?) });
        }
        match media_type {
            scomo::ALERT_OPERATION_COMPLETE => software(only_item(alert)?),
            provisioning::ALERT => Ok(Self::Provisioning(ProvisioningReport::from_items(&alert.items)?)),
            other => Err(invalid("Type", format!("`{}` is no report of the profile", shown(other)))),
        }
    }

    /// The Generic Alert that tells this result; `correlator` is that of the Exec, or the campaign's name.
    pub fn to_alert(&self, cmd_id: u32, correlator: Option<String>) -> Alert {
        let items = match self {
            Self::Firmware { operation, result } => vec![fumo::report_item(*operation, *result)],
            Self::Software { component, operation, result } => {
                vec![scomo::report_item(component, *operation, *result)]
            }
            Self::Provisioning(report) => report.to_items(),
        };
        Alert { cmd_id, code: alert::GENERIC, correlator, items }
    }

    /// Whether the update or provisioning succeeded.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Firmware { result, .. } => result.is_success(),
            Self::Software { result, .. } => result.is_success(),
            Self::Provisioning(report) => report.is_success(),
        }
    }

    /// The result code as it stands in Data.
    pub fn code(&self) -> u16 {
        match self {
            Self::Firmware { result, .. } => result.0,
            Self::Software { result, .. } => result.0,
            Self::Provisioning(report) => report.status,
        }
    }
}

fn software(item: &Item) -> Result<ReportedResult, DecodeError> {
    let data = item.data.as_deref().unwrap_or_default();
    let (result, component) = scomo::parse_report_data(data)
        .ok_or_else(|| invalid("Data", format!("`{}` holds no ResultCode and Identifier", shown(data))))?;
    let source = item.source.as_deref().unwrap_or_default();
    let (executed, operation) = scomo::operation_of(source)
        .ok_or_else(|| invalid("Source", format!("`{}` is no operation of SCOMO", shown(source))))?;
    if executed != component {
        return Err(invalid("Data", format!("Identifier `{component}`, but Source names `{executed}`")));
    }
    Ok(ReportedResult::Software { component, operation, result })
}

fn only_item(alert: &Alert) -> Result<&Item, DecodeError> {
    match alert.items.as_slice() {
        [item] => Ok(item),
        items => Err(invalid("Item", format!("{} items, one result has one", items.len()))),
    }
}

/// The item of a report.
fn report(source: impl Into<String>, media_type: &str, format: &str, success: bool, data: impl Into<String>) -> Item {
    let mark = if success { MARK_SUCCESS } else { MARK_FAILURE };
    let meta = Meta { media_type: Some(media_type.into()), format: Some(format.into()), mark: Some(mark.into()) };
    Item { target: None, source: Some(source.into()), meta, data: Some(data.into()) }
}

/// The Type of a report without the prefix.
fn bare_type(item: &Item) -> Result<&str, DecodeError> {
    let media_type = item.meta.media_type.as_deref().ok_or_else(|| invalid("Type", "no Type"))?;
    Ok(media_type.strip_prefix(TYPE_PREFIX.trim_end()).map_or(media_type, str::trim_start))
}

/// The Data of a report of Format int.
fn result_number(item: &Item) -> Result<u16, DecodeError> {
    let data = item.data.as_deref().unwrap_or_default();
    unsigned(data.trim()).ok_or_else(|| invalid("Data", format!("`{}` is no result code", shown(data))))
}

/// The number that a text of digits gives; no sign, no blank.
fn unsigned<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Text from the wire, short enough for an error.
fn shown(text: &str) -> String {
    text.chars().take(255).collect()
}

fn invalid(field: &'static str, reason: impl Into<String>) -> DecodeError {
    DecodeError { protocol: GENERIC_ALERT, offset: 0, field, reason: reason.into(), clause: REPORT }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::NodeUri;
    use crate::wire::syncml::{Command, Message, SyncHdr};

    fn alert(media_type: &str, source: &str, data: &str) -> Alert {
        let item = report(source, media_type, "int", true, data);
        Alert { cmd_id: 3, code: alert::GENERIC, correlator: None, items: vec![item] }
    }

    #[test]
    fn the_type_is_read_with_and_without_its_prefix() {
        for prefix in ["", "Reversed-Domain-Name: ", "Reversed-Domain-Name:"] {
            let alert = alert(&format!("{prefix}{}", fumo::ALERT_DOWNLOAD), "./FUMO", "402");

            let result = ReportedResult::from_alert(&alert).unwrap();

            let expected = ReportedResult::Firmware {
                operation: fumo::Operation::Download,
                result: FumoResult::CORRUPTED_PACKAGE,
            };
            assert_eq!(result, expected, "{prefix:?}");
            assert!(!result.is_success());
            assert_eq!(result.code(), 402);
        }
    }

    #[test]
    fn what_is_no_report_of_the_profile_is_refused() {
        let scomo = scomo::ALERT_OPERATION_COMPLETE;
        let node = "./SCOMO/Download/browser/Operations/Download";
        let data = "<ResultCode>1200</ResultCode><Identifier>browser</Identifier>";
        let good = alert(scomo, node, data);
        let cases = [
            (Alert { code: 1224, ..good.clone() }, "Data"),
            (Alert { items: vec![], ..good.clone() }, "Item"),
            (Alert { items: [good.items.clone(), good.items.clone()].concat(), ..good.clone() }, "Item"),
            (Alert { items: vec![Item::for_target("./FUMO")], ..good.clone() }, "Type"),
            (alert("urn:other", "./FUMO", "200"), "Type"),
            (alert(fumo::ALERT_DEVICE_REQUEST, "./FUMO", ""), "Type"),
            (alert(fumo::ALERT_UPDATE, "./FUMO", "+200"), "Data"),
            (alert(fumo::ALERT_UPDATE, "./FUMO", "65536"), "Data"),
            (alert(fumo::ALERT_UPDATE, "./FUMO", ""), "Data"),
            (alert(scomo, "./SCOMO", data), "Source"),
            (alert(scomo, node, "1200"), "Data"),
            (alert(scomo, &node.replace("browser", "mail"), data), "Data"),
            (alert(provisioning::ALERT, "./Settings", "failed"), "Data"),
        ];
        assert!(ReportedResult::from_alert(&good).is_ok());
        for (alert, field) in cases {
            let fault = ReportedResult::from_alert(&alert).expect_err(&format!("{alert:?}"));

            assert_eq!(fault.field, field, "{fault}: {alert:?}");
        }
    }

    fn component() -> impl Strategy<Value = ComponentId> {
        "[a-zA-Z0-9<&/.é-]([ a-zA-Z0-9<&/.é-]{0,14}[a-z0-9])?".prop_map(|text| ComponentId::new(text).unwrap())
    }

    fn result() -> impl Strategy<Value = ReportedResult> {
        let operation = prop::sample::select(Operation::ALL.as_slice());
        let node = "\\./[a-zA-Z0-9&/]{1,20}".prop_map(|text| NodeUri::new(text).unwrap());
        prop_oneof![
            (prop::sample::select(fumo::Operation::ALL.as_slice()), any::<u16>())
                .prop_map(|(operation, code)| ReportedResult::Firmware { operation, result: FumoResult(code) }),
            (component(), operation, any::<u16>()).prop_map(|(component, operation, code)| {
                ReportedResult::Software { component, operation, result: ScomoResult(code) }
            }),
            (any::<u16>(), prop::collection::vec((node, any::<u16>()), 0..5))
                .prop_map(|(status, failing)| ReportedResult::Provisioning(ProvisioningReport { status, failing })),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn reading_a_report_is_the_inverse_of_writing_it(result in result(), correlator in prop::option::of("[a-z]{1,9}")) {
            let alert = result.to_alert(7, correlator);

            prop_assert_eq!(ReportedResult::from_alert(&alert), Ok(result));
        }

        #[test]
        fn a_report_survives_its_way_through_xml(result in result()) {
            let header = SyncHdr {
                session_id: "2".into(),
                msg_id: 1,
                target: "http://dm.sp.example/dm".into(),
                source: "urn:imei:490154203237518".into(),
                source_name: None,
                resp_uri: None,
                cred: None,
            };
            let body = vec![Command::Alert(result.to_alert(3, Some("spring-patch".into())))];

            let xml = Message { header, body, is_final: true }.to_xml();

            let body = Message::from_xml(xml.as_bytes()).unwrap().body;
            let [Command::Alert(alert)] = body.as_slice() else { panic!("{body:?}") };
            prop_assert_eq!(ReportedResult::from_alert(alert), Ok(result));
        }

        #[test]
        fn a_mark_tells_success_from_failure(result in result()) {
            let alert = result.to_alert(1, None);

            let expected = if result.is_success() { MARK_SUCCESS } else { MARK_FAILURE };
            prop_assert_eq!(alert.items[0].meta.mark.as_deref(), Some(expected));
        }
    }
}
