//! Before anything runs: one datagram through a leased group, on the interface that scenarios will use.
//!
//! Without it, every scenario of a host that cannot do multicast would end in a fault of its own.

use std::time::Duration;

use tokio::time::timeout;

use crate::findings::chain;
use crate::net::{JoinError, Lease, LeaseError, MulticastReceiver, MulticastSender};

use super::CertifyError;
use crate::stage::Lab;

/// What is sent.
const PROBE: &[u8] = b"castproof preflight";
/// How long it may take on a busy host.
const DEADLINE: Duration = Duration::from_secs(5);

/// Sends a datagram to a group on the interface of a lab and waits for it.
///
/// # Errors
/// [`CertifyError::Host`] with what was observed, and what to do about it.
pub(super) async fn check(lab: &Lab) -> Result<(), CertifyError> {
    let interface = lab.interface;
    round_trip(lab).await.map_err(|trouble| {
        let advice = match &trouble {
            Trouble::Lease(_) => "find out what holds the ports with `ss -uanp` and `ss -tlnp`".to_owned(),
            Trouble::Join(error) => error.hint(),
            Trouble::Socket(_) | Trouble::Silence => "look for a firewall rule against UDP multicast".to_owned(),
        };
        CertifyError::Host { interface, observed: chain(&trouble), advice }
    })
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("lease a port")]
    Lease(#[from] LeaseError),
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error("send and receive")]
    Socket(#[from] std::io::Error),
    #[error("a datagram was sent, and nothing arrived within {}", humantime::format_duration(DEADLINE))]
    Silence,
}

async fn round_trip(lab: &Lab) -> Result<(), Trouble> {
    let lease = Lease::take_within(&lab.realm, 1)?;
    let entry = lease.entry(0, lab.interface, lab.ttl);
    let receiver = MulticastReceiver::join(&entry)?;
    let sender = MulticastSender::open(&entry)?;
    sender.send(PROBE).await?;
    let mut buffer = [0; 64];
    let heard = async {
        loop {
            let (length, _) = receiver.recv(&mut buffer).await?;
            if buffer[..length] == *PROBE {
                return Ok(());
            }
        }
    };
    timeout(DEADLINE, heard).await.unwrap_or(Err(Trouble::Silence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn loopback_carries_multicast() {
        assert!(check(&Lab::on([127, 0, 0, 1].into())).await.is_ok());
    }

    #[tokio::test]
    async fn an_address_that_no_interface_has_is_told_with_advice() {
        let error = check(&Lab::on([203, 0, 113, 77].into())).await.unwrap_err();

        let CertifyError::Host { observed, advice, .. } = error else { panic!("{error}") };
        assert_eq!(observed, "no interface carries address `203.0.113.77`");
        assert!(advice.contains("ip address"), "{advice}");
    }
}
