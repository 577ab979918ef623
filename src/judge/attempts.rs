//! Checks on attempts to report: how many, how long after each other, and at what rate they reach the server
//! ([FU-POST-1], [FU-GAP-4], [SC-NF-5]; profile section 5.7).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::capture::{Ending, Side, Sight, Timeline};
use crate::spec::Timestamp;
use crate::wire::syncml::{Command, Message, alert};

use super::delays::{JITTER, RISK, least_range, millis};
use super::reports::{all, answer_to, correlators_of_care, own_reports, without_report};
use super::share::least_successes;
use super::{HANDS, Outcome, ROLL_CALL};

/// Statuses for SyncHdr with which a server says that it is overloaded.
const OVERLOAD: [u16; 2] = [417, 503];
/// Delays that were drawn anew are long when they are above so many announced windows. Who does not double draws one at
/// most, and the rest is for what the host adds.
const UNDOUBLED: f64 = 1.5;

/// One attempt of a Device to report: a DM session, or a connection that never came to be one.
struct Attempt {
    /// When its connection was opened.
    at: Timestamp,
    packet: usize,
    /// How the server's side ended it, and between which two moments the Device has noticed.
    end: Option<(Timestamp, Timestamp, End)>,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// With an answer, or without.
    Usual,
    /// The server is overloaded, and asks not to come back before this is over.
    Overload(Duration),
}

/// A connection of the interaction channel.
struct Connection<'a> {
    opened: Timestamp,
    packet: usize,
    /// From when the Device may have noticed that it was over, and when it was.
    closed: Option<(Timestamp, Timestamp)>,
    requests: Vec<&'a Message>,
    answer: Option<(Timestamp, End)>,
}

/// The connections of a Device: those on which it sent a message, and those to the same end of the server.
fn connections<'a>(timeline: &'a Timeline, device: &str) -> Vec<Connection<'a>> {
    let mut found: BTreeMap<usize, (std::net::SocketAddr, Connection<'a>)> = BTreeMap::new();
    let mut servers = BTreeSet::new();
    for sighting in &timeline.sightings {
        match &sighting.what {
            Sight::ConnectionOpened { connection, server, .. } => {
                let fresh = Connection {
                    opened: sighting.at,
                    packet: sighting.frame,
                    closed: None,
                    requests: Vec::new(),
                    answer: None,
                };
                found.insert(*connection, (*server, fresh));
            }
            Sight::Request { connection, message, .. } => {
                let Some((server, known)) = found.get_mut(connection) else { continue };
                known.requests.push(message);
                if timeline.name_of(&message.header.source) == device {
                    servers.insert(*server);
                }
            }
            Sight::Response { connection, http_status, retry_after, message, .. } => {
                let Some((_, known)) = found.get_mut(connection) else { continue };
                let is_overload = message.as_ref().is_some_and(|message| says_overload(message));
                let end = match (*http_status == 503, is_overload) {
                    (true, _) => End::Overload(Duration::from_secs(retry_after.unwrap_or_default().into())),
                    (false, true) => End::Overload(Duration::ZERO),
                    (false, false) => End::Usual,
                };
                known.answer = Some((sighting.at, end));
            }
            Sight::ConnectionClosed { connection, how, .. } => {
                let Some((_, known)) = found.get_mut(connection) else { continue };
                known.closed = match how {
                    Ending::Reset(Side::Server) | Ending::Refused => Some((sighting.at, sighting.at)),
                    // A connection is over when both have closed it; the first close is not seen by itself.
                    Ending::Closed(Side::Server) => Some((known.opened, sighting.at)),
                    Ending::Reset(Side::Client) | Ending::Closed(Side::Client) => None,
                };
            }
            _ => {}
        }
    }
    found.into_values().filter(|(server, _)| servers.contains(server)).map(|(_, connection)| connection).collect()
}

fn says_overload(message: &Message) -> bool {
    message.body.iter().any(|command| match command {
        Command::Status(status) => status.cmd_ref == 0 && OVERLOAD.contains(&status.code),
        _ => false,
    })
}

/// The attempts of a Device to report what the scenario is about, in their order.
fn attempts_of(timeline: &Timeline, device: &str) -> Vec<Attempt> {
    let care = correlators_of_care(timeline, device);
    let is_own = |message: &Message| {
        message.body.iter().any(|command| match command {
            Command::Alert(found) if found.code == alert::GENERIC => {
                let campaign = found.correlator.as_deref().unwrap_or_default();
                !campaign.starts_with(ROLL_CALL) && !care.contains(campaign)
            }
            _ => false,
        })
    };
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut sessions: BTreeMap<&str, usize> = BTreeMap::new();
    for connection in connections(timeline, device) {
        let answered = connection.answer.map(|(at, end)| (at, at, end));
        let end = answered.or(connection.closed.map(|(from, at)| (from, at, End::Usual)));
        let session = connection.requests.first().map(|message| message.header.session_id.as_str());
        match session.map(|session| (session, sessions.get(session))) {
            Some((_, Some(known))) => {
                if let Some(attempt) = attempts.get_mut(*known) {
                    attempt.end = end.or(attempt.end);
                }
            }
            Some((session, None)) if connection.requests.iter().any(|message| is_own(message)) => {
                sessions.insert(session, attempts.len());
                attempts.push(Attempt { at: connection.opened, packet: connection.packet, end });
            }
            Some(_) => {}
            // Who has just connected may be about to say something.
            None if end.is_none() => {}
            None => attempts.push(Attempt { at: connection.opened, packet: connection.packet, end }),
        }
    }
    attempts
}

