//! Any document as a DM message. What is understood is written so that it is understood alike.
#![no_main]

use castproof::wire::syncml::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(message) = Message::from_xml(octets) else { return };
    let written = message.to_xml();
    assert_eq!(Message::from_xml(written.as_bytes()).as_ref(), Ok(&message), "{written}");
});
