//! A Service Provider's storage that outlives it, and may refuse to be written: as at the loss of power.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use castproof::provider::{Change, MemoryStore, Store, StoreError};

/// A storage with a fuse; clones share both.
#[derive(Clone, Default)]
pub(crate) struct FusedStore {
    kept: MemoryStore,
    /// How many commits are let through; none for all.
    left: Rc<Cell<Option<usize>>>,
    is_blown: Rc<Cell<bool>>,
}

impl FusedStore {
    /// Lets so many commits through, and none after them until it is mended.
    pub(crate) fn blow_after(&self, commits: usize) {
        self.left.set(Some(commits));
    }

    pub(crate) fn is_blown(&self) -> bool {
        self.is_blown.get()
    }

    pub(crate) fn mend(&self) {
        self.left.set(None);
        self.is_blown.set(false);
    }
}

impl Store for FusedStore {
    fn load(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        self.kept.load()
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        match self.left.get() {
            Some(0) => {
                self.is_blown.set(true);
                Err(StoreError("the fuse has blown".into()))
            }
            left => {
                self.left.set(left.map(|left| left - 1));
                self.kept.commit(changes)
            }
        }
    }
}
