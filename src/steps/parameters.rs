//! The typed values of sentences.

use std::str::FromStr;
use std::time::Duration;

use cucumber::Parameter;

use crate::spec::{NodeUri, Reporters, Version};
use crate::stage::{Answer, Condition};

/// Why a value of a sentence cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ParameterError(String);

fn unquoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}

/// One Device, by its name.
#[derive(Debug, Parameter)]
#[param(name = "device", regex = r#""D[0-9]+""#)]
pub(super) struct DeviceName(pub String);

impl FromStr for DeviceName {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(unquoted(text)))
    }
}

/// Devices, by name: `"D1"`, `"D1" and "D3"`, `"D1" to "D9"`, or several of these with commas.
#[derive(Debug, Parameter)]
#[param(name = "devices", regex = r#""D[0-9]+"(?:(?:, | and | to )"D[0-9]+")*"#)]
pub(super) struct DeviceNames(pub Vec<String>);

impl FromStr for DeviceNames {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let mut names = Vec::new();
        for part in text.replace(" and ", ", ").split(", ") {
            match part.split_once(" to ") {
                None => names.push(unquoted(part)),
                Some((first, last)) => {
                    let (first, last) = (number(first)?, number(last)?);
                    if first >= last {
                        return Err(ParameterError(format!("{part} runs backwards")));
                    }
                    names.extend((first..=last).map(|number| format!("D{number}")));
                }
            }
        }
        Ok(Self(names))
    }
}

fn number(name: &str) -> Result<u16, ParameterError> {
    let number = unquoted(name).trim_start_matches('D').parse();
    number.map_err(|_| ParameterError(format!("{name} is no Device of any population")))
}

/// The name of a population.
#[derive(Debug, Parameter)]
#[param(name = "population", regex = r#""[^"]+""#)]
pub(super) struct PopulationName(pub String);

impl FromStr for PopulationName {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(unquoted(text)))
    }
}

/// The name of a campaign or of provisioning data.
#[derive(Debug, Parameter)]
#[param(name = "campaign", regex = r#""[a-z0-9-]+""#)]
pub(super) struct CampaignName(pub String);

impl FromStr for CampaignName {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(unquoted(text)))
    }
}

/// A version of firmware or of a software component.
#[derive(Debug, Parameter)]
#[param(name = "version", regex = r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,3}")]
pub(super) struct VersionText(pub String);

impl FromStr for VersionText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let version: Version = text.parse().map_err(|error| ParameterError(format!("{error}")))?;
        Ok(Self(version.to_string()))
    }
}

/// A span of time in milliseconds or seconds.
#[derive(Debug, Parameter)]
#[param(name = "duration", regex = r"[0-9]+ (?:ms|seconds?)")]
pub(super) struct Span(pub Duration);

impl FromStr for Span {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let unreadable = || ParameterError(format!("{text} is no span of time"));
        let (count, unit) = text.split_once(' ').ok_or_else(unreadable)?;
        let count: u32 = count.parse().map_err(|_| unreadable())?;
        Ok(Self(if unit == "ms" { Duration::from_millis(count.into()) } else { Duration::from_secs(count.into()) }))
    }
}

/// Who reports.
#[derive(Debug, Parameter)]
#[param(name = "reporters", regex = "on failure only|from everybody|from nobody")]
pub(super) struct ReportersText(pub Reporters);

impl FromStr for ReportersText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(match text {
            "on failure only" => Reporters::FailuresOnly,
            "from everybody" => Reporters::Everybody,
            _ => Reporters::Nobody,
        }))
    }
}

/// A node of the management tree.
#[derive(Debug, Parameter)]
#[param(name = "node", regex = r"\./[A-Za-z]+(?:/[A-Za-z]+)*")]
pub(super) struct Node(pub String);

impl FromStr for Node {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(text.to_owned()))
    }
}

/// The End User's answer.
#[derive(Debug, Parameter)]
#[param(name = "answer", regex = "approves|declines|postpones")]
pub(super) struct AnswerText(pub Answer);

impl FromStr for AnswerText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(match text {
            "approves" => Answer::Approve,
            "declines" => Answer::Decline,
            _ => Answer::Postpone,
        }))
    }
}

/// Whether something is offered.
#[derive(Debug, Parameter)]
#[param(name = "offered", regex = "offered|not offered")]
pub(super) struct Offered(pub bool);

impl FromStr for Offered {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(text == "offered"))
    }
}

/// What a record says.
#[derive(Debug, Parameter)]
#[param(name = "outcome", regex = "unknown|success|failure|restored|needs attention")]
pub(super) struct OutcomeText(pub String);

impl FromStr for OutcomeText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(text.to_owned()))
    }
}

/// What is peculiar about a Device; the closed list, in the singular and the plural.
#[derive(Debug, Parameter)]
#[param(
    name = "condition",
    regex = r"(?:has|have) a full storage|(?:has|have) an installer that fails|hears? nothing of the package|receives? the package with one bit wrong|loses? the first file table|loses? one symbol of the package|loses? a fifth of all packets|(?:is|are) switched off|(?:is|are) not registered for updates|(?:is|are) of another manufacturer|(?:is|are) of another model|(?:has|have) other hardware|(?:has|have) firmware (?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,3}|(?:has|have) no player|lacks? the setting \./[A-Za-z]+(?:/[A-Za-z]+)*|keeps? the setting \./[A-Za-z]+(?:/[A-Za-z]+)* as it is"
)]
pub(super) struct ConditionText(pub Condition);

