//! The rooms' arrows: who may use whom. `docs/architecture.md` says why.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Everybody may use these, and these use each other only.
const LEAVES: [&str; 3] = ["clock", "model", "secret"];

/// What a room may use besides the leaves and itself.
fn allowed(room: &str) -> &'static [&'static str] {
    match room {
        "cli" => &["api", "auth", "config", "files", "server", "store", "tasks"],
        "server" => &["api", "auth", "config", "dav", "directory", "error", "files", "store", "web"],
        "directory" => &["config"],
        "dav" => &["auth", "config", "files", "store"],
        "api" => &["auth", "error", "files"],
        "auth" => &["config", "directory", "files", "store"],
        "tasks" => &["auth", "server", "store"],
        "error" => &["auth", "dav", "files"],
        "web" => &["auth", "config", "dav", "error", "files"],
        "files" | "store" | "config" | "clock" | "model" | "secret" => &[],
        other => panic!("{other} is a room that this test does not know"),
    }
}

#[test]
fn arrows_never_point_backwards() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut rooms = BTreeSet::new();
    visit(&src, &mut |file| {
        let relative = file.strip_prefix(&src).expect("beneath src").to_string_lossy().into_owned();
        let room = relative.split(['/', '.']).next().expect("a room").to_owned();
        if matches!(room.as_str(), "main" | "lib") {
            return;
        }
        rooms.insert(room.clone());
        for used in uses(&fs::read_to_string(file).expect("UTF-8")) {
            let fine = used == room || LEAVES.contains(&used.as_str()) || allowed(&room).contains(&used.as_str());
            if !fine {
                wrong.push(format!("{relative} uses {used}"));
            }
        }
    });
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rooms.len() >= 14, "the rooms were found: {rooms:?}");
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, look);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            look(&path);
        }
    }
}

/// The rooms named behind `crate::`, also in braces.
fn uses(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let name = name.trim().split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
            if !name.is_empty() {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

#[test]
fn only_the_named_rooms_open_the_disk_and_the_database() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    visit(&src, &mut |file| {
        let text = fs::read_to_string(file).expect("UTF-8");
        let relative = file.strip_prefix(&src).expect("beneath src").to_string_lossy().into_owned();
        if text.contains("disallowed_methods") {
            let doors = ["files/mod.rs", "store/mod.rs", "config/file.rs", "clock.rs", "secret.rs"];
            assert!(doors.contains(&relative.as_str()), "{relative} opens a door of its own");
        }
    });
}
