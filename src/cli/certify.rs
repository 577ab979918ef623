//! `castproof certify`.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::Args;

use crate::certify::{self, CertifyError, Rules, Selection, StrictError, Suite, USUAL_JOBS};
use crate::findings::{ExitCode, ScenarioFindings, Verdict, failures_words, summary_words};
use crate::spec::{Capability, Role, one_line};
use crate::stage::{Casting, RawCapture, RelayPlans};
use crate::subject::broken::{self, Deviation};
use crate::subject::{ReferenceDevice, ReferenceProvider};

use super::bench::Bench;
use super::console::Console;
use super::door::Door;
use super::{Choice, Failure, RoleName, evidence, foreign};

/// How alike the name of a deviation must be to be suggested.
const ALIKE: f64 = 0.7;

/// What is asked of `castproof certify`.
#[derive(Args)]
pub(super) struct Certify {
    #[command(flatten)]
    choice: Choice,

    /// The seed of every random choice; the same seed repeats a run.
    #[arg(long)]
    seed: Option<u64>,

    /// How many scenarios run at the same time.
    #[arg(long, default_value_t = USUAL_JOBS, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,

    /// Judge the implementation that this profile is about, in the role that it names; the reference plays the other.
    ///
    /// Its adapter is started as the profile says, or by COMMAND. It is probed first: an adapter that says one thing while
    /// another happens gives no results.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["deviation", "without"])]
    profile: Option<PathBuf>,

    #[command(flatten)]
    door: Door,

    #[command(flatten)]
    bench: Bench,

    /// Where run folders are made.
    #[arg(long, value_name = "FOLDER", default_value = "reports/runs")]
    reports: PathBuf,

    /// Where golden recordings lie: the folder `captures` beside that of the features, unless told.
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,

    /// Failures that are known, as a list in YAML: scenario, check, reason, issue, owner and expiry of each.
    ///
    /// What fails as expected does not make the run red, and nothing conforms by it. An entry that passes, fails otherwise,
    /// matches nothing or has expired ends the run with 102.
    #[arg(long, value_name = "FILE")]
    expected_failures: Option<PathBuf>,

    /// Judge the reference with this deliberate deviation; `--deviation list` names them.
    #[arg(long, value_name = "NAME")]
    deviation: Option<String>,

    /// Judge the reference as though it did not declare this capability, such as status-log; may be given several times.
    #[arg(long, value_name = "CAPABILITY", conflicts_with = "deviation")]
    without: Vec<Capability>,

    /// Let the relays do what this file says, in the place of what the scenario's sentences say: a list of plans, as `relays`
    /// of a scenario in result.json, or as `castproof shrink` leaves it.
    #[arg(long, value_name = "FILE")]
    relay_plan: Option<PathBuf>,

    /// Record the kernel's own frames, too, into one file a scenario in the folder `raw`; needs the privilege CAP_NET_RAW.
    ///
    /// Recordings need no privilege, because their headers are rebuilt. Who does not want to believe that compares.
    #[arg(long)]
    raw_capture: bool,

    /// Keep the work folder of each scenario here, in a folder whose name begins with the scenario's slug; else it goes when the
    /// scenario is over. What instances of Devices and Service Providers stored is in it, their passwords among it.
    #[arg(long, value_name = "FOLDER")]
    keep_work: Option<PathBuf>,

    /// Sign the evidence of the run with this private key, which `castproof keygen` makes.
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,

    /// The adapter and its arguments, in the place of those of the profile.
    #[arg(last = true, value_name = "COMMAND", requires = "profile")]
    command: Vec<String>,
}

pub(super) fn load(choice: &Choice) -> Result<(Suite, Selection), Failure> {
    let rules = Rules { matches: Some(&certify::match_step), standing: crate::judge::standing::requirements() };
    let suite = Suite::load(&choice.features, &rules).map_err(|errors| Failure::usage(errors.to_string()))?;
    let selection = Selection {
        scenario: choice.scenario.clone(),
        requirement: choice.requirement.clone(),
        role: choice.role.map(|role| match role {
            RoleName::Device => Role::Device,
            RoleName::Provider => Role::Provider,
            RoleName::System => Role::System,
        }),
        feature: choice.feature.clone(),
    };
    Ok((suite, selection))
}

