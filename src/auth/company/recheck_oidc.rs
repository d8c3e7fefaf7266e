//! Trying the refresh tokens of an OpenID provider's people, each when its time has come.

use std::sync::PoisonError;

use chrono::TimeDelta;
use rusqlite::Transaction;

use super::recheck::DirectoryRef;
use crate::auth::{Auth, Result};
use crate::clock::seconds;
use crate::directory::oidc::Refreshed;
use crate::directory::{Oidc, Unreachable};
use crate::model::{CompanyLink, DirectoryKind, Time};
use crate::secret::PlainSecret;
use crate::store::identity;

/// Accounts looked at in one go.
const AT_ONCE: u32 = 50;
/// How soon an account is tried again for which the provider did not answer.
const SOON: TimeDelta = TimeDelta::minutes(1);
/// So many failures in a row are the provider's and not one account's.
const SILENT_AFTER: usize = 3;

impl Auth {
    pub(super) async fn pass_oidc(&self, directory: &DirectoryRef) -> Result<std::result::Result<(), Unreachable>> {
        let all = self.0.company.directories.oidc();
        let Some(oidc) = all.iter().find(|oidc| oidc.config().common.name == directory.name) else {
            return Ok(Ok(()));
        };
        let now = self.0.clock.now_in_millis();
        self.adopt(oidc, directory).await?;
        let recheck = seconds(oidc.config().common.recheck.as_secs());
        let before = now - recheck;
        let due =
            self.0.store.read(|c| identity::due(c, DirectoryKind::Oidc, &directory.name, before, now, AT_ONCE))?;
        if due.is_empty() {
            return Ok(Ok(()));
        }
        let is_all = due.len() < AT_ONCE as usize;
        let (mut last, mut failed) = (None, Vec::new());
        let mut silent = 0;
        let mut answers = 0;
        for (link, is_suspended) in due {
            // Only a sign-in brings it back, unless there is something to ask by.
            if is_suspended && self.0.store.read(|c| identity::refresh_token(c, link.id))?.is_none() {
                self.leave(link, None, now).await?;
                continue;
            }
            match self.look_at(oidc, link.clone(), now).await? {
                Ok(was_asked) => {
                    silent = 0;
                    answers += usize::from(was_asked);
                }
                Err(error) if silent + 1 >= SILENT_AFTER => return Ok(Err(error)),
                Err(error) => {
                    silent += 1;
                    // The others first, should it be this one alone.
                    self.leave(link.clone(), Some(error.reason.clone()), before + SOON.min(recheck)).await?;
                    failed.push(link);
                    last = Some(error);
                }
            }
        }
        match last {
            Some(error) if answers == 0 => return Ok(Err(error)),
            _ if answers == 0 => return Ok(Ok(())),
            _ => {}
        }
        for link in failed {
            self.doubt(oidc, link, now).await?;
        }
        self.note_heard(directory, is_all, now).await?;
        Ok(Ok(()))
    }

    /// Accounts that the same provider had under another name in the configuration are looked after under this one.
    async fn adopt(&self, oidc: &Oidc, directory: &DirectoryRef) -> Result<()> {
        let is_new = self.0.company.adopted.lock().unwrap_or_else(PoisonError::into_inner).insert(directory.clone());
        let Some(issuer) = oidc.single_issuer().filter(|_| is_new).map(ToOwned::to_owned) else {
            return Ok(());
        };
        let name = directory.name.clone();
        let moved = self.off_thread(move |auth| {
            let is_orphan = |count: &identity::Count| {
                count.kind == DirectoryKind::Oidc && auth.0.company.common(count.kind, &count.directory).is_none()
            };
            auth.0.store.write(|tx| {
                let orphans = identity::count(tx)?.into_iter().filter(is_orphan);
                orphans.map(|orphan| Ok(identity::adopt(tx, &issuer, &orphan.directory, &name)?)).sum::<Result<usize>>()
            })
        });
        let moved = moved.await?;
        if moved > 0 {
            tracing::info!(
                directory = directory.name,
                moved,
                "accounts of a provider under another name are taken over"
            );
        }
        Ok(())
    }

    async fn leave(&self, link: CompanyLink, failure: Option<String>, at: Time) -> Result<()> {
        self.settle(link, move |_, tx, link| Self::note_asked(tx, link, failure.as_deref(), at)).await
    }

