-- Who may use the console of a server in production. A copy of these rows lets nobody in: passwords are stretched, links and
-- sessions are hashes, and a key for one-time codes follows from the house key and the seed.
CREATE TABLE operators (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password TEXT NOT NULL,
    totp_seed BYTEA NOT NULL,
    totp_step BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX operators_name ON operators (name);

CREATE TABLE operator_sessions (
    hash BYTEA NOT NULL PRIMARY KEY,
    operator_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX operator_sessions_operator ON operator_sessions (operator_id);

CREATE TABLE operator_links (
    hash BYTEA NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    first BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
