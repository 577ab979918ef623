use std::path::Path;

use super::*;
use crate::findings::chain;

fn read(text: &str) -> Result<Profile, (String, Option<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.yaml");
    std::fs::write(&path, text).unwrap();
    Profile::read(&path).map_err(|error| {
        let words = chain(&error).replace(&format!("{}/", folder.path().display()), "");
        (words, error.hint())
    })
}

const LEAST: &str = "role: device\nname: Acme M2\n";

#[test]
fn the_least_profile_takes_loopback_and_claims_nothing_more_than_it_must() {
    let profile = read(LEAST).unwrap();

    assert_eq!((profile.role, profile.name.as_str(), profile.time_scale), (Role::Device, "Acme M2", 1.0));
    assert_eq!(profile.interface, IpAddr::from([127, 0, 0, 1]));
    assert!(profile.capabilities.is_empty() && profile.launch.is_none() && profile.expected_failures.is_none());
}

#[test]
fn a_profile_may_say_where_the_sockets_are() {
    let sockets = |line: &str| read(&format!("{LEAST}{line}")).unwrap().sockets;

    assert_eq!(sockets(""), None);
    assert_eq!(sockets("sockets: here\n"), Some(Sockets::Here));
    assert_eq!(sockets("sockets: elsewhere\n"), Some(Sockets::Elsewhere));
}

#[test]
fn paths_are_those_of_the_folder_of_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.yaml");
    std::fs::write(&path, format!("{LEAST}command: [./a, -v]\nexpected-failures: expected_failures.yaml\n")).unwrap();

    let profile = Profile::read(&path).unwrap();

    let launch = profile.launch.unwrap();
    assert_eq!((launch.program.as_str(), launch.folder.as_path()), ("./a", folder.path()));
    assert_eq!(launch.arguments, ["-v"]);
    assert_eq!(profile.expected_failures.unwrap(), folder.path().join("expected_failures.yaml"));
}

#[test]
fn what_is_wrong_is_told_with_file_line_and_hint() {
    let table = [
        ("name: a\n", "profile.yaml:1: missing field `role`", None),
        ("- role\n", "profile.yaml: a profile is a mapping of fields, such as `role: device`", None),
        ("role: devise\nname: a\n", "profile.yaml:1: no role is called `devise`", Some("did you mean `device`?")),
        (
            "role: system\nname: a\n",
            "profile.yaml:1: no role is called `system`",
            Some("there are `device`, `provider`"),
        ),
        (
            "role: device\nname: a\ncapabilites: []\n",
            "profile.yaml:3: unknown field `capabilites`",
            Some("did you mean `capabilities`?"),
        ),
        ("role: device\nname: ''\n", "profile.yaml:2: `name` is 1 to 100 printable characters", None),
        (
            "role: device\nname: a\ncapabilities:\n  - tls\n  - status-logs\n",
            "profile.yaml:5: no capability is called `status-logs`",
            Some("did you mean `status-log`?"),
        ),
        (
            "role: provider\nname: a\ncapabilities: [status-log]\n",
            "profile.yaml:3: `status-log` is no capability of a provider",
            Some("leave it out of `capabilities`"),
        ),
        (
            "role: device\nname: a\ncapabilities: [tls, tls]\n",
            "profile.yaml:3: `tls` stands twice in `capabilities`",
            None,
        ),
        (
            "role: device\nname: a\ncapabilities: [trust]\n",
            "profile.yaml:3: `trust` is mandatory for a Device, and no capability: leave it out",
            None,
        ),
        (
            "role: device\nname: a\nsockets: elsewere\n",
            "profile.yaml:3: no place of sockets is called `elsewere`",
            Some("did you mean `elsewhere`?"),
        ),
        ("role: device\nname: a\ntime-scale: 0.5\n", "profile.yaml:3: `time-scale` 0.5 is not from 1 to 100", None),
        ("role: device\nname: a\ntime-scale: .nan\n", "profile.yaml:3: `time-scale` NaN is not from 1 to 100", None),
        ("role: device\nrole: device\nname: a\n", "duplicate entry", None),
        ("role: device\nname: a\ninterface: eth0\n", "profile.yaml:3: interface: ", None),
    ];

    for (text, words, hint) in table {
        let (message, found) = read(text).unwrap_err();

        assert!(message.contains(words), "{text}: {message}");
        assert_eq!(found.as_deref(), hint, "{text}");
    }
}

#[test]
fn a_profile_that_claims_less_than_is_mandatory_names_what_is_missing() {
    let (message, hint) = read(&format!("{LEAST}mandatory: [notification, flute, trust]\n")).unwrap_err();

    assert_eq!(
        message,
        "profile.yaml:3: the profile claims less than every Device must do: `firmware-update`, `provisioning`, \
         `exception-schedule`, `reporting`, `dm-session` missing"
    );
    assert!(hint.unwrap().contains("expected_failures.yaml"));
}

#[test]
fn the_whole_mandatory_set_may_be_repeated() {
    for role in [Role::Device, Role::Provider] {
        let names: Vec<&str> = Mandatory::of(role).iter().map(|item| item.name).collect();
        let text = format!("role: {}\nname: a\nmandatory: [{}]\n", words(role).to_lowercase(), names.join(", "));

        assert_eq!(read(&text).unwrap().role, role);
    }
}

#[test]
fn an_adapter_of_the_other_role_is_refused() {
    let profile = read(LEAST).unwrap();

    let error = profile.check_role(Path::new("acme.yaml"), "provider").unwrap_err();

    assert!(profile.check_role(Path::new("acme.yaml"), "device").is_ok());
    assert_eq!(
        error.to_string(),
        "acme.yaml: the profile is about a Device, and the adapter says that it has the role provider"
    );
}

#[test]
fn an_interface_that_does_not_exist_is_refused_by_its_address() {
    let there = read(LEAST).unwrap();
    let nowhere = read(&format!("{LEAST}interface: 203.0.113.77\n")).unwrap();

    assert!(there.check_interface(Path::new("a.yaml")).is_ok());
    let error = nowhere.check_interface(Path::new("a.yaml")).unwrap_err();
    assert_eq!(error.to_string(), "a.yaml: no interface carries address `203.0.113.77`");
}
