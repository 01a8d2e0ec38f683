-- +goose Up
-- Messages that are to be sent. A lane is one destination of one deployment:
-- its messages are numbered, and sent one after the other. A dead one holds
-- nothing up; its due_at is when it died.
CREATE TABLE outbox (
    id          TEXT    NOT NULL PRIMARY KEY,
    account     TEXT    NOT NULL,
    destination TEXT    NOT NULL,
    lane        TEXT    NOT NULL,
    seq         BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL,
    due_at      BIGINT  NOT NULL, -- when it may be sent (again)
    lease_until BIGINT  NOT NULL, -- until then somebody is sending it
    since       BIGINT  NOT NULL, -- when the tries began that may not go on forever
    attempts    INTEGER NOT NULL,
    dead        INTEGER NOT NULL,
    last_error  TEXT    NOT NULL,
    doc         TEXT    NOT NULL,
    UNIQUE (lane, seq)
);
CREATE INDEX outbox_due ON outbox (destination, due_at) WHERE dead = 0;
CREATE INDEX outbox_lanes ON outbox (lane, seq) WHERE dead = 0;
CREATE INDEX outbox_dead ON outbox (due_at) WHERE dead = 1;
CREATE INDEX outbox_list ON outbox (account, created_at, id);

-- +goose Down
DROP TABLE outbox;
