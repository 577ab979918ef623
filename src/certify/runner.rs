//! The runner: the chosen examples by cucumber on real sockets, each judged, recorded and written down.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use cucumber::event::{Cucumber as CucumberEvent, Event};
use cucumber::gherkin::{Feature, Scenario};
use cucumber::{World, cli, parser, writer};
use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;

use crate::findings::{ExpectedFailure, Extent, ProbeFindings, RunFindings, ScenarioFindings};
use crate::stage::{Casting, FixtureError, Lab, ProbeError, RawCapture, RelayPlans, Stage, probe};

use super::context::{Context, ExamplePlace};
use super::{Example, Foreign, Selection, Suite, affordable_jobs, preflight};

/// How many scenarios run at the same time when nobody says otherwise.
pub const USUAL_JOBS: u16 = 28;

/// The seed of a run that names none. Fixed, so that two runs on two machines draw alike.
pub const USUAL_SEED: u64 = 7319;

/// Told of each scenario that begins (without findings) and ends (with them).
pub type Progress = dyn Fn(&Example, Option<&ScenarioFindings>);

/// What to run, and how.
pub struct Options {
    /// The suite.
    pub suite: Suite,
    /// The folder that it came from, for its fixtures.
    pub features: PathBuf,
    /// Where golden recordings lie.
    pub captures: PathBuf,
    /// Where run folders are made.
    pub reports: PathBuf,
    /// Which examples.
    pub selection: Selection,
    /// The seed of every random choice.
    pub seed: u64,
    /// How many scenarios run at the same time, where [`affordable_jobs`] allows it.
    pub jobs: usize,
    /// Where scenarios are played.
    pub lab: Lab,
    /// Who plays.
    pub casting: Casting,
    /// The vendor's implementation among them, if there is one.
    pub foreign: Option<Foreign>,
    /// Plans of the relays in the place of the scenario's own, and the file that they come from.
    pub relays: Option<(RelayPlans, PathBuf)>,
    /// The folder in which the scenarios' work folders stay, by its whole path; none where they go.
    pub kept: Option<PathBuf>,
    /// What takes the kernel's frames, where they are wanted.
    pub raw: Option<RawCapture>,
    /// What is known to fail.
    pub expected: Vec<ExpectedFailure>,
    /// Who is told.
    pub progress: Rc<Progress>,
}

impl Options {
    /// The usual run: the whole of a suite with the reference in both roles on this host. Fixtures and golden recordings are
    /// those of the project at `root`; nobody is told of progress.
    pub fn usual(suite: Suite, root: &Path, reports: PathBuf) -> Self {
        Self {
            suite,
            features: root.join("features"),
            captures: root.join("captures"),
            reports,
            selection: Selection::default(),
            seed: USUAL_SEED,
            jobs: USUAL_JOBS.into(),
            lab: Lab::on(Ipv4Addr::LOCALHOST.into()),
            casting: Casting::references(),
            foreign: None,
            relays: None,
            kept: None,
            raw: None,
            expected: Vec::new(),
            progress: Rc::new(|_, _| ()),
        }
    }
}

/// A run that took place.
pub struct Run {
    /// What was found.
    pub findings: RunFindings,
    /// Where it was written down.
    pub folder: PathBuf,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// How many of the chosen scenarios it says nothing of, because there was no time for them.
    pub not_run: usize,
    /// [`CertifyError::Unkept`] when not everything could be written down; the findings are partial then.
    pub unkept: Option<CertifyError>,
}