impl FromStr for ConditionText {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let (_, rest) = text.split_once(' ').unwrap_or(("", text));
        let node = |text: &str| NodeUri::new(text).map_err(|error| ParameterError(error.to_string()));
        let condition = match rest {
            "a full storage" => Condition::FullStorage,
            "an installer that fails" => Condition::FailingInstaller,
            "nothing of the package" => Condition::HearsNothingOfThePackage,
            "the package with one bit wrong" => Condition::DamagedPackage,
            "the first file table" => Condition::LosesTheFirstTable,
            "one symbol of the package" => Condition::LosesOneSymbol,
            "a fifth of all packets" => Condition::LossyReception,
            "switched off" => Condition::SwitchedOff,
            "not registered for updates" => Condition::NotRegistered,
            "of another manufacturer" => Condition::OtherManufacturer,
            "of another model" => Condition::OtherModel,
            "other hardware" => Condition::OtherHardware,
            "no player" => Condition::NoPlayer,
            _ => match (rest.strip_prefix("firmware "), rest.strip_prefix("the setting ")) {
                (Some(version), _) => {
                    Condition::Firmware(version.parse().map_err(|error| ParameterError(format!("{error}")))?)
                }
                (_, Some(setting)) => match setting.strip_suffix(" as it is") {
                    Some(kept) => Condition::KeepsSetting(node(kept)?),
                    None => Condition::LacksSetting(node(setting)?),
                },
                _ => return Err(ParameterError(format!("`{text}` is no condition"))),
            },
        };
        Ok(Self(condition))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stage::Stage;

    #[test]
    fn names_may_be_listed_and_ranged() {
        let names: DeviceNames = r#""D1" to "D3", "D7" and "D9""#.parse().unwrap();

        assert_eq!(names.0, ["D1", "D2", "D3", "D7", "D9"]);
    }

    #[test]
    fn a_range_that_runs_backwards_is_refused() {
        assert!(r#""D3" to "D1""#.parse::<DeviceNames>().is_err());
    }

    #[test]
    fn every_condition_is_read_in_the_singular_and_the_plural() {
        let node = |name: &str| NodeUri::new(name).unwrap();
        let table = [
            ("has", "have", "a full storage", Condition::FullStorage),
            ("has", "have", "an installer that fails", Condition::FailingInstaller),
            ("hears", "hear", "nothing of the package", Condition::HearsNothingOfThePackage),
            ("receives", "receive", "the package with one bit wrong", Condition::DamagedPackage),
            ("loses", "lose", "the first file table", Condition::LosesTheFirstTable),
            ("loses", "lose", "one symbol of the package", Condition::LosesOneSymbol),
            ("loses", "lose", "a fifth of all packets", Condition::LossyReception),
            ("is", "are", "switched off", Condition::SwitchedOff),
            ("is", "are", "not registered for updates", Condition::NotRegistered),
            ("is", "are", "of another manufacturer", Condition::OtherManufacturer),
            ("is", "are", "of another model", Condition::OtherModel),
            ("has", "have", "other hardware", Condition::OtherHardware),
            ("has", "have", "firmware 0.9", Condition::Firmware("0.9".parse().unwrap())),
            ("has", "have", "no player", Condition::NoPlayer),
            ("lacks", "lack", "the setting ./Settings/Apn", Condition::LacksSetting(node("./Settings/Apn"))),
            ("keeps", "keep", "the setting ./Settings/Apn as it is", Condition::KeepsSetting(node("./Settings/Apn"))),
        ];
        let sentences = <Stage as cucumber::World>::collection();

        for (one, many, rest, condition) in &table {
            for (devices, verb) in [("Device \"D1\"", one), ("Devices \"D1\" and \"D2\"", many)] {
                let text = format!("{verb} {rest}");
                assert_eq!(text.parse::<ConditionText>().unwrap().0, *condition, "{text}");
                let step = given(&format!("{devices} {text}"));
                assert!(matches!(sentences.find(&step), Ok(Some(_))), "{}", step.value);
            }
        }
        // A condition more in the sentence needs a row more here.
        let words = ConditionText::REGEX.split('|').filter(|part| part.contains(' '));
        let alternatives = words.count();
        assert_eq!(table.len(), alternatives);
    }

    fn given(text: &str) -> cucumber::gherkin::Step {
        cucumber::gherkin::Step::builder()
            .keyword("Given ".to_owned())
            .ty(cucumber::gherkin::StepType::Given)
            .value(text.to_owned())
            .span(Default::default())
            .position(Default::default())
            .build()
    }

    /// Texts that the regular expression of a parameter matches; no node is longer than 255 octets.
    fn texts<P: Parameter>() -> impl Strategy<Value = String> {
        proptest::string::string_regex(P::REGEX).unwrap().prop_filter("short enough", |text| text.len() < 200)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_the_sentence_matches_can_be_read(
            condition in texts::<ConditionText>(),
            version in texts::<VersionText>(),
            node in texts::<Node>(),
            population in texts::<PopulationName>(),
            reporters in texts::<ReportersText>(),
            answer in texts::<AnswerText>(),
            offered in texts::<Offered>(),
            outcome in texts::<OutcomeText>(),
            span in "[0-9]{1,9} (ms|seconds?)",
        ) {
            prop_assert!(condition.parse::<ConditionText>().is_ok(), "{condition}");
            prop_assert!(version.parse::<VersionText>().is_ok(), "{version}");
            prop_assert!(node.parse::<Node>().is_ok());
            prop_assert!(population.parse::<PopulationName>().is_ok());
            prop_assert!(reporters.parse::<ReportersText>().is_ok());
            prop_assert!(answer.parse::<AnswerText>().is_ok());
            prop_assert!(offered.parse::<Offered>().is_ok());
            prop_assert!(outcome.parse::<OutcomeText>().is_ok());
            prop_assert!(span.parse::<Span>().is_ok(), "{span}");
        }
    }
}
