//! Verifying a bundle: offline, member by member, up to the first thing that does not fit.

use std::path::Path;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::archive::Archive;
use super::envelope::{Envelope, PAYLOAD_TYPE};
use super::key::{PublicKey, hex};
use super::manifest::{Manifest, Member, digest};
use super::statement::Statement;
use super::{EvidenceError, LARGEST_MEMBER, layout};
use crate::findings::{ResultError, RunFindings, chain, parse_result};

/// Octets that manifest and attestation may have.
const LARGEST_INDEX: u64 = 16 << 20;
/// Octets that all members together may have. A full run has a fortieth.
const LARGEST_WHOLE: u64 = 4 << 30;

/// A bundle in which everything fits.
#[derive(Debug)]
pub struct Verified {
    /// Its archive, for whoever wants to read on.
    pub archive: Archive,
    /// The findings in it.
    pub findings: RunFindings,
    /// How many members it has, its manifest and its attestation aside.
    pub members: usize,
    /// The keys that it says it was signed with; whether that is so was checked for the key that was asked for, if any.
    pub signers: Vec<String>,
}

/// What does not fit.
#[derive(Debug, thiserror::Error)]
pub enum Misfit {
    /// It is no bundle: no zip archive can be read there.
    #[error("it is no zip archive: {reason}")]
    NoArchive {
        /// Why.
        reason: String,
    },
    /// The archive has octets before, between or after its members.
    #[error("the archive has octets that belong to no member")]
    Surplus,
    /// The archive has more members than are read.
    #[error("the archive has more than {limit} members")]
    TooMany {
        /// How many are read at most.
        limit: usize,
    },
    /// A name would lead out of the folder that the bundle is unpacked to.
    #[error("member `{name}` would escape from a folder that the bundle is unpacked to")]
    Escapes {
        /// The name.
        name: String,
    },
    /// Two members have one name.
    #[error("member `{name}` is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A member is called otherwise in its own header than in the directory.
    #[error("member `{name}` has another name in its own header")]
    TwoNames {
        /// The name in the directory.
        name: String,
    },
    /// A member cannot be read.
    #[error("member `{name}` cannot be read: {reason}")]
    Broken {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    },
    /// A member that should be there is not.
    #[error("member `{name}` is missing")]
    Missing {
        /// The name.
        name: String,
    },
    /// A member is there that the manifest does not list.
    #[error("member `{name}` was added: the manifest does not list it")]
    Added {
        /// The name.
        name: String,
    },
    /// A member is not what the manifest lists.
    #[error("member `{name}` was altered: {what}")]
    Altered {
        /// The name.
        name: String,
        /// In what.
        what: String,
    },
    /// The members are longer than is read.
    #[error("the members have more than {limit} octets")]
    TooLarge {
        /// How many are read at most.
        limit: u64,
    },
    /// Nobody signed.
    #[error("it is not signed")]
    Unsigned,
    /// The key that was asked for did not sign.
    #[error("the signature is not of the key {key}")]
    WrongSignature {
        /// What names the key.
        key: String,
    },
    /// It is of another kind or version.
    #[error("`{name}` has {what} {found}, and this castproof reads {reads}")]
    OtherVersion {
        /// The member.
        name: &'static str,
        /// Of what.
        what: &'static str,
        /// What it has.
        found: String,
        /// What is read.
        reads: String,
    },
    /// The statement says something else than the findings.
    #[error("what `{name}` states is not what `{result}` says", name = layout::ATTESTATION, result = layout::RESULT)]
    Misstated,
}

impl Misfit {
    /// Whether there is no bundle at all, rather than one with a fault.
    pub fn is_no_bundle(&self) -> bool {
        matches!(self, Self::NoArchive { .. })
    }
}

/// Verifies the bundle at `path`: its form, the signature of `key` where one is given, that everything the manifest lists
/// is there unaltered and nothing else, and that its statement says what its findings say.
///
/// # Errors
/// The first [`Misfit`].
pub fn verify(path: &Path, key: Option<&PublicKey>) -> Result<Verified, Misfit> {
    let archive = Archive::open(path)?;
    let envelope: Envelope = parse(layout::ATTESTATION, &read(&archive, layout::ATTESTATION, LARGEST_INDEX)?)?;
    let signers: Vec<String> = envelope.signatures.iter().map(|signature| signature.keyid.clone()).collect();
    check_signature(&envelope, key)?;
    let statement = statement_in(&envelope)?;
    let written = read(&archive, layout::MANIFEST, LARGEST_INDEX)?;
    if statement.manifest_digest() != Some(&digest(&written)) {
        let what = format!("it is not the one that `{}` speaks of", layout::ATTESTATION);
        return Err(Misfit::Altered { name: layout::MANIFEST.to_owned(), what });
    }
    let manifest: Manifest = parse(layout::MANIFEST, &written)?;
    if manifest.layout != Manifest::LAYOUT {
        let (found, reads) = (manifest.layout.to_string(), Manifest::LAYOUT.to_string());
        return Err(Misfit::OtherVersion { name: layout::MANIFEST, what: "layout", found, reads });
    }
    check_names(&archive, &manifest)?;
    let whole: u64 = manifest.members.iter().fold(0, |sum, member| sum.saturating_add(member.octets));
    if whole > LARGEST_WHOLE {
        return Err(Misfit::TooLarge { limit: LARGEST_WHOLE });
    }
    for member in &manifest.members {
        check_member(&archive, member)?;
    }
    let findings = findings_in(&archive)?;
    if statement != Statement::about(&findings, &manifest, &written) {
        return Err(Misfit::Misstated);
    }
    Ok(Verified { findings, members: manifest.members.len(), signers, archive })
}

