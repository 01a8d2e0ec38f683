-- +goose Up
-- When each host was last heard. It is the one table whose rows may be some
-- seconds late: control gathers them.
CREATE TABLE host_presence (
    host    TEXT    NOT NULL PRIMARY KEY, -- account, region and host identifier
    seen_at INTEGER NOT NULL
);
-- When a command was made, and 1 while its host is known to be silent.
ALTER TABLE host_commands ADD COLUMN issued_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host_commands ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX host_commands_live ON host_commands (issued_at) WHERE live = 1;

-- +goose Down
DROP INDEX host_commands_live;
ALTER TABLE host_commands DROP COLUMN silent;
ALTER TABLE host_commands DROP COLUMN issued_at;
DROP TABLE host_presence;
