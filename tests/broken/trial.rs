//! One run of the suite's scenarios against an implementation, and what it came to.

use std::path::Path;
use std::process::{Command, Stdio};

use castproof::certify::{self, Rules, Suite};
use castproof::findings::{RunFindings, ScenarioFindings, Verdict, read_result};
use castproof::subject::broken::Deviation;

/// How many scenarios of one trial run at the same time; several trials do.
const JOBS: &str = "8";

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn suite() -> Suite {
    let rules = Rules { matches: Some(&certify::match_step), standing: castproof::judge::standing::requirements() };
    Suite::load(&root().join("features"), &rules).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Runs the scenarios that stand for one of these requirements, or all, against the reference or a broken implementation.
///
/// Each trial is a process of its own, as a user would start it: cucumber exchanges the panic hook of its process.
pub(crate) fn run(requirements: &[&str], deviation: Option<&Deviation>) -> RunFindings {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_castproof"));
    command.args(["certify", "--jobs", JOBS, "--reports"]).arg(folder.path()).current_dir(root());
    for requirement in requirements {
        command.args(["--requirement", requirement]);
    }
    if let Some(deviation) = deviation {
        command.args(["--deviation", deviation.name]);
    }
    let left = command.stdin(Stdio::null()).output().unwrap();
    let run = std::fs::read_dir(folder.path()).unwrap().find_map(Result::ok);
    let run = run.unwrap_or_else(|| panic!("{command:?} left nothing:\n{}", String::from_utf8_lossy(&left.stderr)));
    read_result(&run.path().join("result.json")).unwrap()
}

/// What became of a broken implementation in one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The first check that failed.
    Caught(String),
    /// The scenario passed, or did not apply.
    Survived,
    /// Nothing could be concluded: this host, or a wait that ran out.
    Unclear(String),
}

impl Fate {
    pub(crate) fn of(found: &ScenarioFindings) -> Self {
        let failed = found.checks.iter().find(|check| check.verdict == Verdict::Fail);
        match (found.verdict, failed) {
            (Verdict::Fail, Some(check)) => Self::Caught(check.check.as_str().to_owned()),
            (Verdict::Pass | Verdict::NotApplicable, _) => Self::Survived,
            (verdict, _) => Self::Unclear(format!("{verdict}: {}", found.reason().unwrap_or_default())),
        }
    }
}
