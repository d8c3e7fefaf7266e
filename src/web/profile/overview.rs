//! `/profile` itself.

use std::collections::HashSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use super::Done;
use super::app_password_form::FormView;
use crate::auth::{self, CompanyAccount, application_of, browser_of};
use crate::clock::seconds;
use crate::model::{AppPassword, SecondFactors, Session, Time, Usage, User};
use crate::web::caller::SignedIn;
use crate::web::error::Error;
use crate::web::login::Refused;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, show};

/// Days before its end at which an application password is shown in amber.
const SOON_DAYS: u64 = 14;

/// An application password as its owner sees it.
pub(in crate::web) struct AppPasswordRow {
    pub(in crate::web) row: AppPassword,
    pub(in crate::web) application: Option<String>,
    /// `good`, `warn` or `bad`, as the badge of its end.
    pub(in crate::web) tone: &'static str,
    /// Whether it can be used still.
    pub(in crate::web) is_live: bool,
    /// Whether somebody else issued it.
    pub(in crate::web) by_other: bool,
    /// Whether another one has taken over from it.
    pub(in crate::web) is_replaced: bool,
}

impl AppPasswordRow {
    pub(in crate::web) fn new(row: AppPassword, owner: &User, now: Time) -> Self {
        let soon = now + seconds(SOON_DAYS * 86_400);
        let tone = match row.expires_at {
            Some(end) if end <= now => "bad",
            Some(end) if end <= soon => "warn",
            _ => "good",
        };
        Self {
            application: row.last_used_agent.as_deref().and_then(application_of),
            is_live: row.revoked_at.is_none() && row.expires_at.is_none_or(|end| now < end),
            by_other: row.created_by != owner.name.as_str(),
            is_replaced: false,
            tone,
            row,
        }
    }

    pub(in crate::web) fn access(&self) -> &'static str {
        use crate::model::Scope;
        match self.row.scope {
            Scope::ReadWrite => "read and write",
            Scope::ReadOnly => "read only",
            Scope::UploadOnly => "upload only",
        }
    }
}

/// What the person's files take.
struct UsageView {
    used: String,
    files: u64,
    bytes: u64,
    /// The quota in words and in bytes.
    quota: Option<(String, u64)>,
}

impl UsageView {
    fn new(usage: Usage, user: &User) -> Self {
        Self {
            used: show::size(usage.bytes),
            files: usage.files,
            bytes: usage.bytes,
            quota: user.quota.map(|quota| (show::size(quota), quota)),
        }
    }
}

struct SessionRow {
    session: Session,
    browser: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "profile/overview.html")]
struct ProfilePage {
    frame: Frame,
    user: User,
    shown: String,
    usage: Option<UsageView>,
    factors: SecondFactors,
    passkeys_possible: bool,
    sessions: Vec<SessionRow>,
    passwords: Vec<AppPasswordRow>,
    ended: Vec<AppPasswordRow>,
    form: FormView,
    company: Option<CompanyAccount>,
    is_fresh: bool,
    new_form_id: String,
    shortest: usize,
    wrong_password: Option<String>,
}

/// What the page is made of, read off the async threads.
fn gather(web: &Web, caller: &SignedIn, usage: Option<Usage>) -> Result<ProfilePage, Error> {
    let auth = web.auth();
    let name = caller.name();
    let now = web.0.clock.now();
    let user = auth.user(&name)?;
    let sessions = auth.sessions(&name)?.into_iter().map(|session| SessionRow {
        browser: session.agent.as_deref().and_then(browser_of).unwrap_or_else(|| "Unknown browser".to_owned()),
        is_this: session.id == caller.session.id,
        session,
    });
    let all = auth.app_passwords(&name)?;
    let replaced: HashSet<String> = all.iter().filter_map(|row| row.replaces.clone()).collect();
    let rows = all.into_iter().rev().map(|row| AppPasswordRow {
        is_replaced: replaced.contains(&row.selector),
        ..AppPasswordRow::new(row, &user, now)
    });
    // What has run out stays among the others, in red, until it is revoked.
    let (passwords, ended) = rows.partition(|row: &AppPasswordRow| row.row.revoked_at.is_none());
    Ok(ProfilePage {
        frame: Frame::new(&caller.visit, "profile"),
        shown: page::shown_name(&user),
        usage: usage.map(|usage| UsageView::new(usage, &user)),
        factors: auth.second_factors(&name)?,
        passkeys_possible: caller.visit.site().relying_party().is_some(),
        sessions: sessions.collect(),
        passwords,
        ended,
        form: FormView::empty(web, &user)?,
        company: caller.visit.0.company.clone(),
        is_fresh: auth.is_fresh(&caller.session),
        new_form_id: super::new_form_id(),
        shortest: auth::SHORTEST,
        wrong_password: None,
        user,
    })
}

pub(super) async fn show(
    caller: SignedIn,
    State(web): State<Web>,
    Query(done): Query<Done>,
) -> Result<Response, Error> {
    let usage = web.auth().usage(caller.user()).await?;
    off_thread(move || {
        let mut page = gather(&web, &caller, usage)?;
        page.frame = page.frame.with_notice(done.notice());
        page::ok(&page)
    })
    .await
}

/// The page again, with what is wrong about the password that was to be changed.
pub(super) async fn with_wrong_password(caller: SignedIn, web: Web, refused: Refused) -> Result<Response, Error> {
    let usage = web.auth().usage(caller.user()).await?;
    off_thread(move || {
        let page = ProfilePage { wrong_password: Some(refused.sentence.clone()), ..gather(&web, &caller, usage)? };
        page::render(refused.status, &page).map(|response| refused.with_wait(response))
    })
    .await
}
