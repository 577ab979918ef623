//! The zip archive of a bundle: which members it has, and their content, within bounds.
//!
//! Nothing is unpacked to disk. A member is found by its name in the central directory, and its local header must say the
//! same, so that no other tool sees another archive in the same octets. What a zip may hold and a bundle never does is
//! refused: folders, encryption, other compressions, comments, octets before or after.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

use super::source::EvidenceError;
use super::{Misfit, layout};

/// Members that a bundle may have.
pub(super) const MOST_MEMBERS: usize = 20_000;
/// What the name and the extra fields of a local header may take.
const LOCAL_HEADER: usize = 2 * u16::MAX as usize;
/// What follows the content of a member at most: its length and checksum once more.
const DESCRIPTOR: u64 = 24;

/// An archive that was found to have the form of a bundle.
pub struct Archive {
    path: PathBuf,
    zip: ZipArchive<FileReader>,
    members: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    place: ZipArchiveEntryWayfinder,
    /// Where its local header begins.
    begin: u64,
    is_packed: bool,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("path", &self.path).field("members", &self.members.len()).finish()
    }
}

impl Archive {
    /// Opens an archive and looks at the names of its members.
    ///
    /// # Errors
    /// [`Misfit::NoArchive`] when it is no zip at all, else what about its form does not fit.
    pub fn open(path: &Path) -> Result<Self, Misfit> {
        let no_archive = |reason: String| Misfit::NoArchive { reason };
        let file = File::open(path).map_err(|error| no_archive(error.to_string()))?;
        let length = file.metadata().map_err(|error| no_archive(error.to_string()))?.len();
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let zip = ZipArchive::from_file(file, &mut buffer).map_err(|error| no_archive(error.to_string()))?;
        if zip.end_offset() != length || zip.comment().remaining() > 0 {
            return Err(Misfit::Surplus);
        }
        let archive = Self { path: path.to_owned(), members: members(&zip, &mut buffer)?, zip };
        archive.check_places()?;
        Ok(archive)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of its members, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The octets of a member, at most `limit` of them.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub(super) fn member(&self, name: &str, limit: u64) -> Result<Vec<u8>, EvidenceError> {
        let mut octets = Vec::new();
        self.read(name, limit, |part| octets.extend_from_slice(part))?;
        Ok(octets)
    }

    /// Hands over the octets of a member part by part, at most `limit` of them.
    ///
    /// # Errors
    /// [`EvidenceError`]; what was handed over by then is no whole member.
    pub(super) fn read(&self, name: &str, limit: u64, mut take: impl FnMut(&[u8])) -> Result<(), EvidenceError> {
        let failed = |source| EvidenceError::File { name: name.to_owned(), source };
        let entry = self.members.get(name).ok_or_else(|| EvidenceError::Missing(name.to_owned()))?;
        let found = self.zip.get_entry(entry.place).map_err(|error| failed(std::io::Error::other(error)))?;
        let (packed, plain) = (found.reader(), found.reader());
        let mut reader: Box<dyn Read + '_> = match entry.is_packed {
            true => Box::new(found.verifying_reader(DeflateDecoder::new(packed))),
            false => Box::new(found.verifying_reader(plain)),
        };
        let mut part = vec![0; 1 << 16];
        let mut taken = 0_u64;
        loop {
            let length = reader.read(&mut part).map_err(failed)?;
            if length == 0 {
                return Ok(());
            }
            taken += length as u64;
            if taken > limit {
                return Err(EvidenceError::TooLarge { name: name.to_owned(), limit });
            }
            take(&part[..length]);
        }
    }

    /// Checks that members lie one behind the other from the first octet up to the directory, under the names that it gives
    /// them. So no octets are read twice, and nothing hides between members.
    fn check_places(&self) -> Result<(), Misfit> {
        let mut buffer = vec![0; LOCAL_HEADER];
        let mut places = Vec::new();
        for (name, entry) in &self.members {
            let broken = |error: rawzip::Error| Misfit::Broken { name: name.clone(), reason: error.to_string() };
            let found = self.zip.get_entry(entry.place).map_err(broken)?;
            let header = found.local_header(&mut buffer).map_err(broken)?;
            if header.file_path().as_ref() != name.as_bytes() {
                return Err(Misfit::TwoNames { name: name.clone() });
            }
            places.push((entry.begin, found.compressed_data_range().1));
        }
        places.push((self.zip.directory_offset(), u64::MAX));
        places.sort_unstable();
        let mut last = 0_u64;
        for (begin, end) in places {
            // Zero for the first member: it has none before it.
            let descriptor = if last == 0 { 0 } else { DESCRIPTOR };
            if !(last..=last.saturating_add(descriptor)).contains(&begin) {
                return Err(Misfit::Surplus);
            }
            last = end;
        }
        Ok(())
    }
}

fn members(zip: &ZipArchive<FileReader>, buffer: &mut [u8]) -> Result<BTreeMap<String, Entry>, Misfit> {
    let mut members = BTreeMap::new();
    let mut entries = zip.entries(buffer);
    let unreadable = |error: rawzip::Error| Misfit::NoArchive { reason: error.to_string() };
    while let Some(record) = entries.next_entry().map_err(unreadable)? {
        let octets = record.file_path();
        let name = String::from_utf8_lossy(octets.as_ref()).into_owned();
        if name.as_bytes() != octets.as_ref() || !layout::is_inside(&name) {
            return Err(Misfit::Escapes { name });
        }
        let method = record.compression_method();
        if record.flags().is_encrypted() || ![CompressionMethod::STORE, CompressionMethod::DEFLATE].contains(&method) {
            let reason = format!("it is encrypted, or packed by {method}");
            return Err(Misfit::Broken { name, reason });
        }
        let entry = Entry {
            place: record.wayfinder(),
            begin: record.local_header_offset(),
            is_packed: method == CompressionMethod::DEFLATE,
        };
        if members.insert(name.clone(), entry).is_some() {
            return Err(Misfit::Twice { name });
        }
        if members.len() > MOST_MEMBERS {
            return Err(Misfit::TooMany { limit: MOST_MEMBERS });
        }
    }
    Ok(members)
}
