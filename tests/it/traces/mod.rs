//! Clients that cannot run here, replayed request by request as their own source, their manual or logs of theirs show
//! them, against the real binary.
//!
//! A trace reads as the wire does: who asks for what with which headers, and what the client must be told to go on. Each
//! ends at the disk. What is checked of an answer is what the client reads in it, and XML is read as clients read it: by
//! namespace, not by prefix.

mod floccus;
mod ios_files;
mod joplin;
mod keepass;
mod keeweb;
mod macos;
mod office;
mod remotely_save;
mod synology;
mod tls;
mod total_commander;
mod windows;
mod zotero;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use xmltree::Element;

use crate::harness::{Person, TestServer};
use crate::http::{Answer, Client, Connection};

const DAV: &str = "DAV:";

/// A client on somebody's device.
#[derive(Clone)]
struct Device {
    client: Client,
    /// `http://127.0.0.1:PORT`, for `Destination`.
    server: String,
}

impl Device {
    /// A client that says this of itself, with a person's application password.
    fn of(person: &Person, agent: &str) -> Self {
        Self::with(person.client(), &format!("http://{}", person.addr), agent)
    }

    /// The same client before it knows any password.
    fn without_password(server: &TestServer, agent: &str) -> Self {
        Self::with(server.stranger(), &format!("http://{}", server.addr), agent)
    }

    fn with(client: Client, server: &str, agent: &str) -> Self {
        let client = if agent.is_empty() { client } else { client.with("User-Agent", agent) };
        Self { client, server: server.to_owned() }
    }

    /// Every request carries these headers, each written as `Name: value`.
    fn always(mut self, headers: &[&str]) -> Self {
        for (name, value) in headers.iter().map(|header| split(header)) {
            self.client = self.client.with(name, value);
        }
        self
    }

    /// Sends a request, written as `METHOD /path`, whose body has a known length.
    fn asks(&self, what: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Told {
        let (method, path) = what.split_once(' ').expect("a method and a path");
        let headers: Vec<_> = headers.iter().map(|header| split(header)).collect();
        Told { what: what.to_owned(), answer: self.client.send(method, path, &headers, body.as_ref()) }
    }

    /// Sends a request whose body comes in chunks, none of them at all for an empty one.
    fn streams(&self, what: &str, headers: &[&str], chunks: &[&[u8]]) -> Told {
        let mut connection = self.begins(what, headers);
        for chunk in chunks.iter().copied().chain([&b""[..]]) {
            connection.chunk(chunk);
        }
        Told { what: what.to_owned(), answer: connection.answer(method(what)) }
    }

    /// Sends the head of a request whose body will come in chunks.
    fn begins(&self, what: &str, headers: &[&str]) -> Connection {
        let (method, path) = what.split_once(' ').expect("a method and a path");
        let headers: Vec<_> = headers.iter().map(|header| split(header)).collect();
        let mut connection = self.client.connect();
        connection.write(&self.client.head(method, path, &headers, None));
        connection
    }

    /// A `Destination` as most clients write it, absolute.
    fn destination(&self, path: &str) -> String {
        format!("Destination: {}{path}", self.server)
    }
}

/// The method of `METHOD /path`.
fn method(what: &str) -> &str {
    what.split_once(' ').expect("a method and a path").0
}

fn split(header: &str) -> (&str, &str) {
    let (name, value) = header.split_once(':').expect("a header is written as `Name: value`");
    (name, value.trim())
}

/// What a client was told; each check gives it on, so that a step of a trace is one sentence.
struct Told {
    what: String,
    answer: Answer,
}

impl Told {
    #[track_caller]
    fn gets(self, status: u16) -> Self {
        assert_eq!(self.answer.status, status, "{}: {}", self.what, self.answer.text());
        self
    }

    /// One of several statuses, all of which the client takes alike.
    #[track_caller]
    fn gets_one_of(self, statuses: &[u16]) -> Self {
        let status = self.answer.status;
        assert!(statuses.contains(&status), "{}: {status}, {}", self.what, self.answer.text());
        self
    }

