//! What a Service Provider puts into the packets of a delivery.

use crate::wire::alc::AlcPacket;
use crate::wire::fdt::Fdt;
use crate::wire::lct::Extension;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "provider.never-closes",
        description: "Ends a session without closing it.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.form",
        conduct: ConductOf::Provider(|| Box::new(NeverCloses)),
    },
    Deviation {
        name: "provider.closes-once",
        description: "Closes a session by one packet, which may be lost.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.form",
        conduct: ConductOf::Provider(|| Box::new(ClosesOnce::default())),
    },
    Deviation {
        name: "provider.closes-no-object",
        description: "Never sets flag B.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.form",
        conduct: ConductOf::Provider(|| Box::new(ClosesNoObject)),
    },
    Deviation {
        name: "provider.sends-one-table",
        description: "Sends the file table in the first cycle only.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.repetitions",
        conduct: ConductOf::Provider(|| Box::new(SendsOneTable)),
    },
    Deviation {
        name: "provider.sends-expired-table",
        description: "Sends a file table that has expired already.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.form",
        conduct: ConductOf::Provider(|| Box::new(SendsExpiredTable)),
    },
    Deviation {
        name: "provider.counts-tables-down",
        description: "Gives each new file table a lower FDT Instance ID, and says nothing else new in it.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.form",
        conduct: ConductOf::Provider(|| Box::new(CountsTablesDown)),
    },
    Deviation {
        name: "provider.never-says-complete",
        description: "Never says that a file table is complete.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.form",
        conduct: ConductOf::Provider(|| Box::new(NeverComplete)),
    },
    Deviation {
        name: "provider.mixes-sessions",
        description: "Sends the packages of all campaigns in one session, whatever was announced.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.repetitions",
        conduct: ConductOf::Provider(|| Box::new(MixesSessions)),
    },
    Deviation {
        name: "provider.sends-to-each-device",
        description: "Sends a copy of every packet for each Device.",
        requirements: &["SC-NF-2"],
        caught_by: "broadcast.octets",
        conduct: ConductOf::Provider(|| Box::new(SendsToEach)),
    },
];

/// Copies of a packet at most: the point shows with fewer than two hundred.
const MOST_COPIES: usize = 12;

/// The datagram with something else in its packet; what is no packet stays as it is.
fn changed(datagram: Vec<u8>, change: impl FnOnce(&mut AlcPacket)) -> Vec<Vec<u8>> {
    let Ok(mut packet) = AlcPacket::decode(&datagram) else { return vec![datagram] };
    change(&mut packet);
    vec![packet.encode().unwrap_or(datagram)]
}

/// The datagram with another file table, where it holds one.
fn with_table(datagram: Vec<u8>, change: impl FnOnce(&mut Fdt)) -> Vec<Vec<u8>> {
    changed(datagram, |packet| {
        let Ok(mut table) = Fdt::from_xml(&packet.payload) else { return };
        change(&mut table);
        let Some((version, _)) = packet.header.fdt_instance() else { return };
        let version = if version == 1 { crate::delivery::FluteVersion::V1 } else { crate::delivery::FluteVersion::V2 };
        let payload = table.to_xml(version);
        for extension in &mut packet.header.extensions {
            if let Extension::Fti(octets) = extension {
                octets[..6].copy_from_slice(&(payload.len() as u64).to_be_bytes()[2..]);
            }
        }
        packet.payload = payload;
    })
}

fn closes_session(datagram: &[u8]) -> bool {
    AlcPacket::decode(datagram).is_ok_and(|packet| packet.header.close_session)
}

broken_provider!(NeverCloses {
    fn delivers(&self, datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        if closes_session(&datagram) { Vec::new() } else { vec![datagram] }
    }
});

/// Closes each session once.
#[derive(Debug, Default)]
struct ClosesOnce(std::cell::RefCell<std::collections::BTreeSet<Vec<u8>>>);

impl crate::provider::Conduct for ClosesOnce {
    fn delivers(&self, datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        let is_again = closes_session(&datagram) && !self.0.borrow_mut().insert(datagram.clone());
        if is_again { Vec::new() } else { vec![datagram] }
    }
}

broken_provider!(ClosesNoObject {
    fn delivers(&self, datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        changed(datagram, |packet| packet.header.close_object = false)
    }
});
broken_provider!(SendsOneTable {
    fn delivers(&self, datagram: Vec<u8>, cycle: u32, _: usize) -> Vec<Vec<u8>> {
        let is_table = AlcPacket::decode(&datagram).is_ok_and(|packet| packet.header.toi == Some(0));
        if is_table && cycle > 1 { Vec::new() } else { vec![datagram] }
    }
});
broken_provider!(SendsExpiredTable {
    fn delivers(&self, datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        with_table(datagram, |table| table.expires -= 3600)
    }
});
broken_provider!(CountsTablesDown {
    fn delivers(&self, datagram: Vec<u8>, cycle: u32, _: usize) -> Vec<Vec<u8>> {
        changed(datagram, |packet| {
            for extension in &mut packet.header.extensions {
                if let Extension::Fdt { instance, .. } = extension {
                    *instance = 1000 - cycle;
                }
            }
        })
    }
});
broken_provider!(NeverComplete {
    fn delivers(&self, datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        with_table(datagram, |table| table.complete = false)
    }
});
broken_provider!(MixesSessions {
    fn delivers(&self, datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        changed(datagram, |packet| {
            if packet.header.toi.is_some_and(|toi| toi > 1) {
                packet.header.tsi = 7;
            }
        })
    }
});
broken_provider!(SendsToEach {
    fn delivers(&self, datagram: Vec<u8>, _: u32, devices: usize) -> Vec<Vec<u8>> {
        vec![datagram; devices.min(MOST_COPIES)]
    }
});
