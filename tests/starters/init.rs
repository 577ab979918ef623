//! `castproof init` itself: what it refuses, and what it leaves alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use castproof::certify::Profile;

use super::talk::{castproof, initialised};

/// Runs it, and gives exit code, output and complaints.
fn init(arguments: &[&str], dir: &Path) -> (Option<i32>, String, String) {
    let done = castproof().arg("init").args(arguments).arg("--dir").arg(dir).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn no_file_is_written_over_and_none_is_left_beside_one_that_was_there() {
    for there in ["profile.yaml", "expected_failures.yaml", "adapter.py", "protocol.py"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(there), "mine\n").unwrap();

        let (code, out, err) = init(&["--role", "device"], folder.path());

        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.contains(&format!("{there}` is there already")) && err.contains("nothing was written"), "{err}");
        assert_eq!(names(folder.path()), [there]);
        assert_eq!(fs::read_to_string(folder.path().join(there)).unwrap(), "mine\n");
    }
    // A link that leads nowhere is somebody's too.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("adapter.py")).unwrap();
    assert_eq!(init(&["--role", "device"], folder.path()).0, Some(2));
}

#[test]
fn a_wrong_name_is_answered_with_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("acme");
    for (arguments, words) in [
        (&["--role", "devise"][..], "a similar value exists: 'device'"),
        (&["--role", "provder"], "a similar value exists: 'provider'"),
        (&["--role", "device", "--language", "pythn"], "a similar value exists: 'python'"),
        (&["--role", "device", "--language", "cobol"], "[possible values: rust, python, c, shell]"),
        (&[], "--role <ROLE>"),
    ] {
        let (code, _, err) = init(arguments, &dir);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(err.contains(words), "{arguments:?}: {err}");
    }
    assert!(!dir.exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();

    let (code, _, err) = init(&["--role", "device"], &folder.path().join("file/acme"));

    assert_eq!(code, Some(2));
    assert!(err.contains("make the folder `") && err.contains("hint: "), "{err}");
}

#[test]
fn the_folder_may_have_any_name_and_gives_the_implementation_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new/it's a \"box\"");

    let (code, out, err) = init(&["--role", "provider", "--language", "sh"], &dir);

    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(Profile::read(&dir.join("profile.yaml")).unwrap().name, "it's a \"box\"");
    assert_eq!(names(&dir), ["adapter.sh", "expected_failures.yaml", "profile.yaml"]);
    let commands: Vec<&str> = out.lines().filter(|line| line.contains(" castproof ")).map(str::trim).collect();
    assert_eq!(commands.len(), 3, "{out}");
    for (command, word) in commands.iter().zip(["init --role provider", "probe --profile '", "certify --profile '"]) {
        assert!(command.contains(word), "{command}");
    }
}

#[test]
fn what_is_to_be_started_can_be_started() {
    for (language, programs) in [
        ("python", &["adapter.py"][..]),
        ("rust", &["run.sh"]),
        ("c", &["run.sh", "vendor.sh"]),
        ("shell", &["adapter.sh"]),
    ] {
        let folder = initialised("device", language);
        for name in names(folder.path()) {
            let mode = fs::metadata(folder.path().join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o100 != 0, programs.contains(&name.as_str()), "{language}: {name} has mode {mode:o}");
        }
    }
}
