-- +goose Up
CREATE TABLE actions (
    id            TEXT   NOT NULL PRIMARY KEY,
    deployment_id TEXT   NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
    open          BIGINT NOT NULL,
    due_at        BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL, -- somebody is at it until then
    reported      BIGINT NOT NULL, -- 1: the engine has not looked at its outcome yet
    doc           TEXT   NOT NULL
);
CREATE INDEX actions_due ON actions (due_at) WHERE open = 1;
CREATE INDEX actions_by_deployment ON actions (deployment_id);
CREATE INDEX actions_reported ON actions (deployment_id) WHERE reported = 1;

-- 1: a rollback that puts traffic back, whose success is not the group's.
ALTER TABLE deployments ADD COLUMN undoes BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE deployments DROP COLUMN undoes;
DROP TABLE actions;
