//! What a storage is built on: a folder, or a disk in memory that forgets like a real one when its power is lost.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;

/// The operations of a medium, each by itself: power may be lost between any two of them.
pub trait Medium {
    /// The file called `name`, or `None` when there is none.
    ///
    /// # Errors
    /// When the medium fails.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes a new file, which is not safe before it was flushed.
    ///
    /// # Errors
    /// When the medium fails.
    fn write(&mut self, name: &str, octets: &[u8]) -> io::Result<()>;

    /// Makes the content of a file safe.
    ///
    /// # Errors
    /// When the medium fails.
    fn flush(&mut self, name: &str) -> io::Result<()>;

    /// Gives a file another name, in place of whatever had it.
    ///
    /// # Errors
    /// When the medium fails.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Makes the names safe.
    ///
    /// # Errors
    /// When the medium fails.
    fn flush_names(&mut self) -> io::Result<()>;

    /// Removes a file, if there is one.
    ///
    /// # Errors
    /// When the medium fails.
    fn remove(&mut self, name: &str) -> io::Result<()>;
}

/// A folder of the operating system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The file that was written last, until it is flushed: most are at once, and need not be opened again.
    unflushed: Option<(String, File)>,
}

impl Folder {
    /// The folder, which is created when missing.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { path: folder, unflushed: None })
    }
}

fn unless_missing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Medium for Folder {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        unless_missing(fs::read(self.path.join(name)))
    }

    fn write(&mut self, name: &str, octets: &[u8]) -> io::Result<()> {
        let mut file = File::create(self.path.join(name))?;
        file.write_all(octets)?;
        self.unflushed = Some((name.to_owned(), file));
        Ok(())
    }

    fn flush(&mut self, name: &str) -> io::Result<()> {
        match self.unflushed.take().filter(|(written, _)| written == name) {
            Some((_, file)) => file.sync_all(),
            None => File::open(self.path.join(name))?.sync_all(),
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn flush_names(&mut self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        unless_missing(fs::remove_file(self.path.join(name))).map(|_| ())
    }
}

/// What a loss of power leaves of the operations that were not flushed; a real disk is somewhere between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// Nothing of them.
    Flushed,
    /// All names, and of a file that was not flushed its first half.
    Torn,
}

/// A disk in memory, which outlives whoever uses it: copies are the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Rc<RefCell<Platter>>);

#[derive(Debug, Default)]
struct Platter {
    files: Vec<DiskFile>,
    names: BTreeMap<String, usize>,
    flushed_names: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct DiskFile {
    octets: Vec<u8>,
    is_flushed: bool,
}

impl Disk {
    /// The names of all files.
    pub fn names(&self) -> Vec<String> {
        self.0.borrow().names.keys().cloned().collect()
    }

    /// Takes the power away.
    pub fn lose_power(&self, survival: Survival) {
        let mut platter = self.0.borrow_mut();
        match survival {
            Survival::Flushed => platter.names = platter.flushed_names.clone(),
            Survival::Torn => platter.flushed_names = platter.names.clone(),
        }
        for file in platter.files.iter_mut().filter(|file| !file.is_flushed) {
            let half = file.octets.len() / 2;
            file.octets.truncate(if survival == Survival::Torn { half } else { 0 });
            file.is_flushed = true;
        }
    }
}

impl Medium for Disk {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let platter = self.0.borrow();
        Ok(platter.names.get(name).map(|file| platter.files[*file].octets.clone()))
    }

    fn write(&mut self, name: &str, octets: &[u8]) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        let number = platter.files.len();
        platter.files.push(DiskFile { octets: octets.to_vec(), is_flushed: false });
        platter.names.insert(name.to_owned(), number);
        Ok(())
    }

    fn flush(&mut self, name: &str) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        let file = platter.names.get(name).copied().ok_or(io::ErrorKind::NotFound)?;
        platter.files[file].is_flushed = true;
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        let file = platter.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        platter.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.flushed_names = platter.names.clone();
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.0.borrow_mut().names.remove(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed_without_flush() -> Disk {
        let mut disk = Disk::default();
        disk.write("a", b"old").unwrap();
        disk.flush("a").unwrap();
        disk.flush_names().unwrap();
        disk.write("a.new", b"newer").unwrap();
        disk.rename("a.new", "a").unwrap();
        disk
    }

    #[test]
    fn what_was_not_flushed_is_lost_or_torn() {
        let (lost, torn) = (renamed_without_flush(), renamed_without_flush());

        lost.lose_power(Survival::Flushed);
        torn.lose_power(Survival::Torn);

        assert_eq!(lost.read("a").unwrap().unwrap(), b"old");
        assert_eq!(torn.read("a").unwrap().unwrap(), b"ne", "a rename overtakes content that was not flushed");
    }
}
