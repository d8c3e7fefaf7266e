//! `/welcome`: a person who was handed a link chooses a password.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::duties::TwicePassword;
use crate::auth::{self, LinkKind, PasswordLink};
use crate::web::caller::Visit;
use crate::web::csrf::Csrf;
use crate::web::error::{Error, sentence};
use crate::web::page::{self, Frame};
use crate::web::{Web, cookies, off_thread};

#[derive(Template)]
#[template(path = "login/welcome.html")]
struct WelcomePage<'a> {
    frame: Frame,
    /// Absent where the link is good no more.
    link: Option<PasswordLink>,
    token: &'a str,
    is_invitation: bool,
    shortest: usize,
    wrong: Option<String>,
}

fn render(visit: &Visit, web: &Web, token: &str, wrong: Option<String>) -> Result<Response, Error> {
    let link = web.auth().open_password_link(token)?;
    let status = match (&link, &wrong) {
        (None, _) => StatusCode::NOT_FOUND,
        (_, Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let is_invitation = link.as_ref().is_some_and(|link| link.kind == LinkKind::Invitation);
    let frame = Frame { user: None, ..Frame::new(visit, "") };
    page::render(status, &WelcomePage { frame, link, token, is_invitation, shortest: auth::SHORTEST, wrong })
}

#[derive(Deserialize)]
pub(super) struct TokenQuery {
    #[serde(default)]
    token: String,
}

/// Looking at it does not use it up: mail programs follow links by themselves.
pub(super) async fn show(
    visit: Visit,
    State(web): State<Web>,
    Query(query): Query<TokenQuery>,
) -> Result<Response, Error> {
    render(&visit, &web, &query.token, None)
}

#[derive(Deserialize)]
pub(super) struct LinkForm {
    #[serde(default)]
    token: String,
    #[serde(flatten)]
    password: TwicePassword,
}

pub(super) async fn choose_password(
    visit: Visit,
    State(web): State<Web>,
    Csrf(form): Csrf<LinkForm>,
) -> Result<Response, Error> {
    let password = match form.password.read() {
        Ok(password) => password,
        Err(wrong) => return render(&visit, &web, &form.token, Some(wrong)),
    };
    let (caller, auth, token) = (visit.clone(), web.auth().clone(), form.token.clone());
    let outcome =
        off_thread(move || Ok::<_, Error>(auth.use_password_link(&token, &password, caller.visitor()))).await?;
    match outcome {
        Ok(device) => {
            let mut response = page::see(visit.site(), "/login?done=password");
            cookies::set(response.headers_mut(), cookies::DEVICE, &device);
            Ok(response)
        }
        Err(error @ auth::Error::Invalid { .. }) => render(&visit, &web, &form.token, Some(sentence(&error.told()))),
        Err(other) => Err(other.into()),
    }
}
