-- +goose Up
-- Who advances a deployment, and until when nobody else may: milliseconds of
-- the database's clock, for those of the replicas may differ.
ALTER TABLE deployments ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE deployments ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deployments_by_owner ON deployments (owner, lease_until) WHERE active = 1;

-- Numbers of audit records, where several processes add some.
-- postgres:CREATE SEQUENCE audit_seq;
-- postgres:SELECT setval('audit_seq', (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit), false);

-- +goose Down
-- postgres:DROP SEQUENCE audit_seq;
DROP INDEX deployments_by_owner;
ALTER TABLE deployments DROP COLUMN lease_until;
ALTER TABLE deployments DROP COLUMN owner;
