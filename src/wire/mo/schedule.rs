//! The exception schedule MO (`urn:castproof:mo:exception-schedule:1`), which a provisioning Command carries.
//!
//! Root `./ExceptionSchedule/<campaign>`, then `Rule/<n>/` with the leaves Situation, Action, Offset, Window, Attempts,
//! RetryInterval and Process; `n` is a number from 1 up. The four timing leaves are there when Action is `report` and only
//! then. Durations are whole milliseconds in decimal digits. Bounds: [`MAX_RULES`] rules of 7 leaves.
//!
//! A campaign's name is one segment of a node URI here. A name with `/` in it is therefore refused, in both directions:
//! escaping it would ask every Device for a second decoder, to serve names that nobody needs.

mod leaves;

use std::collections::BTreeMap;

use leaves::{Leaves, invalid, process_text};
pub use leaves::{situation, situation_text};

use super::unsigned;
use crate::spec::{CampaignId, ExceptionSchedule, RuleAction};
use crate::wire::DecodeError;
use crate::wire::syncml::{Item, Meta};

/// The root of the object.
pub const ROOT: &str = "./ExceptionSchedule";
/// The object's identifier.
pub const MO_ID: &str = "urn:castproof:mo:exception-schedule:1";
/// Rules that a schedule may have.
pub const MAX_RULES: usize = 64;

/// Why an exception schedule has no form on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The campaign's name would be more than one segment of a node URI.
    #[error("campaign `{campaign}` with a `/` in its name")]
    CampaignName {
        /// The name.
        campaign: CampaignId,
    },
    /// More rules than [`MAX_RULES`].
    #[error("{rules} rules, at most {MAX_RULES} fit")]
    TooManyRules {
        /// Rules in the schedule.
        rules: usize,
    },
    /// A status class that is no class of failures.
    #[error("status class {class}, only 4 and 5 are failures")]
    StatusClass {
        /// The class.
        class: u8,
    },
    /// A rule that reports, but never tries to.
    #[error("rule {rule} reports with no attempt")]
    NoAttempt {
        /// The rule's number on the wire.
        rule: usize,
    },
}

/// The items that set a campaign's schedule, for one Replace.
///
/// A schedule without rules is the one interior node of the campaign. Durations lose what is below a millisecond.
///
/// # Errors
/// [`ScheduleError`] when the campaign or a rule has no form on the wire.
pub fn to_items(campaign: &CampaignId, schedule: &ExceptionSchedule) -> Result<Vec<Item>, ScheduleError> {
    if campaign.as_str().contains('/') {
        return Err(ScheduleError::CampaignName { campaign: campaign.clone() });
    }
    if schedule.rules.len() > MAX_RULES {
        return Err(ScheduleError::TooManyRules { rules: schedule.rules.len() });
    }
    let mut items = Vec::new();
    for (rule, number) in schedule.rules.iter().zip(1..) {
        let mut set = |leaf: &str, value: String| {
            items.push(Item::text(format!("{ROOT}/{campaign}/Rule/{number}/{leaf}"), value));
        };
        set("Situation", situation_text(&rule.situation)?);
        match rule.action {
            RuleAction::StaySilent => set("Action", "silent".into()),
            RuleAction::Report(timing) if timing.attempts == 0 => {
                return Err(ScheduleError::NoAttempt { rule: number });
            }
            RuleAction::Report(timing) => {
                set("Action", "report".into());
                set("Offset", timing.offset.as_millis().to_string());
                set("Window", timing.window.as_millis().to_string());
                set("Attempts", timing.attempts.to_string());
                set("RetryInterval", timing.retry_interval.as_millis().to_string());
            }
        }
        set("Process", process_text(rule.process).into());
    }
    if items.is_empty() {
        let meta = Meta { format: Some("node".into()), ..Meta::default() };
        items.push(Item { meta, ..Item::for_target(format!("{ROOT}/{campaign}")) });
    }
    Ok(items)
}

