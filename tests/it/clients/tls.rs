//! The server with TLS, for clients that can be told which authority to trust.

use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::{client, write};
use crate::harness::{CHEAP, TestServer};

/// A server that speaks TLS with a certificate for 127.0.0.1, and the authority that signed it.
pub fn with_tls() -> TestServer {
    let folder = TempDir::new().expect("a scratch folder");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Authority of the tests");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let certificate = server.signed_by(&key, &authority).expect("a certificate");
    write(&folder.path().join("authority.pem"), authority.pem().as_bytes());
    write(&folder.path().join("certificate.pem"), certificate.pem().as_bytes());
    write(&folder.path().join("key.pem"), key.serialize_pem().as_bytes());
    let tls = "[server]\ntls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n";
    write(&folder.path().join("webdav.toml"), format!("{CHEAP}{tls}").as_bytes());
    TestServer::on(folder)
}

/// The authority's certificate, a file in PEM.
pub fn authority(server: &TestServer) -> String {
    let path = server.folder.path().join("authority.pem");
    path.into_os_string().into_string().expect("UTF-8")
}

/// The drive's address.
pub fn url(server: &TestServer) -> String {
    format!("https://{}/dav/", server.addr)
}

/// The same program in a view of the system of its own, in which the system's authorities are this server's alone.
///
/// For clients that cannot be told whom to trust. Only root may do this.
pub fn trusted_by_system(server: &TestServer, program: &Command) -> Command {
    let mut within = client("unshare");
    let mount = r#"mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@""#;
    within.args(["--mount", "sh", "-c", mount, &authority(server)]).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            within.env(name, value);
        }
    }
    within
}
