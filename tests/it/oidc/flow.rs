//! The whole flow against a real provider, by a small browser without scripts.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use latchkey::directory::oidc::{Arrival, Intent, Oidc, Refreshed, Ticket};
use latchkey::model::Ending;
use latchkey::secret::PlainSecret;
use serde_json::json;

use super::provider::{Options, Provider, Style};
use super::replay::Replay;
use super::{REDIRECT, directories, now, parameter};
use crate::http::{Answer, Client};

/// Keeps cookies and follows redirects, as far as they stay at the provider.
#[derive(Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Goes to an address, and gives what it led to: a page with its address, or the address outside.
    fn open(&mut self, addr: SocketAddr, url: &str) -> Result<(String, Answer), String> {
        self.send(addr, "GET", url, "")
    }

    fn send(&mut self, addr: SocketAddr, method: &str, url: &str, form: &str) -> Result<(String, Answer), String> {
        let origin = format!("http://{addr}");
        let (mut method, mut form, mut url) = (method.to_owned(), form.to_owned(), url.to_owned());
        for _ in 0..10 {
            let Some(path) = url.strip_prefix(&origin).or_else(|| url.starts_with('/').then_some(&url)) else {
                return Err(url);
            };
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let headers =
                [("Cookie", cookies.join("; ")), ("Content-Type", "application/x-www-form-urlencoded".to_owned())];
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = Client::new(addr).send(&method, path, &headers, form.as_bytes());
            self.keep(&answer);
            match answer.header("location") {
                Some(location) => {
                    (method, form, url) = ("GET".to_owned(), String::new(), location.to_owned());
                }
                None => return Ok((path.to_owned(), answer)),
            }
        }
        panic!("too many redirects at {url}");
    }

    fn keep(&mut self, answer: &Answer) {
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Goes where a sign-in begins, signs in if it is asked to, agrees if it is asked to, and gives where it came back to.
    pub fn sign_in(&mut self, provider: &Provider, url: &str, name: &str) -> String {
        let mut at = self.open(provider.addr, url);
        for _ in 0..3 {
            let (path, page) = match at {
                Err(outside) => return outside,
                Ok(page) => page,
            };
            let text = page.text();
            let form =
                if text.contains("name=\"login\"") { format!("login={name}&password=password") } else { String::new() };
            assert!(text.contains("<form"), "{path}: {text}");
            at = self.send(provider.addr, "POST", &path, &form);
        }
        panic!("the provider asks without end");
    }
}

impl Browser {
    /// Goes where one signs out, does, and gives where it came back to.
    fn sign_out(&mut self, provider: &Provider, url: &str) -> String {
        let (_, page) = self.open(provider.addr, url).expect("a page");
        let text = page.text();
        let between =
            |start: &str| text.split_once(start).and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned);
        let action = between("action=\"").expect("a form");
        let xsrf = between("name=\"xsrf\" value=\"").expect("a token");
        self.send(provider.addr, "POST", &action, &format!("xsrf={xsrf}&logout=yes")).expect_err("it leads back")
    }
}

/// A whole sign-in.
async fn arrive(provider: &Provider, oidc: &Oidc, browser: &mut Browser, name: &str, intent: Intent) -> Arrival {
    let (ticket, back) = come_back(provider, oidc, browser, name, intent).await;
    let code = parameter(&back, "code").unwrap_or_else(|| panic!("a code in {back}"));
    oidc.check_sender(parameter(&back, "iss").as_deref()).await.expect("it is this provider");
    oidc.finish(&ticket, &code, now()).await.expect("everything is in order")
}

async fn come_back(
    provider: &Provider,
    oidc: &Oidc,
    browser: &mut Browser,
    name: &str,
    intent: Intent,
) -> (Ticket, String) {
    let begun = oidc.begin(REDIRECT, intent, now()).await.expect("it begins");
    let back = browser.sign_in(provider, &begun.url, name);
    assert!(back.starts_with(REDIRECT), "{back}");
    assert_eq!(parameter(&back, "state").as_deref(), Some(begun.state.expose()));
    (begun.ticket, back)
}

