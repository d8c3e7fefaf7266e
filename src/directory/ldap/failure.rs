//! Why a directory could not be asked: for the log and the administrator, with what to do about it.

use ldap3::{LdapError, LdapResult};
use tokio_rustls::rustls::{CertificateError, Error as TlsError};

use crate::model::is_unseen;

/// A directory does not answer, or not as one that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What was seen, as half a sentence.
    pub reason: String,
    /// What to do about it, where that is known.
    pub advice: Option<String>,
    /// Whether another server of the directory may do better.
    pub elsewhere: bool,
}

impl Failure {
    /// Another server of the same directory would say the same.
    pub fn last(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), advice: None, elsewhere: false }
    }

    /// Another server of the same directory may do better.
    pub fn elsewhere(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), advice: None, elsewhere: true }
    }

    pub fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Of a connection. Nothing of what was sent stands in the text: it may have been a password.
    pub fn of_connection(error: &LdapError) -> Self {
        Self::elsewhere(match error {
            LdapError::Io { source } => return Self::of_io(source),
            LdapError::EndOfStream | LdapError::ResultRecv { .. } | LdapError::OpSend { .. } => {
                "the connection was closed".to_owned()
            }
            LdapError::FilterParsing => "the filter cannot be read".to_owned(),
            other => printable(&other.to_string(), 300),
        })
    }

    /// Of the bytes, or of TLS.
    pub fn of_io(error: &std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            Some(error) => Self::of_tls(error),
            None => Self::elsewhere(printable(&error.to_string(), 300)),
        }
    }

    fn of_tls(error: &TlsError) -> Self {
        let TlsError::InvalidCertificate(problem) = error else {
            return Self::elsewhere(format!("TLS failed: {}", printable(&error.to_string(), 300)));
        };
        let (reason, advice) = match problem {
            // An authority that has another key now, under the same name, makes for a bad signature.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => (
                "its certificate is from an authority that this server does not know".to_owned(),
                "set ca_file to the certificate, as PEM, of the authority that has issued it",
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                printable(&format!("its certificate is for another name: {problem}"), 500),
                "write in urls a name that stands in the certificate as subjectAltName (a common name alone does not \
                 count), or give the directory a certificate with the name in urls",
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                printable(&format!("its certificate has expired: {problem}"), 300),
                "renew the directory's certificate; if it is not old, set this machine's clock",
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                printable(&format!("its certificate is not valid yet: {problem}"), 300),
                "set the clocks of the directory and of this machine",
            ),
            other => (
                printable(&format!("its certificate cannot be used: {other}"), 300),
                "give the directory a certificate of version 3 with subjectAltName that is no authority's itself, and \
                 set ca_file to the authority's",
            ),
        };
        Self::elsewhere(reason).with_advice(advice)
    }
}

/// A result as half a sentence: its name and code, and what the directory writes beside.
pub(super) fn told(result: &LdapResult) -> String {
    let name = match result.rc {
        1 => "operations error",
        2 => "protocol error",
        3 => "time limit exceeded",
        4 => "size limit exceeded",
        7 => "authentication method not supported",
        8 => "stronger authentication required",
        10 => "referral to another server",
        11 => "administrative limit exceeded",
        13 => "confidentiality required",
        19 => "constraint violation",
        32 => "no such object",
        34 => "invalid DN",
        48 => "inappropriate authentication",
        49 => "invalid credentials",
        50 => "insufficient access rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling to perform",
        _ => "result",
    };
    let text = printable(&result.text, 200);
    if text.is_empty() { format!("{name} ({})", result.rc) } else { format!("{name} ({}): {text}", result.rc) }
}

/// A text that may be anything, fit for one line of a log: without control characters and those that turn the
/// direction of writing, and at most so many characters long.
pub(super) fn printable(text: &str, most: usize) -> String {
    let mut shown: String = text.trim().chars().filter(|&letter| !is_unseen(letter)).take(most + 1).collect();
    if let Some((end, _)) = shown.char_indices().nth(most) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_directory_writes_is_one_short_line_without_hidden_characters() {
        assert_eq!(printable(" a\r\nb\u{202e}c\0 ", 10), "abc");
        assert_eq!(printable("äöüß", 3), "äöü…");
        assert_eq!(printable("äöü", 3), "äöü");
    }
}
