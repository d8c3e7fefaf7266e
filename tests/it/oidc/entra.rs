//! Microsoft Entra ID, replayed from its public documentation: tenants, groups that are too many, and refusals.

use latchkey::directory::oidc::{Error, Intent, Refreshed};
use latchkey::model::{Ending, Identity};
use serde_json::{Value, json};

use super::refresh::assert_ended;
use super::replay::{Replay, Reply};
use super::sign::Signer;
use super::{REDIRECT, Stage, directories, now, parameter};

const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const OTHER: &str = "aaaabbbb-0000-cccc-1111-ffff2222eeee";

/// A refusal as the documentation shows it.
fn refusal(error: &str, code: u64, text: &str) -> Value {
    let tail = "Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333\r\nCorrelation ID: aaaa0000-bb11-2222-33cc-444444dddddd\r\n\
                Timestamp: 2016-01-09 02:02:12Z";
    json!({ "error": error, "error_description": format!("AADSTS{code}: {text}\r\n{tail}"), "error_codes": [code],
        "timestamp": "2016-01-09 02:02:12Z", "trace_id": "0000aaaa-11bb-cccc-dd22-eeeeee333333",
        "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd" })
}

#[tokio::test]
async fn codes_say_whether_an_account_has_ended() {
    for (error, code, text, ending) in [
        ("invalid_grant", 50057, "The user account is disabled.", Some(Ending::Disabled)),
        ("invalid_grant", 500_571, "The guest user account is disabled.", Some(Ending::Disabled)),
        ("invalid_grant", 50034, "The user account does not exist in the directory.", Some(Ending::Gone)),
        ("invalid_grant", 51004, "The user account doesn't exist in the directory.", Some(Ending::Gone)),
        ("interaction_required", 50105, "The user is not assigned to a role.", Some(Ending::NotAllowed)),
        ("invalid_grant", 50173, "The provided grant has expired due to it being revoked.", None),
        ("invalid_grant", 700_082, "The refresh token has expired due to inactivity.", None),
        ("invalid_grant", 70008, "The refresh token has expired due to inactivity.", None),
        ("invalid_grant", 70043, "The refresh token has expired due to sign-in frequency checks.", None),
        ("invalid_grant", 50053, "The account is locked.", None),
        ("invalid_grant", 50055, "The password is expired.", None),
        ("invalid_grant", 50133, "The session isn't valid due to a recent password change.", None),
        ("interaction_required", 50076, "You must use multifactor authentication.", None),
        ("interaction_required", 53003, "Access has been blocked by Conditional Access policies.", None),
        ("invalid_grant", 65001, "The user hasn't consented.", None),
        ("invalid_grant", 500_570, "No such code.", None),
        ("invalid_grant", 5005, "No such code.", None),
    ] {
        assert_ended("entra", "", &refusal(error, code, text), ending).await;
    }
    let numbers_only = json!({ "error": "invalid_grant", "error_codes": [50057] });
    assert_ended("entra", "", &numbers_only, Some(Ending::Disabled)).await;
    let text_only = json!({ "error": "invalid_grant", "error_description": "aadsts50034: not there" });
    assert_ended("entra", "", &text_only, Some(Ending::Gone)).await;

    let stage = Stage::new("entra", "");
    stage.refuse(401, &refusal("invalid_client", 7_000_222, "The provided client secret keys are expired."));
    match stage.refresh().await {
        Refreshed::Unreachable(why) => assert!(why.reason.contains("7000222"), "{}", why.reason),
        other => panic!("{other:?}"),
    }
    stage.refuse(503, &refusal("temporarily_unavailable", 90006, "The service is temporarily unavailable."));
    assert!(matches!(stage.refresh().await, Refreshed::Unreachable(_)));
}

/// People of many tenants, of whom one tenant's may enter.
struct Many {
    replay: Replay,
    signer: Signer,
    directories: latchkey::directory::Directories,
}

