-- +goose Up
CREATE TABLE alarms (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    name    TEXT NOT NULL,
    state   TEXT NOT NULL,
    doc     TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
);

-- +goose Down
DROP TABLE alarms;
