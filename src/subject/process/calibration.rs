//! How slow this host is at starting programs and talking to them, measured, so that deadlines are fair to every adapter.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::net::Clock;

/// How long a calm host takes at most to start a shell that does nothing, and to hear of its end.
const CALM: Duration = Duration::from_millis(10);
/// How often it is measured; the longest counts.
const ROUNDS: usize = 3;
/// How many times longer than usual deadlines become at most: a run has to end on the slowest host.
const SLOWEST: f64 = 6.0;

/// The factor by which deadlines are longer on this host than on a calm one: what starting a shell takes, of what it may
/// take. Never below 1; 1 where it cannot be measured.
pub(super) async fn slowness(clock: Clock) -> f64 {
    let mut longest = Duration::ZERO;
    for _ in 0..ROUNDS {
        let begin = clock.now();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", ":"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        match timeout(CALM.mul_f64(SLOWEST), shell.status()).await {
            Ok(Ok(_)) => longest = longest.max(clock.now().since(begin)),
            Ok(Err(_)) => return 1.0,
            Err(_) => return SLOWEST,
        }
    }
    (longest.as_secs_f64() / CALM.as_secs_f64()).clamp(1.0, SLOWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slowness_is_within_its_bounds() {
        let measured = slowness(Clock::start()).await;

        assert!((1.0..=SLOWEST).contains(&measured), "{measured}");
    }
}
