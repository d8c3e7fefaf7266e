//! A client that synchronises, and what PROPFIND shows, to compare the two.

use std::collections::{BTreeMap, BTreeSet};

use xmltree::Element;

use crate::harness::Person;

/// What a client knows: entity tags by address, without the slash of folders.
pub type Known = BTreeMap<String, String>;

/// A member in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It is there, with this entity tag.
    Here(String),
    /// 404.
    Gone,
    /// 403 with `sync-traversal-supported`.
    Apart,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Report {
    pub members: Vec<(String, Told)>,
    pub token: String,
    pub is_cut: bool,
}

impl Report {
    /// The addresses that are told, in order.
    pub fn hrefs(&self) -> Vec<&str> {
        let mut hrefs: Vec<&str> = self.members.iter().map(|(href, _)| href.as_str()).collect();
        hrefs.sort_unstable();
        hrefs
    }
}

/// A body of a report.
pub fn body(token: &str, level: &str, limit: Option<usize>) -> String {
    let limit = limit.map_or(String::new(), |limit| format!("<D:limit><D:nresults>{limit}</D:nresults></D:limit>"));
    format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token><D:sync-level>{level}</D:sync-level>\
         {limit}<D:prop><D:getetag/><D:resourcetype/></D:prop></D:sync-collection>"
    )
}

/// Asks, and the answer must be one.
pub fn report(person: &Person, path: &str, token: &str, level: &str, limit: Option<usize>) -> Report {
    let answer = person.client().send("REPORT", path, &[], body(token, level, limit).as_bytes());
    assert_eq!(answer.status, 207, "{path} {token}: {}", answer.text());
    read(&answer.text())
}

/// The status of a refusal, and whether it says `valid-sync-token`.
pub fn refused(person: &Person, path: &str, token: &str) -> bool {
    let answer = person.client().send("REPORT", path, &[], body(token, "infinite", None).as_bytes());
    answer.status == 403 && answer.text().contains("<D:valid-sync-token/>")
}

fn child<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
    element.get_child((name, "DAV:"))
}

fn text(element: &Element, name: &str) -> Option<String> {
    Some(child(element, name)?.get_text().unwrap_or_default().into_owned())
}

fn elements<'e>(element: &'e Element, name: &'e str) -> impl Iterator<Item = &'e Element> {
    element.children.iter().filter_map(|node| node.as_element()).filter(move |child| child.name == name)
}

/// Reads an answer by the letter of RFC 6578 §3.2.
pub fn read(xml: &str) -> Report {
    let top = Element::parse(xml.as_bytes()).unwrap_or_else(|error| panic!("{error} in {xml}"));
    assert_eq!(top.name, "multistatus");
    let mut report = Report { members: Vec::new(), token: String::new(), is_cut: false };
    let mut told_hrefs = BTreeSet::new();
    for response in elements(&top, "response") {
        let href = text(response, "href").expect("an address");
        let status = text(response, "status");
        let properties: Vec<_> = elements(response, "propstat").collect();
        assert_eq!(status.is_none(), !properties.is_empty(), "either a status or properties: {xml}");
        let condition = child(response, "error").and_then(|error| error.children.first()?.as_element());
        let told = match status.as_deref() {
            None => Told::Here(etag(response).expect("an entity tag")),
            Some("HTTP/1.1 404 Not Found") => Told::Gone,
            Some("HTTP/1.1 403 Forbidden") => {
                assert_eq!(condition.map(|own| own.name.as_str()), Some("sync-traversal-supported"));
                Told::Apart
            }
            Some("HTTP/1.1 507 Insufficient Storage") => {
                assert_eq!(condition.map(|own| own.name.as_str()), Some("number-of-matches-within-limits"));
                assert!(!report.is_cut, "said once");
                report.is_cut = true;
                continue;
            }
            Some(other) => panic!("{other}"),
        };
        assert!(told_hrefs.insert(href.clone()), "{href} is told twice");
        report.members.push((href, told));
    }
    let tokens: Vec<_> = elements(&top, "sync-token").collect();
    assert_eq!(tokens.len(), 1);
    report.token = tokens[0].get_text().expect("a token").into_owned();
    report
}

