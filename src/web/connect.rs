//! `/connect`: how to connect from each system and application, with the person's own address and name filled in.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::Web;
use super::caller::SignedIn;
use super::error::Error;
use super::page::{self, Frame};

#[derive(Template)]
#[template(path = "connect.html")]
struct ConnectPage {
    frame: Frame,
    address: String,
    host: String,
    scheme: String,
    drive: String,
    user: String,
    is_plain: bool,
}

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/connect", get(show))
}

async fn show(caller: SignedIn, State(web): State<Web>) -> Result<Response, Error> {
    let url = web.0.sites.canonical(caller.visit.site());
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", &url));
    let host = rest.split('/').next().unwrap_or_default();
    page::ok(&ConnectPage {
        frame: Frame::new(&caller.visit, "connect"),
        address: format!("{url}/dav/"),
        host: host.to_owned(),
        drive: scheme.replacen("http", "dav", 1),
        is_plain: scheme == "http",
        scheme: scheme.to_owned(),
        user: caller.name(),
    })
}
