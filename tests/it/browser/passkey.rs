//! An authenticator without hardware, as the `WebAuthn` specification gives it to tests.

use serde_json::{Value, json};

use super::Browser;

impl Browser {
    /// Plugs in an authenticator like a laptop's own: it keeps passkeys and verifies its owner at once.
    #[track_caller]
    pub fn add_authenticator(&self) {
        let kind = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        let id = self.command("webauthn/authenticator", &kind);
        let id = id.as_str().expect("an authenticator's name").to_owned();
        assert_eq!(self.authenticator.replace(Some(id)), None, "there is an authenticator already");
    }

    /// The passkeys that it keeps, as `WebDriver` tells them: `credentialId`, `rpId`, `userHandle`, `signCount`…
    #[track_caller]
    pub fn credentials(&self) -> Vec<Value> {
        let id = self.authenticator.borrow().clone().expect("an authenticator was added");
        match self.ask(&format!("webauthn/authenticator/{id}/credentials")) {
            Value::Array(credentials) => credentials,
            other => panic!("not a list: {other}"),
        }
    }
}
