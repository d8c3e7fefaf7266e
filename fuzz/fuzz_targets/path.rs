//! No URL leaves the root, and what is read is written back the same.
#![no_main]

use latchkey::files::Path;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(path) = Path::from_url(text) {
        for name in path.names() {
            assert!(!matches!(name, b"" | b"." | b".."));
            assert!(!name.contains(&0) && !name.contains(&b'/'));
        }
        assert_eq!(Path::from_url(&path.to_url()), Ok(path));
    }
});
