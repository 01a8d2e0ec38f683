-- +goose Up
-- What was last read of the alarms that a deployment watches, as JSON; empty:
-- nothing yet.
ALTER TABLE deployments ADD COLUMN alarm_reading TEXT NOT NULL DEFAULT '';
ALTER TABLE deployments ADD COLUMN watches_alarms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deployments_watching ON deployments (created_at, id) WHERE active = 1 AND watches_alarms = 1;

-- A deployment that waits for its turn does not hold its group.
DROP INDEX deployments_one_active;
CREATE UNIQUE INDEX deployments_one_active ON deployments (group_id)
    WHERE active = 1 AND exclusive = 1 AND status <> 'Queued';
CREATE INDEX deployments_queued ON deployments (account, region, created_at, id) WHERE status = 'Queued';
CREATE INDEX deployments_queued_by_group ON deployments (group_id, created_at, id) WHERE status = 'Queued';

-- +goose Down
DROP INDEX deployments_queued_by_group;
DROP INDEX deployments_queued;
DROP INDEX deployments_one_active;
CREATE UNIQUE INDEX deployments_one_active ON deployments (group_id) WHERE active = 1 AND exclusive = 1;
DROP INDEX deployments_watching;
ALTER TABLE deployments DROP COLUMN watches_alarms;
ALTER TABLE deployments DROP COLUMN alarm_reading;