    /// A header that has this among its values.
    #[track_caller]
    fn with(self, name: &str, part: &str) -> Self {
        let value = self.answer.header(name).unwrap_or_default();
        assert!(value.contains(part), "{}: {part:?} in {name}: {value:?}", self.what);
        self
    }

    #[track_caller]
    fn without(self, name: &str) -> Self {
        assert_eq!(self.answer.header(name), None, "{}: {name}", self.what);
        self
    }

    #[track_caller]
    fn says(self, part: &str) -> Self {
        assert!(self.answer.text().contains(part), "{}: {part:?} in {}", self.what, self.answer.text());
        self
    }

    #[track_caller]
    fn lacks(self, part: &str) -> Self {
        assert!(!self.answer.text().contains(part), "{}: {part:?} in {}", self.what, self.answer.text());
        self
    }

    #[track_caller]
    fn has_body(self, bytes: &[u8]) -> Self {
        assert!(self.answer.body == bytes, "{}: {} bytes of body", self.what, self.answer.body.len());
        self
    }

    /// A header's value, which must be there.
    #[track_caller]
    fn header(&self, name: &str) -> String {
        self.answer.header(name).unwrap_or_else(|| panic!("{}: no {name}", self.what)).to_owned()
    }

    /// The lock's token as the body of LOCK tells it, which must be the header's as well.
    #[track_caller]
    fn token(&self) -> String {
        let top = self.xml();
        let token = inside(&top, &["lockdiscovery", "activelock", "locktoken", "href"]);
        let token = token.and_then(Element::get_text).expect("a lock token in the body").trim().to_owned();
        assert_eq!(self.answer.header("lock-token"), Some(format!("<{token}>").as_str()), "{}", self.what);
        token
    }

    #[track_caller]
    fn xml(&self) -> Element {
        Element::parse(self.answer.body.as_slice())
            .unwrap_or_else(|error| panic!("{}: {error} in {}", self.what, self.answer.text()))
    }

    /// The responses of a multistatus.
    #[track_caller]
    fn resources(&self) -> Vec<Resource> {
        assert_eq!(self.answer.status, 207, "{}: {}", self.what, self.answer.text());
        let top = self.xml();
        assert_eq!((top.name.as_str(), top.namespace.as_deref()), ("multistatus", Some(DAV)), "{}", self.what);
        children(&top, "response").map(Resource::read).collect()
    }

    /// The only response of a multistatus.
    #[track_caller]
    fn resource(&self) -> Resource {
        let mut resources = self.resources();
        assert_eq!(resources.len(), 1, "{}: {}", self.what, self.answer.text());
        resources.remove(0)
    }

    /// The paths of a listing, without the folder itself, in order.
    #[track_caller]
    fn members(&self) -> Vec<String> {
        let mut members: Vec<String> = self.resources().into_iter().skip(1).map(|resource| resource.href).collect();
        members.sort();
        members
    }
}

/// One response of a multistatus.
struct Resource {
    /// As it stands there, without scheme and host.
    href: String,
    /// Properties with the status that their propstat gives them.
    properties: Vec<(u16, Element)>,
}

impl Resource {
    fn read(response: &Element) -> Self {
        let href = children(response, "href").next().and_then(Element::get_text).expect("a href").into_owned();
        let mut properties = Vec::new();
        for propstat in children(response, "propstat") {
            let status = children(propstat, "status").next().and_then(Element::get_text).expect("a status");
            let status = status.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a code");
            for prop in children(propstat, "prop") {
                properties.extend(elements(prop).map(|property| (status, property.clone())));
            }
        }
        Self { href, properties }
    }

    /// The status of a property, by namespace and name.
    fn status(&self, namespace: &str, name: &str) -> Option<u16> {
        self.find(namespace, name).map(|(status, _)| *status)
    }

    /// The text of a property that is there; empty for an empty one.
    #[track_caller]
    fn text(&self, namespace: &str, name: &str) -> String {
        let found = self.find(namespace, name).filter(|(status, _)| *status == 200);
        let (_, property) = found.unwrap_or_else(|| panic!("{}: no {name}", self.href));
        property.get_text().unwrap_or_default().trim().to_owned()
    }

