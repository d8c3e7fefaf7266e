//! What `latchkey doctor` is told of providers.

use chrono::{DateTime, Utc};
use latchkey::directory::Finding;
use serde_json::{Value, json};

use super::replay::Reply;
use super::{Stage, directories, now};

const METADATA: &str = "/.well-known/openid-configuration";

/// A provider in order.
fn stage(preset: &str, more: &str) -> Stage {
    let stage = Stage::new(preset, more);
    stage.refuse(400, &json!({ "error": "invalid_grant" }));
    stage
}

async fn findings(stage: &Stage) -> Vec<Finding> {
    stage.oidc().examine(now()).await
}

/// The one finding that is bad.
async fn bad(stage: &Stage) -> (String, String) {
    let findings = findings(stage).await;
    let mut bad = findings.iter().filter(|finding| finding.advice.is_some());
    let first = bad.next().unwrap_or_else(|| panic!("something bad among {findings:?}"));
    assert_eq!(bad.next(), None, "{findings:?}");
    (first.what.clone(), first.advice.clone().unwrap_or_default())
}

fn change(stage: &Stage, name: &str, value: Value) {
    let mut metadata = stage.replay.metadata(&stage.issuer);
    metadata[name] = value;
    stage.replay.set_json(METADATA, &metadata);
}

#[tokio::test]
async fn a_provider_in_order_has_no_bad_findings() {
    for preset in ["generic", "keycloak", "entra"] {
        let stage = stage(preset, "");
        let date = httpdate(now());
        let metadata = stage.replay.metadata(&stage.issuer);
        stage.replay.set(METADATA, Reply::json(200, &metadata).with("Date", &date));
        let findings = findings(&stage).await;
        assert!(findings.iter().all(|finding| finding.advice.is_none()), "{findings:?}");
        assert_eq!(findings.len(), 6, "{findings:?}");
    }
}

fn httpdate(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test]
async fn each_trouble_is_told_with_what_to_do() {
    let metadata_of = |stage: &Stage| stage.replay.metadata(&stage.issuer);
    let stage_of = || stage("generic", "");

    let stage = stage_of();
    stage.replay.set_down(true);
    assert!(bad(&stage).await.0.contains("cannot be reached"));

    let stage = stage_of();
    stage.replay.set_json(METADATA, &stage.replay.metadata("https://elsewhere.example.org"));
    assert!(bad(&stage).await.0.contains("elsewhere"));

    let stage = stage_of();
    let late = httpdate(now() - chrono::TimeDelta::minutes(5));
    stage.replay.set(METADATA, Reply::json(200, &metadata_of(&stage)).with("Date", &late));
    assert!(bad(&stage).await.0.contains("apart"));

    let stage = stage_of();
    stage.replay.set_json("/keys", &json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }));
    assert!(bad(&stage).await.1.contains("jwks_uri"));

    let stage = stage_of();
    change(&stage, "code_challenge_methods_supported", json!(["plain"]));
    assert!(bad(&stage).await.0.contains("PKCE"));

    let stage = stage_of();
    change(&stage, "scopes_supported", json!(["openid", "profile", "email"]));
    assert!(bad(&stage).await.0.contains("30 days"));

    let stage = stage_of();
    change(&stage, "scopes_supported", json!(["openid", "profile", "offline_access"]));
    assert!(bad(&stage).await.0.contains("email"));

    let stage = stage_of();
    stage.refuse(401, &json!({ "error": "invalid_client", "error_description": "Bad secret" }));
    let (what, advice) = bad(&stage).await;
    assert!(what.contains("Bad secret") && advice.contains("client_secret"), "{what} {advice}");

    let stage = stage_of();
    stage.refuse(500, &json!({}));
    assert!(bad(&stage).await.0.contains("token endpoint"));
}

#[tokio::test]
async fn a_certificate_by_an_unknown_authority_is_explained() {
    use std::io::{Read, Write};
    use std::sync::Arc;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring};

    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a server");
    let server = Arc::new(server);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let issuer = format!("https://{addr}");
    let replay = super::replay::Replay::start();
    let body = replay.metadata(&issuer).to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&server)).expect("a connection");
            let mut tls = StreamOwned::new(connection, stream);
            let mut start = [0; 1024];
            let _ = tls.read(&mut start);
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = tls.write_all(format!("{head}{body}").as_bytes());
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    });
    let config = |ca: &str| {
        format!("[[oidc]]\nname = \"company\"\nissuer = \"{issuer}\"\nclient_id = \"latchkey\"\ntimeout = \"2s\"\n{ca}")
    };
    let strange = directories(&config(""));
    let findings = strange.oidc()[0].examine(now()).await;
    assert!(findings[0].what.contains("ca_file"), "{findings:?}");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, made.cert.pem()).expect("written");
    let known = directories(&config(&format!("ca_file = \"{}\"\n", file.display())));
    known.oidc()[0].reach().await.expect("it is trusted");
}
