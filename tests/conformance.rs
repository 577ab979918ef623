//! The feature files against the reference Service Provider and Device: the same runner as `castproof certify`.
//!
//! `cargo test --test conformance -- WORD` runs the scenarios whose slug contains the word.

use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use castproof::certify::{self, Rules, Selection, Suite};
use castproof::findings::{self, Colour, Verdict, failure_words};

/// The words that filter: neither options nor the values of options that test runners pass along.
fn filters(arguments: impl Iterator<Item = String>) -> Vec<String> {
    const WITH_VALUE: [&str; 5] = ["--test-threads", "--format", "--skip", "--color", "-Z"];
    let mut is_value = false;
    let mut is_filter = |word: &String| {
        let skipped = std::mem::replace(&mut is_value, WITH_VALUE.contains(&word.as_str()));
        !skipped && !word.starts_with('-')
    };
    arguments.filter(|word| is_filter(word)).collect()
}

#[expect(clippy::print_stdout, reason = "a test harness of its own tells its results")]
fn main() -> ExitCode {
    let words = filters(std::env::args().skip(1));
    let is_list = std::env::args().any(|word| word == "--list");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = Rules { matches: Some(&certify::match_step), standing: castproof::judge::standing::requirements() };
    let suite = match Suite::load(&root.join("features"), &rules) {
        Ok(suite) => suite,
        Err(errors) => {
            println!("{errors}");
            return ExitCode::FAILURE;
        }
    };
    let selection = Selection { scenario: words, ..Selection::default() };
    let chosen = selection.select(&suite.examples).len();
    if is_list {
        for example in selection.select(&suite.examples) {
            println!("{}: test", example.slug);
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {chosen} tests");
    if chosen == 0 {
        println!("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; {} filtered out", suite.examples.len());
        return ExitCode::SUCCESS;
    }
    let (register, filtered) = (suite.register.clone(), suite.examples.len() - chosen);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let run = runtime.block_on(certify::run(certify::Options {
        selection,
        jobs: 8,
        progress: Rc::new(|example, findings| {
            if let Some(findings) = findings {
                let word = if findings.verdict == Verdict::Pass { "ok" } else { findings.verdict.words() };
                println!("test {} ... {word}", example.slug);
            }
        }),
        ..certify::Options::usual(suite, root, Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance"))
    }));
    let findings = match run {
        Ok(run) => run.findings,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    for scenario in findings.scenarios.iter().filter(|scenario| scenario.verdict != Verdict::Pass) {
        println!("\n{}", failure_words(scenario, &register, Colour::Never));
    }
    let passed = findings.count(Verdict::Pass);
    let failed = findings.scenarios.len() - passed;
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out");
    findings::ExitCode::of(&findings).into()
}
