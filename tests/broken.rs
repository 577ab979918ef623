//! A scenario counts when a deliberately broken implementation fails it, at the check that was meant to catch it.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use castproof::certify::{self, Rules, Selection, Suite};
use castproof::findings::{RunFindings, Verdict};
use castproof::stage::Casting;
use castproof::subject::broken::{Deviation, deviations};
use castproof::subject::{ReferenceDevice, ReferenceProvider};

fn run(deviation: &Deviation) -> RunFindings {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = Rules { matches: Some(&certify::match_step), standing: castproof::judge::standing::requirements() };
    let suite = Suite::load(&root.join("features"), &rules).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = runtime.block_on(certify::run(certify::Options {
        suite,
        features: root.join("features"),
        captures: root.join("captures"),
        reports: Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken"),
        selection: Selection {
            requirement: deviation.requirements.iter().map(|id| (*id).to_owned()).collect(),
            ..Selection::default()
        },
        seed: 7319,
        jobs: 8,
        interface: [127, 0, 0, 1].into(),
        casting: Casting {
            device: deviation.device().unwrap_or_else(|| Box::new(ReferenceDevice::conformant())),
            provider: deviation.provider().unwrap_or_else(|| Box::new(ReferenceProvider::conformant())),
        },
        renew_golden: false,
        progress: Rc::new(|_, _| {}),
    }));
    run.unwrap().findings
}

/// Why a deviation was not convicted as it was meant to be; `None` when it was.
fn escape(deviation: &Deviation) -> Option<String> {
    let findings = run(deviation);
    let failed: Vec<_> = findings
        .scenarios
        .iter()
        .filter_map(|scenario| Some((scenario, scenario.checks.iter().find(|check| check.verdict == Verdict::Fail)?)))
        .collect();
    if failed.iter().any(|(_, check)| check.check.as_str() == deviation.caught_by) {
        return None;
    }
    let caught = failed.iter().map(|(scenario, check)| format!("{} at {}", scenario.slug, check.check));
    let caught: Vec<String> = caught.collect();
    Some(format!(
        "{}: {} scenarios, not caught at {}; {}",
        deviation.name,
        findings.scenarios.len(),
        deviation.caught_by,
        caught.join(", ")
    ))
}

// One test for all: cucumber exchanges the process's panic hook while it runs, so two runs must not overlap.
#[test]
fn every_deviation_is_caught_at_the_check_that_was_meant_to() {
    let escapes: Vec<String> = deviations().filter_map(escape).collect();

    assert!(escapes.is_empty(), "not caught where they were meant to be:\n{}", escapes.join("\n"));
}

#[test]
fn deviations_have_names_of_their_own() {
    let names: BTreeSet<&str> = deviations().map(|deviation| deviation.name).collect();

    assert_eq!(names.len(), deviations().count());
}
