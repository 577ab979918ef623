//! The phrasebook is closed: what it lists is what the code knows, and the document says the same.

use std::fs;
use std::path::Path;

use castproof::certify::{StepMatch, match_step, phrasebook_markdown};
use castproof::stage::Stage;
use castproof::steps::phrasebook::{PHRASES, Phrase};
use cucumber::codegen::WorldInventory;
use cucumber::gherkin::{Step, StepType};

fn step(phrase: &Phrase) -> Step {
    let ty = match phrase.keyword {
        "Given" => StepType::Given,
        "When" => StepType::When,
        _ => StepType::Then,
    };
    Step::builder()
        .keyword(format!("{} ", phrase.keyword))
        .ty(ty)
        .value(phrase.example.to_owned())
        .span(Default::default())
        .position(Default::default())
        .build()
}

#[test]
fn every_phrase_is_a_sentence_that_the_code_knows() {
    for phrase in &PHRASES {
        assert_eq!(match_step(&step(phrase)), StepMatch::One, "{} {}", phrase.keyword, phrase.example);
    }
}

#[test]
fn every_sentence_that_the_code_knows_is_in_the_phrasebook() {
    let given = inventory::iter::<<Stage as WorldInventory>::Given>.into_iter().count();
    let when = inventory::iter::<<Stage as WorldInventory>::When>.into_iter().count();
    let then = inventory::iter::<<Stage as WorldInventory>::Then>.into_iter().count();

    assert_eq!(given + when + then, PHRASES.len());
}

#[test]
fn every_phrase_is_used_by_a_scenario() {
    let suite = castproof::certify::Suite::load(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("features"),
        &castproof::certify::Rules::default(),
    )
    .unwrap();
    // The longest piece of a sentence without parameters tells it apart well enough.
    let core = |phrase: &Phrase| {
        let pieces = phrase.sentence.split(['{', '}', '(', ')']).step_by(1);
        pieces.filter(|piece| piece.contains(' ')).max_by_key(|piece| piece.len()).unwrap_or_default().trim().to_owned()
    };

    for phrase in PHRASES.iter().filter(|phrase| !phrase.sentence.contains("{condition}")) {
        let core = core(phrase);
        let is_used = suite.examples.iter().any(|example| example.steps.iter().any(|step| step.contains(&core)));
        assert!(is_used, "no scenario uses `{} {}` (looked for `{core}`)", phrase.keyword, phrase.sentence);
    }
}

#[test]
fn the_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/phrasebook.md");

    let written = fs::read_to_string(path).unwrap_or_default();

    assert_eq!(written, phrasebook_markdown(), "renew it: cargo run -- phrases --markdown > docs/phrasebook.md");
}
