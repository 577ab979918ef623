//! `castproof keygen`, `bundle` and `verify`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::evidence::{self, PrivateKey, PublicKey, Verified};
use crate::findings::{ExitCode, RunFindings, Verdict};
use crate::spec::one_line;

use super::Failure;
use super::console::Console;

#[derive(Args)]
pub(super) struct Keygen {
    /// Where the private key goes; the public one goes beside it.
    #[arg(value_name = "FILE")]
    key: PathBuf,
}

#[derive(Args)]
pub(super) struct BundleOf {
    /// The folder of a run, such as reports/runs/2026-11-21T23-23-09.
    folder: PathBuf,

    /// Sign it with this private key.
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct VerifyOf {
    /// The evidence.zip of a run.
    bundle: PathBuf,

    /// The public key that must have signed it.
    #[arg(long, value_name = "PUBLIC-KEY")]
    key: Option<PathBuf>,
}

/// Octets that a key file may have; a key has 120.
const LARGEST_KEY: u64 = 1 << 16;

pub(super) fn keygen(console: &Console, options: &Keygen) -> Result<ExitCode, Failure> {
    let key = PrivateKey::draw().map_err(|error| Failure::of(&error))?;
    let public = options.key.with_added_extension("pub");
    // The public key first: a private key that nobody can be shown is of no use, and it is never written over.
    write_new(&public, &key.public().to_pem(), 0o644)?;
    write_new(&options.key, &key.to_pem(), 0o600)?;
    console.line(&one_line(&format!("private key  {}  (sign with it, and give it to nobody)", options.key.display())));
    console.line(&one_line(&format!("public key   {}  (give it to whoever is to verify)", public.display())));
    console.line(&format!("key id       {}", key.public().id()));
    Ok(ExitCode::Conformant)
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        let failure = Failure::usage(format!("write `{}`: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => failure.hint("a key is never written over; name another file"),
            _ => failure,
        }
    })
}

fn key_text(path: &Path) -> Result<String, Failure> {
    let unread = |reason: String| Failure::usage(format!("read the key `{}`: {reason}", path.display()));
    let length = fs::metadata(path).map_err(|error| unread(error.to_string()))?;
    if !length.is_file() || length.len() > LARGEST_KEY {
        return Err(unread("it is no key".to_owned()));
    }
    fs::read_to_string(path).map_err(|error| unread(error.to_string()))
}

/// The key to sign with.
pub(super) fn private_key(path: &Path) -> Result<PrivateKey, Failure> {
    let key = PrivateKey::from_pem(&key_text(path)?);
    key.map_err(|error| {
        let failure = Failure::usage(format!("`{}` is {error}", path.display()));
        failure.hint("signing takes the private key; `castproof keygen FILE` makes one")
    })
}

/// Packs the folder of a run, and says where to.
pub(super) fn pack(console: &Console, folder: &Path, key: Option<&PrivateKey>) -> Result<(), Failure> {
    let packed = evidence::pack(folder, key).map_err(|error| {
        let failure = Failure::of(&error);
        failure.hint("the run itself is kept; `castproof bundle FOLDER` packs it when there is room")
    })?;
    let signed = key.map_or("not signed".to_owned(), |key| format!("signed with key {}", short(&key.public().id())));
    console.line(&one_line(&format!(
        "evidence in {}: {} members, {:.1} MB, {signed}",
        packed.path.display(),
        packed.members,
        packed.octets as f64 / 1e6
    )));
    Ok(())
}

pub(super) fn bundle(console: &Console, options: &BundleOf) -> Result<ExitCode, Failure> {
    if !options.folder.is_dir() {
        let failure = Failure::usage(format!("`{}` is no folder of a run", options.folder.display()));
        return Err(failure.hint("runs are in reports/runs"));
    }
    let key = options.sign.as_deref().map(private_key).transpose()?;
    pack(console, &options.folder, key.as_ref())?;
    Ok(ExitCode::Conformant)
}

pub(super) fn verify(console: &Console, options: &VerifyOf) -> Result<ExitCode, Failure> {
    let key = options.key.as_deref().map(|path| -> Result<PublicKey, Failure> {
        PublicKey::from_pem(&key_text(path)?).map_err(|error| {
            let failure = Failure::usage(format!("`{}` is {error}", path.display()));
            failure.hint("verifying takes the public key, which `castproof keygen` writes beside the private one")
        })
    });
    let key = key.transpose()?;
    let verified = verified(&options.bundle, key.as_ref())?;
    let mark = console.colour.paint(Verdict::Pass, "✔");
    console.line(&format!(
        "{mark} all {} members are as the manifest lists them, and nothing else is there",
        verified.members
    ));
    console.line(&match (&key, verified.signers.as_slice()) {
        (Some(key), _) => format!("{mark} signed with key {}", key.id()),
        (None, []) => "? not signed: anybody may have made it".to_owned(),
        (None, signers) => {
            let keys = one_line(&signers.join(", "));
            format!("? it says that it was signed with key {keys}: whether it was, `--key` checks")
        }
    });
    console.line(&format!("  {}", run_words(&verified.findings)));
    Ok(ExitCode::Conformant)
}

/// The bundle at a path, when everything in it fits.
pub(super) fn verified(path: &Path, key: Option<&PublicKey>) -> Result<Verified, Failure> {
    evidence::verify(path, key).map_err(|misfit| {
        let words = format!("`{}` does not fit: {misfit}", path.display());
        match misfit.is_no_bundle() {
            true => Failure::usage(words).hint("a bundle is the evidence.zip of a run"),
            false => Failure { code: ExitCode::NotConformant, ..Failure::usage(words) },
        }
    })
}

fn run_words(run: &RunFindings) -> String {
    let (passed, all) = (run.count(Verdict::Pass), run.scenarios.len());
    let word = match ExitCode::of(run) {
        ExitCode::Conformant if run.conformant => "conformant",
        ExitCode::Conformant => "a selection that passed",
        ExitCode::NotConformant => "not conformant",
        _ => "inconclusive",
    };
    one_line(&format!("{} · {} · {passed} of {all} scenarios passed · {word}", run.started, run.subject))
}

/// As much of a key's name as people compare.
fn short(id: &str) -> &str {
    id.get(..16).unwrap_or(id)
}