fn refreshed(outcome: Refreshed) -> (Option<latchkey::directory::Person>, PlainSecret) {
    match outcome {
        Refreshed::Answered { person, refresh_token } => (person, refresh_token.expect("it is rotated")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn somebody_signs_in_is_refreshed_and_signs_out() {
    let provider = Provider::start(&Options::new(Style::Keycloak));
    let listener = Replay::start();
    listener.set_json("/logout", &json!({}));
    provider.come_back_to(&[REDIRECT], Some(&listener.url("/logout")));
    let account = json!({ "name": "Alice Example", "email": "alice@example.org", "email_verified": true,
        "groups": ["/staff"], "amr": ["pwd", "otp", "mfa"] });
    provider.account("alice", &account);
    let config = provider.config("keycloak", "required_groups = [\"staff\"]\nsecond_factor = \"provider\"\n");
    let directories = directories(&config);
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());

    let arrival = arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    assert_eq!(arrival.person.identity.issuer, provider.issuer());
    assert_eq!(arrival.person.identity.subject, "sub-alice");
    assert!(oidc.is_of(&arrival.person.identity));
    assert_eq!(arrival.person.login_names, ["alice", "alice@example.org", "Alice Example"]);
    assert_eq!(arrival.person.display_name, "Alice Example");
    assert_eq!(arrival.person.email.as_deref(), Some("alice@example.org"));
    assert_eq!(arrival.person.ending, None);
    assert!(arrival.second_factor);
    assert!(arrival.sid.is_some(), "a name of the session");

    let (token, identity) = (arrival.refresh_token.expect("a refresh token"), arrival.person.identity);
    let (person, token) = refreshed(oidc.refresh(&token, &identity, now()).await);
    assert_eq!(person.expect("a person").display_name, "Alice Example");

    // Out of the last group: the claim is left out.
    provider.account("alice", &json!({ "groups": null }));
    let (person, token) = refreshed(oidc.refresh(&token, &identity, now()).await);
    assert_eq!(person.expect("a person").ending, Some(Ending::NotAllowed));

    provider.account("alice", &json!({ "disabled": true }));
    let outcome = oidc.refresh(&token, &identity, now()).await;
    assert!(matches!(outcome, Refreshed::Ended(Ending::Disabled, _)), "{outcome:?}");

    provider.account("alice", &json!({ "disabled": false }));
    let url = oidc.logout_url(REDIRECT).await.expect("a place to sign out");
    let back = browser.sign_out(&provider, &url);
    assert_eq!(back, REDIRECT);
    let told = listener.seen("/logout").pop().expect("the provider tells us");
    let token = told.body.strip_prefix("logout_token=").expect("a logout token");
    let logout = oidc.read_logout(token, now()).await.expect("it is good");
    assert_eq!((logout.identity, logout.sid), (Some(identity), arrival.sid));
}

#[tokio::test]
async fn a_silent_provider_says_nothing_against_anybody() {
    let provider = Provider::start(&Options::new(Style::Plain));
    provider.account("alice", &json!({}));
    let directories = directories(&provider.config("generic", "timeout = \"1s\"\n"));
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());
    let arrival = arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    let (identity, mut token) = (arrival.person.identity, arrival.refresh_token.expect("a refresh token"));

    for trouble in ["down", "slow", "503", "429"] {
        match trouble {
            "down" => provider.set_down(true),
            "slow" => provider.set_slow(3_000),
            status => provider.set_status(status.parse().expect("a status")),
        }
        let outcome = oidc.refresh(&token, &identity, now()).await;
        assert!(matches!(outcome, Refreshed::Unreachable(_)), "{trouble}: {outcome:?}");
        assert!(oidc.reach().await.is_err(), "{trouble}");
        provider.control(&json!({ "weather": { "down": false, "delay": 0, "status": 0 } }));
    }
    oidc.reach().await.expect("it answers again");
    let outcome = oidc.refresh(&token, &identity, now()).await;
    if let Refreshed::Answered { refresh_token: Some(next), .. } = outcome {
        token = next;
    }
    // Used before: it is good no more, and that may be harmless.
    refreshed(oidc.refresh(&token, &identity, now()).await);
    let outcome = oidc.refresh(&token, &identity, now()).await;
    assert!(matches!(outcome, Refreshed::Unconfirmed(_)), "{outcome:?}");
}

#[tokio::test]
async fn new_keys_are_fetched_when_they_are_needed() {
    let provider = Provider::start(&Options::new(Style::Plain));
    provider.account("alice", &json!({}));
    let directories = directories(&provider.config("generic", ""));
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());
    arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    provider.rotate_keys();
    arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
}

