//! One pass over the accounts of an LDAP directory.

use futures_util::{StreamExt, stream};

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
/// Accounts that are asked about at a time.
const AT_ONCE: usize = 8;
/// Accounts that are written down in one go.
const TOGETHER: usize = 100;
/// So few accounts may vanish in one pass whatever part of all they are.
const FEW: usize = 1;
/// Of so many, one may vanish in one pass: a fifth. More is a directory in disorder until somebody has looked.
const ONE_OF: usize = 5;

/// What the directory says of an account.
#[derive(Debug)]
enum Word {
    Alive(Box<Person>),
    Ended(Ending),
    /// Nothing, for that reason.
    None(String),
}

/// What has become of an account that the directory shows no more to be one of those who count.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) link: CompanyLink,
    pub(super) because: Ending,
}

/// A pass as far as it has come.
#[derive(Debug, Default)]
struct Pass {
    /// Accounts that were not suspended before.
    active: usize,
    said: Vec<(CompanyLink, Word)>,
    lost: Vec<Lost>,
}

impl Pass {
    fn note(&mut self, link: CompanyLink, is_suspended: bool, found: Lookup) {
        let word = match found {
            Lookup::Gone => Err(Ending::Gone),
            Lookup::Found(entry) => match entry.person.ending {
                Some(because @ (Ending::Gone | Ending::NotAllowed)) => Err(because),
                Some(because) => Ok(Word::Ended(because)),
                None => Ok(Word::Alive(Box::new(entry.person))),
            },
        };
        match word {
            Ok(word) => self.said.push((link, word)),
            Err(because) if !is_suspended => self.lost.push(Lost { link, because }),
            Err(_) => {}
        }
    }
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
        let links =
            self.0.store.read(|c| identity::due(c, DirectoryKind::Ldap, &directory.name, now, now, u32::MAX))?;
        if links.is_empty() {
            self.change_state(directory, move |state| state.passed_at = Some(now)).await?;
            return Ok(Ok(()));
        }
        let mut pass = Pass::default();
        let answered = self.ask_all(ldap, links, &mut pass, now).await?;
        self.write_down(&mut pass, now).await?;
        if let Err(error) = answered {
            return Ok(Err(error));
        }
        let alarm = self.lose(pass.lost, pass.active, now).await?;
        self.change_state(directory, move |state| match (alarm, &state.alarm) {
            (None, _) => state.alarm = None,
            (Some(told), None) => state.alarm = Some((now, told)),
            (Some(told), Some((since, _))) => state.alarm = Some((*since, told)),
        })
        .await?;
        self.note_heard(directory, true, now).await?;
        Ok(Ok(()))
    }

    /// Asks for each account. One entry in disorder does not keep the others from being looked at; several in a row are
    /// the directory.
    async fn ask_all(
        &self,
        ldap: &Ldap,
        links: Vec<(CompanyLink, bool)>,
        pass: &mut Pass,
        now: Time,
    ) -> Result<std::result::Result<(), Unreachable>> {
        let (all, mut silent) = (links.len(), 0);
        let asked = stream::iter(links).map(|(link, is_suspended)| async move {
            let found = ldap.find_by_id(&link.identity, now).await;
            (link, is_suspended, found)
        });
        let mut asked = std::pin::pin!(asked.buffered(AT_ONCE));
        while let Some((link, is_suspended, found)) = asked.next().await {
            pass.active += usize::from(!is_suspended);
            match found {
                Err(error) if silent + 1 >= SILENT_AFTER.min(all) => return Ok(Err(error)),
                Err(error) => {
                    silent += 1;
                    pass.said.push((link, Word::None(error.reason)));
                }
                Ok(found) => {
                    silent = 0;
                    pass.note(link, is_suspended, found);
                }
            }
            if pass.said.len() >= TOGETHER {
                self.write_down(pass, now).await?;
            }
        }
        Ok(Ok(()))
    }

    /// Writes down what was said outright: several accounts in one go, so that the database is not held up by many.
    async fn write_down(&self, pass: &mut Pass, now: Time) -> Result<()> {
        let said = std::mem::take(&mut pass.said);
        if said.is_empty() {
            return Ok(());
        }
        self.off_thread(move |auth| {
            auth.0.store.write(|tx| {
                for (seen, word) in &said {
                    let Some(mut link) = Self::still(tx, seen)? else { continue };
                    match word {
                        Word::None(reason) => Self::note_asked(tx, &mut link, Some(reason), now)?,
                        Word::Ended(because) => auth.end(tx, &mut link, *because, because.told(), now)?,
                        Word::Alive(person) => {
                            auth.found_alive(tx, &mut link, now)?;
                            auth.take_over(tx, &mut link, person)?;
                        }
                    }
                }
                Ok(())
            })
        })
        .await
    }

    /// Ends what is lost, unless it is too much at once: then nobody is suspended, and an administrator has to look.
    pub(super) async fn lose(&self, lost: Vec<Lost>, active: usize, now: Time) -> Result<Option<String>> {
        let is_too_much = lost.len() > FEW && lost.len() * ONE_OF > active;
        let alarm = is_too_much.then(|| {
            format!(
                "{} of {active} accounts are not to be found, or not among those who may use this server, all at once. \
                 Nobody was suspended, and nobody else is for being gone until that is settled. If this is right, disable them \
                 by hand; else mend the directory or the filter",
                lost.len()
            )
        });
        if let Some(told) = &alarm {
            tracing::error!(told, "a directory is in disorder");
        }
        self.off_thread(move |auth| {
            auth.0.store.write(|tx| {
                for Lost { link, because } in &lost {
                    let Some(mut link) = Self::still(tx, link)? else { continue };
                    if is_too_much {
                        Self::note_asked(tx, &mut link, Some(because.told()), now)?;
                    } else if *because == Ending::Gone && link.missing + 1 < GONE_AFTER {
                        link.missing += 1;
                        Self::note_asked(tx, &mut link, Some(because.told()), now)?;
                    } else {
                        link.missing += 1;
                        auth.end(tx, &mut link, *because, because.told(), now)?;
                    }
                }
                Ok::<_, crate::auth::Error>(())
            })
        })
        .await?;
        Ok(alarm)
    }
}
