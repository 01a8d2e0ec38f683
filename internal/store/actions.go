package store

import (
	"database/sql"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// TopicActions is told when there is an action to be carried out, now or at
// another time than before.
const TopicActions = "actions"

// InsertAction stores an action that can be carried out once it is on disk.
func (t *Tx) InsertAction(a deploy.Action) error {
	_, err := t.exec(`INSERT INTO actions (id, deployment_id, open, due_at, claimed_until, reported, doc)
		VALUES ($1, $2, 1, $3, 0, 0, $4)`, a.ID, a.DeploymentID, ms(a.CreatedAt), doc(a))
	if err == nil {
		t.Notify(TopicActions)
	}
	return err
}

// Action returns an action.
func (t *Tx) Action(id string) (deploy.Action, error) {
	return one[deploy.Action](t, `SELECT doc FROM actions WHERE id = $1`, id)
}

// Actions returns a deployment's actions of one kind, those too that have
// ended.
func (t *Tx) Actions(deploymentID, kind string) ([]deploy.Action, error) {
	all, err := many[deploy.Action](t, `SELECT doc FROM actions WHERE deployment_id = $1 ORDER BY id`, deploymentID)
	return slices.DeleteFunc(all, func(a deploy.Action) bool { return a.Kind != kind }), err
}

// ClaimActions returns up to limit actions that are due and that nobody is at,
// and keeps others from them for as long as a try may take, and spare.
func (t *Tx) ClaimActions(now time.Time, spare time.Duration, limit int) ([]deploy.Action, error) {
	due, err := many[deploy.Action](t, `SELECT doc FROM actions
		WHERE open = 1 AND due_at <= $1 AND claimed_until <= $1 ORDER BY due_at, id LIMIT $2`, ms(now), limit)
	if err != nil {
		return nil, err
	}
	for _, a := range due {
		until := now.Add(a.TryLimit() + spare)
		if _, err := t.exec(`UPDATE actions SET claimed_until = $1 WHERE id = $2`, ms(until), a.ID); err != nil {
			return nil, err
		}
	}
	return due, nil
}

// NextAction returns when the next action is due, or the zero time when there
// is none.
func (t *Tx) NextAction() (time.Time, error) {
	var due, claimed sql.NullInt64
	err := t.queryRow(`SELECT due_at, claimed_until FROM actions WHERE open = 1
		ORDER BY CASE WHEN due_at > claimed_until THEN due_at ELSE claimed_until END LIMIT 1`).Scan(&due, &claimed)
	if err == sql.ErrNoRows { //nolint:errorlint // database/sql returns it bare
		return time.Time{}, nil
	}
	return time.UnixMilli(max(due.Int64, claimed.Int64)), err
}

// SaveAction writes what an action came to, and who waits for it is woken. One
// that has not ended is due again at dueAt. What was dropped, or has ended
// already, stays as it is: the answer is false.
func (t *Tx) SaveAction(a deploy.Action, dueAt time.Time, now time.Time) (bool, error) {
	n, err := t.exec(`UPDATE actions SET open = $1, due_at = $2, claimed_until = 0, reported = 1, doc = $3
		WHERE id = $4 AND open = 1`, flag(!a.Ended()), ms(dueAt), doc(a), a.ID)
	if err != nil || n == 0 {
		return false, err
	}
	if !a.Ended() {
		t.Notify(TopicActions) // whoever carries out actions knew of another time
	}
	return true, t.WakeDeployment(a.DeploymentID, now)
}

// RetryAction writes that an action is to be tried again at dueAt.
func (t *Tx) RetryAction(a deploy.Action, dueAt time.Time) error {
	_, err := t.exec(`UPDATE actions SET due_at = $1, claimed_until = 0, doc = $2 WHERE id = $3 AND open = 1`,
		ms(dueAt), doc(a), a.ID)
	if err == nil {
		t.Notify(TopicActions)
	}
	return err
}

// OpenActions counts the actions of a deployment that go on.
func (t *Tx) OpenActions(deploymentID string) (int64, error) {
	return t.number(`SELECT COUNT(*) FROM actions WHERE deployment_id = $1 AND open = 1`, deploymentID)
}

// DropAction closes an action that nobody wants any more.
func (t *Tx) DropAction(id string) error {
	_, err := t.exec(`UPDATE actions SET open = 0 WHERE id = $1`, id)
	return err
}

// DropActions closes all actions of a deployment.
func (t *Tx) DropActions(deploymentID string) error {
	_, err := t.exec(`UPDATE actions SET open = 0 WHERE deployment_id = $1 AND open = 1`, deploymentID)
	return err
}

// TakeOutcomes returns the actions of a deployment that came to something
// since the last call. They are taken when the transaction is on disk.
func (t *Tx) TakeOutcomes(deploymentID string) ([]deploy.Action, error) {
	outcomes, err := many[deploy.Action](t, `SELECT doc FROM actions
		WHERE deployment_id = $1 AND reported = 1 ORDER BY id`, deploymentID)
	if err != nil || len(outcomes) == 0 {
		return nil, err
	}
	_, err = t.exec(`UPDATE actions SET reported = 0 WHERE deployment_id = $1 AND reported = 1`, deploymentID)
	return outcomes, err
}

// ReleaseActions lets everything be carried out again that somebody was at.
// For a server that starts alone: nobody is.
func (t *Tx) ReleaseActions() error {
	_, err := t.exec(`UPDATE actions SET claimed_until = 0 WHERE open = 1`)
	return err
}
