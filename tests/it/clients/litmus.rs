//! litmus 0.13: every test of every suite runs and passes, 104 in all.

use super::{client, lines_with, run};
use crate::harness::TestServer;

/// Runs a suite of so many tests; only these warnings may come up.
fn suite(name: &str, tests: usize, warnings: &[(&str, &str)]) {
    let server = TestServer::start();
    let alice = server.person("alice");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    // litmus leaves its traces in the working folder.
    let mut litmus = client("litmus");
    litmus.env("TESTS", name).args([&alice.url(), &alice.name, &alice.key]).current_dir(scratch.path());
    let said = run(&mut litmus).ok();
    let summary = format!("<- summary for `{name}': of {tests} tests run: {tests} passed, 0 failed. 100.0%");
    assert!(said.contains(&summary), "{said}");
    assert!(!said.contains("SKIPPED") && !said.contains("skipped"), "{said}");
    assert!(!said.contains("FAIL"), "{said}");
    let warned = lines_with(&said, "WARNING");
    assert_eq!(warned.len(), warnings.len(), "{said}");
    for (line, (test, warning)) in warned.iter().zip(warnings) {
        assert!(line.contains(test) && line.contains(warning), "{line}");
    }
}

/// The one warning: litmus deletes `frag/#ment` and finds `frag/` gone. The HTTP library drops the fragment, which
/// has no business in a request, before the server sees it.
#[test]
fn basic() {
    let warning = "DELETE removed collection resource with Request-URI including fragment";
    suite("basic", 16, &[("delete_fragment", warning)]);
}

#[test]
fn copymove() {
    suite("copymove", 13, &[]);
}

#[test]
fn props() {
    suite("props", 30, &[]);
}

#[test]
fn locks() {
    suite("locks", 41, &[]);
}

#[test]
fn http() {
    suite("http", 4, &[]);
}