#[tokio::test]
async fn a_proof_asks_for_the_password_again() {
    let provider = Provider::start(&Options::new(Style::Plain));
    provider.account("alice", &json!({}));
    let directories = directories(&provider.config("generic", ""));
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());
    arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    let begun = oidc.begin(REDIRECT, Intent::Confirm, now()).await.expect("it begins");
    let (_, page) = browser.open(provider.addr, &begun.url).expect("a page and no way back");
    assert!(page.text().contains("name=\"password\""), "{}", page.text());
    let arrival = arrive(&provider, oidc, &mut browser, "alice", Intent::Confirm).await;
    assert!(arrival.authenticated_at.expect("it says when") >= begun.ticket.at);
}

#[tokio::test]
async fn what_a_thin_token_does_not_say_is_asked_of_userinfo() {
    let provider = Provider::start(&Options { thin: true, ..Options::new(Style::Plain) });
    provider.account("alice", &json!({ "name": "Alice Example", "email": "a@example.org", "groups": ["boss"] }));
    let directories = directories(&provider.config("generic", "admin_groups = [\"boss\"]\n"));
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());
    let arrival = arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    assert_eq!(arrival.person.display_name, "Alice Example");
    assert_eq!(arrival.person.is_admin, Some(true));
}

#[tokio::test]
async fn a_strict_provider_gives_a_refresh_token_once_it_is_asked_for_consent() {
    let provider = Provider::start(&Options { strict: true, ..Options::new(Style::Plain) });
    provider.account("alice", &json!({}));
    let directories = directories(&provider.config("generic", ""));
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());
    let arrival = arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    assert!(arrival.refresh_token.is_none());
    assert!(oidc.must_ask_consent(&arrival, false));
    assert!(!oidc.must_ask_consent(&arrival, true));
    let arrival = arrive(&provider, oidc, &mut browser, "alice", Intent::Consent).await;
    assert!(arrival.refresh_token.is_some());
}

#[tokio::test]
async fn an_entra_like_tenant_tells_groups_by_graph_and_endings_by_code() {
    let provider = Provider::start(&Options::new(Style::Entra));
    let groups = ["a", "b", "c", "d", "E"];
    provider.account("alice", &json!({ "groups": groups, "overage": true }));
    let directories = directories(&provider.config("entra", "required_groups = [\"e\"]\n"));
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());
    let arrival = arrive(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    assert_eq!(arrival.person.ending, None);
    assert!(arrival.person.identity.issuer.contains(&provider.tenant));
    let (identity, token) = (arrival.person.identity, arrival.refresh_token.expect("a refresh token"));
    provider.account("alice", &json!({ "groups": ["a", "b", "c"] }));
    let (person, token) = refreshed(oidc.refresh(&token, &identity, now()).await);
    assert_eq!(person.expect("a person").ending, Some(Ending::NotAllowed));
    provider.forget("alice");
    let outcome = oidc.refresh(&token, &identity, now()).await;
    assert!(matches!(outcome, Refreshed::Ended(Ending::Gone, _)), "{outcome:?}");
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_own_sign_in() {
    let provider = Provider::start(&Options::new(Style::Plain));
    provider.account("alice", &json!({}));
    let directories = directories(&provider.config("generic", ""));
    let (oidc, mut browser) = (&directories.oidc()[0], Browser::default());
    let (ticket, back) = come_back(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    let code = parameter(&back, "code").expect("a code");
    oidc.finish(&ticket, &code, now()).await.expect("the first time");
    let error = oidc.finish(&ticket, &code, now()).await.expect_err("the second time");
    assert!(error.to_string().contains("invalid_grant"), "{error}");

    let (_, back) = come_back(&provider, oidc, &mut browser, "alice", Intent::SignIn).await;
    let code = parameter(&back, "code").expect("a code");
    let error = oidc.finish(&ticket, &code, now()).await.expect_err("with the verifier of another");
    assert!(error.to_string().contains("invalid_grant"), "{error}");
}
