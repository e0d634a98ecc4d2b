-- The audit trail. A chain is what one process wrote, in order; mac covers the row and the mac before it.

CREATE TABLE audit_rows (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    previous BYTEA NOT NULL,
    mac BYTEA NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_rows_at ON audit_rows (at, chain, seq);
