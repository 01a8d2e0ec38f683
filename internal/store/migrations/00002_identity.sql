-- +goose Up
-- folded is a name in lower case, as in users. An owner is a user or a role;
-- the code sees to it that it exists, because it can be in one of two tables.

CREATE TABLE roles (
    account TEXT NOT NULL,
    folded  TEXT NOT NULL,
    name    TEXT NOT NULL,
    path    TEXT NOT NULL,
    doc     TEXT NOT NULL,
    PRIMARY KEY (account, folded)
);

CREATE TABLE inline_policies (
    account  TEXT NOT NULL,
    owner    TEXT NOT NULL, -- user or role
    folded   TEXT NOT NULL,
    name     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, owner, folded, name)
);
INSERT INTO inline_policies (account, owner, folded, name, document)
    SELECT account, 'user', folded, name, document FROM user_policies;
DROP TABLE user_policies;

CREATE TABLE managed_policies (
    account TEXT NOT NULL,
    folded  TEXT NOT NULL,
    name    TEXT NOT NULL,
    path    TEXT NOT NULL,
    doc     TEXT NOT NULL, -- with all its versions
    PRIMARY KEY (account, folded)
);

CREATE TABLE policy_attachments (
    account TEXT NOT NULL,
    owner   TEXT NOT NULL,
    folded  TEXT NOT NULL,
    arn     TEXT NOT NULL,
    PRIMARY KEY (account, owner, folded, arn)
);
CREATE INDEX policy_attachments_by_policy ON policy_attachments (account, arn);

-- +goose Down
CREATE TABLE user_policies (
    account  TEXT NOT NULL,
    folded   TEXT NOT NULL,
    name     TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, folded, name),
    FOREIGN KEY (account, folded) REFERENCES users (account, folded)
);
INSERT INTO user_policies (account, folded, name, document)
    SELECT account, folded, name, document FROM inline_policies WHERE owner = 'user';
DROP TABLE policy_attachments;
DROP TABLE managed_policies;
DROP TABLE inline_policies;
DROP TABLE roles;
