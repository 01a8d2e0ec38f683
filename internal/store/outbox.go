package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/notification"
)

// TopicOutbox is told when there are messages to send.
const TopicOutbox = "outbox"

// OutboxRow is a message on its way.
type OutboxRow struct {
	Message   notification.Message
	Due       time.Time // when it is sent next; when it died
	Since     time.Time // when the tries began
	Leased    time.Time // until then its claim holds
	Attempts  int
	Dead      bool
	LastError string
}

// InsertMessages adds messages behind those of their lanes. One whose id is
// there is the same message, and not added again.
func (t *Tx) InsertMessages(messages []notification.Message) error {
	last := map[string]int64{}
	for _, m := range messages {
		if _, known := last[m.Lane]; !known {
			n, err := t.number(`SELECT COALESCE(MAX(seq), 0) FROM outbox WHERE lane = $1`, m.Lane)
			if err != nil {
				return err
			}
			last[m.Lane] = n
		}
		last[m.Lane]++
		at := ms(m.At)
		if _, err := t.exec(`INSERT INTO outbox (id, account, destination, lane, seq, created_at, due_at, lease_until, since,
			attempts, dead, last_error, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, 0, '', $9)
			ON CONFLICT (id) DO NOTHING`,
			m.ID, m.Account, m.Destination, m.Lane, last[m.Lane], at, at, at, doc(m)); err != nil {
			return fmt.Errorf("message %s: %w", m.ID, err)
		}
	}
	if len(messages) > 0 {
		t.Notify(TopicOutbox)
	}
	return nil
}

const outboxColumns = `o.due_at, o.since, o.lease_until, o.attempts, o.dead, o.last_error, o.doc`

// isFirst says that no message is before o in its lane.
const isFirst = `NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane = o.lane AND e.dead = 0 AND e.seq < o.seq)`

// DueMessages returns up to limit messages that are due at a destination, the
// first of their lanes, longest due first.
func (t *Tx) DueMessages(destination string, now time.Time, limit int) ([]OutboxRow, error) {
	return t.outbox(`SELECT `+outboxColumns+` FROM outbox o
		WHERE `+isFirst+` AND o.destination = $1 AND o.dead = 0 AND o.due_at <= $2 AND o.lease_until <= $2
		ORDER BY o.due_at LIMIT $3`, destination, ms(now), limit)
}

// ClaimMessages keeps others from sending messages that were due a moment ago,
// and returns those that nobody else has claimed meanwhile.
func (t *Tx) ClaimMessages(due []OutboxRow, now, until time.Time) ([]OutboxRow, error) {
	var claimed []OutboxRow
	for _, row := range due {
		n, err := t.exec(`UPDATE outbox SET lease_until = $1 WHERE id = $2 AND dead = 0 AND due_at <= $3 AND lease_until <= $3`,
			ms(until), row.Message.ID, ms(now))
		if err != nil {
			return nil, err
		}
		if n == 1 {
			row.Leased = time.UnixMilli(ms(until))
			claimed = append(claimed, row)
		}
	}
	return claimed, nil
}

// NextMessage returns when a message to the destination is due, or its claim
// is over; ErrNotFound when there is none.
func (t *Tx) NextMessage(destination string) (time.Time, error) {
	var at sql.NullInt64
	err := t.queryRow(`SELECT MIN(CASE WHEN o.due_at > o.lease_until THEN o.due_at ELSE o.lease_until END)
		FROM outbox o WHERE o.destination = $1 AND o.dead = 0 AND `+isFirst, destination).Scan(&at)
	if err == nil && !at.Valid {
		err = ErrNotFound
	}
	return time.UnixMilli(at.Int64), err
}

// RemoveMessage removes a message that was delivered. The next one of its lane
// is free then.
func (t *Tx) RemoveMessage(id string) error {
	_, err := t.exec(`DELETE FROM outbox WHERE id = $1`, id)
	return err
}

// SaveMessage gives up the claim of a message, with what came of it: when it
// is due again, or that it is dead. When the claim has ended meanwhile, it is
// another's, and nothing changes.
func (t *Tx) SaveMessage(row OutboxRow) error {
	_, err := t.exec(`UPDATE outbox SET due_at = $1, lease_until = 0, attempts = $2, dead = $3, last_error = $4
		WHERE id = $5 AND lease_until = $6`,
		ms(row.Due), row.Attempts, flag(row.Dead), row.LastError, row.Message.ID, ms(row.Leased))
	return err
}

// OutboxKey is a message's place in a list.
type OutboxKey struct {
	Created int64 // in milliseconds
	ID      string
}

// Outbox returns up to limit messages of an account behind after, oldest
// first: all, or those that are dead.
func (t *Tx) Outbox(account string, onlyDead bool, after OutboxKey, limit int) ([]OutboxRow, error) {
	return t.outbox(`SELECT `+outboxColumns+` FROM outbox o WHERE o.account = $1 AND o.dead >= $2
		AND (o.created_at > $3 OR (o.created_at = $3 AND o.id > $4)) ORDER BY o.created_at, o.id LIMIT $5`,
		account, flag(onlyDead), after.Created, after.ID, limit)
}

// RetryMessage makes a message of an account due, and alive if it was dead. A
// claim stays: what is being sent is being tried. ErrNotFound when there is
// none.
func (t *Tx) RetryMessage(account, id string, now time.Time) error {
	n, err := t.exec(`UPDATE outbox SET due_at = $1, since = $1, attempts = 0, dead = 0
		WHERE account = $2 AND id = $3`, ms(now), account, id)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	t.Notify(TopicOutbox)
	return err
}

// RetryMessages does so with all messages of an account that wait for another
// try or are dead, and returns how many there were.
func (t *Tx) RetryMessages(account string, now time.Time) (int64, error) {
	t.Notify(TopicOutbox)
	return t.exec(`UPDATE outbox SET due_at = $1, since = $1, attempts = 0, dead = 0
		WHERE account = $2 AND (dead = 1 OR attempts > 0)`, ms(now), account)
}

// KillStrays gives up messages, made before that time, to destinations that
// are not among those known: their configuration is gone. It returns how many.
func (t *Tx) KillStrays(known []string, before, now time.Time, reason string) (int64, error) {
	args := []any{ms(now), reason, ms(before)}
	query := `UPDATE outbox SET dead = 1, due_at = $1, last_error = $2 WHERE dead = 0 AND since < $3`
	if len(known) > 0 {
		var in []string
		for _, name := range known {
			args = append(args, name)
			in = append(in, fmt.Sprintf("$%d", len(args)))
		}
		query += ` AND destination NOT IN (` + strings.Join(in, ", ") + `)`
	}
	return t.exec(query, args...)
}

// RemoveDead removes messages that died before that time.
func (t *Tx) RemoveDead(before time.Time) (int64, error) {
	return t.exec(`DELETE FROM outbox WHERE dead = 1 AND due_at < $1`, ms(before))
}

func (t *Tx) outbox(query string, args ...any) ([]OutboxRow, error) {
	rows, err := t.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []OutboxRow
	for rows.Next() {
		var row OutboxRow
		var due, since, lease int64
		var body string
		if err := rows.Scan(&due, &since, &lease, &row.Attempts, &row.Dead, &row.LastError, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &row.Message); err != nil {
			return nil, err
		}
		row.Due, row.Since = time.UnixMilli(due).UTC(), time.UnixMilli(since).UTC()
		if lease > 0 {
			row.Leased = time.UnixMilli(lease).UTC()
		}
		out = append(out, row)
	}
	return out, rows.Err()
}
