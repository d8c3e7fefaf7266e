//! One letter, two spellings (R17): macOS sends `é` as two characters, most others as one, and a disk takes them for
//! two names.

use std::os::unix::ffi::OsStrExt;

use crate::harness::{CHEAP, Person, TestServer};

/// `Bücher/é.txt` composed and decomposed, as URLs and on the disk.
const NFC: &str = "/dav/B%C3%BCcher/%C3%A9.txt";
const NFD: &str = "/dav/Bu%CC%88cher/e%CC%81.txt";
const FOLDER: [&str; 2] = ["B\u{fc}cher", "Bu\u{308}cher"];
const FILE: [&str; 2] = ["\u{e9}.txt", "e\u{301}.txt"];
const FINDER: (&str, &str) = ("User-Agent", "WebDAVFS/3.0.0 (03008000) Darwin/24.0.0 (arm64)");

/// A person with the file in a folder, each in that form.
fn with_file(server: &TestServer, form: usize) -> Person {
    let alice = server.person("alice");
    std::fs::create_dir(alice.file(FOLDER[form])).expect("made");
    std::fs::write(alice.home.join(FOLDER[form]).join(FILE[form]), b"old").expect("written");
    alice
}

fn only_file(alice: &Person, form: usize) -> bool {
    alice.names() == [FOLDER[form].to_owned(), format!("{}/{}", FOLDER[form], FILE[form])]
}

fn send(alice: &Person, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    alice.client().send(method, path, headers, b"").status
}

#[test]
fn a_file_is_found_in_either_form_and_nothing_comes_beside_it() {
    for form in [0, 1] {
        let server = TestServer::start();
        let alice = with_file(&server, form);
        for path in [NFC, NFD, "/dav/B%C3%BCcher/e%CC%81.txt", "/dav/Bu%CC%88cher/%C3%A9.txt"] {
            assert_eq!(alice.client().get(path).body, b"old", "{form} {path}");
            assert_eq!(alice.client().put(path, b"new").status, 204, "{form} {path}");
            assert_eq!(alice.client().put(path, b"old").status, 204);
            let (folder, _) = path.rsplit_once('/').expect("a folder");
            assert_eq!(send(&alice, "MKCOL", folder, &[]), 405, "{form} {path}");
            assert_eq!(send(&alice, "MKCOL", path, &[]), 405, "{form} {path}");
            let told = alice.client().send("PROPFIND", path, &[("Depth", "0")], b"");
            assert!(told.status == 207 && told.text().contains(&format!("<D:href>{path}</D:href>")), "as it was asked");
        }
        assert!(only_file(&alice, form), "{:?}", alice.names());
        // The whole listing beneath the address that was asked for.
        let told = alice.client().send("PROPFIND", "/dav/Bu%CC%88cher", &[("Depth", "1")], b"").text();
        assert!(told.contains("<D:href>/dav/Bu%CC%88cher/</D:href>") && told.matches("<D:response>").count() == 2);
        assert_eq!(send(&alice, "DELETE", if form == 0 { NFD } else { NFC }, &[]), 204);
        assert_eq!(alice.names(), [FOLDER[form]]);
    }
}

#[test]
fn copy_and_move_reach_what_is_there() {
    for form in [0, 1] {
        let server = TestServer::start();
        let alice = with_file(&server, form);
        let other = if form == 0 { NFD } else { NFC };
        alice.client().put("/dav/new", b"new");
        assert_eq!(send(&alice, "COPY", "/dav/new", &[("Destination", other), ("Overwrite", "F")]), 412);
        assert_eq!(send(&alice, "COPY", "/dav/new", &[("Destination", other)]), 204);
        assert_eq!(alice.client().get(NFC).body, b"new");
        assert_eq!(send(&alice, "COPY", other, &[("Destination", NFC)]), 403, "onto itself, whatever the form");
        assert_eq!(send(&alice, "MOVE", "/dav/new", &[("Destination", other)]), 204);
        assert!(only_file(&alice, form), "{:?}", alice.names());
        assert_eq!(send(&alice, "MOVE", other, &[("Destination", "/dav/moved")]), 201);
        assert_eq!(alice.names(), [FOLDER[form], "moved"]);
    }
}

/// Who wants the other spelling can have it: a MOVE of a name to its other form is a rename.
#[test]
fn a_name_can_be_spelled_anew() {
    let server = TestServer::start();
    let alice = with_file(&server, 1);
    let composed = "/dav/Bu%CC%88cher/%C3%A9.txt";
    assert_eq!(send(&alice, "MOVE", NFD, &[("Destination", composed), ("Overwrite", "F")]), 201);
    assert_eq!(send(&alice, "MOVE", "/dav/Bu%CC%88cher", &[("Destination", "/dav/B%C3%BCcher")]), 201);
    assert!(only_file(&alice, 0), "{:?}", alice.names());
    assert_eq!(alice.bytes("B\u{fc}cher/\u{e9}.txt"), b"old");
    assert_eq!(send(&alice, "MOVE", NFC, &[("Destination", NFC)]), 403);
}

