//! One pass over the accounts of an LDAP directory.

use super::ldap::source_of;
use super::recheck::DirectoryRef;
use crate::auth::{Auth, Result};
use crate::clock::seconds;
use crate::directory::ldap::Lookup;
use crate::directory::{Ldap, Person, Unreachable};
use crate::model::{CompanyLink, DirectoryKind, Ending, Time};
use crate::store::identity;

/// Passes in a row in which an account has to be missing.
const GONE_AFTER: u32 = 2;
/// So many failures in a row are the directory's and not one entry's.
const SILENT_AFTER: usize = 3;
/// So few accounts may vanish in one pass whatever part of all they are.
const FEW: usize = 1;
/// Of so many, one may vanish in one pass: a fifth. More is a directory in disorder until somebody has looked.
const ONE_OF: usize = 5;

/// What has become of an account that the directory shows no more to be one of those who count.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) link: CompanyLink,
    pub(super) because: Ending,
}

impl Auth {
    pub(super) async fn pass_ldap(&self, directory: &DirectoryRef) -> Result<std::result::Result<(), Unreachable>> {
        let all = self.0.company.directories.ldap();
        let Some(ldap) = all.iter().find(|ldap| ldap.config().common.name == directory.name) else {
            return Ok(Ok(()));
        };
        let now = self.0.clock.now_in_millis();
        let recheck = seconds(ldap.config().common.recheck.as_secs());
        let state = self.0.store.read(|c| identity::state(c, DirectoryKind::Ldap, &directory.name))?;
        if state.passed_at.is_some_and(|passed| passed <= now && now < passed + recheck) {
            return Ok(Ok(()));
        }
        let links = self.0.store.read(|c| identity::due(c, DirectoryKind::Ldap, &directory.name, now, u32::MAX))?;
        if links.is_empty() {
            self.change_state(directory, move |state| state.passed_at = Some(now)).await?;
            return Ok(Ok(()));
        }
        let mut active = 0;
        let mut lost = Vec::new();
        let (all, mut silent) = (links.len(), 0);
        for (mut link, is_suspended) in links {
            active += usize::from(!is_suspended);
            match ldap.find_by_id(&link.identity, now).await {
                // One entry in disorder does not keep the others from being looked at; several in a row are the directory.
                Err(error) if silent + 1 >= SILENT_AFTER.min(all) => return Ok(Err(error)),
                Err(error) => {
                    silent += 1;
                    self.off_thread(move |auth| {
                        auth.0.store.write(|tx| Self::note_asked(tx, &mut link, Some(&error.reason), now))
                    })
                    .await?;
                }
                Ok(found) => {
                    silent = 0;
                    if let Some(missed) = self.judge(ldap, link, found, now).await?
                        && !is_suspended
                    {
                        lost.push(missed);
                    }
                }
            }
        }
        let alarm = self.lose(lost, active, now).await?;
        self.change_state(directory, move |state| match (alarm, &state.alarm) {
            (None, _) => state.alarm = None,
            (Some(told), None) => state.alarm = Some((now, told)),
            (Some(told), Some((since, _))) => state.alarm = Some((*since, told)),
        })
        .await?;
        self.note_heard(directory, true, now).await?;
        Ok(Ok(()))
    }

    /// Writes down what the directory says outright; gives back what it only does not show any more.
    async fn judge(&self, ldap: &Ldap, mut link: CompanyLink, found: Lookup, now: Time) -> Result<Option<Lost>> {
        let person: Person = match found {
            Lookup::Gone => return Ok(Some(Lost { link, because: Ending::Gone })),
            Lookup::Found(entry) => entry.person,
        };
        match person.ending {
            Some(because @ (Ending::Gone | Ending::NotAllowed)) => return Ok(Some(Lost { link, because })),
            Some(because) => {
                self.off_thread(move |auth| {
                    auth.0.store.write(|tx| auth.end(tx, &mut link, because, because.told(), now))
                })
                .await?;
            }
            None => {
                link.directory.clone_from(&source_of(ldap).common.name);
                self.off_thread(move |auth| {
                    auth.0.store.write(|tx| {
                        auth.found_alive(tx, &mut link, now)?;
                        auth.take_over(tx, &mut link, &person)
                    })
                })
                .await?;
            }
        }
        Ok(None)
    }

    /// Ends what is lost, unless it is too much at once: then nobody is suspended, and an administrator has to look.
    pub(super) async fn lose(&self, lost: Vec<Lost>, active: usize, now: Time) -> Result<Option<String>> {
        let is_too_much = lost.len() > FEW && lost.len() * ONE_OF > active;
        let alarm = is_too_much.then(|| {
            format!(
                "{} of {active} accounts are not to be found, or not among those who may use this server, all at once. \
                 Nobody was suspended. If this is right, disable them by hand; else mend the directory or the filter",
                lost.len()
            )
        });
        if let Some(told) = &alarm {
            tracing::error!(told, "a directory is in disorder");
        }
        self.off_thread(move |auth| {
            auth.0.store.write(|tx| {
                for Lost { mut link, because } in lost {
                    if is_too_much {
                        Self::note_asked(tx, &mut link, Some(because.told()), now)?;
                    } else if because == Ending::Gone && link.missing + 1 < GONE_AFTER {
                        link.missing += 1;
                        Self::note_asked(tx, &mut link, Some(because.told()), now)?;
                    } else {
                        link.missing += 1;
                        auth.end(tx, &mut link, because, because.told(), now)?;
                    }
                }
                Ok::<_, crate::auth::Error>(())
            })
        })
        .await?;
        Ok(alarm)
    }
}