impl Many {
    fn new(key_issuer: Option<&str>) -> Self {
        let (replay, signer) = (Replay::start(), Signer::new("first"));
        let template = replay.url("/{tenantid}/v2.0");
        let mut key = signer.jwk();
        if let Some(issuer) = key_issuer {
            key["issuer"] = replay.url(issuer).into();
        }
        replay.set_json("/organizations/v2.0/.well-known/openid-configuration", &replay.metadata(&template));
        replay.set_json("/keys", &json!({ "keys": [key] }));
        let config = format!(
            "[[oidc]]\nname = \"company\"\npreset = \"entra\"\nissuer = \"{template}\"\nallowed_tenants = [\"{TENANT}\"]\n\
             client_id = \"latchkey\"\n"
        );
        Self { directories: directories(&config), replay, signer }
    }

    async fn sign_in(&self, iss: &str, tid: &Value) -> Result<Identity, Error> {
        let oidc = &self.directories.oidc()[0];
        let begun = oidc.begin(REDIRECT, Intent::SignIn, now()).await.expect("it begins");
        let at = now().timestamp();
        let claims = json!({ "iss": self.replay.url(iss), "tid": tid, "sub": "pairwise", "oid": "an object", "ver": "2.0",
            "aud": "latchkey", "iat": at, "exp": at + 300, "nonce": begun.ticket.nonce.expose(), "name": "Alice" });
        let tokens = json!({ "access_token": "a", "token_type": "Bearer", "id_token": self.signer.sign(&claims) });
        self.replay.set_json("/token", &tokens);
        Ok(oidc.finish(&begun.ticket, "a code", now()).await?.person.identity)
    }
}

#[tokio::test]
async fn of_many_tenants_only_the_allowed_ones_people_enter() {
    let many = Many::new(Some("/{tenantid}/v2.0"));
    let oidc = &many.directories.oidc()[0];
    let identity = many.sign_in(&format!("/{TENANT}/v2.0"), &TENANT.into()).await.expect("the allowed tenant");
    assert_eq!(identity.issuer, many.replay.url(&format!("/{TENANT}/v2.0")));
    assert!(oidc.is_of(&identity));
    assert_eq!(oidc.single_issuer(), None);
    let foreign = Identity { issuer: many.replay.url(&format!("/{OTHER}/v2.0")), ..identity.clone() };
    assert!(!oidc.is_of(&foreign));
    for (iss, tid) in [
        (format!("/{OTHER}/v2.0"), json!(OTHER)),
        (format!("/{TENANT}/v2.0"), json!(OTHER)),
        (format!("/{OTHER}/v2.0"), json!(TENANT)),
        (format!("/{TENANT}/v2.0"), json!(null)),
        ("/{tenantid}/v2.0".to_owned(), json!("{tenantid}")),
        ("/{tenantid}/v2.0".to_owned(), json!(TENANT)),
        ("/organizations/v2.0".to_owned(), json!("organizations")),
    ] {
        let outcome = many.sign_in(&iss, &tid).await;
        assert!(matches!(outcome, Err(Error::Untrusted { .. })), "{iss} {tid}: {outcome:?}");
    }
    oidc.check_sender(Some(&identity.issuer)).await.expect("the tenant");
    oidc.check_sender(Some(&foreign.issuer)).await.expect_err("another tenant");
}

#[tokio::test]
async fn a_tenants_own_key_signs_for_that_tenant_alone() {
    let many = Many::new(Some(&format!("/{TENANT}/v2.0")));
    many.sign_in(&format!("/{TENANT}/v2.0"), &TENANT.into()).await.expect("its own");
    let many = Many::new(Some(&format!("/{OTHER}/v2.0")));
    let outcome = many.sign_in(&format!("/{TENANT}/v2.0"), &TENANT.into()).await;
    assert!(matches!(outcome, Err(Error::Untrusted { .. })), "{outcome:?}");
}

const MEMBERS: &str = "/graph/v1.0/me/transitiveMemberOf";
const STAFF: &str = "required_groups = [\"00000000-AAAA-0000-0000-000000000003\"]\n";

fn page(ids: &[&str], next: Option<&str>) -> Value {
    let value: Vec<Value> = ids.iter().map(|id| json!({ "@odata.type": "#microsoft.graph.group", "id": id })).collect();
    let mut page = json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups(id)", "value": value });
    if let Some(next) = next {
        page["@odata.nextLink"] = next.into();
    }
    page
}

