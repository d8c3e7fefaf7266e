//! The newest rclone, which is another program than Debian's by years: what people download from its maker.

use super::rclone::{Rclone, Version, carry_names, synchronise};
use super::tls::{self, authority, with_tls};
use super::{assert_same, pattern, write};
use crate::harness::TestServer;

#[test]
fn a_folder_is_synchronised_with_deletions() {
    let server = TestServer::start();
    let alice = server.person("alice");
    synchronise(&alice, &Rclone::at(&alice, &alice.url(), "owncloud", Version::Current), 60);
}

#[test]
fn names_of_all_kinds_arrive_as_they_are() {
    let server = TestServer::start();
    let alice = server.person("alice");
    carry_names(&alice, &Rclone::at(&alice, &alice.url(), "other", Version::Current));
}

#[test]
fn a_folder_is_synchronised_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    let rclone = Rclone::at(&alice, &tls::url(&server), "owncloud", Version::Current).trusting(authority(&server));
    synchronise(&alice, &rclone, 30);
}

/// R13: two settings of the file's time by its upload; a file whose time alone has changed is sent again.
#[test]
fn times_are_kept() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let rclone = Rclone::at(&alice, &alice.url(), "owncloud", Version::Current);
    write(&rclone.local().join("a.txt"), b"a");
    write(&rclone.local().join("large.bin"), &pattern(12_000_000, 1));
    rclone.ok(&["touch", "--timestamp", "2001-09-09T01:46:40", "local/a.txt"]);
    rclone.ok(&["copy", "local", "dav:"]);
    rclone.check("dav:");
    let listed = rclone.ok(&["lsf", "--format", "tp", "--time-format", "2006-01-02 15:04:05", "dav:a.txt"]);
    assert_eq!(listed.trim(), "2001-09-09 01:46:40;a.txt");
    let uploads = || server.log().matches("method=PUT").count();
    assert_eq!(uploads(), 2);
    rclone.ok(&["copy", "local", "dav:"]);
    assert_eq!(uploads(), 2, "nothing has changed");
    rclone.ok(&["touch", "--timestamp", "2002-09-09T01:46:40", "local/a.txt"]);
    rclone.ok(&["copy", "local", "dav:"]);
    assert_eq!(uploads(), 3, "the time has changed");
    assert_same(&rclone.local(), &alice.home);
}
