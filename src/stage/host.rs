//! The host under a scenario: what it adds to every time, and what it lacks. It is watched so that it convicts nobody.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{AbortHandle, spawn_local};

use crate::judge::HANDS;
use crate::net::{Clock, shortage};
use crate::provider::BroadcastPlan;
use crate::spec::Timestamp;

use super::air::MembershipSample;

/// How often the host is asked whether it keeps time.
const HEARTBEAT: Duration = Duration::from_millis(5);

/// How much longer than on a calm host a wait may take.
const MOST_SLOWNESS: u32 = 6;

/// A timer that is late by less has been held up by nobody.
const NOTABLE: Duration = Duration::from_millis(2);
/// How many late timers are remembered: those of several minutes.
const MOST_LATE: usize = 100_000;

/// From how many milliseconds on two clocks do not agree: fewer than the spans that scenarios tell apart.
const CLOCKS_APART_MS: u64 = 20;

/// Whether nothing can be concluded since the host's clock was set by so many milliseconds in the course of a scenario, by
/// which a subject in a process of its own goes.
fn doubt_of_clock(set_by_ms: i64) -> Option<String> {
    let is_apart = set_by_ms.unsigned_abs() >= CLOCKS_APART_MS;
    is_apart.then(|| format!("the clock of this host was set by {set_by_ms} ms in the course of the scenario"))
}

/// A timer that was late.
#[derive(Debug, Clone, Copy)]
struct Late {
    at: Timestamp,
    by: Duration,
}

/// What the heartbeat has found.
struct Pulse {
    clock: Clock,
    late: RefCell<Vec<Late>>,
    beats: Cell<u32>,
    /// The most by which the host's clock was seen to have been set, in milliseconds: it may be set back again.
    set_by: Cell<i64>,
}

/// Watches from its opening until it is dropped.
pub(super) struct HostWatch {
    pulse: Rc<Pulse>,
    heart: AbortHandle,
    shortages_before: u64,
    /// How many times longer than usual everything may take.
    scale: f64,
}

impl Drop for HostWatch {
    fn drop(&mut self) {
        self.heart.abort();
    }
}

impl HostWatch {
    /// Watches from now on; must be called within a [`tokio::task::LocalSet`].
    pub(super) fn open(clock: Clock) -> Self {
        let pulse = Rc::new(Pulse { clock, late: RefCell::default(), beats: Cell::new(0), set_by: Cell::new(0) });
        let heart = spawn_local(beat(pulse.clone())).abort_handle();
        Self { pulse, heart, shortages_before: shortage::met(), scale: 1.0 }
    }

