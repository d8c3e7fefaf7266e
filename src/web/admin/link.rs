//! The link by which a person chooses a password: made here, shown once, handed over by the administrator.

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Path, State};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::person::{Head, path_of};
use crate::auth::{self, LINK_LIFE, LinkKind};
use crate::clock::seconds;
use crate::model::User;
use crate::secret::PlainSecret;
use crate::web::caller::{Admin, SignedIn};
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame, shown_name};
use crate::web::profile::one_time;
use crate::web::{Web, off_thread, show};

/// The one page that shows a link.
#[derive(Template)]
#[template(path = "admin/link.html")]
pub(super) struct LinkPage {
    frame: Frame,
    part: &'static str,
    head: Head,
    is_new: bool,
    is_invitation: bool,
    link: String,
    /// Whether it leads to this machine alone.
    is_local: bool,
    until: Safe<String>,
    email: String,
    /// For the administrator's mail program, where an address is known.
    mail: Option<String>,
}

impl LinkPage {
    /// The account was made just now.
    pub(super) fn invitation(
        caller: &SignedIn,
        web: &Web,
        user: &User,
        token: &PlainSecret,
    ) -> Result<Response, Error> {
        Self::render(caller, web, user, token, LinkKind::Invitation, true)
    }

    fn render(
        caller: &SignedIn,
        web: &Web,
        user: &User,
        token: &PlainSecret,
        kind: LinkKind,
        is_new: bool,
    ) -> Result<Response, Error> {
        let site = web.0.sites.canonical(caller.visit.site());
        let link = format!("{site}/welcome?token={}", token.expose());
        let is_invitation = kind == LinkKind::Invitation;
        let mail = user.email.as_ref().map(|email| mail(email, user, &site, &link, is_invitation));
        page::ok(&Self {
            is_local: web.0.sites.first().is_none(),
            frame: Frame::new(&caller.visit, "admin"),
            part: "users",
            head: Head::new(user, caller.user(), "general"),
            is_new,
            is_invitation,
            link,
            until: show::time(&(web.0.clock.now() + seconds(LINK_LIFE.as_secs()))),
            email: user.email.clone().unwrap_or_default(),
            mail,
        })
    }
}

fn mail(email: &str, user: &User, site: &str, link: &str, is_invitation: bool) -> String {
    let (subject, deed) = if is_invitation {
        ("Your account for files", "an account was made for you")
    } else {
        ("A new password", "with this link you choose a new password")
    };
    let body = format!(
        "Hello {},\r\n\r\n{deed} on {site}. Your user name is {}.\r\n\r\n{link}\r\n\r\nThe link works once, within 72 hours.\r\n",
        shown_name(user),
        user.name
    );
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("mailto:{}?subject={}&body={}", encode(email), encode(subject), encode(&body))
}

#[derive(Debug, Deserialize)]
pub(super) struct LinkForm {
    #[serde(default)]
    form: String,
}

pub(super) async fn make(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Csrf(form): Csrf<LinkForm>,
) -> Result<Response, Error> {
    let back = path_of(&name);
    let user = web.auth().user(&name)?;
    caller.require_fresh(&web, &back)?;
    let (auth, actor, once) = (web.auth().clone(), caller.actor(), one_time(&caller, &form.form));
    let made = off_thread(move || {
        let kind = if auth.has_password(&user)? { LinkKind::Reset } else { LinkKind::Invitation };
        let made = auth.password_link_once(user.name.as_str(), kind, &once, &actor);
        Ok::<_, Error>(made.map(|link| (user, kind, link)))
    });
    match made.await? {
        Ok((user, kind, link)) => LinkPage::render(&caller, &web, &user, &link, kind, false),
        Err(auth::Error::AlreadyDone) => Ok(page::see(caller.visit.site(), &format!("{back}?done=sent"))),
        Err(other) => Err(other.into()),
    }
}
