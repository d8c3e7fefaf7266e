//! Company directories that speak LDAP, against real servers: OpenLDAP's `slapd`, and Samba as an Active Directory.

mod active_directory;
mod doctor;
mod encrypted;
mod groups;
mod openldap;
pub mod samba;
mod silent;
pub mod slapd;

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use latchkey::clock::Clock;
use latchkey::config::{Overrides, load};
use latchkey::directory::ldap::{Entry, Lookup, PasswordAnswer};
use latchkey::directory::{Directories, Ldap, Unreachable};
use latchkey::model::{Ending, Identity, Time};
use latchkey::secret::PlainSecret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::clients::{find, run};

/// Writes `authority.pem`, and `certificate.pem` with `key.pem` for these names, into a folder.
pub fn certify(folder: &Path, names: &[&str]) {
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Authority of a directory");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = CertificateParams::new(names).expect("parameters").signed_by(&key, &authority);
    fs::write(folder.join("authority.pem"), authority.pem()).expect("it is written");
    fs::write(folder.join("certificate.pem"), certificate.expect("a certificate").pem()).expect("it is written");
    fs::write(folder.join("key.pem"), key.serialize_pem()).expect("it is written");
    // Samba does without TLS, and says so in its log alone, where others may read its key.
    fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o600)).expect("it is private");
}

/// Starts a server that ends with the thread that starts it, however that ends.
fn spawn(program: &str, arguments: &[&str], log: &Path) -> Child {
    let log = fs::File::options().create(true).append(true).open(log).expect("a log file");
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--"])
        .arg(installed(program))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the same file"))
        .stderr(log)
        .spawn()
        .expect("the server starts")
}

fn installed(program: &str) -> PathBuf {
    find(program).unwrap_or_else(|| panic!("{program} is not installed; tests/run installs what is needed"))
}

/// Runs a tool that must succeed, and gives what it says.
fn tool(command: &mut Command) -> String {
    run(command).ok()
}

/// Runs a tool that must succeed and reads this from its stdin.
fn give(command: &mut Command, text: &str) {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the tool runs");
    child.stdin.take().expect("stdin is piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A port that is free at this moment.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// One directory, as the configuration file in that folder describes it.
pub struct Office(Directories);

impl Office {
    /// With these lines of `[[ldap]]`.
    pub fn of(folder: &Path, lines: &str) -> Self {
        Self::load(folder, lines).unwrap_or_else(|problems| panic!("{problems}"))
    }

    pub fn load(folder: &Path, lines: &str) -> Result<Self, String> {
        let file = folder.join("webdav.toml");
        let text = format!("[[ldap]]\nname = \"office\"\nlabel = \"The office\"\n{lines}\n");
        fs::write(&file, text).expect("the configuration is written");
        let overrides = Overrides { listen: None, storage: Some(folder.join("storage")) };
        let config = load(Some(&file), &overrides).map_err(|problems| problems.to_string())?;
        Ok(Self(Directories::new(&config).expect("the certificates can be used")))
    }

    pub fn ldap(&self) -> &Ldap {
        &self.0.ldap()[0]
    }

    pub async fn find(&self, login: &str) -> Option<Entry> {
        self.try_find(login).await.unwrap_or_else(|error| panic!("{login}: {error}"))
    }

    pub async fn try_find(&self, login: &str) -> Result<Option<Entry>, Unreachable> {
        self.ldap().find(login, now()).await
    }

    pub async fn get(&self, login: &str) -> Entry {
        self.find(login).await.unwrap_or_else(|| panic!("{login} is not found"))
    }

    /// Why the account of that name is not alive.
    pub async fn ending(&self, login: &str) -> Option<Ending> {
        self.get(login).await.person.ending
    }

    pub async fn look_up(&self, identity: &Identity) -> Result<Lookup, Unreachable> {
        self.ldap().find_by_id(identity, now()).await
    }

    /// The entry of an id that must be there.
    pub async fn by_id(&self, identity: &Identity) -> Entry {
        match self.look_up(identity).await {
            Ok(Lookup::Found(entry)) => *entry,
            other => panic!("{identity:?}: {other:?}"),
        }
    }

    /// Finds somebody, who must be there, and tries a password.
    pub async fn password(&self, login: &str, password: &str) -> PasswordAnswer {
        self.try_password(login, password).await.unwrap_or_else(|error| panic!("{login}: {error}"))
    }

    pub async fn try_password(&self, login: &str, password: &str) -> Result<PasswordAnswer, Unreachable> {
        let entry = self.get(login).await;
        self.ldap().check_password(&entry, &PlainSecret::new(password.to_owned())).await
    }
}

/// What went wrong must have these words in its reason.
fn assert_unreachable<T: std::fmt::Debug>(answer: Result<T, Unreachable>, words: &str) {
    let error = answer.expect_err("it cannot be reached");
    assert_eq!(error.label, "The office");
    assert!(error.reason.contains(words), "{error}");
}

pub fn now() -> Time {
    Clock::system().now()
}
