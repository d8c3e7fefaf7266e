//! Where each request goes: `/dav` through the gate, `/api` to the admin API, a few fixed addresses, nothing else.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use tokio::time::Instant;
use tower::ServiceExt;

use super::access_log::{self, Line};
use super::address::client_address;
use super::cors::Cors;
use super::lingering::Lingering;
use super::outgoing::while_let_in;
use super::state::App;
use super::timed_io::Busy;
use crate::auth::{Answered, AnsweredTo, ClientAddress, Principal, Refusal, Visitor};
use crate::config::Config;
use crate::dav::Client;
use crate::{api, dav, error, web};

/// Answers requests.
#[derive(Clone)]
pub(super) struct Router(Arc<Inner>);

struct Inner {
    app: App,
    config: Arc<Config>,
    cors: Cors,
    api: axum::Router,
    pages: axum::Router,
    requests: AtomicU64,
}

/// What an address leads to.
#[derive(Debug, PartialEq, Eq)]
enum Door {
    Drive,
    /// Descriptions of people (RFC 3744 §2).
    Principals,
    Entrance,
    Api,
    Pages,
    Health,
    Nothing,
}

impl Door {
    fn of(path: &str) -> Self {
        match path {
            "/dav" => Self::Drive,
            "/" | "*" => Self::Entrance,
            "/healthz" => Self::Health,
            "/api" => Self::Api,
            other if other.starts_with("/dav/") => Self::Drive,
            other if other.starts_with("/principals/") => Self::Principals,
            other if other.starts_with("/api/") => Self::Api,
            other if is_page(other) => Self::Pages,
            _ => Self::Nothing,
        }
    }
}

/// What the administrators' charts make of a status. Being asked for credentials is no refusal: many clients never
/// send any before that.
fn answered(status: StatusCode, shows_credentials: bool) -> Answered {
    match status {
        StatusCode::UNAUTHORIZED if shows_credentials => Answered::Refused,
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => Answered::Refused,
        // What the client asked for is not here to be had; the server is well.
        StatusCode::NOT_IMPLEMENTED | StatusCode::BAD_GATEWAY | StatusCode::INSUFFICIENT_STORAGE => Answered::Told,
        other if other.is_server_error() => Answered::Failed,
        _ => Answered::Told,
    }
}

/// By the whole first name.
fn is_page(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|rest| rest.split('/').next());
    first.is_some_and(|first| web::PAGES.contains(&first))
}

impl Router {
    pub(super) fn new(app: App, config: Arc<Config>) -> Self {
        let api = api::router(app.auth.clone());
        let pages = web::router(web::Web::new(
            app.auth.clone(),
            app.dav.clone(),
            Arc::clone(&app.storage),
            app.clock.clone(),
            &config,
        ));
        let cors = Cors::new(&config.web.cors_origins);
        Self(Arc::new(Inner { app, config, cors, api, pages, requests: AtomicU64::new(1) }))
    }

    /// Answers a request; the line for the log is written when the answer has been sent.
    pub(super) async fn answer(&self, peer: IpAddr, request: Request<Incoming>, busy: Busy) -> Response<Body> {
        let mut request = request;
        // HTTP/2 says the host in `:authority` (RFC 9113 §8.3.1); the rooms look for it in one place.
        if !request.headers().contains_key(header::HOST)
            && let Some(host) = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok())
        {
            request.headers_mut().insert(header::HOST, host);
        }
        let proxies = &self.0.config.server.trusted_proxies;
        let client = client_address(peer, request.headers(), proxies);
        let mut line = Line {
            enabled: self.0.config.log.access,
            request_id: self.0.requests.fetch_add(1, Ordering::Relaxed),
            client,
            method: access_log::shown(request.method().as_str()),
            path: access_log::shown_path(request.uri()),
            principal: None,
            person: None,
            began: Instant::now(),
        };
        let shows_credentials = request.headers().contains_key(header::AUTHORIZATION);
        let is_watched = Door::of(request.uri().path()) != Door::Health;
        let version = request.version();
        let closes = version <= Version::HTTP_11 && Client::of(request.headers()).is_answered_once_per_connection();
        let request = request.map(|body| match version {
            Version::HTTP_2 => Body::new(Lingering::new(body)),
            _ => Body::new(body),
        });
        let response = self.dispatch(client, request, &mut line).await;
        let mut response = while_let_in(response, version, busy.activity());
        if closes {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        line.person = response.extensions_mut().remove::<AnsweredTo>().map(|AnsweredTo(name)| name);
        if is_watched {
            self.0.app.auth.note_answer(answered(response.status(), shows_credentials));
        }
        line.follow(response, busy)
    }