/// Claims of somebody with more groups than a token holds, who is led astray by them.
fn overage(stage: &Stage) -> Value {
    json!({ "_claim_names": { "groups": "src1" },
        "_claim_sources": { "src1": { "endpoint": stage.replay.url("/never/asked") } } })
}

#[tokio::test]
async fn groups_that_are_too_many_for_a_token_are_asked_of_graph() {
    let stage = Stage::new("entra", STAFF);
    stage.replay.set_json(MEMBERS, &page(&["1", "2"], Some(&stage.replay.url("/graph/v1.0/more?$skiptoken=x"))));
    stage.replay.set_json("/graph/v1.0/more", &page(&["00000000-aaaa-0000-0000-000000000003"], None));
    for said in [overage(&stage), json!({ "hasgroups": true }), json!({ "hasgroups": "true" })] {
        let person = stage.sign_in(&said).await.expect("a sign-in").person;
        assert_eq!(person.ending, None, "{said}");
    }
    let asked = stage.replay.seen(MEMBERS).pop().expect("Graph was asked");
    assert_eq!(asked.headers["authorization"], "Bearer an access token");
    assert!(asked.target.ends_with("?$select=id&$top=999"), "{}", asked.target);
    assert!(stage.replay.seen("/never/asked").is_empty());

    // A directory role of that id is no group.
    let mut roles = page(&["1", "00000000-aaaa-0000-0000-000000000003"], None);
    roles["value"][1]["@odata.type"] = "#microsoft.graph.directoryRole".into();
    stage.replay.set_json(MEMBERS, &roles);
    let person = stage.sign_in(&overage(&stage)).await.expect("a sign-in").person;
    assert_eq!(person.ending, Some(Ending::NotAllowed));
    // Whom groups do not concern is not asked about.
    let count = stage.replay.seen(MEMBERS).len();
    stage.sign_in(&json!({ "groups": ["1"] })).await.expect("a sign-in");
    assert_eq!(stage.replay.seen(MEMBERS).len(), count);
}

#[tokio::test]
async fn a_graph_that_does_not_answer_is_nothing_against_anybody() {
    let stage = Stage::new("entra", STAFF);
    let elsewhere = Replay::start();
    elsewhere.set_json("/graph/v1.0/more", &page(&[], None));
    let outside = page(&["1"], Some(&elsewhere.url("/graph/v1.0/more")));
    let beside = page(&["1"], Some(&stage.replay.url("/graphs/v1.0/more")));
    let endless = page(&["1"], Some(&stage.replay.url(MEMBERS)));
    for (reply, said) in [
        (Reply::json(500, &json!({})), "500"),
        (Reply::json(429, &json!({})), "429"),
        (Reply::json(403, &json!({ "error": { "code": "Authorization_RequestDenied" } })), "User.Read"),
        (Reply::json(200, &json!({ "error": {} })), "understood"),
        (Reply::json(200, &outside), "another server"),
        (Reply::json(200, &beside), "another server"),
        (Reply::json(200, &endless), "pages"),
    ] {
        stage.replay.set(MEMBERS, reply);
        match stage.sign_in(&overage(&stage)).await {
            Err(Error::Unreachable(why)) => assert!(why.reason.contains(said), "{}", why.reason),
            other => panic!("{said}: {other:?}"),
        }
        match stage.refresh_with(&overage(&stage)).await {
            Refreshed::Answered { person: None, refresh_token: Some(_) } => {}
            other => panic!("{said}: {other:?}"),
        }
    }
    assert!(elsewhere.seen("/graph/v1.0/more").is_empty(), "no token went there");
}

#[tokio::test]
async fn a_proof_asks_entra_for_the_time_of_signing_in() {
    let stage = Stage::new("entra", "");
    let url = stage.begin(Intent::Confirm).await.url;
    assert_eq!(parameter(&url, "prompt").as_deref(), Some("login"));
    assert!(parameter(&url, "claims").expect("claims").contains("auth_time"));
    assert!(parameter(&url, "claims").expect("claims").contains("essential"));
    let url = stage.begin(Intent::SignIn).await.url;
    // Whom it knows still is let in, and it tells since when.
    assert_eq!(parameter(&url, "claims").as_deref(), Some(r#"{"id_token":{"auth_time":null}}"#));
    assert_eq!(parameter(&url, "prompt"), None);
}
