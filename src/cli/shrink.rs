//! `castproof shrink`.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::certify::{self, Player, ShrinkEnd, ShrinkError, Shrunk, quoted};
use crate::findings::{ExitCode, RelayPlan};
use crate::stage::RelayPlans;

use super::certify::{casting, failure_of, load, relay_plans};
use super::console::Console;
use super::{Choice, Failure};

/// Which scenario, who plays, and how long.
#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    choice: Choice,

    /// The seed of the run that failed.
    #[arg(long, default_value_t = certify::USUAL_SEED)]
    seed: u64,

    /// The reference with this deliberate deviation; `certify --deviation list` names them.
    #[arg(long, value_name = "NAME")]
    deviation: Option<String>,

    /// Begin with this plan instead of the scenario's own.
    #[arg(long, value_name = "FILE")]
    relay_plan: Option<PathBuf>,

    /// How long it may go on, such as 90s or 5m; the best plan by then is kept.
    #[arg(long, value_name = "SPAN", default_value = "2m", value_parser = humantime::parse_duration)]
    budget: Duration,

    /// Where golden recordings lie: the folder `captures` beside that of the features, unless told.
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,

    /// Where the plan goes, as SLUG.relay-plan.json.
    #[arg(long, value_name = "FOLDER", default_value = "reports/runs")]
    reports: PathBuf,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Found<'a> {
    scenario: &'a str,
    check: &'a str,
    /// Whether it is known that nothing smaller fails.
    is_smallest: bool,
    faults_before: usize,
    faults: usize,
    runs: usize,
    plan: &'a [RelayPlan],
    file: String,
    repeat: &'a str,
}

pub(super) fn shrink(console: &Rc<Console>, options: &Options) -> Result<ExitCode, Failure> {
    let (suite, selection) = load(&options.choice)?;
    let slug = match selection.select(&suite.examples).as_slice() {
        [] => return Err(Failure::nothing_selected(&suite, &selection)),
        [example] => example.slug.clone(),
        several => {
            let failure =
                Failure::usage(format!("one scenario is shrunk at a time, and {} were selected", several.len()));
            return Err(failure.hint(format!("name a whole slug, such as --scenario {}", several[0].slug)));
        }
    };
    let start = options.relay_plan.clone().map(relay_plans).transpose()?.map(|(plans, _)| plans);
    // Looked at once before anything runs, so that a wrong name is told at once.
    if casting(console, options.deviation.as_deref(), &[])?.is_none() {
        return Ok(ExitCode::Conformant);
    }
    let scratch = tempfile::tempdir().map_err(|error| Failure::usage(format!("make a folder for trials: {error}")))?;
    let trial = |player: Player, plans: Option<RelayPlans>| {
        let deviation = options.deviation.as_deref().filter(|_| player == Player::Subject);
        let file = scratch.path().join("plan.json");
        certify::Options {
            features: options.choice.features.clone(),
            captures: options.choice.captures(options.captures.clone()),
            selection: selection.clone(),
            seed: options.seed,
            jobs: 1,
            casting: casting(console, deviation, &[]).ok().flatten().expect("the name was found before"),
            relays: plans.or_else(|| start.clone()).map(|plans| (plans, file)),
            ..certify::Options::usual(suite.clone(), Path::new("."), scratch.path().to_owned())
        }
    };
    let mut watch = |trials: usize, faults: usize, best: usize| {
        if !options.json {
            console.passing(&format!("  {trials} runs, {best} faults are enough; trying {faults}"));
        }
    };
    let shrunk = certify::shrink(&trial, options.deviation.is_some(), options.budget, &mut watch);
    console.clear();
    let shrunk = shrunk.map_err(told)?;
    report(console, options, &slug, &shrunk)
}

fn told(error: ShrinkError) -> Failure {
    match error {
        ShrinkError::Certify(error) => failure_of(error),
        ShrinkError::NoFailure { .. } => Failure::of(&error).hint(
            "name the --deviation and the --seed of the run that failed; `castproof certify` printed them as `repeat`",
        ),
        ShrinkError::Interrupted => Failure { code: ExitCode::Inconclusive, ..Failure::of(&error) },
        ShrinkError::Unfit { .. } => {
            Failure::of(&error).hint("a failure under this plan proves nothing of the subject")
        }
        error => Failure::of(&error),
    }
}

fn report(console: &Console, options: &Options, slug: &str, shrunk: &Shrunk) -> Result<ExitCode, Failure> {
    let plan = shrunk.written();
    let file = options.reports.join(format!("{slug}.relay-plan.json"));
    let text = serde_json::to_string_pretty(&plan).map_err(|error| Failure::of(&error))? + "\n";
    std::fs::create_dir_all(&options.reports).and_then(|()| std::fs::write(&file, &text)).map_err(|error| {
        Failure::usage(format!("write `{}`: {error}", file.display())).hint("name another --reports")
    })?;
    let mut repeat = format!("castproof certify --scenario {slug} --seed {}", options.seed);
    if let Some(deviation) = &options.deviation {
        repeat += &format!(" --deviation {}", quoted(deviation));
    }
    repeat += &format!(" --relay-plan {}", quoted(&file.display().to_string()));
    let is_smallest = shrunk.end == ShrinkEnd::Smallest;
    let faults = shrunk.plan.faults().len();
    if options.json {
        let found = Found {
            scenario: slug,
            check: shrunk.check.as_str(),
            is_smallest,
            faults_before: shrunk.before,
            faults,
            runs: shrunk.trials,
            plan: &plan,
            file: file.display().to_string(),
            repeat: &repeat,
        };
        console.line(&serde_json::to_string_pretty(&found).map_err(|error| Failure::of(&error))?);
    } else {
        let end = match shrunk.end {
            ShrinkEnd::Smallest => "nothing smaller fails",
            ShrinkEnd::Budget => "the budget is spent, and there may be smaller ones",
            ShrinkEnd::Interrupted => "interrupted, and there may be smaller ones",
        };
        console.line(&format!(
            "{} fails with {faults} of {} faults; {end} ({} runs)",
            shrunk.check, shrunk.before, shrunk.trials
        ));
        for device in &plan {
            for (way, rules) in [("broadcast", &device.broadcast), ("interaction", &device.interaction)] {
                for rule in rules {
                    console.line(&format!("  {} {way:<11} {rule}", device.device));
                }
            }
        }
        if plan.is_empty() {
            console.line("  it fails without any fault");
        }
        console.line(&format!("repeat  {repeat}"));
    }
    Ok(if is_smallest { ExitCode::Conformant } else { ExitCode::Inconclusive })
}
