//! The typed values of sentences, and whether a step could use those of a sentence.

use std::str::FromStr;
use std::time::Duration;

use cucumber::Parameter;

use crate::spec::{Reporters, Version};
use crate::stage::Answer;

use super::conditions::ConditionText;
use super::events::{AnsweredText, EventText, RestartText, SwitchText};
use super::hostile_sender::{AttackText, FlawText};
use super::phrasebook::{PHRASES, Phrase};

/// The longest span of time that a sentence may name, and so the longest that a scenario waits for a report.
///
/// A campaign is alive for as long; and whoever misplaces a digit should hear of it at once, not tomorrow.
pub const LONGEST_SPAN: Duration = Duration::from_secs(60);
/// The largest count or result code that a sentence may name.
pub const LARGEST_NUMBER: u16 = 9_999;

/// Why a step cannot use a value of its sentence.
#[derive(Debug, thiserror::Error)]
#[error("{reason}; {hint}")]
pub struct ParameterError {
    /// What is wrong with the value.
    pub reason: String,
    /// What to write instead.
    pub hint: String,
}

impl ParameterError {
    fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: hint.into() }
    }

    pub(super) fn of(text: &str, error: impl std::fmt::Display) -> Self {
        Self::new(format!("`{text}` cannot be used: {error}"), "write another value")
    }
}

/// Reads the values of a sentence as its step will when it runs, and holds them against each other.
///
/// `sentence` is without its keyword; `values` are the pieces of it that stand for the placeholders, in their order.
///
/// # Errors
/// The first value that the step could not use. A sentence that the phrasebook does not have is not judged.
pub fn check_values(keyword: &str, sentence: &str, values: &[&str]) -> Result<(), ParameterError> {
    let Some(phrase) = phrase_of(keyword, sentence, values) else { return Ok(()) };
    let mut earliest: Option<(&str, Duration)> = None;
    for (placeholder, value) in placeholders(phrase.sentence).zip(values) {
        check_value(placeholder, value).unwrap_or(Ok(()))?;
        if placeholder != "duration" {
            continue;
        }
        let Span(span) = value.parse()?;
        if let Some((first, _)) = earliest.filter(|(_, earliest)| *earliest > span) {
            let hint = format!("write the earlier moment first: `{value} to {first}`");
            return Err(ParameterError::new(format!("the span `{first} to {value}` runs backwards"), hint));
        }
        earliest = Some((value, span));
    }
    Ok(())
}

/// Reads a value by the type that its placeholder has in the steps; none when no step has such a placeholder.
fn check_value(placeholder: &str, value: &str) -> Option<Result<(), ParameterError>> {
    Some(match placeholder {
        "device" => read::<DeviceName>(value),
        "devices" => read::<DeviceNames>(value),
        "population" => read::<PopulationName>(value),
        "campaign" => read::<CampaignName>(value),
        "version" => read::<VersionText>(value),
        "duration" => read::<Span>(value),
        "reporters" => read::<ReportersText>(value),
        "node" => read::<Node>(value),
        "answer" => read::<AnswerText>(value),
        "answered" => read::<AnsweredText>(value),
        "event" => read::<EventText>(value),
        "switch" => read::<SwitchText>(value),
        "offered" => read::<Offered>(value),
        "outcome" => read::<OutcomeText>(value),
        "flaw" => read::<FlawText>(value),
        "attack" => read::<AttackText>(value),
        "condition" => read::<ConditionText>(value),
        "moment" => read::<RestartText>(value),
        "int" => read::<Number>(value),
        // Any text is a word.
        "word" => Ok(()),
        _ => return None,
    })
}

fn read<T: FromStr<Err = ParameterError>>(value: &str) -> Result<(), ParameterError> {
    value.parse::<T>().map(|_| ())
}

/// The names of the placeholders in a sentence of the phrasebook.
fn placeholders(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split('{').skip(1).filter_map(|piece| Some(piece.split_once('}')?.0))
}

/// The sentence of the phrasebook that becomes `sentence` with these values.
fn phrase_of(keyword: &str, sentence: &str, values: &[&str]) -> Option<&'static Phrase> {
    let fits = |phrase: &&Phrase| {
        let is_whole = placeholders(phrase.sentence).count() == values.len();
        phrase.keyword == keyword && is_whole && is_filled(phrase.sentence, sentence, values).is_some()
    };
    PHRASES.iter().find(fits)
}

