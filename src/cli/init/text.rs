//! The texts that `castproof init` writes beside the starter.

use crate::adapter::{DeviceVerb, ProviderVerb, Verbs};
use crate::spec::{Capability, Mandatory, Role};

/// Characters that the name in a profile may have.
const LONGEST_NAME: usize = 100;

/// A list of expected failures with nothing in it.
pub(super) const EXPECTED_FAILURES: &str = "\
# Failures that you know of. What fails as it is expected here does not make a run red, and nothing conforms by it.
#
# The list is strict. An entry that passes, that fails otherwise, that matches no scenario, or that has expired ends the run
# with exit code 102. So it cannot grow old unseen. All six fields are needed. `castproof certify` prints the slug of a
# scenario and the name of a check; `reason` is a part of what it observed.
#
# - scenario: normal-flow--a-device-installs-an-update-that-is-meant-for-it
#   check: firmware.version
#   reason: \"answered ./DevDetail/FwV = 1.0\"
#   issue: ACME-12
#   owner: ann@acme.example
#   expiry: 2027-03-31
";

/// What a role is called, in a profile and in words.
fn names(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Provider => ("provider", "Service Provider"),
        Role::Device | Role::System => ("device", "Device"),
    }
}

/// The profile of an implementation whose adapter is started by this command.
pub(super) fn profile(role: Role, name: &str, command: [&str; 2]) -> String {
    let (role_name, role_words) = names(role);
    let name: String = name.chars().take(LONGEST_NAME).collect();
    let name = if name.trim().is_empty() { format!("my {role_words}") } else { name };
    // A JSON string is a YAML string, whatever is in it.
    let name = serde_json::Value::String(name);
    let of_role = Capability::ALL.into_iter().filter(|one| one.roles().contains(&role));
    let capabilities: String = of_role.map(|one| format!("#   - {:<27} # {}\n", one.name(), one.requires())).collect();
    let mandatory: String =
        Mandatory::of(role).iter().map(|item| format!("#   {:<22} {}\n", item.name, item.means)).collect();
    let [program, argument] = command;
    format!(
        "\
# What castproof is told about your {role_words}: `castproof certify --profile` puts it under test. The file is read
# strictly, so that a word that is misspelt is no capability that is never tested.

# What is put under test: device or provider. The reference implementation plays the other side.
role: {role_name}

# The implementation's name, as findings show it: 1 to 100 characters.
name: {name}

# The adapter and its arguments, started in the folder of this file. A program with a slash, such as ./my-adapter, is looked
# up from this folder, one without along PATH.
command: [{program}, {argument}]

# What the implementation can do beyond what every {role_words} must. Take the # away from `capabilities:` and from those
# that you have, and say the same in the adapter's answer to `hello`. What stands here is tested, and fails if it is not
# so. What does not stand here is not applicable, and no scenario that needs it is run.
#
# capabilities:
{capabilities}
# Every {role_words} must do the following. It is implied, and cannot be left out:
#
{mandatory}
# The interface on which the implementation is reached, by its address.
#
# interface: 127.0.0.1

# Where the implementation's sockets are: `here`, or `elsewhere` when this host's kernel tells nothing of them, as behind a
# tunnel, or of a box that a program on this host drives.
#
# sockets: here

# How many times longer than usual the spans of scenarios and waits are, from 1 to 100, for an implementation that is slow.
#
# time-scale: 1

# Failures that you know of.
expected-failures: expected_failures.yaml
"
    )
}

/// The text of a starter, for a role.
pub(super) fn of_role(text: &str, role: Role) -> String {
    let known = match role {
        Role::Provider => ProviderVerb::NAMES,
        Role::Device | Role::System => DeviceVerb::NAMES,
    };
    let yours: Vec<&str> =
        known.iter().copied().filter(|verb| !["hello", "open", "close", "bye"].contains(verb)).collect();
    let (last, others) = yours.split_last().unwrap_or((&"", &[]));
    text.replace("@ROLE@", names(role).0).replace("@VERBS@", &format!("{} and {last}", others.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certify::{Profile, expected_failures};

    fn read(text: &str) -> Profile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.yaml");
        std::fs::write(&path, text).unwrap();
        Profile::read(&path).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn the_profile_is_read_as_it_is_and_with_everything_in_it_that_it_offers() {
        for role in [Role::Device, Role::Provider] {
            let text = profile(role, "a \"name\": # ü", ["sh", "run.sh"]);
            let as_it_is = read(&text);
            assert_eq!((as_it_is.role, as_it_is.name.as_str()), (role, "a \"name\": # ü"));
            assert_eq!(as_it_is.launch.map(|launch| launch.program), Some("sh".to_owned()));
            assert!(as_it_is.capabilities.is_empty() && as_it_is.expected_failures.is_some());

            let whole = text.replace("# capabilities:", "capabilities:").replace("#   - ", "  - ");
            let whole = whole.replace("# interface:", "interface:").replace("# time-scale:", "time-scale:");
            let whole = read(&whole);
            let all = Capability::ALL.into_iter().filter(|one| one.roles().contains(&role));
            assert_eq!(whole.capabilities, all.collect());
        }
    }

    #[test]
    fn a_name_that_no_profile_may_have_is_replaced() {
        assert_eq!(read(&profile(Role::Device, " ", ["sh", "a"])).name, "my Device");
        assert_eq!(read(&profile(Role::Provider, &"ü".repeat(200), ["sh", "a"])).name, "ü".repeat(100));
    }

    #[test]
    fn the_list_of_expected_failures_is_empty_and_its_example_is_an_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("expected_failures.yaml");
        std::fs::write(&path, EXPECTED_FAILURES).unwrap();
        assert_eq!(expected_failures(&path).unwrap(), []);

        let (_, example) = EXPECTED_FAILURES.split_once("# - ").unwrap();
        std::fs::write(&path, format!("- {}", example.replace("#   ", "  "))).unwrap();
        assert_eq!(expected_failures(&path).unwrap().len(), 1);
    }
}
