-- Indexes for pools of a million users and houses of a thousand pools.

-- The disabled users alone, who are few: an index on `enabled` would be one more write for every user.
CREATE INDEX users_disabled ON users (pool_id, sub) WHERE enabled = 0;

-- With the group's name, so that a user's groups are read from the index: without it SQLite, which knows no numbers, takes
-- the primary key for the cheaper one and walks all memberships of the pool.
DROP INDEX memberships_user;
CREATE INDEX memberships_of_user ON memberships (pool_id, sub, group_name);

CREATE INDEX domains_name ON domains (domain);
