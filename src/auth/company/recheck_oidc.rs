//! Trying the refresh tokens of an OpenID provider's people, each when its time has come.

use std::sync::PoisonError;

use chrono::TimeDelta;

use super::account::Source;
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
        let due = self.0.store.read(|c| identity::due(c, DirectoryKind::Oidc, &directory.name, before, AT_ONCE))?;
        if due.is_empty() {
            return Ok(Ok(()));
        }
        let is_all = due.len() < AT_ONCE as usize;
        let mut last = None;
        let mut silent = 0;
        let mut answers = 0;
        for (link, is_suspended) in due {
            if is_suspended {
                // Only a sign-in brings it back.
                self.leave(link, None, now).await?;
                continue;
            }
            match self.look_at(oidc, link.clone(), now).await? {
                Ok(()) => (silent, answers) = (0, answers + 1),
                Err(error) if silent + 1 >= SILENT_AFTER => return Ok(Err(error)),
                Err(error) => {
                    silent += 1;
                    // The others first, should it be this one alone.
                    self.leave(link, Some(error.reason.clone()), before + SOON.min(recheck)).await?;
                    last = Some(error);
                }
            }
        }
        match last {
            Some(error) if answers == 0 => return Ok(Err(error)),
            _ if answers == 0 => return Ok(Ok(())),
            _ => {}
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
        let moved =
            self.off_thread(move |auth| Ok(auth.0.store.write(|tx| identity::adopt(tx, &issuer, &name))?)).await?;
        if moved > 0 {
            tracing::info!(
                directory = directory.name,
                moved,
                "accounts of a provider under another name are taken over"
            );
        }
        Ok(())
    }

    async fn leave(&self, mut link: CompanyLink, failure: Option<String>, at: Time) -> Result<()> {
        self.off_thread(move |auth| auth.0.store.write(|tx| Self::note_asked(tx, &mut link, failure.as_deref(), at)))
            .await
    }

    async fn look_at(&self, oidc: &Oidc, link: CompanyLink, now: Time) -> Result<std::result::Result<(), Unreachable>> {
        let sealed = self.0.store.read(|c| identity::refresh_token(c, link.id))?;
        match sealed {
            Some(sealed) => {
                let token = self.off_thread(move |auth| auth.unseal_refresh_token(&sealed)).await?;
                self.try_refresh(oidc, link, &token, now).await
            }
            None => self.count_sign_in_age(oidc, link, now).await,
        }
    }

    async fn try_refresh(
        &self,
        oidc: &Oidc,
        mut link: CompanyLink,
        token: &PlainSecret,
        now: Time,
    ) -> Result<std::result::Result<(), Unreachable>> {
        let grace = oidc.config().unconfirmed_grace;
        match oidc.refresh(token, &link.identity, now).await {
            Refreshed::Unreachable(error) => return Ok(Err(error)),
            Refreshed::Answered { person, refresh_token } => {
                let source = Source { kind: DirectoryKind::Oidc, common: &oidc.config().common };
                link.directory.clone_from(&source.common.name);
                self.off_thread(move |auth| {
                    let sealed = refresh_token.map(|token| auth.seal_refresh_token(&token)).transpose()?;
                    auth.0.store.write(|tx| {
                        // Before all else: the one before may be good no more.
                        if let Some(sealed) = &sealed {
                            identity::set_refresh_token(tx, link.id, Some(sealed))?;
                        }
                        if let Some(because) = person.as_ref().and_then(|person| person.ending) {
                            return auth.end(tx, &mut link, because, because.told(), now);
                        }
                        auth.found_alive(tx, &mut link, now)?;
                        person.map_or(Ok(()), |person| auth.take_over(tx, &mut link, &person))
                    })
                })
                .await?;
            }
            Refreshed::Ended(because, detail) => {
                self.off_thread(move |auth| auth.0.store.write(|tx| auth.end(tx, &mut link, because, &detail, now)))
                    .await?;
            }
            Refreshed::Unconfirmed(why) => {
                self.off_thread(move |auth| auth.0.store.write(|tx| auth.unconfirm(tx, &mut link, &why, grace, now)))
                    .await?;
            }
        }
        Ok(Ok(()))
    }

    /// Without a refresh token, the last sign-in is all that is known.
    async fn count_sign_in_age(
        &self,
        oidc: &Oidc,
        mut link: CompanyLink,
        now: Time,
    ) -> Result<std::result::Result<(), Unreachable>> {
        let age = seconds(oidc.config().max_signin_age.as_secs());
        if now < link.signed_in_at.unwrap_or(link.linked_at) + age {
            self.leave(link, None, now).await?;
            return Ok(Ok(()));
        }
        // Nobody can sign in while the provider is down; that time does not count against them.
        if let Err(error) = oidc.reach().await {
            return Ok(Err(error));
        }
        let grace = oidc.config().unconfirmed_grace;
        let why = "nobody has signed in by this account for longer than max_signin_age";
        self.off_thread(move |auth| auth.0.store.write(|tx| auth.unconfirm(tx, &mut link, why, grace, now))).await?;
        Ok(Ok(()))
    }
}
