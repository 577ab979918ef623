//! Checks on when reports come: inside their window, and each Device at a moment of its own ([FU-AF-2]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::capture::{Sight, Timeline};
use crate::spec::Timestamp;

use super::Outcome;
use super::reports::{Report, own_reports};

/// How probable it may be that a conformant population is taken for one with a common delay.
const RISK: f64 = 1e-6;
/// What a busy host may add to the difference between two equal delays.
const JITTER: Duration = Duration::from_millis(20);

/// The delay of one report, counted from the end of transmission.
struct Delay {
    device: String,
    report: Report,
    /// From the earliest moment that a reading of the profile allows; `None` when the report came before that.
    from_first: Option<Duration>,
    /// From the latest.
    from_last: Duration,
}

/// When the transmission of a campaign ended for a Device: the earliest and the latest moment that a reading of the
/// profile (section 3, "End of transmission") allows. Packets that the air kept from the Device are not on its lane.
fn end_of_transmission(timeline: &Timeline, device: &str, campaign: &str) -> Option<(Timestamp, Timestamp)> {
    // A forger may have announced the same campaign with a session of its own.
    let sessions: BTreeSet<u64> = timeline
        .on(device)
        .filter_map(|sighting| match &sighting.what {
            Sight::Notification(notification) => {
                let said = &notification.announcement.as_ref().ok()?.announcement;
                (said.campaign.as_str() == campaign).then_some(said.delivery.tsi.get())
            }
            _ => None,
        })
        .collect();
    let ends = sessions.into_iter().filter_map(|session| end_of_session(timeline, device, session));
    ends.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

fn end_of_session(timeline: &Timeline, device: &str, session: u64) -> Option<(Timestamp, Timestamp)> {
    let mut objects: BTreeMap<u128, Timestamp> = BTreeMap::new();
    let mut closed = None;
    for sighting in timeline.on(device) {
        let (tsi, closes) = match sighting.what {
            Sight::Symbol { tsi, toi, close_object, close_session, .. } => {
                if tsi == session && close_object {
                    objects.entry(toi).or_insert(sighting.at);
                }
                (tsi, close_session)
            }
            Sight::Fdt { tsi, close_session, .. } => (tsi, close_session),
            Sight::CloseSession { tsi } => (tsi, true),
            _ => continue,
        };
        if tsi == session && closes {
            closed = Some(sighting.at);
            break;
        }
    }
    let closed = closed?;
    let objects_closed = objects.into_values().max().unwrap_or(closed);
    Some((objects_closed.min(closed), closed))
}

/// The delays of every report of `devices` that the scenario is about.
fn delays(timeline: &Timeline, devices: &[String]) -> Result<Vec<Delay>, Outcome> {
    let mut delays = Vec::new();
    for device in devices {
        let reports = own_reports(timeline, device);
        if reports.is_empty() {
            return Err(Outcome::fail(format!("Device {device} sent no report"), "one report of each Device"));
        }
        for report in reports {
            let Some((first, last)) = end_of_transmission(timeline, device, &report.campaign) else {
                let observed = format!(
                    "the recording shows Device {device} no end of transmission of campaign `{}`",
                    report.campaign
                );
                return Err(Outcome::inconclusive(observed, "a closing packet").at(report.packet, report.at));
            };
            delays.push(Delay {
                device: device.clone(),
                from_first: (report.at >= first).then(|| report.at.since(first)),
                from_last: report.at.since(last),
                report,
            });
        }
    }
    Ok(delays)
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

pub(super) fn window(
    timeline: &Timeline,
    devices: &[String],
    earliest: Duration,
    latest: Duration,
    tolerance: Duration,
) -> Outcome {
    let accepted = format!("{} to {} ms after the end of transmission", earliest.as_millis(), latest.as_millis());
    let delays = match delays(timeline, devices) {
        Ok(delays) => delays,
        Err(outcome) => return outcome,
    };
    for Delay { device, report, from_first, from_last } in &delays {
        let observed = match from_first {
            None => format!("Device {device} reported before it"),
            Some(delay) => format!("Device {device} reported {:.1} ms after it", millis(*delay)),
        };
        let is_early = from_first.is_none_or(|delay| delay < earliest);
        if is_early || *from_last > latest + tolerance {
            return Outcome::fail(observed, accepted).at(report.packet, report.at);
        }
    }
    let last = delays.iter().max_by_key(|delay| delay.from_last);
    let Some(last) = last else { return Outcome::inconclusive("no Device to look at", accepted) };
    Outcome::pass(format!("{} reports, the last {:.1} ms after it", delays.len(), millis(last.from_last)))
        .at(last.report.packet, last.report.at)
}

/// How far apart the delays of `count` Devices lie, but for one case in [`RISK`], when each is drawn evenly from `window`.
///
/// Of `n` draws from 0 to 1, all lie within `r` with a probability below `n * r^(n-1)`.
fn least_range(count: usize, window: Duration) -> Duration {
    let n = count as f64;
    window.mul_f64((RISK / n).powf(1.0 / (n - 1.0)).clamp(0.0, 1.0))
}

pub(super) fn spread(timeline: &Timeline, devices: &[String], window: Duration) -> Outcome {
    let delays = match delays(timeline, devices) {
        Ok(delays) => delays,
        Err(outcome) => return outcome,
    };
    let count = delays.len();
    let least = if count < 2 { Duration::ZERO } else { least_range(count, window) };
    let accepted = format!("delays over at least {:.0} ms of a window of {:.0} ms", millis(least), millis(window));
    let spans = || delays.iter().map(|delay| delay.from_first.unwrap_or_default());
    let (first, last) = (spans().min().unwrap_or_default(), spans().max().unwrap_or_default());
    let observed = format!("{count} delay(s) from {:.1} to {:.1} ms", millis(first), millis(last));
    if least <= JITTER {
        let observed = format!("{observed}: too few, or too short a window, to tell chance from a common delay");
        return Outcome::inconclusive(observed, accepted);
    }
    if last - first < least { Outcome::fail(observed, accepted) } else { Outcome::pass(observed) }
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
        assert!(least_range(12, window) > 3 * JITTER);
        assert!(least_range(2, window) < JITTER);
    }
}
