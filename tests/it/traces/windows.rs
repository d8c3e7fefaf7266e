//! Windows: the `MiniRedirector` (service `WebClient`), through which Explorer and every program see a mapped drive.
//!
//! It is closed; its requests are known from captures and logs that people show with their reports. Order of a copied
//! file and both PROPPATCH requests: mar10/wsgidav issue 112. PROPPATCH's body: 9001/copyparty issue 910. LOCK without
//! Depth: swisspol/GCDWebServer issue 319. Challenged OPTIONS and `Connection: close`: sigoden/dufs issue 380 with commit
//! cb7d417. Questions at the root: nextcloud/server pull request 2986, 9001/copyparty issue 695. Names without a final
//! slash and no redirects: vaggeliskls/webdav-server pull request 27. A folder that is made and renamed:
//! dgraziotin/docker-nginx-webdav-nononsense issue 8. Limits: Microsoft, "WebDAV Redirector Registry Settings"; a listing
//! above one: ramondeklein/nwebdav issue 70. Names that break it: drakkan/sftpgo issue 203, owncloud/core issue 28164,
//! meganz/sdk issue 2693.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use percent_encoding::percent_decode_str;

use super::{DAV, Device, Told, colleagues, modified, pattern, seconds};
use crate::harness::{Person, TestServer};

pub(super) const AGENT: &str = "Microsoft-WebDAV-MiniRedir/10.0.22621";
const WIN32: &str = "urn:schemas-microsoft-com:";
const XML: &str = "Content-Type: text/xml; charset=\"utf-8\"";
const LOCKINFO: &str = "<?xml version=\"1.0\" encoding=\"utf-8\" ?><D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/>\
                        </D:lockscope><D:locktype><D:write/></D:locktype><D:owner><D:href>OFFICE\\alice</D:href></D:owner>\
                        </D:lockinfo>";
/// The four properties, in the order in which they are set.
const FOUR: [&str; 4] = ["Win32CreationTime", "Win32LastAccessTime", "Win32LastModifiedTime", "Win32FileAttributes"];

/// What every request of it carries.
pub(super) const ALWAYS: [&str; 2] = ["Connection: Keep-Alive", "translate: f"];

fn windows(person: &Person) -> Device {
    Device::of(person, AGENT).always(&ALWAYS)
}

/// A question for one resource or a folder's members: without a body, which asks for all properties.
pub(super) fn look(windows: &Device, path: &str, depth: u8) -> Told {
    windows.asks(&format!("PROPFIND {path}"), &[&format!("Depth: {depth}")], "")
}

fn update(properties: &[(&str, &str)]) -> String {
    let set: String = properties.iter().map(|(name, value)| format!("<Z:{name}>{value}</Z:{name}>")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><D:propertyupdate xmlns:D=\"DAV:\" xmlns:Z=\"{WIN32}\"><D:set><D:prop>{set}\
         </D:prop></D:set></D:propertyupdate>"
    )
}

/// Every property must be told as set, in its namespace: with another, the copy fails (npm-WebDAV-Server issue 34).
fn patch(windows: &Device, path: &str, token: Option<&str>, properties: &[(&str, &str)]) {
    let condition = format!("If: (<{}>)", token.unwrap_or_default());
    let headers: &[&str] = if token.is_some() { &[XML, &condition] } else { &[XML] };
    let told = windows.asks(&format!("PROPPATCH {path}"), headers, update(properties)).gets(207);
    let resource = told.resource();
    for (name, _) in properties {
        assert_eq!(resource.status(WIN32, name), Some(200), "{name} of {path}");
    }
}

fn lock(windows: &Device, path: &str) -> String {
    let told = windows.asks(
        &format!("LOCK {path}"),
        &["Cache-Control: no-cache", "Pragma: no-cache", XML, "Timeout: Second-3600"],
        LOCKINFO,
    );
    told.gets_one_of(&[200, 201]).token()
}

