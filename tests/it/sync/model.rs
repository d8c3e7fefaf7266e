//! A client that only synchronises, beside what PROPFIND shows: after whatever was done, they are the same.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::client::{SyncClient, refused};
use crate::harness::{CHEAP, Person, TestServer};

/// Something that is done to a tree. Places are numbers, taken modulo what there is.
#[derive(Debug, Clone)]
enum Deed {
    /// By this server.
    Put(usize, u8),
    Mkcol(usize),
    Delete(usize),
    Move(usize, usize),
    Copy(usize, usize),
    SetProperty(usize),
    /// By another program.
    Write(usize, u8),
    MakeFolder(usize),
    Remove(usize),
    Rename(usize, usize),
    Link(usize, usize),
    /// Out of the home, and back to where it was or elsewhere.
    Stash(usize),
    Unstash(usize),
    /// A client asks: whichever of them, all of it or one page.
    Sync(usize),
    Page(usize),
    /// The server ends by SIGKILL and begins again.
    Crash,
}

/// Names in three levels: few, so that deeds meet each other.
const NAMES: [&str; 5] = ["a", "b", "a b", "a!", "\u{fc}"];

/// A path of one to three of the names.
fn path(number: usize) -> String {
    let (first, rest) = (NAMES[number % 5], number / 5);
    let (second, rest) = (NAMES[rest % 5], rest / 5);
    match rest % 3 {
        0 => first.to_owned(),
        1 => format!("{first}/{second}"),
        _ => format!("{first}/{second}/{}", NAMES[(rest / 3) % 5]),
    }
}

fn url(path: &str) -> String {
    let encoded =
        path.split('/').map(|name| percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC));
    format!("/dav/{}", encoded.map(|name| name.to_string()).collect::<Vec<_>>().join("/"))
}

fn deed() -> impl Strategy<Value = Deed> {
    let at = 0_usize..375;
    prop_oneof![
        4 => (at.clone(), any::<u8>()).prop_map(|(at, byte)| Deed::Put(at, byte)),
        4 => at.clone().prop_map(Deed::Mkcol),
        2 => at.clone().prop_map(Deed::Delete),
        3 => (at.clone(), at.clone()).prop_map(|(from, to)| Deed::Move(from, to)),
        2 => (at.clone(), at.clone()).prop_map(|(from, to)| Deed::Copy(from, to)),
        1 => at.clone().prop_map(Deed::SetProperty),
        4 => (at.clone(), any::<u8>()).prop_map(|(at, byte)| Deed::Write(at, byte)),
        4 => at.clone().prop_map(Deed::MakeFolder),
        2 => at.clone().prop_map(Deed::Remove),
        3 => (at.clone(), at.clone()).prop_map(|(from, to)| Deed::Rename(from, to)),
        1 => (at.clone(), at.clone()).prop_map(|(from, to)| Deed::Link(from, to)),
        2 => at.clone().prop_map(Deed::Stash),
        3 => at.prop_map(Deed::Unstash),
        8 => (0_usize..6).prop_map(Deed::Sync),
        6 => (0_usize..6).prop_map(Deed::Page),
    ]
}

/// The clients of a tree: of the whole, of its members alone, of parts, and in pages.
fn clients() -> Vec<SyncClient> {
    vec![
        SyncClient::new("/dav/", "infinite"),
        SyncClient::new("/dav/", "1"),
        SyncClient::new("/dav/", "infinite").with_limit(1),
        SyncClient::new("/dav/", "infinite").with_limit(3),
        SyncClient::new("/dav/a/", "infinite"),
        SyncClient::new("/dav/a/b/", "1").with_limit(2),
    ]
}

struct World<'w> {
    server: &'w mut TestServer,
    alice: Person,
    stash: PathBuf,
    clients: Vec<SyncClient>,
    has_links: bool,
}

