-- +goose Up
-- Rows are only ever added. A row's id is its request's.
CREATE TABLE audit (
    at      INTEGER NOT NULL,
    id      TEXT    NOT NULL,
    account TEXT    NOT NULL,
    doc     TEXT    NOT NULL,
    PRIMARY KEY (at, id)
);

-- +goose Down
DROP TABLE audit;
