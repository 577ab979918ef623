//! What the runner's hooks share: raising a stage for each scenario, and turning what is left of it into findings.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use cucumber::event::ScenarioFinished;
use cucumber::gherkin::{Feature, Scenario};

use crate::capture::{Recording, Timeline, Transcript, TranscriptOptions};
use crate::findings::{Expectation, ExpectedFailure, Extent, Host, RunFacts, RunFindings, ScenarioFindings, Verdict};
use crate::net::Clock;
use crate::spec::Timestamp;
use crate::stage::{BrokenOff, Fixtures, Question, RawCapture, Remains, Stage, StageBrief};
use crate::steps::names::nodes;
use crate::subject::ADAPTER_FAULT;

use conclusion::conclude;

use super::environment::Environment;
use super::folder::Folder;
use super::repeat::{seed_of, shared_arguments};
use super::runner::{CertifyError, Options, Progress, Run};
use super::{Example, Foreign, Suite};

mod applicability;
mod conclusion;

/// Lines of traffic that a scenario which is not green brings along.
const TRAFFIC_LINES: usize = 12;
/// How often the result is written while scenarios run: all findings so far, flushed to the disk, which holds up everything
/// else. An interruption writes it at once; only a process that is killed loses as much, and its recordings are there.
const WRITE_INTERVAL: Duration = Duration::from_secs(3);

/// How many scenarios are tried once more; a host that keeps more of them from being judged does not do.
const MOST_AGAIN: usize = 32;

/// Characters of a day at the beginning of a time.
const DAY: usize = "2026-12-01".len();

/// Where an example stands: its feature file and line.
pub(super) type ExamplePlace = (PathBuf, usize);

/// A scenario that has begun and not ended.
struct InProgress {
    slug: String,
    since: Timestamp,
    broken_off: BrokenOff,
}

/// Everything that hooks share.
pub(super) struct Context {
    suite: Suite,
    briefs: StageBrief,
    facts: RunFacts,
    clock: Clock,
    started: Timestamp,
    running: RefCell<Vec<InProgress>>,
    done: RefCell<Vec<ScenarioFindings>>,
    /// Scenarios that could not be judged and are to be tried once more; `None` once nothing is.
    doubted: RefCell<Option<BTreeSet<ExamplePlace>>>,
    folder: Folder,
    environment: Environment,
    seed: u64,
    /// The arguments that every repetition of a scenario of this run needs.
    repeat_with: String,
    /// When the result was last written while scenarios ran.
    written: Cell<Option<Timestamp>>,
    /// Whether the run ended because of its adapter.
    is_given_up: Cell<bool>,
    expected: Vec<ExpectedFailure>,
    foreign: Option<Foreign>,
    raw: Option<RawCapture>,
    progress: Rc<Progress>,
}

impl Context {
    pub(super) fn new(options: Options) -> Result<Self, CertifyError> {
        let clock = Clock::start();
        let started = clock.now();
        let fixtures = Rc::new(Fixtures::load(&options.features.join(Suite::FIXTURES))?);
        let folder = Folder::create(&options.reports, started)?;
        folder.keep_suite(&options.features);
        if options.raw.is_some() {
            folder.make_room_for_raw()?;
        }
        let environment = Environment::of(&options);
        folder.keep_environment(&environment);
        if let Some(foreign) = &options.foreign {
            foreign.keep_transcript(&folder.transcript());
        }
        let repeat_with = shared_arguments(&options);
        let subject = format!("{}; {}", options.casting.device.name(), options.casting.provider.name());
        let facts = RunFacts {
            castproof: env!("CARGO_PKG_VERSION").to_owned(),
            seed: options.seed,
            started: started.to_string(),
            duration_ms: 0.0,
            host: Host {
                interface: options.lab.interface.to_string(),
                cores: std::thread::available_parallelism().map_or(1, usize::from),
                os: std::env::consts::OS.to_owned(),
            },
            subject,
            extent: Extent::Partial,
        };
        let briefs = StageBrief {
            slug: String::new(),
            seed: 0,
            lab: options.lab,
            clock,
            fixtures,
            casting: Rc::new(options.casting),
            nodes: Vec::new(),
            captures: options.captures,
            live: None,
            kept: options.kept,
            raw: None,
            relays: options.relays.map(|(plans, _)| Rc::new(plans)),
            feature: String::new(),
            requirements: Vec::new(),
            broken_off: BrokenOff::default(),
        };
        Ok(Self {
            suite: options.suite,
            briefs,
            facts,
            clock,
            started,
            running: RefCell::new(Vec::new()),
            done: RefCell::new(Vec::new()),
            doubted: RefCell::new(Some(BTreeSet::new())),
            folder,
            environment,
            seed: options.seed,
            repeat_with,
            written: Cell::new(None),
            is_given_up: Cell::new(false),
            expected: options.expected,
            foreign: options.foreign,
            raw: options.raw,
            progress: options.progress,
        })
    }

