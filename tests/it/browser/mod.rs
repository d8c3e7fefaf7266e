//! A real Chromium, driven as a person would, and the servers it looks at.
//!
//! Everything here is synchronous: a test reads as a story. What acts on an element waits for it first, ten seconds at
//! most; what fails says at which address, and leaves a picture in `target/screenshots/`.

mod accessibility;
mod administration;
mod clocked;
mod commands;
mod company;
mod driver;
mod elements;
mod looks;
mod passkey;

mod fixture;
mod people;

mod dialog;
mod files;
mod freshness;
mod harness_tests;
mod keyboard;
mod office;
mod passkeys;
mod pictures;
mod reading;
mod second_factor;
mod secret_once;
mod sessions;
mod smoke;
mod story;
mod without_javascript;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fantoccini::cookies::Cookie;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use driver::Driver;

pub use clocked::Clocked;
pub use people::Bound;

/// How long an element, a text or a download is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// No single command takes longer.
const LONGEST: Duration = Duration::from_mins(1);

/// A Chromium of its own: profile, cookies, window. Dropped, it is gone with all its processes.
pub struct Browser {
    client: Client,
    session: String,
    authenticator: RefCell<Option<String>>,
    runtime: Runtime,
    driver: Driver,
}

impl Browser {
    /// Starts a browser with an empty profile and a window of 1280 × 900.
    pub fn start() -> Self {
        let driver = Driver::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(driver.capabilities());
        let connected = runtime.block_on(builder.connect(&format!("http://{}", driver.addr)));
        let client = connected.unwrap_or_else(|error| panic!("no browser: {error}; {}", driver.log()));
        let session = runtime.block_on(client.session_id()).expect("an answer").expect("a session");
        Self { client, session, authenticator: RefCell::default(), runtime, driver }
    }

    /// Goes to an address and waits until the page is loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.run(url, self.client.goto(url));
    }

    /// The address of the page.
    #[track_caller]
    pub fn url(&self) -> String {
        self.run("address", self.client.current_url()).to_string()
    }

    /// The page's title.
    #[track_caller]
    pub fn title(&self) -> String {
        self.run("title", self.client.title())
    }

    /// The page as it is now, as HTML.
    #[track_caller]
    pub fn source(&self) -> String {
        self.run("source", self.client.source())
    }

    /// The button "back".
    #[track_caller]
    pub fn back(&self) {
        self.run("back", self.client.back());
    }

    /// The button "forward".
    #[track_caller]
    pub fn forward(&self) {
        self.run("forward", self.client.forward());
    }

    /// The button "reload"; a form that was sent is sent again.
    #[track_caller]
    pub fn reload(&self) {
        self.run("reload", self.client.refresh());
    }

    /// Runs a function's body in the page, past its content security policy; a promise is awaited.
    #[track_caller]
    pub fn run_js(&self, script: &str, args: Vec<Value>) -> Value {
        self.run("script", self.client.execute(script, args))
    }

    /// The cookies that the page's address would be sent, with those that scripts cannot see.
    #[track_caller]
    pub fn cookies(&self) -> Vec<Cookie<'static>> {
        self.run("cookies", self.client.get_all_cookies())
    }

    /// Forgets the cookies of the page's address.
    #[track_caller]
    pub fn delete_cookies(&self) {
        self.run("cookies", self.client.delete_all_cookies());
    }

    /// Says OK to the open `alert` or `confirm`, and gives what it said.
    #[track_caller]
    pub fn accept_alert(&self) -> String {
        let text = self.run("alert", self.client.get_alert_text());
        self.run("alert", self.client.accept_alert());
        text
    }

    /// The pages opened from now on run no script; `run_js` and the like still do.
    #[track_caller]
    pub fn javascript_off(&self) {
        self.cdp("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    }

    /// The pages opened from now on run their scripts again.
    #[track_caller]
    pub fn javascript_on(&self) {
        self.cdp("Emulation.setScriptExecutionDisabled", &json!({ "value": false }));
    }

    /// The pages send no faster than so many bytes a second from now on.
    #[track_caller]
    pub fn upload_at(&self, bytes_a_second: u32) {
        self.cdp("Network.enable", &json!({}));
        let conditions =
            json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second });
        self.cdp("Network.emulateNetworkConditions", &conditions);
    }

    /// What the browser complained about since the last call: scripts that failed, what the content security policy
    /// forbade, answers of 400 and above.
    #[track_caller]
    pub fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().expect("a list");
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A file that a page gave the reader to save, waited for; it is not empty.
    #[track_caller]
    pub fn downloaded(&self, name: &str) -> Vec<u8> {
        let file = self.driver.downloads().join(name);
        // An empty file of that name stands there while the download is on its way.
        let read = || std::fs::read(&file).unwrap_or_default();
        crate::harness::eventually(&format!("the download {name}"), || !read().is_empty());
        read()
    }

    /// Runs one command to its end; a failure names it and the page.
    #[track_caller]
    fn run<T>(&self, what: &str, deed: impl Future<Output = Result<T, CmdError>>) -> T {
        match self.runtime.block_on(async { tokio::time::timeout(LONGEST, deed).await }) {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => panic!("{what}: {error}; at {}", self.place()),
            Err(late) => panic!("{what}: {late}; at most {LONGEST:?} are waited"),
        }
    }

    /// The address for a message.
    fn place(&self) -> String {
        let asked = self.runtime.block_on(self.client.current_url());
        asked.map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    /// Keeps a picture of the page at which a test failed.
    fn picture_of_failure(&self) {
        let asked = async { tokio::time::timeout(PATIENCE, self.client.screenshot()).await };
        if let Ok(Ok(png)) = self.runtime.block_on(asked) {
            let name = std::thread::current().name().unwrap_or("test").replace("::", "-");
            let _ = std::fs::create_dir_all(screenshots());
            let _ = std::fs::write(screenshots().join(format!("failed-{name}.png")), png);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.picture_of_failure();
        }
    }
}

/// A server's address by the name that browsers trust as they trust HTTPS.
pub fn localhost(addr: SocketAddr) -> String {
    format!("http://localhost:{}", addr.port())
}

/// The code that an authenticator app shows at that time (RFC 6238: SHA-1, 6 digits, 30 seconds).
pub fn totp(secret_base32: &str, unix_time: u64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret_base32).expect("base32");
    let app = totp_rs::Builder::new().with_secret(secret).build().expect("a usable secret");
    app.generate(unix_time).to_string()
}

/// The repository's own `target`, where `tests/run` puts what it installs.
fn target() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target"))
}

fn screenshots() -> PathBuf {
    target().join("screenshots")
}
