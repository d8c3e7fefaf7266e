//! `/welcome`: a person who was handed a link chooses a password, or joins their company account.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::duties::TwicePassword;
use super::password::WRONG_COMPANY;
use super::refused::Refused;
use crate::auth::{self, Joinable, LinkKind, PasswordLink};
use crate::secret::PlainSecret;
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
    wrong: Option<&'a str>,
    /// Where each provider's button leads, and what people call it.
    providers: Vec<(String, String)>,
    /// What people call the directories whose passwords are taken here.
    directories: Option<String>,
}

/// The page of a link, with what is wrong about what was tried on it.
pub(super) fn render(visit: &Visit, web: &Web, token: &str, refused: Option<&Refused>) -> Result<Response, Error> {
    let link = web.auth().open_password_link(token)?;
    let status = match (&link, refused) {
        (None, _) => StatusCode::NOT_FOUND,
        (_, Some(refused)) => refused.status,
        _ => StatusCode::OK,
    };
    let Joinable { providers, ldap } = web.auth().joinable();
    let way = |name: &str| {
        let query = serde_html_form::to_string([("token", token), ("csrf", &visit.csrf())]).unwrap_or_default();
        format!("/welcome/oidc/{name}?{query}")
    };
    let page = WelcomePage {
        frame: Frame { user: None, company: None, ..Frame::new(visit, "") },
        is_invitation: link.as_ref().is_some_and(|link| link.kind == LinkKind::Invitation),
        link,
        token,
        shortest: auth::SHORTEST,
        wrong: refused.map(|refused| refused.sentence.as_str()),
        providers: providers.into_iter().map(|(name, label)| (way(&name), label)).collect(),
        directories: (!ldap.is_empty()).then(|| ldap.join(" or ")),
    };
    page::render(status, &page).map(|response| match refused {
        Some(refused) => refused.with_wait(response),
        None => response,
    })
}

fn render_wrong(visit: &Visit, web: &Web, token: &str, wrong: String) -> Result<Response, Error> {
    render(visit, web, token, Some(&Refused::because(wrong)))
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
        Err(wrong) => return render_wrong(&visit, &web, &form.token, wrong),
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
        Err(error @ auth::Error::Invalid { .. }) => render_wrong(&visit, &web, &form.token, sentence(&error.told())),
        Err(other) => Err(other.into()),
    }
}

#[derive(Deserialize)]
pub(super) struct JoinForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// `POST /welcome/ldap`: the company account takes the place of a password.
pub(super) async fn join(visit: Visit, State(web): State<Web>, Csrf(form): Csrf<JoinForm>) -> Result<Response, Error> {
    let JoinForm { token, name, password } = form;
    let (caller, auth, link) = (visit.clone(), web.auth().clone(), token.clone());
    let password = PlainSecret::new(password);
    let outcome = off_thread(move || {
        Ok::<_, Error>(auth.join_by_ldap(&link, &name, &password, caller.browser(), caller.visitor()))
    });
    match outcome.await? {
        Ok(signed_in) => Ok(super::enter(&visit, signed_in, "/profile")),
        Err(refusal) => render(&visit, &web, &token, Some(&Refused::new(refusal, WRONG_COMPANY)?)),
    }
}
