//! Any octets as a package: its header is refused, or what is read of it is written so that it is read alike.
#![no_main]

use castproof::wire::package::{MAX_HEADER, PackageHeader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|package: &[u8]| {
    let Ok((header, image)) = PackageHeader::split(package) else { return };
    assert!(package.ends_with(image) && package.len() - image.len() <= MAX_HEADER);
    let again = [header.encode(), image.to_vec()].concat();
    // A header that says nothing is not written. Then the image stands alone, and may look like a header itself.
    if header != PackageHeader::default() {
        assert_eq!(PackageHeader::split(&again), Ok((header, image)));
    }
});
