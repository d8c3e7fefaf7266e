//! Backups that are not as they were written.

use super::{backup, command, fresh, names, noise, restore, stderr};
use crate::harness::{TestServer, eventually};

/// Whatever bit is flipped and wherever the file is cut, nothing is restored.
#[test]
fn a_damaged_backup_is_refused_and_leaves_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/noise", &noise(300_000));
    alice.client().put("/dav/text", "text ".repeat(100_000).as_bytes());
    let whole = std::fs::read(backup(&server)).expect("read");
    let folder = fresh();
    let file = folder.path().join("damaged.tgz");
    let before = names(folder.path());
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&file, bytes).expect("written");
        let output = restore(folder.path(), &file);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {told}");
        assert!(told.starts_with(&format!("{}: ", file.display())), "{what}: {told}");
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(names(folder.path()), before, "{what}");
    };
    let end = whole.len();
    // Checksum and length are at the end. Time and system at the start of a gzip file (4 to 9) mean nothing.
    let places = [0, 1, 2, 10, 11, 12, 20, 40, 80].into_iter().chain((1..24).map(|part| end * part / 24));
    for place in places.chain(end - 8..end) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        refused(&bytes, &format!("a bit flipped in byte {place} of {end}"));
    }
    for length in [0, 1, 5, 10, 11, 100, 1000, end / 3, end / 2, end - 1000, end - 9, end - 8, end - 4, end - 1] {
        refused(&whole[..length], &format!("{length} bytes of {end}"));
    }
    refused(&[whole.as_slice(), b"x"].concat(), "a byte more");
    std::fs::write(&file, whole).expect("written");
    assert!(restore(folder.path(), &file).status.success(), "the whole one is fine");
}

/// A restore that is killed leaves nothing that a server could take for its storage.
#[test]
fn a_backup_half_restored_is_no_storage() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let content = noise(4 * 1024 * 1024);
    for number in 0..10 {
        std::fs::write(alice.file(&number.to_string()), &content).expect("written");
    }
    let file = backup(&server);
    let folder = fresh();
    let mut child = command(folder.path()).arg("restore").arg(&file).spawn().expect("the command runs");
    let part = || names(folder.path()).into_iter().find(|name| name.starts_with("storage.part-"));
    eventually("the first files", || {
        part().is_some_and(|part| folder.path().join(part).join("files/alice/0").exists())
    });
    child.kill().expect("killed");
    child.wait().expect("it has ended");
    assert_eq!(names(folder.path()).len(), 2, "the part and the configuration");
    assert!(part().is_some());
    assert!(restore(folder.path(), &file).status.success(), "the next one is not hindered");
}
