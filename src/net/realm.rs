//! The groups and ports from which a run takes those of its scenarios.

use std::net::Ipv4Addr;
use std::str::FromStr;

/// The ports that are leased where nobody says otherwise: below those that Linux hands out by itself.
const USUAL: Span<u16> = Span { first: 20_000, last: 31_967 };
/// The lowest port that anybody may have.
pub(super) const LOWEST_PORT: u16 = 1024;

/// A range, both ends included; written `A-B`, or `A` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<T> {
    /// The first.
    pub first: T,
    /// The last.
    pub last: T,
}

impl<T: FromStr + PartialOrd + Copy> FromStr for Span<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let read = |part: &str| part.trim().parse::<T>().map_err(|_| format!("`{}` is no end of a range", part.trim()));
        let (first, last) = (read(first)?, read(last)?);
        if last < first {
            return Err("the range ends before it begins".to_owned());
        }
        Ok(Self { first, last })
    }
}

/// Ports, and the IPv4 group that belongs to each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realm {
    ports: Span<u16>,
    /// The group of the first port; without one, a port's group spells the port.
    groups: Option<Ipv4Addr>,
}

impl Default for Realm {
    fn default() -> Self {
        Self { ports: USUAL, groups: None }
    }
}

/// Why groups or ports cannot be had from a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RealmError {
    /// An address is no group that may be used freely.
    #[error("`{0}` is no IPv4 group for anybody's use: those from 224.0.1.0 to 239.255.255.255 are")]
    NoGroup(Ipv4Addr),
    /// A port is not for everybody.
    #[error("port {0} is below {LOWEST_PORT}")]
    LowPort(u16),
}

impl Realm {
    /// The groups and ports of these ranges; each that is left out is the usual one. There are as many pairs as the shorter
    /// range has.
    ///
    /// # Errors
    /// [`RealmError`] when a group is none, or a port needs rights.
    pub fn new(groups: Option<Span<Ipv4Addr>>, ports: Option<Span<u16>>) -> Result<Self, RealmError> {
        let mut ports = ports.unwrap_or(USUAL);
        if ports.first < LOWEST_PORT {
            return Err(RealmError::LowPort(ports.first));
        }
        if let Some(groups) = groups {
            // What is below is for the network's own use.
            let is_free = |group: &Ipv4Addr| group.is_multicast() && *group >= Ipv4Addr::new(224, 0, 1, 0);
            if let Some(group) = [groups.first, groups.last].into_iter().find(|group| !is_free(group)) {
                return Err(RealmError::NoGroup(group));
            }
            let more = u32::from(groups.last) - u32::from(groups.first);
            let last = u32::from(ports.first).saturating_add(more);
            ports.last = ports.last.min(u16::try_from(last).unwrap_or(u16::MAX));
        }
        Ok(Self { ports, groups: groups.map(|groups| groups.first) })
    }

    /// The ports.
    pub fn ports(&self) -> Span<u16> {
        self.ports
    }

    /// The group that belongs to one of the ports: where no range of groups was given 239.255.x.y, where x.y is the port.
    pub(super) fn group(&self, port: u16) -> Ipv4Addr {
        match self.groups {
            Some(first) => Ipv4Addr::from(u32::from(first).saturating_add((port - self.ports.first).into())),
            None => {
                let [high, low] = port.to_be_bytes();
                Ipv4Addr::new(239, 255, high, low)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_ends_in_their_order() {
        assert_eq!("7000-7100".parse(), Ok(Span { first: 7000_u16, last: 7100 }));
        assert_eq!("7000".parse(), Ok(Span { first: 7000_u16, last: 7000 }));
        for text in ["", "7000-", "7100-7000", "70000", "a-b", "1-2-3"] {
            assert!(text.parse::<Span<u16>>().is_err(), "{text}");
        }
        assert!("239.1.0.0-239.1.0.9".parse::<Span<Ipv4Addr>>().is_ok());
    }

    #[test]
    fn each_port_has_a_group_of_its_own_within_the_shorter_range() {
        let groups = "239.1.0.250-239.1.1.3".parse().unwrap();
        let realm = Realm::new(Some(groups), Some("7000-9000".parse().unwrap())).unwrap();

        assert_eq!(realm.ports(), Span { first: 7000, last: 7009 });
        assert_eq!(realm.group(7006), Ipv4Addr::new(239, 1, 1, 0));
        assert_eq!(Realm::default().group(20_002), Ipv4Addr::new(239, 255, 78, 34));
    }

    #[test]
    fn what_is_no_group_or_needs_rights_is_refused() {
        let group = |text: &str| Realm::new(Some(text.parse().unwrap()), None);

        assert!(matches!(group("10.0.0.1-10.0.0.9"), Err(RealmError::NoGroup(_))));
        assert!(matches!(group("224.0.0.1-224.0.0.9"), Err(RealmError::NoGroup(_))));
        assert_eq!(Realm::new(None, Some("80-9000".parse().unwrap())), Err(RealmError::LowPort(80)));
    }
}
