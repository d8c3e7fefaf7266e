//! The one table from the rooms' errors to HTTP statuses, and the answers made from it.
//!
//! A client reads one sentence; what went wrong inside (paths, SQL, the system's words) goes to the log alone.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

use crate::auth::{self, Refusal, basic};
use crate::dav;
use crate::dav::xml::{XmlError, escape};
use crate::files;

/// The status of a WebDAV failure.
#[must_use]
pub fn status_of_dav(error: &dav::Error) -> StatusCode {
    use dav::Error;
    match error {
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::BadRequest(_) | Error::Malformed(_) | Error::Xml(_) | Error::Incomplete(_) => StatusCode::BAD_REQUEST,
        Error::Condition(code) => status_of_condition(*code),
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::NotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::NotModified { .. } => StatusCode::NOT_MODIFIED,
        Error::Locked { .. } | Error::LockConflict { .. } => StatusCode::LOCKED,
        Error::ForeignDestination => StatusCode::BAD_GATEWAY,
        Error::UnsupportedBody | Error::UnsupportedPatch => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::LengthRequired => StatusCode::LENGTH_REQUIRED,
        Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Error::RangeNotSatisfiable { .. } | Error::RangeMismatch(_) => StatusCode::RANGE_NOT_SATISFIABLE,
        Error::LetInNoMore => StatusCode::UNAUTHORIZED,
        Error::Stalled => StatusCode::REQUEST_TIMEOUT,
        Error::UnknownMethod => StatusCode::NOT_IMPLEMENTED,
        Error::TooManyLocks => StatusCode::INSUFFICIENT_STORAGE,
        Error::Files(error) => status_of_files(error),
        Error::Store(_) | Error::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn status_of_condition(code: dav::Code) -> StatusCode {
    use dav::Code;
    match code {
        Code::PropfindFiniteDepth
        | Code::CannotModifyProtectedProperty
        | Code::SupportedReport
        | Code::ValidResourcetype
        | Code::ValidSyncToken => StatusCode::FORBIDDEN,
        Code::LockTokenMatchesRequestUri => StatusCode::CONFLICT,
        Code::QuotaNotExceeded | Code::SufficientDiskSpace | Code::NumberOfMatchesWithinLimits => {
            StatusCode::INSUFFICIENT_STORAGE
        }
    }
}

/// The status of a failure on the disk.
#[must_use]
pub fn status_of_files(error: &files::Error) -> StatusCode {
    use files::Error;
    match error {
        Error::NotFound | Error::NoParent => StatusCode::NOT_FOUND,
        Error::Exists | Error::IsFolder => StatusCode::METHOD_NOT_ALLOWED,
        Error::Escapes | Error::Reserved | Error::Denied | Error::Mounted | Error::TooDeep | Error::Boundary => {
            StatusCode::FORBIDDEN
        }
        Error::NameTooLong => StatusCode::URI_TOO_LONG,
        Error::NoSpace | Error::OverQuota => StatusCode::INSUFFICIENT_STORAGE,
        Error::TooLargeToPatch => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Changed => StatusCode::CONFLICT,
        Error::HomeMissing => StatusCode::SERVICE_UNAVAILABLE,
        Error::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status of a use case's failure.
#[must_use]
pub fn status_of_auth(error: &auth::Error) -> StatusCode {
    use auth::Error;
    match error {
        Error::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Files(error) => status_of_files(error),
        Error::NoSuchUser(_) | Error::NoSuchAppPassword(_) | Error::NoSuchApiToken(_) | Error::NoSuchSession(_) => {
            StatusCode::NOT_FOUND
        }
        Error::Taken(_) | Error::AlreadyDone | Error::Refused(_) => StatusCode::CONFLICT,
        Error::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Hash(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status of a company directory's word.
#[must_use]
pub fn status_of_company(refusal: &auth::CompanyRefusal) -> StatusCode {
    use auth::CompanyRefusal;
    match refusal {
        CompanyRefusal::NoSuchProvider | CompanyRefusal::LinkEnded => StatusCode::NOT_FOUND,
        CompanyRefusal::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
        CompanyRefusal::RefusedThere(_) | CompanyRefusal::Untrusted(_) | CompanyRefusal::Clock(_) => {
            StatusCode::BAD_GATEWAY
        }
        CompanyRefusal::Stale | CompanyRefusal::PasswordExpired(_) | CompanyRefusal::NotAnew(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        CompanyRefusal::Taken => StatusCode::CONFLICT,
        CompanyRefusal::Denied { .. }
        | CompanyRefusal::Ended { .. }
        | CompanyRefusal::NoAccount
        | CompanyRefusal::DisabledHere
        | CompanyRefusal::SomebodyElse(_)
        | CompanyRefusal::SignInThere(_) => StatusCode::FORBIDDEN,
    }
}

/// The status of being refused at the gate.
#[must_use]
pub fn status_of_refusal(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NoCredentials | Refusal::Wrong => StatusCode::UNAUTHORIZED,
        Refusal::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Failed(error) => status_of_auth(error),
    }
}

/// The sentence for a client; a failure of ours is told without its cause.
#[must_use]
pub fn sentence(status: StatusCode, error: &dyn std::error::Error) -> String {
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => "the server failed, see its log".to_owned(),
        StatusCode::SERVICE_UNAVAILABLE => "the server cannot answer right now, try again later".to_owned(),
        _ => error.to_string(),
    }
}

/// Logs a failure of ours, once, where it leaves the server.
pub fn log_failure(status: StatusCode, error: &dyn std::error::Error) {
    if status.is_server_error() && !matches!(status, StatusCode::BAD_GATEWAY | StatusCode::NOT_IMPLEMENTED) {
        tracing::error!(status = status.as_u16(), %error, "a request failed");
    }
}

/// A plain answer of one sentence.
#[must_use]
pub fn plain(status: StatusCode, sentence: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{sentence}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The answer to a WebDAV failure: `DAV:error` where RFC 4918 §16 has a code for it, a sentence otherwise.
#[must_use]
pub fn answer_dav(error: &dav::Error) -> Response<Body> {
    let status = status_of_dav(error);
    log_failure(status, error);
    let sentence = sentence(status, error);
    let mut response = match condition(error) {
        Some(element) => xml(status, &element, &sentence),
        None => plain(status, &sentence),
    };
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    match error {
        dav::Error::LetInNoMore => set(header::WWW_AUTHENTICATE, basic::CHALLENGE),
        dav::Error::NotAllowed(allow) => set(header::ALLOW, allow),
        dav::Error::Files(files::Error::Exists | files::Error::IsFolder) => set(header::ALLOW, dav::options::ALLOW),
        dav::Error::UnsupportedPatch => {
            set(header::HeaderName::from_static("accept-patch"), "application/x-sabredav-partialupdate");
        }
        dav::Error::RangeNotSatisfiable { size } => set(header::CONTENT_RANGE, &format!("bytes */{size}")),
        dav::Error::NotModified { etag } => {
            set(header::ETAG, etag);
            set(header::CACHE_CONTROL, "private, no-cache");
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(header::CONTENT_TYPE);
        }
        _ if status == StatusCode::SERVICE_UNAVAILABLE => set(header::RETRY_AFTER, "5"),
        _ => {}
    }
    response
}

/// The element of RFC 4918 §16 that says what does not hold.
fn condition(error: &dav::Error) -> Option<String> {
    let with_roots = |name: &str, roots: &[String]| {
        let hrefs = roots.iter().map(|root| format!("<D:href>{}</D:href>", escape(root))).collect::<Vec<_>>().concat();
        format!("<D:{name}>{hrefs}</D:{name}>")
    };
    let element = |code: dav::Code| format!("<D:{}/>", code.element());
    match error {
        dav::Error::Condition(code) => Some(element(*code)),
        dav::Error::Files(files::Error::OverQuota) => Some(element(dav::Code::QuotaNotExceeded)),
        dav::Error::Files(files::Error::NoSpace) => Some(element(dav::Code::SufficientDiskSpace)),
        dav::Error::Locked { roots } => Some(with_roots("lock-token-submitted", roots)),
        // 400 and not 403, since no document type is taken at all, whatever is in it.
        dav::Error::Xml(XmlError::DocumentType) => Some("<D:no-external-entities/>".to_owned()),
        dav::Error::LockConflict { roots } => Some(with_roots("no-conflicting-lock", roots)),
        _ => None,
    }
}

fn xml(status: StatusCode, element: &str, sentence: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\">{element}\
         <L:message xmlns:L=\"urn:latchkey\">{}</L:message></D:error>\n",
        escape(sentence)
    );
    let mut response = plain(status, "");
    *response.body_mut() = Body::from(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    response
}

/// The answer to somebody who was not let in; it says in words what is needed (R4).
#[must_use]
pub fn answer_refusal(refusal: &Refusal) -> Response<Body> {
    let status = status_of_refusal(refusal);
    log_failure(status, refusal);
    let mut response = match refusal {
        Refusal::NoCredentials | Refusal::Wrong => plain(status, NEEDED),
        other => plain(status, &sentence(status, other)),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match refusal {
        Refusal::NoCredentials | Refusal::Wrong => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(basic::CHALLENGE));
        }
        Refusal::Throttled(wait) | Refusal::Busy(wait) => retry_after(&mut response, *wait),
        Refusal::Failed(_) => retry_after(&mut response, Duration::from_secs(5)),
    }
    response
}

const NEEDED: &str = "An application password is needed here, together with your user name or e-mail address; the \
                      password of your account is not accepted. Open this server's address in a browser, sign in, \
                      and create an application password for this program under Profile.";

fn retry_after(response: &mut Response<Body>, wait: Duration) {
    response.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
}
