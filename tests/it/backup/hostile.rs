//! Archives that somebody made to do harm, and such that are whole but no backup.

use std::io::Read;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use super::{backup, fresh, names, restore, stderr};
use crate::harness::TestServer;

/// An entry as it stands in an archive, name and target not looked at.
type Raw = (Header, Vec<u8>);

fn entry(kind: EntryType, name: &[u8], target: &[u8], content: &[u8]) -> Raw {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.set_mtime(5);
    header.set_size(content.len() as u64);
    header.set_cksum();
    (header, content.to_vec())
}

fn file(name: &str) -> Raw {
    entry(EntryType::Regular, name.as_bytes(), b"", b"evil")
}

fn folder(name: &str) -> Raw {
    entry(EntryType::Directory, name.as_bytes(), b"", b"")
}

fn link(name: &str, target: &Path) -> Raw {
    entry(EntryType::Symlink, name.as_bytes(), target.to_str().expect("UTF-8").as_bytes(), b"")
}

fn read(file: &Path) -> Vec<Raw> {
    let mut archive = Archive::new(GzDecoder::new(std::fs::File::open(file).expect("opened")));
    let entries = archive.entries().expect("entries").raw(true);
    entries
        .map(|entry| {
            let mut entry = entry.expect("an entry");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("read");
            (entry.header().clone(), content)
        })
        .collect()
}

fn write(file: &Path, entries: &[Raw]) {
    let mut tar = Builder::new(GzEncoder::new(std::fs::File::create(file).expect("made"), Compression::fast()));
    for (header, content) in entries {
        tar.append(header, content.as_slice()).expect("appended");
    }
    tar.into_inner().expect("ended").finish().expect("ended");
}

fn named(entries: &[Raw], name: &str) -> usize {
    entries.iter().position(|(header, _)| header.path_bytes().as_ref() == name.as_bytes()).expect("it is there")
}

/// A folder to restore into, and a backup with `files/admin/a` in it, in its entries.
struct Scene {
    folder: tempfile::TempDir,
    whole: Vec<Raw>,
    outside: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let server = TestServer::start();
        let admin = server.storage().join("files/admin");
        std::fs::write(admin.join("a"), b"content").expect("written");
        std::fs::write(admin.join("b"), b"content").expect("written");
        let whole = read(&backup(&server));
        assert_eq!(named(&whole, "manifest"), whole.len() - 1);
        Self { folder: fresh(), whole, outside: tempfile::tempdir().expect("a folder") }
    }

    /// The archive with these before its manifest.
    fn with(&self, more: &[Raw]) -> Vec<Raw> {
        let (manifest, rest) = self.whole.split_last().expect("entries");
        [rest, more, std::slice::from_ref(manifest)].concat()
    }

    fn refused(&self, entries: &[Raw], reason: &str) {
        let file = self.folder.path().join("hostile.tgz");
        write(&file, entries);
        let output = restore(self.folder.path(), &file);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{reason}: {told}");
        assert!(told.starts_with(&format!("{}: ", file.display())) && told.contains(reason), "{reason}: {told}");
        assert_eq!(names(self.folder.path()), ["hostile.tgz", "webdav.toml"], "{reason}");
        assert_eq!(names(self.outside.path()), Vec::<String>::new(), "{reason}");
    }
}

