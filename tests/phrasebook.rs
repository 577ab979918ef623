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

/// How many sentences the phrasebook may have: a new one has to be worth it.
const MOST_SENTENCES: usize = 48;

#[test]
fn the_phrasebook_stays_small() {
    assert!(PHRASES.len() <= MOST_SENTENCES, "{} sentences", PHRASES.len());
}

#[test]
fn every_phrase_is_used_by_at_least_two_scenarios() {
    let suite = castproof::certify::Suite::load(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("features"),
        &castproof::certify::Rules { matches: None, standing: castproof::judge::standing::requirements() },
    )
    .unwrap();

    let rare: Vec<String> = PHRASES
        .iter()
        .map(|phrase| {
            let uses = |example: &&castproof::certify::Example| example.steps.iter().any(|step| is_use(phrase, step));
            (suite.examples.iter().filter(uses).count(), phrase)
        })
        .filter(|(count, _)| *count < 2)
        .map(|(count, phrase)| format!("{count} of `{} {}`", phrase.keyword, phrase.sentence))
        .collect();

    assert!(rare.is_empty(), "sentences that too few scenarios use: {}", rare.join(", "));
}

/// Whether a step is this sentence: all its fixed pieces stand in it, in their order.
fn is_use(phrase: &Phrase, step: &str) -> bool {
    // The keyword may be `And`; the sentences differ enough without it.
    let Some((_, mut rest)) = step.split_once(' ') else { return false };
    let fixed = phrase.sentence.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, fixed)| fixed));
    for (index, piece) in fixed.flat_map(|piece| piece.split("(s)")).enumerate() {
        let Some(at) = rest.find(piece).filter(|at| index > 0 || *at == 0) else { return false };
        rest = &rest[at + piece.len()..];
    }
    // What ends in a placeholder takes the rest; what ends in words ends with them.
    phrase.sentence.ends_with('}') || phrase.sentence.ends_with("(s)") || rest.is_empty()
}

#[test]
fn the_document_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/phrasebook.md");

    let written = fs::read_to_string(path).unwrap_or_default();

    assert_eq!(written, phrasebook_markdown(), "renew it: cargo run -- phrases --markdown > docs/phrasebook.md");
}
