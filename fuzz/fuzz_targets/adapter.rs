//! Any octets from a pipe, as lines of the adapter protocol: what a Device, a Service Provider and castproof read of them.
#![no_main]

use castproof::adapter::{
    DeviceEvent, DeviceVerb, Incoming, LONGEST_LINE, Line, LineReader, ProviderEvent, ProviderVerb, Request, to_line,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let mut reader = LineReader::new();
    // Two parts, so that a line may come in pieces.
    let (first, second) = octets.split_at(octets.len() / 2);
    let mut lines = reader.feed(first);
    lines.extend(reader.feed(second));
    lines.extend(reader.end());
    for line in lines {
        let object = match line {
            Line::Object(object) => object,
            Line::Noise(text) => {
                assert!(!text.contains(char::is_control), "{text:?}");
                continue;
            }
            Line::Fault(fault) => {
                assert!(!fault.to_string().contains(char::is_control), "{fault}");
                continue;
            }
        };
        if let Ok(request) = Request::<DeviceVerb>::read(object.clone()) {
            assert!(to_line(&request).is_ok_and(|line| line.len() <= LONGEST_LINE + 1));
        }
        if let Ok(request) = Request::<ProviderVerb>::read(object.clone()) {
            assert!(to_line(&request).is_ok_and(|line| line.len() <= LONGEST_LINE + 1));
        }
        let _ = Incoming::<DeviceEvent>::read(object.clone());
        let _ = Incoming::<ProviderEvent>::read(object);
    }
});
