//! The bytes to a directory: TCP, `StartTLS` and TLS, and a check of each message before the library reads it.
//!
//! The library reads nested elements by recursion without a bound, and keeps a message in memory however long it says
//! it is. Whoever can write to the connection, which before `StartTLS` and without TLS is anybody on the way, could end
//! this process by one message. So it gets one end of a pair of sockets, and a message passes to it only if it is sound.

use std::io::{Error, ErrorKind, Result as IoResult};
use std::sync::Arc;

use ldap3::StdStream;
use ldap3::asn1::parse_tag;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::failure::Failure;

/// Bytes of the longest message: an entry with some ten thousand groups.
const LONGEST: usize = 4 << 20;
/// Elements within elements; a value of an entry's attribute is the sixth (RFC 4511 §4.5.2).
const DEEPEST: usize = 12;
/// A request for `StartTLS` with message id 1 (RFC 4511 §4.14): an extended request with the name 1.3.6.1.4.1.1466.20037.
const STARTTLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Where a URL leads.
struct Target {
    host: String,
    port: u16,
    is_ldaps: bool,
}

impl Target {
    fn of(url: &str) -> Option<Self> {
        let uri: http::Uri = url.parse().ok()?;
        let is_ldaps = uri.scheme_str()?.eq_ignore_ascii_case("ldaps");
        // An IPv6 address stands in brackets there, and nowhere else.
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { host, port: uri.port_u16().unwrap_or(if is_ldaps { 636 } else { 389 }), is_ldaps })
    }
}

/// Connects, and goes over to TLS where the URL or `starttls` says so. Gives the library's end.
pub(super) async fn dial(url: &str, starttls: bool, tls: &Arc<ClientConfig>) -> Result<StdStream, Failure> {
    let target = Target::of(url).ok_or_else(|| Failure::elsewhere("the URL cannot be read"))?;
    let broken = |error: Error| Failure::of_io(&error);
    let mut tcp = TcpStream::connect((target.host.as_str(), target.port)).await.map_err(broken)?;
    let (ours, theirs) = UnixStream::pair().map_err(broken)?;
    let theirs = theirs.into_std().map_err(broken)?;
    if target.is_ldaps || starttls {
        if !target.is_ldaps {
            ask_for_tls(&mut tcp).await?;
        }
        let name = ServerName::try_from(target.host).map_err(|_| Failure::elsewhere("the URL has no name for TLS"))?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await.map_err(broken)?;
        tokio::spawn(pass(stream, ours));
    } else {
        tokio::spawn(pass(tcp, ours));
    }
    Ok(StdStream::Unix(theirs))
}

async fn ask_for_tls(tcp: &mut TcpStream) -> Result<(), Failure> {
    let broken = |error: Error| Failure::of_io(&error);
    tcp.write_all(STARTTLS).await.map_err(broken)?;
    // Byte for byte, so what comes behind the answer is for TLS to judge, and is not taken for the directory's word.
    let answer = read_message(tcp).await.map_err(broken)?;
    match result_code(&answer) {
        Some(0) => Ok(()),
        Some(code) => Err(Failure::elsewhere(format!("it refuses StartTLS (result {code})"))
            .with_advice("write ldaps:// in urls and starttls = false, or give the directory a certificate")),
        None => Err(Failure::elsewhere("its answer to StartTLS cannot be read")),
    }
}

/// Of an extended response (RFC 4511 §4.12).
fn result_code(message: &[u8]) -> Option<u8> {
    let (_, message) = parse_tag(message).ok()?;
    let answer = message.expect_constructed()?.into_iter().nth(1)?.match_id(24)?;
    match answer.expect_constructed()?.into_iter().next()?.expect_primitive()?.as_slice() {
        &[code] => Some(code),
        _ => None,
    }
}

/// Carries bytes until either side ends.
async fn pass<S: AsyncRead + AsyncWrite>(server: S, library: UnixStream) {
    let (mut from_server, mut to_server) = split(server);
    let (mut from_library, mut to_library) = library.into_split();
    let answers = async {
        loop {
            let message = read_message(&mut from_server).await?;
            to_library.write_all(&message).await?;
        }
    };
    let ended: IoResult<()> = tokio::select! {
        ended = copy(&mut from_library, &mut to_server) => ended.map(drop),
        ended = answers => ended,
    };
    if let Err(error) = ended.as_ref() {
        tracing::debug!(%error, "a connection to a directory has ended");
    }
}

