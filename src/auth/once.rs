//! Forms whose answer shows a secret are carried out once: a browser that sends one again gets no second secret.

use super::{Auth, Result};
use crate::secret;
use crate::store;

/// Bytes of a form's id.
const LENGTH: usize = 16;

/// The id of a form, in the session that sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    session: i64,
    form: String,
}

impl Once {
    /// A form that a session has sent; `None` where no page of ours gave out such an id.
    #[must_use]
    pub fn read(session: i64, form: &str) -> Option<Self> {
        let is_id = form.len() == 2 * LENGTH && form.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| Self { session, form: form.to_owned() })
    }

    /// An id for a new form.
    #[must_use]
    pub fn new_id() -> String {
        secret::random::<LENGTH>().map(|byte| format!("{byte:02x}")).concat()
    }
}

impl Auth {
    /// Marks a form as carried out, in the transaction of its deed; `false` where it was before.
    pub(super) fn use_once(&self, tx: &rusqlite::Transaction<'_>, once: &Once) -> Result<bool> {
        Ok(store::session::use_form(tx, once.session, once.form.as_bytes(), self.0.clock.now())?)
    }
}
