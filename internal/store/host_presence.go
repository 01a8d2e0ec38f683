package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// presenceBatch is how many rows of presence go into one statement.
const presenceBatch = 200

// SawHosts notes when hosts were last heard, by [HostKey]. What is known to be
// later stays. All of them write in the same order, so that servers which do
// it at the same time wait for one another and not in a circle.
func (t *Tx) SawHosts(seen map[string]time.Time) error {
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(seen)), presenceBatch) {
		rows := make([]string, len(keys))
		args := make([]any, 0, 2*len(keys))
		for i, key := range keys {
			rows[i] = fmt.Sprintf("($%d, $%d)", 2*i+1, 2*i+2)
			args = append(args, key, ms(seen[key]))
		}
		_, err := t.exec(`INSERT INTO host_presence (host, seen_at) VALUES `+strings.Join(rows, ", ")+`
			ON CONFLICT (host) DO UPDATE SET seen_at = excluded.seen_at WHERE host_presence.seen_at < excluded.seen_at`,
			args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// LastSeen returns when a host was last heard; ErrNotFound: never.
func (t *Tx) LastSeen(ns deploy.Namespace, hostIdentifier string) (time.Time, error) {
	at, err := t.number(`SELECT seen_at FROM host_presence WHERE host = $1`, HostKey(ns, hostIdentifier))
	return time.UnixMilli(at).UTC(), err
}

// ForgetHost forgets when a host was last heard.
func (t *Tx) ForgetHost(ns deploy.Namespace, hostIdentifier string) error {
	_, err := t.exec(`DELETE FROM host_presence WHERE host = $1`, HostKey(ns, hostIdentifier))
	return err
}

// FellSilent returns up to limit live commands that were made before a time and
// whose hosts have not been heard since, where that is not known yet. Their
// Silence says when their hosts were last heard.
func (t *Tx) FellSilent(before time.Time, limit int) ([]deploy.HostCommand, error) {
	return t.commandsAndSeen(`SELECT c.doc, COALESCE(p.seen_at, 0) FROM host_commands c
		LEFT JOIN host_presence p ON p.host = c.host
		WHERE c.live = 1 AND c.silent = 0 AND c.issued_at <= $1 AND COALESCE(p.seen_at, 0) <= $1
		ORDER BY c.issued_at, c.id LIMIT $2`, ms(before), limit)
}

// CameBack returns up to limit live commands whose hosts were silent and have
// been heard after a time.
func (t *Tx) CameBack(after time.Time, limit int) ([]deploy.HostCommand, error) {
	return t.commandsAndSeen(`SELECT c.doc, p.seen_at FROM host_commands c
		JOIN host_presence p ON p.host = c.host
		WHERE c.live = 1 AND c.silent = 1 AND p.seen_at > $1
		ORDER BY c.issued_at, c.id LIMIT $2`, ms(after), limit)
}

// commandsAndSeen reads commands beside the times at which their hosts were
// last heard.
func (t *Tx) commandsAndSeen(query string, args ...any) ([]deploy.HostCommand, error) {
	rows, err := t.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []deploy.HostCommand
	for rows.Next() {
		var body string
		var seenAt int64
		if err := rows.Scan(&body, &seenAt); err != nil {
			return nil, err
		}
		var c deploy.HostCommand
		if err := json.Unmarshal([]byte(body), &c); err != nil {
			return nil, err
		}
		c.Silence = &deploy.Silence{}
		if seenAt > 0 {
			last := time.UnixMilli(seenAt).UTC()
			c.Silence.LastSeen = &last
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// LoseCommands ends the live commands of a host that was deregistered, for the
// engine to see, and returns how many there were.
func (t *Tx) LoseCommands(ns deploy.Namespace, hostIdentifier string, now time.Time) (int, error) {
	live, err := many[deploy.HostCommand](t, t.locked(`SELECT doc FROM host_commands
		WHERE host = $1 AND live = 1 ORDER BY id`, waiting), HostKey(ns, hostIdentifier))
	if err != nil {
		return 0, err
	}
	for _, c := range live {
		c.State, c.CompletedAt = deploy.CommandLost, &now
		if err := t.ReportCommand(c); err != nil {
			return 0, err
		}
	}
	return len(live), nil
}

// Busy reports whether a host has a command that waits for it or runs.
func (t *Tx) Busy(ns deploy.Namespace, hostIdentifier string) (bool, error) {
	n, err := t.number(`SELECT COUNT(*) FROM host_commands WHERE host = $1 AND live = 1`, HostKey(ns, hostIdentifier))
	return n > 0, err
}
