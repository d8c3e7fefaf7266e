//! Directories that do not answer, or not as they should: never a word against anybody.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use latchkey::directory::ldap::PasswordAnswer;

use super::slapd::{BASE, SERVICE, SUFFIX, Slapd};
use super::{Office, assert_unreachable, free_port};

/// A server that takes connections and does that with each; it ends with the process.
fn listener(with: impl Fn(std::net::TcpStream) + Send + Sync + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let addr = listener.local_addr().expect("an address");
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            counted.fetch_add(1, Ordering::SeqCst);
            with(stream);
        }
    });
    (addr, count)
}

/// Takes connections and never answers.
fn silent() -> SocketAddr {
    let held = std::sync::Mutex::new(Vec::new());
    listener(move |stream| held.lock().expect("nobody panics").push(stream)).0
}

fn plain(urls: &[String], timeout: &str) -> String {
    let base = BASE.replace("timeout = \"2s\"", &format!("timeout = \"{timeout}\""));
    format!("{base}urls = {urls:?}\nallow_plain = true\n{SERVICE}")
}

#[tokio::test]
async fn a_directory_that_is_down_is_unreachable_and_back_when_it_is_up() {
    let mut server = Slapd::start();
    let office = server.office();
    let ada = office.get("ada").await;
    server.stop();
    assert_unreachable(office.try_find("ada").await, "refused");
    assert_unreachable(office.look_up(&ada.person.identity).await, "refused");
    let password = latchkey::secret::PlainSecret::new("ada's own".to_owned());
    assert_unreachable(office.ldap().check_password(&ada, &password).await, "refused");
    server.start_again();
    assert_eq!(office.by_id(&ada.person.identity).await, ada);
    assert_eq!(office.password("ada", "ada's own").await, PasswordAnswer::Right);
}

#[tokio::test]
async fn a_restart_between_two_questions_goes_unnoticed() {
    let mut server = Slapd::start();
    let office = server.office();
    let service = format!("cn=latchkey,{SUFFIX}");
    for _ in 0..5 {
        office.get("ada").await;
    }
    assert_eq!(server.binds(&service), 1, "one connection serves them all");
    for bound in 2..=3 {
        server.restart();
        office.get("ada").await;
        assert_eq!(server.binds(&service), bound);
    }
    assert_eq!(office.password("ada", "ada's own").await, PasswordAnswer::Right);
    office.get("bob").await;
    assert_eq!(server.binds(&service), 3, "a person's connection is not taken for the service's, nor the other way");
}

#[tokio::test]
async fn questions_at_a_time_have_connections_of_their_own() {
    let server = Slapd::start();
    let office = Arc::new(server.office());
    let asked = (0..40).map(|_| {
        let office = Arc::clone(&office);
        tokio::spawn(async move { office.get("ada").await })
    });
    for answer in asked.collect::<Vec<_>>() {
        answer.await.expect("it answers");
    }
    let bound = server.binds(&format!("cn=latchkey,{SUFFIX}"));
    assert!((1..=40).contains(&bound), "{bound}");
    let before = bound;
    for _ in 0..10 {
        office.get("ada").await;
    }
    assert_eq!(server.binds(&format!("cn=latchkey,{SUFFIX}")), before, "some are kept");
}

