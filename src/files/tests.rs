//! The sandbox and its deeds, by both ways of resolving: the kernel's and name by name.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::model::{Home, UserName};

struct Scratch {
    _folder: tempfile::TempDir,
    home: PathBuf,
    root: Root,
}

/// A home resolved by the kernel, and one resolved name by name.
fn both() -> [Scratch; 2] {
    [false, true].map(|walks| {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = Storage::open(&folder.path().join("storage"), false).expect("a storage");
        let mut homes = storage.into_homes();
        if walks {
            homes = homes.without_openat2();
            assert_eq!(homes.sandbox(), Sandbox::Walk);
        }
        let home = homes.make(&UserName::parse("alice").expect("a name"), &NewHome::New).expect("made");
        let root = homes.open(&home).expect("opened");
        Scratch { home: folder.path().join("storage/files/alice"), _folder: folder, root }
    })
}

fn path(text: &str) -> Path {
    Path::from_plain(text).expect("a path")
}

fn write(root: &Root, at: &str, bytes: &[u8]) -> Result<()> {
    let mut place = root.find(&path(at), true)?;
    let mut upload = Upload::begin(&place)?;
    upload.write(bytes)?;
    upload.seal(&place, Clock::system().now(), None, true)?;
    upload.commit(&mut place, false)
}

fn read(root: &Root, at: &str) -> Result<Vec<u8>> {
    let place = root.find(&path(at), true)?;
    place.meta().ok_or(Error::NotFound)?;
    let (mut file, _) = place.open_file()?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes)?;
    Ok(bytes)
}

#[test]
fn links_within_are_followed_and_links_out_refused() {
    for Scratch { home, root, .. } in both() {
        fs::create_dir_all(home.join("a/b")).expect("folders");
        fs::write(home.join("a/b/f"), "in").expect("a file");
        fs::write(home.parent().expect("files").join("secret"), "SECRET").expect("a file");
        for (name, target) in [
            ("to_b", "a/b"),
            ("a/up", ".."),
            ("chain", "to_b/../b/f"),
            ("out", "../secret"),
            ("a/out", "../../secret"),
            ("abs", "/etc"),
            ("loop1", "loop2"),
            ("loop2", "loop1"),
            ("dangling", "nowhere"),
            ("top", "."),
        ] {
            symlink(target, home.join(name)).expect("a link");
        }
        for good in ["/a/b/f", "/to_b/f", "/a/up/a/b/f", "/chain", "/top/chain", "/a/up/to_b/f"] {
            assert_eq!(read(&root, good).expect(good), b"in", "{good}");
            assert_eq!(root.find(&path(good), true).expect(good).path(), &path("/a/b/f"), "one key for all ways");
        }
        for bad in ["/out", "/a/out", "/abs/passwd", "/abs", "/top/out", "/to_b/../../out", "/a/up/out"] {
            if let Ok(bad) = Path::from_plain(bad) {
                assert!(matches!(root.find(&bad, true), Err(Error::Escapes)), "{bad:?}");
            }
        }
        for bad in ["/loop1", "/loop2/x", "/dangling/x", "/a/b/f/x", "/absent/x"] {
            assert!(root.find(&path(bad), true).is_err(), "{bad}");
        }
        assert!(write(&root, "/out", b"x").is_err());
        write(&root, "/dangling", b"new").expect("a link within may lead to a new file");
        assert_eq!(fs::read(home.join("nowhere")).expect("made"), b"new");
        let inner = root.confined_to(&path("/a")).expect("a folder");
        assert_eq!(read(&inner, "/b/f").expect("within"), b"in");
        assert!(matches!(inner.find(&path("/up"), true), Err(Error::Escapes)));
        assert!(matches!(inner.find(&path("/up/a/b/f"), true), Err(Error::Escapes)));
        assert_eq!(inner.find(&path("/b/f"), true).expect("within").key(), b"files/alice/a/b/f");
    }
}

#[test]
fn an_upload_that_is_given_up_leaves_no_trace() {
    for Scratch { home, root, .. } in both() {
        write(&root, "/f", b"old").expect("written");
        let place = root.find(&path("/f"), true).expect("found");
        let etag = place.meta().expect("there").etag();
        let mut upload = Upload::begin(&place).expect("begun");
        upload.write(b"half").expect("written");
        assert_eq!(fs::read_dir(home.join(TEMPORARY_FOLDER)).expect("there").count(), 1);
        drop(upload);
        assert_eq!(fs::read_dir(home.join(TEMPORARY_FOLDER)).expect("there").count(), 0);
        assert_eq!(read(&root, "/f").expect("read"), b"old");
        assert_eq!(root.find(&path("/f"), true).expect("found").meta().expect("there").etag(), etag);
    }
}

fn target_mode(file: &std::path::Path) -> u32 {
    let meta = fs::metadata(file).expect("there");
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777
}