/// How many attempts to report a Device has made so far.
pub fn attempts_made(timeline: &Timeline, device: &str) -> usize {
    attempts_of(timeline, device).len()
}

pub(super) fn count(timeline: &Timeline, devices: &[String], expected: usize, fence: &str) -> Outcome {
    let accepted = format!("exactly {expected} attempt(s) of each Device to report");
    let mut last = None;
    for device in devices {
        let attempts = attempts_of(timeline, device);
        let observed = format!("Device {device} made {} attempt(s)", attempts.len());
        let is_fenced = answer_to(timeline, device, fence).is_some();
        if attempts.len() > expected || (attempts.len() < expected && is_fenced) {
            let outcome = Outcome::fail(observed, accepted);
            return match attempts.last() {
                Some(attempt) => outcome.at(attempt.packet, attempt.at),
                None => outcome,
            };
        }
        if !is_fenced {
            let observed = format!("{observed}, and did not answer the roll call after them");
            return Outcome::inconclusive(observed, accepted);
        }
        last = attempts.last().map(|attempt| (attempt.packet, attempt.at)).max(last);
    }
    let outcome = Outcome::pass(format!("{expected} attempt(s) of {}", all(devices)));
    match last {
        Some((packet, at)) => outcome.at(packet, at),
        None => outcome,
    }
}

/// A pause between two attempts.
struct Pause {
    /// From what ended the first to the second, at most, and at least.
    lasted: (Duration, Duration),
    /// The least that it has to last.
    least: Duration,
    /// What may be drawn on top of it: the window, doubled for each overload answer so far.
    drawn_from: Duration,
    packet: usize,
    at: Timestamp,
}

/// The window that is doubled with each overload answer: where there is none, the retry interval (profile section 5.7).
fn doubled_window(retry: Duration, window: Duration) -> Duration {
    if window.is_zero() { retry } else { window }
}

/// The pauses of a Device. After a failure it waits for the retry interval; after an overload answer it draws anew.
fn pauses(timeline: &Timeline, device: &str, retry: Duration, window: Duration) -> Vec<Pause> {
    let attempts = attempts_of(timeline, device);
    let mut drawn_from = doubled_window(retry, window);
    let mut pauses = Vec::new();
    for pair in attempts.windows(2) {
        let [failed, next] = pair else { continue };
        let Some((from, end, how)) = failed.end else { continue };
        let (least, extra) = match how {
            End::Usual => (retry, Duration::ZERO),
            End::Overload(least) => {
                drawn_from = drawn_from.saturating_mul(2);
                (retry.max(least), drawn_from)
            }
        };
        let lasted = (next.at.since(from), next.at.since(end));
        pauses.push(Pause { lasted, least, drawn_from: extra, packet: next.packet, at: next.at });
    }
    pauses
}

pub(super) fn retries(
    timeline: &Timeline,
    devices: &[String],
    (retry, window): (Duration, Duration),
    tolerance: Duration,
) -> Outcome {
    let mut count = 0;
    for device in devices {
        for pause in pauses(timeline, device, retry, window) {
            let most = pause.least + pause.drawn_from;
            let accepted =
                format!("the next attempt {:.0} to {:.0} ms after the failure", millis(pause.least), millis(most));
            let observed = format!("Device {device} tried again {:.1} ms after the failure", millis(pause.lasted.1));
            if pause.lasted.0 < pause.least || pause.lasted.1 > most + tolerance {
                return Outcome::fail(observed, accepted).at(pause.packet, pause.at);
            }
            count += 1;
        }
    }
    match count {
        // One attempt that goes well is followed by none.
        0 => Outcome::pass("no second attempt"),
        _ => Outcome::pass(format!("{count} further attempt(s), each when it was due")),
    }
}

