//! Want of descriptors or memory in this process: the host's trouble, which must never convict anybody.
//!
//! Sockets are opened in many places, and most of them answer a failure as the network's own: a POST that fails is tried
//! again, a connection that cannot be taken waits. So each place tells here what it met, and whoever judges asks whether
//! anything was met meanwhile.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// Error numbers of Linux: `ENOMEM`, `ENFILE`, `EMFILE` and `ENOBUFS`.
const SHORTAGES: [i32; 4] = [12, 23, 24, 105];

static MET: AtomicU64 = AtomicU64::new(0);

/// Notes `error` if it tells of a shortage.
pub fn note(error: &io::Error) {
    if error.raw_os_error().is_some_and(|number| SHORTAGES.contains(&number)) {
        MET.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often this process met a shortage so far.
pub fn met() -> u64 {
    MET.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_are_counted_and_other_errors_are_not() {
        let before = met();

        note(&io::Error::from_raw_os_error(111));
        note(&io::ErrorKind::NotFound.into());
        let unmoved = met() - before;
        note(&io::Error::from_raw_os_error(24));

        assert_eq!((unmoved, met() - before), (0, 1));
    }
}