#[tokio::test]
async fn a_directory_that_never_answers_costs_no_more_than_the_time_that_is_set() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let addr = silent();
    let tls = format!("{}urls = [\"ldaps://{addr}\"]\n{SERVICE}", BASE.replace("2s", "1s"));
    let starttls = format!("{}urls = [\"ldap://{addr}\"]\nstarttls = true\n{SERVICE}", BASE.replace("2s", "1s"));
    for lines in [plain(&[format!("ldap://{addr}")], "1s"), tls, starttls] {
        let office = Office::of(folder.path(), &lines);
        let begin = Instant::now();
        assert_unreachable(office.try_find("ada").await, "no answer in time");
        let took = begin.elapsed();
        assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn another_server_is_asked_where_one_does_not_answer() {
    let server = Slapd::start();
    let dead = [format!("ldap://{}", silent()), format!("ldap://127.0.0.1:{}", free_port()), server.url()];
    let office = Office::of(server.folder.path(), &plain(&dead, "1s"));
    office.get("ada").await;
    let begin = Instant::now();
    assert_eq!(office.password("ada", "ada's own").await, PasswordAnswer::Right);
    assert_eq!(office.password("ada", "wrong").await, PasswordAnswer::Wrong);
    assert!(begin.elapsed() < Duration::from_millis(900), "the one that failed comes last for a while");
}

#[tokio::test]
async fn a_password_is_asked_at_one_server_only() {
    let server = Slapd::start();
    let lines = format!("ca_file = \"authority.pem\"\n{}", plain(&[server.tls_url(), server.url()], "1s"));
    let office = Office::of(server.folder.path(), &lines);
    assert_eq!(office.password("ada", "wrong").await, PasswordAnswer::Wrong);
    assert_eq!(server.binds(&format!("uid=ada,ou=people,{SUFFIX}")), 1);
}

#[tokio::test]
async fn nonsense_for_an_answer_breaks_nothing() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    // An HTTP answer, a sequence without parts, a result without its parts, an operation that does not exist.
    let answers: [&[u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x00",
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x05\x02\x01\x02\x7f\x00",
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x07\x02\x01\x02\x64\x02\x04\x00",
        b"\x30\x0e\x02\x01\x01\x61\x09\x0a\x01\x00\x04\x00\x04\x02\xff\xfe",
    ];
    for bytes in answers {
        let (addr, _) = listener(move |mut stream| {
            let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
            // Each message is answered by the same: the first is the bind.
            while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(bytes);
            }
        });
        let office = Office::of(folder.path(), &plain(&[format!("ldap://{addr}")], "1s"));
        let answer = office.try_find("ada").await;
        assert!(answer.is_err(), "{bytes:02x?}: {answer:?}");
    }
}

/// Whoever is on the way could send this before `StartTLS` is through.
#[tokio::test]
async fn an_answer_nested_without_end_does_not_end_this_process() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..200_000 {
        let length = u32::try_from(bytes.len()).expect("short").to_le_bytes();
        bytes.extend([&length[..], &[0x84, 0x30]].concat());
    }
    bytes.reverse();
    let (addr, count) = listener(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&bytes);
    });
    let starttls = format!("{BASE}urls = [\"ldap://{addr}\"]\nstarttls = true\n{SERVICE}");
    for lines in [plain(&[format!("ldap://{addr}")], "2s"), starttls] {
        let answer = Office::of(folder.path(), &lines).try_find("ada").await;
        assert!(answer.is_err(), "{answer:?}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_refused_service_account_is_told_as_such() {
    let server = Slapd::start();
    let wrong = SERVICE.replace("the service's", "another");
    let office = server.office_at(&format!("urls = [\"{}\"]\nca_file = \"authority.pem\"\n{wrong}", server.tls_url()));
    let error = office.try_find("ada").await.expect_err("it is refused");
    assert!(error.reason.contains("refuses the account in bind_dn: invalid credentials (49)"), "{error}");
    assert!(!format!("{error:?}{office:?}", office = office.ldap()).contains("another"), "{error:?}");
}

#[tokio::test]
async fn referrals_are_not_followed() {
    let server = Slapd::start();
    let (addr, count) = listener(drop);
    server.add(&format!("dn: dc=other,{SUFFIX}\nobjectClass: referral\nobjectClass: dcObject\ndc: other\nref: ldap://{addr}/dc=other,{SUFFIX}\n"));
    let all = server.office_with("").get("ada").await;
    let wide = Office::of(
        server.folder.path(),
        &format!(
            "preset = \"openldap\"\nuser_base = \"{SUFFIX}\"\nurls = [\"{}\"]\nca_file = \"authority.pem\"\n{SERVICE}",
            server.tls_url()
        ),
    );
    assert_eq!(wide.get("ada").await, all, "a reference among the answers is passed over");
    assert_eq!(server.logged("SEARCH RESULT tag=101 err=0 "), 2);
    let beyond = Office::of(
        server.folder.path(),
        &format!(
            "preset = \"openldap\"\nuser_base = \"dc=other,{SUFFIX}\"\nurls = [\"{}\"]\nca_file = \"authority.pem\"\n{SERVICE}",
            server.tls_url()
        ),
    );
    assert_unreachable(beyond.try_find("ada").await, "referrals are not followed");
    assert_unreachable(beyond.look_up(&all.person.identity).await, "referrals are not followed");
    assert_eq!(count.load(Ordering::SeqCst), 0, "nobody went there");
}
