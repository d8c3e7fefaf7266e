//! Accounts are deleted, and somebody is always left to administer the server.

use std::os::unix::ffi::OsStrExt;

use super::{Actor, Auth, Error, Result};
use crate::files::Trashed;
use crate::model::{Home, User};
use crate::store;

impl Auth {
    /// Deletes an account with its application passwords and locks; the files stay where they are. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]; [`Error::Refused`] where nobody would be left to administer the server.
    pub fn delete_user(&self, name: &str, actor: &Actor) -> Result<User> {
        self.0.store.write(|tx| self.delete_in(tx, name, None, actor))
    }

    /// The same, and moves the home to the trash. Blocks.
    ///
    /// # Errors
    /// Those of [`Auth::delete_user`]; [`Error::Refused`] where the home is not in the storage; the disk's. The account
    /// stays then.
    pub fn delete_user_with_home(&self, name: &str, actor: &Actor) -> Result<(User, Trashed)> {
        let user = self.user(name)?;
        let Home::Inside(home) = &user.home else {
            return Err(Error::Refused("a home folder outside the storage is left where it is"));
        };
        let mut trashed = None;
        let deleted = self.0.store.write(|tx| {
            let mark = self.0.clock.now().format("%Y%m%dT%H%M%SZ").to_string();
            let moved = self.0.storage.homes().move_to_trash(home, &mark)?;
            let shown = moved.shown();
            trashed = Some(moved);
            forget_files(tx, home)?;
            self.delete_in(tx, name, Some(&shown), actor)
        });
        match (deleted, trashed) {
            (Ok(user), Some(trashed)) => Ok((user, trashed)),
            (Ok(_), None) => Err(Error::Refused("the home folder was not moved")),
            (Err(error), trashed) => {
                if let Some(trashed) = trashed
                    && let Err(error) = self.0.storage.homes().take_from_trash(&trashed)
                {
                    tracing::error!(%error, home = trashed.shown(), "a home could not be brought back from the trash");
                }
                Err(error)
            }
        }
    }

    fn delete_in(
        &self,
        tx: &rusqlite::Transaction<'_>,
        name: &str,
        trash: Option<&str>,
        actor: &Actor,
    ) -> Result<User> {
        let user = store::user::by_name(tx, name)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
        refuse_to_lose(tx, &user, actor)?;
        store::user::delete(tx, user.id)?;
        // Who has the folder next, or one of its name, is not told what was once in it.
        store::sync::forget(tx, &self.key_of(&user.home))?;
        let detail = trash.map(|place| format!("files moved to {place}"));
        self.audit_with(tx, actor, "user.delete", Some(user.name.as_str()), None, detail.as_deref())?;
        Ok(user)
    }
}

impl Auth {
    /// The key of a home in the store, also where the folder is not there.
    fn key_of(&self, home: &Home) -> Vec<u8> {
        match (self.0.storage.homes().open(home), home) {
            (Ok(root), _) => root.key(),
            (Err(_), Home::Inside(name)) => format!("files/{name}").into_bytes(),
            (Err(_), Home::Outside(path)) => path.as_os_str().as_bytes().to_vec(),
        }
    }
}

/// Forgets all that is kept of the files in a home in the storage: what is made under the same name has nothing to do
/// with it.
pub(super) fn forget_files(tx: &rusqlite::Transaction<'_>, home: &str) -> store::Result<()> {
    let key = format!("files/{home}").into_bytes();
    store::property::delete_tree(tx, &key)?;
    store::digest::delete_tree(tx, &key)?;
    store::sync::forget(tx, &key)
}

