//! Checks on when reports come: inside their window, and each Device at a moment of its own ([FU-AF-2]).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::capture::{Sight, Timeline};
use crate::spec::{Announcement, Delivery, Timestamp};
use crate::wire::mo::ReportedResult;

use super::readings::latest_result;
use super::reports::{Report, own_reports, without_report};
use super::{HANDS, Outcome};

/// How probable it may be that a conformant population fails one test by chance. A run may make twenty such tests until one
/// in a million runs gives a false alarm; the suite makes ten, two of them for each time that delays have to differ.
pub(super) const RISK: f64 = 5e-8;
/// What a host that keeps time may add to the difference between two equal delays.
pub(super) const JITTER: Duration = Duration::from_millis(20);

/// The delay of one report, counted from the end of transmission.
struct Delay {
    device: String,
    report: Report,
    end: End,
    /// From the earliest moment that a reading of the profile allows; `None` when the report came before that.
    from_first: Option<Duration>,
    /// From the latest.
    from_last: Duration,
}

/// When the transmission of a campaign ended for a Device.
#[derive(Clone, Copy)]
struct End {
    /// The earliest moment that a reading of the profile (section 3.2, "End of transmission") allows.
    first: Timestamp,
    /// Flag A, the latest moment for a Device that stays in the group.
    last: Timestamp,
    /// `Expires` of its file tables, the end for a Device that leaves the group before.
    expires: Option<Timestamp>,
}

impl End {
    /// The end that is right whichever of the two was meant.
    fn or(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            expires: self.expires.max(other.expires),
        }
    }
}

/// The end of the transmission of a report's campaign. Packets that the air kept from the Device are not on its lane.
fn end_of_transmission(timeline: &Timeline, device: &str, report: &Report) -> Option<End> {
    // A forger may have announced the same campaign with a session of its own.
    let announced: BTreeMap<u64, &Announcement> = timeline
        .on(device)
        .filter_map(|sighting| match &sighting.what {
            Sight::Notification(notification) => {
                let said = &notification.announcement.as_ref().ok()?.announcement;
                (said.campaign.as_str() == report.campaign).then_some((said.delivery.tsi.get(), said))
            }
            _ => None,
        })
        .collect();
    let is_success = ReportedResult::from_alert(&report.alert).is_ok_and(|result| result.is_success());
    let ends = announced.into_iter().filter_map(|(session, said)| {
        let closing = Closing::of(timeline, device, session)?;
        let first = closing.first(&said.delivery, is_success);
        Some(End { first, last: closing.session, expires: closing.expires })
    });
    ends.reduce(End::or)
}

/// How a FLUTE session closed, as a Device saw it.
struct Closing<'a> {
    /// Flag A.
    session: Timestamp,
    /// The first flag B of each object.
    objects: BTreeMap<u128, Timestamp>,
    /// Content-Location to TOI.
    files: BTreeMap<&'a str, u128>,
    /// The last `Expires`.
    expires: Option<Timestamp>,
}

impl<'a> Closing<'a> {
    fn of(timeline: &'a Timeline, device: &str, session: u64) -> Option<Self> {
        let (mut objects, mut files, mut expires) = (BTreeMap::new(), BTreeMap::new(), None);
        for sighting in timeline.on(device) {
            let (tsi, closes) = match &sighting.what {
                Sight::Symbol { tsi, toi, close_object, close_session, .. } => {
                    if *tsi == session && *close_object && *toi != 0 {
                        objects.entry(*toi).or_insert(sighting.at);
                    }
                    (*tsi, *close_session)
                }
                Sight::Fdt { tsi, fdt, close_session, .. } => {
                    if *tsi == session {
                        expires = expires.max(Some(fdt.expires_at()));
                        files.extend(fdt.files.iter().map(|file| (file.location.as_str(), file.toi)));
                    }
                    (*tsi, *close_session)
                }
                Sight::CloseSession { tsi } => (*tsi, true),
                _ => continue,
            };
            if tsi == session && closes {
                return Some(Self { session: sighting.at, objects, files, expires });
            }
        }
        // A session that is never closed is over when its table expires.
        expires.map(|at| Self { session: at, objects, files, expires })
    }

    /// The earliest end. Flag B ends a transmission when every object that the Device wants has had it, and which ones it
    /// wants the recording does not tell: without room for the package it wants the Command alone. Only a Device that
    /// succeeded must have wanted both, where there is one package to choose from.
    fn first(&self, delivery: &Delivery, is_success: bool) -> Timestamp {
        let objects = std::iter::once(&delivery.command).chain(&delivery.packages);
        let tois: Option<Vec<u128>> = objects.map(|object| self.files.get(object.location.as_str()).copied()).collect();
        let any = || self.objects.values().min().copied().unwrap_or(self.session);
        let first = match tois.filter(|_| is_success && delivery.packages.len() == 1) {
            // One without flag B is wanted up to flag A.
            Some(tois) => tois.iter().map(|toi| self.objects.get(toi).copied().unwrap_or(self.session)).max(),
            None => None,
        };
        first.unwrap_or_else(any).min(self.session)
    }
}

