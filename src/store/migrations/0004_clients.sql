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

-- Trees of which clients ask what has changed (RFC 6578): homes, and folders that passwords are confined to, each as
-- it is seen from its own top.
CREATE TABLE sync_tree (
    id         INTEGER PRIMARY KEY,
    -- Key of the topmost folder, as in lock.resource.
    top        BLOB    NOT NULL UNIQUE,
    -- The number of the last look that found something changed.
    sequence   INTEGER NOT NULL,
    -- Deletions up to this look are forgotten; a token older than that is no longer valid.
    floor      INTEGER NOT NULL,
    -- No token is made of an older look than this: it would soon be beneath the floor, though nothing has changed.
    base       INTEGER NOT NULL,
    looked_at  INTEGER NOT NULL
) STRICT;

-- Each look that found something changed, and number 0 for the beginning. The mark is random: a token of a look that a
-- restored backup knows nothing of is not mistaken for one of its own later looks.
CREATE TABLE sync_look (
    tree_id  INTEGER NOT NULL REFERENCES sync_tree (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    mark     BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (tree_id, sequence)
) STRICT, WITHOUT ROWID;

-- What the looks found: every file and folder, and those that are gone.
CREATE TABLE sync_member (
    tree_id   INTEGER NOT NULL REFERENCES sync_tree (id) ON DELETE CASCADE,
    -- Path of the folder beneath the top, and the name in it.
    folder    BLOB    NOT NULL,
    name      BLOB    NOT NULL,
    -- The look that found it as it is.
    sequence  INTEGER NOT NULL,
    -- What it was found as: the entity tag, and for a link what it leads to. Empty where the next look is to find it
    -- changed in any case. NULL: it is gone.
    state     TEXT,
    -- What it is, or was before it was gone.
    is_folder INTEGER NOT NULL,
    PRIMARY KEY (tree_id, folder, name)
) STRICT, WITHOUT ROWID;

-- For clearing: the oldest of what is gone.
CREATE INDEX sync_member_gone ON sync_member (tree_id, sequence) WHERE state IS NULL;

-- What was expected, and no look has seen yet.
CREATE INDEX sync_member_expected ON sync_member (tree_id) WHERE sequence = 0;
