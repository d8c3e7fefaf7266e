//! SIGKILL in the midst of MOVE, COPY and DELETE: dead properties are where their resources are.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::mounts::Tmpfs;
use super::{Line, again, color, names, paint};
use crate::harness::{Person, TestServer, eventually};

const UNITS: usize = 60;
const WORKERS: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Move,
    /// Over something that has a property of its own.
    MoveOver,
    Copy,
    CopyOver,
    Delete,
}

const DEEDS: [Deed; 5] = [Deed::Move, Deed::MoveOver, Deed::Copy, Deed::CopyOver, Deed::Delete];

/// A file, or a folder with a file in it, that something is done to.
struct Unit {
    number: usize,
    deed: Deed,
    is_folder: bool,
    /// The folder it is in at first.
    from: &'static str,
}

impl Unit {
    /// So many units, to each of which the next deed is done, to files first and then to folders.
    fn many(deeds: &[Deed], from: &'static str) -> Vec<Self> {
        let unit = |number: usize| {
            let deed = deeds[number % deeds.len()];
            Self { number, deed, is_folder: number / deeds.len() % 2 == 1, from }
        };
        (0..UNITS).map(unit).collect()
    }

    fn source(&self) -> String {
        format!("{}/{}", self.from, self.number)
    }

    fn target(&self) -> String {
        format!("/dav/to/{}", self.number)
    }

    /// Which of the addresses have a property: in a folder, its member.
    fn painted(&self, place: &str) -> Vec<String> {
        if self.is_folder { vec![place.to_owned(), format!("{place}/member")] } else { vec![place.to_owned()] }
    }

    fn color(&self) -> String {
        format!("own-{}", self.number)
    }

    fn other_color(&self) -> String {
        format!("other-{}", self.number)
    }

    fn make(&self, alice: &Person, place: &str, color: &str) {
        if self.is_folder {
            assert_eq!(alice.client().send("MKCOL", place, &[], b"").status, 201, "{place}");
        }
        let painted = self.painted(place);
        assert_eq!(alice.client().put(&painted[painted.len() - 1], color.as_bytes()).status, 201, "{place}");
        for path in &painted {
            paint(alice, path, color);
        }
    }

    fn prepare(&self, alice: &Person) {
        self.make(alice, &self.source(), &self.color());
        if matches!(self.deed, Deed::MoveOver | Deed::CopyOver) {
            self.make(alice, &self.target(), &self.other_color());
        }
    }

    /// Whether it was acknowledged; `None` where the server is gone.
    fn act(&self, line: &mut Line) -> Option<()> {
        let target = self.target();
        let destination = [("Destination", target.as_str())];
        let (method, headers, expected): (_, &[_], _) = match self.deed {
            Deed::Move => ("MOVE", &destination, 201),
            Deed::MoveOver => ("MOVE", &destination, 204),
            Deed::Copy => ("COPY", &destination, 201),
            Deed::CopyOver => ("COPY", &destination, 204),
            Deed::Delete => ("DELETE", &[], 204),
        };
        let answer = line.ask(method, &self.source(), headers, b"")?;
        assert_eq!(answer.status, expected, "{method} {}: {}", self.source(), answer.text());
        Some(())
    }

    /// What stands at a place by its bytes, all of it with the property that belongs to those bytes.
    fn at(&self, alice: &Person, place: &str) -> Option<String> {
        let painted = self.painted(place);
        let content = painted[painted.len() - 1].trim_start_matches("/dav/").to_owned();
        let top = alice.file(place.trim_start_matches("/dav/"));
        if !top.exists() {
            return None;
        }
        let content = fs::read_to_string(alice.file(&content)).expect("it is whole");
        for path in &painted {
            assert_eq!(color(alice, path), Some(content.clone()), "{:?} {path}", self.deed);
        }
        Some(content)
    }

