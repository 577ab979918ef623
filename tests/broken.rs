//! A scenario counts when a deliberately broken implementation fails it, at the check that was meant to catch it.
//!
//! Runs the deviations through scenarios that stand for a requirement which they break, and holds the two pages that
//! tell of it fresh: `reports/kill-matrix.md` and `reports/coverage.md`.

#[path = "broken/coverage.rs"]
mod coverage;
#[path = "broken/matrix.rs"]
mod matrix;
#[path = "broken/plan.rs"]
mod plan;
#[path = "broken/trial.rs"]
mod trial;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use castproof::certify::Suite;
use castproof::findings::{RunFindings, Verdict};
use castproof::subject::broken::deviations;

use matrix::Matrix;
use plan::{Choice, Plan, related};
use trial::{Company, root, suite};

/// How many deviations standing checks have to catch.
const LEAST_BY_STANDING_CHECKS: usize = 10;
/// How many lines of a stale page are shown.
const MOST_DEPARTURES: usize = 30;
/// How many deviations are tried at the same time; most of each trial is waiting.
const TRIALS_AT_A_TIME: usize = 6;
/// How often what a busy host left open is tried again, alone.
const TRIES_ALONE: usize = 2;

/// What the test was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// To prove the committed pages.
    Proof,
    /// To write them anew.
    Renewal,
    /// To run every deviation through every scenario.
    Full,
}

impl Extent {
    fn asked() -> Self {
        let has = |name| std::env::var_os(name).is_some();
        match (has("CASTPROOF_FULL_MATRIX"), has("CASTPROOF_RENEW")) {
            (true, _) => Self::Full,
            (false, true) => Self::Renewal,
            (false, false) => Self::Proof,
        }
    }

    fn plan(self, suite: &Suite) -> Plan<'static> {
        match self {
            Self::Proof => Plan::proving(&committed("kill-matrix.md"), suite),
            Self::Renewal => Plan::of_each(&Choice::ByRequirement),
            Self::Full => Plan::of_each(&Choice::Everything),
        }
    }
}

/// Runs a plan, several trials at a time, and then alone what is still open.
#[expect(clippy::print_stdout, reason = "the full matrix takes most of an hour, and --nocapture shows how far it is")]
fn matrix_of(plan: &Plan<'_>, suite: &Suite) -> Matrix {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let matrix = Mutex::new(Matrix::default());
    std::thread::scope(|scope| {
        for _ in 0..TRIALS_AT_A_TIME {
            scope.spawn(|| {
                while let Some((deviation, choice)) = plan.trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let run = trial::run(choice, Some(deviation), Company::Others);
                    matrix.lock().unwrap().add(deviation, &run);
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    println!("{done} of {}: {}", plan.trials.len(), deviation.name);
                }
            });
        }
    });
    let mut matrix = matrix.into_inner().unwrap();
    for _ in 0..TRIES_ALONE {
        try_alone(&mut matrix, suite);
    }
    matrix
}

/// Tries again what is not proved: deviations that escaped, and scenarios that caught nothing.
fn try_alone(matrix: &mut Matrix, suite: &Suite) {
    for deviation in matrix.escaped() {
        let unclear = matrix.unclear(deviation);
        let choice = if unclear.is_empty() { Choice::ByRequirement } else { Choice::Scenarios(unclear) };
        let run = trial::run(&choice, Some(deviation), Company::Alone);
        matrix.add(deviation, &run);
    }
    for slug in matrix.idle(suite) {
        let choice = Choice::Scenarios(BTreeSet::from([slug.clone()]));
        for deviation in deviations().filter(|one| related(one, suite).any(|other| other == slug)) {
            let run = trial::run(&choice, Some(deviation), Company::Alone);
            matrix.add(deviation, &run);
            if !matrix.idle(suite).contains(&slug) {
                break;
            }
        }
    }
}

fn page_path(name: &str) -> PathBuf {
    root().join("reports").join(name)
}

fn committed(name: &str) -> String {
    fs::read_to_string(page_path(name)).unwrap_or_default()
}

/// Compares a page with the committed one, or writes it; gives what is wrong.
fn keep(name: &str, page: &str, extent: Extent, departures: impl FnOnce(&str) -> Vec<String>) -> Vec<String> {
    if extent == Extent::Renewal {
        fs::write(page_path(name), page).unwrap();
        return Vec::new();
    }
    let stale = "is stale; look at what changed, and renew it by `CASTPROOF_RENEW=1 cargo test --test broken`";
    let departures = departures(&committed(name));
    if departures.is_empty() {
        return Vec::new();
    }
    let shown = departures.iter().take(MOST_DEPARTURES).map(|line| format!("\n    {line}")).collect::<String>();
    vec![format!("reports/{name} {stale}; {} lines, the first of them:{shown}", departures.len())]
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

/// The scenarios that the reference does not pass. What stayed without a conclusion is tried again, alone.
fn not_green(run: &RunFindings) -> Vec<String> {
    let tell = |found: &castproof::findings::ScenarioFindings| {
        format!("the reference: {}: {}, {}", found.slug, found.verdict, found.reason().unwrap_or_default())
    };
    let is_open = |verdict| matches!(verdict, Verdict::Inconclusive | Verdict::OutOfTime);
    let mut wrong = Vec::new();
    for found in run.scenarios.iter().filter(|found| found.verdict != Verdict::Pass) {
        let again = is_open(found.verdict).then(|| {
            let choice = Choice::Scenarios(BTreeSet::from([found.slug.clone()]));
            trial::run(&choice, None, Company::Alone)
        });
        let last = again.as_ref().and_then(|run| run.scenarios.first()).unwrap_or(found);
        wrong.extend((last.verdict != Verdict::Pass).then(|| tell(last)));
    }
    wrong
}

#[test]
#[expect(clippy::print_stdout, reason = "the whole matrix was asked for")]
fn every_deviation_is_caught_where_it_was_meant_to_be_and_every_scenario_catches_one() {
    let suite = suite();
    let extent = Extent::asked();

    let (sound, matrix) = std::thread::scope(|scope| {
        let sound = scope.spawn(|| trial::run(&Choice::Everything, None, Company::Others));
        let matrix = matrix_of(&extent.plan(&suite), &suite);
        (sound.join().unwrap(), matrix)
    });

    let rows = coverage::rows(&suite, &sound, &matrix);
    let mut wrong = not_green(&sound);
    wrong.extend(matrix.escaped().into_iter().map(|deviation| matrix.story(deviation)));
    wrong.extend(matrix.idle(&suite).into_iter().map(|slug| format!("{slug}: catches no deviation")));
    let standing = matrix.caught_by_standing_checks();
    if standing.len() < LEAST_BY_STANDING_CHECKS {
        wrong.push(format!("standing checks catch {standing:?} only"));
    }
    wrong.extend(rows.iter().flat_map(coverage::Row::lacks));
    let page = matrix.page(&suite);
    if extent == Extent::Full {
        println!("{page}");
    } else {
        wrong.extend(keep("kill-matrix.md", &page, extent, |committed| matrix.departures(committed, &suite)));
        let page = coverage::page(&rows, &suite);
        wrong.extend(keep("coverage.md", &page, extent, |committed| differences(committed, &page)));
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn deviations_have_names_of_their_own() {
    let names: BTreeSet<&str> = deviations().map(|deviation| deviation.name).collect();

    assert_eq!(names.len(), deviations().count());
}