/// Why a run could not take place, or could not be written down wholly.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    /// No example was chosen.
    #[error("no scenario was selected")]
    NothingSelected,
    /// The fixtures cannot be used.
    #[error("load the fixtures")]
    Fixtures(#[from] FixtureError),
    /// The host cannot do what every scenario needs.
    #[error("no scenario can run on `{interface}`: {observed}")]
    Host {
        /// The interface.
        interface: IpAddr,
        /// What was observed.
        observed: String,
        /// What to do about it.
        advice: String,
    },
    /// This process may not open enough files for a single scenario.
    #[error("a scenario may need {needed} open files, and this process may open {limit}")]
    Descriptors {
        /// How many it may open.
        limit: u64,
        /// How many a scenario may need.
        needed: u64,
    },
    /// The host cannot do what a probe of an adapter needs.
    #[error("probe the adapter")]
    Probe(#[from] ProbeError),
    /// The reports folder cannot be written.
    #[error("write to the reports folder `{path}`")]
    Reports {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The run took place, and part of its evidence could not be written down.
    #[error("{what} could not be written to `{path}`: {reason}")]
    Unkept {
        /// The folder of the run.
        path: PathBuf,
        /// Recordings by their number, findings by their file.
        what: String,
        /// Why the first of them could not.
        reason: String,
    },
}

/// Runs the chosen examples.
///
/// Ctrl-C, a request to end, and a terminal that is closed end the run early: what was found is kept and marked partial,
/// and every socket is given back.
///
/// # Errors
/// [`CertifyError`]; a scenario that goes wrong is no error but a finding.
pub async fn run(options: Options) -> Result<Run, CertifyError> {
    let selected = options.selection.select(&options.suite.examples);
    if selected.is_empty() {
        return Err(CertifyError::NothingSelected);
    }
    let (total, is_selection) = (selected.len(), selected.len() < options.suite.examples.len());
    let selected: Vec<Example> = selected.into_iter().cloned().collect();
    let foreign = options.foreign.clone();
    let jobs = affordable_jobs(options.jobs)?;
    preflight::check(&options.lab).await?;
    let mut interruption = std::pin::pin!(interruption());
    let (suite, lab) = (options.suite.clone(), options.lab.clone());
    let context = Rc::new(Context::new(options)?);
    if let Some(foreign) = &foreign {
        let is_honest = tokio::select! {
            is_honest = is_honest(foreign, &lab, &context) => is_honest?,
            () = &mut interruption => return Ok(context.conclude(true, Extent::Partial, total)),
        };
        if !is_honest {
            foreign.adapter().finish().await;
            return Ok(context.conclude(false, Extent::Partial, total));
        }
    }
    // What does not apply to these subjects is found without running it.
    let (lacking, chosen): (Vec<&Example>, Vec<&Example>) =
        selected.iter().partition(|example| context.is_beyond(example));
    for example in lacking {
        context.does_not_apply(example);
    }
    let chosen: BTreeSet<ExamplePlace> =
        chosen.into_iter().map(|example| (example.file.clone(), example.line)).collect();

    let all = async {
        play(&context, features_with(&suite, &chosen), jobs).await;
        // What this host kept from being judged, for instance because it was busy, is tried once more, one by one.
        play(&context, features_with(&suite, &context.take_doubted()), 1).await;
    };
    let interrupted = LocalSet::new()
        .run_until(async {
            tokio::select! {
                () = all => false,
                () = &mut interruption => true,
                () = given_up(foreign.as_ref()) => {
                    context.give_up();
                    false
                }
            }
        })
        .await;
    if let Some(foreign) = foreign.filter(|_| !interrupted) {
        foreign.adapter().finish().await;
    }
    // With nothing between sender and Device a part of the suite cannot be played.
    let extent = match (interrupted, is_selection || lab.is_direct) {
        (true, _) => Extent::Partial,
        (false, true) => Extent::Selection,
        (false, false) => Extent::Whole,
    };
    Ok(context.conclude(interrupted, extent, total))
}

/// Plays all scenarios of these features, `jobs` of them at a time.
async fn play(context: &Rc<Context>, features: Vec<Feature>, jobs: usize) {
    if features.is_empty() {
        return;
    }
    let cucumber = Stage::cucumber::<PathBuf>()
        .with_parser::<Preparsed, Vec<Feature>>(Preparsed)
        .max_concurrent_scenarios(jobs)
        .before({
            let context = context.clone();
            move |feature, _, scenario, stage| {
                let context = context.clone();
                async move { context.begin(feature, scenario, stage) }.boxed_local()
            }
        })
        .after({
            let context = context.clone();
            move |feature, _, scenario, finished, stage| {
                let context = context.clone();
                async move { context.end(feature, scenario, finished, stage).await }.boxed_local()
            }
        })
        .with_writer(Silent)
        .with_cli(cli::Opts::<_, _, _, cli::Empty>::default());
    cucumber.run(features).await;
}

/// Whether an adapter is what it says; what it says is worth nothing otherwise, and nothing is run.
async fn is_honest(foreign: &Foreign, lab: &Lab, context: &Context) -> Result<bool, CertifyError> {
    let probes = LocalSet::new().run_until(probe(foreign.adapter(), lab)).await?;
    // Without an instance, or without an adapter, there is nothing to run.
    let is_usable = probes.iter().all(|probe| probe.probe != "open") && foreign.adapter().crashes() == 0;
    let is_honest = is_usable && !probes.iter().any(ProbeFindings::is_miss);
    foreign.probed(probes);
    context.keep();
    Ok(is_honest)
}

/// Completes when an adapter broke off so often that it is not started again.
async fn given_up(foreign: Option<&Foreign>) {
    match foreign {
        Some(foreign) => foreign.adapter().out().await,
        None => std::future::pending().await,
    }
}

/// Watches, from the call on, for Ctrl-C, for the request to end and for the end of the terminal; completes with the
/// first of them.
pub fn interruption() -> impl Future<Output = ()> {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    // Under `nohup` the run is to outlive its terminal, and a handler would undo that.
    let hangup = match is_hangup_ignored() {
        true => Err(std::io::ErrorKind::Unsupported.into()),
        false => signal(SignalKind::hangup()),
    };
    async move {
        tokio::select! {
            () = came(interrupt) => {}
            () = came(terminate) => {}
            () = came(hangup) => {}
        }
    }
}

/// Whether this process was started with SIGHUP ignored; false where the system does not tell.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A set of bits, the lowest one for signal 1, which is SIGHUP.
    ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).is_some_and(|bits| bits & 1 != 0)
}

