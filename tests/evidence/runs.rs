//! The runs whose evidence the tests look at, each made once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use castproof::certify::{self, Rules, Selection, Suite};
use castproof::stage::Casting;
use castproof::subject::broken::{Deviation, deviation};
use castproof::subject::{ReferenceDevice, ReferenceProvider};

/// Broken implementations of either role, caught at checks of several kinds.
const BROKEN: [&str; 6] = [
    "device.ignores-signature",
    "device.joins-for-others",
    "device.hides-failure",
    "device.counts-from-first-packet",
    "provider.cares-for-everybody",
    "provider.sends-once",
];

fn run(name: &str, selection: Selection, casting: Casting) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let reports = Path::new(env!("CARGO_TARGET_TMPDIR")).join("evidence").join(name);
    // What an earlier test left there.
    let _ = fs::remove_dir_all(&reports);
    let rules = Rules { matches: Some(&certify::match_step), standing: castproof::judge::standing::requirements() };
    let suite = Suite::load(&root.join("features"), &rules).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = runtime.block_on(certify::run(certify::Options {
        selection,
        jobs: 8,
        casting,
        ..certify::Options::usual(suite, root, reports)
    }));
    run.unwrap().folder
}

fn run_broken(deviation: &Deviation) -> PathBuf {
    let requirement = deviation.requirements.iter().map(|id| (*id).to_owned()).collect();
    let casting = Casting {
        device: deviation.device().unwrap_or_else(|| Box::new(ReferenceDevice::conformant())),
        provider: deviation.provider().unwrap_or_else(|| Box::new(ReferenceProvider::conformant())),
    };
    run(deviation.name, Selection { requirement, ..Selection::default() }, casting)
}

pub(crate) struct Runs {
    pub(crate) reference: PathBuf,
    pub(crate) broken: Vec<(&'static Deviation, PathBuf)>,
}

/// The runs that all tests look at, one after the other: cucumber exchanges the process's panic hook while it runs.
pub(crate) static RUNS: LazyLock<Runs> = LazyLock::new(|| {
    let broken = BROKEN.map(|name| deviation(name).unwrap_or_else(|| panic!("no deviation is called `{name}`")));
    Runs {
        reference: run("reference", Selection::default(), Casting::references()),
        broken: broken.into_iter().map(|deviation| (deviation, run_broken(deviation))).collect(),
    }
});