/// Nobody takes their own rights away by mistake, and somebody is left to administer the server.
pub(super) fn refuse_to_lose(tx: &rusqlite::Transaction<'_>, user: &User, actor: &Actor) -> Result<()> {
    if actor.is(user) {
        return Err(Error::Refused("nobody disables, demotes or deletes themselves: another administrator can do it"));
    }
    if user.is_admin && user.is_active() && !store::user::another_admin(tx, user.id)? {
        return Err(Error::Refused("this is the last enabled administrator: nobody could administer the server then"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::accounts::NOT_PEOPLE;
    use super::super::{AccountChange, NewAccount};
    use super::*;
    use crate::auth::for_tests::Scene;

    fn on_the_pages(name: &str) -> Actor {
        Actor { name: name.to_owned(), address: Some("192.0.2.1".to_owned()) }
    }

    #[test]
    fn somebody_is_always_left_to_administer() {
        let scene = Scene::new();
        scene.add("alice");
        scene.add_admin("root");
        let no_admin = AccountChange { is_admin: Some(false), ..AccountChange::default() };
        let disabled = AccountChange { enabled: Some(false), ..AccountChange::default() };
        for actor in [Actor::cli(), on_the_pages("alice")] {
            for change in [&no_admin, &disabled] {
                let refused = scene.auth.change_user("root", change, &actor);
                assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
            }
            assert!(matches!(scene.auth.delete_user("root", &actor), Err(Error::Refused(_))));
            assert!(matches!(scene.auth.delete_user_with_home("root", &actor), Err(Error::Refused(_))));
        }
        assert!(scene.folder.path().join("storage/files/root").is_dir(), "the home is back");
        scene.add_admin("second");
        scene.auth.change_user("second", &disabled, &Actor::cli()).expect("another one is left");
        let refused = scene.auth.change_user("root", &no_admin, &Actor::cli());
        assert!(matches!(refused, Err(Error::Refused(_))), "a disabled one does not count");
        scene.auth.delete_user("second", &Actor::cli()).expect("a disabled administrator may go");
    }

    #[test]
    fn nobody_does_it_to_themselves_on_the_pages() {
        let scene = Scene::new();
        scene.add_admin("root");
        scene.add_admin("second");
        let disabled = AccountChange { enabled: Some(false), ..AccountChange::default() };
        let refused = scene.auth.change_user("root", &disabled, &on_the_pages("root"));
        assert!(matches!(refused, Err(Error::Refused(_))));
        assert!(matches!(scene.auth.delete_user("root", &on_the_pages("root")), Err(Error::Refused(_))));
        let renamed = AccountChange { display_name: Some("Root".to_owned()), ..AccountChange::default() };
        scene.auth.change_user("root", &renamed, &on_the_pages("root")).expect("a new name hurts nobody");
        for name in NOT_PEOPLE {
            let refused = scene.auth.add_user(&NewAccount::named(name), &Actor::cli());
            assert!(matches!(refused, Err(Error::Invalid { field: "name", .. })), "{name} would look like no person");
        }
    }

    #[test]
    fn a_home_goes_to_the_trash_with_what_was_known_of_it() {
        let scene = Scene::new();
        let alice = scene.add("alice");
        let home = scene.folder.path().join("storage/files/alice");
        scene.write(&alice, "f", b"x");
        let key = b"files/alice/f";
        let property = store::property::Property {
            namespace: "urn:x".to_owned(),
            name: "colour".to_owned(),
            element: "<x/>".to_owned(),
        };
        let remember = |tops: &[&[u8]]| {
            scene.auth.0.store.write(|tx| {
                store::property::set(tx, key, &property)?;
                store::digest::set(tx, key, "md5", "\"1\"", &[1; 16])?;
                tops.iter().try_for_each(|top| {
                    store::sync::make_tree(tx, top, &[1; 32], crate::clock::from_millis(0)).map(drop)
                })
            })
        };
        let known = |top: &[u8]| scene.auth.0.store.read(|c| store::sync::tree(c, top)).expect("read").is_some();
        remember(&[b"files/alice", b"files/alice/d", b"files/alice2"]).expect("set");
        let (_, trashed) = scene.auth.delete_user_with_home("alice", &Actor::cli()).expect("deleted");
        assert!(scene.folder.path().join(trashed.shown()).join("f").is_file(), "{}", trashed.shown());
        assert!(scene.auth.0.store.read(|c| store::property::of(c, key)).expect("read").is_empty());
        let digests = || scene.auth.0.store.read(|c| store::digest::of(c, key, "\"1\"")).expect("read");
        assert!(digests().is_empty());
        assert_eq!([known(b"files/alice"), known(b"files/alice/d"), known(b"files/alice2")], [false, false, true]);
        remember(&[b"files/alice"]).expect("left over from a home that somebody removed by hand");
        scene.add("alice");
        assert!(home.is_dir() && !home.join("f").exists(), "a new home");
        assert!(digests().is_empty() && !known(b"files/alice"));
        remember(&[b"files/alice"]).expect("set");
        scene.auth.delete_user("alice", &Actor::cli()).expect("deleted");
        assert!(!known(b"files/alice") && !digests().is_empty(), "the files stay, and what belongs to them");
    }
}
