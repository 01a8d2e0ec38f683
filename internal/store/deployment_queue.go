package store

import (
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// FirstQueued returns the oldest of a group's deployments that wait for their
// turn.
func (t *Tx) FirstQueued(groupID string) (deploy.Deployment, error) {
	return one[deploy.Deployment](t, `SELECT doc FROM deployments
		WHERE group_id = $1 AND status = 'Queued' AND exclusive = 1 ORDER BY created_at, id LIMIT 1`, groupID)
}

// NextQueued returns the id of the queued deployment whose turn it is once the
// namespace has room: the oldest of those that are the first of their group's
// queue and whose group nobody holds. ErrNotFound when there is none.
func (t *Tx) NextQueued(ns deploy.Namespace) (string, error) {
	return t.text(`SELECT q.id FROM deployments q
		WHERE q.account = $1 AND q.region = $2 AND q.status = 'Queued' AND (q.exclusive = 0 OR (
			NOT EXISTS (SELECT 1 FROM deployments o WHERE o.group_id = q.group_id
				AND o.active = 1 AND o.exclusive = 1 AND o.status <> 'Queued')
			AND NOT EXISTS (SELECT 1 FROM deployments o WHERE o.group_id = q.group_id
				AND o.status = 'Queued' AND o.exclusive = 1
				AND (o.created_at < q.created_at OR (o.created_at = q.created_at AND o.id < q.id)))))
		ORDER BY q.created_at, q.id LIMIT 1`, ns.Account, ns.Region)
}

// WakeGroup makes the engine look at all active deployments of a group once
// the transaction is on disk.
func (t *Tx) WakeGroup(groupID string, now time.Time) error {
	_, err := t.exec(`UPDATE deployments SET wake_at = $1 WHERE group_id = $2 AND active = 1 AND wake_at > $1`,
		ms(now), groupID)
	t.Notify(TopicDeployments)
	return err
}