#[test]
fn locks_and_conditions_hold_in_either_form() {
    let server = TestServer::start();
    let alice = with_file(&server, 0);
    let info = b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    let answer = alice.client().send("LOCK", NFD, &[("Depth", "0")], info);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.header("lock-token").expect("a token").to_owned();
    for path in [NFC, NFD] {
        assert_eq!(alice.client().put(path, b"x").status, 423, "{path}");
        for tag in [NFC, NFD] {
            let condition = format!("<{tag}> ({token})");
            assert_eq!(alice.client().send("PUT", path, &[("If", &condition)], b"mine").status, 204, "{path} {tag}");
        }
    }
    let property = "<propertyupdate xmlns='DAV:'><set><prop><p xmlns='urn:x'>kept</p></prop></set></propertyupdate>";
    let condition = format!("({token})");
    alice.client().send("PROPPATCH", NFD, &[("If", &condition)], property.as_bytes());
    for path in [NFC, NFD] {
        assert!(alice.client().send("PROPFIND", path, &[("Depth", "0")], b"").text().contains(">kept<"), "{path}");
    }
    assert_eq!(send(&alice, "UNLOCK", NFC, &[("Lock-Token", &token)]), 204);
    // A lock on a name that is not there makes no second one either.
    alice.client().send("LOCK", "/dav/%C3%BC", &[], info);
    assert_eq!(alice.client().put("/dav/u%CC%88", b"x").status, 423);
    assert_eq!(alice.client().send("LOCK", "/dav/u%CC%88", &[], info).status, 423);
    assert!(only_file(&alice, 0) || alice.names().len() == 3, "{:?}", alice.names());
}

/// A password for a folder that is there in the other form is one for that folder, and makes none beside it.
#[test]
fn a_confining_folder_is_found_in_either_form() {
    for form in [0, 1] {
        let server = TestServer::start();
        let alice = with_file(&server, form);
        let paths = FOLDER.map(|folder| format!("/{folder}"));
        for asked in &paths {
            let confined = server.person_with("alice", &["--folder", asked]);
            for path in [NFC, NFD] {
                assert_eq!(confined.client().get(path).body, b"old", "{form} {asked} {path}");
            }
            assert_eq!(confined.client().get("/dav/").status, 200);
        }
        server.person_with("alice", &["--folder", &paths[0], "--folder", &paths[1]]);
        assert!(only_file(&alice, form), "{:?}", alice.names());
        // One that is missing is made beneath the one that is there, as it is written.
        let deep = server.person_with("alice", &["--folder", &format!("{}/e\u{301}", paths[1 - form])]);
        assert_eq!(deep.client().put("/dav/B%C3%BCcher/%C3%A9/f", b"x").status, 201);
        assert_eq!(alice.bytes(&format!("{}/e\u{301}/f", FOLDER[form])), b"x");
        assert_eq!(std::fs::read_dir(&alice.home).expect("the home").count(), 2, "the folder, and our hidden one");
    }
}

#[test]
fn new_names_are_stored_as_the_setting_says() {
    for (setting, finder, others) in [("macos", 0, 1), ("always", 0, 0), ("never", 1, 1)] {
        let server = TestServer::with_config(&format!("{CHEAP}[dav]\nnormalize_names = \"{setting}\"\n"));
        let alice = server.person("alice");
        let make = |agent: &[(&str, &str)]| {
            assert_eq!(send(&alice, "MKCOL", "/dav/Bu%CC%88cher", agent), 201, "{setting}");
            assert_eq!(send(&alice, "PUT", NFD, agent), 201, "{setting}");
            assert_eq!(send(&alice, "COPY", NFD, &[agent, &[("Destination", "/dav/a%CC%88")]].concat()), 201);
            let names = alice.names();
            for path in ["/dav/B%C3%BCcher", "/dav/%C3%A4"] {
                assert_eq!(send(&alice, "DELETE", path, &[]), 204, "{setting} {path}");
            }
            names
        };
        let expected = |form: usize| {
            let mut names = vec![FOLDER[form].to_owned(), format!("{}/{}", FOLDER[form], FILE[form])];
            names.push(["\u{e4}", "a\u{308}"][form].to_owned());
            names.sort();
            names
        };
        assert_eq!(make(&[FINDER]), expected(finder), "{setting}, Finder");
        assert_eq!(make(&[]), expected(others), "{setting}, others");
    }
}

/// Both forms on the disk already, by another program: each is reached as it is written.
#[test]
fn what_is_there_byte_for_byte_goes_first() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for form in [0, 1] {
        std::fs::write(alice.file(FILE[form]), FILE[form]).expect("written");
    }
    assert_eq!(alice.client().get("/dav/%C3%A9.txt").text(), FILE[0]);
    assert_eq!(alice.client().get("/dav/e%CC%81.txt").text(), FILE[1]);
    assert_eq!(send(&alice, "MOVE", "/dav/e%CC%81.txt", &[("Destination", "/dav/%C3%A9.txt")]), 204);
    assert_eq!((alice.names(), alice.bytes(FILE[0])), (vec![FILE[0].to_owned()], FILE[1].into()));
}

