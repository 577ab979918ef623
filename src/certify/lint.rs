//! The lint: everything that would make a scenario green without testing anything, and every tag that does not hold.
//!
//! All errors are collected, each with its place and, where there is one, a hint. Sentences are matched through a
//! closure, so nothing here knows the phrasebook.

mod error;
pub(super) mod fixtures;
pub(super) mod register;
mod source;
pub(super) mod structure;
pub(super) mod tags;

use std::collections::BTreeMap;

use cucumber::gherkin;

pub use error::{LintError, LintErrors, LintKind, Place};
pub(super) use source::{Source, parse};

use super::Example;
use crate::spec::RequirementId;

/// What the phrasebook says of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepMatch {
    /// One sentence of the phrasebook matches.
    One,
    /// One sentence of the phrasebook matches, and its step could not use a value in it.
    Unfit {
        /// What is wrong with the value.
        reason: String,
        /// What to write instead.
        hint: String,
    },
    /// None matches.
    None {
        /// The sentence of the phrasebook that comes nearest.
        nearest: Option<String>,
    },
    /// These sentences of the phrasebook match, so which one is meant is open.
    Several(Vec<String>),
}

/// What the lint knows besides the files.
#[derive(Clone, Copy, Default)]
pub struct Rules<'a> {
    /// Looks a sentence up in the phrasebook; without it, neither sentences nor the names in them are checked.
    pub matches: Option<&'a dyn Fn(&gherkin::Step) -> StepMatch>,
    /// The requirements that standing checks stand for, which therefore need no scenario of their own.
    pub standing: &'a [RequirementId],
}

/// Collects errors.
#[derive(Default)]
pub(super) struct Lint {
    errors: Vec<LintError>,
}

impl Lint {
    /// Notes an error, once: the rows of an outline repeat what is wrong with the outline.
    pub(super) fn push(&mut self, place: Place, kind: LintKind, hint: Option<String>) {
        let error = LintError { place, kind, hint };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Whether an error says already that a value at this place is unfit.
    pub(super) fn is_unfit(&self, place: &Place) -> bool {
        self.errors.iter().any(|error| error.place == *place && matches!(error.kind, LintKind::UnfitValue { .. }))
    }

    /// The errors by place, or none.
    pub(super) fn finish(mut self) -> Option<LintErrors> {
        self.errors.sort_by(|a, b| a.place.cmp(&b.place));
        (!self.errors.is_empty()).then_some(LintErrors(self.errors))
    }
}

/// A sentence with its keyword, such as `Then Device "D1" sends no report`.
pub(super) fn sentence(step: &gherkin::Step) -> String {
    format!("{} {}", step.keyword.trim(), step.value)
}

/// Looks every sentence of an expanded feature up.
pub(super) fn sentences(feature: &gherkin::Feature, source: &Source, rules: &Rules<'_>, lint: &mut Lint) {
    let Some(matches) = rules.matches else { return };
    let backgrounds = feature.background.iter().chain(feature.rules.iter().filter_map(|rule| rule.background.as_ref()));
    let scenarios = feature.scenarios.iter().chain(feature.rules.iter().flat_map(|rule| &rule.scenarios));
    let steps = backgrounds.flat_map(|background| &background.steps);
    for step in steps.chain(scenarios.flat_map(|scenario| &scenario.steps)) {
        let place = source.step_place(step.position);
        match matches(step) {
            StepMatch::One => {}
            StepMatch::Unfit { reason, hint } => {
                lint.push(place, LintKind::UnfitValue { reason, sentence: sentence(step) }, Some(hint));
            }
            StepMatch::None { nearest } => {
                let hint = nearest.map(|nearest| suggestion(&step.value, &nearest));
                lint.push(place, LintKind::UndefinedSentence { sentence: sentence(step) }, hint);
            }
            StepMatch::Several(candidates) => {
                let kind = LintKind::AmbiguousSentence { sentence: sentence(step), candidates };
                lint.push(place, kind, Some("reword one sentence of the phrasebook, so that one fits".to_owned()));
            }
        }
    }
}

/// The nearest sentence, with the word to look for in the phrasebook: the first one that the author did not write.
fn suggestion(written: &str, nearest: &str) -> String {
    let written: Vec<_> = written.split_whitespace().collect();
    let plain = |word: &&str| word.chars().all(char::is_alphanumeric);
    let word = nearest.split_whitespace().filter(plain).find(|word| !written.contains(word));
    let command = word.map(|word| format!("   (castproof phrases {word})"));
    format!("did you mean `{nearest}`?{}", command.unwrap_or_default())
}

/// Slugs name files, and titles name cases in reports: both are unique in the whole suite.
pub(super) fn duplicates(examples: &[Example], lint: &mut Lint) {
    let (mut slugs, mut titles) = (BTreeMap::new(), BTreeMap::new());
    for example in examples {
        let place = Place::line(&example.file, example.line);
        let at = |other: &Example| format!("{}:{}", other.feature, other.line);
        if example.title.trim().is_empty() {
            continue;
        }
        if let Some(first) = titles.insert(&example.title, example) {
            let hint = "say what differs; rows of an outline differ by a <placeholder> in the title";
            let kind = LintKind::DuplicateTitle { title: example.title.clone(), first: at(first) };
            lint.push(place.clone(), kind, Some(hint.to_owned()));
        } else if let Some(first) = slugs.get(&example.slug).copied() {
            let kind = LintKind::DuplicateSlug { slug: example.slug.clone(), first: at(first) };
            let hint = "the titles differ in signs only, or behind the 80th character".to_owned();
            lint.push(place, kind, Some(hint));
        }
        slugs.insert(&example.slug, example);
    }
}

/// The candidate that a misspelt word most likely means.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |candidate: &str| strsim::normalized_damerau_levenshtein(word, candidate);
    let near = candidates.into_iter().map(|candidate| (likeness(candidate), candidate));
    near.filter(|(likeness, _)| *likeness >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
pub(super) mod traps;
