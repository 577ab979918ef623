//! The embedded database in which the reference Service Provider keeps what it must not forget (decision record 0010).

use std::collections::BTreeMap;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::findings::chain;
use crate::provider::{Change, Store, StoreError};

/// The one table: entries by name.
const ENTRIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");
/// The cache of pages: a provider of a scenario has little to read.
const CACHE: usize = 1024 * 1024;

/// A database file. Each commit is one transaction, flushed before it returns.
pub(super) struct ProviderStore {
    database: Database,
}

impl ProviderStore {
    /// Opens the database at `path`; makes one where there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be made, read or locked.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE);
        Ok(Self { database: builder.create(path).map_err(refused)? })
    }
}

fn refused(error: impl std::error::Error) -> StoreError {
    StoreError(chain(&error))
}

impl Store for ProviderStore {
    fn load(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let transaction = self.database.begin_read().map_err(refused)?;
        let table = match transaction.open_table(ENTRIES) {
            Ok(table) => table,
            // Nothing was ever kept.
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(BTreeMap::new()),
            Err(error) => return Err(refused(error)),
        };
        let entries = table.iter().map_err(refused)?.map(|entry| {
            let (name, octets) = entry.map_err(refused)?;
            Ok((name.value().to_owned(), octets.value().to_vec()))
        });
        entries.collect()
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(refused)?;
        {
            let mut table = transaction.open_table(ENTRIES).map_err(refused)?;
            for Change { name, octets } in changes {
                match octets {
                    Some(octets) => table.insert(name.as_str(), octets.as_slice()).map_err(refused)?,
                    None => table.remove(name.as_str()).map_err(refused)?,
                };
            }
        }
        transaction.commit().map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, octets: Option<&[u8]>) -> Change {
        Change { name: name.into(), octets: octets.map(<[u8]>::to_vec) }
    }

    #[test]
    fn what_was_kept_is_there_when_the_database_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provider.redb");
        let mut store = ProviderStore::open(&path).unwrap();
        assert_eq!(store.load().unwrap(), BTreeMap::new());

        store.commit(&[change("a", Some(b"1")), change("b", Some(b"2"))]).unwrap();
        store.commit(&[change("a", None), change("b", Some(b"3")), change("c", None)]).unwrap();
        drop(store);

        let again = ProviderStore::open(&path).unwrap();
        assert_eq!(again.load().unwrap(), BTreeMap::from([("b".to_owned(), b"3".to_vec())]));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provider.redb");
        std::fs::write(&path, vec![7; 8192]).unwrap();

        assert!(ProviderStore::open(&path).is_err());
    }
}
