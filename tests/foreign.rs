//! Adapters as vendors write them, the good and the broken: each ends in the verdict and the words meant for it, in time.
//!
//! The broken ones are small programs in `tests/adapters/`; what each does wrong stands at its head.

#[path = "foreign/broken.rs"]
mod broken;
#[path = "foreign/complaints.rs"]
mod complaints;
#[path = "foreign/connections.rs"]
mod connections;
#[path = "foreign/memory.rs"]
mod memory;
#[path = "cli/place.rs"]
#[expect(dead_code, reason = "shared with the tests of the command line, which use more of it")]
mod place;
#[path = "foreign/profiles.rs"]
mod profiles;
#[path = "foreign/scenarios.rs"]
mod scenarios;
#[path = "foreign/words.rs"]
mod words;

use std::path::PathBuf;

use place::{Left, Place, finish, root};

/// Everything that the reference Device declares.
const ALL: &str = "[software-components, component-operations, firmware-in-two-steps, firmware-inside-a-command, \
                   settings-restore, status-log, user-approval, parity-reed-solomon, parity-raptorq]";

/// The adapter of this name in `tests/adapters/`.
fn adapter(name: &str) -> String {
    let path: PathBuf = root().join("tests/adapters").join(format!("{name}.sh"));
    path.display().to_string()
}

/// Runs the command with what adapters need that stand before the reference.
fn run(place: &Place, arguments: &[&str]) -> Left {
    let mut command = place.command(arguments);
    command.env("CASTPROOF", env!("CARGO_BIN_EXE_castproof"));
    let left = finish(command.spawn().unwrap(), place::DEADLINE);
    assert!(!left.err.contains("panicked at"), "{arguments:?} panicked:\n{}", left.err);
    left
}

/// Writes the profile of a Device with these capabilities.
fn profile(place: &Place, capabilities: &str) -> String {
    profile_with(place, capabilities, "")
}

/// Writes such a profile with further lines.
fn profile_with(place: &Place, capabilities: &str, lines: &str) -> String {
    let text = format!("role: device\nname: Somebody's Device\ncapabilities: {capabilities}\n{lines}");
    std::fs::write(place.path("profile.yaml"), text).unwrap();
    "profile.yaml".to_owned()
}
