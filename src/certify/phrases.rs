//! The phrasebook as the lint and the documents see it.

use std::fmt::Write;

use cucumber::World;
use cucumber::gherkin::{Step, StepType};
use cucumber::step::Collection;

use crate::stage::Stage;
use crate::steps::check_values;
use crate::steps::phrasebook::{PHRASES, Phrase};

use super::StepMatch;

/// How alike a sentence must be to be suggested.
const ALIKE: f64 = 0.75;

thread_local! {
    /// Every registered step; a collection compiles an expression for each, so it is made once.
    static STEPS: Collection<Stage> = Stage::collection();
}

/// Looks a sentence up among the registered steps.
pub fn match_step(step: &Step) -> StepMatch {
    STEPS.with(|steps| match_among(steps, step))
}

fn match_among(steps: &Collection<Stage>, step: &Step) -> StepMatch {
    match steps.find(step) {
        Ok(Some((_, _, _, context))) => {
            // The first is the whole sentence.
            let values: Vec<&str> = context.matches.iter().skip(1).map(|(_, value)| value.as_str()).collect();
            match check_values(keyword(step), &step.value, &values) {
                Ok(()) => StepMatch::One,
                Err(unfit) => StepMatch::Unfit { reason: unfit.reason, hint: unfit.hint },
            }
        }
        Ok(None) => StepMatch::None { nearest: nearest(step) },
        Err(ambiguous) => {
            let several = ambiguous.possible_matches.iter().map(|(regex, _)| regex.as_str().to_owned());
            StepMatch::Several(several.collect())
        }
    }
}

fn keyword(step: &Step) -> &'static str {
    match step.ty {
        StepType::Given => "Given",
        StepType::When => "When",
        StepType::Then => "Then",
    }
}

fn nearest(step: &Step) -> Option<String> {
    let likeness = |phrase: &Phrase| {
        strsim::jaro_winkler(&step.value, phrase.example).max(strsim::jaro_winkler(&step.value, phrase.sentence))
    };
    PHRASES
        .iter()
        .map(|phrase| (likeness(phrase) + if phrase.keyword == keyword(step) { 0.01 } else { 0.0 }, phrase))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, phrase)| format!("{} {}", phrase.keyword, phrase.sentence))
}

/// The phrasebook as a document.
pub fn phrasebook_markdown() -> String {
    let mut text = String::from(
        "# Phrasebook\n\nThe closed list of sentences that scenarios may use. Generated from the code: \
         `castproof phrases --markdown`; a test holds it fresh.\n",
    );
    for keyword in ["Given", "When", "Then"] {
        let _ = write!(text, "\n## {keyword}\n\n| sentence | example | meaning |\n|---|---|---|\n");
        for phrase in PHRASES.iter().filter(|phrase| phrase.keyword == keyword) {
            let _ = writeln!(text, "| {} | `{}` | {} |", phrase.sentence, phrase.example, phrase.meaning);
        }
    }
    text
}
