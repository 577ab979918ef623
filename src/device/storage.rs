//! Where a Device keeps what must survive a restart.
//!
//! Everything small stands in one state document that is replaced as a whole, so that facts which belong together change
//! together. Images and packages are objects of their own, written before the state document names them.

mod interruption;
mod medium;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

pub use interruption::{Fuse, Interrupted};
pub use medium::{Disk, Folder, Medium, Survival};

/// Why something could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The object does not fit.
    #[error("no room for an object of {size} octets")]
    Full {
        /// The object's size in octets.
        size: u64,
    },
    /// The medium failed.
    #[error("access the storage")]
    Medium(#[source] io::Error),
}

/// A Device's persistent storage.
pub trait Storage {
    /// The object called `name`, or `None` when there is none.
    ///
    /// # Errors
    /// [`StorageError::Medium`].
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Replaces the object called `name`: after an interruption it is the old one or the new one, never a mixture.
    ///
    /// # Errors
    /// [`StorageError::Full`] when there is no room, [`StorageError::Medium`] otherwise.
    fn replace(&mut self, name: &str, octets: &[u8]) -> Result<(), StorageError>;

    /// Removes the object called `name`, if there is one.
    ///
    /// # Errors
    /// [`StorageError::Medium`].
    fn remove(&mut self, name: &str) -> Result<(), StorageError>;

    /// Whether an object of `size` octets would fit now.
    fn has_room_for(&self, size: u64) -> bool;

    /// Sets the largest object that still fits; `None` lifts the limit. The state document always fits.
    fn limit(&mut self, largest: Option<u64>);
}

/// The name of the state document, which is exempt from the limit: a full Device must still remember.
pub(super) const STATE: &str = "state.json";

fn check_room(limit: Option<u64>, name: &str, size: u64) -> Result<(), StorageError> {
    match limit {
        Some(largest) if name != STATE && size > largest => Err(StorageError::Full { size }),
        _ => Ok(()),
    }
}

/// Storage on a medium, safe against interruption at any point: write aside, flush, rename, flush the names.
#[derive(Debug)]
pub struct SafeStorage<M> {
    medium: M,
    limit: Option<u64>,
}

/// Storage in a folder.
pub type FileStorage = SafeStorage<Folder>;

impl FileStorage {
    /// Storage in `folder`, which is created when missing.
    ///
    /// # Errors
    /// [`StorageError::Medium`] when the folder cannot be created.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StorageError> {
        Ok(Self::on(Folder::open(folder).map_err(StorageError::Medium)?))
    }
}

impl<M: Medium> SafeStorage<M> {
    /// Storage on this medium.
    pub fn on(medium: M) -> Self {
        Self { medium, limit: None }
    }
}

impl<M: Medium> Storage for SafeStorage<M> {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.medium.read(name).map_err(StorageError::Medium)
    }

    fn replace(&mut self, name: &str, octets: &[u8]) -> Result<(), StorageError> {
        check_room(self.limit, name, octets.len() as u64)?;
        let aside = format!("{name}.new");
        let mut write = || -> io::Result<()> {
            self.medium.write(&aside, octets)?;
            self.medium.flush(&aside)?;
            self.medium.rename(&aside, name)?;
            self.medium.flush_names()
        };
        write().map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StorageError::Full { size: octets.len() as u64 }
            }
            _ => StorageError::Medium(error),
        })
    }

    fn remove(&mut self, name: &str) -> Result<(), StorageError> {
        self.medium.remove(name).map_err(StorageError::Medium)
    }

    fn has_room_for(&self, size: u64) -> bool {
        self.limit.is_none_or(|largest| size <= largest)
    }

    fn limit(&mut self, largest: Option<u64>) {
        self.limit = largest;
    }
}

/// Storage in memory, for tests under virtual time and for simulated fleets.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    objects: BTreeMap<String, Vec<u8>>,
    limit: Option<u64>,
}

impl Storage for MemoryStorage {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.objects.get(name).cloned())
    }

    fn replace(&mut self, name: &str, octets: &[u8]) -> Result<(), StorageError> {
        check_room(self.limit, name, octets.len() as u64)?;
        self.objects.insert(name.to_owned(), octets.to_vec());
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), StorageError> {
        self.objects.remove(name);
        Ok(())
    }

    fn has_room_for(&self, size: u64) -> bool {
        self.limit.is_none_or(|largest| size <= largest)
    }

    fn limit(&mut self, largest: Option<u64>) {
        self.limit = largest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_write_leaves_the_old_object() {
        let folder = tempfile::tempdir().unwrap();
        let mut storage = FileStorage::open(folder.path()).unwrap();
        storage.replace("slot-a.bin", b"old").unwrap();

        // What a power cut between write and rename leaves behind.
        std::fs::write(folder.path().join("slot-a.bin.new"), b"ne").unwrap();

        assert_eq!(storage.read("slot-a.bin").unwrap().unwrap(), b"old");
        storage.replace("slot-a.bin", b"new").unwrap();
        assert_eq!(storage.read("slot-a.bin").unwrap().unwrap(), b"new");
    }

    #[test]
    fn a_full_storage_still_takes_the_state_document() {
        let mut storage = MemoryStorage::default();
        storage.limit(Some(0));

        assert!(matches!(storage.replace("slot-a.bin", b"image"), Err(StorageError::Full { size: 5 })));
        assert!(storage.replace(STATE, b"{}").is_ok());
    }
}