    /// Either all of it was done or nothing; what was acknowledged was done.
    fn check(&self, alice: &Person, acknowledged: bool) {
        let (own, other) = (Some(self.color()), Some(self.other_color()));
        let found = (self.at(alice, &self.source()), self.at(alice, &self.target()));
        let (before, after) = match self.deed {
            Deed::Move => ((own.clone(), None), (None, own)),
            Deed::MoveOver => ((own.clone(), other), (None, own)),
            Deed::Copy => ((own.clone(), None), (own.clone(), own)),
            Deed::CopyOver => ((own.clone(), other), (own.clone(), own)),
            Deed::Delete => ((own, None), (None, None)),
        };
        // Between disks, the copy stands before the source goes: a kill in between leaves both, each whole.
        let between_disks = self.from == "/dav/from" && matches!(self.deed, Deed::Move | Deed::MoveOver);
        let both = (Some(self.color()), Some(self.color()));
        let as_said = found == after || (!acknowledged && (found == before || (between_disks && found == both)));
        assert!(as_said, "{:?} {}, acknowledged: {acknowledged}: {found:?}", self.deed, self.number);
        if found.0.is_none() {
            // Nothing of what is gone clings to the name.
            self.make_bare(alice);
            assert!(self.painted(&self.source()).iter().all(|path| color(alice, path).is_none()), "{}", self.number);
        }
    }

    fn make_bare(&self, alice: &Person) {
        let place = self.source();
        if self.is_folder {
            assert_eq!(alice.client().send("MKCOL", &place, &[], b"").status, 201);
        }
        for path in self.painted(&place).iter().rev().take(1) {
            assert_eq!(alice.client().put(path, b"").status, 201);
        }
    }
}

/// Kills the server when it is dropped, so that the workers end whatever happens.
struct Killed<'a>(&'a TestServer);

impl Drop for Killed<'_> {
    fn drop(&mut self) {
        self.0.signal("KILL");
    }
}

/// Acts on all units until the server is killed, after so many deeds; tells which were acknowledged.
fn act_and_kill(server: &TestServer, alice: &Person, units: &[Unit], after: usize) -> Vec<bool> {
    let count = AtomicUsize::new(0);
    let mut acknowledged = vec![false; units.len()];
    thread::scope(|scope| {
        let killed = Killed(server);
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (mut line, count) = (Line::to(alice), &count);
                scope.spawn(move || {
                    let mut done = Vec::new();
                    for unit in units.iter().filter(|unit| unit.number % WORKERS == worker) {
                        if unit.act(&mut line).is_none() {
                            break;
                        }
                        done.push(unit.number);
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    done
                })
            })
            .collect();
        eventually("enough deeds", || count.load(Ordering::SeqCst) >= after);
        drop(killed);
        for worker in workers {
            for number in worker.join().expect("no panic") {
                acknowledged[number] = true;
            }
        }
    });
    acknowledged
}

/// Does deeds, kills the server at that moment, starts it again, and looks at everything.
fn round(mut server: TestServer, alice: &Person, units: &[Unit], after: usize) {
    for unit in units {
        unit.prepare(alice);
    }
    let acknowledged = act_and_kill(&server, alice, units, after);
    server.crash_and_restart();
    let alice = again(alice, &server);
    for unit in units {
        unit.check(&alice, acknowledged[unit.number]);
    }
    eventually("the litter to be swept", || names(&alice).iter().all(|name| !name.contains(".latchkey-tmp/")));
}

/// Some rounds, each killed at another moment.
#[test]
fn properties_stay_with_their_resources() {
    for number in 0..6 {
        let server = TestServer::start();
        let alice = server.person("alice");
        for folder in ["/dav/from", "/dav/to"] {
            assert_eq!(alice.client().send("MKCOL", folder, &[], b"").status, 201);
        }
        round(server, &alice, &Unit::many(&DEEDS, "/dav/from"), number * 8 + 1);
    }
}

/// Between disks, a move is a copy and a removal: after a crash there is one of both all the same.
#[test]
fn properties_stay_with_what_moves_from_one_disk_to_another() {
    for number in 0..6 {
        let server = TestServer::start();
        let alice = server.person("alice");
        let Some(_disk) = Tmpfs::mount("move between disks", &alice.file("from"), "4m") else { return };
        assert_eq!(alice.client().send("MKCOL", "/dav/to", &[], b"").status, 201);
        round(server, &alice, &Unit::many(&DEEDS[..4], "/dav/from"), number * 8 + 1);
    }
}
