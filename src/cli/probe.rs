//! `castproof probe`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;
use tokio::task::LocalSet;

use crate::certify::Launch;
use crate::findings::{ExitCode, ProbeFindings, ProbeOutcome};
use crate::net::Clock;
use crate::spec::{Role, one_line};
use crate::stage;
use crate::subject::process::{Adapter, StartError};

use super::bench::Bench;
use super::certify::strict_failure;
use super::console::Console;
use super::door::Door;
use super::{Failure, foreign};

/// The layout of the JSON.
const LAYOUT: u32 = 1;

#[derive(Args)]
pub(super) struct Options {
    /// The profile of the implementation. Without one, COMMAND is asked whether it is a Device, and then whether it is a
    /// Service Provider.
    #[arg(long, value_name = "FILE", required_unless_present = "command")]
    profile: Option<PathBuf>,

    #[command(flatten)]
    door: Door,

    #[command(flatten)]
    bench: Bench,

    /// How the outcome is told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// The adapter and its arguments, in the place of those of the profile.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document.
    Json,
}

/// The outcome for programs.
#[derive(Serialize)]
struct Told<'a> {
    schema: u32,
    implementation: &'a str,
    version: &'a str,
    role: Role,
    protocol: u32,
    capabilities: Vec<&'a str>,
    probes: &'a [ProbeFindings],
    warnings: Vec<String>,
}

pub(super) fn probe(console: &Console, options: &Options) -> Result<ExitCode, Failure> {
    let subject = foreign::subject(options.profile.as_deref(), &options.command, &options.door)?;
    let mut lab = options.bench.lab(subject.as_ref())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
    let found: Result<(Adapter, Vec<ProbeFindings>), Failure> = runtime.block_on(async {
        let adapter = match &subject {
            Some(subject) => {
                let adapter = subject.adapter(console, lab.time_scale).await?;
                if let Some(claim) = subject.overclaim(adapter.capabilities()) {
                    console.warning(&format!("{claim}: `certify` does not begin"));
                }
                adapter
            }
            None => foreign::unless_interrupted(nameless(&options.command, lab.time_scale)).await??,
        };
        lab.is_elsewhere = subject.as_ref().is_some_and(|subject| subject.is_elsewhere(&adapter));
        let probes = async {
            let probes = LocalSet::new().run_until(stage::probe(&adapter, &lab)).await;
            adapter.finish().await;
            probes.map_err(|error| Failure::of(&error))
        };
        let probes = foreign::unless_interrupted(probes).await??;
        Ok((adapter, probes))
    });
    let (adapter, probes) = found?;
    match options.format {
        Format::Text => text(console, &adapter, &probes),
        Format::Json => {
            let greeting = adapter.greeting();
            let told = Told {
                schema: LAYOUT,
                implementation: &greeting.implementation.name,
                version: &greeting.implementation.version,
                role: greeting.role,
                protocol: greeting.protocol,
                capabilities: greeting.capabilities.iter().map(|one| one.name()).collect(),
                probes: &probes,
                warnings: adapter.warnings(),
            };
            console.line(&serde_json::to_string_pretty(&told).map_err(|error| Failure::of(&error))?);
        }
    }
    Ok(if probes.iter().any(ProbeFindings::is_miss) {
        ExitCode::NotConformant
    } else if adapter.crashes() > 0 || probes.iter().any(|probe| probe.outcome != ProbeOutcome::Held) {
        ExitCode::Inconclusive
    } else {
        ExitCode::Conformant
    })
}

/// Starts an adapter of which no profile says the role.
async fn nameless(command: &[String], time_scale: f64) -> Result<Adapter, Failure> {
    let launch = Launch::here(command).ok_or_else(|| Failure::usage("no command"))?;
    let plan = foreign::plan(&launch, Path::new("the command line")).map_err(|error| strict_failure(&error))?;
    let start = |role| Adapter::start(plan.clone(), role, time_scale, Clock::start());
    let adapter = match start(Role::Device).await {
        Err(StartError::NotItsRole { .. }) => start(Role::Provider).await,
        other => other,
    };
    adapter.map_err(|error| foreign::start_failure(&error))
}

fn text(console: &Console, adapter: &Adapter, probes: &[ProbeFindings]) {
    let greeting = adapter.greeting();
    let role = match adapter.role() {
        Role::Provider => "Service Provider",
        Role::Device | Role::System => "Device",
    };
    console.line(&format!("{}, a {role}, protocol {}", adapter.name(), greeting.protocol));
    let names: Vec<&str> = greeting.capabilities.iter().map(|one| one.name()).collect();
    let declared = if names.is_empty() { "nothing beyond what it must".to_owned() } else { names.join(", ") };
    console.line(&format!("  declares {declared}; {} instances at once\n", greeting.max_instances));
    for probe in probes {
        console.print(&probe.words());
    }
    for warning in adapter.warnings() {
        console.line(&format!("  warning: {}", one_line(&warning)));
    }
    let missed = probes.iter().filter(|probe| probe.is_miss()).count();
    let unclear = probes.iter().filter(|probe| probe.outcome == ProbeOutcome::Unclear).count();
    let held = probes.len() - missed - unclear;
    let word = match (missed, unclear) {
        (0, 0) => "HONEST",
        (0, _) => "UNCLEAR",
        _ => "ADAPTER CONTRADICTED",
    };
    console
        .line(&format!("\n{} probes · {held} held · {missed} contradicted · {unclear} unclear · {word}", probes.len()));
}