/// A whole message, with its length in check and everything in it.
async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> IoResult<Vec<u8>> {
    let unsound = || Error::new(ErrorKind::InvalidData, "its answer is no sound LDAP message");
    let mut message = vec![stream.read_u8().await?, stream.read_u8().await?];
    if message.first() != Some(&0x30) {
        return Err(unsound());
    }
    let more = message.get(1).map_or(0, |&first| if first < 0x80 { 0 } else { usize::from(first - 0x80) });
    for _ in 0..more.min(5) {
        message.push(stream.read_u8().await?);
    }
    let length = message.get(1..).and_then(length).map(|(length, _)| length).filter(|&length| length <= LONGEST);
    let whole = message.len() + length.ok_or_else(unsound)?;
    let rest = u64::try_from(whole - message.len()).unwrap_or(0);
    // The buffer grows with what comes, not with what is announced.
    stream.take(rest).read_to_end(&mut message).await?;
    if message.len() < whole {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    if is_sound(&message, DEEPEST) { Ok(message) } else { Err(unsound()) }
}

/// Elements that fill these bytes, and none of them too deep.
fn is_sound(mut bytes: &[u8], deeper: usize) -> bool {
    while let Some((tag, rest)) = bytes.split_first() {
        let Some((content, after)) = length(rest).and_then(|(length, rest)| rest.split_at_checked(length)) else {
            return false;
        };
        let is_constructed = tag & 0x20 != 0;
        if is_constructed && (deeper == 0 || !is_sound(content, deeper - 1)) {
            return false;
        }
        bytes = after;
    }
    true
}

/// A definite length (X.690 §8.1.3) of at most four octets, and what follows.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
    if !(1..=4).contains(&octets.len()) {
        return None;
    }
    Some((octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Option<usize> {
        let mut stream = bytes;
        read_message(&mut stream).await.ok().map(|message| message.len())
    }

    fn nested(times: usize) -> Vec<u8> {
        (0..times).fold(Vec::new(), |inner, _| {
            let length = u32::try_from(inner.len()).expect("short").to_be_bytes();
            [&[0x30, 0x84][..], &length, &inner].concat()
        })
    }

    #[tokio::test]
    async fn a_message_is_whole_and_sound() {
        assert_eq!(read(b"\x30\x05\x02\x01\x01\x61\x00 and more").await, Some(7));
        assert_eq!(
            read(b"\x30\x84\x00\x00\x00\x05\x02\x01\x01\x61\x00").await,
            Some(11),
            "as Active Directory writes it"
        );
        assert_eq!(read(b"\x30\x00").await, Some(2));
        for wrong in [
            &b"HTTP/1.1 400"[..],
            b"",
            b"\x30",
            b"\x30\x05\x02\x01\x01",
            b"\x30\x80\x02\x01\x01\x00\x00",
            b"\x30\x85\x00\x00\x00\x00\x05\x02\x01\x01\x61\x00",
            b"\x30\xff\xff\xff\xff\xff\xff",
            b"\x30\x84\x7f\xff\xff\xff\x02",
            b"\x30\x05\x02\x01\x01\x61\x01",
        ] {
            assert_eq!(read(wrong).await, None, "{wrong:02x?}");
        }
    }

    #[tokio::test]
    async fn a_message_that_is_nested_too_deep_is_not_passed_on() {
        assert!(read(&nested(DEEPEST)).await.is_some());
        assert!(read(&nested(DEEPEST + 2)).await.is_none());
        assert!(read(&nested(10_000)).await.is_none());
    }

    #[test]
    fn the_answer_to_starttls_is_a_number() {
        assert_eq!(result_code(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"), Some(0));
        assert_eq!(result_code(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"), Some(52));
        assert_eq!(result_code(b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"), None, "a bind's");
        assert_eq!(result_code(b"\x30\x00"), None);
    }

    #[test]
    fn a_url_leads_to_a_host_and_a_port() {
        let target = |url: &str| Target::of(url).map(|target| (target.host, target.port, target.is_ldaps));
        assert_eq!(target("ldaps://dc1.example.org"), Some(("dc1.example.org".to_owned(), 636, true)));
        assert_eq!(target("LDAP://dc1.example.org/"), Some(("dc1.example.org".to_owned(), 389, false)));
        assert_eq!(target("ldaps://[::1]:6360"), Some(("::1".to_owned(), 6360, true)));
        assert_eq!(target("dc1"), None);
    }
}
