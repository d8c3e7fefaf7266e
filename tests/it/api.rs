//! The admin API, and its document held against real answers.

use serde_json::{Value, json};

use crate::harness::{CHEAP, TestServer};
use crate::http::{Answer, Client};

fn call(client: &Client, method: &str, path: &str, body: &Value) -> Answer {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    client.send(method, path, &[("Content-Type", "application/json")], &bytes)
}

fn bearer(server: &TestServer, arguments: &[&str]) -> Client {
    let token = server.ok(&[&["api-token", "issue", "test"], arguments].concat());
    server.stranger().with("Authorization", &format!("Bearer {token}"))
}

#[test]
fn accounts_and_application_passwords_are_managed() {
    let server = TestServer::start();
    let api = bearer(&server, &["--scope", "users", "--scope", "app-passwords"]);
    let added = call(
        &api,
        "POST",
        "/api/v1/users",
        &json!({"name": "alice", "display_name": "Alice", "email": "A@example.org"}),
    );
    assert_eq!(added.status, 201, "{}", added.text());
    assert_eq!(added.json()["email"], "a@example.org");
    assert_eq!(added.json()["source"], "local");
    for of_a_directory in ["confirmed_at", "suspended_at", "suspended_because"] {
        assert_eq!(added.json().get(of_a_directory), Some(&Value::Null), "{of_a_directory}");
    }
    let issued = call(
        &api,
        "POST",
        "/api/v1/users/alice/app-passwords",
        &json!({"label": "Notes", "ttl": "1d", "scope": "read-write", "folders": ["/n"], "networks": ["127.0.0.0/8"]}),
    );
    assert_eq!((issued.status, issued.header("cache-control")), (201, Some("no-store")), "{}", issued.text());
    let key = issued.json()["password"].as_str().expect("the password").to_owned();
    let selector = issued.json()["selector"].as_str().expect("the selector").to_owned();
    assert!(key.starts_with(&format!("lk-{selector}-")));
    let drive = server.stranger().with_basic("alice", &key);
    assert_eq!(drive.put("/dav/n/f", b"x").status, 201);
    let listed = call(&api, "GET", "/api/v1/users/alice/app-passwords", &Value::Null);
    assert_eq!((listed.json()[0]["label"].as_str(), listed.json()[0].get("password")), (Some("Notes"), None));
    let by_cli: Value = serde_json::from_str(&server.ok(&["app-password", "list", "alice", "--json"])).expect("JSON");
    let fields = |value: &Value| value[0].as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&by_cli), fields(&listed.json()), "both doors show the same");
    assert_eq!(call(&api, "DELETE", &format!("/api/v1/app-passwords/{selector}"), &Value::Null).status, 204);
    assert_eq!(call(&api, "DELETE", &format!("/api/v1/app-passwords/{selector}"), &Value::Null).status, 404);
    assert_eq!(drive.get("/dav/n/f").status, 401);
    let changed = call(&api, "PATCH", "/api/v1/users/alice", &json!({"enabled": false, "email": null}));
    assert_eq!(
        (changed.status, changed.json()["enabled"].as_bool(), changed.json()["email"].is_null()),
        (200, Some(false), true)
    );
    assert_eq!(call(&api, "DELETE", "/api/v1/users/alice/app-passwords", &Value::Null).status, 204);
    assert_eq!(call(&api, "DELETE", "/api/v1/users/alice", &Value::Null).status, 204);
    assert_eq!(call(&api, "GET", "/api/v1/users/alice", &Value::Null).status, 404);
    assert!(server.storage().join("files/alice/n/f").is_file(), "the files stay");
}

#[test]
fn scopes_expiry_networks_and_revocation_are_kept() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice"]);
    let reader = bearer(&server, &["--scope", "read"]);
    let users = bearer(&server, &["--scope", "users"]);
    let passwords = bearer(&server, &["--scope", "app-passwords"]);
    let user = json!({"name": "bob"});
    let label = json!({"label": "x"});
    for (client, expected) in [(&reader, [200, 403, 403]), (&users, [200, 201, 403]), (&passwords, [200, 403, 201])] {
        let statuses = [
            call(client, "GET", "/api/v1/users", &Value::Null).status,
            call(client, "POST", "/api/v1/users", &user).status,
            call(client, "POST", "/api/v1/users/alice/app-passwords", &label).status,
        ];
        assert_eq!(statuses, expected);
    }
    let elsewhere = bearer(&server, &["--scope", "read", "--from", "192.0.2.1"]);
    assert_eq!(call(&elsewhere, "GET", "/api/v1/users", &Value::Null).status, 401);
    let short = bearer(&server, &["--scope", "read", "--expires", "1s"]);
    crate::harness::eventually("the token to end", || call(&short, "GET", "/api/v1/users", &Value::Null).status == 401);
    server.ok(&["api-token", "revoke", "1"]);
    assert_eq!(call(&reader, "GET", "/api/v1/users", &Value::Null).status, 401);
    assert!(!server.ok(&["api-token", "list", "--json"]).contains("lka-"));
}

#[test]
fn guesses_are_throttled() {
    let server = TestServer::with_config(&format!("{CHEAP}throttle_failures = 3\n"));
    let api = bearer(&server, &["--scope", "read"]);
    let guess = |number: usize| {
        let client = server.stranger().with("Authorization", &format!("Bearer lka-{number:032}"));
        call(&client, "GET", "/api/v1/users", &Value::Null)
    };
    assert_eq!([guess(1).status, guess(2).status, guess(3).status], [401; 3]);
    let slowed = guess(4);
    assert_eq!((slowed.status, slowed.header("retry-after").is_some()), (429, true));
    assert_eq!(call(&api, "GET", "/api/v1/users", &Value::Null).status, 200);
}