/// A folder that a password is confined to is the same folder in either form, and nothing else comes into reach.
#[test]
fn confinement_holds_in_either_form() {
    for form in [0, 1] {
        let server = TestServer::start();
        let alice = with_file(&server, form);
        std::fs::write(alice.file("secret.txt"), b"secret").expect("written");
        std::fs::create_dir(alice.file("e\u{301}")).expect("made");
        std::os::unix::fs::symlink("../secret.txt", alice.home.join(FOLDER[form]).join("\u{f6}")).expect("a link");
        std::os::unix::fs::symlink("../e\u{301}", alice.home.join(FOLDER[form]).join("\u{e4}")).expect("a link");
        let confined = server.person_with("alice", &["--folder", &format!("/{}", FOLDER[form])]);
        for path in [NFC, NFD] {
            assert_eq!(confined.client().get(path).body, b"old", "{form} {path}");
            assert_eq!(confined.client().put(path, b"old").status, 204, "{form} {path}");
        }
        let ways = confined.client().send("PROPFIND", "/dav/", &[("Depth", "1")], b"").text();
        assert_eq!(ways.matches("<D:response>").count(), 2, "{ways}");
        for outside in [
            "/dav/secret.txt",
            "/dav/%C3%A9",
            "/dav/e%CC%81",
            "/dav/Bu%CC%88cher/o%CC%88",
            "/dav/B%C3%BCcher/%C3%B6",
            "/dav/B%C3%BCcher/a%CC%88/x",
            "/dav/Bu%CC%88cher2",
        ] {
            let status = confined.client().get(outside).status;
            assert!(matches!(status, 403 | 404), "{form} {outside} {status}");
            let status = confined.client().put(outside, b"x").status;
            assert!(matches!(status, 403 | 404 | 409), "{form} {outside} {status}");
        }
        assert_eq!(alice.bytes("secret.txt"), b"secret");
        let nested = server.person_with("alice", &["--folder", &format!("/{}/{}", FOLDER[form], "n\u{303}")]);
        for way in ["/dav/B%C3%BCcher", "/dav/Bu%CC%88cher"] {
            let told = nested.client().send("PROPFIND", way, &[("Depth", "1")], b"");
            assert_eq!((told.status, told.text().matches("<D:response>").count()), (207, 2), "{form} {way}");
            assert_eq!(nested.client().put(&format!("{way}/%C3%B1/in"), b"x").status / 100, 2, "{form} {way}");
            assert_eq!(nested.client().get(&format!("{way}/%C3%A9.txt")).status, 404, "{form} {way}");
        }
    }
}

/// U+212A, the sign for kelvin, is composed to a plain K: names that are kept for the server stay out of reach.
#[test]
fn no_form_leads_to_a_reserved_name() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\nnormalize_names = \"always\"\n"));
    let alice = server.person("alice");
    alice.client().put("/dav/a", b"x");
    let hidden = alice.file(".latchkey-tmp");
    std::fs::create_dir_all(&hidden).expect("there");
    std::fs::rename(&hidden, alice.file(".latchKey-tmp")).expect("as the sign is composed");
    std::fs::write(alice.file(".latchKey-tmp/x"), b"hidden").expect("written");
    let sign = "/dav/.latch%E2%84%AAey-tmp";
    for path in [sign, &format!("{sign}/x")] {
        for method in ["GET", "DELETE", "PROPFIND"] {
            assert_eq!(send(&alice, method, path, &[("Depth", "0")]), 404, "{method} {path}");
        }
    }
    for method in ["PUT", "MKCOL"] {
        assert_eq!(send(&alice, method, &format!("{sign}/x"), &[]), 409, "{method}");
    }
    assert_eq!(send(&alice, "PUT", sign, &[]), 201, "a name like others, as it is written");
    assert!(alice.names().contains(&".latch\u{212a}ey-tmp".to_owned()), "{:?}", alice.names());
    assert_eq!(alice.bytes(".latchKey-tmp/x"), b"hidden");
}

/// Names that are no UTF-8 have one form only.
#[test]
fn other_bytes_are_left_alone() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\nnormalize_names = \"always\"\n"));
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/e%CC%81%FF", b"x").status, 201);
    assert!(alice.home.join(std::ffi::OsStr::from_bytes(b"e\xcc\x81\xff")).exists());
    assert_eq!(alice.client().get("/dav/e%CC%81%FF").body, b"x");
    assert_eq!(alice.client().get("/dav/%C3%A9%FF").status, 404);
    assert_eq!(alice.client().get("/dav/absent/%FF").status, 404);
}
