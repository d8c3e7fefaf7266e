//! What is left when something ends in the midst of its work: a client, the server, the space on the disk.

mod cut;
mod disk;
mod followers;
mod load;
pub mod mounts;
mod moving;

use crate::harness::Person;
use crate::http::{Answer, Client, Connection};

/// A connection that is kept, and that outlives the server: after its end there is just no answer any more.
struct Line {
    client: Client,
    connection: Connection,
}

impl Line {
    fn to(person: &Person) -> Self {
        Self::of(person.client())
    }

    fn of(client: Client) -> Self {
        let connection = client.connect();
        Self { client, connection }
    }

    /// Sends a request; `None` where the server is gone before it answered in full.
    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        self.connection.try_write(&self.client.head(method, path, headers, Some(body.len())));
        self.connection.try_write(body);
        self.connection.try_answer(method)
    }
}

/// The same person on a server that was started again, on another port.
fn again(person: &Person, server: &crate::harness::TestServer) -> Person {
    Person { addr: server.addr, ..person.clone() }
}

/// Names in a home, without hidden folders that are empty. There may be one in every mounted file system.
fn names(person: &Person) -> Vec<String> {
    let mut names = person.names();
    names.retain(|name| !name.ends_with("/.latchkey-tmp"));
    names
}

/// A body that sets the property `color`.
fn set_color(value: &str) -> String {
    format!(
        "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><c:color xmlns:c=\"urn:c\">{value}</c:color></D:prop>\
         </D:set></D:propertyupdate>"
    )
}

/// Sets the property `color`, which must go well.
fn paint(person: &Person, path: &str, value: &str) {
    let answer = person.client().send("PROPPATCH", path, &[], set_color(value).as_bytes());
    assert!(answer.status == 207 && answer.text().contains("200 OK"), "{path}: {}", answer.text());
}

/// The property `color`, or `None` where the resource has none; the resource must be there.
fn color(person: &Person, path: &str) -> Option<String> {
    let body = b"<D:propfind xmlns:D=\"DAV:\"><D:prop><c:color xmlns:c=\"urn:c\"/></D:prop></D:propfind>";
    let answer = person.client().send("PROPFIND", path, &[("Depth", "0")], body);
    assert_eq!(answer.status, 207, "{path}: {}", answer.text());
    let text = answer.text();
    if text.contains("404 Not Found") {
        return None;
    }
    // The element comes with whatever prefix the server likes, and ends with a tag of the same name.
    let (_, rest) = text.split_once("color").expect("the property");
    let (_, rest) = rest.split_once('>').expect("its end");
    let (value, _) = rest.split_once('<').expect("its closing tag");
    Some(value.to_owned())
}
