-- +goose Up
-- What scripts printed, in pieces as their hosts sent them.
CREATE TABLE host_logs (
    deployment_id TEXT   NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    target_id     TEXT   NOT NULL,
    event         TEXT   NOT NULL,
    ends          BIGINT NOT NULL, -- bytes of the log up to the end of the piece
    doc           TEXT   NOT NULL,
    PRIMARY KEY (deployment_id, target_id, event, ends)
);

-- +goose Down
DROP TABLE host_logs;