    /// The same watch over subjects that take so many times longer.
    pub(super) fn slowed(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// Patience that begins now and lasts `within` on a calm host.
    ///
    /// It is counted in heartbeats, so it does not run out while this process gets no time to do what is waited for.
    pub(super) fn patience(&self, now: Timestamp, within: Duration) -> Patience {
        let within = within.mul_f64(self.scale);
        Patience { until: self.time() + within, at_last: now + within * MOST_SLOWNESS }
    }

    /// Whether patience has run out.
    pub(super) fn is_over(&self, patience: Patience, now: Timestamp) -> bool {
        self.time() >= patience.until || now >= patience.at_last
    }

    /// The time that passed while this process could work.
    fn time(&self) -> Duration {
        HEARTBEAT * self.pulse.beats.get()
    }

    /// The longest that a timer was kept waiting beyond its time.
    pub(super) fn lag(&self) -> Duration {
        self.pulse.late.borrow().iter().map(|late| late.by).max().unwrap_or_default()
    }

    /// The mean of the longest waits of timers that ended after `begin` and had begun by `end`, one for each of the
    /// [`HANDS`] through which a message passes, as one stall holds it up only once.
    pub(super) fn mean_lag_between(&self, begin: Timestamp, end: Timestamp) -> Duration {
        let late = self.pulse.late.borrow();
        let is_between = |late: &&Late| late.at >= begin && late.at <= end + late.by;
        let mut waits: Vec<Duration> = late.iter().filter(is_between).map(|late| late.by).collect();
        waits.sort_unstable();
        waits.iter().rev().take(HANDS as usize).sum::<Duration>() / HANDS
    }

    /// Whether this host may have kept a Device from joining in time, given who was a member: a sample for each table, and
    /// one for the end of each session.
    ///
    /// It may where timers were late and a Device joined a session after its first table, or where they were so late that
    /// one of those `concerned` may have missed the whole of a session and was never seen to join it. Sessions count one by
    /// one: who missed a campaign that comes round once is there for the roll call all the same.
    ///
    /// `starved` is how long a subject of another process waited for a processor.
    pub(super) fn doubt_of_timing(
        &self,
        samples: &[MembershipSample],
        concerned: &[&str],
        starved: Duration,
    ) -> Option<String> {
        let usual = BroadcastPlan::default();
        let lag = self.lag().max(starved);
        let joined_late = || {
            samples.iter().find_map(|later| {
                let first = samples.iter().find(|sample| sample.tsi == later.tsi)?;
                later.joined.difference(&first.joined).next()
            })
        };
        let never_joined = || {
            let sessions: BTreeSet<Option<u64>> = samples.iter().map(|sample| sample.tsi).collect();
            let was_in = |session: Option<u64>, name: &str| {
                samples.iter().any(|sample| sample.tsi == session && sample.joined.contains(name))
            };
            let was_in_all = |name: &str| !sessions.is_empty() && sessions.iter().all(|session| was_in(*session, name));
            concerned.iter().find(|name| !was_in_all(name))
        };
        let device = if lag > usual.lead + usual.cycle_gap {
            joined_late().cloned().or_else(|| never_joined().map(|name| (*name).to_owned()))
        } else {
            joined_late().filter(|_| lag > usual.lead / 2).cloned()
        }?;
        let (lag, starved) = (self.lag().as_millis(), starved.as_millis());
        let so = format!("so Device {device} may not have joined in time");
        Some(match starved > lag {
            true => format!("this host kept a processor from the adapter for up to {starved} ms, {so}"),
            false => format!("timers of this host came up to {lag} ms late, {so}"),
        })
    }

    /// Whether the host's clock was set since the watch began, by which a subject in a process of its own goes.
    pub(super) fn doubt_of_clock(&self) -> Option<String> {
        self.pulse.look_at_clock();
        doubt_of_clock(self.pulse.set_by.get())
    }

    /// Whether this process ran short of what sockets and files need.
    pub(super) fn doubt_of_means(&self) -> Option<String> {
        let is_short = shortage::met() > self.shortages_before;
        is_short.then(|| "this process ran short of open files; `ulimit -n` and --jobs decide".to_owned())
    }
}

/// How long something is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    until: Duration,
    at_last: Timestamp,
}

/// Measures how late timers are on this host: what it adds to every time that is observed.
///
/// Only timers that were notably late are kept, and no more of them than beats fit into the longest scenario.
async fn beat(pulse: Rc<Pulse>) {
    let clock = pulse.clock;
    loop {
        let due = clock.now() + HEARTBEAT;
        clock.sleep_until(due).await;
        let at = clock.now();
        let by = at.since(due);
        if by > NOTABLE && pulse.late.borrow().len() < MOST_LATE {
            pulse.late.borrow_mut().push(Late { at, by });
        }
        pulse.look_at_clock();
        pulse.beats.set(pulse.beats.get().saturating_add(1));
    }
}

impl Pulse {
    fn look_at_clock(&self) {
        self.remember(self.clock.host_set_by_ms());
    }