fn etag(response: &Element) -> Option<String> {
    let found = elements(response, "propstat").find(|own| text(own, "status").as_deref() == Some("HTTP/1.1 200 OK"))?;
    text(child(found, "prop")?, "getetag")
}

/// A client that keeps a copy of a collection by synchronising alone.
#[derive(Debug, Clone)]
pub struct SyncClient {
    path: String,
    level: &'static str,
    /// Most results it asks for at a time.
    limit: Option<usize>,
    pub token: String,
    pub known: Known,
}

impl SyncClient {
    pub fn new(path: &str, level: &'static str) -> Self {
        Self { path: path.to_owned(), level, limit: None, token: String::new(), known: Known::new() }
    }

    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit: Some(limit), ..self }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether there is a folder to synchronise.
    pub fn is_folder(&self, person: &Person) -> bool {
        let answer = person.client().send("PROPFIND", &self.path, &[("Depth", "0")], b"");
        answer.status == 207 && answer.text().contains("<D:collection/>")
    }

    /// The body of its next request.
    pub fn body(&self) -> String {
        body(&self.token, self.level, self.limit)
    }

    /// One request; gives whether there is more.
    pub fn step(&mut self, person: &Person) -> bool {
        let report = report(person, &self.path, &self.token, self.level, self.limit);
        assert!(self.limit.is_none_or(|limit| report.members.len() <= limit), "no more than was asked for");
        assert!(!report.is_cut || self.limit.is_some());
        if self.token.is_empty() {
            assert!(report.members.iter().all(|(_, told)| *told != Told::Gone), "nothing is gone at the beginning");
        }
        self.apply(&report);
        report.is_cut
    }

    pub fn apply(&mut self, report: &Report) {
        for (href, told) in &report.members {
            let key = href.trim_end_matches('/').to_owned();
            match told {
                Told::Here(etag) => {
                    self.known.insert(key, etag.clone());
                }
                Told::Apart => {
                    self.known.insert(key, "apart".to_owned());
                }
                Told::Gone => {
                    // With a collection goes all beneath it (RFC 6578 §3.5.2).
                    let (from, to) = (format!("{key}/"), format!("{key}0"));
                    let beneath: Vec<String> = self.known.range(from..to).map(|(known, _)| known.clone()).collect();
                    beneath.iter().chain([&key]).for_each(|known| drop(self.known.remove(known)));
                }
            }
        }
        self.token.clone_from(&report.token);
    }

    /// All requests until it is up to date.
    pub fn sync(&mut self, person: &Person) {
        while self.step(person) {}
    }

    /// What PROPFIND shows of the same collection.
    pub fn truth(&self, person: &Person) -> Known {
        let mut truth = Known::new();
        walk(person, &self.path, self.level == "infinite", &mut truth);
        truth
    }

    /// Synchronises, and what it knows then must be what PROPFIND shows.
    pub fn check(&mut self, person: &Person) {
        self.sync(person);
        assert_eq!(self.known, self.truth(person), "{} {}", self.path, self.level);
    }
}

/// Lists a folder, and all beneath it by a request for each; links to folders are not gone through.
fn walk(person: &Person, path: &str, deep: bool, truth: &mut Known) {
    let body = b"<propfind xmlns='DAV:'><prop><getetag/><resourcetype/></prop></propfind>";
    let answer = person.client().send("PROPFIND", path, &[("Depth", "1")], body);
    assert_eq!(answer.status, 207, "{path}: {}", answer.text());
    let xml = answer.text();
    let top = Element::parse(xml.as_bytes()).expect("XML");
    for response in elements(&top, "response") {
        let href = text(response, "href").expect("an address");
        if href == path || href == format!("{path}/") {
            continue;
        }
        let key = href.trim_end_matches('/').to_owned();
        let is_folder = href.ends_with('/');
        let is_link = is_folder && is_link(person, &key);
        let known = if deep && is_link { "apart".to_owned() } else { etag(response).expect("an entity tag") };
        truth.insert(key, known);
        if deep && is_folder && !is_link {
            walk(person, &href, deep, truth);
        }
    }
}

fn is_link(person: &Person, href: &str) -> bool {
    let path = href.strip_prefix("/dav/").expect("on the drive");
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
    person.home.join::<&std::ffi::OsStr>(std::os::unix::ffi::OsStrExt::from_bytes(&bytes)).is_symlink()
}
