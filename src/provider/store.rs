//! Where a Service Provider keeps what it must not forget: one small interface, and an implementation in memory.
//!
//! The core has no input or output; a database stands behind the same interface (`subject`, decision record 0010).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Why something could not be kept or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(
    /// What the storage says.
    pub String,
);

/// One change of what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name of the entry.
    pub name: String,
    /// Its new octets; none removes it.
    pub octets: Option<Vec<u8>>,
}

/// A storage of named entries.
pub trait Store {
    /// Every entry that is kept, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the storage cannot be read.
    fn load(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError>;

    /// Keeps all of these changes, or none; once it has returned, they survive a loss of power.
    ///
    /// # Errors
    /// [`StoreError`] when they are not kept.
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError>;
}

/// A storage in memory. Its clones share what they keep, so that it can outlive the provider that writes it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    entries: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
}

impl Store for MemoryStore {
    fn load(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        Ok(self.entries.borrow().clone())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut entries = self.entries.borrow_mut();
        for Change { name, octets } in changes {
            match octets {
                Some(octets) => entries.insert(name.clone(), octets.clone()),
                None => entries.remove(name),
            };
        }
        Ok(())
    }
}