    fn example(&self, feature: &Feature, scenario: &Scenario) -> Option<&Example> {
        self.suite.find(feature.path.as_deref()?, scenario.position.line)
    }

    pub(super) fn begin(&self, feature: &Feature, scenario: &Scenario, stage: &mut Stage) {
        // Without an example the stage stays bare, and its first step says so.
        let Some(example) = self.example(feature, scenario) else { return };
        let broken_off = BrokenOff::default();
        stage.raise(StageBrief {
            slug: example.slug.clone(),
            // A clock of its own: that of the host may be set in a long run, and who runs in another process reads that one.
            clock: Clock::start(),
            seed: seed_of(self.seed, &example.slug),
            feature: example.feature.clone(),
            requirements: example.requirements.clone(),
            nodes: example.steps.iter().flat_map(|step| nodes(step)).collect(),
            broken_off: broken_off.clone(),
            live: Some(self.folder.recording(&example.slug)),
            raw: self.raw.clone().map(|capture| (capture, self.folder.raw_recording(&example.slug))),
            ..self.briefs.clone()
        });
        let in_progress = InProgress { slug: example.slug.clone(), since: self.clock.now(), broken_off };
        self.running.borrow_mut().push(in_progress);
        (self.progress)(example, None);
    }

    pub(super) async fn end(
        &self,
        feature: &Feature,
        scenario: &Scenario,
        finished: &ScenarioFinished,
        stage: Option<&mut Stage>,
    ) {
        let Some(example) = self.example(feature, scenario) else { return };
        let remains = match stage {
            Some(stage) => stage.finish().await,
            None => Remains::default(),
        };
        let holds = |verdict| matches!(verdict, Verdict::Pass | Verdict::NotApplicable);
        let failed_a_check = remains.checks.last().is_some_and(|check| !holds(check.verdict));
        let fault = fault_of(finished).filter(|_| !failed_a_check);
        self.found(example, fault, remains);
        self.keep();
    }

    fn found(&self, example: &Example, fault: Option<String>, remains: Remains) {
        let has_doubts = !remains.doubts.is_empty();
        let mut findings = self.findings(example, fault, remains);
        let is_doubted = has_doubts && findings.verdict == Verdict::Inconclusive;
        if is_doubted && let Some(doubted) = self.doubted.borrow_mut().as_mut().filter(|all| all.len() < MOST_AGAIN) {
            doubted.insert((example.file.clone(), example.line));
            findings.capture = self.folder.set_first_try_aside(&example.slug);
            self.done.borrow_mut().push(findings);
            return;
        }
        let mut done = self.done.borrow_mut();
        if let Some(first) = done.iter().position(|earlier| earlier.slug == findings.slug) {
            findings.first_try = done.swap_remove(first).shortcomings();
        }
        (self.progress)(example, Some(&findings));
        done.push(findings);
    }