pub(super) fn casting(
    console: &Console,
    deviation: Option<&str>,
    without: &[Capability],
) -> Result<Option<Casting>, Failure> {
    let mut casting = Casting {
        device: Box::new(ReferenceDevice::conformant().without(without.iter().copied().collect())),
        provider: Box::new(ReferenceProvider::conformant().without(without.iter().copied().collect())),
    };
    let Some(name) = deviation else { return Ok(Some(casting)) };
    if name == "list" {
        for deviation in broken::deviations() {
            console.line(&format!("{:<34} {}", deviation.name, deviation.description));
        }
        return Ok(None);
    }
    let deviation = broken::deviation(name).ok_or_else(|| {
        let likeness = |deviation: &Deviation| strsim::jaro(name, deviation.name);
        let nearest = broken::deviations().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        let failure = Failure::usage(format!("no deviation is called `{name}`"));
        match nearest.filter(|deviation| likeness(deviation) > ALIKE) {
            Some(near) => failure.hint(format!("did you mean `{}`? `--deviation list` names them all", near.name)),
            None => failure.hint("`--deviation list` names them all"),
        }
    })?;
    if let Some(device) = deviation.device() {
        casting.device = device;
    }
    if let Some(provider) = deviation.provider() {
        casting.provider = provider;
    }
    Ok(Some(casting))
}

