//! Any octets as a signed announcement, and its payload alone: by a reader that holds to the profile, and by those that
//! forget one rule. Nobody signed it, so no key fits unless the octets are those that the key signed.
#![no_main]

use castproof::wire::announcement::{self, SignedAnnouncement};
use castproof::wire::form::{Form, Rule};
use libfuzzer_sys::fuzz_target;

const FORGETFUL: [Form; 4] = [
    Form::without(&[Rule::Length, Rule::End]),
    Form::without(&[Rule::SignatureLength]),
    Form::without(&[Rule::CriticalKeys]),
    Form::without(&[Rule::IgnorableKeys]),
];

fuzz_target!(|octets: &[u8]| {
    let strict = SignedAnnouncement::decode(octets);
    for form in FORGETFUL {
        // Who asks for less, understands what the strict one does, but that it refuses keys that it may not ignore.
        let read = SignedAnnouncement::decode_as(octets, form);
        if let (Ok(strict), Ok(read)) = (&strict, &read) {
            assert_eq!(strict.announcement, read.announcement);
        }
    }
    let Ok(announcement) = announcement::decode(octets) else { return };
    // A moment beyond the last that is known becomes that one, in whole milliseconds: from then on nothing changes.
    let written = announcement::encode(&announcement);
    let again = announcement::decode(&written).unwrap();
    assert_eq!(announcement::encode(&again), written);
});
