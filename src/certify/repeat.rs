//! What repeats a scenario: its seed, and every argument that made it what it was and is not the usual one.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Options, USUAL_JOBS};

/// A scenario's seed: another for each, the same in every run with the same seed.
pub(super) fn seed_of(run: u64, slug: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(run.to_be_bytes());
    hash.update(slug);
    let digest: [u8; 32] = hash.finalize().into();
    u64::from_be_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]])
}

/// The arguments that all scenarios of a run share, in the words of a shell; each begins with a space.
pub(super) fn shared_arguments(options: &Options) -> String {
    let mut arguments = vec!["--seed".to_owned(), options.seed.to_string()];
    arguments.extend(options.casting.device.arguments());
    arguments.extend(options.casting.provider.arguments());
    // What was asked for: how many this host allows is for the host to say again.
    if options.jobs != usize::from(USUAL_JOBS) {
        arguments.extend(["--jobs".to_owned(), options.jobs.to_string()]);
    }
    arguments.extend(options.lab.arguments());
    if let Some((_, file)) = &options.relays {
        arguments.extend(["--relay-plan".to_owned(), file.display().to_string()]);
    }
    for (name, folder, usual) in
        [("--features", &options.features, "features"), ("--captures", &options.captures, "captures")]
    {
        if !is_same(folder, Path::new(usual)) {
            arguments.extend([name.to_owned(), folder.display().to_string()]);
        }
    }
    // What stands behind `--` is the adapter's to the end.
    if let Some(foreign) = options.foreign.as_ref().filter(|foreign| !foreign.trailing().is_empty()) {
        arguments.push("--".to_owned());
        arguments.extend(foreign.trailing().iter().cloned());
    }
    arguments.iter().map(|argument| format!(" {}", quoted(argument))).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// An argument as a shell takes it whole.
pub fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_blank_is_one_argument() {
        assert_eq!(quoted("/tmp/my features"), "'/tmp/my features'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("device.ignores-signature"), "device.ignores-signature");
    }
}
