//! A medium that loses its power at a moment that was chosen before.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use super::medium::Medium;

/// When the power is lost; copies are the same fuse.
#[derive(Debug, Clone, Default)]
pub struct Fuse(Rc<State>);

#[derive(Debug, Default)]
struct State {
    /// Operations that still succeed; `None` without a bound.
    left: Cell<Option<u64>>,
    /// The power is lost in the middle of the write of the next file whose name begins like one of these.
    at_write: Cell<Option<&'static [&'static str]>>,
    /// The power is lost once the next file whose name begins like one of these has its name.
    after_rename: Cell<Option<&'static [&'static str]>>,
    /// Operations so far.
    done: Cell<u64>,
    is_blown: Cell<bool>,
}

impl Fuse {
    /// Lets so many operations succeed from now on.
    pub fn blow_after(&self, operations: u64) {
        self.0.left.set(Some(operations));
    }

    /// Blows in the middle of the write of the next file whose name begins like one of these.
    pub fn blow_while_writing(&self, beginnings: &'static [&'static str]) {
        self.0.at_write.set(Some(beginnings));
    }

    /// Blows when the next file whose name begins like one of these is complete and has its name, before anything else is done.
    pub fn blow_once_written(&self, beginnings: &'static [&'static str]) {
        self.0.after_rename.set(Some(beginnings));
    }

    /// Whether the power is lost.
    pub fn is_blown(&self) -> bool {
        self.0.is_blown.get()
    }

    /// Operations that have succeeded.
    pub fn operations(&self) -> u64 {
        self.0.done.get()
    }

    /// A new fuse in place of the old one, which blows by itself no more.
    pub fn mend(&self) {
        self.0.left.set(None);
        self.0.at_write.set(None);
        self.0.after_rename.set(None);
        self.0.is_blown.set(false);
    }

    fn blow(&self) -> io::Error {
        self.0.is_blown.set(true);
        io::Error::other("the power is lost")
    }

    fn pass(&self) -> io::Result<()> {
        let left = self.0.left.get();
        if self.is_blown() || left == Some(0) {
            return Err(self.blow());
        }
        self.0.left.set(left.map(|left| left - 1));
        self.0.done.set(self.0.done.get() + 1);
        Ok(())
    }
}

fn begins(name: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}

/// A medium behind a fuse; a medium without power can be read no more than written.
#[derive(Debug)]
pub struct Interrupted<M> {
    medium: M,
    fuse: Fuse,
}

impl<M> Interrupted<M> {
    /// Puts a fuse in front of a medium.
    pub fn new(medium: M, fuse: Fuse) -> Self {
        Self { medium, fuse }
    }
}

impl<M: Medium> Medium for Interrupted<M> {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        if self.fuse.is_blown() { Err(self.fuse.blow()) } else { self.medium.read(name) }
    }

    fn write(&mut self, name: &str, octets: &[u8]) -> io::Result<()> {
        if self.fuse.0.at_write.get().is_some_and(|beginnings| begins(name, beginnings)) {
            self.medium.write(name, &octets[..octets.len() / 2])?;
            return Err(self.fuse.blow());
        }
        self.fuse.pass()?;
        self.medium.write(name, octets)
    }

    fn flush(&mut self, name: &str) -> io::Result<()> {
        self.fuse.pass()?;
        self.medium.flush(name)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.fuse.pass()?;
        self.medium.rename(from, to)?;
        if self.fuse.0.after_rename.get().is_some_and(|beginnings| begins(to, beginnings)) {
            return Err(self.fuse.blow());
        }
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        self.fuse.pass()?;
        self.medium.flush_names()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.fuse.pass()?;
        self.medium.remove(name)
    }
}
