//! The house rules that a compiler does not hold: ranks, file sizes, and who may print or sleep.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A module's rank; it may use only lower ranks, and itself.
const RANKS: [(&str, u8); 16] = [
    ("spec", 0),
    ("wire", 1),
    ("net", 1),
    ("delivery", 2),
    ("provider", 3),
    ("device", 3),
    ("findings", 3),
    ("capture", 3),
    ("judge", 4),
    ("evidence", 4),
    ("adapter", 4),
    ("subject", 5),
    ("stage", 6),
    ("steps", 7),
    ("certify", 8),
    ("cli", 9),
];

/// Lines that a file may have, its tests aside, before the missing noun must be found.
const LONGEST: usize = 400;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The crate's modules that a line names.
fn named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let after = code.split("crate::").skip(1);
    after.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn modules_use_only_lower_ranks() {
    let ranks: BTreeMap<&str, u8> = RANKS.into();
    let mut faults = Vec::new();

    for path in sources(&root()) {
        let module = module_of(&path);
        let Some(rank) = ranks.get(module.as_str()) else { continue };
        for line in fs::read_to_string(&path).unwrap().lines() {
            for other in named(line).iter().filter(|other| **other != module) {
                if ranks.get(other.as_str()).is_some_and(|other| other >= rank) {
                    faults.push(format!("{}: {}", path.display(), line.trim()));
                }
            }
        }
    }

    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_module_has_a_rank() {
    let ranks: BTreeMap<&str, u8> = RANKS.into();

    for path in sources(&root()) {
        let module = module_of(&path);
        let is_known = ranks.contains_key(module.as_str()) || ["lib", "main"].contains(&module.as_str());
        assert!(is_known, "{} has no rank", path.display());
    }
}

#[test]
fn device_and_provider_meet_on_the_wire_only_and_findings_know_no_cucumber() {
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        match module_of(&path).as_str() {
            "device" => assert!(!text.contains("crate::provider"), "{}", path.display()),
            "provider" => assert!(!text.contains("crate::device"), "{}", path.display()),
            "findings" => assert!(!text.contains("cucumber::"), "{}", path.display()),
            "steps" => {
                let foreign =
                    text.lines().flat_map(named).find(|module| !["stage", "spec", "steps"].contains(&module.as_str()));
                assert_eq!(foreign, None, "{}", path.display());
            }
            _ => {}
        }
    }
}

#[test]
fn no_source_file_is_longer_than_one_noun() {
    let long: Vec<String> = sources(&root())
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (text.split("#[cfg(test)]").next().unwrap_or_default().lines().count(), path)
        })
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("{}: {lines} lines", path.display()))
        .collect();

    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn main_is_a_door_and_no_room() {
    let main = fs::read_to_string(root().join("main.rs")).unwrap();

    assert!(main.lines().count() < 20);
}
