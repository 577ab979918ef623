//! Deliberately broken implementations: the reference with one decision changed.
//!
//! A scenario counts when one of these fails it, at the check that was meant to catch it; `tests/broken.rs` holds that.

// Before the themes, which use them.
/// A Device that decides otherwise in the methods given.
macro_rules! broken_device {
    ($type:ident { $($body:tt)* }) => {
        #[derive(Debug)]
        struct $type;
        impl crate::device::Conduct for $type { $($body)* }
    };
}

/// A provider that decides otherwise in the methods given.
macro_rules! broken_provider {
    ($type:ident { $($body:tt)* }) => {
        #[derive(Debug)]
        struct $type;
        impl crate::provider::Conduct for $type { $($body)* }
    };
}

mod admission;
mod attempts;
mod broadcast;
mod care;
mod commands;
mod consent;
mod delivery;
mod flute_form;
mod form;
mod life;
mod neglect;
mod packets;
mod records;
mod relevance;
mod reporting;
mod restart;
mod rollout;
mod trust;
mod wire_form;

use crate::{device, provider};

use super::{DeviceSubject, ProviderSubject, ReferenceDevice, ReferenceProvider};

/// One way of being broken.
pub struct Deviation {
    /// Its name, such as `device.ignores-signature`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// The requirements that it breaks; scenarios that stand for one of them may catch it.
    pub requirements: &'static [&'static str],
    /// The check that is meant to catch it.
    pub caught_by: &'static str,
    conduct: ConductOf,
}

#[derive(Clone, Copy)]
enum ConductOf {
    Device(fn() -> Box<dyn device::Conduct>),
    Provider(fn() -> Box<dyn provider::Conduct>),
}

impl Deviation {
    /// The broken Device, when the deviation is one of a Device.
    pub fn device(&self) -> Option<Box<dyn DeviceSubject>> {
        match self.conduct {
            ConductOf::Device(conduct) => Some(Box::new(ReferenceDevice::deviating(self.name, conduct))),
            ConductOf::Provider(_) => None,
        }
    }

    /// The broken provider, when the deviation is one of a provider.
    pub fn provider(&self) -> Option<Box<dyn ProviderSubject>> {
        match self.conduct {
            ConductOf::Provider(conduct) => Some(Box::new(ReferenceProvider::deviating(self.name, conduct))),
            ConductOf::Device(_) => None,
        }
    }
}

/// Every deviation, theme by theme; a new theme is a file of its own.
pub fn deviations() -> impl Iterator<Item = &'static Deviation> {
    let themes = [
        form::DEVIATIONS,
        trust::DEVIATIONS,
        admission::DEVIATIONS,
        relevance::DEVIATIONS,
        rollout::DEVIATIONS,
        commands::DEVIATIONS,
        consent::DEVIATIONS,
        life::DEVIATIONS,
        neglect::DEVIATIONS,
        reporting::DEVIATIONS,
        attempts::DEVIATIONS,
        delivery::DEVIATIONS,
        care::DEVIATIONS,
        records::DEVIATIONS,
        broadcast::DEVIATIONS,
        packets::DEVIATIONS,
        restart::DEVIATIONS,
        flute_form::DEVIATIONS,
        wire_form::DEVIATIONS,
    ];
    themes.into_iter().flatten()
}

/// The deviation called `name`.
pub fn deviation(name: &str) -> Option<&'static Deviation> {
    deviations().find(|deviation| deviation.name == name)
}