/// The delays of every report of `devices` that the scenario is about.
fn delays(timeline: &Timeline, devices: &[String], fence: &str) -> Result<Vec<Delay>, Outcome> {
    let mut delays = Vec::new();
    for device in devices {
        let reports = own_reports(timeline, device);
        if reports.is_empty() {
            return Err(without_report(timeline, device, fence, "one report of each Device"));
        }
        for report in reports {
            let Some(end) = end_of_transmission(timeline, device, &report) else {
                let observed = format!(
                    "the recording shows Device {device} no end of transmission of campaign `{}`",
                    report.campaign
                );
                return Err(Outcome::inconclusive(observed, "a closing packet").at(report.packet, report.at));
            };
            delays.push(Delay {
                device: device.clone(),
                end,
                from_first: (report.at >= end.first).then(|| report.at.since(end.first)),
                from_last: report.at.since(end.last),
                report,
            });
        }
    }
    Ok(delays)
}

pub(super) fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// The latest moment from which a conformant Device may have counted its back-off: the end of transmission, or its
/// result where that came later (profile section 5.7). `None` when nothing shows when it had its result.
fn latest_start(timeline: &Timeline, delay: &Delay, fence: &str) -> Option<Timestamp> {
    let result = latest_result(timeline, &delay.device, &delay.report.campaign, fence)?;
    Some(result.max(delay.end.last).max(delay.end.expires.unwrap_or_default()))
}

pub(super) fn window(
    timeline: &Timeline,
    devices: &[String],
    (earliest, latest): (Duration, Duration),
    tolerance: Duration,
    fence: &str,
) -> Outcome {
    let accepted = format!("{} to {} ms after the end of transmission", earliest.as_millis(), latest.as_millis());
    let delays = match delays(timeline, devices, fence) {
        Ok(delays) => delays,
        Err(outcome) => return outcome,
    };
    let mut doubt = None;
    for delay in &delays {
        let Delay { device, report, from_first, from_last, .. } = delay;
        let observed = match from_first {
            None => format!("Device {device} reported before it"),
            Some(delay) => format!("Device {device} reported {:.1} ms after it", millis(*delay)),
        };
        if from_first.is_none_or(|delay| delay < earliest) {
            return Outcome::fail(observed, accepted).at(report.packet, report.at);
        }
        if *from_last <= latest + tolerance {
            continue;
        }
        if latest_start(timeline, delay, fence).is_some_and(|start| report.at > start + latest + tolerance) {
            return Outcome::fail(observed, accepted).at(report.packet, report.at);
        }
        let observed = format!("{observed}, and nothing shows that it had its result early enough");
        doubt.get_or_insert(Outcome::inconclusive(observed, accepted.clone()).at(report.packet, report.at));
    }
    if let Some(outcome) = doubt {
        return outcome;
    }
    let last = delays.iter().max_by_key(|delay| delay.from_last);
    let Some(last) = last else { return Outcome::inconclusive("no Device to look at", accepted) };
    Outcome::pass(format!("{} reports, the last {:.1} ms after it", delays.len(), millis(last.from_last)))
        .at(last.report.packet, last.report.at)
}

/// How far apart the delays of `count` Devices lie, but for one case in [`RISK`], when each is drawn evenly from `window`.
///
/// Of `n` draws from 0 to 1, all lie within `r` with a probability below `n * r^(n-1)`.
pub(super) fn least_range(count: usize, window: Duration) -> Duration {
    let n = count as f64;
    window.mul_f64((RISK / n).powf(1.0 / (n - 1.0)).clamp(0.0, 1.0))
}

/// How many of `count` delays lie within `span` of each other in less than one case in [`RISK`], when each is drawn evenly
/// from `window`; `None` when even all of them may.
///
/// Of `n` draws from 0 to 1, some `k` lie within `r` with a probability below `n * C(n-1, k-1) * r^(k-1)`: one of them is
/// the first, and `k-1` others follow it within `r`.
fn crowd(count: usize, window: Duration, span: Duration) -> Option<usize> {
    let ratio = span.as_secs_f64() / window.as_secs_f64();
    let mut probability = count as f64;
    for k in 2..=count {
        probability *= ratio * (count + 1 - k) as f64 / (k - 1) as f64;
        if probability < RISK {
            return Some(k);
        }
    }
    None
}