fn unlock(windows: &Device, path: &str, token: &str) {
    windows.asks(&format!("UNLOCK {path}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
}

/// A file is copied to the drive: nothing there, an empty file, a lock, its times, the bytes, its times once more.
pub(super) fn copy_in(windows: &Device, path: &str, bytes: &[u8], time: &str) {
    look(windows, path, 0).gets(404);
    windows.asks(&format!("PUT {path}"), &["Cache-Control: no-cache", "Pragma: no-cache"], "").gets(201);
    let token = lock(windows, path);
    let values = [time, "Tue, 14 Oct 2025 08:00:00 GMT", time, "00000020"];
    patch(windows, path, Some(&token), &[0, 1, 2, 3].map(|at| (FOUR[at], values[at])));
    windows.asks(&format!("HEAD {path}"), &[], "").gets(200);
    if !bytes.is_empty() {
        windows.asks(&format!("PUT {path}"), &[&format!("If: (<{token}>)")], bytes).gets_one_of(&[200, 204]);
        patch(windows, path, Some(&token), &[(FOUR[2], time), (FOUR[3], "00000020")]);
    }
    unlock(windows, path, &token);
}

#[test]
fn mapping_a_drive_begins_at_the_root() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/letter.txt", b"Dear Bob");
    let windows = windows(&alice);
    for path in ["/", "/dav", "/dav/"] {
        let told = windows.asks(&format!("OPTIONS {path}"), &[], "").gets(200);
        told.with("DAV", "2").with("MS-Author-Via", "DAV").with("Allow", "PROPFIND");
    }
    for path in ["/", "/dav"] {
        let told = look(&windows, path, 0).gets(207);
        assert!(told.resource().is_folder(), "{path}");
    }
    assert_eq!(look(&windows, "/", 1).members(), ["/dav/"]);
    assert_eq!(look(&windows, "/dav", 1).members(), ["/dav/letter.txt"], "without a slash, and without a redirect");
    for name in ["desktop.ini", "Thumbs.db", "AutoRun.inf", "folder.jpg"] {
        look(&windows, &format!("/dav/{name}"), 0).gets(404);
    }
    let file = look(&windows, "/dav/letter.txt", 0).resource();
    assert_eq!((file.is_folder(), file.text(DAV, "getcontentlength")), (false, "8".to_owned()));
    seconds(&file.text(DAV, "getlastmodified"));
    windows.asks("GET /dav/letter.txt", &[], "").gets(200).has_body(b"Dear Bob");
}

/// Before the service runs, Explorer itself asks (as `DavClnt`); what it is never to see is a redirect to a sign-in.
#[test]
fn the_first_question_is_never_led_to_a_page() {
    let server = TestServer::start();
    for agent in ["DavClnt", AGENT] {
        let stranger = Device::without_password(&server, agent).always(&["translate: f"]);
        for what in ["OPTIONS /", "PROPFIND /", "OPTIONS /dav", "PROPFIND /dav"] {
            stranger.asks(what, &["Depth: 0"], "").gets_one_of(&[200, 401]).without("Location");
        }
    }
}

#[test]
fn a_file_is_copied_in() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let windows = windows(&alice);
    let bytes = pattern(300_000);
    copy_in(&windows, "/dav/Budget%202026.xlsx", &bytes, "Thu, 09 Oct 2025 17:54:43 GMT");
    copy_in(&windows, "/dav/empty.txt", b"", "Thu, 09 Oct 2025 17:54:43 GMT");
    assert!(alice.bytes("Budget 2026.xlsx") == bytes);
    assert_eq!(alice.bytes("empty.txt"), b"");
    assert_eq!(alice.names(), ["Budget 2026.xlsx", "empty.txt"]);
    assert!(look(&windows, "/dav/Budget%202026.xlsx", 0).gets(207).answer.text().matches("activelock").count() == 0);
    let file = look(&windows, "/dav/Budget%202026.xlsx", 0).resource();
    assert_eq!(file.text(DAV, "getcontentlength"), "300000");
}

/// It sends the bytes before it knows that a connection needs the password, and sends them again on another.
#[test]
fn a_file_that_was_sent_without_the_password_is_sent_again_whole() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let bytes = pattern(300_000);
    let stranger = Device::without_password(&server, AGENT).always(&["translate: f"]);
    let told = stranger.asks("PUT /dav/picture.png", &["Connection: Keep-Alive"], &bytes).gets(401);
    told.with("WWW-Authenticate", "Basic");
    assert_eq!(alice.names(), Vec::<String>::new());
    windows(&alice).asks("PUT /dav/picture.png", &[], &bytes).gets(201);
    assert!(alice.bytes("picture.png") == bytes);
}

