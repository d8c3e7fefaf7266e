//! What goes over the network: HTTPS without redirects and cookies, with a time limit, and no more than 1 MiB of answer.

use std::error::Error as _;
use std::fmt::Write as _;

use openidconnect::url::{Host, Url};
use reqwest::header::{ACCEPT, AUTHORIZATION, DATE, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::config::CommonConfig;
use crate::directory::tls;
use crate::secret::PlainSecret;

/// Largest answer that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Sends requests to one provider.
#[derive(Debug)]
pub(super) struct Http {
    /// By the proxies that the environment names.
    far: Client,
    /// For this very machine, which no proxy reaches.
    near: Client,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The header `Date`, as it was sent.
    pub(super) date: Option<String>,
    /// Holds tokens: wiped when dropped.
    body: Zeroizing<Vec<u8>>,
}

/// Nothing, or nothing of use, came back: for the log and the administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Silence(pub(super) String);

impl Http {
    pub(super) fn new(common: &CommonConfig) -> Result<Self, tls::Error> {
        let tls = tls::client(&common.label, common.ca.as_deref())?;
        let build = |direct: bool| {
            let builder = Client::builder()
                .tls_backend_preconfigured(tls.as_ref().clone())
                // What the configuration and the metadata name is asked, and nobody whom they point to.
                .redirect(redirect::Policy::none())
                .referer(false)
                .timeout(common.timeout)
                .user_agent(concat!("latchkey/", env!("CARGO_PKG_VERSION")));
            let builder = if direct { builder.no_proxy() } else { builder };
            builder.build().map_err(|error| tls::Error { label: common.label.clone(), reason: chain(&error) })
        };
        Ok(Self { far: build(false)?, near: build(true)? })
    }

    /// Asks for JSON; everything but 200 is [`Silence`].
    pub(super) async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, Silence> {
        let answer = self.look(url, None).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected(url));
        }
        answer.json(url)
    }

    /// Asks for something, as the bearer of an access token where one is given.
    pub(super) async fn look(&self, url: &str, token: Option<&PlainSecret>) -> Result<Answer, Silence> {
        let url = address(url)?;
        let mut request = self.client(&url).get(url.clone()).header(ACCEPT, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, secret_header(&format!("Bearer {}", token.expose()))?);
        }
        send(&url, request).await
    }

    /// Posts a form, as [`super::tokens`] writes it; `basic` is the value of `Authorization`.
    pub(super) async fn post(&self, url: &str, form: &[(&str, &str)], basic: Option<&str>) -> Result<Answer, Silence> {
        let url = address(url)?;
        let body = serde_html_form::to_string(form).map_err(|error| Silence(error.to_string()))?;
        let mut request = self
            .client(&url)
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some(basic) = basic {
            request = request.header(AUTHORIZATION, secret_header(basic)?);
        }
        send(&url, request).await
    }

    fn client(&self, url: &Url) -> &Client {
        if is_own(url) { &self.near } else { &self.far }
    }
}

impl Answer {
    /// The body as JSON; `url` says whose it is.
    pub(super) fn json<T: DeserializeOwned>(&self, url: &str) -> Result<T, Silence> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // The error's own text may quote the answer, which may hold a token.
            let (line, column) = (error.line(), error.column());
            Silence(format!("{} answers what is not understood (line {line}, column {column})", host_of(url)))
        })
    }

    /// A status that nothing can be done with.
    pub(super) fn unexpected(&self, url: &str) -> Silence {
        let host = host_of(url);
        if self.status.is_redirection() {
            return Silence(format!("{host} sends us elsewhere ({}), which is not followed", self.status));
        }
        Silence(format!("{host} answers {}", self.status))
    }
}

/// Reads an address that secrets go to: TLS, but for this very machine.
pub(super) fn address(text: &str) -> Result<Url, Silence> {
    let url = Url::parse(text).map_err(|error| Silence(format!("{text:?} is no address: {error}")))?;
    let fine = url.scheme() == "https" || (url.scheme() == "http" && is_own(&url));
    if !fine || url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err(Silence(format!("{text:?} is no https address")));
    }
    Ok(url)
}

/// Whether an address is of this very machine.
pub(super) fn is_own(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// A header that is not printed.
fn secret_header(text: &str) -> Result<HeaderValue, Silence> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Silence("a token cannot be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn send(url: &Url, request: RequestBuilder) -> Result<Answer, Silence> {
    let silence = |error: reqwest::Error| {
        let host = url.host_str().unwrap_or_default();
        if error.is_timeout() {
            return Silence(format!("{host} does not answer in time"));
        }
        Silence(format!("{host} cannot be reached: {}", explained(&chain(&error.without_url()))))
    };
    let mut response = request.send().await.map_err(silence)?;
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).map(ToOwned::to_owned);
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(silence)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Silence(format!("{} answers more than 1 MiB", url.host_str().unwrap_or_default())));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status(), date, body })
}

/// An error with its causes.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let _ = write!(text, ": {next}");
        cause = next.source();
    }
    text
}

/// What to do about the commonest trouble with certificates, after what happened.
fn explained(reason: &str) -> String {
    let advice = if reason.contains("UnknownIssuer") {
        "its certificate is by an authority that is not trusted here: name that authority's certificate in ca_file"
    } else if reason.contains("NotValidForName") {
        "its certificate is for another name"
    } else if reason.contains("invalid peer certificate: Expired") {
        "its certificate has expired, or this server's clock is wrong"
    } else if reason.contains("NotValidYet") {
        "its certificate is not valid yet, or this server's clock is wrong"
    } else {
        return reason.to_owned();
    };
    format!("{advice} ({reason})")
}
