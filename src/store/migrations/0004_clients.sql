-- Frozen once released: a change is a new step with the next number.
-- What clients ask of files beyond their bytes: digests that uploads came with, and what has changed since.

-- Digests that were checked as the bytes came; they follow their file as properties do. Void where the file's entity
-- tag is another by now.
CREATE TABLE digest (
    resource  BLOB NOT NULL,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('md5', 'sha-1', 'sha-256', 'sha-512')),
    etag      TEXT NOT NULL,
    value     BLOB NOT NULL,
    PRIMARY KEY (resource, algorithm)
) STRICT, WITHOUT ROWID;

-- Homes of which clients ask what has changed (RFC 6578).
CREATE TABLE sync_home (
    id         INTEGER PRIMARY KEY,
    -- The home's key, as in lock.resource.
    home       BLOB    NOT NULL UNIQUE,
    -- The number of the last look that found something changed.
    sequence   INTEGER NOT NULL,
    -- Deletions up to this look are forgotten; a token older than that is no longer valid.
    floor      INTEGER NOT NULL,
    looked_at  INTEGER NOT NULL
) STRICT;

-- Each look that found something changed. The mark is random: a token of a look that a restored backup knows nothing
-- of is not mistaken for one of its own later looks.
CREATE TABLE sync_look (
    home_id  INTEGER NOT NULL REFERENCES sync_home (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    mark     BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (home_id, sequence)
) STRICT, WITHOUT ROWID;

-- What the looks found: every file and folder, and those that are gone.
CREATE TABLE sync_member (
    home_id  INTEGER NOT NULL REFERENCES sync_home (id) ON DELETE CASCADE,
    -- Path of the folder in the home, and the name in it.
    folder   BLOB    NOT NULL,
    name     BLOB    NOT NULL,
    -- The look that found it as it is.
    sequence INTEGER NOT NULL,
    -- Entity tag; empty where its properties have changed since the last look. NULL: it is gone.
    etag     TEXT,
    PRIMARY KEY (home_id, folder, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX sync_member_by_sequence ON sync_member (home_id, sequence);
