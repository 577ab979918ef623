//! A scenario counts when a deliberately broken implementation fails it, at the check that was meant to catch it.
//!
//! Runs every deviation through the scenarios that stand for a requirement which it breaks, and holds the two pages that
//! tell of it fresh: `reports/kill-matrix.md` and `reports/coverage.md`.

#[path = "broken/coverage.rs"]
mod coverage;
#[path = "broken/matrix.rs"]
mod matrix;
#[path = "broken/trial.rs"]
mod trial;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use castproof::findings::{RunFindings, Verdict};
use castproof::subject::broken::{self, Deviation, deviations};

use matrix::Matrix;
use trial::{root, suite};

/// How many deviations standing checks have to catch.
const LEAST_BY_STANDING_CHECKS: usize = 10;
/// How many lines of a stale page are shown.
const MOST_DEPARTURES: usize = 30;
/// How many deviations are tried at the same time.
const TRIALS_AT_A_TIME: usize = 3;

/// Whether every deviation goes through every scenario.
fn is_full() -> bool {
    std::env::var_os("CASTPROOF_FULL_MATRIX").is_some()
}

/// Runs every deviation, several at a time: most of each trial is waiting.
fn matrix_of() -> Matrix {
    let all: Vec<&Deviation> = deviations().collect();
    let next = AtomicUsize::new(0);
    let matrix = Mutex::new(Matrix::default());
    std::thread::scope(|scope| {
        for _ in 0..TRIALS_AT_A_TIME {
            scope.spawn(|| {
                while let Some(deviation) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let requirements = if is_full() { &[] } else { deviation.requirements };
                    let run = trial::run(requirements, Some(deviation));
                    matrix.lock().unwrap().add(deviation, &run);
                }
            });
        }
    });
    matrix.into_inner().unwrap()
}

/// Compares a page with the committed one, or writes it; gives what is wrong.
fn keep(name: &str, page: &str, departures: impl FnOnce(&str) -> Vec<String>) -> Vec<String> {
    let path = root().join("reports").join(name);
    if std::env::var_os("CASTPROOF_RENEW").is_some() {
        fs::write(&path, page).unwrap();
        return Vec::new();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let stale = "is stale; look at what changed, and renew it by `CASTPROOF_RENEW=1 cargo test --test broken`";
    let departures = departures(&committed);
    if departures.is_empty() {
        return Vec::new();
    }
    let shown = departures.iter().take(MOST_DEPARTURES).map(|line| format!("\n    {line}")).collect::<String>();
    vec![format!("reports/{name} {stale}; {} lines, the first of them:{shown}", departures.len())]
}

/// The scenarios of which it is not shown yet that they can fail, and the deviations that are not caught every time.
fn open_entries() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("tests/broken/open.txt")).unwrap();
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
}

/// The lines in which two pages differ; which deviations were caught may hang on the host, and is left out.
fn differences(committed: &str, page: &str) -> Vec<String> {
    let lasting = |line: &str| match line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) {
        Some(row) => row.rsplit_once(" | ").map_or(row, |(row, _)| row).to_owned(),
        None => line.to_owned(),
    };
    let lines = |page: &str| -> BTreeSet<String> {
        page.lines().filter(|line| !line.starts_with("Broken implementations caught")).map(lasting).collect()
    };
    let (old, new) = (lines(committed), lines(page));
    let gone = old.difference(&new).map(|line| format!("- {line}"));
    gone.chain(new.difference(&old).map(|line| format!("+ {line}"))).collect()
}

fn not_green(run: &RunFindings) -> Vec<String> {
    let others = run.scenarios.iter().filter(|found| found.verdict != Verdict::Pass);
    others.map(|found| format!("{}: {}, {}", found.slug, found.verdict, found.reason().unwrap_or_default())).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the whole matrix was asked for")]
fn every_deviation_is_caught_where_it_was_meant_to_be_and_every_scenario_catches_one() {
    let suite = suite();
    let sound = trial::run(&[], None);

    let matrix = matrix_of();

    let rows = coverage::rows(&suite, &sound, &matrix);
    let mut wrong: Vec<String> = not_green(&sound).into_iter().map(|line| format!("the reference: {line}")).collect();
    let open = open_entries();
    wrong.extend(
        matrix.escapes().into_iter().filter(|story| !open.iter().any(|name| story.starts_with(&format!("{name}:")))),
    );
    let idle = matrix.idle(&suite);
    let new = idle.iter().filter(|slug| !open.contains(**slug));
    wrong.extend(new.map(|slug| format!("{slug}: catches no deviation")));
    let slugs: BTreeSet<&str> = suite.examples.iter().map(|example| example.slug.as_str()).collect();
    let is_known = |name: &str| slugs.contains(name) || broken::deviation(name).is_some();
    let gone = open.iter().filter(|name| !is_known(name));
    wrong.extend(gone.map(|name| format!("tests/broken/open.txt: there is neither scenario nor deviation `{name}`")));
    let standing = matrix.caught_by_standing_checks();
    if standing.len() < LEAST_BY_STANDING_CHECKS {
        wrong.push(format!("standing checks catch {standing:?} only"));
    }
    wrong.extend(rows.iter().flat_map(coverage::Row::lacks));
    let page = matrix.page(&suite);
    if is_full() {
        println!("{page}");
    } else {
        wrong.extend(keep("kill-matrix.md", &page, |committed| matrix.departures(committed, &suite)));
        let page = coverage::page(&rows, &suite);
        wrong.extend(keep("coverage.md", &page, |committed| differences(committed, &page)));
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn deviations_have_names_of_their_own() {
    let names: BTreeSet<&str> = deviations().map(|deviation| deviation.name).collect();

    assert_eq!(names.len(), deviations().count());
}
