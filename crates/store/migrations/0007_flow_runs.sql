-- Test runs of a flow, begun in the console: each belongs to the browser session that began it. A copy of these rows tells no token:
-- what a run holds is sealed with its pool's key, and its owner and its handle are here as hashes alone.
CREATE TABLE flow_runs (
    hash BYTEA NOT NULL PRIMARY KEY,
    owner BYTEA NOT NULL,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX flow_runs_owner ON flow_runs (owner);
CREATE INDEX flow_runs_expiry ON flow_runs (expires_at);
CREATE INDEX flow_runs_pool ON flow_runs (pool_id);
