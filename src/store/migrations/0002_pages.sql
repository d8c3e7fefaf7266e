-- Frozen once released: a change is a new step with the next number.
-- What the pages need: sessions, second factors, links to hand over, settings, counters.

-- Bytes a person may use; null for no limit.
ALTER TABLE user ADD COLUMN quota INTEGER;
-- The value of WebAuthn's user handle (§5.4.3): random, so that it says nothing about the person.
ALTER TABLE user ADD COLUMN passkey_handle BLOB;
CREATE UNIQUE INDEX user_passkey_handle ON user (passkey_handle);
-- Last use of an application password or of the pages, at most a minute late.
ALTER TABLE user ADD COLUMN last_seen_at INTEGER;
-- Name, display name and e-mail address in small letters, line by line: what the list of people is searched in. The
-- step goes on in Rust, which knows the small letters of all scripts.
ALTER TABLE user ADD COLUMN folded TEXT NOT NULL DEFAULT '';

-- What happened with a deed, where kind and subject do not say all of it.
ALTER TABLE audit ADD COLUMN detail TEXT;
CREATE INDEX audit_user ON audit (user, id);

-- The application password that this one takes over from, by its selector.
ALTER TABLE app_password ADD COLUMN replaces TEXT;

CREATE TABLE session (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id          INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    -- SHA-256 of what the cookie holds; another one after each step up.
    digest           BLOB    NOT NULL UNIQUE,
    created_at       INTEGER NOT NULL,
    last_seen_at     INTEGER NOT NULL,
    -- When the person last proved who they are.
    authenticated_at INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    -- 1 while a password has to be changed or a second factor bound: opens those pages and no others.
    restricted       INTEGER NOT NULL DEFAULT 0,
    address          TEXT    NOT NULL,
    agent            TEXT
) STRICT;

CREATE INDEX session_of_user ON session (user_id);

-- Forms that were sent once and must not be carried out again when a browser sends them again.
CREATE TABLE used_form (
    id         BLOB    PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    used_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_form_of_session ON used_form (session_id);

-- Browsers from which a person has signed in before: guesses of strangers do not slow them.
CREATE TABLE known_device (
    digest  BLOB    PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX known_device_of_user ON known_device (user_id, seen_at);

CREATE TABLE totp (
    user_id      INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    -- The shared secret, encrypted with a key from storage/keys/. A row is a bound secret: an offered one is kept in
    -- memory, for the session that it was offered to.
    secret       BLOB    NOT NULL,
    bound_at     INTEGER NOT NULL,
    -- The time step of the last accepted code: none is accepted twice (RFC 6238 §5.2).
    last_step    INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

CREATE TABLE recovery_code (
    -- SHA-256 of a code of 80 random bits.
    digest  BLOB    PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX recovery_code_of_user ON recovery_code (user_id);

CREATE TABLE passkey (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    credential_id BLOB    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    -- Public key, counter and flags, as JSON.
    credential    TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER
) STRICT;

CREATE INDEX passkey_of_user ON passkey (user_id);

-- Links that let a person choose a password, once.
CREATE TABLE password_link (
    -- SHA-256 of the token in the link.
    digest     BLOB    PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL CHECK (kind IN ('invitation', 'reset')),
    created_by TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX password_link_of_user ON password_link (user_id);

-- What an administrator set on the pages; goes before the file.
CREATE TABLE setting (
    name       TEXT    PRIMARY KEY,
    value      TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests by quarter of an hour.
CREATE TABLE traffic (
    -- Start of the quarter, in milliseconds since 1970.
    at       INTEGER PRIMARY KEY,
    requests INTEGER NOT NULL,
    -- Refused at the gate: 401, 429.
    refused  INTEGER NOT NULL,
    -- The server's own failures: 5xx.
    failed   INTEGER NOT NULL
) STRICT;

-- What a person's files take, as last measured.
CREATE TABLE usage (
    user_id     INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    bytes       INTEGER NOT NULL,
    files       INTEGER NOT NULL,
    measured_at INTEGER NOT NULL
) STRICT;
