//! What may be peculiar about a Device: the closed list behind `Device(s) {devices} {condition}`.
//!
//! A condition is one row here, one variant of [`Condition`], and one row of `features/README.md`.

use std::str::FromStr;
use std::time::Duration;

use cucumber::Parameter;

use super::parameters::ParameterError;
use crate::spec::NodeUri;
use crate::stage::{Condition, HowOften, LinkFault, LinkRule, Moment, Reception, Skew};

use HowOften::{EveryTime, First};
use LinkFault::{
    AnswerBroken, AnswerCut, AnswerDrips, AnswerLate, AnswerLost, Busy, Closed, Garbage, NoMessage, Overloaded,
    Refused, RequestBroken, ServerFails,
};
use LinkRule::{Fault, Outage};

/// How long an outage lasts, from the first connection that meets it.
const OUTAGE: Duration = Duration::from_millis(150);

/// The conditions without a value: the verb in the singular and the plural, what follows it, and what it means.
macro_rules! conditions {
    ($($one:literal $many:literal $rest:literal => $condition:expr,)*) => {
        /// The rows, in words.
        #[cfg(test)]
        const ROWS: &[(&str, &str, &str)] = &[$(($one, $many, $rest)),*];

        fn without_value(rest: &str) -> Option<Condition> {
            match rest {
                $($rest => Some($condition),)*
                _ => None,
            }
        }

        impl Parameter for ConditionText {
            const REGEX: &'static str = concat!(
                $("(?:", $one, "|", $many, ") ", $rest, "|",)*
                r"(?:has|have) firmware (?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,3}",
                r"|(?:has|have) version (?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,3} of the player",
                r"|lacks? the setting \./[A-Za-z]+(?:/[A-Za-z]+)*",
                r"|keeps? the setting \./[A-Za-z]+(?:/[A-Za-z]+)* (?:as it is|through two attempts)",
            );
            const NAME: &'static str = "condition";
        }
    };
}

