//! Commands that the `WebDriver` client has no name for: Chromium's own, and those for authenticators.

use serde_json::{Value, json};

use super::Browser;
use crate::http;

impl Browser {
    /// A command of the `DevTools` protocol.
    #[track_caller]
    pub(super) fn cdp(&self, command: &str, parameters: &Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// A POST beneath the session.
    #[track_caller]
    pub(super) fn command(&self, path: &str, body: &Value) -> Value {
        self.speak("POST", path, body.to_string().as_bytes())
    }

    /// A GET beneath the session.
    #[track_caller]
    pub(super) fn ask(&self, path: &str) -> Value {
        self.speak("GET", path, b"")
    }

    #[track_caller]
    fn speak(&self, method: &str, path: &str, body: &[u8]) -> Value {
        let driver = http::Client::new(self.driver.addr);
        let url = format!("/session/{}/{path}", self.session);
        let answer = driver.send(method, &url, &[("Content-Type", "application/json")], body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["value"].take()
    }
}
