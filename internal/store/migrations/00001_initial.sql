-- +goose Up
-- Times are milliseconds since 1970. A doc is the domain value as JSON; the
-- columns beside it are what queries look at.

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE applications (
    id      TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    name    TEXT NOT NULL,
    doc     TEXT NOT NULL,
    UNIQUE (account, region, name)
);

CREATE TABLE deployment_groups (
    id             TEXT NOT NULL PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    doc            TEXT NOT NULL,
    UNIQUE (application_id, name)
);

CREATE TABLE revisions (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    revision_key   TEXT NOT NULL,
    doc            TEXT NOT NULL,
    PRIMARY KEY (application_id, revision_key)
);

CREATE TABLE instances (
    account         TEXT    NOT NULL,
    region          TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    host_identifier TEXT    NOT NULL,
    registered      INTEGER NOT NULL,
    doc             TEXT    NOT NULL,
    PRIMARY KEY (account, region, name)
);
-- One principal is one host.
CREATE UNIQUE INDEX instances_identity ON instances (account, region, host_identifier) WHERE registered = 1;

-- Deployments stay when their application or group goes: history is readable
-- by id.
CREATE TABLE deployments (
    id           TEXT    NOT NULL PRIMARY KEY,
    account      TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    group_id     TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    active       INTEGER NOT NULL,
    exclusive    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    completed_at INTEGER NOT NULL,
    wake_at      INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    stop         TEXT    NOT NULL,
    doc          TEXT    NOT NULL
);
CREATE INDEX deployments_by_time ON deployments (account, region, created_at, id);
CREATE INDEX deployments_by_group ON deployments (group_id, created_at);
CREATE INDEX deployments_by_result ON deployments (group_id, status, completed_at, created_at, id);
CREATE INDEX deployments_active ON deployments (account, region) WHERE active = 1;
CREATE INDEX deployments_due ON deployments (wake_at) WHERE active = 1;
-- One active deployment per group, whatever the code above believes.
CREATE UNIQUE INDEX deployments_one_active ON deployments (group_id) WHERE active = 1 AND exclusive = 1;

CREATE TABLE targets (
    deployment_id TEXT    NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    id            TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    doc           TEXT    NOT NULL,
    PRIMARY KEY (deployment_id, id)
);

CREATE TABLE host_commands (
    id            TEXT    NOT NULL PRIMARY KEY,
    deployment_id TEXT    NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    host          TEXT    NOT NULL, -- account, region and host identifier
    live          INTEGER NOT NULL,
    available_at  INTEGER NOT NULL, -- when it may be handed out (again)
    reported      INTEGER NOT NULL, -- 1: the engine has not looked at it yet
    doc           TEXT    NOT NULL
);
CREATE INDEX host_commands_ready ON host_commands (host, available_at) WHERE live = 1;
CREATE INDEX host_commands_reported ON host_commands (deployment_id) WHERE reported = 1;
CREATE INDEX host_commands_by_deployment ON host_commands (deployment_id, live);

CREATE TABLE group_hosts (
    group_id TEXT NOT NULL REFERENCES deployment_groups (id) ON DELETE CASCADE,
    host     TEXT NOT NULL,
    doc      TEXT NOT NULL,
    PRIMARY KEY (group_id, host)
);

-- folded is the name in lower case: names that differ only in case are one.
CREATE TABLE users (
    account TEXT NOT NULL,
    folded  TEXT NOT NULL,
    name    TEXT NOT NULL,
    path    TEXT NOT NULL,
    doc     TEXT NOT NULL,
    PRIMARY KEY (account, folded)
);

CREATE TABLE access_keys (
    id      TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    folded  TEXT NOT NULL,
    doc     TEXT NOT NULL,
    FOREIGN KEY (account, folded) REFERENCES users (account, folded)
);
CREATE INDEX access_keys_by_user ON access_keys (account, folded);

CREATE TABLE user_policies (
    account  TEXT NOT NULL,
    folded   TEXT NOT NULL,
    name     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, folded, name),
    FOREIGN KEY (account, folded) REFERENCES users (account, folded)
);

-- +goose Down
DROP TABLE user_policies;
DROP TABLE access_keys;
DROP TABLE users;
DROP TABLE group_hosts;
DROP TABLE host_commands;
DROP TABLE targets;
DROP TABLE deployments;
DROP TABLE instances;
DROP TABLE revisions;
DROP TABLE deployment_groups;
DROP TABLE applications;
DROP TABLE secrets;
