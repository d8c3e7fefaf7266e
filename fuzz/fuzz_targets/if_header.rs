//! `If` is read or refused, never half.
#![no_main]

use latchkey::dav::headers::If;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(header) = If::parse(text) {
        assert!(!header.0.is_empty());
        assert!(header.0.iter().all(|list| !list.conditions.is_empty()));
        let _ = header.submitted().count();
    }
});