#[test]
fn bad_input_is_a_problem_and_changes_nothing() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--email", "a@example.org"]);
    let api = bearer(&server, &["--scope", "users", "--scope", "app-passwords"]);
    let users = "/api/v1/users";
    let keys = "/api/v1/users/alice/app-passwords";
    for (method, path, body, status) in [
        ("POST", users, json!({"name": "../../etc"}), 422),
        ("POST", users, json!({"name": "Alice"}), 422),
        ("POST", users, json!({"name": "alice"}), 409),
        ("POST", users, json!({"name": "b", "email": "A@EXAMPLE.ORG"}), 409),
        ("POST", users, json!({"name": "b", "email": "nonsense"}), 422),
        ("POST", users, json!({"name": "b", "home": "/etc"}), 422),
        ("POST", users, json!({"name": "b", "password": "not by this door"}), 422),
        ("POST", users, json!({}), 422),
        ("POST", users, json!([]), 422),
        ("POST", keys, json!({"label": ""}), 422),
        ("POST", keys, json!({"label": "x", "expires_at": "2020-01-01T00:00:00Z"}), 422),
        ("POST", keys, json!({"label": "x", "expires_at": null}), 422),
        ("POST", keys, json!({"label": "x", "ttl": "9999d"}), 422),
        ("POST", keys, json!({"label": "x", "ttl": "1d", "expires_at": "2099-01-01T00:00:00Z"}), 422),
        ("POST", keys, json!({"label": "x", "scope": "everything"}), 422),
        ("POST", keys, json!({"label": "x", "networks": ["here"]}), 422),
        ("POST", keys, json!({"label": "x", "folders": ["/../.."]}), 422),
        ("POST", "/api/v1/users/nobody/app-passwords", json!({"label": "x"}), 404),
        ("PATCH", "/api/v1/users/alice", json!({"unknown": 1}), 422),
        ("GET", "/api/v1/nothing", Value::Null, 404),
        ("PUT", users, json!({}), 405),
    ] {
        let answer = call(&api, method, path, &body);
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path} {body}");
        assert_eq!(answer.json()["status"], status);
    }
    assert_eq!(api.send("POST", users, &[("Content-Type", "application/json")], b"{").status, 400);
    assert_eq!(api.send("POST", users, &[("Content-Type", "text/plain")], b"{}").status, 415);
    let huge = vec![b' '; 200_000];
    assert_eq!(api.send("POST", users, &[("Content-Type", "application/json")], &huge).status, 413);
    assert_eq!(call(&api, "GET", users, &Value::Null).json().as_array().expect("a list").len(), 2);
    assert_eq!(call(&api, "GET", keys, &Value::Null).json(), json!([]));
}

/// The document is made from the code; every answer here is valid by it.
#[test]
fn the_document_describes_the_real_answers() {
    let server = TestServer::start();
    let api = bearer(&server, &["--scope", "users", "--scope", "app-passwords"]);
    let document = server.stranger().get("/api/openapi.json").json();
    assert!(document["openapi"].as_str().expect("a version").starts_with("3."));
    assert!(document["components"]["securitySchemes"]["token"].is_object());
    let mut seen = Vec::new();
    let mut checked = |method: &str, template: &str, path: &str, body: Value, status: u16| {
        let answer = call(&api, method, path, &body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let operation = &document["paths"][template][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {template} is described");
        let responses = &operation["responses"];
        let response = if responses[status.to_string()].is_object() {
            &responses[status.to_string()]
        } else {
            &responses["default"]
        };
        assert!(response.is_object(), "{method} {template} {status} is described");
        seen.push((template.to_owned(), method.to_lowercase()));
        let kind = answer.header("content-type").unwrap_or_default();
        let schema = &response["content"][kind]["schema"];
        if answer.body.is_empty() {
            assert!(response["content"].is_null());
            return Value::Null;
        }
        let mut whole = schema.clone();
        whole["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&whole).expect("a valid schema");
        let errors: Vec<String> = validator.iter_errors(&answer.json()).map(|error| error.to_string()).collect();
        assert!(errors.is_empty() && schema.is_object(), "{method} {path}: {errors:?}");
        answer.json()
    };
    let (users, user) = ("/api/v1/users", "/api/v1/users/{name}");
    let (keys, key) = ("/api/v1/users/{name}/app-passwords", "/api/v1/app-passwords/{selector}");
    let alice = "/api/v1/users/alice";
    checked("POST", users, users, json!({"name": "alice"}), 201);
    checked("POST", users, users, json!({"name": "alice"}), 409);
    checked("GET", users, users, Value::Null, 200);
    checked("GET", user, alice, Value::Null, 200);
    checked("GET", user, "/api/v1/users/nobody", Value::Null, 404);
    checked("PATCH", user, alice, json!({"display_name": "A"}), 200);
    let issued = checked("POST", keys, "/api/v1/users/alice/app-passwords", json!({"label": "x"}), 201);
    checked("GET", keys, "/api/v1/users/alice/app-passwords", Value::Null, 200);
    let selector = issued["selector"].as_str().expect("a selector").to_owned();
    checked("DELETE", key, &format!("/api/v1/app-passwords/{selector}"), Value::Null, 204);
    checked("DELETE", keys, "/api/v1/users/alice/app-passwords", Value::Null, 204);
    checked("DELETE", user, alice, Value::Null, 204);
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys() {
            assert!(seen.contains(&(path.clone(), method.clone())), "{method} {path} was called");
        }
    }
}