/// Completes when a signal comes; never when it is not watched for.
async fn came(signal: std::io::Result<Signal>) {
    match signal {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

/// The features with only the chosen scenarios in them.
fn features_with(suite: &Suite, chosen: &BTreeSet<ExamplePlace>) -> Vec<Feature> {
    let is_chosen = |feature: &Feature, scenario: &Scenario| {
        let path = feature.path.as_deref().unwrap_or(Path::new(""));
        let example = suite.find(path, scenario.position.line);
        example.is_some_and(|example| chosen.contains(&(example.file.clone(), example.line)))
    };
    let mut features = suite.features.clone();
    for feature in &mut features {
        let whole = feature.clone();
        feature.scenarios.retain(|scenario| is_chosen(&whole, scenario));
        for rule in &mut feature.rules {
            rule.scenarios.retain(|scenario| is_chosen(&whole, scenario));
        }
        feature.rules.retain(|rule| !rule.scenarios.is_empty());
    }
    features.retain(|feature| !feature.scenarios.is_empty() || !feature.rules.is_empty());
    features
}

/// Hands cucumber the features that were read and linted already.
struct Preparsed;

impl parser::Parser<Vec<Feature>> for Preparsed {
    type Cli = cli::Empty;
    type Output = futures::stream::Iter<std::vec::IntoIter<parser::Result<Feature>>>;

    fn parse(self, features: Vec<Feature>, _: cli::Empty) -> Self::Output {
        futures::stream::iter(features.into_iter().map(Ok).collect::<Vec<_>>())
    }
}

/// Findings are made in the hooks; cucumber's own report is not wanted.
struct Silent;

impl cucumber::Writer<Stage> for Silent {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, _: parser::Result<Event<CucumberEvent<Stage>>>, _: &cli::Empty) {}
}

impl writer::Normalized for Silent {}
