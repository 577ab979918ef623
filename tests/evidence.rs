//! The evidence of a run: it says what the run said, it can be packed, signed and verified, and it gives no secret away.

#[path = "evidence/bundle.rs"]
mod bundle;
#[path = "evidence/replay.rs"]
mod replay;
#[path = "evidence/runs.rs"]
mod runs;
#[path = "evidence/secrets.rs"]
mod secrets;

use std::fs;
use std::path::Path;

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}