    /// Writes down what follows from a look, unless the person has signed in meanwhile.
    async fn settle(
        &self,
        seen: CompanyLink,
        write: impl FnOnce(&Self, &Transaction<'_>, &mut CompanyLink) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.off_thread(move |auth| {
            auth.0.store.write(|tx| match Self::still(tx, &seen)? {
                Some(mut link) => write(auth, tx, &mut link),
                None => Ok(()),
            })
        })
        .await
    }

    /// Looks at one account, and tells whether the provider was asked.
    async fn look_at(
        &self,
        oidc: &Oidc,
        link: CompanyLink,
        now: Time,
    ) -> Result<std::result::Result<bool, Unreachable>> {
        // A token is shown to nobody but whom it is of: the entry may have another issuer by now.
        if !oidc.is_of(&link.identity) {
            return self.count_sign_in_age(oidc, link, now).await;
        }
        let Some(sealed) = self.0.store.read(|c| identity::refresh_token(c, link.id))? else {
            return self.count_sign_in_age(oidc, link, now).await;
        };
        let of_token = sealed.clone();
        match self.off_thread(move |auth| auth.unseal_refresh_token(&of_token)).await {
            Ok(token) => self.try_refresh(oidc, link, (token, sealed), now).await,
            // As after a restore without its keys: one that cannot be read is none, and keeps nobody else from being
            // looked at.
            Err(error) => {
                tracing::warn!(%error, directory = link.directory, "a refresh token cannot be read");
                self.count_sign_in_age(oidc, link, now).await
            }
        }
    }

    async fn try_refresh(
        &self,
        oidc: &Oidc,
        link: CompanyLink,
        (token, sealed): (PlainSecret, Vec<u8>),
        now: Time,
    ) -> Result<std::result::Result<bool, Unreachable>> {
        let grace = oidc.config().unconfirmed_grace;
        match oidc.refresh(&token, &link.identity, now).await {
            Refreshed::Unreachable(error) => return Ok(Err(error)),
            Refreshed::Doubtful(error, refresh_token) => {
                self.keep_rotated(link.id, sealed, refresh_token).await?;
                return Ok(Err(error));
            }
            Refreshed::Answered { person, refresh_token } => {
                self.keep_rotated(link.id, sealed, refresh_token).await?;
                // Who must be in a group is not known to be, where nothing is said of groups.
                let is_half = person.is_none() && !oidc.config().common.required_groups.is_empty();
                if is_half && is_old(oidc, &link, now) {
                    let why = "nothing was said of groups for longer than max_signin_age";
                    self.settle(link, move |auth, tx, link| auth.unconfirm(tx, link, why, grace, now)).await?;
                    return Ok(Ok(true));
                }
                self.settle(link, move |auth, tx, link| {
                    if let Some(because) = person.as_ref().and_then(|person| person.ending) {
                        return auth.end(tx, link, because, because.told(), now);
                    }
                    auth.found_alive(tx, link, now)?;
                    person.map_or(Ok(()), |person| auth.take_over(tx, link, &person))
                })
                .await?;
            }
            Refreshed::Ended(because, detail) => {
                self.settle(link, move |auth, tx, link| auth.end(tx, link, because, &detail, now)).await?;
            }
            Refreshed::Unconfirmed(why) => {
                self.settle(link, move |auth, tx, link| auth.unconfirm(tx, link, &why, grace, now)).await?;
            }
        }
        Ok(Ok(true))
    }

    /// An account for which the provider says nothing that is understood, while it answers for others: that may not go on
    /// without end.
    async fn doubt(&self, oidc: &Oidc, link: CompanyLink, now: Time) -> Result<()> {
        let age = seconds(oidc.config().max_signin_age.as_secs());
        if link.confirmed_at.is_some_and(|at| at <= now && now < at + age) {
            return Ok(());
        }
        let grace = oidc.config().unconfirmed_grace;
        let why = "the provider has confirmed others and not this account for longer than max_signin_age";
        self.settle(link, move |auth, tx, link| auth.unconfirm(tx, link, why, grace, now)).await
    }

    /// Keeps the token that takes over, before all else: the one before may be good no more. One that a sign-in has
    /// brought meanwhile stays.
    async fn keep_rotated(&self, id: i64, used: Vec<u8>, rotated: Option<PlainSecret>) -> Result<()> {
        let Some(rotated) = rotated else {
            return Ok(());
        };
        self.off_thread(move |auth| {
            let sealed = auth.seal_refresh_token(&rotated)?;
            auth.0.store.write(|tx| {
                if identity::refresh_token(tx, id)?.is_some_and(|stored| stored == used) {
                    identity::set_refresh_token(tx, id, Some(&sealed))?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Without a refresh token, the last sign-in is all that is known.
    async fn count_sign_in_age(
        &self,
        oidc: &Oidc,
        link: CompanyLink,
        now: Time,
    ) -> Result<std::result::Result<bool, Unreachable>> {
        if !is_old(oidc, &link, now) {
            self.leave(link, None, now).await?;
            return Ok(Ok(false));
        }
        // Nobody can sign in while the provider is down; that time does not count against them.
        if let Err(error) = oidc.reach().await {
            return Ok(Err(error));
        }
        let grace = oidc.config().unconfirmed_grace;
        let why = "nobody has signed in by this account for longer than max_signin_age";
        self.settle(link, move |auth, tx, link| auth.unconfirm(tx, link, why, grace, now)).await?;
        Ok(Ok(true))
    }
}

/// Whether the last sign-in confirms the account no more. A time to come is of a clock that was wrong then.
fn is_old(oidc: &Oidc, link: &CompanyLink, now: Time) -> bool {
    let age = seconds(oidc.config().max_signin_age.as_secs());
    let since = link.signed_in_at.unwrap_or(link.linked_at);
    !(since <= now && now < since + age)
}
