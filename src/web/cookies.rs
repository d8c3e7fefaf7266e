//! The pages' cookies. `__Host-` binds each to this very host, over TLS (RFC 6265bis §4.1.3.2).

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::secret::PlainSecret;

/// Of somebody who is signed in.
pub(super) const SESSION: &str = "__Host-latchkey-session";
/// Of a sign-in that lacks its second factor.
pub(super) const PENDING: &str = "__Host-latchkey-sign-in";
/// Of a browser from which somebody has signed in before.
pub(super) const DEVICE: &str = "__Host-latchkey-device";
/// Of a visitor who is not signed in.
pub(super) const VISIT: &str = "__Host-latchkey-visit";

/// Seconds for which a browser is remembered.
const DEVICE_S: u64 = 400 * 86_400;

/// A cookie's value.
pub(super) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.into())
}

/// Sets a cookie; all but the device's end with the browser.
pub(super) fn set(headers: &mut HeaderMap, name: &str, value: &PlainSecret) {
    let life = if name == DEVICE { format!("; Max-Age={DEVICE_S}") } else { String::new() };
    append(headers, format!("{name}={}; Path=/; Secure; HttpOnly; SameSite=Lax{life}", value.expose()));
}

/// Takes a cookie away.
pub(super) fn remove(headers: &mut HeaderMap, name: &str) {
    append(headers, format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"));
}

fn append(headers: &mut HeaderMap, text: String) {
    if let Ok(mut value) = HeaderValue::try_from(text) {
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
}