/// The schedule that is among the items of a Command, with its campaign; `None` when no item lies under [`ROOT`].
///
/// Rules come in the order of their numbers, which may have gaps. Interior nodes may be set explicitly (Format `node`, no
/// Data) or not at all.
///
/// # Errors
/// [`DecodeError`] whose reason names the node: one that the object does not have, one that is set twice, a leaf that is
/// missing or out of place, a value that does not read, a second campaign, a rule beyond [`MAX_RULES`]. Offsets are zero:
/// an item does not know its place.
pub fn from_items(items: &[Item]) -> Result<Option<(CampaignId, ExceptionSchedule)>, DecodeError> {
    let mut campaign: Option<CampaignId> = None;
    let mut rules: BTreeMap<u32, Leaves<'_>> = BTreeMap::new();
    for item in items {
        let Some(node) = item.target.as_deref() else { continue };
        let Some(path) = node.strip_prefix(ROOT).and_then(|below| below.strip_prefix('/')) else { continue };
        let (name, below) = path.split_once('/').map_or((path, None), |(name, below)| (name, Some(below)));
        let name = CampaignId::new(name).map_err(|fault| invalid(node, "campaign", fault.to_string()))?;
        match &campaign {
            Some(first) if *first != name => {
                return Err(invalid(node, "campaign", format!("a second campaign beside `{first}`")));
            }
            _ => campaign = Some(name),
        }
        let interior = item.data.is_none() && item.meta.format.as_deref() == Some("node");
        let rule_path = match below {
            None | Some("Rule") if interior => continue,
            Some(below) => below.strip_prefix("Rule/"),
            None => None,
        };
        let rule_path = rule_path.ok_or_else(|| invalid(node, "node", "no node of the object"))?;
        let (number, leaf) = rule_path.split_once('/').map_or((rule_path, None), |(n, leaf)| (n, Some(leaf)));
        let number: u32 = unsigned(number)
            .filter(|_| !number.starts_with('0'))
            .ok_or_else(|| invalid(node, "Rule", "a rule is named by a number from 1 up"))?;
        if rules.len() == MAX_RULES && !rules.contains_key(&number) {
            return Err(invalid(node, "Rule", format!("more than {MAX_RULES} rules")));
        }
        let leaves = rules.entry(number).or_default();
        match leaf {
            None if interior => {}
            None => return Err(invalid(node, "Rule", "a rule is an interior node")),
            Some(leaf) => leaves.set(node, leaf, item.data.as_deref())?,
        }
    }
    let Some(campaign) = campaign else { return Ok(None) };
    let rules = rules.iter().map(|(number, leaves)| leaves.rule(&format!("{ROOT}/{campaign}/Rule/{number}")));
    let schedule = ExceptionSchedule { rules: rules.collect::<Result<_, _>>()? };
    Ok(Some((campaign, schedule)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::leaves::LEAVES;
    use super::*;
    use crate::spec::{CareProcess, ExceptionRule, NodeUri, ReportTiming, Situation};

    const REPORTING: [(&str, &str); 7] = [
        ("Situation", "node:./Settings/Apn"),
        ("Action", "report"),
        ("Offset", "0"),
        ("Window", "400"),
        ("Attempts", "3"),
        ("RetryInterval", "1000"),
        ("Process", "re-provision"),
    ];

    fn rule(number: &str, leaves: &[(&str, &str)]) -> Vec<Item> {
        let root = format!("{ROOT}/roaming/Rule/{number}");
        leaves.iter().map(|(leaf, value)| Item::text(format!("{root}/{leaf}"), *value)).collect()
    }

    fn campaign() -> CampaignId {
        CampaignId::new("roaming").unwrap()
    }

    #[test]
    fn a_schedule_is_read_from_among_other_nodes_in_any_order() {
        let silent = [("Process", "ignore"), ("Action", "silent"), ("Situation", "class:5")];
        let others = vec![Item::text("./Settings/Apn", "a"), Item::default(), Item::text("./ExceptionScheduleX/y", "")];
        let items = [rule("7", &silent), others, rule("2", &REPORTING)].concat();

        let (name, schedule) = from_items(&items).unwrap().unwrap();

        assert_eq!(name, campaign());
        let timing = ReportTiming {
            offset: Duration::ZERO,
            window: Duration::from_millis(400),
            attempts: 3,
            retry_interval: Duration::from_secs(1),
        };
        let first = ExceptionRule {
            situation: Situation::Node(NodeUri::new("./Settings/Apn").unwrap()),
            action: RuleAction::Report(timing),
            process: CareProcess::ReProvision,
        };
        let second = ExceptionRule {
            situation: Situation::StatusClass(5),
            action: RuleAction::StaySilent,
            process: CareProcess::Ignore,
        };
        assert_eq!(schedule.rules, [first, second]);
    }

    #[test]
    fn items_without_a_schedule_have_none() {
        assert_eq!(from_items(&[]), Ok(None));
        assert_eq!(from_items(&[Item::text("./Settings/Apn", "a"), Item::for_target(ROOT)]), Ok(None));
    }

    #[test]
    fn an_error_names_the_node() {
        let without = |leaf: &str| -> Vec<_> { REPORTING.into_iter().filter(|(name, _)| *name != leaf).collect() };
        let with = |leaf: &'static str, value| [without(leaf), vec![(leaf, value)]].concat();
        let node = |below: &str| [rule("1", &REPORTING), vec![Item::text(format!("{ROOT}/{below}"), "x")]].concat();
        let no_value = [rule("1", &without("Offset")), vec![Item::for_target(format!("{ROOT}/roaming/Rule/1/Offset"))]];
        let many = (1..=65).flat_map(|number| rule(&number.to_string(), &REPORTING)).collect();
        let mut cases = vec![
            (node("roaming"), "roaming`: no node"),
            (node("roaming/Rules"), "roaming/Rules`: no node"),
            (node("roaming/Rule"), "roaming/Rule`: no node"),
            (node("roaming/Rule/1"), "roaming/Rule/1`: a rule is an interior node"),
            (node("roaming/Rule/0/Action"), "roaming/Rule/0/Action`: a rule is named by a number"),
            (node("roaming/Rule/01/Action"), "roaming/Rule/01/Action`: a rule is named by a number"),
            (node("roaming/Rule/x/Action"), "roaming/Rule/x/Action`: a rule is named by a number"),
            (node("roaming/Rule/4294967296/Action"), "Rule/4294967296/Action`: a rule is named"),
            (node("roaming/Rule/1/Colour"), "roaming/Rule/1/Colour`: a rule has no such leaf"),
            (node("roaming/Rule/1/Action"), "roaming/Rule/1/Action`: set twice"),
            (node("other/Rule/2/Action"), "other/Rule/2/Action`: a second campaign beside `roaming`"),
            (node("a/b/Rule/1/Action"), "a/b/Rule/1/Action`: a second campaign"),
            (node("/Rule/1/Action"), "campaign id is empty"),
            (vec![Item::text(format!("{ROOT}/a/b/Rule/1/Action"), "silent")], "a/b/Rule/1/Action`: no node"),
            (no_value.concat(), "roaming/Rule/1/Offset`: no value"),
            (many, "roaming/Rule/65/Situation`: more than 64 rules"),
        ];
        for leaf in LEAVES {
            cases.push((rule("1", &without(leaf)), "missing"));
        }
        for (leaf, value) in [
            ("Situation", "some"),
            ("Situation", "class:3"),
            ("Situation", "status:65536"),
            ("Situation", "status:"),
            ("Situation", "node:"),
            ("Action", "Report"),
            ("Offset", "-1"),
            ("Window", "18446744073709551616"),
            ("Attempts", "0"),
            ("Attempts", "256"),
            ("RetryInterval", "1s"),
            ("Process", "reprovision"),
        ] {
            cases.push((rule("1", &with(leaf, value)), "wanted is"));
        }
        cases.push((rule("1", &with("Action", "silent")), "Rule/1/Offset`: timing of a silent rule"));
        for (items, reason) in cases {
            let fault = from_items(&items).expect_err(reason);

            assert!(fault.reason.contains(reason), "{fault}: {reason}");
            assert!(fault.reason.contains(ROOT), "{fault} names no node");
        }
    }

    #[test]
    fn what_has_no_form_on_the_wire_is_not_written() {
        let timing = ReportTiming {
            offset: Duration::ZERO,
            window: Duration::ZERO,
            attempts: 0,
            retry_interval: Duration::ZERO,
        };
        let rule = |situation, action| ExceptionRule { situation, action, process: CareProcess::Ignore };
        let of = |rules| ExceptionSchedule { rules };
        let silent = rule(Situation::Any, RuleAction::StaySilent);
        let slash = CampaignId::new("a/b").unwrap();

        assert_eq!(to_items(&slash, &of(vec![])), Err(ScheduleError::CampaignName { campaign: slash.clone() }));
        assert_eq!(to_items(&campaign(), &of(vec![silent; 65])), Err(ScheduleError::TooManyRules { rules: 65 }));
        let class = rule(Situation::StatusClass(2), RuleAction::StaySilent);
        assert_eq!(to_items(&campaign(), &of(vec![class])), Err(ScheduleError::StatusClass { class: 2 }));
        let never = rule(Situation::Any, RuleAction::Report(timing));
        assert_eq!(to_items(&campaign(), &of(vec![never])), Err(ScheduleError::NoAttempt { rule: 1 }));
    }

    fn exception_rule() -> impl Strategy<Value = ExceptionRule> {
        let situation = prop_oneof![
            Just(Situation::Any),
            (4u8..=5).prop_map(Situation::StatusClass),
            any::<u16>().prop_map(Situation::Status),
            "\\./[a-z:/ é]{1,30}".prop_map(|node| Situation::Node(NodeUri::new(node).unwrap())),
        ];
        let span = || any::<u64>().prop_map(Duration::from_millis);
        let timing = (span(), span(), 1u8.., span()).prop_map(|(offset, window, attempts, retry_interval)| {
            RuleAction::Report(ReportTiming { offset, window, attempts, retry_interval })
        });
        let action = prop_oneof![Just(RuleAction::StaySilent), timing];
        let all = [CareProcess::ReProvision, CareProcess::Escalate, CareProcess::Ignore];
        (situation, action, prop::sample::select(all.to_vec())).prop_map(|(situation, action, process)| ExceptionRule {
            situation,
            action,
            process,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn reading_is_the_inverse_of_writing(
            name in "[^/\\pC]{1,16}",
            rules in prop::collection::vec(exception_rule(), 0..12),
        ) {
            let campaign = CampaignId::new(name).unwrap();
            let schedule = ExceptionSchedule { rules };

            let items = to_items(&campaign, &schedule).unwrap();

            prop_assert_eq!(from_items(&items), Ok(Some((campaign, schedule))));
        }

        #[test]
        fn arbitrary_nodes_never_panic(
            nodes in prop::collection::vec(("(/(roaming|Rule|[0-9]{1,3}|Action|Offset|.{0,4})){0,5}", any::<String>()), 0..6),
        ) {
            let items: Vec<_> = nodes.into_iter().map(|(path, value)| Item::text(format!("{ROOT}{path}"), value)).collect();

            if let Ok(Some((campaign, _))) = from_items(&items) {
                prop_assert!(!campaign.as_str().contains('/'));
            }
        }
    }
}
