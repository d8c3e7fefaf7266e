-- Frozen: a change is a new step with the next number.
-- Instants are milliseconds since 1970, in UTC. Ids are never used again.

CREATE TABLE user (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    name                 TEXT    NOT NULL UNIQUE,
    display_name         TEXT    NOT NULL DEFAULT '',
    -- Case-folded. Holds an '@', which a name never does: one namespace for sign-in.
    email                TEXT    UNIQUE CHECK (email IS NULL OR instr(email, '@') > 0),
    is_admin             INTEGER NOT NULL DEFAULT 0,
    -- argon2id PHC string of the account's password; never accepted on a WebDAV path.
    password             TEXT,
    must_change_password INTEGER NOT NULL DEFAULT 0,
    -- Name of a folder in storage/files/, or null where home_outside says an absolute path.
    home_inside          TEXT    UNIQUE,
    home_outside         BLOB,
    created_at           INTEGER NOT NULL,
    disabled_at          INTEGER,
    CHECK ((home_inside IS NULL) <> (home_outside IS NULL))
) STRICT;

CREATE TABLE app_password (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id         INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    selector        TEXT    NOT NULL UNIQUE,
    -- argon2id PHC string of the secret.
    phc             TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    scope           TEXT    NOT NULL CHECK (scope IN ('read-write', 'read-only', 'upload-only')),
    -- JSON arrays of texts; empty for no limit.
    folders         TEXT    NOT NULL DEFAULT '[]',
    networks        TEXT    NOT NULL DEFAULT '[]',
    created_at      INTEGER NOT NULL,
    created_from    TEXT,
    created_by      TEXT    NOT NULL,
    expires_at      INTEGER,
    last_used_at    INTEGER,
    last_used_from  TEXT,
    last_used_agent TEXT,
    revoked_at      INTEGER,
    revoked_by      TEXT
) STRICT;

CREATE INDEX app_password_of_user ON app_password (user_id);

CREATE TABLE api_token (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the whole token.
    digest       BLOB    NOT NULL UNIQUE,
    label        TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    networks     TEXT    NOT NULL DEFAULT '[]',
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

-- Resources are named by the key that files/ gives them: 'files/<home>/<path>' inside the storage, an absolute
-- path outside; bytes, without trailing slash. Two people who share a folder share keys, and so locks.

CREATE TABLE lock (
    token      TEXT    PRIMARY KEY,
    resource   BLOB    NOT NULL,
    -- 1 for Depth: infinity.
    deep       INTEGER NOT NULL,
    shared     INTEGER NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    -- The DAV:owner element as the client wrote it; empty where it wrote none.
    owner      TEXT    NOT NULL DEFAULT '',
    -- Where the client saw the lock root, percent-encoded, beneath /dav.
    href       TEXT    NOT NULL,
    timeout_s  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX lock_of_resource ON lock (resource);
CREATE INDEX lock_of_user ON lock (user_id);

CREATE TABLE property (
    resource  BLOB NOT NULL,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    -- The whole element as XML that declares its own namespaces.
    element   TEXT NOT NULL,
    PRIMARY KEY (resource, namespace, name)
) STRICT, WITHOUT ROWID;

-- A deed on the disk that moves, copies or ends properties and locks is announced here, so that a crash between
-- disk and database is mended at the next start. The inode tells whether the deed was done.
CREATE TABLE pending_change (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT    NOT NULL CHECK (kind IN ('copy', 'move', 'remove')),
    source   BLOB    NOT NULL,
    target   BLOB    NOT NULL,
    device   INTEGER NOT NULL,
    inode    INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    -- 'app-password.issue', 'user.add', …
    kind    TEXT    NOT NULL,
    -- Who did it: 'cli', 'api-token:ID', 'server' or a user name.
    actor   TEXT    NOT NULL,
    -- To whom, and to which thing of theirs.
    user    TEXT,
    subject TEXT,
    address TEXT
) STRICT;

CREATE INDEX audit_at ON audit (at);
