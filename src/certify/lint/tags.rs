//! Tags: which there are, what they say, and that each scenario says enough.

use cucumber::gherkin::{Feature, LineCol, Scenario};

use super::source::did_you_mean;
use super::{Lint, LintKind, Source, nearest};
use crate::spec::{Capability, CapabilityError, Coverage, Flow, Register, RequirementId, Role};

const FAMILIES: [&str; 5] = ["req", "flow", "role", "needs", "since"];

const CLOSED: [&str; 7] =
    ["flow.normal", "flow.alternative", "flow.exceptional", "role.device", "role.provider", "role.system", "golden"];

/// One tag, understood.
enum Tag {
    Requirement(RequirementId),
    Flow(Flow),
    Role(Role),
    Needs(Capability),
    Since,
    Golden,
}

impl Tag {
    fn parse(tag: &str) -> Option<Self> {
        let (family, value) = tag.split_once('.').unwrap_or((tag, ""));
        Some(match (family, value) {
            ("req", id) if !id.is_empty() => Self::Requirement(RequirementId::new(id)),
            ("flow", "normal") => Self::Flow(Flow::Normal),
            ("flow", "alternative") => Self::Flow(Flow::Alternative),
            ("flow", "exceptional") => Self::Flow(Flow::Exceptional),
            ("role", "device") => Self::Role(Role::Device),
            ("role", "provider") => Self::Role(Role::Provider),
            ("role", "system") => Self::Role(Role::System),
            ("needs", name) => Self::Needs(name.parse().ok()?),
            ("since", version) if is_version(version) => Self::Since,
            ("golden", "") if tag == "golden" => Self::Golden,
            _ => return None,
        })
    }
}

