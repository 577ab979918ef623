//! Any datagram as a notification. What is understood is written as it was read.
#![no_main]

use castproof::wire::announcement::SignedAnnouncement;
use castproof::wire::package0::Package0;
use castproof::wire::wsp::Push;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    let _ = SignedAnnouncement::decode(datagram);
    let Ok(push) = Push::decode(datagram) else { return };
    assert_eq!(push.encode(), datagram);
    let Ok(package0) = Package0::decode(&push.body) else { return };
    assert_eq!(package0.encode(), push.body);
    let _ = SignedAnnouncement::decode(&package0.trigger.vendor);
});
