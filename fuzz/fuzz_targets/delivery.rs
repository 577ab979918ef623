//! Any datagram of a delivery, and any document as a file table.
#![no_main]

use castproof::wire::alc::AlcPacket;
use castproof::wire::fdt::Fdt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(table) = Fdt::from_xml(octets) {
        for file in &table.files {
            let oti = file.object_length().and_then(|length| file.fec.oti(length));
            if let Some(partition) = oti.and_then(|oti| oti.partition()) {
                let (symbols, before) = partition.block(partition.blocks - 1).unwrap();
                assert_eq!(before + symbols, partition.symbols());
            }
        }
    }
    let Ok(packet) = AlcPacket::decode(octets) else { return };
    let _ = packet.fec_oti();
    let _ = Fdt::from_xml(&packet.payload);
    // Not every form that is read is written, but what is written says the same.
    if let Ok(written) = packet.encode() {
        assert_eq!(AlcPacket::decode(&written).unwrap(), packet);
    }
});