pub(super) fn certify(console: &Rc<Console>, options: Certify) -> Result<ExitCode, Failure> {
    let Some(mut casting) = casting(console, options.deviation.as_deref(), &options.without)? else {
        return Ok(ExitCode::Conformant);
    };
    let subject = foreign::subject(options.profile.as_deref(), &options.command, &options.door)?;
    let mut lab = options.bench.lab(subject.as_ref())?;
    let list = options.expected_failures.or(subject.as_ref().and_then(|one| one.profile.expected_failures.clone()));
    let expected = list.as_deref().map(certify::expected_failures).transpose();
    let expected = expected.map_err(|error| strict_failure(&error))?.unwrap_or_default();
    let key = options.sign.as_deref().map(evidence::private_key).transpose()?;
    let (mut suite, selection) = load(&options.choice)?;
    let was_found = !selection.select(&suite.examples).is_empty();
    if let Some(subject) = &subject {
        // What judges the reference alone says nothing of the subject.
        suite.examples.retain(|example| [subject.profile.role, Role::System].contains(&example.role));
    }
    let total = selection.select(&suite.examples).len();
    if total == 0 {
        let failure = Failure::nothing_selected(&suite, &selection);
        return Err(match &subject {
            Some(subject) if was_found => failure.hint(match subject.profile.role {
                Role::Provider => "the profile is about a Service Provider, and what was asked for does not judge one",
                Role::Device | Role::System => {
                    "the profile is about a Device, and what was asked for does not judge one"
                }
            }),
            _ => failure,
        });
    }
    for entry in selection.unmatched(&suite.examples) {
        console.warning(&format!("nothing matches `{entry}`"));
    }
    let wanted = usize::from(options.jobs);
    let jobs = certify::affordable_jobs(wanted).map_err(failure_of)?;
    if jobs < wanted {
        console.warning(&format!("{jobs} scenarios at a time instead of {wanted}: `ulimit -n` allows no more"));
    }
    let relays = options.relay_plan.map(relay_plans).transpose()?;
    if relays.is_some() && total > 1 {
        let failure = Failure::usage(format!("a relay plan is for one scenario, and {total} were selected"));
        return Err(failure.hint("name the scenario's whole slug with --scenario"));
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
    let raw = options.raw_capture.then(|| RawCapture::open(lab.interface)).transpose().map_err(|error| {
        let failure = Failure::of(&error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    let kept = options.keep_work.as_deref().map(room_for_work).transpose()?;
    let foreign = match &subject {
        None => None,
        Some(subject) => {
            let foreign = runtime.block_on(subject.start(console, lab.time_scale))?;
            lab.is_elsewhere = subject.is_elsewhere(foreign.adapter());
            casting = foreign.casting(subject.arguments());
            Some(foreign)
        }
    };
    let register = suite.register.clone();
    let seed = options.seed.unwrap_or(certify::USUAL_SEED);
    console.line(&format!(
        "castproof {} · profile {} · requirement set {} · seed {seed} · {}, {} cores · {total} of {} scenarios",
        env!("CARGO_PKG_VERSION"),
        register.profile,
        one_line(&register.set),
        lab.interface,
        std::thread::available_parallelism().map_or(1, usize::from),
        suite.examples.len(),
    ));
    let done = Rc::new(Cell::new(0));
    let progress = {
        let (done, printer) = (done.clone(), console.clone());
        move |example: &certify::Example, findings: Option<&ScenarioFindings>| match findings {
            None => printer.began(&example.title, done.get(), total),
            Some(findings) => {
                done.set(done.get() + 1);
                printer.ended(findings, done.get(), total);
            }
        }
    };
    let run = runtime.block_on(certify::run(certify::Options {
        features: options.choice.features.clone(),
        suite,
        captures: options.choice.captures(options.captures),
        reports: options.reports,
        selection,
        seed,
        jobs: wanted,
        lab,
        casting,
        foreign,
        relays,
        kept: kept.clone(),
        raw: raw.clone(),
        expected,
        progress: Rc::new(progress),
    }));
    console.clear();
    let run = run.map_err(failure_of)?;

    if let Some(raw) = &raw {
        report_raw(console, raw);
    }

    // What fails as expected has its line in the summary; here it would hide the news.
    let is_news = |found: &&ScenarioFindings| found.verdict != Verdict::Pass && !run.findings.is_excused(found);
    // The findings name recordings within their folder; whoever reads this stands elsewhere.
    let shown = |scenario: &ScenarioFindings| {
        let capture = scenario.capture.as_ref().map(|path| run.folder.join(path).display().to_string());
        ScenarioFindings { capture, ..scenario.clone() }
    };
    let news: Vec<ScenarioFindings> = run.findings.scenarios.iter().filter(is_news).map(shown).collect();
    console.print(&failures_words(&news, &register, console.colour));
    console.print(&format!("\n{}", summary_words(&run.findings, run.not_run, console.colour, console.width())));
    if run.interrupted {
        console.line("interrupted: what was found so far was kept, and the run is marked partial");
    }
    if let Some(error) = run.unkept {
        return Err(failure_of(error));
    }
    console.line(&one_line(&format!("written to {}", run.folder.display())));
    if let Some(kept) = kept {
        console.line(&one_line(&format!("work folders kept in {}", kept.display())));
    }
    evidence::pack(console, &run.folder, key.as_ref())?;
    Ok(match ExitCode::of(&run.findings) {
        // Something was selected; there was no time for it.
        ExitCode::NothingSelected => ExitCode::Inconclusive,
        code => code,
    })
}

/// Makes the folder in which work folders stay. The whole path is given, since adapters may stand elsewhere.
fn room_for_work(folder: &Path) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder).and_then(|()| folder.canonicalize()).map_err(|error| {
        let failure = Failure::usage(format!("the folder for work folders, {}: {error}", folder.display()));
        failure.hint("--keep-work names a folder that can be made and written to")
    })
}

/// Says what the raw capture lacks; the verdicts do not rest on it.
fn report_raw(console: &Console, raw: &RawCapture) {
    for gap in raw.gaps() {
        console.warning(&format!("the raw capture has gaps: {}", one_line(&gap)));
    }
}

/// A file of a vendor that is not taken.
pub(super) fn strict_failure(error: &StrictError) -> Failure {
    let failure = Failure::of(error);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The relay plans in a file.
pub(super) fn relay_plans(file: PathBuf) -> Result<(RelayPlans, PathBuf), Failure> {
    let octets = std::fs::read(&file)
        .map_err(|error| Failure::usage(format!("read the relay plan `{}`: {error}", file.display())))?;
    let plans = RelayPlans::parse(&octets).map_err(|error| {
        Failure::usage(format!("read the relay plan `{}`: {}", file.display(), Failure::of(&error).message))
    })?;
    Ok((plans, file))
}

pub(super) fn failure_of(error: CertifyError) -> Failure {
    let failure = Failure::of(&error);
    match error {
        CertifyError::Host { interface, advice, .. } => {
            failure.hint(format!("{advice}; `castproof doctor --interface {interface}` tells more"))
        }
        CertifyError::Descriptors { .. } => failure.hint("raise the limit with `ulimit -n`"),
        CertifyError::Unkept { .. } => failure.hint("make room there, or name another folder with --reports"),
        CertifyError::Reports { .. } => failure.hint("name a folder that can be written with --reports"),
        _ => failure,
    }
}
