//! Any file, told from beginning to end: formats, link layers, fragments, TCP, HTTP and every protocol behind them.
#![no_main]

use castproof::capture::{Keys, Page, Record, Shown, Tale, Telling, TranscriptOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let options = TranscriptOptions { redact: false, lanes: Shown::All };
    let mut telling = Telling::new(options, Keys::default());
    let mut tales = Vec::new();
    // Two parts, so that a block may come in pieces.
    let (first, second) = file.split_at(file.len() / 2);
    let outcome = telling.feed(first, &mut tales).and_then(|()| telling.feed(second, &mut tales));
    if outcome.and_then(|()| telling.finish(&mut tales)).is_err() {
        telling.stop(&mut tales);
    }
    let mut page = Page::new(false);
    for tale in tales {
        if let Tale::Told(told) = &tale {
            let row = page.row(&told.line);
            assert!(!row.contains(|c: char| c.is_control() && c != '\n'), "{row:?}");
        }
        Record::of(tale, &options);
    }
});
