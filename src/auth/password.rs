//! The account's own password: how good it must be, how it is changed, and the links by which a person chooses one.
//! Nobody types another person's password.

use std::time::Duration;

use super::api_token::digest;
use super::gate::Visitor;
use super::issue::use_form;
use super::session::{NewToken, Proof};
use super::{Actor, Auth, Error, OneTimeForm, Result, SignInRefusal};
use crate::clock::seconds;
use crate::model::{Session, Time, User};
use crate::secret::{PlainSecret, Token};
use crate::store::{self, password_link};

/// Shortest password that a person may choose on the pages, in characters (NIST SP 800-63B-4 asks for 8 beside a
/// second factor and 15 without; strength is judged as well).
pub const SHORTEST: usize = 10;
/// The least of zxcvbn's scores (0 to 4) that is taken: 3 is more than 10^8 guesses.
const LEAST_SCORE: u8 = 3;
/// How long a link is good.
pub const LINK_LIFE: Duration = Duration::from_hours(72);

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// The account is new and has no password yet.
    Invitation,
    /// The person has lost the password.
    Reset,
}

impl LinkKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    fn parse(word: &str) -> Self {
        if word == "invitation" { Self::Invitation } else { Self::Reset }
    }
}

/// A link that can still be used.
#[derive(Debug, Clone)]
pub struct PasswordLink {
    /// What for.
    pub kind: LinkKind,
    /// Whose.
    pub user: User,
    /// When it ends.
    pub expires_at: Time,
}

/// Whether a person may choose this password.
///
/// # Errors
/// [`Error::Invalid`] with what is wrong with it.
pub(super) fn check_strength(password: &PlainSecret, user: &User) -> Result<()> {
    let text = password.expose();
    if text.chars().count() < SHORTEST {
        return Err(Error::invalid("password", format!("must have at least {SHORTEST} characters")));
    }
    let email = user.email.as_deref().unwrap_or_default();
    let words = [user.display_name.as_str(), email];
    let words = words.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).filter(|word| word.len() > 2);
    let own: Vec<&str> = ["latchkey", user.name.as_str(), email].into_iter().chain(words).collect();
    let judged = zxcvbn::zxcvbn(text, &own);
    if u8::from(judged.score()) < LEAST_SCORE {
        let advice = judged
            .feedback()
            .and_then(|feedback| feedback.warning().map(|warning| format!("{warning} ")))
            .unwrap_or_default();
        return Err(Error::invalid("password", format!("is too easy to guess. {advice}Add a word or two.")));
    }
    Ok(())
}

/// What every new password means, whoever set it: nothing that the old one opened stays open.
pub(super) fn replace_password(
    tx: &rusqlite::Transaction<'_>,
    user: &User,
    phc: &str,
    keep_session: Option<i64>,
) -> Result<()> {
    if store::identity::of_user(tx, user.id)?.is_some() {
        return Err(Error::Refused("this account comes from a company directory, which keeps its password"));
    }
    store::user::set_password(tx, user.id, phc, false)?;
    store::session::delete_others(tx, user.id, keep_session)?;
    store::device::forget_all(tx, user.id)?;
    password_link::delete_of_user(tx, user.id)?;
    Ok(())
}