#[test]
fn a_file_is_saved_over_and_deleted() {
    let server = TestServer::start();
    let [alice, bob] = colleagues(&server);
    alice.client().put("/dav/notes.txt", b"first");
    let windows = windows(&alice);
    look(&windows, "/dav/notes.txt", 0).gets(207);
    let token = lock(&windows, "/dav/notes.txt");
    windows.asks("GET /dav/notes.txt", &[], "").gets(200).has_body(b"first");
    // While it is open the lock is asked for again, without a body.
    let condition = format!("If: (<{token}>)");
    windows.asks("LOCK /dav/notes.txt", &[&condition, "Timeout: Second-3600"], "").gets(200).says(&token);
    let other = Device::of(&bob, AGENT);
    other.asks("PUT /dav/notes.txt", &[], "mine").gets(423);
    windows.asks("PUT /dav/notes.txt", &[&format!("If: (<{token}>)")], "second").gets(204);
    patch(&windows, "/dav/notes.txt", Some(&token), &[(FOUR[2], "Fri, 10 Oct 2025 06:00:00 GMT")]);
    unlock(&windows, "/dav/notes.txt", &token);
    assert_eq!(alice.bytes("notes.txt"), b"second");
    other.asks("PUT /dav/notes.txt", &[], "third").gets(204);
    assert_eq!(alice.bytes("notes.txt"), b"third");
    windows.asks("DELETE /dav/notes.txt", &[], "").gets(204);
    look(&windows, "/dav/notes.txt", 0).gets(404);
    assert_eq!(alice.names(), Vec::<String>::new());
}

#[test]
fn a_folder_is_made_renamed_and_copied_in() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let windows = windows(&alice);
    look(&windows, "/dav/New%20folder", 0).gets(404);
    windows.asks("MKCOL /dav/New%20folder", &[], "").gets(201);
    assert!(look(&windows, "/dav/New%20folder", 0).resource().is_folder());
    patch(&windows, "/dav/New%20folder", None, &[(FOUR[3], "00000010")]);
    look(&windows, "/dav/Photos", 0).gets(404);
    let destination = windows.destination("/dav/Photos");
    windows.asks("MOVE /dav/New%20folder", &[&destination, "Overwrite: F"], "").gets(201);
    look(&windows, "/dav/New%20folder", 0).gets(404);

    let time = "Thu, 09 Oct 2025 17:54:43 GMT";
    copy_in(&windows, "/dav/Photos/1.jpg", b"one", time);
    look(&windows, "/dav/Photos/2024", 0).gets(404);
    windows.asks("MKCOL /dav/Photos/2024", &[], "").gets(201);
    let values = [time, time, time, "00000010"];
    patch(&windows, "/dav/Photos/2024", None, &[0, 1, 2, 3].map(|at| (FOUR[at], values[at])));
    copy_in(&windows, "/dav/Photos/2024/gr%C3%BCn.jpg", b"two", time);
    assert_eq!(look(&windows, "/dav/Photos", 1).members(), ["/dav/Photos/1.jpg", "/dav/Photos/2024/"]);
    assert_eq!(alice.names(), ["Photos", "Photos/1.jpg", "Photos/2024", "Photos/2024/grün.jpg"]);
    assert_eq!((alice.bytes("Photos/1.jpg"), alice.bytes("Photos/2024/grün.jpg")), (b"one".to_vec(), b"two".to_vec()));

    windows
        .asks("MOVE /dav/Photos/1.jpg", &[&windows.destination("/dav/Photos/2024/gr%C3%BCn.jpg"), "Overwrite: F"], "")
        .gets(412);
    windows.asks("DELETE /dav/Photos", &[], "").gets(204);
    assert_eq!(alice.names(), Vec::<String>::new());
}

/// R12: the time that Explorer shows after the copy is the file's own, on the drive and on the server's disk.
#[test]
fn the_time_of_a_copied_file_is_set() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let windows = windows(&alice);
    let time = "Thu, 09 Oct 2025 17:54:43 GMT";
    copy_in(&windows, "/dav/old.txt", b"old", time);
    copy_in(&windows, "/dav/empty.txt", b"", time);
    windows.asks("MKCOL /dav/old", &[], "").gets(201);
    patch(&windows, "/dav/old", None, &[(FOUR[2], time), (FOUR[3], "00000010")]);
    for name in ["old.txt", "empty.txt", "old"] {
        assert_eq!(modified(&alice, name), seconds(time), "{name}");
        assert_eq!(look(&windows, &format!("/dav/{name}"), 0).resource().text(DAV, "getlastmodified"), time, "{name}");
    }
    assert_eq!(windows.asks("HEAD /dav/old.txt", &[], "").gets(200).header("Last-Modified"), time);
    assert_eq!(alice.bytes("old.txt"), b"old");
}

