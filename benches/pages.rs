//! What a page costs on a server with ten thousand people: `cargo bench --bench pages`.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up has nothing to say")]

use std::net::IpAddr;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use latchkey::auth::{Actor, Browser, ClientAddress, NewAccount, SignIn, Visitor};
use latchkey::clock::Clock;
use latchkey::config::{Config, Overrides, load};
use latchkey::model::{AppPassword, Home, Scope, UserName};
use latchkey::secret::PlainSecret;
use latchkey::server::App;
use latchkey::store::user::NewUser;
use latchkey::store::{self, app_password, user};
use latchkey::web;
use tower::ServiceExt;

const PEOPLE: usize = 10_000;
const PASSWORD: &str = "vermilion otter ladder";

fn main() {
    divan::main();
}

struct Scene {
    _folder: tempfile::TempDir,
    pages: axum::Router,
    cookie: String,
    runtime: tokio::runtime::Runtime,
}

/// Ten thousand people, each with two application passwords, and an administrator who is signed in.
static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let overrides = Overrides { listen: None, storage: Some(folder.path().join("storage")) };
    let config: Config = load(None, &overrides).expect("the defaults are in order");
    let app = App::open(&config, Clock::system(), false).expect("opened");
    let password = PlainSecret::new(PASSWORD.to_owned());
    let root = NewAccount { is_admin: true, password: Some(password.clone()), ..NewAccount::named("root") };
    app.auth.add_user(&root, &Actor::cli()).expect("added");
    app.store.write(fill).expect("filled");
    let visitor = Visitor { address: IpAddr::from([127, 0, 0, 1]), agent: Some("bench") };
    let Ok(SignIn::Done(signed_in)) = app.auth.sign_in("root", &password, Browser::default(), visitor) else {
        unreachable!("the administrator has no second factor");
    };
    let cookie = format!("__Host-latchkey-session={}", signed_in.new.token.expose());
    let pages = web::router(web::Web::new(app.auth, app.dav, app.storage, app.clock, &config));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Scene { _folder: folder, pages, cookie, runtime: runtime.expect("a runtime") }
});

fn fill(tx: &rusqlite::Transaction<'_>) -> store::Result<()> {
    let now = Clock::system().now_in_millis();
    for number in 0..PEOPLE {
        let name = UserName::parse(&format!("person-{number:05}")).expect("a name");
        let email = format!("{}.{number}@example.org", if number % 4 == 2 { "carol" } else { "dieter" });
        let id = user::insert(
            tx,
            &NewUser {
                name: &name,
                display_name: &format!("Person Number {}", (number * 7919) % PEOPLE),
                email: Some(&email),
                is_admin: false,
                password: None,
                must_change_password: false,
                home: &Home::Inside(name.to_string()),
                created_at: now,
                quota: None,
            },
        )?;
        for place in 0..2 {
            app_password::insert(tx, &row(id, number * 2 + place, now), "$argon2id$")?;
        }
        user::note_seen(tx, id, now - chrono::TimeDelta::minutes(i64::try_from((number * 31) % 9973).unwrap_or(0)))?;
    }
    Ok(())
}

fn row(user_id: i64, number: usize, now: latchkey::model::Time) -> AppPassword {
    AppPassword {
        id: 0,
        user_id,
        selector: format!("{number:05}"),
        label: "bench".to_owned(),
        scope: Scope::ReadWrite,
        folders: Vec::new(),
        networks: Vec::new(),
        created_at: now,
        created_from: None,
        created_by: "cli".to_owned(),
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
        last_used_agent: None,
        revoked_at: None,
        revoked_by: None,
        replaces: None,
    }
}

/// From the request to the last byte of the answer.
#[divan::bench(args = [
    "/admin/users",
    "/admin/users?page=200",
    "/admin/users?q=carol",
    "/admin/users?q=nobody-has-this",
    "/admin/users?sort=-seen",
    "/admin/users?sort=display&page=100",
    "/admin",
    "/admin/users/person-00042",
    "/admin/users/person-00042/security",
    "/admin/audit",
    "/profile",
])]
fn page(bencher: divan::Bencher, path: &str) {
    let scene = &*SCENE;
    bencher.bench(|| {
        let request = Request::get(path)
            .header("Host", "localhost")
            .header("Cookie", &scene.cookie)
            .extension(ClientAddress(IpAddr::from([127, 0, 0, 1])))
            .body(Body::empty())
            .expect("a request");
        let answer = scene.runtime.block_on(async {
            let answer = scene.pages.clone().oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            answer.into_body().collect().await.expect("a body").to_bytes()
        });
        answer.len()
    });
}
