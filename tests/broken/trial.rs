//! One run of the suite's scenarios against an implementation, and what it came to.

use std::path::Path;
use std::process::{Command, Stdio};

use castproof::certify::{self, Rules, Suite};
use castproof::findings::{RunFindings, ScenarioFindings, Verdict, read_result};
use castproof::subject::broken::Deviation;

use super::plan::Choice;

/// How much of this host a trial may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// Several trials run at the same time.
    Others,
    /// It is the only one.
    Alone,
}

impl Company {
    /// How many scenarios of the trial run at the same time.
    fn jobs(self) -> &'static str {
        match self {
            Self::Others => "4",
            Self::Alone => "1",
        }
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn suite() -> Suite {
    let rules = Rules { matches: Some(&certify::match_step), standing: castproof::judge::standing::requirements() };
    Suite::load(&root().join("features"), &rules).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Runs scenarios against the reference or a broken implementation.
///
/// Each trial is a process of its own, as a user would start it: cucumber exchanges the panic hook of its process.
pub(crate) fn run(choice: &Choice, deviation: Option<&Deviation>, company: Company) -> RunFindings {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_castproof"));
    command.args(["certify", "--jobs", company.jobs(), "--reports"]).arg(folder.path()).current_dir(root());
    match choice {
        Choice::Everything => {}
        Choice::ByRequirement => {
            let requirements = deviation.map(|one| one.requirements).unwrap_or_default();
            command.args(requirements.iter().flat_map(|id| ["--requirement", id]));
        }
        Choice::Scenarios(slugs) => {
            command.args(slugs.iter().flat_map(|slug| ["--scenario", slug]));
        }
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
