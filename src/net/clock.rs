//! The one place where clocks are read.
//!
//! Cores take the time as an argument. Whoever drives a core over real sockets holds a [`Clock`], asks it for the time
//! of each event, and waits with [`Clock::sleep_until`] for the moment that the core named itself.

use std::time::{Duration, Instant, SystemTime};

use crate::spec::Timestamp;

/// How often the clocks are read again where the readings lie apart.
const READINGS: u32 = 4;
/// Readings that lie less apart are as good as one.
const TIGHT: Duration = Duration::from_micros(20);

/// A monotonic clock that was anchored to the wall clock once.
///
/// It never runs backwards, whatever happens to the wall clock meanwhile, and still compares with times that came over
/// the wire. Copies agree with each other exactly, so a whole stage shares one.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    anchor: Instant,
    /// What the host's clock showed then.
    host: Timestamp,
    /// What this one showed then; not the same once it is set ahead or back.
    shown: Timestamp,
}

impl Clock {
    /// A clock that shows the wall clock's time now.
    #[expect(clippy::disallowed_methods, reason = "the one place where clocks are read")]
    pub fn start() -> Self {
        // Two clocks are read one after the other: of a few readings the tightest is taken, since the host may keep this thread
        // from its processor between two.
        let read = || {
            let (before, wall, after) = (Instant::now(), SystemTime::now(), Instant::now());
            (after.duration_since(before), before, wall)
        };
        let mut tightest = read();
        for _ in 0..READINGS {
            if tightest.0 < TIGHT {
                break;
            }
            tightest = tightest.min(read());
        }
        let (_, anchor, wall) = tightest;
        // A wall clock before 1970 reads as the epoch: the clock is then wrong, but still monotonic.
        let host = Timestamp::default() + wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { anchor, host, shown: host }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.shown + self.anchor.elapsed()
    }

    /// The same clock set forward by `by`: that of a Device whose idea of the time is ahead.
    #[must_use]
    pub fn advanced(self, by: Duration) -> Self {
        Self { shown: self.shown + by, ..self }
    }

    /// The same clock set back by `by`: that of a Device whose idea of the time is behind.
    #[must_use]
    pub fn delayed(self, by: Duration) -> Self {
        Self { shown: self.shown - by, ..self }
    }

    /// By how many milliseconds it was set ahead of the host's clock; negative is behind.
    pub fn ahead_ms(self) -> i64 {
        millis_between(self.host, self.shown)
    }

    /// By how many milliseconds the host's clock was set forward since this one was started; negative is back.
    ///
    /// This clock does not follow, so it no longer agrees with processes that read the host's.
    pub fn host_set_by_ms(self) -> i64 {
        let fresh = Self::start();
        millis_between(self.host + fresh.anchor.saturating_duration_since(self.anchor), fresh.host)
    }

    /// The clock that this one was before it was set ahead or back.
    #[must_use]
    pub fn unset(self) -> Self {
        Self { shown: self.host, ..self }
    }

    /// Waits until this clock shows `when`, which returns at once when it already does.
    ///
    /// It serves a core's `poll_timeout`, in a `select!` with the sockets. It is not for passing time: a test waits for
    /// a condition instead. A time too far away to be represented never comes.
    pub async fn sleep_until(self, when: Timestamp) {
        match self.anchor.checked_add(when.since(self.shown)) {
            Some(instant) => tokio::time::sleep_until(tokio::time::Instant::from_std(instant)).await,
            None => std::future::pending().await,
        }
    }
}

/// From the first time to the second in whole milliseconds, to the nearest; negative when the second is the earlier one.
fn millis_between(from: Timestamp, to: Timestamp) -> i64 {
    let nanos = i128::from(to.as_nanos()) - i128::from(from.as_nanos());
    let half = nanos.signum() * 500_000;
    i64::try_from((nanos + half) / 1_000_000).expect("64 bits of nanoseconds are fewer milliseconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_never_runs_backwards() {
        let clock = Clock::start();

        let times: Vec<_> = (0..1_000).map(|_| clock.now()).collect();

        assert!(times.is_sorted());
    }

    #[test]
    fn a_clock_shows_the_time_of_the_wall_clock() {
        let file = tempfile::tempfile().unwrap();
        let written = file.metadata().unwrap().modified().unwrap();

        let now = Clock::start().now().to_system_time();

        // The kernel stamps files with the time of its last tick, so a file is never newer than the clock.
        assert!(now.duration_since(written).unwrap() < Duration::from_secs(60));
    }

    #[test]
    fn an_advanced_clock_is_ahead_by_exactly_that_much() {
        let hour = Duration::from_secs(3600);
        let clock = Clock::start();

        let ahead = clock.advanced(hour);

        let earlier = clock.now();
        assert_eq!(ahead.shown.since(clock.shown), hour);
        assert!(ahead.now().since(earlier) >= hour);
        assert_eq!(ahead.delayed(hour).shown, clock.shown);
        assert_eq!((ahead.ahead_ms(), clock.delayed(hour).ahead_ms()), (3_600_000, -3_600_000));
        assert_eq!([ahead.unset().shown, clock.delayed(hour).unset().shown], [clock.shown; 2]);
    }

    #[test]
    fn a_host_whose_clock_was_set_is_noticed_whatever_this_one_shows() {
        let hour = Duration::from_secs(3600);
        let clock = Clock::start();
        // As one that was started when the host's clock was an hour behind.
        let outdated = Clock { host: clock.host - hour, ..clock };

        // A host may be set by itself while this runs, if by little.
        let is_about = |set_by: i64, expected: i64| (set_by - expected).abs() < 1_000;
        assert!(is_about(clock.host_set_by_ms(), 0));
        assert!(is_about(clock.delayed(hour).host_set_by_ms(), 0));
        assert!(is_about(outdated.host_set_by_ms(), 3_600_000));
    }

    #[tokio::test]
    async fn sleep_until_ends_when_the_clock_shows_that_time() {
        let clock = Clock::start();
        let when = clock.now() + Duration::from_millis(20);

        tokio::time::timeout(Duration::from_secs(5), clock.sleep_until(when)).await.unwrap();

        assert!(clock.now() >= when);
    }

    #[tokio::test]
    async fn sleep_until_a_past_time_returns_at_once() {
        let clock = Clock::start().advanced(Duration::from_secs(3600));

        let woke = tokio::time::timeout(Duration::from_secs(5), clock.sleep_until(Timestamp::from_millis(1))).await;

        assert!(woke.is_ok());
    }

    #[tokio::test]
    async fn the_end_of_time_never_comes() {
        let clock = Clock::start();

        let woke =
            tokio::time::timeout(Duration::from_millis(20), clock.sleep_until(Timestamp::from_nanos(u64::MAX))).await;

        assert!(woke.is_err());
    }
}
