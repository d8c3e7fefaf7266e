//! What a request costs in argon2id: counted by the hasher itself, in this process.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use latchkey::auth::{Actor, Auth, Expiry, NewAccount, NewAppPassword, Refusal, Visitor};
use latchkey::clock::Clock;
use latchkey::config::{Overrides, load};
use latchkey::model::Scope;
use latchkey::server::App;

struct Gate {
    _folder: tempfile::TempDir,
    auth: Auth,
    key: String,
}

/// A gate as shipped, at the real cost of argon2id, with alice and one application password.
fn gate() -> Gate {
    let folder = tempfile::tempdir().expect("a folder");
    let overrides = Overrides { listen: None, storage: Some(folder.path().join("storage")) };
    let config = load(None, &overrides).expect("the defaults are in order");
    let auth = App::open(&config, Clock::system(), true).expect("opened").auth;
    for name in ["alice", "bob"] {
        let account = NewAccount::named(name);
        auth.add_user(&account, &Actor::cli()).expect("added");
    }
    let new = NewAppPassword {
        label: "test".to_owned(),
        expiry: Expiry::Default,
        scope: Scope::ReadWrite,
        folders: Vec::new(),
        networks: Vec::new(),
    };
    let issued = auth.issue_app_password("alice", &new, &Actor::cli()).expect("issued");
    Gate { _folder: folder, auth, key: issued.password.expose().to_owned() }
}

impl Gate {
    async fn enter(&self, user: &str, password: &str) -> Result<(), Refusal> {
        let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let visitor = Visitor { address: IpAddr::from([192, 0, 2, 1]), agent: None };
        self.auth.enter(Some(value.as_bytes()), visitor).await.map(|_| ())
    }

    fn runs(&self) -> u64 {
        self.auth.hasher().runs()
    }
}

#[tokio::test]
async fn a_thousand_requests_compute_once() {
    let gate = gate();
    let before = gate.runs();
    for _ in 0..1000 {
        gate.enter("alice", &gate.key).await.expect("let in");
    }
    assert_eq!(gate.runs() - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_first_requests_at_once_compute_once() {
    let gate = Arc::new(gate());
    let before = gate.runs();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.enter("alice", &gate.key).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("answered").expect("let in");
    }
    assert_eq!(gate.runs() - before, 1);
}

/// A client that goes away while its password is computed leaves nobody else waiting.
#[tokio::test]
async fn an_impatient_client_does_not_cost_the_others() {
    let gate = gate();
    let before = gate.runs();
    for _ in 0..3 {
        let hurried = tokio::time::timeout(std::time::Duration::from_micros(200), gate.enter("alice", &gate.key)).await;
        assert!(hurried.is_err(), "gave up before the computation ended");
    }
    gate.enter("alice", &gate.key).await.expect("let in");
    gate.enter("alice", &gate.key).await.expect("let in");
    assert_eq!(gate.runs() - before, 1, "the computation went on without them, and is remembered");
}

#[tokio::test]
async fn only_a_live_selector_with_its_owners_name_is_computed() {
    let gate = gate();
    let before = gate.runs();
    let other = latchkey::secret::AppPasswordText::generate().to_plain();
    for (user, password) in [
        ("alice", "correct horse battery staple"),
        ("alice", other.expose()),
        ("bob", gate.key.as_str()),
        ("nobody", gate.key.as_str()),
        ("alice", &gate.key[..31]),
    ] {
        assert!(matches!(gate.enter(user, password).await, Err(Refusal::Wrong)), "{user} {password}");
    }
    assert_eq!(gate.runs(), before, "a guess costs nothing");
    let mut forged = latchkey::secret::AppPasswordText::parse(&gate.key).expect("valid");
    forged.secret = latchkey::secret::AppPasswordText::generate().secret;
    assert!(matches!(gate.enter("alice", forged.to_plain().expose()).await, Err(Refusal::Wrong)));
    assert_eq!(gate.runs(), before + 1, "a wrong secret for a live selector is computed");
    gate.auth.revoke_app_password(&forged.selector, &Actor::cli()).expect("revoked");
    assert!(matches!(gate.enter("alice", &gate.key).await, Err(Refusal::Wrong)));
    assert_eq!(gate.runs(), before + 1, "a revoked one is not");
}

/// Hanging up does not make a wrong guess free.
#[tokio::test]
async fn a_guess_counts_though_the_guesser_hangs_up() {
    let gate = gate();
    let before = gate.runs();
    let selector = latchkey::secret::AppPasswordText::parse(&gate.key).expect("valid").selector;
    for _ in 0..25 {
        let mut guess = latchkey::secret::AppPasswordText::generate();
        guess.selector.clone_from(&selector);
        let plain = guess.to_plain();
        let hurried = gate.enter("alice", plain.expose());
        let _ = tokio::time::timeout(std::time::Duration::from_micros(200), hurried).await;
    }
    // Two compute at a time: when the last has begun, all but two have been counted, and twenty are the limit.
    crate::harness::eventually("the guesses to be computed", || gate.runs() - before >= 25);
    assert!(matches!(gate.enter("alice", "another").await, Err(Refusal::Throttled(_))), "they were counted");
}