#[test]
fn a_hostile_backup_writes_nothing_where_it_should_not() {
    let scene = Scene::new();
    let outside = scene.outside.path();
    let absolute = outside.join("evil");
    let unknown = "which no backup holds";
    for name in [
        absolute.to_str().expect("UTF-8"),
        "files/../../evil",
        "files/..",
        "../evil",
        "./files/evil",
        "files/./evil",
        "files//evil",
        "files/",
        "evil",
        "lock",
        "snapshot.sqlite3",
        "latchkey.sqlite3-wal",
        "latchkey.sqlite3/evil",
        "manifest/evil",
        "filesystem/evil",
        "files/admin/.latchkey-tmp/evil",
        "files",
        "keys",
    ] {
        scene.refused(&scene.with(&[file(name)]), unknown);
    }
    for kind in [
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::Continuous,
        EntryType::XGlobalHeader,
    ] {
        scene.refused(&scene.with(&[entry(kind, b"files/admin/evil", b"latchkey.sqlite3", b"")]), unknown);
    }
    for name in ["files", "keys", "latchkey.sqlite3", "manifest", "evil"] {
        scene.refused(&scene.with(&[link(name, outside)]), unknown);
    }
    scene.refused(&scene.with(&[folder("latchkey.sqlite3")]), unknown);
    // A name of its own entry may have anything in it.
    let long = |name: &[u8]| vec![entry(EntryType::GNULongName, b"long", b"", name), file("files/admin/short")];
    scene.refused(&scene.with(&long(b"files/admin/a\0/x\0")), unknown);
    scene.refused(&scene.with(&long(format!("files/admin/{}", "x/".repeat(2000)).as_bytes())), unknown);
    scene.refused(&scene.with(&long(b"files/../evil")), unknown);
    // Through a link, before it and after it, and in the place of something else.
    let through = [link("files/admin/link", outside), file("files/admin/link/evil")];
    scene.refused(&scene.with(&through), "without its folder");
    let beneath = [file("files/admin/new"), file("files/admin/new/evil")];
    scene.refused(&scene.with(&beneath), "without its folder");
    scene.refused(&scene.with(&[file("files/nobody/evil")]), "without its folder");
    let nested = [link("files/admin/link", outside), link("files/admin/link/evil", outside)];
    scene.refused(&scene.with(&nested), "without its folder");
    let covered = [link("files/admin/link", outside), folder("files/admin/link")];
    scene.refused(&scene.with(&covered), "twice");
    for twice in [
        vec![file("latchkey.sqlite3")],
        vec![file("files/admin/a")],
        vec![folder("files")],
        vec![folder("files/admin/")],
        vec![link("files/admin", outside)],
        vec![link("files/admin/a", outside)],
        vec![link("files/admin/l", outside), link("files/admin/l", outside)],
    ] {
        scene.refused(&scene.with(&twice), "twice");
    }
}

#[test]
fn a_backup_that_is_not_whole_is_refused() {
    let scene = Scene::new();
    let all = &scene.whole;
    let manifest = all.last().expect("entries").clone();
    scene.refused(&scene.with(&[file("files/admin/more")]), "files/admin/more\" is not what its manifest says");
    scene.refused(&scene.with(&[file("manifest")]), "is not what its manifest says");
    let mut changed = all.clone();
    let place = named(all, "files/admin/a");
    changed[place].1 = b"CONTENT".to_vec();
    scene.refused(&changed, "it is damaged: \"files/admin/a\" is not what its manifest says");
    let mut fewer = all.clone();
    fewer.remove(named(all, "files/admin/b"));
    scene.refused(&fewer, "not every file of its manifest is in it");
    scene.refused(&all[..all.len() - 1], "it holds no manifest");
    scene.refused(&[all.as_slice(), &[file("files/admin/late")]].concat(), "late\" after its manifest");
    scene.refused(&[all.as_slice(), &[manifest]].concat(), "\"manifest\" after its manifest");
    scene.refused(&[], "it does not start with latchkey.sqlite3");
    scene.refused(&[folder("files"), file("files/x")], "it does not start with latchkey.sqlite3");
    let line = Sha256::digest(b"evil").iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let list = format!("{line}  latchkey.sqlite3\n");
    let junk = [file("latchkey.sqlite3"), entry(EntryType::Regular, b"manifest", b"", list.as_bytes())];
    scene.refused(&junk, "it cannot be used");
    // As it was, and with a link to anywhere: it is restored as a link, and yields nothing.
    let file = scene.folder.path().join("good.tgz");
    write(&file, &scene.with(&[link("files/admin/link", scene.outside.path())]));
    let output = restore(scene.folder.path(), &file);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(&scene.folder.path().join("storage/files/admin")), ["a", "b", "link"]);
}
