//! A person's own sessions.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::web::caller::SignedIn;
use crate::web::csrf::{Csrf, NoFields};
use crate::web::error::Error;
use crate::web::{Web, off_thread, page};

pub(super) async fn end(
    caller: SignedIn,
    State(web): State<Web>,
    Path(id): Path<i64>,
    _: Csrf<NoFields>,
) -> Result<Response, Error> {
    let (name, actor) = (caller.name(), caller.actor());
    off_thread(move || web.auth().end_session(&name, id, &actor)).await?;
    Ok(page::see(caller.visit.site(), "/profile?done=session#sessions"))
}

pub(super) async fn end_others(caller: SignedIn, State(web): State<Web>, _: Csrf<NoFields>) -> Result<Response, Error> {
    let (name, actor, keep) = (caller.name(), caller.actor(), caller.session.id);
    off_thread(move || web.auth().end_sessions(&name, Some(keep), &actor)).await?;
    Ok(page::see(caller.visit.site(), "/profile?done=sessions#sessions"))
}