fn check_signature(envelope: &Envelope, key: Option<&PublicKey>) -> Result<(), Misfit> {
    let Some(key) = key else { return Ok(()) };
    match envelope.signatures.is_empty() {
        true => Err(Misfit::Unsigned),
        false if envelope.is_signed_by(key) => Ok(()),
        false => Err(Misfit::WrongSignature { key: key.id() }),
    }
}

fn statement_in(envelope: &Envelope) -> Result<Statement, Misfit> {
    let other = |what, found: &str, reads: &str| Misfit::OtherVersion {
        name: layout::ATTESTATION,
        what,
        found: found.to_owned(),
        reads: reads.to_owned(),
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(other("the type of payload", &envelope.payload_type, PAYLOAD_TYPE));
    }
    let payload = envelope.payload().ok_or_else(|| Misfit::Broken {
        name: layout::ATTESTATION.to_owned(),
        reason: "its payload is no base64".to_owned(),
    })?;
    let statement: Statement = parse(layout::ATTESTATION, &payload)?;
    match statement.foreign_type() {
        Some(found) => Err(other("a statement of type", found, "in-toto statements about test results")),
        None => Ok(statement),
    }
}

/// Checks that the archive has what the manifest lists, and nothing else.
fn check_names(archive: &Archive, manifest: &Manifest) -> Result<(), Misfit> {
    let listed: std::collections::BTreeSet<&str> = manifest.members.iter().map(|member| member.name.as_str()).collect();
    let there: std::collections::BTreeSet<&str> = archive.names().collect();
    if let Some(name) = listed.iter().find(|name| !there.contains(*name)) {
        return Err(Misfit::Missing { name: (*name).to_owned() });
    }
    let is_index = |name: &str| [layout::MANIFEST, layout::ATTESTATION].contains(&name);
    if let Some(name) = there.iter().find(|name| !listed.contains(*name) && !is_index(name)) {
        return Err(Misfit::Added { name: (*name).to_owned() });
    }
    match [layout::RESULT, layout::REGISTER].into_iter().find(|name| !listed.contains(name)) {
        Some(name) => Err(Misfit::Missing { name: name.to_owned() }),
        None => Ok(()),
    }
}

fn check_member(archive: &Archive, member: &Member) -> Result<(), Misfit> {
    let (mut hash, mut octets) = (Sha256::new(), 0_u64);
    // A member that is longer than listed is not read to its end, which may be far.
    let read = archive.read(&member.name, member.octets, |part| {
        hash.update(part);
        octets += part.len() as u64;
    });
    let altered = |what: String| Misfit::Altered { name: member.name.clone(), what };
    match read {
        Err(EvidenceError::TooLarge { .. }) => {
            return Err(altered(format!("it has more than the {} octets that the manifest lists", member.octets)));
        }
        Err(error) => return Err(broken(&member.name, &error)),
        Ok(()) => {}
    }
    if octets != member.octets {
        return Err(altered(format!("it has {octets} octets, and the manifest lists {}", member.octets)));
    }
    let found = hex(&hash.finalize());
    match found == member.sha256 {
        true => Ok(()),
        false => Err(altered(format!("its SHA-256 is {found}, and the manifest lists {}", member.sha256))),
    }
}

fn findings_in(archive: &Archive) -> Result<RunFindings, Misfit> {
    let octets = read(archive, layout::RESULT, LARGEST_MEMBER)?;
    parse_result(layout::RESULT, &octets).map_err(|error| match error {
        ResultError::Layout { found, .. } => Misfit::OtherVersion {
            name: layout::RESULT,
            what: "layout",
            found: found.to_string(),
            reads: RunFindings::SCHEMA.to_string(),
        },
        other => Misfit::Broken { name: layout::RESULT.to_owned(), reason: chain(&other) },
    })
}

fn read(archive: &Archive, name: &str, limit: u64) -> Result<Vec<u8>, Misfit> {
    archive.member(name, limit).map_err(|error| broken(name, &error))
}

fn parse<T: DeserializeOwned>(name: &str, octets: &[u8]) -> Result<T, Misfit> {
    serde_json::from_slice(octets).map_err(|error| Misfit::Broken { name: name.to_owned(), reason: error.to_string() })
}

fn broken(name: &str, error: &EvidenceError) -> Misfit {
    match error {
        EvidenceError::Missing(name) => Misfit::Missing { name: name.clone() },
        other => Misfit::Broken { name: name.to_owned(), reason: chain(other) },
    }
}
