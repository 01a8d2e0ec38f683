-- +goose Up
CREATE TABLE deployment_configs (
    id      TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    name    TEXT NOT NULL,
    doc     TEXT NOT NULL,
    UNIQUE (account, region, name)
);

-- The token is in the doc, sealed.
CREATE TABLE github_tokens (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    name    TEXT NOT NULL,
    doc     TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
);

-- What lists of revisions are sorted and selected by. The times of
-- revisions that were not used are 0, the bucket of those that lie in none is
-- empty.
ALTER TABLE revisions ADD COLUMN registered_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN first_used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN last_used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revisions ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN object_key TEXT NOT NULL DEFAULT '';
CREATE INDEX revisions_by_registration ON revisions (application_id, registered_at, revision_key);
CREATE INDEX revisions_by_first_use ON revisions (application_id, first_used_at, revision_key);
CREATE INDEX revisions_by_last_use ON revisions (application_id, last_used_at, revision_key);

-- +goose Down
DROP INDEX revisions_by_last_use;
DROP INDEX revisions_by_first_use;
DROP INDEX revisions_by_registration;
ALTER TABLE revisions DROP COLUMN object_key;
ALTER TABLE revisions DROP COLUMN bucket;
ALTER TABLE revisions DROP COLUMN last_used_at;
ALTER TABLE revisions DROP COLUMN first_used_at;
ALTER TABLE revisions DROP COLUMN registered_at;
DROP TABLE github_tokens;
DROP TABLE deployment_configs;
