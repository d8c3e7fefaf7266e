//! A private `slapd` on ports of the system's choice, with people, groups and a password policy.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command};

use tempfile::TempDir;

use super::{Office, certify, free_port, give, installed, spawn, tool};
use crate::harness::eventually;

pub const SUFFIX: &str = "dc=example,dc=test";
const ROOT: &str = "cn=admin,dc=example,dc=test";
const ROOT_PASSWORD: &str = "the root's";

/// A running server; it ends when dropped.
pub struct Slapd {
    child: Child,
    pub folder: TempDir,
    pub port: u16,
    pub tls_port: u16,
}

impl Slapd {
    /// With a certificate for 127.0.0.1.
    pub fn start() -> Self {
        Self::certified_for(&["127.0.0.1"])
    }

    pub fn certified_for(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        certify(folder.path(), names);
        for name in ["slapd.d", "db"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let config = folder.path().join("slapd.ldif");
        fs::write(&config, CONFIG.replace("@FOLDER@", folder.path().to_str().expect("UTF-8"))).expect("it is written");
        let mut slapadd = Command::new(installed("slapadd"));
        tool(slapadd.args(["-n", "0", "-F"]).arg(folder.path().join("slapd.d")).arg("-l").arg(config));
        let (port, tls_port) = (free_port(), free_port());
        let child = launch(folder.path(), port, tls_port);
        let server = Self { child, folder, port, tls_port };
        server.wait();
        // The policy first: entries that are made before it keep no state.
        server.add(PEOPLE);
        server
    }

    pub fn stop(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }

    /// On the same ports.
    pub fn start_again(&mut self) {
        self.child = launch(self.folder.path(), self.port, self.tls_port);
        self.wait();
    }

    fn wait(&self) {
        for port in [self.port, self.tls_port] {
            eventually("slapd", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        }
    }

    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Adds entries, as LDIF.
    pub fn add(&self, ldif: &str) {
        self.change(&["-a"], ldif);
    }

    /// Changes entries, as LDIF.
    pub fn modify(&self, ldif: &str) {
        self.change(&[], ldif);
    }

    fn change(&self, arguments: &[&str], ldif: &str) {
        let mut command = Command::new(installed("ldapmodify"));
        command.args(["-x", "-H", &self.url(), "-D", ROOT, "-w", ROOT_PASSWORD]);
        give(command.args(arguments), ldif);
    }

    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub fn tls_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// As many people do it: TLS with an authority of one's own, and a service account.
    pub fn office(&self) -> Office {
        self.office_with("")
    }

    pub fn office_with(&self, lines: &str) -> Office {
        self.office_at(&format!("urls = [\"{}\"]\nca_file = \"authority.pem\"\n{SERVICE}{lines}", self.tls_url()))
    }

    /// With nothing but the base.
    pub fn office_at(&self, lines: &str) -> Office {
        Office::of(self.folder.path(), &format!("{BASE}{lines}"))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("slapd.log")).expect("a log")
    }

    /// Binds that have arrived, of whomever that DN is.
    pub fn binds(&self, dn: &str) -> usize {
        let bind = format!("BIND dn=\"{dn}\" method=128");
        self.log().lines().filter(|line| line.contains(&bind)).count()
    }

    /// Lines of the log in which that stands.
    pub fn logged(&self, text: &str) -> usize {
        self.log().lines().filter(|line| line.contains(text)).count()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = std::io::stderr().write_all(format!("--- slapd's log:\n{}", self.log()).as_bytes());
        }
    }
}

fn launch(folder: &Path, port: u16, tls_port: u16) -> Child {
    let urls = format!("ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}");
    let config = folder.join("slapd.d");
    let arguments = ["-F", config.to_str().expect("UTF-8"), "-h", &urls, "-d", "stats"];
    spawn("slapd", &arguments, &folder.join("slapd.log"))
}

pub const BASE: &str = "preset = \"openldap\"\nuser_base = \"ou=people,dc=example,dc=test\"\ntimeout = \"2s\"\n";

pub const SERVICE: &str = "bind_dn = \"cn=latchkey,dc=example,dc=test\"\nbind_password = \"the service's\"\n";

const CONFIG: &str = r#"
dn: cn=config
objectClass: olcGlobal
cn: config
olcTLSCACertificateFile: @FOLDER@/authority.pem
olcTLSCertificateFile: @FOLDER@/certificate.pem
olcTLSCertificateKeyFile: @FOLDER@/key.pem

dn: cn=module,cn=config
objectClass: olcModuleList
cn: module
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: memberof
olcModuleLoad: ppolicy

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif

include: file:///etc/ldap/schema/cosine.ldif

include: file:///etc/ldap/schema/nis.ldif

include: file:///etc/ldap/schema/inetorgperson.ldif

dn: olcDatabase=mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: mdb
olcSuffix: dc=example,dc=test
olcRootDN: cn=admin,dc=example,dc=test
olcRootPW: the root's
olcDbDirectory: @FOLDER@/db
olcDbMaxSize: 10485760
olcDbNoSync: TRUE
olcAccess: to attrs=userPassword by anonymous auth by * none
olcAccess: to dn.subtree="ou=people,dc=example,dc=test" by dn.exact="cn=blind,dc=example,dc=test" none by * break
olcAccess: to * by users read by * none

dn: olcOverlay=memberof,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcMemberOf
olcOverlay: memberof
olcMemberOfRefInt: TRUE

dn: olcOverlay=ppolicy,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcPPolicyConfig
olcOverlay: ppolicy
olcPPolicyDefault: cn=policy,dc=example,dc=test
olcPPolicyUseLockout: TRUE
"#;

const PEOPLE: &str = "
dn: dc=example,dc=test
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: cn=policy,dc=example,dc=test
objectClass: applicationProcess
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdLockoutDuration: 600
pwdMaxFailure: 3
pwdMustChange: TRUE

dn: cn=latchkey,dc=example,dc=test
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: latchkey
userPassword: the service's

dn: cn=blind,dc=example,dc=test
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: blind
userPassword: the service's

dn: ou=people,dc=example,dc=test
objectClass: organizationalUnit
ou: people

dn: ou=left,dc=example,dc=test
objectClass: organizationalUnit
ou: left

dn: ou=groups,dc=example,dc=test
objectClass: organizationalUnit
ou: groups

dn: uid=ada,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
objectClass: shadowAccount
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: countess@example.test
userPassword: ada's own

dn: uid=bob,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
objectClass: shadowAccount
uid: bob
cn: Bob
sn: Bob
userPassword: bob's own
";
