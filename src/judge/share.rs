//! Whether the share of Devices that took part is the announced one ([FU-GAP-2]).

use crate::capture::Timeline;

use super::Outcome;
use super::delays::RISK;
use super::readings::reading;

pub(super) fn share(timeline: &Timeline, devices: &[String], percent: u16, value: &str, fence: &str) -> Outcome {
    let (least, most) = bounds(devices.len(), f64::from(percent.min(100)) / 100.0);
    let accepted = format!("{least} to {most} of {} Devices with ./DevDetail/FwV = {value}", devices.len());
    let mut taking_part = 0;
    for device in devices {
        let Some((found, _)) = reading(timeline, device, "./DevDetail/FwV", fence) else {
            return Outcome::inconclusive(format!("Device {device} did not answer when it was read"), accepted);
        };
        taking_part += usize::from(found.as_deref() == Some(value));
    }
    let observed = format!("{taking_part} of {} Devices answered ./DevDetail/FwV = {value}", devices.len());
    match taking_part {
        few if few < least => Outcome::fail(observed, accepted),
        many if many > most => Outcome::fail(observed, accepted).beyond_doubt(),
        _ => Outcome::pass(observed),
    }
}

/// The least and the greatest count of successes in so many trials that are not too improbable: each tail beyond has half
/// of [`RISK`] at most.
fn bounds(trials: usize, chance: f64) -> (usize, usize) {
    let probabilities = counts(std::iter::repeat_n(chance, trials));
    let tail = |probabilities: &mut dyn Iterator<Item = &f64>| improbable(probabilities, RISK / 2.0);
    (tail(&mut probabilities.iter()), trials - tail(&mut probabilities.iter().rev()))
}

/// The least count of successes in trials of these chances that is not too improbable: fewer come with `risk` at most.
pub(super) fn least_successes(chances: impl Iterator<Item = f64>, risk: f64) -> usize {
    improbable(&mut counts(chances).iter(), risk)
}

/// How many of these probabilities, from the first on, come to `risk` at most together.
fn improbable(probabilities: &mut dyn Iterator<Item = &f64>, risk: f64) -> usize {
    let sums = probabilities.scan(0.0, |sum, probability| {
        *sum += probability;
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= risk).count()
}

/// The probability of each count of successes, by adding one trial after the other.
fn counts(chances: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut probabilities = vec![1.0];
    for chance in chances {
        let missed = probabilities.iter().map(|probability| probability * (1.0 - chance)).chain([0.0]);
        let hit = std::iter::once(0.0).chain(probabilities.iter().map(|probability| probability * chance));
        probabilities = missed.zip(hit).map(|(missed, hit)| missed + hit).collect();
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probabilities_of_all_counts_are_one() {
        let sum: f64 = counts([0.25, 0.75].into_iter().cycle().take(40)).iter().sum();

        assert!((sum - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_bounds_leave_out_no_more_than_the_risk_and_nearly_all_of_it() {
        for (trials, chance) in [(40, 0.25), (40, 0.75), (200, 0.5)] {
            let (least, most) = bounds(trials, chance);
            let probabilities = counts(std::iter::repeat_n(chance, trials));

            let outside: f64 = probabilities[..least].iter().chain(&probabilities[most + 1..]).sum();
            let wider: f64 = probabilities[..=least].iter().chain(&probabilities[most..]).sum();

            assert!(outside <= RISK && wider > RISK, "{trials} {chance}: {least}..={most}");
        }
    }

    #[test]
    fn the_least_count_of_unequal_chances_leaves_out_no_more_than_the_risk() {
        let chances = || (0..40).map(|index| if index % 2 == 0 { 0.25 } else { 0.625 });
        let probabilities = counts(chances());

        let least = least_successes(chances(), RISK);

        assert_eq!(least, 3);
        assert!(probabilities[..least].iter().sum::<f64>() <= RISK);
        assert!(probabilities[..=least].iter().sum::<f64>() > RISK);
        assert_eq!(least_successes([0.5; 10].into_iter(), RISK), 0, "ten tosses may all fail");
    }

    #[test]
    fn nothing_and_everything_are_exact() {
        assert_eq!(bounds(40, 0.0), (0, 0));
        assert_eq!(bounds(40, 1.0), (40, 40));
    }
}
