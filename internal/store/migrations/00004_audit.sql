-- +goose Up
-- Rows are only ever added, and numbered in the order in which they are: who
-- follows the audit must not miss one that has the time of another.
CREATE TABLE audit (
    seq     INTEGER NOT NULL PRIMARY KEY,
    account TEXT    NOT NULL,
    doc     TEXT    NOT NULL
);

-- +goose Down
DROP TABLE audit;
