-- A signing key is published before it signs: activate_at is the time from which it does, or did.
ALTER TABLE signing_keys ADD COLUMN activate_at BIGINT NOT NULL DEFAULT 0;
UPDATE signing_keys SET activate_at = created_at;
CREATE INDEX signing_keys_due ON signing_keys (state, activate_at);
CREATE INDEX signing_keys_retired ON signing_keys (retire_at) WHERE state = 'retired';

-- The processes that share this database, and the master keys each of them holds: ids, the active one first.
CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    ring TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
