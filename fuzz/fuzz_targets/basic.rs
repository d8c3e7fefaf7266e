//! `Authorization` and the application password in it.
#![no_main]

use latchkey::auth::basic::{Parsed, parse};
use latchkey::secret::AppPasswordText;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Parsed::Basic(credentials) = parse(bytes) {
        let _ = AppPasswordText::parse(credentials.password.expose());
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(read) = AppPasswordText::parse(text)
    {
        let plain = read.to_plain();
        assert_eq!(AppPasswordText::parse(plain.expose()), Some(read));
    }
});
