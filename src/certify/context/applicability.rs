//! What is known of a scenario before it is played: whether the subjects have what it needs.

use crate::certify::Example;
use crate::findings::Verdict;
use crate::spec::Role;
use crate::stage::Remains;
use crate::steps::names::{Name, names};

use super::Context;
use super::conclusion::price_of_lack;

impl Context {
    /// Notes that an example is not played, because the subjects do not have what it needs.
    pub(in crate::certify) fn does_not_apply(&self, example: &Example) {
        let casting = &self.briefs.casting;
        let (verdict, why) = match (casting.lacks(&example.needs), self.too_many(example)) {
            (Some(capability), _) => {
                let requires = capability.requires();
                let why = format!("the scenario requires {requires}; `{capability}` is not declared");
                (Verdict::NotApplicable, why)
            }
            (None, Some(why)) => (price_of_lack(example, &self.suite.register), why),
            (None, None) => return,
        };
        let mut findings = self.findings(example, None, Remains::default());
        findings.verdict = verdict;
        findings.faults = vec![why];
        (self.progress)(example, None);
        (self.progress)(example, Some(&findings));
        self.done.borrow_mut().push(findings);
    }

    /// Whether the subjects do not have what an example needs.
    pub(in crate::certify) fn is_beyond(&self, example: &Example) -> bool {
        self.briefs.casting.lacks(&example.needs).is_some() || self.too_many(example).is_some()
    }

    /// Why an example needs more instances than the adapter can have open; nothing where it does not.
    fn too_many(&self, example: &Example) -> Option<String> {
        let adapter = self.foreign.as_ref().filter(|foreign| foreign.role() == Role::Device)?.adapter();
        let population = example.steps.iter().flat_map(|step| names(step)).find_map(|name| match name {
            Name::Population(name) => Some(name),
            Name::Campaign(_) | Name::Device(_) => None,
        })?;
        let (count, most) = (self.briefs.fixtures.devices(population).ok()?, adapter.max_instances());
        (count > most).then(|| {
            format!("the scenario requires {count} Devices at once; the adapter has at most {most} (`max_instances`)")
        })
    }
}
