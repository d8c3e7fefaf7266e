//! What rclone asks beside the files: how much room there is, and what their checksums are.

use std::fs;

use super::rclone::{Rclone, Version};
use super::{pattern, run, write};
use crate::harness::TestServer;

const VERSIONS: [Version; 2] = [Version::System, Version::Current];

#[test]
fn about_shows_the_quota() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--quota", "1000000B"]);
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/a.bin", &pattern(250_000, 1)).status, 201);
    for version in VERSIONS {
        for vendor in ["other", "owncloud"] {
            let rclone = Rclone::at(&alice, &alice.url(), vendor, version);
            let said = rclone.ok(&["about", "--json", "dav:"]);
            let about: serde_json::Value = serde_json::from_str(&said).expect("JSON");
            assert_eq!(about, serde_json::json!({ "total": 1_000_000, "used": 250_000, "free": 750_000 }), "{vendor}");
        }
    }
}

/// With this vendor it sends `OC-Checksum` with each upload, SHA-1 alone, and reads `oc:checksums` later, MD5 first.
#[test]
fn checksums_of_what_it_uploaded_are_told_and_checked() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for (version, folder) in [(Version::System, "dav:system"), (Version::Current, "dav:current")] {
        let rclone = Rclone::at(&alice, &alice.url(), "owncloud", version);
        for (number, size) in [0, 1, 70_000, 3_000_000].into_iter().enumerate() {
            write(&rclone.local().join(format!("deep/{number} ü.bin")), &pattern(size, number));
        }
        rclone.ok(&["copy", "local", folder]);
        let said = rclone.ok(&["check", "local", folder]);
        assert!(said.contains("0 differences found") && !said.contains("could not be checked"), "{said}");
        let sums = |place: &str| {
            let said = rclone.ok(&["hashsum", "sha1", place]);
            let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let there = sums(folder);
        assert_eq!(there, sums("local"));
        assert!(there.len() == 4 && there.iter().all(|line| line.split(' ').next().is_some_and(|sum| sum.len() == 40)));

        write(&rclone.folder.path().join("sums"), there.join("\n").as_bytes());
        let said = rclone.ok(&["checksum", "sha1", "sums", folder]);
        assert!(said.contains("0 differences found") && !said.contains("could not be checked"), "{said}");
        // Of the same size, with other bytes: nothing but the checksum tells.
        fs::write(rclone.local().join("deep/2 ü.bin"), pattern(70_000, 9)).expect("written");
        write(&rclone.folder.path().join("sums"), sums("local").join("\n").as_bytes());
        let said = run(rclone.command().args(["checksum", "sha1", "sums", folder]));
        assert!(!said.status.success() && said.text.contains("1 differences found"), "{}", said.text);

        // What another program has changed since has no checksum that would be a wrong one.
        let changed = format!("/{}/deep/1%20%C3%BC.bin", folder.replace(':', "/"));
        assert_eq!(alice.client().put(&changed, b"x").status, 204);
        assert!(sums(folder).iter().any(|line| line.trim_start() == "deep/1 ü.bin"), "{:?}", sums(folder));
    }
}
