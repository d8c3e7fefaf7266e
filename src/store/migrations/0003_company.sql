-- Frozen once released: a change is a new step with the next number.
-- Accounts that live in a company directory.

-- Since when, and why, the account opens nothing because of what its directory said; beside what an administrator
-- decided in disabled_at.
ALTER TABLE user ADD COLUMN suspended_at INTEGER;
ALTER TABLE user ADD COLUMN suspended_because TEXT
    CHECK (suspended_because IN ('gone', 'disabled', 'expired', 'not-allowed', 'unconfirmed'));

-- Which directory an account comes from; at most one. The key is (issuer, subject), never a name or an address.
CREATE TABLE identity (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id           INTEGER NOT NULL UNIQUE REFERENCES user (id) ON DELETE CASCADE,
    kind              TEXT    NOT NULL CHECK (kind IN ('oidc', 'ldap')),
    -- Name of the entry in the configuration.
    directory         TEXT    NOT NULL,
    -- OpenID Connect: the issuer as the ID token names it. LDAP: 'ldap:' and the directory's name.
    issuer            TEXT    NOT NULL,
    -- OpenID Connect: `sub`. LDAP: objectGUID, entryUUID or the like.
    subject           TEXT    NOT NULL,
    -- What the directory calls the person, for administrators.
    shown             TEXT    NOT NULL DEFAULT '',
    linked_at         INTEGER NOT NULL,
    signed_in_at      INTEGER,
    -- When the directory last said that the account is alive, and when it was last asked.
    confirmed_at      INTEGER,
    checked_at        INTEGER NOT NULL,
    -- Passes in a row in which the directory did not know it.
    missing           INTEGER NOT NULL DEFAULT 0,
    unconfirmed_since INTEGER,
    -- Why the last look confirmed nothing.
    failure           TEXT,
    -- Encrypted, see storage/keys/.
    refresh_token     BLOB,
    UNIQUE (issuer, subject)
) STRICT;

CREATE INDEX identity_of_directory ON identity (kind, directory, checked_at);

-- How the last look at a whole directory went, for the overview and `latchkey doctor`.
CREATE TABLE directory (
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    passed_at    INTEGER,
    answered_at  INTEGER,
    -- Since when, and why, it does not answer.
    failing_since INTEGER,
    failure      TEXT,
    -- What an administrator has to look at.
    alarm_at     INTEGER,
    alarm        TEXT,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Which provider a session was signed in by, and its name for its own session (`sid`), for a logout that it tells.
ALTER TABLE session ADD COLUMN provider TEXT;
ALTER TABLE session ADD COLUMN sid TEXT;
