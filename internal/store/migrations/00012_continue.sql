-- +goose Up
-- Which waits of a deployment somebody ended, as JSON; empty: none.
ALTER TABLE deployments ADD COLUMN continued TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE deployments DROP COLUMN continued;
