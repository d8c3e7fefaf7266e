//! A private domain controller: Samba, on an address of this machine of its own, since its ports cannot be chosen.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use rustix::fs::FlockOperation;
use tempfile::TempDir;

use super::{Office, certify, give, installed, spawn, tool};
use crate::crash::mounts::say_not_run;
use crate::harness::eventually_within;

pub const SUFFIX: &str = "DC=ad,DC=latchkey,DC=test";
/// Everybody's, until a test changes it.
pub const PASSWORD: &str = "Passw0rd!55";
const ADMINISTRATOR: &str = "Passw0rd!234";

/// A running domain controller; it ends when dropped.
pub struct Samba {
    child: Child,
    pub folder: TempDir,
    pub address: Ipv4Addr,
    /// Nobody else takes the address.
    _claim: fs::File,
}

impl Samba {
    /// Makes a domain, which takes a few seconds; or says by that name why it cannot be done here.
    ///
    /// In it are a service account `latchkey`, which may read only, and nobody else.
    pub fn start(test: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            say_not_run(test, "only root may run a domain controller");
            return None;
        }
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (address, claim) = free_address();
        certify(folder.path(), &[&address.to_string(), "dc1.ad.latchkey.test"]);
        let mut provision = Command::new(installed("samba-tool"));
        provision.args(["domain", "provision", "--realm=AD.LATCHKEY.TEST", "--domain=ADTEST", "--server-role=dc"]);
        provision.args(["--host-name=dc1", "--dns-backend=NONE", "--use-rfc2307", "--option=bind interfaces only=yes"]);
        provision.arg(format!("--adminpass={ADMINISTRATOR}")).arg(format!("--option=interfaces={address}/8"));
        tool(provision.arg(format!("--targetdir={}", folder.path().display())));
        let child = launch(folder.path());
        let server = Self { child, folder, address, _claim: claim };
        server.wait();
        server.add_user("latchkey", &[]);
        Some(server)
    }

    pub fn restart(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
        self.child = launch(self.folder.path());
        self.wait();
    }

    fn wait(&self) {
        // Long where other tests keep the machine busy.
        eventually_within("samba", Duration::from_mins(1), || TcpStream::connect((self.address, 636)).is_ok());
    }

    /// Runs `samba-tool` on the domain.
    pub fn tool(&self, arguments: &[&str]) {
        let config = self.folder.path().join("etc/smb.conf");
        tool(Command::new(installed("samba-tool")).args(arguments).arg("-s").arg(config));
    }

    pub fn add_user(&self, name: &str, arguments: &[&str]) {
        self.tool(&[&["user", "create", name, PASSWORD], arguments].concat());
    }

    /// Makes a group with these members.
    pub fn add_group(&self, name: &str, members: &[&str]) {
        self.tool(&["group", "add", name]);
        self.tool(&["group", "addmembers", name, &members.join(",")]);
    }

    /// Changes entries, as LDIF.
    pub fn modify(&self, ldif: &str) {
        let mut command = Command::new(installed("ldapmodify"));
        command.args([
            "-x",
            "-H",
            &self.url(),
            "-D",
            &format!("CN=Administrator,CN=Users,{SUFFIX}"),
            "-w",
            ADMINISTRATOR,
        ]);
        give(command.env("LDAPTLS_CACERT", self.folder.path().join("authority.pem")), ldif);
    }

    /// The DN of the entry at a base, as another client reads it.
    pub fn dn_of(&self, base: &str) -> String {
        let mut search = Command::new(installed("ldapsearch"));
        search.args(["-x", "-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", base, "-H", &self.url()]);
        search.args(["-D", "latchkey@ad.latchkey.test", "-w", PASSWORD, "(objectClass=*)", "1.1"]);
        let said = tool(search.env("LDAPTLS_CACERT", self.folder.path().join("authority.pem")));
        said.lines().find_map(|line| line.strip_prefix("dn: ")).expect("an entry").to_owned()
    }

    pub fn url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// As the page on Active Directory describes it.
    pub fn office(&self, lines: &str) -> Office {
        Office::of(self.folder.path(), &format!("{}{lines}", self.lines()))
    }

    /// The lines of `[[ldap]]`, for a configuration in the server's folder.
    pub fn lines(&self) -> String {
        format!(
            "preset = \"active-directory\"\nurls = [\"{}\"]\nca_file = \"authority.pem\"\nuser_base = \"{SUFFIX}\"\n\
             bind_dn = \"latchkey@ad.latchkey.test\"\nbind_password = \"{PASSWORD}\"\n",
            self.url()
        )
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("samba.log")).unwrap_or_default();
            let _ = std::io::stderr().write_all(format!("--- samba's log:\n{log}").as_bytes());
        }
    }
}

fn launch(folder: &Path) -> Child {
    let config = folder.join("etc/smb.conf");
    let file = |key: &str, name: &str| format!("--option=tls {key}={}", folder.join(name).display());
    let files = [file("cafile", "authority.pem"), file("certfile", "certificate.pem"), file("keyfile", "key.pem")];
    let mut arguments = vec!["-F", "-M", "single", "--debug-stdout", "-d", "1", "-s", config.to_str().expect("UTF-8")];
    // One process, and nothing but LDAP; several of them at a time.
    arguments.push("--option=server services=ldap, cldap");
    let own = ["pid directory", "ncalrpc dir"].map(|key| format!("--option={key}={}", folder.display()));
    arguments.extend(own.iter().map(String::as_str));
    arguments.extend(files.iter().map(String::as_str));
    spawn("samba", &arguments, &folder.join("samba.log"))
}

/// An address on which nobody listens, and the claim to it: tests run as several processes.
fn free_address() -> (Ipv4Addr, fs::File) {
    for last in 60..250 {
        let address = Ipv4Addr::new(127, 0, 0, last);
        let claim = std::env::temp_dir().join(format!("latchkey-samba-{last}.lock"));
        let claim = fs::File::create(claim).expect("a lock file");
        let is_ours = rustix::fs::flock(&claim, FlockOperation::NonBlockingLockExclusive).is_ok();
        if is_ours && [389, 636, 3268, 3269].iter().all(|&port| TcpListener::bind((address, port)).is_ok()) {
            return (address, claim);
        }
    }
    panic!("no address is free");
}