pub(super) fn spread(timeline: &Timeline, devices: &[String], window: Duration, lag: Duration, fence: &str) -> Outcome {
    let delays = match delays(timeline, devices, fence) {
        Ok(delays) => delays,
        Err(outcome) => return outcome,
    };
    let count = delays.len();
    let least = if count < 2 { Duration::ZERO } else { least_range(count, window) };
    let accepted = format!(
        "delays over at least {:.0} ms of a window of {:.0} ms, and no crowd within {:.0} ms",
        millis(least),
        millis(window),
        millis(JITTER)
    );
    let mut spans: Vec<Duration> = delays.iter().map(|delay| delay.from_first.unwrap_or_default()).collect();
    spans.sort_unstable();
    let (first, last) = (spans.first().copied().unwrap_or_default(), spans.last().copied().unwrap_or_default());
    let observed = format!("{count} delay(s) from {:.1} to {:.1} ms", millis(first), millis(last));
    let Some(usual_crowd) = crowd(count, window, JITTER).filter(|_| least > JITTER) else {
        let observed = format!("{observed}: too few, or too short a window, to tell chance from a common delay");
        return Outcome::inconclusive(observed, accepted);
    };
    // The first delay of the first `size` that a calm host cannot tell apart.
    let heap_of = |size: usize| {
        let heaps = spans.windows(size).find(|spans| spans[size - 1] - spans[0] <= JITTER);
        heaps.map(|spans| spans[0])
    };
    // A host that stalls lets go at once what was due one after the other, and pulls apart what was due together, as far as
    // it may hold each hand up. What fails all the same has less room, or a larger crowd, than that explains.
    let pull = if lag > JITTER { lag * HANDS } else { Duration::ZERO };
    if last - first + pull < least {
        return Outcome::fail(observed, accepted);
    }
    if let Some((size, at)) = crowd(count, window, JITTER + pull).and_then(|size| Some((size, heap_of(size)?))) {
        let observed = format!("{observed}, {size} or more of them from {:.1} ms on", millis(at));
        return Outcome::fail(observed, accepted);
    }
    // What passes lies further apart than it may have been pulled, and not in one heap of three quarters or more beside a
    // few that a stall has cut off.
    let heap = if pull.is_zero() { usual_crowd } else { usual_crowd.max(count * 3 / 4) };
    if last - first >= least.max(JITTER + pull) && heap_of(heap).is_none() {
        return Outcome::pass(observed);
    }
    let observed = format!("{observed}, on a host that kept timers waiting for {:.1} ms", millis(lag));
    Outcome::held_up(observed, accepted)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_population_that_draws_evenly_is_not_taken_for_one_with_a_common_delay() {
        let window = Duration::from_millis(300);
        let mut random = ChaCha8Rng::seed_from_u64(7);

        let closest = (0..20_000).map(|_| {
            let drawn: Vec<f64> = (0..12).map(|_| random.random_range(0.0..300.0)).collect();
            drawn.iter().copied().fold(0.0, f64::max) - drawn.iter().copied().fold(300.0, f64::min)
        });

        assert!(closest.fold(300.0, f64::min) > millis(least_range(12, window)));
        assert!(least_range(12, window) > 2 * JITTER);
        assert!(least_range(2, window) < JITTER);
    }

    /// The largest crowd among delays in milliseconds.
    fn largest_crowd(mut delays: Vec<f64>) -> usize {
        delays.sort_by(f64::total_cmp);
        let within = |from: &f64| delays.iter().filter(|at| (0.0..=20.0).contains(&(**at - from))).count();
        delays.iter().map(within).max().unwrap_or_default()
    }

    #[test]
    fn a_population_that_draws_evenly_is_not_taken_for_a_crowd() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        for (count, millis, bound, tries) in [(12, 300, 10, 20_000), (20, 800, 10, 20_000), (200, 2000, 18, 1_000)] {
            let largest = (0..tries)
                .map(|_| largest_crowd((0..count).map(|_| random.random_range(0.0..millis as f64)).collect()));

            assert_eq!(crowd(count, Duration::from_millis(millis), JITTER), Some(bound));
            assert!(largest.max() < Some(bound), "{count} Devices");
        }
        let none =
            [(2, 300), (0, 300), (12, 0)].map(|(count, millis)| crowd(count, Duration::from_millis(millis), JITTER));
        assert_eq!(none, [None, None, None]);
    }

    #[test]
    fn two_hundred_devices_that_choose_among_ten_delays_are_a_crowd_and_no_rush() {
        let (window, span) = (Duration::from_millis(2000), Duration::from_millis(100));
        let mut random = ChaCha8Rng::seed_from_u64(7);

        let crowds = (0..1_000).map(|_| {
            let delays = (0..200).map(|_| f64::from(random.random_range(0..10) * 200));
            largest_crowd(delays.collect())
        });
        let crowds: Vec<usize> = crowds.collect();

        assert!(crowds.iter().all(|found| Some(*found) >= crowd(200, window, JITTER)));
        let rushes = crowds.iter().filter(|found| **found > crate::judge::peak_bound(200, window, span)).count();
        assert!(rushes < 10, "{rushes} of 1,000 are seen by their number already");
    }
}
