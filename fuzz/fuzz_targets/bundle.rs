//! Any file as a bundle: it is refused by name, or everything in it fits.
#![no_main]

use castproof::evidence::verify;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    // The reader wants a file; one in memory, of this process alone.
    let path = std::path::PathBuf::from(format!("/dev/shm/castproof-fuzz-bundle-{}", std::process::id()));
    std::fs::write(&path, octets).unwrap();
    if let Err(misfit) = verify(&path, None) {
        assert!(!misfit.to_string().is_empty());
    }
    std::fs::remove_file(&path).unwrap();
});