impl World<'_> {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let answer = self.alice.client().send(method, &url(path), headers, body);
        assert!(answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text());
    }

    fn file(&self, number: usize) -> PathBuf {
        self.alice.file(&path(number))
    }

    /// Deeds that make no sense where they come are refused, or fail: that changes nothing.
    fn act(&mut self, deed: &Deed) {
        match deed {
            Deed::Put(at, byte) => self.send("PUT", &path(*at), &[], &vec![*byte; usize::from(byte % 3)]),
            Deed::Mkcol(at) => self.send("MKCOL", &path(*at), &[], b""),
            Deed::Delete(at) => self.send("DELETE", &path(*at), &[], b""),
            Deed::Move(from, to) => self.send("MOVE", &path(*from), &[("Destination", &url(&path(*to)))], b""),
            Deed::Copy(from, to) => self.send("COPY", &path(*from), &[("Destination", &url(&path(*to)))], b""),
            Deed::SetProperty(at) => {
                let body = b"<propertyupdate xmlns='DAV:'><set><prop><p xmlns='urn:x'/></prop></set></propertyupdate>";
                self.send("PROPPATCH", &path(*at), &[], body);
            }
            Deed::Write(at, byte) => drop(std::fs::write(self.file(*at), vec![*byte; usize::from(*byte)])),
            Deed::MakeFolder(at) => drop(std::fs::create_dir_all(self.file(*at))),
            Deed::Remove(at) => remove(&self.file(*at)),
            Deed::Rename(from, to) => drop(std::fs::rename(self.file(*from), self.file(*to))),
            Deed::Link(target, at) => {
                // By a relative way: one that is absolute leads out.
                let up = "../".repeat(path(*at).matches('/').count());
                self.has_links |= symlink(format!("{up}{}", path(*target)), self.file(*at)).is_ok();
            }
            Deed::Stash(at) => {
                remove(&self.stash);
                drop(std::fs::rename(self.file(*at), &self.stash));
            }
            Deed::Unstash(at) => drop(std::fs::rename(&self.stash, self.file(*at))),
            Deed::Sync(which) => self.sync(*which, true),
            Deed::Page(which) => self.sync(*which, false),
            Deed::Crash => {
                self.server.crash_and_restart();
                self.alice.addr = self.server.addr;
            }
        }
    }

    fn sync(&mut self, which: usize, whole: bool) {
        let client = &mut self.clients[which];
        // What is no folder now may be one again: the client goes on with what it knows.
        if !client.is_folder(&self.alice) {
            return;
        }
        // A link makes another collection of the address.
        if self.has_links && !client.token.is_empty() && refused(&self.alice, client.path(), &client.token) {
            *client = clients().swap_remove(which);
        }
        if whole {
            client.check(&self.alice);
        } else {
            client.step(&self.alice);
        }
    }
}

fn remove(file: &PathBuf) {
    drop(std::fs::remove_dir_all(file));
    drop(std::fs::remove_file(file));
}

fn clear(alice: &Person) {
    for entry in std::fs::read_dir(&alice.home).expect("a home") {
        remove(&entry.expect("an entry").path());
    }
}

fn run(cases: u32, seed: u8, deeds: impl Strategy<Value = Vec<Deed>>) {
    let mut server = TestServer::with_config(&format!("{CHEAP}[log]\naccess = false\n"));
    let person = server.person("alice");
    let server = std::cell::RefCell::new(&mut server);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let done = TestRunner::new_with_rng(config, random).run(&deeds, |deeds| {
        let mut server = server.borrow_mut();
        let alice = Person { addr: server.addr, ..person.clone() };
        clear(&alice);
        let stash = server.folder.path().join("stash");
        remove(&stash);
        let mut world = World { server: &mut server, alice, stash, clients: clients(), has_links: false };
        for deed in &deeds {
            world.act(deed);
        }
        for which in 0..world.clients.len() {
            world.sync(which, true);
        }
        Ok(())
    });
    assert!(done.is_ok(), "seed {seed}: {done:?}");
}

#[test]
fn a_client_that_only_synchronises_knows_what_there_is() {
    run(60, 1, proptest::collection::vec(deed(), 20..80));
}

#[test]
fn the_same_where_the_server_is_killed_between() {
    let deeds = prop_oneof![9 => deed(), 1 => Just(Deed::Crash)];
    run(8, 2, proptest::collection::vec(deeds, 20..60));
}
