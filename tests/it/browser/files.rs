//! A person's own files in a real browser: dropped, made, renamed, deleted, and looked at.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Browser;
use super::Clocked;

/// Somebody who has signed in, with their home on the disk.
fn at_home(server: &Clocked) -> (Browser, PathBuf) {
    let browser = server.visited_by("zoe");
    let home = server.storage().join("files/zoe");
    browser.open(&format!("{}/files/", server.url()));
    browser.wait_for_text("h1", "Files");
    (browser, home)
}

/// What a person does who drags files from elsewhere onto the page.
const DROP: &str = "const [zone, names] = arguments; const held = new DataTransfer();
    for (const name of names) held.items.add(new File(['dropped ' + name], name));
    const target = document.querySelector(zone);
    for (const kind of ['dragover', 'drop']) {
        target.dispatchEvent(new DragEvent(kind, { dataTransfer: held, bubbles: true, cancelable: true }));
    }";

#[test]
fn files_are_dropped_and_chosen_and_a_refused_one_is_told() {
    let server = Clocked::start();
    let (browser, home) = at_home(&server);
    browser.run_js(DROP, vec![json!(".drop"), json!(["one.txt", "two and three.txt"])]);
    browser.wait_for_text(".filelist", "two and three.txt");
    assert_eq!(fs::read_to_string(home.join("one.txt")).expect("stored"), "dropped one.txt");
    let chosen = server.storage().join("chosen.txt");
    fs::write(&chosen, vec![b'x'; 300_000]).expect("written");
    browser.attach("input[type=file]", &chosen);
    browser.wait_for_text(".filelist", "chosen.txt");
    assert_eq!(fs::metadata(home.join("chosen.txt")).expect("stored").len(), 300_000);
    // Nothing is replaced unless that was asked for.
    fs::write(home.join("one.txt"), "mine").expect("written");
    browser.run_js(DROP, vec![json!(".drop"), json!(["one.txt"])]);
    browser.wait_for(".uploads .failed");
    browser.look("files-refused");
    assert_eq!(fs::read_to_string(home.join("one.txt")).expect("there"), "mine");
    browser.reload();
    browser.click("input[name=replace]");
    browser.run_js(DROP, vec![json!(".drop"), json!(["one.txt"])]);
    browser.wait_for_text(".filelist", "one.txt");
    crate::harness::eventually("it is replaced", || {
        fs::read_to_string(home.join("one.txt")).expect("there") == "dropped one.txt"
    });
}

/// How far the upload of the bar that is shown has come, from 0 to 1.
fn progress(browser: &Browser) -> f64 {
    let value = browser.run_js("return document.querySelector('.uploads progress').value", Vec::new());
    value.as_f64().expect("a number")
}

/// All files beneath a folder, hidden ones too.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect()
}

#[test]
fn an_upload_shows_how_far_it_is_and_is_cancelled() {
    let server = Clocked::start();
    let (browser, home) = at_home(&server);
    for (name, length) in [("large.bin", 20_000_000), ("waiting.bin", 1000), ("small.bin", 1000)] {
        fs::write(server.storage().join(name), vec![b'x'; length]).expect("written");
    }
    // Most of a minute for the large one.
    browser.upload_at(500_000);
    for name in ["large.bin", "waiting.bin", "small.bin"] {
        browser.attach("input[type=file]", &server.storage().join(name));
    }
    browser.wait_for_text(".uploads li:first-child", "Uploading…");
    browser.wait_for_text(".uploads li:last-child", "Waiting");
    crate::harness::eventually("the bar moves", || progress(&browser) > 0.0);
    let first = progress(&browser);
    crate::harness::eventually("the bar moves on", || progress(&browser) > first);
    assert!(progress(&browser) < 1.0, "it is not there yet");
    crate::harness::eventually("a part is on the disk", || !files_in(&home).is_empty());
    browser.look("files-uploading");
    browser.click("[aria-label='Cancel waiting.bin']");
    browser.click("[aria-label='Cancel large.bin']");
    browser.wait_for_text(".uploads li:first-child.failed", "Cancelled");
    browser.wait_for_text(".uploads li:nth-child(2).failed", "Cancelled");
    browser.wait_for_text(".uploads li:last-child.done", "Uploaded");
    assert_eq!(browser.count(".uploads progress, .uploads button"), 0, "all are settled");
    crate::harness::eventually("the rest is gone", || files_in(&home) == [home.join("small.bin")]);
    browser.look("files-cancelled");
    browser.reload();
    browser.wait_for_text(".filelist", "small.bin");
    assert_eq!(browser.count(".filelist tbody tr"), 1);
}

#[test]
fn folders_are_made_files_renamed_and_deleted() {
    let server = Clocked::start();
    let (browser, home) = at_home(&server);
    browser.look("files-empty");
    browser.click("[data-dialog='#new-folder']");
    browser.fill("dialog[open] input[name=name]", "Letters");
    browser.look("files-new-folder");
    browser.submit("dialog[open] form");
    browser.wait_for_text("main", "Letters");
    assert!(home.join("Letters").is_dir());
    fs::write(home.join("<script>alert(1)<script>.txt"), "x").expect("written");
    let long = format!("{} that has a long name.jpg", "holiday ".repeat(12));
    fs::write(home.join(&long), vec![b'x'; 2_500_000]).expect("written");
    browser.reload();
    browser.wait_for_text(".filelist", "<script>alert(1)<script>.txt");
    browser.look("files");
    browser.click("[aria-label='Rename Letters']");
    browser.look("files-rename");
    browser.fill("input[name=name]", "Post");
    browser.submit("main form:has(input[name=name])");
    browser.wait_for_text(".filelist", "Post");
    assert!(home.join("Post").is_dir() && !home.join("Letters").exists());
    browser.click(&format!("[aria-label='Move {long}']"));
    browser.look("files-move");
    browser.fill("input[name=to]", "/Post");
    browser.submit("main form:has(input[name=to])");
    browser.wait_for_text("main", "Post");
    assert!(home.join("Post").join(&long).is_file());
    browser.click("button[aria-label='Delete Post']");
    browser.wait_for("dialog[open]");
    browser.look("files-delete");
    browser.click("dialog[open] .button:not(.danger)");
    browser.gone("dialog[open]");
    assert!(home.join("Post").is_dir(), "who cancels deletes nothing");
    browser.click("button[aria-label='Delete Post']");
    browser.agree();
    crate::harness::eventually("it is deleted", || !home.join("Post").exists());
}
