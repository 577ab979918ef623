//! How often an adapter broke off, and when that is too often.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

/// How often an adapter may break off: with the last of these, its role is over.
pub(super) const MOST: u32 = 3;

/// The processes of an adapter that ended without being asked to.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    count: AtomicU32,
    out: Notify,
}

impl Strikes {
    /// Counts one more.
    pub(super) fn count(&self) {
        if self.count.fetch_add(1, Ordering::SeqCst) + 1 >= MOST {
            self.out.notify_waiters();
        }
    }

    /// How many there were.
    pub(super) fn so_far(&self) -> u32 {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether there were too many.
    pub(super) fn is_out(&self) -> bool {
        self.so_far() >= MOST
    }

    /// Completes when there were too many.
    pub(super) async fn out(&self) {
        let out = self.out.notified();
        if !self.is_out() {
            out.await;
        }
    }
}