impl Auth {
    /// A person changes their own password: the old one is asked for, other sessions end, this one gets another token.
    /// Blocks.
    ///
    /// # Errors
    /// [`SignInRefusal::Wrong`] where the old one is wrong; [`Error::Invalid`] where the new one is too weak.
    pub fn change_password(
        &self,
        session: &Session,
        old: &PlainSecret,
        new: &PlainSecret,
        device: Option<&str>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<NewToken, SignInRefusal> {
        let user = &session.user;
        self.refuse_for_company_accounts(user)?;
        check_strength(new, user)?;
        self.check_own_password(user, old, device, visitor)?;
        let device = self.known_device(user, device)?;
        let now = self.0.clock.now();
        if old == new {
            return Err(Error::invalid("password", "is the one you have now").into());
        }
        let phc = self.hash_password(new)?;
        let actor = Actor::person(user, visitor);
        Ok(self.0.store.write(|tx| {
            replace_password(tx, user, &phc, Some(session.id))?;
            // The browser that it was changed in is the person's own.
            if device != [0; 32] {
                store::device::remember(tx, user.id, &device, now)?;
            }
            self.audit(tx, &actor, "password.change", Some(user.name.as_str()), None)?;
            // A password alone is no fresh proof where a second factor is bound.
            self.renew_session(tx, session, Proof::Old)
        })?)
    }

    /// A person who had to change the password chooses one, right after the sign-in. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is too weak, or the one they have; [`Error::Refused`] where nothing has to be changed.
    pub fn choose_password(&self, session: &Session, new: &PlainSecret, visitor: Visitor<'_>) -> Result<NewToken> {
        let user = &session.user;
        if !session.restricted || !user.must_change_password {
            return Err(Error::Refused("the password does not have to be changed"));
        }
        check_strength(new, user)?;
        let old = self.0.store.read(|c| store::user::password(c, user.id))?;
        if let Some(old) = old
            && self.0.hasher.verify(new, &old)?
        {
            return Err(Error::invalid("password", "is the one you have now"));
        }
        let phc = self.hash_password(new)?;
        let actor = Actor::person(user, visitor);
        self.0.store.write(|tx| {
            replace_password(tx, user, &phc, Some(session.id))?;
            self.audit(tx, &actor, "password.change", Some(user.name.as_str()), None)?;
            self.renew_session(tx, session, Proof::Old)
        })
    }

    /// Makes a link by which a person chooses a password; an earlier one ends. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]
    pub fn password_link(&self, user: &str, kind: LinkKind, actor: &Actor) -> Result<PlainSecret> {
        let user = self.user(user)?;
        self.refuse_for_company_accounts(&user)?;
        self.0.store.write(|tx| self.add_password_link(tx, &user, kind, actor))
    }

    /// The same for a form that is carried out once. Nobody makes one for themselves: whoever sits at somebody's
    /// open session would only need that to take the account over. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::Refused`]; [`Error::AlreadyDone`] where the form was sent before.
    pub fn password_link_once(
        &self,
        user: &str,
        kind: LinkKind,
        form: &OneTimeForm,
        actor: &Actor,
    ) -> Result<PlainSecret> {
        let user = self.user(user)?;
        if actor.is(&user) {
            return Err(Error::Refused("you change your own password on your profile"));
        }
        self.refuse_for_company_accounts(&user)?;
        self.0.store.write(|tx| {
            use_form(tx, Some(form), self.0.clock.now())?;
            self.add_password_link(tx, &user, kind, actor)
        })
    }

    pub(super) fn add_password_link(
        &self,
        tx: &rusqlite::Transaction<'_>,
        user: &User,
        kind: LinkKind,
        actor: &Actor,
    ) -> Result<PlainSecret> {
        let token = Token::Link.generate();
        let end = self.0.clock.now() + seconds(LINK_LIFE.as_secs());
        password_link::replace(tx, user.id, &digest(token.expose()), kind.as_str(), &actor.name, end)?;
        self.audit(tx, actor, &format!("password-link.{}", kind.as_str()), Some(user.name.as_str()), None)?;
        Ok(token)
    }

    /// The link of a token; `None` where it was used, has ended, or never was.
    ///
    /// # Errors
    /// The database's.
    pub fn open_password_link(&self, token: &str) -> Result<Option<PasswordLink>> {
        if !Token::Link.is(token) {
            return Ok(None);
        }
        let now = self.0.clock.now();
        let found = self.0.store.read(|c| password_link::by_digest(c, &digest(token)))?;
        let live = found.filter(|link| now < link.expires_at && link.user.is_active());
        Ok(live.map(|link| PasswordLink {
            kind: LinkKind::parse(&link.kind),
            user: link.user,
            expires_at: link.expires_at,
        }))
    }

    /// When the link of an account ends, where one is out.
    ///
    /// # Errors
    /// The database's.
    pub fn password_link_of(&self, user: &User) -> Result<Option<(LinkKind, Time)>> {
        let now = self.0.clock.now();
        let found = self.0.store.read(|c| password_link::of_user(c, user.id))?;
        Ok(found.filter(|(_, end)| now < *end).map(|(kind, end)| (LinkKind::parse(&kind), end)))
    }

    /// Sets the password that the holder of a link chose. The link and all sessions end; the second factor stays.
    /// Gives a token that marks the browser as the person's own: strangers who guess meanwhile must not slow it. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the password is too weak, or the link is good no more.
    pub fn use_password_link(&self, token: &str, password: &PlainSecret, visitor: Visitor<'_>) -> Result<PlainSecret> {
        let ended = || Error::invalid("link", "was used already or has ended");
        let link = self.open_password_link(token)?.ok_or_else(ended)?;
        check_strength(password, &link.user)?;
        let phc = self.hash_password(password)?;
        let actor = Actor::person(&link.user, visitor);
        let device = Token::Device.generate();
        let now = self.0.clock.now();
        self.0.store.write(|tx| {
            // Looked at again, so that of two at the same time one wins.
            if password_link::by_digest(tx, &digest(token))?.is_none() {
                return Err(ended());
            }
            replace_password(tx, &link.user, &phc, None)?;
            store::device::remember(tx, link.user.id, &digest(device.expose()), now)?;
            self.audit(tx, &actor, "password.set-by-link", Some(link.user.name.as_str()), None)?;
            Ok(device.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Home, UserName};

    #[test]
    fn passwords_that_are_easily_guessed_are_refused() {
        let user = User {
            id: 1,
            name: UserName::parse("wilhelmina").expect("a name"),
            display_name: "Wilhelmina Sommerfeldt".to_owned(),
            email: Some("w@sommerfeldt.example".to_owned()),
            is_admin: false,
            must_change_password: false,
            home: Home::Inside("wilhelmina".to_owned()),
            created_at: crate::clock::from_millis(0),
            disabled_at: None,
            quota: None,
            suspended: None,
        };
        let check = |text: &str| check_strength(&PlainSecret::new(text.to_owned()), &user);
        for weak in ["", "short7#Kq", "password123", "wilhelmina1", "Sommerfeldt1", "aaaaaaaaaaaaaaaa", "qwertyuiop"] {
            assert!(check(weak).is_err(), "{weak}");
        }
        for good in ["vermilion otter ladder", "kT9$wq2!xLm4"] {
            assert!(check(good).is_ok(), "{good}");
        }
        assert!(check(&"long and winding ".repeat(60)).is_ok());
    }
}
