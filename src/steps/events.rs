//! What happens to a Device, and what its End User has answered: the closed lists behind `{event}`, `{switch}` and
//! `{answered}`.

use std::str::FromStr;

use cucumber::Parameter;

use super::parameters::ParameterError;
use crate::stage::{Answer, Happening, RestartMoment, Switch};

/// What happens to a Device while a campaign is on the air.
#[derive(Debug, Parameter)]
#[param(
    name = "event",
    regex = "is switched on|is switched on after the expiry|is switched off and on again|loses its registration|leaves and rejoins the channel"
)]
pub(super) struct EventText(pub Happening);

impl FromStr for EventText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(match text {
            "is switched on" => Happening::SwitchedOn,
            "is switched on after the expiry" => Happening::SwitchedOnAfterExpiry,
            "is switched off and on again" => Happening::SwitchedOffAndOn,
            "loses its registration" => Happening::LosesRegistration,
            "leaves and rejoins the channel" => Happening::LeavesAndRejoins,
            _ => return Err(ParameterError::of(text, "it is no event")),
        }))
    }
}

/// What happens to the power of a Device.
#[derive(Debug, Parameter)]
#[param(name = "switch", regex = "is switched on|is switched off and on again")]
pub(super) struct SwitchText(pub Switch);

impl FromStr for SwitchText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(if text == "is switched on" { Switch::On } else { Switch::OffAndOn }))
    }
}

/// What the End User has answered.
#[derive(Debug, Parameter)]
#[param(name = "answered", regex = "postponed|briefly postponed")]
pub(super) struct AnsweredText(pub Answer);

impl FromStr for AnsweredText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(if text == "postponed" { Answer::Postpone } else { Answer::PostponeBriefly }))
    }
}

/// When the Service Provider restarts.
#[derive(Debug, Parameter)]
#[param(
    name = "moment",
    regex = r#"in the middle of campaign "[a-z0-9-]+"|before campaign "[a-z0-9-]+"|while it cares for Device "D[0-9]+" in campaign "[a-z0-9-]+""#
)]
pub(super) struct RestartText(pub RestartMoment);

impl FromStr for RestartText {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let names: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
        let name = |index: usize| {
            let name = names.get(index).map(|name| (*name).to_owned());
            name.ok_or_else(|| ParameterError::of(text, "a name is missing"))
        };
        let moment = match text.split_whitespace().next() {
            Some("in") => RestartMoment::InTheMiddleOf(name(0)?),
            Some("before") => RestartMoment::Before(name(0)?),
            _ => RestartMoment::Caring { device: name(0)?, campaign: name(1)? },
        };
        Ok(Self(moment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_list_is_read() {
        let texts: Vec<&str> = EventText::REGEX.split('|').collect();

        assert!(texts.iter().all(|text| text.parse::<EventText>().is_ok()), "{texts:?}");
    }
}