    async fn dispatch(&self, client: IpAddr, request: Request<Body>, line: &mut Line) -> Response<Body> {
        match Door::of(request.uri().path()) {
            Door::Entrance if matches!(*request.method(), Method::GET | Method::HEAD) => {
                through(&self.0.pages, client, request).await
            }
            door @ (Door::Drive | Door::Principals | Door::Entrance) => self.drive(&door, client, request, line).await,
            Door::Api => through(&self.0.api, client, request).await,
            Door::Pages => through(&self.0.pages, client, request).await,
            Door::Health => self.health(),
            Door::Nothing => error::plain(StatusCode::NOT_FOUND, "there is nothing at this address"),
        }
    }

    /// The drive's doors, with what browsers need to be told around them.
    async fn drive(&self, door: &Door, client: IpAddr, request: Request<Body>, line: &mut Line) -> Response<Body> {
        let cors = &self.0.cors;
        let origin = cors.origin(request.headers());
        if let Some(answer) = cors.preflight(&origin, &request) {
            return answer;
        }
        let mut response = match door {
            Door::Entrance => self.entrance(client, request, line).await,
            Door::Principals => self.principals(client, request, line).await,
            _ => match self.enter(client, request.headers()).await {
                Err(refusal) => error::answer_refusal(&refusal),
                Ok(principal) => {
                    line.principal = Some(principal.clone());
                    let answered = self.0.app.dav.handle(principal, request).await;
                    answered.unwrap_or_else(|failure| error::answer_dav(&failure))
                }
            },
        };
        cors.expose(&origin, response.headers_mut());
        response
    }

    /// The gate.
    async fn enter(&self, client: IpAddr, headers: &HeaderMap) -> Result<Principal, Refusal> {
        let authorization = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        self.0.app.auth.enter(authorization, Visitor { address: client, agent }).await
    }

    /// What clients ask of the person they act for.
    async fn principals(&self, client: IpAddr, request: Request<Body>, line: &mut Line) -> Response<Body> {
        const ALLOW: &str = "OPTIONS, PROPFIND";
        let principal = match self.enter(client, request.headers()).await {
            Err(refusal) => return error::answer_refusal(&refusal),
            Ok(principal) => principal,
        };
        line.principal = Some(principal.clone());
        let answered = match request.method().as_str() {
            "PROPFIND" => self.0.app.dav.describe(principal, request).await,
            "OPTIONS" => {
                let mut response = dav::options::answer();
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOW));
                Ok(response)
            }
            _ => Err(dav::Error::NotAllowed(ALLOW)),
        };
        answered.unwrap_or_else(|failure| error::answer_dav(&failure))
    }

    /// What Windows and macOS ask for before they ask for the drive.
    async fn entrance(&self, client: IpAddr, request: Request<Body>, line: &mut Line) -> Response<Body> {
        match request.method().as_str() {
            "OPTIONS" if !Client::of(request.headers()).is_challenged_at_options() => dav::options::answer(),
            method @ ("OPTIONS" | "PROPFIND") => match self.enter(client, request.headers()).await {
                Err(refusal) => error::answer_refusal(&refusal),
                Ok(principal) => {
                    line.principal = Some(principal.clone());
                    if method == "OPTIONS" {
                        return dav::options::answer();
                    }
                    let answered = self.0.app.dav.entrance(principal, request).await;
                    answered.unwrap_or_else(|failure| error::answer_dav(&failure))
                }
            },
            _ => {
                let mut response = error::plain(StatusCode::METHOD_NOT_ALLOWED, "the drive is at /dav/");
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("OPTIONS, GET, HEAD, PROPFIND"));
                response
            }
        }
    }

    /// Whether the database answers.
    fn health(&self) -> Response<Body> {
        match self.0.app.store.ping() {
            Ok(()) => error::plain(StatusCode::OK, "ok"),
            Err(failure) => {
                error::log_failure(StatusCode::SERVICE_UNAVAILABLE, &failure);
                error::plain(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
            }
        }
    }
}

/// Through a room's own routes, which need to know the client.
async fn through(routes: &axum::Router, client: IpAddr, mut request: Request<Body>) -> Response<Body> {
    request.extensions_mut().insert(ClientAddress(client));
    match routes.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_doors() {
        assert_eq!(Door::of("/dav"), Door::Drive);
        assert_eq!(Door::of("/dav/x"), Door::Drive);
        assert_eq!(Door::of("/login"), Door::Pages);
        assert_eq!(Door::of("/files/x"), Door::Pages);
        for other in ["/loginx", "/filesx/", "/davx", "/DAV/", "/%64av/", "//dav/", "/apix", "/healthz/", ""] {
            assert_eq!(Door::of(other), Door::Nothing, "{other}");
        }
    }
}
