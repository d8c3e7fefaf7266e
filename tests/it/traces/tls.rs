//! Windows and macOS over TLS, which is how people connect them: the same requests, and a `Destination` with `https`.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Device, macos, pattern, windows};
use crate::clients::tls::{authority, with_tls};
use crate::harness::{Person, TestServer};
use crate::http::Client;

/// Puts TLS around what the small client says in clear, until it is dropped; it trusts the server's authority alone.
struct Tunnel {
    addr: SocketAddr,
    _runtime: Runtime,
}

impl Tunnel {
    fn to(server: &TestServer) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority(server)).expect("a certificate")).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
        let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let (addr, server) = (listener.local_addr().expect("an address"), server.addr);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, connector.clone()));
            }
        });
        Self { addr, _runtime: runtime }
    }

    /// A person's device behind it.
    fn device(&self, person: &Person, agent: &str) -> Device {
        let host = person.addr.to_string();
        let client = Client::new(self.addr).with_host(&host).with_basic(&person.name, &person.key);
        Device::with(client, &format!("https://{host}"), agent)
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, connector: TlsConnector) {
    let tcp = TcpStream::connect(server).await.expect("a connection");
    let mut tls = connector.connect(ServerName::from(server.ip()), tcp).await.expect("a handshake");
    // How a connection ends is the two ends' own affair; what they say to each other is what is checked.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut tls).await;
}

#[test]
fn windows_copies_a_file_in_and_renames_it() {
    let server = with_tls();
    let alice = server.person("alice");
    let tunnel = Tunnel::to(&server);
    let windows = tunnel.device(&alice, windows::AGENT).always(&windows::ALWAYS);
    windows.asks("OPTIONS /", &[], "").gets(200).with("DAV", "2").with("Connection", "close");
    assert_eq!(windows::look(&windows, "/", 1).members(), ["/dav/"]);
    let bytes = pattern(300_000);
    windows::copy_in(&windows, "/dav/Budget%202026.xlsx", &bytes, "Thu, 09 Oct 2025 17:54:43 GMT");
    windows.asks("MKCOL /dav/Old", &[], "").gets(201);
    let destination = windows.destination("/dav/Old/Budget.xlsx");
    assert!(destination.contains("https://"), "{destination}");
    windows.asks("MOVE /dav/Budget%202026.xlsx", &[&destination, "Overwrite: F"], "").gets(201);
    windows.asks("GET /dav/Old/Budget.xlsx", &[], "").gets(200).has_body(&bytes);
    assert_eq!(alice.names(), ["Old", "Old/Budget.xlsx"]);
    assert!(alice.bytes("Old/Budget.xlsx") == bytes, "the bytes differ on the disk");
}

#[test]
fn macos_copies_a_file_in_and_renames_it() {
    let server = with_tls();
    let alice = server.person("alice");
    let tunnel = Tunnel::to(&server);
    let finder = tunnel.device(&alice, macos::AGENT).always(&macos::ALWAYS);
    finder.asks("OPTIONS /dav/", &[], "").gets(200).with("DAV", "2");
    let bytes = pattern(700_000);
    macos::write(&finder, "/dav/Film.mov", &bytes);
    macos::write(&finder, "/dav/._Film.mov", b"\x00\x05\x16\x07 resource fork");
    finder.asks("MOVE /dav/Film.mov", &[&finder.destination("/dav/gru%CC%88n.mov")], "").gets(201);
    assert_eq!(macos::list(&finder, "/dav/").members(), ["/dav/._Film.mov", "/dav/gr%C3%BCn.mov"]);
    finder.asks("GET /dav/gru%CC%88n.mov", &["Range: bytes=4096-8191"], "").gets(206).has_body(&bytes[4096..8192]);
    assert_eq!(alice.names(), ["._Film.mov", "gr\u{fc}n.mov"]);
    assert!(alice.bytes("gr\u{fc}n.mov") == bytes, "the bytes differ on the disk");
}