    /// Keeps the larger of two steps of the host's clock.
    fn remember(&self, set_by: i64) {
        if set_by.unsigned_abs() > self.set_by.get().unsigned_abs() {
            self.set_by.set(set_by);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;

    #[test]
    fn a_clock_that_was_set_forward_or_back_is_doubted_and_one_that_was_trimmed_is_not() {
        let doubts = [-3_600_000, -20, -3, 0, 19, 20].map(|set_by| doubt_of_clock(set_by).is_some());

        assert_eq!(doubts, [true, true, false, false, false, true]);
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_again_was_set_all_the_same() {
        let local = LocalSet::new();
        let doubt = local.run_until(async {
            let watch = HostWatch::open(Clock::start());
            [3, -3_600_000, 0, 40].into_iter().for_each(|set_by| watch.pulse.remember(set_by));
            watch.doubt_of_clock()
        });

        assert!(doubt.await.unwrap().contains("was set by -3600000 ms"));
    }

    /// Lets nothing else run for 60 milliseconds.
    fn stand_still(clock: Clock) {
        let end = clock.now() + Duration::from_millis(60);
        while clock.now() < end {
            std::hint::spin_loop();
        }
    }

    fn sample(tsi: u64, joined: &[&str]) -> MembershipSample {
        let joined = joined.iter().map(|name| (*name).to_owned()).collect();
        MembershipSample { at: Timestamp::default(), tsi: Some(tsi), at_end: false, joined }
    }

    #[tokio::test]
    async fn only_what_held_the_host_up_while_reports_were_under_way_counts() {
        let watched = async {
            let clock = Clock::start();
            let watch = HostWatch::open(clock);
            let begin = clock.now();
            let at = |millis| begin + Duration::from_millis(millis);
            let lag =
                |until, by| watch.pulse.late.borrow_mut().push(Late { at: at(until), by: Duration::from_millis(by) });
            for (until, by) in [(90, 300), (150, 60), (480, 90), (550, 60), (700, 600), (900, 300)] {
                lag(until, by);
            }
            [(100, 500), (560, 600), (901, 1000)].map(|(from, to)| watch.mean_lag_between(at(from), at(to)).as_millis())
        };

        // The longest three in each: 600, 90 and 60; 600 and 300; none.
        assert_eq!(LocalSet::new().run_until(watched).await, [250, 300, 0]);
    }

    #[tokio::test]
    async fn who_missed_a_session_is_doubted_though_it_joined_the_next() {
        let watched = async {
            let clock = Clock::start();
            let watch = HostWatch::open(clock);
            let lag =
                |span| watch.pulse.late.borrow_mut().push(Late { at: clock.now(), by: Duration::from_millis(span) });
            let missed = [sample(1, &["D2"]), sample(1, &[]), sample(2, &["D1", "D2"])];
            let after_the_table = [sample(1, &["D2"]), sample(1, &["D1"]), sample(2, &["D1", "D2"])];
            let doubted =
                |samples: &[MembershipSample]| watch.doubt_of_timing(samples, &["D1"], Duration::ZERO).is_some();

            lag(21);
            let a_little_late = (doubted(&missed), doubted(&after_the_table));
            lag(61);
            let very_late = (doubted(&missed), watch.doubt_of_timing(&missed, &["D2"], Duration::ZERO).is_some());
            (a_little_late, very_late)
        };

        assert_eq!(LocalSet::new().run_until(watched).await, ((false, true), (true, false)));
    }

    #[tokio::test]
    async fn a_process_that_stands_still_is_noticed_and_a_calm_one_is_not_doubted() {
        let in_time = [sample(1, &["D1"]), sample(1, &["D1"])];
        let late = [sample(1, &[]), sample(1, &["D1"])];
        let watched = async {
            let clock = Clock::start();
            let watch = HostWatch::open(clock);
            let calm = watch.doubt_of_timing(&late, &[], Duration::ZERO).is_none();
            let is_starved = watch.doubt_of_timing(&late, &[], Duration::from_millis(21));
            assert!(
                is_starved.is_some_and(|doubt| doubt.contains("kept a processor from the adapter for up to 21 ms"))
            );
            // One beat is under way when everything stands still.
            clock.sleep_until(clock.now() + HEARTBEAT / 2).await;
            stand_still(clock);
            clock.sleep_until(clock.now() + HEARTBEAT).await;
            let patience = watch.patience(clock.now(), Duration::from_millis(50));
            stand_still(clock);
            clock.sleep_until(clock.now() + HEARTBEAT).await;
            let is_patient = !watch.is_over(patience, clock.now());
            assert!(watch.doubt_of_timing(&late, &["D1"], Duration::ZERO).is_some());
            assert!(watch.doubt_of_timing(&in_time, &["D1"], Duration::from_secs(1)).is_none());
            (
                calm && is_patient,
                watch.lag() >= Duration::from_millis(50),
                watch.doubt_of_timing(&[], &["D2"], Duration::ZERO).is_some(),
            )
        };

        assert_eq!(LocalSet::new().run_until(watched).await, (true, true, true));
    }
}
