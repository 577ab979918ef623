//! Link layers: what stands in front of an IP packet.

use etherparse::EtherType;

const NULL: u32 = 0;
const ETHERNET: u32 = 1;
/// Raw IP: 101 by the registry, 12 and 14 by what systems called it before.
const RAW: [u32; 5] = [12, 14, 101, 228, 229];
const LOOP: u32 = 108;
const LINUX_COOKED: u32 = 113;
const LINUX_COOKED_2: u32 = 276;

/// The numbers of address families that stand for IP: of IPv4, and of IPv6 on Linux and the BSDs.
const FAMILIES: [u32; 5] = [2, 10, 24, 28, 30];

/// Whether packets of this link type can be read.
pub(super) fn is_readable(link: u32) -> bool {
    [NULL, ETHERNET, LOOP, LINUX_COOKED, LINUX_COOKED_2].contains(&link) || RAW.contains(&link)
}

/// What follows the link layer of a packet, and the VLAN tags behind it, when that is IPv4, IPv6 or ARP; `None` when it is
/// something else.
///
/// # Errors
/// That a header is cut off.
pub(super) fn network(link: u32, octets: &[u8]) -> Result<Option<(EtherType, &[u8])>, String> {
    let cut = || "a link layer header that is cut off".to_owned();
    let number =
        |octets: &[u8], at: usize| Some(EtherType(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?])));
    let (mut kind, mut rest) = match link {
        ETHERNET => (number(octets, 12), octets.get(14..)),
        LINUX_COOKED => (number(octets, 14), octets.get(16..)),
        LINUX_COOKED_2 => (number(octets, 0), octets.get(20..)),
        // Whether a host's loopback is in the order of its octets or in that of the network, a family is a small number.
        NULL | LOOP => {
            let family: [u8; 4] = octets.get(..4).and_then(|octets| octets.try_into().ok()).ok_or_else(cut)?;
            let families = [u32::from_be_bytes(family), u32::from_le_bytes(family)];
            if !families.iter().any(|family| FAMILIES.contains(family)) {
                return Ok(None);
            }
            (by_version(&octets[4..]), octets.get(4..))
        }
        _ => (by_version(octets), Some(octets)),
    };
    loop {
        let (known, after) = (kind.ok_or_else(cut)?, rest.ok_or_else(cut)?);
        match known {
            EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING | EtherType::VLAN_DOUBLE_TAGGED_FRAME => {
                (kind, rest) = (number(after, 2), after.get(4..));
            }
            EtherType::IPV4 | EtherType::IPV6 | EtherType::ARP => return Ok(Some((known, after))),
            _ => return Ok(None),
        }
    }
}

/// What raw IP is, by its first octet.
fn by_version(octets: &[u8]) -> Option<EtherType> {
    octets.first().map(|first| match first >> 4 {
        4 => EtherType::IPV4,
        6 => EtherType::IPV6,
        _ => EtherType(0),
    })
}