fn is_version(version: &str) -> bool {
    version.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

/// What the tags of an example say together.
#[derive(Default)]
pub(in crate::certify) struct Meaning {
    /// The requirements.
    pub(in crate::certify) requirements: Vec<RequirementId>,
    /// The capabilities that are needed.
    pub(in crate::certify) needs: Vec<Capability>,
    flows: Vec<Flow>,
    roles: Vec<Role>,
}

impl Meaning {
    /// What these tags say; those that mean nothing are left out.
    pub(in crate::certify) fn of(tags: &[String]) -> Self {
        let mut meaning = Self::default();
        for tag in tags.iter().filter_map(|tag| Tag::parse(tag)) {
            match tag {
                Tag::Requirement(id) => meaning.requirements.push(id),
                Tag::Flow(flow) => meaning.flows.push(flow),
                Tag::Role(role) => meaning.roles.push(role),
                Tag::Needs(capability) => meaning.needs.push(capability),
                Tag::Since | Tag::Golden => {}
            }
        }
        meaning
    }

    /// The flow, when there is exactly one.
    pub(in crate::certify) fn only_flow(&self) -> Option<Flow> {
        self.flows.first().copied().filter(|_| self.flows.len() == 1)
    }

    /// The role, when there is exactly one.
    pub(in crate::certify) fn only_role(&self) -> Option<Role> {
        self.roles.first().copied().filter(|_| self.roles.len() == 1)
    }
}

/// Checks the tags of a feature that is not expanded yet; without a register, ids are not looked up.
pub(in crate::certify) fn check(feature: &Feature, source: &Source, register: Option<&Register>, lint: &mut Lint) {
    let mut owner = |tags: &[String], position| check_each(tags, position, source, register, lint);
    owner(&feature.tags, feature.position);
    for rule in &feature.rules {
        owner(&rule.tags, rule.position);
    }
    let ruled =
        feature.rules.iter().flat_map(|rule| rule.scenarios.iter().map(|scenario| (rule.tags.as_slice(), scenario)));
    let scenarios: Vec<_> = feature.scenarios.iter().map(|scenario| (&[][..], scenario)).chain(ruled).collect();
    for (_, scenario) in &scenarios {
        owner(&scenario.tags, scenario.position);
        for examples in &scenario.examples {
            owner(&examples.tags, examples.position);
        }
    }
    for (inherited, scenario) in scenarios {
        let inherited = [&feature.tags, inherited, &scenario.tags].concat();
        check_together(&inherited, scenario, source, lint);
    }
}

fn check_each(tags: &[String], owner: LineCol, source: &Source, register: Option<&Register>, lint: &mut Lint) {
    for tag in tags {
        let place = || source.tag_place(owner, tag);
        match (Tag::parse(tag), register) {
            (None, _) => lint.push(place(), LintKind::UnknownTag { tag: tag.clone() }, hint(tag)),
            (Some(Tag::Requirement(id)), Some(register)) => {
                if let Some((kind, hint)) = unusable(&id, register) {
                    lint.push(place(), kind, hint);
                }
            }
            _ => {}
        }
    }
}

fn unusable(id: &RequirementId, register: &Register) -> Option<(LintKind, Option<String>)> {
    let Some(row) = register.get(id) else {
        let ids = register.requirements.iter().map(|row| row.id.as_str());
        return Some((LintKind::UnknownRequirement { id: id.to_string() }, did_you_mean(id.as_str(), ids)));
    };
    let state = match row.coverage {
        Coverage::Covered | Coverage::Planned => return None,
        Coverage::Excluded => "excluded",
        Coverage::Removed => "removed",
    };
    let reason = row.reason.clone().unwrap_or_default();
    Some((LintKind::UnavailableRequirement { id: id.to_string(), state, reason }, None))
}

/// The tag that is most likely meant, or what may be written.
fn hint(tag: &str) -> Option<String> {
    if let Some(known) = nearest(tag, CLOSED) {
        return Some(format!("did you mean `@{known}`?"));
    }
    let (family, value) = tag.split_once('.').unwrap_or((tag, ""));
    let known = FAMILIES.into_iter().find(|known| strsim::damerau_levenshtein(family, known) <= 1);
    Some(match known {
        Some("needs") => match value.parse::<Capability>() {
            Ok(capability) => format!("did you mean `@needs.{capability}`?"),
            Err(CapabilityError { nearest: Some(near), .. }) => format!("did you mean `@needs.{near}`?"),
            Err(_) => format!("known are {}", Capability::ALL.map(|one| format!("`@needs.{one}`")).join(", ")),
        },
        Some("since") => "a version is written in numbers, such as `@since.1.0`".to_owned(),
        Some(known) if known != family && !value.is_empty() => format!("did you mean `@{known}.{value}`?"),
        _ => "known are `@req.`, `@flow.`, `@role.`, `@needs.`, `@since.` and `@golden`".to_owned(),
    })
}

/// Checks what an example says with everything that it inherits; a block of Examples may add to it.
fn check_together(tags: &[String], scenario: &Scenario, source: &Source, lint: &mut Lint) {
    let blocks: Vec<_> = match scenario.examples.as_slice() {
        [] => vec![(scenario.position, tags.to_vec())],
        blocks => blocks.iter().map(|block| (block.position, [tags, &block.tags].concat())).collect(),
    };
    for (position, mut tags) in blocks {
        tags.sort();
        tags.dedup();
        let meaning = Meaning::of(&tags);
        // What all blocks share is an error of the scenario, and shown once.
        let place = if scenario.examples.len() < 2 { scenario.position } else { position };
        let place = source.step_place(place);
        if meaning.requirements.is_empty() {
            let hint = "name the requirement, such as `@req.FU-NF-2`".to_owned();
            lint.push(place.clone(), LintKind::NoRequirement, Some(hint));
        }
        for (family, found) in [("flow", meaning.flows.len()), ("role", meaning.roles.len())] {
            if found != 1 {
                lint.push(place.clone(), LintKind::NotOne { family, found }, None);
            }
        }
    }
}