conditions! {
    "has" "have" "a full storage" => Condition::FullStorage,
    "has" "have" "an installer that fails" => Condition::FailingInstaller,
    "has" "have" "no room to install" => Condition::NoRoomToInstall,
    "hears" "hear" "nothing of the package" => Condition::HearsNothingOfThePackage,
    "receives" "receive" "the package with one bit wrong" => Condition::DamagedPackage,
    "loses" "lose" "the first file table" => Condition::LosesTheFirstTable,
    "loses" "lose" "one symbol of the package" => Condition::LosesOneSymbol,
    "loses" "lose" "a fifth of all packets" => Condition::LossyReception,
    "loses" "lose" "packets in bursts" => Condition::Reception(Reception::Bursts),
    "loses" "lose" "the first two file tables" => Condition::Reception(Reception::LosesTwoTables),
    "loses" "lose" "every file table" => Condition::Reception(Reception::NoTable),
    "hears" "hear" "no file table before the fourth cycle" => Condition::Reception(Reception::LateTable),
    "hears" "hear" "the odd and the even symbols by turns" => Condition::Reception(Reception::SymbolsByTurns),
    "loses" "lose" "the same symbol in every cycle" => Condition::Reception(Reception::LosesASymbolEachTime),
    "loses" "lose" "the closing packets" => Condition::Reception(Reception::NoClosing),
    "hears" "hear" "nothing of the Command" => Condition::Reception(Reception::NoCommand),
    "hears" "hear" "packets out of order" => Condition::Reception(Reception::OutOfOrder),
    "hears" "hear" "every packet twice" => Condition::Reception(Reception::Twice),
    "hears" "hear" "some packets late" => Condition::Reception(Reception::SomeLate),
    "receives" "receive" "one symbol with a bit wrong" => Condition::Reception(Reception::BitWrongOnce),
    "receives" "receive" "the Command with one bit wrong" => Condition::Reception(Reception::DamagedCommand),
    "receives" "receive" "another package than was announced" => Condition::Reception(Reception::AnotherPackage),
    "receives" "receive" "a file table with a larger package" => Condition::Reception(Reception::LargerPackage),
    "receives" "receive" "a file table that grows" => Condition::Reception(Reception::GrowingTable),
    "hears" "hear" "another session on its channel" => Condition::Reception(Reception::ForeignSession),
    "hears" "hear" "a stranger on its channel" => Condition::Reception(Reception::ForeignSource),
    "hears" "hear" "the session closed early" => Condition::Reception(Reception::ClosedEarly),
    "hears" "hear" "a delivery that never ends" => Condition::Reception(Reception::NeverEnds),
    "is" "are" "refused by the DM Server at first" => Condition::Link(Fault(Refused, First(2))),
    "is" "are" "refused by the DM Server every time" => Condition::Link(Fault(Refused, EveryTime)),
    "is" "are" "turned away by the DM Server at first" => Condition::Link(Fault(Closed, First(1))),
    "loses" "lose" "the connection within the report" => Condition::Link(Fault(RequestBroken, First(1))),
    "loses" "lose" "the connection before the answer to the report" => Condition::Link(Fault(AnswerLost, First(1))),
    "loses" "lose" "the connection before every answer to the report" => Condition::Link(Fault(AnswerLost, EveryTime)),
    "loses" "lose" "the connection within the answer to the report" => Condition::Link(Fault(AnswerBroken, First(1))),
    "gets" "get" "half an answer to the report" => Condition::Link(Fault(AnswerCut, First(1))),
    "gets" "get" "answers late" => Condition::Link(Fault(AnswerLate, First(2))),
    "gets" "get" "answers drop by drop" => Condition::Link(Fault(AnswerDrips, First(2))),
    "gets" "get" "garbage for an answer at first" => Condition::Link(Fault(Garbage, First(1))),
    "gets" "get" "garbage for an answer every time" => Condition::Link(Fault(Garbage, EveryTime)),
    "gets" "get" "a page of text for an answer at first" => Condition::Link(Fault(NoMessage, First(1))),
    "meets" "meet" "a DM Server that fails at first" => Condition::Link(Fault(ServerFails, First(1))),
    "meets" "meet" "an overloaded DM Server at first" => Condition::Link(Fault(Overloaded(None), First(1))),
    "meets" "meet" "an overloaded DM Server twice" => Condition::Link(Fault(Overloaded(None), First(2))),
    "meets" "meet" "an overloaded DM Server every time" => Condition::Link(Fault(Overloaded(None), EveryTime)),
    "is" "are" "told by the DM Server to come back in a second" => Condition::Link(Fault(Overloaded(Some(1)), First(1))),
    "meets" "meet" "a busy DM Server at first" => Condition::Link(Fault(Busy, First(1))),
    "meets" "meet" "a busy DM Server every time" => Condition::Link(Fault(Busy, EveryTime)),
    "meets" "meet" "an outage of the DM Server" => Condition::Link(Outage(OUTAGE)),
    "has" "have" "a wrong password" => Condition::WrongPassword,
    "is" "are" "unknown to the DM Server" => Condition::UnknownToTheServer,
    "fails" "fail" "to write settings" => Condition::FailsToWriteSettings,
    "is" "are" "switched off" => Condition::SwitchedOff,
    "loses" "lose" "power during the download" => Condition::LosesPower(Moment::Downloading),
    "loses" "lose" "power before the Command is noted" => Condition::LosesPower(Moment::Received),
    "loses" "lose" "power while writing the new image" => Condition::LosesPower(Moment::Writing),
    "loses" "lose" "power before the new version is noted" => Condition::LosesPower(Moment::Written),
    "loses" "lose" "power while waiting to report" => Condition::LosesPower(Moment::WaitingToReport),
    "loses" "lose" "power while asking the End User" => Condition::LosesPower(Moment::Asking),
    "loses" "lose" "power while the update is postponed" => Condition::LosesPower(Moment::Postponed),
    "has" "have" "a clock that is an hour slow" => Condition::Clock(Skew::Slow),
    "has" "have" "a clock that is an hour fast" => Condition::Clock(Skew::Fast),
    "listens" "listen" "on another group" => Condition::ListensElsewhere,
    "takes" "take" "the DM Server for a stranger" => Condition::DistrustsServer,
    "has" "have" "a full status log" => Condition::FullLog,
    "is" "are" "not registered for updates" => Condition::NotRegistered,
    "is" "are" "registered with another provider" => Condition::OtherProvider,
    "has" "have" "replaced the provider's trust anchor" => Condition::NewTrustAnchor,
    "is" "are" "of another manufacturer" => Condition::OtherManufacturer,
    "is" "are" "of another model" => Condition::OtherModel,
    "has" "have" "other hardware" => Condition::OtherHardware,
    "has" "have" "no player" => Condition::NoPlayer,
}

