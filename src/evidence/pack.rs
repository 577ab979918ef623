//! Packing the folder of a run into a bundle.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::envelope::Envelope;
use super::key::PrivateKey;
use super::manifest::{Manifest, Member};
use super::statement::Statement;
use super::{EvidenceError, Source, layout};
use crate::findings::{ResultError, parse_result};

/// How hard the packer tries. Most of what it gains it gains at once: each lane of a recording repeats the sender's.
const EFFORT: Compression = Compression::fast();

/// A bundle that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in octets.
    pub octets: u64,
    /// How many members it has, its manifest and its attestation aside.
    pub members: usize,
}

/// Why the folder of a run could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A part of it cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Its findings cannot be read.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// The folder cannot be looked through.
    #[error("look through `{path}`")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The bundle cannot be written.
    #[error("write `{path}`")]
    Bundle {
        /// The bundle.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Packs the folder of a run into the bundle in it, signed where there is a key. The bundle is whole or not there; one
/// that was there is replaced.
///
/// # Errors
/// [`PackError`].
pub fn pack(folder: &Path, key: Option<&PrivateKey>) -> Result<Packed, PackError> {
    let path = folder.join(layout::BUNDLE);
    let unwritten = |source| PackError::Bundle { path: path.clone(), source };
    let mut names = Vec::new();
    list(folder, "", &mut names)?;
    names.sort_unstable();
    let source = Source::folder(folder);
    let run = parse_result(layout::RESULT, &source.member(layout::RESULT)?)?;
    let file = tempfile::Builder::new().prefix(".castproof-").tempfile_in(folder).map_err(unwritten)?;
    let mut zip = ZipArchiveWriter::new(BufWriter::new(file));
    let mut manifest = Manifest { layout: Manifest::LAYOUT, members: Vec::new() };
    for name in &names {
        let content = source.member(name)?;
        manifest.members.push(Member::new(name, &content));
        add(&mut zip, name, &content).map_err(unwritten)?;
    }
    let json = |value: Result<Vec<u8>, serde_json::Error>| value.map_err(|error| unwritten(error.into()));
    let written = json(serde_json::to_vec_pretty(&manifest))?;
    add(&mut zip, layout::MANIFEST, &written).map_err(unwritten)?;
    let statement = json(serde_json::to_vec(&Statement::about(&run, &manifest, &written)))?;
    let envelope = json(serde_json::to_vec_pretty(&Envelope::seal(&statement, key)))?;
    add(&mut zip, layout::ATTESTATION, &envelope).map_err(unwritten)?;
    let file = zip.finish().map_err(|error| unwritten(std::io::Error::other(error)))?;
    let file = file.into_inner().map_err(|error| unwritten(error.into_error()))?;
    let octets = file.as_file().metadata().map_err(unwritten)?.len();
    crate::findings::publish(file, &path).map_err(unwritten)?;
    Ok(Packed { octets, members: names.len(), path: path.clone() })
}

/// Every file below a folder by its name within it, but the bundle and what is being written.
fn list(folder: &Path, below: &str, names: &mut Vec<String>) -> Result<(), PackError> {
    let unread = |source| PackError::Folder { path: folder.join(below), source };
    for entry in fs::read_dir(folder.join(below)).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let word = entry.file_name().to_string_lossy().into_owned();
        let name = if below.is_empty() { word.clone() } else { format!("{below}/{word}") };
        let kind = entry.file_type().map_err(unread)?;
        let is_ours =
            word.starts_with('.') || [layout::BUNDLE, layout::MANIFEST, layout::ATTESTATION].contains(&name.as_str());
        match kind.is_dir() {
            true if !word.starts_with('.') => list(folder, &name, names)?,
            false if kind.is_file() && !is_ours => names.push(name),
            _ => {}
        }
    }
    Ok(())
}

fn add<W: Write>(zip: &mut ZipArchiveWriter<W>, name: &str, content: &[u8]) -> std::io::Result<()> {
    let failed = std::io::Error::other;
    let file = zip.new_file(name).compression_method(CompressionMethod::DEFLATE).unix_permissions(0o644);
    let (mut entry, config) = file.start().map_err(failed)?;
    let mut writer = config.wrap(DeflateEncoder::new(&mut entry, EFFORT));
    writer.write_all(content)?;
    let (encoder, descriptor) = writer.finish().map_err(failed)?;
    encoder.finish()?;
    entry.finish(descriptor).map_err(failed)?;
    Ok(())
}