fn is_filled(phrase: &str, sentence: &str, values: &[&str]) -> Option<()> {
    let mut rest = sentence;
    let mut values = values.iter();
    for (index, piece) in phrase.split('{').enumerate() {
        let words = match index {
            0 => piece,
            _ => {
                rest = rest.strip_prefix(values.next()?)?;
                piece.split_once('}')?.1
            }
        };
        // Of the optional pieces of expressions the phrasebook uses one, the `s` of a plural.
        for (index, word) in words.split("(s)").enumerate() {
            rest = if index == 0 { rest } else { rest.strip_prefix('s').unwrap_or(rest) };
            rest = rest.strip_prefix(word)?;
        }
    }
    rest.is_empty().then_some(())
}

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
                        let hint = r#"a range begins with the lower number, as in `"D1" to "D3"`"#;
                        return Err(ParameterError::new(format!("the range `{part}` does not run forwards"), hint));
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
    let hint = r#"Devices are called "D1", "D2" and so on, in the order of the population"#;
    number.map_err(|_| ParameterError::new(format!("{name} is a Device of no population"), hint))
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
        let version: Version = text.parse().map_err(|error| ParameterError::of(text, error))?;
        Ok(Self(version.to_string()))
    }
}

/// A span of time in milliseconds or seconds, at most [`LONGEST_SPAN`].
#[derive(Debug, Parameter)]
#[param(name = "duration", regex = r"[0-9]+ (?:ms|seconds?)")]
pub(super) struct Span(pub Duration);

impl FromStr for Span {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let (count, unit) = text.split_once(' ').unwrap_or((text, ""));
        let span: Option<Duration> = match (unit, count.parse()) {
            ("ms", Ok(count)) => Some(Duration::from_millis(count)),
            ("second" | "seconds", Ok(count)) => Some(Duration::from_secs(count)),
            _ => None,
        };
        // A number that no integer holds is too long as well.
        span.filter(|span| *span <= LONGEST_SPAN).map(Self).ok_or_else(|| {
            let hint = "a scenario is over in seconds; shorten the span, and keep its proportions to others";
            ParameterError::new(format!("`{text}` is longer than {} s", LONGEST_SPAN.as_secs()), hint)
        })
    }
}

/// A count or a result code, at most [`LARGEST_NUMBER`]; the built-in `{int}` of expressions.
#[derive(Debug)]
pub(super) struct Number(pub u16);

impl FromStr for Number {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let number = text.parse().ok().filter(|number| *number <= LARGEST_NUMBER);
        number.map(Self).ok_or_else(|| {
            let hint = "write a count or a result code in that range";
            ParameterError::new(format!("`{text}` is no number from 0 to {LARGEST_NUMBER}"), hint)
        })
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

#[cfg(test)]
pub(super) mod tests {
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
    fn every_value_of_the_phrasebook_is_known_by_its_type() {
        let sentences = <Stage as cucumber::World>::collection();
        for phrase in &PHRASES {
            let ty = match phrase.keyword {
                "Given" => cucumber::gherkin::StepType::Given,
                "When" => cucumber::gherkin::StepType::When,
                _ => cucumber::gherkin::StepType::Then,
            };
            let step = cucumber::gherkin::Step { ty, ..given(phrase.example) };
            let Ok(Some((_, _, _, context))) = sentences.find(&step) else { panic!("{}", phrase.example) };
            let values: Vec<&str> = context.matches.iter().skip(1).map(|(_, value)| value.as_str()).collect();

            assert_eq!(phrase_of(phrase.keyword, phrase.example, &values), Some(phrase));
            check_values(phrase.keyword, phrase.example, &values).unwrap();
            for (placeholder, value) in placeholders(phrase.sentence).zip(&values) {
                assert!(check_value(placeholder, value).is_some(), "no type is known for {placeholder}");
            }
        }
    }

    #[test]
    fn values_that_a_step_cannot_use_are_told_in_words() {
        let arrive = |earliest, latest| {
            let text =
                format!(r#"the reports of Devices "D1" arrive {earliest} to {latest} after the end of transmission"#);
            let unfit = check_values("Then", &text, &[r#""D1""#, earliest, latest]);
            unfit.err().map(|unfit| unfit.reason).unwrap_or_default()
        };

        assert_eq!(arrive("100 ms", "400 ms"), "");
        assert_eq!(arrive("100 ms", "100 ms"), "");
        assert_eq!(arrive("60000 ms", "60 seconds"), "");
        assert_eq!(arrive("400 ms", "100 ms"), "the span `400 ms to 100 ms` runs backwards");
        assert_eq!(arrive("2 seconds", "100 ms"), "the span `2 seconds to 100 ms` runs backwards");
        assert_eq!(arrive("0 ms", "60001 ms"), "`60001 ms` is longer than 60 s");
        assert_eq!(
            arrive("0 ms", "99999999999999999999 seconds"),
            "`99999999999999999999 seconds` is longer than 60 s"
        );
        assert_eq!("9999".parse::<Number>().unwrap().0, LARGEST_NUMBER);
        for number in ["10000", "-1", "99999999999999999999"] {
            assert!(number.parse::<Number>().is_err(), "{number}");
        }
    }

    pub(in super::super) fn given(text: &str) -> cucumber::gherkin::Step {
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
            span in "[0-9]{1,4} ms|[1-5]?[0-9] seconds?",
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
