package store

import (
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// PutAlarm adds an alarm or replaces the one of its name.
func (t *Tx) PutAlarm(a deploy.Alarm) error {
	_, err := t.exec(`INSERT INTO alarms (account, region, name, state, doc) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, region, name) DO UPDATE SET state = excluded.state, doc = excluded.doc`,
		a.Account, a.Region, a.Name, a.State, doc(a))
	return err
}

// Alarm returns the alarm of that name.
func (t *Tx) Alarm(ns deploy.Namespace, name string) (deploy.Alarm, error) {
	return one[deploy.Alarm](t, `SELECT doc FROM alarms WHERE account = $1 AND region = $2 AND name = $3`,
		ns.Account, ns.Region, name)
}

// Alarms returns up to limit alarms whose names begin with prefix and are
// behind after, in the order of their names. State "" stands for every state.
func (t *Tx) Alarms(ns deploy.Namespace, prefix string, state deploy.AlarmState, after string, limit int) ([]deploy.Alarm, error) {
	return many[deploy.Alarm](t, `SELECT doc FROM alarms WHERE account = $1 AND region = $2
		AND substr(name, 1, $3) = $4 AND ($5 = '' OR state = $5) AND name > $6 ORDER BY name LIMIT $7`,
		ns.Account, ns.Region, utf8.RuneCountInString(prefix), prefix, state, after, limit)
}

// CountAlarms returns how many alarms there are.
func (t *Tx) CountAlarms(ns deploy.Namespace) (int64, error) {
	return t.number(`SELECT COUNT(*) FROM alarms WHERE account = $1 AND region = $2`, ns.Account, ns.Region)
}

// DeleteAlarm removes an alarm; ErrNotFound when there is none of that name.
func (t *Tx) DeleteAlarm(ns deploy.Namespace, name string) error {
	return t.deleted(t.exec(`DELETE FROM alarms WHERE account = $1 AND region = $2 AND name = $3`, ns.Account, ns.Region, name))
}
