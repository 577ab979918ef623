//! What castproof says of a starter as it is: nothing is behind it, and it is no liar.

use std::path::Path;

use castproof::findings::{RequirementState, read_result};

use super::talk::{castproof, initialised, is_missing};

/// A scenario that each role can be asked.
const SCENARIOS: [(&str, &str); 2] = [
    ("device", "normal-flow--a-device-installs-an-update-that-is-meant-for-it"),
    ("provider", "broadcast--the-service-provider-sends-every-part-of-a-firmware-update"),
];

/// Runs a command that takes a profile; gives exit code and output.
fn run(command: &str, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut castproof = castproof();
    castproof.current_dir(env!("CARGO_MANIFEST_DIR")).arg(command).arg("--profile").arg(folder.join("profile.yaml"));
    let done = castproof.args(arguments).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (done.status.code(), text(done.stdout) + &text(done.stderr))
}

fn holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

#[test]
fn a_starter_is_honest_and_nothing_is_conformant_by_it() {
    for (language, tool) in [("python", "python3"), ("rust", "rustc"), ("c", "cc"), ("shell", "awk")] {
        if is_missing(tool, language) {
            continue;
        }
        for (role, scenario) in SCENARIOS {
            let folder = initialised(role, language);
            let reports = folder.path().join("reports");
            let why = match language {
                "shell" => "this starter has nothing but hello and bye",
                _ => "behind this starter yet",
            };

            // A Device that can be opened can be closed, and nothing shows what it left.
            let unclear = if role == "device" && language != "shell" { "2 unclear" } else { "1 unclear" };
            let (code, probed) = run("probe", folder.path(), &[]);
            holds(&probed, &[why, "0 contradicted", unclear, "UNCLEAR", "protocol 1"]);
            assert_eq!(code, Some(101), "{probed}");

            let arguments = ["--scenario", scenario, "--reports", reports.to_str().unwrap()];
            let (code, certified) = run("certify", folder.path(), &arguments);
            // Where not even an instance can be opened, nothing is run.
            let word = if language == "shell" { "PARTIAL" } else { "INCONCLUSIVE" };
            holds(&certified, &[why, word, "1 of "]);
            assert_eq!(code, Some(101), "{certified}");
            let runs = std::fs::read_dir(&reports).unwrap().next().unwrap().unwrap().path();
            let findings = read_result(&runs.join("result.json")).unwrap();
            let conformant =
                findings.requirements.iter().filter(|one| matches!(one.state, RequirementState::Conformant));
            assert_eq!(conformant.count(), 0, "{certified}");
        }
    }
}
