//! `castproof record`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::certify::{self, Renewed, Selection};
use crate::findings::{ExitCode, ScenarioFindings};
use crate::spec::one_line;

use super::certify::{casting, failure_of, load};
use super::console::Console;
use super::{Failure, Record};

/// The tag of scenarios that have a golden recording.
const TAG: &str = "golden";

pub(super) fn record(console: &Rc<Console>, options: Record) -> Result<ExitCode, Failure> {
    let (suite, selection) = load(&options.choice)?;
    let selected = selection.select(&suite.examples);
    if selected.is_empty() {
        return Err(Failure::nothing_selected(&suite, &selection));
    }
    let golden = selected.into_iter().filter(|example| example.tags.iter().any(|tag| tag == TAG));
    let slugs: Vec<String> = golden.map(|example| example.slug.clone()).collect();
    if slugs.is_empty() {
        let mut failure = Failure::usage("none of the chosen scenarios has a golden recording")
            .hint("those with the tag `@golden` have one; CONTRIBUTING.md tells how a scenario gets it");
        failure.code = ExitCode::NothingSelected;
        return Err(failure);
    }
    let captures = options.choice.captures(options.captures);
    let total = slugs.len();
    console.line(&format!("{total} golden recordings, seed {}, into {}", certify::USUAL_SEED, captures.display()));
    let done = Rc::new(Cell::new(0));
    let progress = {
        let (done, printer) = (done.clone(), console.clone());
        move |example: &certify::Example, findings: Option<&ScenarioFindings>| match findings {
            None => printer.began(&example.title, done.get(), total),
            Some(_) => done.set(done.get() + 1),
        }
    };
    let casting = casting(console, None, &[])?.ok_or_else(|| Failure::usage("nobody plays"))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
    let run = runtime.block_on(certify::run(certify::Options {
        features: options.choice.features.clone(),
        captures: captures.clone(),
        selection: Selection { scenario: slugs, ..Selection::default() },
        jobs: usize::from(options.jobs),
        lab: crate::stage::Lab::on(options.interface),
        casting,
        progress: Rc::new(progress),
        ..certify::Options::usual(suite, Path::new("."), options.reports)
    }));
    console.clear();
    let run = run.map_err(failure_of)?;
    let renewals =
        certify::renew(&run.folder, &run.findings.scenarios, &captures).map_err(|error| Failure::of(&error))?;

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for renewal in &renewals {
        let (word, why) = match &renewal.what {
            Renewed::New => ("new", None),
            Renewed::Repaired(fault) => ("repaired", Some(fault.clone())),
            Renewed::Changed(departure) => ("changed", Some(departure.to_string())),
            Renewed::Unchanged => ("unchanged", None),
            Renewed::NotTaken(reason) => ("not taken", Some(reason.clone())),
        };
        *counts.entry(word).or_default() += 1;
        if !matches!(renewal.what, Renewed::Unchanged) {
            let why = why.map(|why| format!(": {}", one_line(&why))).unwrap_or_default();
            console.line(&format!("{word:<9} {}{why}", renewal.slug));
        }
    }
    let words: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    console.line(&words.join(" · "));
    if counts.keys().any(|word| matches!(*word, "new" | "repaired" | "changed")) {
        console.line("now look at what changed: `cargo insta test --review --test captures`");
    }
    if run.interrupted || run.not_run > 0 || counts.contains_key("not taken") {
        return Ok(ExitCode::Inconclusive);
    }
    Ok(ExitCode::Conformant)
}
