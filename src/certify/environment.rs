//! Where and how a run took place, as its evidence tells it.

use std::fs;

use serde::Serialize;

use super::Options;
use super::repeat::shared_arguments;
use crate::wire::announcement::PROFILE_VERSION;

/// Settings of the kernel that scenarios depend on.
const KERNEL_SETTINGS: [&str; 4] =
    ["kernel/osrelease", "net/core/rmem_default", "net/core/rmem_max", "net/ipv4/igmp_max_memberships"];

/// The environment of a run. It names neither host nor user: they change no verdict, and evidence is handed on.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Environment {
    castproof: &'static str,
    profile: u64,
    os: &'static str,
    architecture: &'static str,
    cores: usize,
    /// Settings of the kernel by their names below `/proc/sys`; those that can be read.
    kernel: Vec<(&'static str, String)>,
    interface: String,
    jobs: usize,
    device: String,
    provider: String,
    /// What all scenarios of the run shared on the command line.
    arguments: String,
    /// What is missing in the raw recordings; absent where there are none, or nothing is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    raw_gaps: Vec<String>,
}

impl Environment {
    pub(super) fn of(options: &Options) -> Self {
        let setting = |name: &&'static str| {
            let value = fs::read_to_string(format!("/proc/sys/{name}")).ok()?;
            Some((*name, value.trim().to_owned()))
        };
        Self {
            castproof: env!("CARGO_PKG_VERSION"),
            profile: PROFILE_VERSION,
            os: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: KERNEL_SETTINGS.iter().filter_map(setting).collect(),
            interface: options.lab.interface.to_string(),
            jobs: options.jobs,
            device: options.casting.device.name(),
            provider: options.casting.provider.name(),
            arguments: shared_arguments(options).trim().to_owned(),
            raw_gaps: Vec::new(),
        }
    }

    /// The same with what the raw recordings lack, which is known when the run is over.
    pub(super) fn with_raw_gaps(self, raw_gaps: Vec<String>) -> Self {
        Self { raw_gaps, ..self }
    }
}
