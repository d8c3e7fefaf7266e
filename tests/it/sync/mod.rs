//! RFC 6578: what a client is told that asks what has changed. `docs/webdav-extensions.md` says which demand is shown
//! where.

mod asked;
mod changes;
mod client;
mod model;
mod paged;
mod short;
mod tokens;

use crate::harness::Person;

/// A request that must go well.
fn done(person: &Person, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
    let answer = person.client().send(method, path, headers, body);
    assert!(matches!(answer.status, 200 | 201 | 204 | 207), "{method} {path}: {} {}", answer.status, answer.text());
}

fn mkcol(person: &Person, path: &str) {
    done(person, "MKCOL", path, &[], b"");
}

fn put(person: &Person, path: &str, bytes: &[u8]) {
    done(person, "PUT", path, &[], bytes);
}

fn delete(person: &Person, path: &str) {
    done(person, "DELETE", path, &[], b"");
}

fn rename(person: &Person, from: &str, to: &str) {
    done(person, "MOVE", from, &[("Destination", to)], b"");
}

fn set_property(person: &Person, path: &str, value: &str) {
    let body = format!(
        "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><p xmlns=\"urn:x\">{value}</p></D:prop></D:set>\
         </D:propertyupdate>"
    );
    done(person, "PROPPATCH", path, &[], body.as_bytes());
}
