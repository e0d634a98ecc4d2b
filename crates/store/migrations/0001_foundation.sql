-- Times are milliseconds since the epoch. The migrator makes every text column compare bytewise on PostgreSQL.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE pools (
    id TEXT NOT NULL PRIMARY KEY,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL
);
CREATE INDEX pools_region ON pools (region, id);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL
);
CREATE INDEX clients_pool ON clients (pool_id, id);

CREATE TABLE client_secrets (
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, id)
);

-- region is '' for a custom domain, which is unique everywhere. A pool with a domain cannot be deleted.
CREATE TABLE domains (
    domain TEXT NOT NULL,
    region TEXT NOT NULL,
    pool_id TEXT NOT NULL REFERENCES pools (id),
    kind TEXT NOT NULL CHECK (kind IN ('prefix', 'custom')),
    document TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (region, domain),
    UNIQUE (pool_id, kind)
);

CREATE TABLE resource_servers (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    identifier TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, identifier)
);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('id', 'access')),
    state TEXT NOT NULL CHECK (state IN ('active', 'next', 'retired')),
    sealed BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retire_at BIGINT
);
CREATE INDEX signing_keys_pool ON signing_keys (pool_id);
-- One active and one next key for each purpose, however many nodes rotate at once.
CREATE UNIQUE INDEX signing_keys_in_use ON signing_keys (pool_id, purpose, state) WHERE state <> 'retired';

CREATE TABLE users (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    sub TEXT NOT NULL,
    username TEXT NOT NULL,
    status TEXT NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    email TEXT,
    phone_number TEXT,
    name TEXT,
    given_name TEXT,
    family_name TEXT,
    preferred_username TEXT,
    attributes TEXT NOT NULL,
    password_hash TEXT,
    srp_sealed BYTEA,
    temporary_expires_at BIGINT,
    signed_out_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (pool_id, sub)
);
CREATE INDEX users_username ON users (pool_id, username, sub);
CREATE INDEX users_status ON users (pool_id, status, sub);
CREATE INDEX users_email ON users (pool_id, email, sub);
CREATE INDEX users_phone_number ON users (pool_id, phone_number, sub);
CREATE INDEX users_name ON users (pool_id, name, sub);
CREATE INDEX users_given_name ON users (pool_id, given_name, sub);
CREATE INDEX users_family_name ON users (pool_id, family_name, sub);
CREATE INDEX users_preferred_username ON users (pool_id, preferred_username, sub);

-- The primary key makes a name belong to one user, whichever kind of name it is to each of them.
CREATE TABLE sign_in_names (
    pool_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('username', 'email', 'phone_number', 'preferred_username')),
    sub TEXT NOT NULL,
    PRIMARY KEY (pool_id, name),
    FOREIGN KEY (pool_id, sub) REFERENCES users (pool_id, sub) ON DELETE CASCADE
);
CREATE INDEX sign_in_names_user ON sign_in_names (pool_id, sub);

CREATE TABLE user_groups (
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    role_arn TEXT,
    precedence BIGINT,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, name)
);

CREATE TABLE memberships (
    pool_id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    sub TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, group_name, sub),
    FOREIGN KEY (pool_id, group_name) REFERENCES user_groups (pool_id, name) ON DELETE CASCADE,
    FOREIGN KEY (pool_id, sub) REFERENCES users (pool_id, sub) ON DELETE CASCADE
);
CREATE INDEX memberships_user ON memberships (pool_id, sub);

CREATE TABLE codes (
    pool_id TEXT NOT NULL,
    sub TEXT NOT NULL,
    purpose TEXT NOT NULL,
    mac BYTEA NOT NULL,
    destination TEXT NOT NULL,
    medium TEXT NOT NULL,
    attribute TEXT,
    pending TEXT,
    client_id TEXT,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, sub, purpose),
    FOREIGN KEY (pool_id, sub) REFERENCES users (pool_id, sub) ON DELETE CASCADE
);
CREATE INDEX codes_expiry ON codes (expires_at);

CREATE TABLE attempts (
    pool_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    PRIMARY KEY (pool_id, subject, kind)
);
CREATE INDEX attempts_last ON attempts (last_at);

CREATE TABLE challenge_sessions (
    hash BYTEA NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    sub TEXT,
    challenge TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX challenge_sessions_expiry ON challenge_sessions (expires_at);
CREATE INDEX challenge_sessions_user ON challenge_sessions (pool_id, sub);

CREATE TABLE authorization_codes (
    hash BYTEA NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    sub TEXT NOT NULL,
    document TEXT NOT NULL,
    origin_jti TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT
);
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);
CREATE INDEX authorization_codes_user ON authorization_codes (pool_id, sub);

CREATE TABLE refresh_families (
    origin_jti TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    sub TEXT NOT NULL,
    document TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX refresh_families_user ON refresh_families (pool_id, sub);
CREATE INDEX refresh_families_client ON refresh_families (client_id);
CREATE INDEX refresh_families_expiry ON refresh_families (expires_at);

CREATE TABLE refresh_tokens (
    hash BYTEA NOT NULL PRIMARY KEY,
    origin_jti TEXT NOT NULL REFERENCES refresh_families (origin_jti) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    replaced_at BIGINT,
    replaced_until BIGINT
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (origin_jti);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE browser_sessions (
    hash BYTEA NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    sub TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX browser_sessions_user ON browser_sessions (pool_id, sub);
CREATE INDEX browser_sessions_expiry ON browser_sessions (expires_at);

CREATE TABLE access_keys (
    id TEXT NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    policy TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);

CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    pool_id TEXT NOT NULL,
    address TEXT NOT NULL,
    medium TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT,
    body TEXT NOT NULL,
    code TEXT,
    link TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX messages_address ON messages (address, id);