/// Whether the pauses after overload answers are drawn anew, each Device for itself, from the doubled window.
///
/// Of `n` draws from 0 to 1, all lie within `r` with a probability below `n * r^(n-1)`; and that fewer than so many of them
/// are long happens in less than one case in [`RISK`] too. Some have to be, and not one alone, since a busy host lengthens a few.
pub(super) fn redraws(
    timeline: &Timeline,
    devices: &[String],
    (retry, window): (Duration, Duration),
    lag: Duration,
) -> Outcome {
    let of_device = |device: &String| pauses(timeline, device, retry, window);
    let overloaded: Vec<Pause> =
        devices.iter().flat_map(of_device).filter(|pause| !pause.drawn_from.is_zero()).collect();
    let drawn = |pause: &Pause| pause.lasted.0.saturating_sub(pause.least).as_secs_f64();
    let shares: Vec<f64> = overloaded.iter().map(|pause| drawn(pause) / pause.drawn_from.as_secs_f64()).collect();
    let (least, most) = (shares.iter().copied().fold(1.0, f64::min), shares.iter().copied().fold(0.0, f64::max));
    let range = least_range(shares.len(), Duration::from_secs(1)).as_secs_f64();
    let undoubled = doubled_window(retry, window).as_secs_f64() * UNDOUBLED;
    let long = overloaded.iter().filter(|pause| drawn(pause) > undoubled).count();
    let chances = overloaded.iter().map(|pause| (1.0 - undoubled / pause.drawn_from.as_secs_f64()).max(0.0));
    let enough = least_successes(chances, RISK);
    let accepted = format!(
        "{} draws spread over at least {range:.2} of their doubled windows, {enough} of them above {:.0} ms",
        shares.len(),
        undoubled * 1e3
    );
    let observed =
        format!("draws from {least:.2} to {most:.2} of the doubled windows, {long} above {:.0} ms", undoubled * 1e3);
    if enough == 0 {
        return Outcome::inconclusive(format!("{observed}: too few to tell chance from a rule"), accepted);
    }
    // As far as this host may have moved a pause, in parts of the shortest window. It lengthens them only, as an
    // answer is timed before it is passed on: so it excuses no draws that are all too short.
    let held_up = if lag * HANDS > JITTER { lag * HANDS } else { Duration::ZERO };
    let narrowest = overloaded.iter().map(|pause| pause.drawn_from).min().unwrap_or_default();
    let moved = held_up.div_duration_f64(narrowest);
    let outcome = if most - least >= range && long >= enough {
        Outcome::pass(observed)
    } else if most - least + 2.0 * moved >= range && long >= enough {
        let observed = format!("{observed}, on a host that kept timers waiting for {:.1} ms", millis(lag));
        Outcome::held_up(observed, accepted)
    } else {
        Outcome::fail(observed, accepted)
    };
    match overloaded.iter().map(|pause| (pause.packet, pause.at)).max() {
        Some((packet, at)) => outcome.at(packet, at),
        None => outcome,
    }
}

/// How many reports of `count` Devices may arrive within `span`, where each draws evenly from `window`: more come in less
/// than one case in a million, whichever of up to a thousand spans is looked at (mean + 6 roots of the mean + 6).
pub fn peak_bound(count: usize, window: Duration, span: Duration) -> usize {
    if window <= span {
        return count;
    }
    let mean = count as f64 * span.as_secs_f64() / window.as_secs_f64();
    ((mean + 6.0 * mean.sqrt() + 6.0).ceil() as usize).min(count)
}

/// That no more than `most` reports arrive within any `span`.
pub(super) fn rate(
    timeline: &Timeline,
    devices: &[String],
    (most, span): (usize, Duration),
    window: Duration,
    lag: Duration,
    fence: &str,
) -> Outcome {
    let accepted = format!("at most {most} report(s) within any {:.0} ms", millis(span));
    let mut arrivals = Vec::new();
    for device in devices {
        let reports = own_reports(timeline, device);
        if reports.is_empty() {
            return without_report(timeline, device, fence, &accepted);
        }
        arrivals.extend(reports.into_iter().map(|report| (report.at, report.packet)));
    }
    arrivals.sort_unstable();
    let peak = |span: Duration| {
        let from = |index: usize| {
            let end = arrivals[index].0 + span;
            arrivals[index..].iter().take_while(|(at, _)| *at < end).count()
        };
        (0..arrivals.len()).map(|index| (from(index), index)).max().unwrap_or_default()
    };
    let (count, first) = peak(span);
    let Some((at, packet)) = arrivals.get(first).copied() else {
        return Outcome::inconclusive("no report to look at", accepted);
    };
    let observed = format!("{} report(s), {count} of them within {:.0} ms", arrivals.len(), millis(span));
    if count <= most {
        return Outcome::pass(observed).at(packet, at);
    }
    // A host that stalls lets go at once what was due one after the other, but no more than was due in that time.
    let held_up = peak_bound(devices.len(), window, span + lag * HANDS);
    if lag > JITTER && count <= held_up {
        let observed = format!("{observed}, on a host that kept timers waiting for {:.1} ms", millis(lag));
        return Outcome::held_up(observed, accepted).at(packet, at);
    }
    // Whoever did not join in time reported the less.
    Outcome::fail(observed, accepted).at(packet, at).beyond_doubt()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_population_that_draws_evenly_stays_below_its_peak() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let bound = peak_bound(200, Duration::from_millis(800), Duration::from_millis(100));

        let highest = (0..5_000).map(|_| {
            let mut drawn: Vec<f64> = (0..200).map(|_| random.random_range(0.0..800.0)).collect();
            drawn.sort_by(f64::total_cmp);
            let within = |from: usize| drawn[from..].iter().take_while(|at| **at < drawn[from] + 100.0).count();
            (0..drawn.len()).map(within).max().unwrap_or_default()
        });

        assert_eq!(bound, 61);
        assert!(highest.max() < Some(bound));
        assert_eq!(peak_bound(12, Duration::ZERO, Duration::from_millis(100)), 12);
    }
}