/// R14: it takes a login for one that it has been asked for at once; others ask without one, as before.
#[test]
fn options_without_a_password_is_challenged() {
    let server = TestServer::start();
    for agent in [AGENT, "microsoft-webdav-miniredir/6.1.7601"] {
        let stranger = Device::without_password(&server, agent).always(&["translate: f"]);
        for path in ["/", "/dav", "/dav/"] {
            let told = stranger.asks(&format!("OPTIONS {path}"), &[], "").gets(401);
            told.with("WWW-Authenticate", "Basic").without("Location");
        }
    }
    Device::without_password(&server, "curl/8.5.0").asks("OPTIONS /", &[], "").gets(200).with("DAV", "2");
    let alice = server.person("alice");
    windows(&alice).asks("OPTIONS /", &[], "").gets(200).with("DAV", "2");
}

/// R14: whatever is answered, the connection ends with it, though the client asks to keep it.
#[test]
fn every_answer_ends_its_connection() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let credentials = windows(&alice);
    let stranger = Device::without_password(&server, AGENT);
    let asked = [
        (&credentials, "OPTIONS /", 200),
        (&credentials, "PROPFIND /dav", 207),
        (&credentials, "PUT /dav/a", 201),
        (&credentials, "GET /dav/absent", 404),
        (&credentials, "MKCOL /dav/a/b", 409),
        (&credentials, "DELETE /dav/a", 204),
        (&stranger, "OPTIONS /", 401),
        (&stranger, "PUT /dav/a", 401),
    ];
    for (device, what, status) in asked {
        let (method, path) = what.split_once(' ').expect("a method and a path");
        let mut connection = device.client.connect();
        connection.write(&device.client.head(method, path, &[("Depth", "0")], Some(0)));
        let answer = connection.answer(method);
        let told = Told { what: what.to_owned(), answer };
        told.gets(status).with("Connection", "close");
        assert!(connection.is_closed(), "{what}");
    }
}

/// What Windows cannot name: its reserved characters, ends that it cuts off, and bytes that are no text.
const BAD: [&[u8]; 9] = [
    b"12:30.txt",
    b"what?.txt",
    b"a*b.txt",
    b"<tag>.txt",
    b"back\\slash.txt",
    b"end.",
    b"space ",
    b"tab\there.txt",
    b"latin\xe9.txt",
];

/// R30: one bad name does not blank a folder; what is shown can be opened by the name under which it is shown.
#[test]
fn a_name_that_windows_does_not_know_blanks_no_folder() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    for name in BAD {
        fs::write(alice.file("d").join(OsStr::from_bytes(name)), name).expect("a file");
    }
    fs::write(alice.file("d/good.txt"), "good.txt").expect("a file");
    let windows = windows(&alice);
    let members = look(&windows, "/dav/d", 1).members();
    assert!(members.contains(&"/dav/d/good.txt".to_owned()), "{members:?}");
    for member in &members {
        let name = member.rsplit('/').next().expect("a name");
        let name = percent_decode_str(name).decode_utf8().expect("text").into_owned();
        let reserved = |letter: char| letter.is_control() || "<>:\"/\\|?*".contains(letter);
        assert!(!name.contains(reserved) && !name.ends_with([' ', '.']), "{name:?}");
        look(&windows, member, 0).gets(207);
        let told = windows.asks(&format!("GET {member}"), &[], "").gets(200);
        let there = fs::read_dir(alice.file("d")).expect("a folder").map(|entry| entry.expect("an entry").path());
        let same = there.filter(|path| fs::read(path).expect("a file") == told.answer.body);
        assert_eq!(same.count(), 1, "{member} leads to a file of its own");
        let written = format!("saved as {name}");
        windows.asks(&format!("PUT {member}"), &[], &written).gets(204);
        windows.asks(&format!("GET {member}"), &[], "").gets(200).has_body(written.as_bytes());
    }
    assert_eq!(fs::read_dir(alice.file("d")).expect("a folder").count(), BAD.len() + 1, "none was made beside another");
    // Whoever can name them still sees them all that are text.
    let all = Device::of(&alice, "rclone/v1.75.2").asks("PROPFIND /dav/d", &["Depth: 1"], "").members();
    for name in ["12%3A30.txt", "end.", "space%20"] {
        assert!(all.iter().any(|href| href.eq_ignore_ascii_case(&format!("/dav/d/{name}"))), "{name} in {all:?}");
    }
}

/// R29: above 1,000,000 bytes (`FileAttributesLimitInBytes`) Explorer shows an empty folder.
#[test]
fn a_folder_of_2500_files_is_listed_in_a_million_bytes() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for number in 0..2500 {
        fs::write(alice.file(&format!("DSC{number:05}.JPG")), "").expect("a file");
    }
    let told = look(&windows(&alice), "/dav", 1).gets(207);
    assert_eq!(told.resources().len(), 2501);
    assert!(told.answer.body.len() < 1_000_000, "{} bytes", told.answer.body.len());
}