    /// The scenarios that this host kept from being judged, to be tried once more; whatever is found from now on stands.
    pub(super) fn take_doubted(&self) -> BTreeSet<ExamplePlace> {
        self.doubted.take().unwrap_or_default()
    }

    /// Ends scenarios in progress, because the adapter is not started again: what they met of it is kept.
    pub(super) fn give_up(&self) {
        self.is_given_up.set(true);
    }

    /// Keeps what scenarios had seen when they were broken off.
    fn break_off(&self) {
        self.take_doubted();
        let handed_over = |scenario: &InProgress| Some((scenario.slug.clone(), scenario.broken_off.take()?));
        let broken_off: Vec<(String, Remains)> = self.running.borrow().iter().filter_map(handed_over).collect();
        for (slug, mut remains) in broken_off {
            if let Some(example) = self.suite.examples.iter().find(|example| example.slug == slug) {
                if !self.is_given_up.get() {
                    remains.doubts.push("the run was interrupted".to_owned());
                }
                let fault = self.is_given_up.get().then(|| self.words_of_giving_up());
                self.found(example, fault, remains);
            }
        }
        if !self.is_given_up.get() {
            return;
        }
        // Those that the adapter left while they were still being set up.
        let set_up: Vec<String> = self.running.borrow().iter().map(|scenario| scenario.slug.clone()).collect();
        for slug in set_up {
            if let Some(example) = self.suite.examples.iter().find(|example| example.slug == slug) {
                self.found(example, Some(self.words_of_giving_up()), Remains::default());
            }
        }
    }

    fn words_of_giving_up(&self) -> String {
        let how = self.foreign.as_ref().and_then(|foreign| foreign.adapter().ending()).unwrap_or_default();
        format!("{ADAPTER_FAULT}: it broke off for the last time while the scenario ran: {how}")
    }

    /// Writes what has been found so far, so that a crash later on leaves this much behind.
    pub(super) fn keep(&self) {
        let now = self.clock.now();
        if self.written.get().is_none_or(|last| now.since(last) >= WRITE_INTERVAL) {
            self.folder.keep_so_far(&self.run_findings(Extent::Partial));
            self.written.set(Some(now));
        }
    }

    fn findings(&self, example: &Example, fault: Option<String>, mut remains: Remains) -> ScenarioFindings {
        let recording = remains.recording.take();
        let (held, broken): (Vec<_>, Vec<_>) =
            std::mem::take(&mut remains.standing).into_iter().partition(|check| check.verdict == Verdict::Pass);
        remains.checks.extend(broken);
        let (verdict, mut faults) = conclude(example, &self.suite.register, fault, &mut remains);
        // What was concluded stands: the recording was judged, though it could not be kept. The run is partial by it.
        let capture = match recording.as_ref().map(|recording| self.folder.keep_recording(&example.slug, recording)) {
            Some(Ok(path)) => Some(path),
            Some(Err(reason)) => {
                faults.push(format!("the recording could not be kept: {reason}"));
                None
            }
            None => None,
        };
        for asked in remains.checks.iter().filter_map(|check| check.asked.as_ref()) {
            if let Ok((Question::Golden(question), _)) = Question::of(asked) {
                self.folder.keep_golden(&self.briefs.captures, &question.recording);
            }
        }
        let traffic = match (&recording, verdict) {
            (Some(recording), verdict) if verdict != Verdict::Pass => last_lines(recording),
            _ => Vec::new(),
        };
        ScenarioFindings {
            slug: example.slug.clone(),
            feature: example.feature.clone(),
            title: example.title.clone(),
            file: example.file.display().to_string(),
            line: example.line,
            requirements: example.requirements.clone(),
            flow: example.flow,
            role: example.role,
            verdict,
            checks: remains.checks,
            standing: held.into_iter().flat_map(|check| check.requirements).collect(),
            observations: remains.observations,
            seed: seed_of(self.seed, &example.slug),
            relays: remains.relays,
            odd_accounts: remains.odd_accounts,
            faults,
            first_try: Vec::new(),
            capture,
            traffic,
            duration_ms: self.duration_of(&example.slug).as_secs_f64() * 1e3,
            repeat: format!("castproof certify --scenario {}{}", example.slug, self.repeat_with),
        }
    }

