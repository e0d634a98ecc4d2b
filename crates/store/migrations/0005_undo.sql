-- What the console deleted, for as long as it can be put back: one row a deletion, and its rows in parts.
CREATE TABLE undo (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    target TEXT NOT NULL,
    pool_id TEXT NOT NULL,
    pool_name TEXT NOT NULL,
    pool_made_at BIGINT NOT NULL,
    deleted_by TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    size BIGINT NOT NULL,
    wrapped_key BYTEA
);
CREATE INDEX undo_at ON undo (at, id);
CREATE INDEX undo_expiry ON undo (expires_at);

CREATE TABLE undo_rows (
    undo_id TEXT NOT NULL REFERENCES undo (id) ON DELETE CASCADE,
    part BIGINT NOT NULL,
    table_name TEXT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (undo_id, part)
);