#[test]
fn deeds_replace_whole_trees_in_one_step() {
    for Scratch { home, root, .. } in both() {
        fs::create_dir_all(home.join("new/deep")).expect("folders");
        fs::write(home.join("new/deep/f"), "new").expect("a file");
        fs::create_dir_all(home.join("old/other")).expect("folders");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o750);
        fs::set_permissions(home.join("new/deep/f"), executable).expect("set");
        let source = root.find(&path("/new"), false).expect("found");
        let mut target = root.find(&path("/old"), false).expect("found");
        let made = copy_to_place(&source, &target, true, true, &mut |_| Ok(())).expect("copied");
        let inode = made.meta().inode;
        let replaced = made.put(&mut target).expect("put");
        assert_eq!(target.meta().expect("there").inode, inode, "what was made is what is there");
        assert_eq!(fs::read(home.join("old/deep/f")).expect("there"), b"new");
        assert_eq!(target_mode(&home.join("old/deep/f")), 0o750, "permissions go along");
        assert!(!home.join("old/other").exists());
        drop(replaced);
        let mut source = root.find(&path("/old"), false).expect("found");
        let mut file = root.find(&path("/file"), false).expect("found");
        write(&root, "/file", b"x").expect("written");
        file.refresh().expect("looked");
        drop(source.move_to(&mut file).expect("moved"));
        assert!(home.join("file/deep/f").is_file() && !home.join("old").exists());
        drop(root.find(&path("/file"), false).expect("found").remove().expect("removed"));
        assert!(!home.join("file").exists());
        assert_eq!(fs::read_dir(home.join(TEMPORARY_FOLDER)).expect("there").count(), 0, "no litter");
    }
}

#[test]
fn leftovers_of_an_earlier_process_are_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = Storage::open(&folder.path().join("storage"), false).expect("a storage");
    let home = storage.homes().make(&UserName::parse("alice").expect("a name"), &NewHome::New).expect("made");
    let hidden = folder.path().join("storage/files/alice").join(TEMPORARY_FOLDER);
    fs::create_dir_all(hidden.join("tree/deep")).expect("folders");
    fs::write(hidden.join("tree/deep/f"), "x").expect("a file");
    fs::write(hidden.join("file"), "x").expect("a file");
    let root = storage.homes().open(&home).expect("opened");
    let live = Upload::begin(&root.find(&path("/f"), true).expect("found")).expect("begun");
    assert_eq!(storage.homes().sweep(&home).expect("swept"), 2);
    assert_eq!(fs::read_dir(&hidden).expect("there").count(), 1, "an upload under way is left alone");
    drop(live);
    assert_eq!(storage.homes().sweep(&home).expect("swept"), 0);
    assert_eq!(fs::read_dir(&hidden).expect("there").count(), 0);
    assert!(matches!(storage.homes().open(&Home::Inside("nobody".to_owned())), Err(Error::HomeMissing)));
}

/// Where folders cannot be exchanged, a crash may leave the old set aside and nothing in its place.
#[test]
fn what_was_kept_goes_back_unless_its_place_is_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = Storage::open(&folder.path().join("storage"), false).expect("a storage");
    let home = storage.homes().make(&UserName::parse("alice").expect("a name"), &NewHome::New).expect("made");
    let files = folder.path().join("storage/files/alice");
    let hidden = files.join(TEMPORARY_FOLDER);
    fs::create_dir_all(files.join("d")).expect("a folder");
    for name in ["kept-one", "kept-two"] {
        fs::create_dir_all(hidden.join(name)).expect("a folder");
        fs::write(hidden.join(name).join("f"), name).expect("a file");
    }
    symlink("d/gone", hidden.join("kept-one.where")).expect("a note");
    symlink("d/taken", hidden.join("kept-two.where")).expect("a note");
    fs::write(files.join("d/taken"), "new").expect("a file");
    storage.homes().sweep(&home).expect("swept");
    assert_eq!(fs::read(files.join("d/gone/f")).expect("put back"), b"kept-one");
    assert_eq!(fs::read(files.join("d/taken")).expect("left"), b"new");
    assert_eq!(fs::read_dir(&hidden).expect("there").count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Whatever links there are, no path reads what lies outside, and both ways of resolving agree.
    #[test]
    fn no_tangle_of_links_leads_out(
        links in proptest::collection::vec(("[a-c]", r"(\.\./|[a-c]/|\./|/){0,3}(\.\.|[a-c]|secret)"), 0..6),
        way in r"(/[a-c]){1,4}(/secret)?",
    ) {
        let mut found = Vec::new();
        for Scratch { home, root, .. } in both() {
            fs::write(home.parent().expect("files").join("secret"), "SECRET").expect("a file");
            fs::create_dir(home.join("d")).expect("a folder");
            for (index, (name, target)) in links.iter().enumerate() {
                let folder = if index % 2 == 0 { home.clone() } else { home.join("d") };
                let _ = symlink(target, folder.join(name));
            }
            let bytes = read(&root, &way).ok();
            prop_assert_ne!(bytes.as_deref(), Some(b"SECRET".as_slice()));
            let _ = write(&root, &way, b"WRITTEN");
            let outside = fs::read(home.parent().expect("files").join("secret")).expect("there");
            prop_assert_eq!(outside, b"SECRET");
            prop_assert_eq!(fs::read_dir(home.parent().expect("files")).expect("there").count(), 2);
            found.push(root.find(&path(&way), true).ok().map(|place| place.path().clone()));
        }
        prop_assert_eq!(&found[0], &found[1]);
    }
}