    fn duration_of(&self, slug: &str) -> Duration {
        let mut running = self.running.borrow_mut();
        let position = running.iter().position(|scenario| scenario.slug == slug);
        position.map_or(Duration::ZERO, |index| self.clock.now().since(running.swap_remove(index).since))
    }

    fn run_findings(&self, extent: Extent) -> RunFindings {
        let mut facts = self.facts.clone();
        facts.extent = extent;
        facts.duration_ms = self.clock.now().since(self.started).as_secs_f64() * 1e3;
        let mut scenarios = self.done.borrow().clone();
        scenarios.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        let exists = |slug: &str| self.suite.examples.iter().any(|example| example.slug == slug);
        let today: String = self.started.to_string().chars().take(DAY).collect();
        let expectations = Expectation::judge_all(&self.expected, &scenarios, exists, &today);
        let adapter = self.foreign.as_ref().map(|foreign| foreign.findings(&self.suite.examples, &scenarios));
        RunFindings::new(facts, &self.suite.register, scenarios).with_expectations(expectations).with_adapter(adapter)
    }

    /// Ends a run of which `chosen` scenarios were to be run: writes down what was found, and what could not be.
    ///
    /// A run that cannot show its evidence is partial, however much of it took place.
    pub(super) fn conclude(&self, interrupted: bool, extent: Extent, chosen: usize) -> Run {
        if interrupted || self.is_given_up.get() {
            self.break_off();
        }
        let is_adapters = |found: &ScenarioFindings| found.verdict == Verdict::AdapterFault;
        // An adapter that broke its protocol may have kept from us what would have decided.
        let is_whole = self.folder.unkept().is_none()
            && !self.is_given_up.get()
            && !self.done.borrow().iter().any(is_adapters)
            && self.foreign.as_ref().is_none_or(|foreign| foreign.adapter().is_without_fault());
        let extent = if is_whole { extent } else { Extent::Partial };
        if let Some(gaps) = self.raw.as_ref().map(RawCapture::gaps).filter(|gaps| !gaps.is_empty()) {
            self.folder.keep_environment(&self.environment.clone().with_raw_gaps(gaps));
        }
        let mut findings = self.run_findings(extent);
        self.folder.keep(&findings);
        let unkept = self.folder.unkept();
        if unkept.is_some() && extent != Extent::Partial {
            findings = self.run_findings(Extent::Partial);
            self.folder.keep(&findings);
        }
        let not_run = chosen.saturating_sub(findings.scenarios.len());
        Run { findings, folder: self.folder.path().to_owned(), interrupted, not_run, unkept }
    }
}

/// Why a scenario ended early, unless a check says it.
fn fault_of(finished: &ScenarioFinished) -> Option<String> {
    match finished {
        ScenarioFinished::StepPassed => None,
        ScenarioFinished::StepSkipped => Some("a sentence was skipped: no step matches it".into()),
        ScenarioFinished::BeforeHookFailed(_) => Some("the stage could not be raised".into()),
        ScenarioFinished::StepFailed(_, _, error) => {
            let text = error.to_string();
            Some(text.strip_prefix("Step panicked. Captured output: ").unwrap_or(&text).to_owned())
        }
    }
}

fn last_lines(recording: &Recording) -> Vec<String> {
    let transcript = Transcript::of(&Timeline::of(recording), &TranscriptOptions::default()).to_string();
    let lines: Vec<&str> = transcript.lines().collect();
    // Its heading alone is no traffic.
    if lines.len() < 2 {
        return Vec::new();
    }
    lines[lines.len().saturating_sub(TRAFFIC_LINES)..].iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests;
