//! What a Device's storage stands on: memory that outlives the Device, and a disk whose power can be lost.

use std::cell::RefCell;
use std::rc::Rc;

use castproof::device::{Disk, Fuse, Interrupted, SafeStorage, Storage, StorageError, Survival};
use castproof::spec::{CampaignId, Timestamp};

/// A storage that outlives its Device.
#[derive(Clone)]
pub(crate) struct Kept(pub(crate) Rc<RefCell<dyn Storage>>);

impl Storage for Kept {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.borrow().read(name)
    }
    fn replace(&mut self, name: &str, octets: &[u8]) -> Result<(), StorageError> {
        self.0.borrow_mut().replace(name, octets)
    }
    fn remove(&mut self, name: &str) -> Result<(), StorageError> {
        self.0.borrow_mut().remove(name)
    }
    fn has_room_for(&self, size: u64) -> bool {
        self.0.borrow().has_room_for(size)
    }
    fn limit(&mut self, largest: Option<u64>) {
        self.0.borrow_mut().limit(largest);
    }
}

/// A disk, the fuse in front of it, and what became of them.
pub(crate) struct Supply {
    pub(crate) disk: Disk,
    pub(crate) fuse: Fuse,
    survival: Survival,
    /// The campaign in the middle of which it is lost.
    pub(crate) campaign: CampaignId,
    /// When the power was lost, and whether the server had a report by then.
    pub(crate) losses: Vec<(Timestamp, bool)>,
}

impl Supply {
    pub(crate) fn new(survival: Survival, campaign: CampaignId) -> Self {
        Self { disk: Disk::default(), fuse: Fuse::default(), survival, campaign, losses: Vec::new() }
    }

    /// A storage on the disk.
    pub(crate) fn storage(&self) -> Kept {
        Kept(Rc::new(RefCell::new(SafeStorage::on(Interrupted::new(self.disk.clone(), self.fuse.clone())))))
    }

    /// Whether the power is lost.
    pub(crate) fn is_out(&self) -> bool {
        self.fuse.is_blown()
    }

    /// Gives the power back, and what the disk has left.
    pub(crate) fn restore(&mut self, now: Timestamp, has_reported: bool) -> Kept {
        self.losses.push((now, has_reported));
        self.disk.lose_power(self.survival);
        self.fuse.mend();
        self.storage()
    }
}
