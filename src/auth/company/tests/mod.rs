//! What directories say, and what follows from it here. The directories themselves are in `tests/it/`.

mod joined;
mod sessions;
mod standing;

use std::net::IpAddr;

use super::account::Source;
use crate::auth::for_tests::Scene;
use crate::auth::{Actor, Browser, CompanyRefusal, Expiry, NewAppPassword, SignIn, SignInRefusal, SignedIn, Visitor};
use crate::directory::Person;
use crate::model::{CompanyLink, DirectoryKind, Ending, Identity, Scope, User};
use crate::secret::PlainSecret;
use crate::store;

/// Directories that nobody listens for: whoever asks one is told that it does not answer.
const DIRECTORIES: &str = r#"
[[oidc]]
name = "contoso"
issuer = "https://login.contoso.example"
client_id = "latchkey"
client_secret = "not told"
[[oidc]]
name = "fabrikam"
issuer = "https://login.fabrikam.example"
client_id = "latchkey"
provision = "invited"
[[oidc]]
name = "closed"
issuer = "https://login.closed.example"
client_id = "latchkey"
provision = "off"
[[ldap]]
name = "staff"
urls = ["ldaps://127.0.0.1:1"]
user_base = "dc=example,dc=org"
timeout = "2s"
"#;

const AT: Visitor<'static> = Visitor { address: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), agent: None };

fn scene() -> Scene {
    Scene::with(DIRECTORIES)
}

fn source<'a>(scene: &'a Scene, kind: DirectoryKind, name: &str) -> Source<'a> {
    Source { kind, common: scene.auth.0.company.common(kind, name).expect("configured") }
}

/// Somebody at an OpenID provider.
fn person(provider: &str, subject: &str, login: &str) -> Person {
    Person {
        identity: Identity { issuer: format!("https://login.{provider}.example"), subject: subject.to_owned() },
        login_names: vec![login.to_owned()],
        display_name: String::new(),
        email: None,
        is_admin: None,
        shown: login.to_owned(),
        ending: None,
    }
}

/// Somebody in the LDAP directory.
fn member(subject: &str, login: &str) -> Person {
    let identity = Identity { issuer: "ldap:staff".to_owned(), subject: subject.to_owned() };
    Person { identity, ..person("staff", subject, login) }
}

fn arrive(scene: &Scene, provider: &str, person: &Person) -> Result<User, SignInRefusal> {
    scene.auth.arrive(source(scene, DirectoryKind::Oidc, provider), person, None, AT)
}

fn arrive_from_ldap(scene: &Scene, person: &Person) -> User {
    scene.auth.arrive(source(scene, DirectoryKind::Ldap, "staff"), person, None, AT).expect("let in")
}

fn let_in(scene: &Scene, user: &User) -> SignedIn {
    let company = super::CompanyEntry { provider: Some("contoso".to_owned()), ..super::CompanyEntry::default() };
    match scene.auth.company_let_in(user, "oidc:contoso", company, Browser::default(), AT).expect("let in") {
        SignIn::Done(signed_in) => *signed_in,
        SignIn::SecondFactor(_) => panic!("no second factor is bound"),
    }
}

fn is_open(scene: &Scene, signed_in: &SignedIn) -> bool {
    scene.auth.session(signed_in.new.token.expose(), AT).expect("looked up").is_some()
}

fn link_of(scene: &Scene, user: &User) -> CompanyLink {
    scene.auth.link_of(user).expect("read").expect("a company account")
}

fn reload(scene: &Scene, user: &User) -> User {
    scene.auth.user(user.name.as_str()).expect("there")
}

/// An application password, and what a client sends with it.
fn issue(scene: &Scene, user: &User) -> String {
    use base64::Engine;
    let new = NewAppPassword {
        label: "drive".to_owned(),
        expiry: Expiry::Default,
        scope: Scope::ReadWrite,
        folders: Vec::new(),
        networks: Vec::new(),
    };
    let issued = scene.auth.issue_app_password(user.name.as_str(), &new, &Actor::cli()).expect("issued");
    let pair = format!("{}:{}", user.name, issued.password.expose());
    format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair))
}

async fn opens(scene: &Scene, header: &str) -> bool {
    scene.auth.enter(Some(header.as_bytes()), AT).await.is_ok()
}

fn end(scene: &Scene, user: &User, because: Ending) {
    let mut link = link_of(scene, user);
    let now = scene.auth.0.clock.now_in_millis();
    scene.auth.0.store.write(|tx| scene.auth.end(tx, &mut link, because, "said so", now)).expect("written");
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, SignInRefusal>) -> CompanyRefusal {
    match outcome.expect_err("refused") {
        SignInRefusal::Company(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn secret(text: &str) -> PlainSecret {
    PlainSecret::new(text.to_owned())
}

fn audit_kinds(scene: &Scene) -> Vec<String> {
    let all = store::audit::list;
    let filter = crate::model::AuditFilter::default();
    let lines = scene.auth.0.store.read(|c| all(c, &filter, None, 100)).expect("read");
    lines.into_iter().map(|line| line.kind).collect()
}
