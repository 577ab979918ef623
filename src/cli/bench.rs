//! Where scenarios are played: options for a bench network. What nobody says stays on this host.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use clap::Args;

use crate::net::{JoinError, Realm, Span};
use crate::stage::Lab;

use super::Failure;
use super::foreign::Subject;

#[derive(Args, Clone)]
pub(super) struct Bench {
    /// The interface that everything happens on, by its address: that of the profile, else 127.0.0.1.
    #[arg(long, value_name = "ADDRESS")]
    interface: Option<IpAddr>,

    /// Take multicast groups from this range alone, such as 239.1.0.0-239.1.3.255.
    #[arg(long, value_name = "FIRST-LAST")]
    groups: Option<Span<Ipv4Addr>>,

    /// Take UDP ports from this range alone, such as 7000-7999; each port has a group of its own.
    #[arg(long, value_name = "FIRST-LAST")]
    ports: Option<Span<u16>>,

    /// Time to live of everything that is sent by multicast. More than 1 leaves the network of the interface.
    #[arg(long, value_name = "HOPS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    ttl: u8,

    /// How many times longer than usual the spans of scenarios are, and everything is waited for: that of the profile, else 1.
    #[arg(long, value_name = "FACTOR", value_parser = time_scale)]
    time_scale: Option<f64>,

    /// Give Devices the sender's own groups, with nothing between: for a network that carries multicast by itself.
    ///
    /// What has to happen to packets on their way to one Device is not applicable then, and the kernel tells nobody who listens.
    /// The interaction channel keeps its relay, because it is recorded there.
    #[arg(long)]
    direct: bool,
}

fn time_scale(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_| "a number from 1 to 100".to_owned())?;
    if (1.0..=100.0).contains(&scale) { Ok(scale) } else { Err("a number from 1 to 100".to_owned()) }
}

impl Bench {
    /// The time scale for a subject.
    pub(super) fn time_scale(&self, subject: Option<&Subject>) -> f64 {
        self.time_scale.or(subject.map(|subject| subject.profile.time_scale)).unwrap_or(1.0)
    }

    /// The lab for a subject.
    pub(super) fn lab(&self, subject: Option<&Subject>) -> Result<Lab, Failure> {
        let interface = self.interface.or(subject.map(|subject| subject.profile.interface));
        let interface = interface.unwrap_or(Ipv4Addr::LOCALHOST.into());
        if UdpSocket::bind((interface, 0)).is_err() {
            let error = JoinError::NoInterface { interface };
            let failure = Failure::usage(format!("no scenario can run on `{interface}`: {error}"));
            let hint = error.hint();
            return Err(failure.hint(format!("{hint}; `castproof doctor --interface {interface}` tells more")));
        }
        if self.groups.is_some() && interface.is_ipv6() {
            return Err(Failure::usage(format!("--groups are IPv4 groups, and {interface} is an IPv6 interface")));
        }
        let realm = Realm::new(self.groups, self.ports)
            .map_err(|error| Failure::of(&error).hint("such as --groups 239.1.0.0-239.1.3.255 --ports 7000-7999"))?;
        Ok(Lab {
            realm,
            given: (self.groups, self.ports),
            ttl: self.ttl,
            time_scale: self.time_scale(subject),
            is_direct: self.direct,
            ..Lab::on(interface)
        })
    }
}