    /// Whether `resourcetype` says so.
    fn is_folder(&self) -> bool {
        self.find(DAV, "resourcetype").is_some_and(|(_, kind)| children(kind, "collection").next().is_some())
    }

    fn find(&self, namespace: &str, name: &str) -> Option<&(u16, Element)> {
        self.properties
            .iter()
            .find(|(_, property)| property.name == name && property.namespace.as_deref() == Some(namespace))
    }
}

fn elements(parent: &Element) -> impl Iterator<Item = &Element> {
    parent.children.iter().filter_map(|child| child.as_element())
}

fn children<'a>(parent: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    elements(parent).filter(move |child| child.name == name && child.namespace.as_deref() == Some(DAV))
}

/// An element beneath others, all in `DAV:`.
fn inside<'a>(top: &'a Element, path: &[&'a str]) -> Option<&'a Element> {
    path.iter().try_fold(top, |parent, name| children(parent, name).next())
}

/// Two people whose drives are one folder.
fn colleagues(server: &TestServer) -> [Person; 2] {
    let folder = server.folder.path().join("office");
    let home = folder.to_str().expect("UTF-8");
    ["alice", "bob"].map(|name| {
        server.ok(&["user", "add", name, "--home", home]);
        Person { home: PathBuf::from(home), ..server.person(name) }
    })
}

/// A body of `PROPFIND` that names properties of `DAV:`.
fn propfind(names: &[&str]) -> String {
    let names: String = names.iter().map(|name| format!("<D:{name}/>")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:propfind xmlns:D=\"DAV:\"><D:prop>{names}</D:prop></D:propfind>"
    )
}

/// When a file was last modified, as it lies on the disk, in seconds since 1970.
fn modified(person: &Person, path: &str) -> u64 {
    let time = std::fs::metadata(person.file(path)).and_then(|meta| meta.modified()).expect("a file");
    time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

/// An HTTP date in seconds since 1970.
fn seconds(date: &str) -> u64 {
    let time = httpdate::parse_http_date(date).expect("an HTTP date");
    time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Bytes that differ from place to place.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at / 256 * 7 + at) % 251).expect("below 251")).collect()
}

/// A browser's question, before a script's request to another origin (Fetch §4.8), which never has credentials; it is
/// answered for what the script will do, and a browser takes nothing but success.
#[track_caller]
fn preflight(server: &TestServer, origin: &str, what: &str, headers: &str) -> Told {
    let (method, path) = what.split_once(' ').expect("a method and a path");
    let browser = Device::without_password(server, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101");
    let mut asked = vec![format!("Origin: {origin}"), format!("Access-Control-Request-Method: {method}")];
    if !headers.is_empty() {
        asked.push(format!("Access-Control-Request-Headers: {headers}"));
    }
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let told = browser.asks(&format!("OPTIONS {path}"), &asked, "").gets_one_of(&[200, 204]);
    let told = told.with("Access-Control-Allow-Origin", origin).with("Vary", "Origin");
    let named = |told: &Told, header: &str, name: &str| {
        told.header(header).split(',').any(|allowed| allowed.trim().eq_ignore_ascii_case(name))
    };
    assert!(named(&told, "Access-Control-Allow-Methods", method), "{method}");
    for name in headers.split(',').filter(|name| !name.is_empty()) {
        assert!(named(&told, "Access-Control-Allow-Headers", name), "{name}");
    }
    told
}

/// A script reads what it is shown: the answer names its origin, and these headers.
#[track_caller]
fn shown_to(told: &Told, origin: &str, headers: &[&str]) {
    assert_eq!(told.header("Access-Control-Allow-Origin"), origin, "{}", told.what);
    let exposed = told.header("Access-Control-Expose-Headers").to_ascii_lowercase();
    for name in headers {
        assert!(exposed.split(',').any(|shown| shown.trim() == *name), "{}: {name} in {exposed}", told.what);
    }
}

/// Long enough for a second of another name: what has a resolution of seconds must not be seen twice in one.
fn next_second() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    std::thread::park_timeout(Duration::from_millis(1010 - u64::from(now.subsec_millis())));
}
