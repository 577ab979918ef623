//! The implementation that a profile is about, started as the profile or the command line says.

use std::path::{Path, PathBuf};

use crate::certify::{Foreign, Launch, Profile, Sockets, StrictError, Wrong, interruption};
use crate::findings::ExitCode;
use crate::net::Clock;
use crate::spec::{Capabilities, Capability, Role};
use crate::subject::process::{Access, Adapter, AdapterPlan, StartError};

use super::Failure;
use super::certify::strict_failure;
use super::console::Console;
use super::door::Door;

/// A profile that was read, and how its adapter comes.
pub(super) struct Subject {
    pub(super) profile: Profile,
    path: PathBuf,
    /// How it is started; nothing where it connects.
    plan: Option<AdapterPlan>,
    door: Door,
    /// The command that stood on the command line.
    trailing: Vec<String>,
}

/// Reads a profile, where there is one, and finds what it names; nothing is started.
pub(super) fn subject(path: Option<&Path>, command: &[String], door: &Door) -> Result<Option<Subject>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let read = || -> Result<Subject, StrictError> {
        let profile = Profile::read(path)?;
        let launch = Launch::here(command).or_else(|| profile.launch.clone());
        let no_command = || StrictError::Wrong { path: path.to_owned(), line: None, wrong: Wrong::NoCommand };
        let plan = match door.is_wanted() {
            true => None,
            false => Some(plan(&launch.ok_or_else(no_command)?, path)?),
        };
        profile.check_interface(path)?;
        Ok(Subject { profile, path: path.to_owned(), plan, door: door.clone(), trailing: command.to_vec() })
    };
    read().map(Some).map_err(|error| strict_failure(&error))
}

/// The plan of a launch that stands in the profile at `path`, or on the command line.
pub(super) fn plan(launch: &Launch, path: &Path) -> Result<AdapterPlan, StrictError> {
    let program = launch.check(path)?;
    let folder = match launch.folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => launch.folder.clone(),
    };
    Ok(AdapterPlan { program, arguments: launch.arguments.clone(), folder })
}

fn names(capabilities: impl IntoIterator<Item = Capability>) -> String {
    capabilities.into_iter().map(Capability::name).collect::<Vec<_>>().join("`, `")
}

impl Subject {
    /// Starts the adapter and greets it, and holds what it says against the profile.
    pub(super) async fn start(&self, console: &Console, time_scale: f64) -> Result<Foreign, Failure> {
        let adapter = self.adapter(console, time_scale).await?;
        let foreign = Foreign::new(adapter, self.profile.capabilities.clone(), self.trailing.clone());
        if let Some(claim) = self.overclaim(foreign.adapter().capabilities()) {
            return Err(Failure::usage(claim).hint("declare it in the answer to `hello` too, or in neither"));
        }
        let untested = foreign.untested();
        if !untested.is_empty() {
            console.warning(&format!(
                "the adapter declares `{}`, and the profile does not: what needs it is not run",
                names(untested)
            ));
        }
        Ok(foreign)
    }

    /// What the profile declares and the adapter does not, in words.
    pub(super) fn overclaim(&self, declared: &Capabilities) -> Option<String> {
        let mut missing = self.profile.capabilities.difference(declared).copied().peekable();
        missing.peek()?;
        let path = self.path.display();
        Some(format!("{path}: the profile declares `{}`, and the adapter does not", names(missing)))
    }

    /// Starts the adapter, or waits for it, and greets it.
    pub(super) async fn adapter(&self, console: &Console, time_scale: f64) -> Result<Adapter, Failure> {
        let access = match (&self.plan, self.door.open(console).await?) {
            (_, Some(gate)) => Access::from(gate),
            (Some(plan), None) => Access::from(plan.clone()),
            (None, None) => return Err(Failure::usage("no adapter is named")),
        };
        let start = Adapter::start(access, self.profile.role, time_scale, Clock::start());
        unless_interrupted(start).await?.map_err(|error| self.failure(&error))
    }

    /// Whether the Devices under test are where this host's kernel tells nothing of their sockets: as the profile says, and
    /// otherwise by where the adapter connects from.
    pub(super) fn is_elsewhere(&self, adapter: &Adapter) -> bool {
        let is_elsewhere = match self.profile.sockets {
            Some(Sockets::Here) => false,
            Some(Sockets::Elsewhere) => true,
            None => adapter.is_elsewhere(),
        };
        // Beside a provider that is under test the Devices are our own.
        is_elsewhere && self.profile.role != Role::Provider
    }

    /// The arguments that choose it on the command line, those after `--` aside.
    pub(super) fn arguments(&self) -> Vec<String> {
        let profile = ["--profile".to_owned(), self.path.display().to_string()];
        profile.into_iter().chain(self.door.arguments()).collect()
    }

    fn failure(&self, error: &StartError) -> Failure {
        let failure = start_failure(error);
        Failure { message: format!("{}: {}", self.path.display(), failure.message), ..failure }
    }
}

/// Does this, unless somebody wants the command to end; what it has started then ends with it.
pub(super) async fn unless_interrupted<T>(what: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::select! {
        done = what => Ok(done),
        () = interruption() => Err(Failure { code: ExitCode::Inconclusive, ..Failure::usage("interrupted") }),
    }
}

/// An adapter that cannot be put under test.
pub(super) fn start_failure(error: &StartError) -> Failure {
    Failure::of(error).hint(error.hint())
}
