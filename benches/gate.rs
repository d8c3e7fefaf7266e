//! What a request costs before it reaches the files: `cargo bench --bench gate`.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up has nothing to say")]

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use latchkey::auth::{Actor, Auth, Expiry, NewAccount, NewAppPassword, Visitor};
use latchkey::clock::Clock;
use latchkey::config::{Config, Overrides, load};
use latchkey::files::{Path, Root, Storage};
use latchkey::model::{Home, Scope};
use latchkey::server::App;

fn main() {
    divan::main();
}

struct Scene {
    _folder: tempfile::TempDir,
    storage: Arc<Storage>,
    auth: Auth,
    header: String,
}

fn scene(passwords: usize) -> Scene {
    let folder = tempfile::tempdir().expect("a folder");
    let overrides = Overrides { listen: None, storage: Some(folder.path().join("storage")) };
    let config: Config = load(None, &overrides).expect("the defaults are in order");
    let app = App::open(&config, Clock::system(), false).expect("opened");
    let account = NewAccount::named("alice");
    app.auth.add_user(&account, &Actor::cli()).expect("added");
    let new = NewAppPassword {
        label: "bench".to_owned(),
        expiry: Expiry::Default,
        scope: Scope::ReadWrite,
        folders: Vec::new(),
        networks: Vec::new(),
    };
    let mut key = String::new();
    for _ in 0..passwords {
        let issued = app.auth.issue_app_password("alice", &new, &Actor::cli()).expect("issued");
        issued.password.expose().clone_into(&mut key);
    }
    let header = format!("Basic {}", STANDARD.encode(format!("alice:{key}")));
    Scene { _folder: folder, storage: app.storage, auth: app.auth, header }
}

/// From the header to the principal, with a remembered password and the look-up in the store.
#[divan::bench(args = [1, 100])]
fn basic_to_principal(bencher: divan::Bencher, passwords: usize) {
    let scene = scene(passwords);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let visitor = Visitor { address: IpAddr::from([127, 0, 0, 1]), agent: Some("bench") };
    bencher.bench_local(|| runtime.block_on(scene.auth.enter(Some(scene.header.as_bytes()), visitor)).expect("let in"));
}

/// A guess that fails the cheap checks.
#[divan::bench]
fn a_wrong_password(bencher: divan::Bencher) {
    let scene = scene(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let visitor = Visitor { address: IpAddr::from([127, 0, 0, 1]), agent: None };
    let header = format!("Basic {}", STANDARD.encode("alice:a guess"));
    bencher.bench_local(|| runtime.block_on(scene.auth.enter(Some(header.as_bytes()), visitor)).is_err());
}

fn home(scene: &Scene) -> Root {
    let root = scene.storage.homes().open(&Home::Inside("alice".to_owned())).expect("opened");
    let mut path = Path::root();
    for name in ["a", "b", "c"] {
        path = path.join(name.as_bytes());
        root.find(&path, true).expect("found").make_folder(Clock::system().now(), None, false).expect("made");
    }
    root
}

/// A path of four names, from the URL to a place with what stands there.
#[divan::bench]
fn path_to_place(bencher: divan::Bencher) {
    let scene = scene(1);
    let root = home(&scene);
    bencher.bench_local(|| {
        let path = Path::from_url("/a/b/c/a%20file.txt").expect("a path");
        root.find(&path, true).expect("found")
    });
}

/// Opening the home and finding a place in it, as each request does.
#[divan::bench]
fn home_and_place(bencher: divan::Bencher) {
    let scene = scene(1);
    let _ = home(&scene);
    let path = Path::from_url("/a/b/c/f").expect("a path");
    bencher.bench_local(|| {
        let root = scene.storage.homes().open(&Home::Inside("alice".to_owned())).expect("opened");
        root.find(&path, true).expect("found")
    });
}
