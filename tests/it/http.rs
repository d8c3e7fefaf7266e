//! A small HTTP/1.1 client that sends exactly what a test says, also what no client should.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The entity tag, which must be there.
    pub fn etag(&self) -> String {
        self.header("etag").expect("an entity tag").to_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

/// Sends requests, each on a connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    addr: SocketAddr,
    host: String,
    headers: Vec<(String, String)>,
}

impl Client {
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, host: addr.to_string(), headers: Vec::new() }
    }

    /// Every request asks for this host.
    pub fn with_host(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    /// Every request carries this header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Every request carries these Basic credentials.
    pub fn with_basic(self, user: &str, password: &str) -> Self {
        let token = STANDARD.encode(format!("{user}:{password}"));
        self.with("Authorization", &format!("Basic {token}"))
    }

    /// Sends a request with a body of known length.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut connection = Connection::open(self.addr);
        connection.write(&self.head(method, path, headers, Some(body.len())));
        connection.try_write(body);
        connection.answer(method)
    }

    /// Sends a request without further headers or body.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn put(&self, path: &str, body: &[u8]) -> Answer {
        self.send("PUT", path, &[], body)
    }

    /// A request's head; without length, a chunked one.
    pub fn head(&self, method: &str, path: &str, headers: &[(&str, &str)], length: Option<usize>) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match length {
            Some(length) => head.push_str(&format!("Content-Length: {length}\r\n\r\n")),
            None => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
        }
        head.into_bytes()
    }

    /// A connection to the same server.
    pub fn connect(&self) -> Connection {
        Connection::open(self.addr)
    }
}

/// A connection on which a test writes what it likes.
pub struct Connection {
    pub stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
        let reader = BufReader::new(stream.try_clone().expect("a second handle"));
        Self { stream, reader }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("bytes are sent");
    }

    /// Sends what the server may have stopped listening to.
    pub fn try_write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// A chunk of a chunked body; an empty one ends it.
    pub fn chunk(&mut self, bytes: &[u8]) {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.try_write(&chunk);
    }

    /// Ends the connection with RST, as a crashed client or a cut line does.
    pub fn reset(self) {
        let socket = rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO));
        socket.expect("linger can be set");
    }

    /// Whether the server has closed the connection; waits for it.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.reader.read(&mut byte) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// The status of an interim answer, which must come next.
    pub fn interim(&mut self) -> u16 {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a status line");
        let status = line.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut rest = String::new();
        self.reader.read_line(&mut rest).expect("an empty line");
        assert_eq!(rest, "\r\n");
        status
    }

    /// Reads an answer to a request of that method; interim answers are passed over.
    pub fn answer(&mut self, method: &str) -> Answer {
        self.try_answer(method).expect("an answer")
    }

    /// The same, or `None` where the connection ends instead.
    pub fn try_answer(&mut self, method: &str) -> Option<Answer> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).ok()?;
            let status = line.split_whitespace().nth(1)?.parse().ok()?;
            let mut headers = Vec::new();
            loop {
                let mut line = String::new();
                self.reader.read_line(&mut line).ok()?;
                let Some((name, value)) = line.trim_end().split_once(':') else {
                    break;
                };
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
            if (100..200).contains(&status) {
                continue;
            }
            let mut answer = Answer { status, headers, body: Vec::new() };
            if method != "HEAD" && !matches!(status, 204 | 304) {
                answer.body = self.body(&answer)?;
            }
            return Some(answer);
        }
    }

    fn body(&mut self, answer: &Answer) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        if answer.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            loop {
                let mut line = String::new();
                self.reader.read_line(&mut line).ok()?;
                let size = u64::from_str_radix(line.trim(), 16).ok()?;
                let mut chunk = Vec::new();
                (&mut self.reader).take(size).read_to_end(&mut chunk).ok()?;
                if chunk.len() as u64 != size {
                    return None;
                }
                body.append(&mut chunk);
                self.reader.read_line(&mut String::new()).ok()?;
                if size == 0 {
                    return Some(body);
                }
            }
        }
        let Some(length) = answer.header("content-length").map(|value| value.parse::<u64>().expect("a length")) else {
            self.reader.read_to_end(&mut body).ok()?;
            return Some(body);
        };
        (&mut self.reader).take(length).read_to_end(&mut body).ok()?;
        (body.len() as u64 == length).then_some(body)
    }
}
