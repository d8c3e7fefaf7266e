//! A server of a few fixed pages, as strict as ours, for the tests of the harness itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Starts it; it ends with the process.
pub(super) fn serve() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let addr = listener.local_addr().expect("an address");
    let forms = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // A browser opens connections that it may never use: none waits for another.
            let forms = Arc::clone(&forms);
            std::thread::spawn(move || answer(&stream, &forms));
        }
    });
    addr
}

fn answer(stream: &TcpStream, forms: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let (method, path) = first.split_once(' ')?;
    let path = path.split([' ', '?']).next()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    // A connection that is closed with something unread is cut.
    reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    let count = if path == "/sent" { forms.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
    let sent = format!("<!doctype html><title>Sent</title><h1>Sent by {method}: {count}</h1>");
    let (status, kind, body) = page(path, &sent);
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Set-Cookie: __Host-kept=yes; Secure; HttpOnly; SameSite=Strict; Path=/\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; \
         form-action 'self'\r\n\r\n\
         {body}",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(answer.as_bytes()).ok()
}

fn page<'a>(path: &str, sent: &'a str) -> (&'static str, &'static str, &'a str) {
    match path {
        "/" => ("200 OK", "text/html", include_str!("pages/form.html")),
        "/script.js" => ("200 OK", "text/javascript", include_str!("pages/script.js")),
        "/bad" => ("200 OK", "text/html", include_str!("pages/bad.html")),
        "/style.css" => ("200 OK", "text/css", include_str!("pages/style.css")),
        "/sent" => ("200 OK", "text/html", sent),
        _ => ("404 Not Found", "text/plain", "nothing here"),
    }
}
