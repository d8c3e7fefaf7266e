//! A provider that answers whatever a test tells it: one thread, plain HTTP on a loopback address.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

/// An answer.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How long it takes.
    pub delay: Duration,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes(), delay: Duration::ZERO }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn late(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// With the query.
    pub target: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: String,
}

#[derive(Default)]
struct State {
    replies: HashMap<String, Reply>,
    seen: Vec<Seen>,
    down: bool,
}

/// The provider.
#[derive(Clone)]
pub struct Replay {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Replay {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let replay = Self { addr, state: Arc::default() };
        let server = replay.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let server = server.clone();
                std::thread::spawn(move || stream.map(|stream| server.serve(&stream)));
            }
        });
        replay
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What is answered under a path, whatever the method and the query.
    pub fn set(&self, path: &str, reply: Reply) {
        self.state().replies.insert(path.to_owned(), reply);
    }

    /// Answers 200 with JSON.
    pub fn set_json(&self, path: &str, body: &Value) {
        self.set(path, Reply::json(200, body));
    }

    /// Cuts connections without an answer, or no more.
    pub fn set_down(&self, down: bool) {
        self.state().down = down;
    }

    /// What came under a path.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let state = self.state();
        state.seen.iter().filter(|seen| seen.target.split('?').next() == Some(path)).cloned().collect()
    }

    /// Metadata with everything, and keys.
    pub fn describe(&self, issuer: &str, keys: &[Value]) {
        self.set_json("/.well-known/openid-configuration", &self.metadata(issuer));
        self.set_json("/keys", &json!({ "keys": keys }));
    }

    pub fn metadata(&self, issuer: &str) -> Value {
        json!({
            "issuer": issuer,
            "authorization_endpoint": self.url("/authorize"),
            "token_endpoint": self.url("/token"),
            "jwks_uri": self.url("/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "none", "HS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "code_challenge_methods_supported": ["S256"],
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while it was held")
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let seen = read(stream)?;
        let path = seen.target.split('?').next().unwrap_or_default().to_owned();
        let (reply, down) = {
            let mut state = self.state();
            state.seen.push(seen);
            (state.replies.get(&path).cloned(), state.down)
        };
        if down {
            return None;
        }
        let reply = reply.unwrap_or_else(|| Reply::json(404, &json!({})));
        // A slow provider is what the test asked for; nobody waits for anything here.
        std::thread::sleep(reply.delay);
        let mut head = format!("HTTP/1.1 {} Replayed\r\nConnection: close\r\n", reply.status);
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", reply.body.len()));
        let mut stream = stream;
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(&reply.body).ok()
    }
}

fn read(stream: &TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { method, target, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