/// What is peculiar about a Device; the closed list, in the singular and the plural.
#[derive(Debug)]
pub(super) struct ConditionText(pub Condition);

impl FromStr for ConditionText {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let (_, rest) = text.split_once(' ').unwrap_or(("", text));
        if let Some(condition) = without_value(rest) {
            return Ok(Self(condition));
        }
        let node = |text: &str| NodeUri::new(text).map_err(|error| ParameterError::of(text, error));
        if let Some(player) = rest.strip_prefix("version ").and_then(|rest| rest.strip_suffix(" of the player")) {
            let version = player.parse().map_err(|error| ParameterError::of(player, error))?;
            return Ok(Self(Condition::Player(version)));
        }
        let condition = match (rest.strip_prefix("firmware "), rest.strip_prefix("the setting ")) {
            (Some(version), _) => {
                Condition::Firmware(version.parse().map_err(|error| ParameterError::of(version, error))?)
            }
            (_, Some(setting)) => match setting.split_once(' ') {
                Some((kept, "as it is")) => Condition::KeepsSetting(node(kept)?),
                Some((kept, _)) => Condition::KeepsSettingTwice(node(kept)?),
                None => Condition::LacksSetting(node(setting)?),
            },
            _ => return Err(ParameterError::of(text, "it is no condition")),
        };
        Ok(Self(condition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Stage;

    #[test]
    fn every_condition_is_read_in_the_singular_and_the_plural() {
        let node = |name: &str| NodeUri::new(name).unwrap();
        let with_value = [
            ("has", "have", "firmware 0.9", Condition::Firmware("0.9".parse().unwrap())),
            ("has", "have", "version 3.2 of the player", Condition::Player("3.2".parse().unwrap())),
            ("lacks", "lack", "the setting ./Settings/Apn", Condition::LacksSetting(node("./Settings/Apn"))),
            (
                "keeps",
                "keep",
                "the setting ./Settings/Apn through two attempts",
                Condition::KeepsSettingTwice(node("./Settings/Apn")),
            ),
            ("keeps", "keep", "the setting ./Settings/Apn as it is", Condition::KeepsSetting(node("./Settings/Apn"))),
        ];
        let rows = ROWS.iter().map(|(one, many, rest)| (*one, *many, *rest, without_value(rest).unwrap()));
        let sentences = <Stage as cucumber::World>::collection();

        for (one, many, rest, condition) in rows.chain(with_value) {
            for (devices, verb) in [("Device \"D1\"", one), ("Devices \"D1\" and \"D2\"", many)] {
                let text = format!("{verb} {rest}");
                assert_eq!(text.parse::<ConditionText>().unwrap().0, condition, "{text}");
                let step = super::super::parameters::tests::given(&format!("{devices} {text}"));
                assert!(matches!(sentences.find(&step), Ok(Some(_))), "{}", step.value);
            }
        }
    }

    #[test]
    fn no_two_conditions_are_told_in_the_same_words() {
        let mut rests: Vec<&str> = ROWS.iter().map(|(_, _, rest)| *rest).collect();
        rests.sort_unstable();
        rests.dedup();

        assert_eq!(rests.len(), ROWS.len());
    }
}
