package store

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// DeploymentRow is a deployment as the engine works on it. Version changes
// with every save; Stop and Continue are written by control, Alarms by the
// poller.
type DeploymentRow struct {
	Deployment deploy.Deployment
	Stop       *deploy.StopRequest
	Continue   deploy.Continuation
	Alarms     *deploy.AlarmReading
	Version    int64
	Lease      Lease
}

// InsertDeployment adds a deployment that the engine looks at once it is on
// disk. ErrExists when its group has an active one, unless this one is queued:
// it has passed Created and Queued at once then.
func (t *Tx) InsertDeployment(d deploy.Deployment) error {
	_, err := t.exec(`INSERT INTO deployments (id, account, region, group_id, status, active, exclusive,
		created_at, completed_at, wake_at, version, stop, watches_alarms, undoes, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 1, '', $9, $10, $11)`,
		d.ID, d.Account, d.Region, d.GroupID, d.Status, flag(!d.Status.Terminal()), flag(d.Creator.Exclusive()),
		ms(d.CreatedAt), flag(d.WatchesAlarms()), flag(d.Undo != nil), doc(d))
	if err != nil {
		return err
	}
	t.Notify(TopicDeployments)
	if d.WatchesAlarms() {
		t.Notify(TopicAlarms)
	}
	return nil
}

// DeploymentRow returns a deployment for the engine.
func (t *Tx) DeploymentRow(id string) (DeploymentRow, error) {
	row, _, err := t.deploymentRow(`SELECT version, owner, lease_until, stop, alarm_reading, continued, doc, 0
		FROM deployments WHERE id = $1`, id)
	return row, err
}

// deploymentRow reads a deployment and the clock of leases.
func (t *Tx) deploymentRow(query, id string) (row DeploymentRow, clock int64, err error) {
	var stop, alarms, continued, body string
	err = t.queryRow(query, id).
		Scan(&row.Version, &row.Lease.Owner, &row.Lease.Until, &stop, &alarms, &continued, &body, &clock)
	if errors.Is(err, sql.ErrNoRows) || unheard(err) {
		return row, 0, ErrNotFound
	}
	if err != nil {
		return row, 0, err
	}
	if stop != "" {
		if err := json.Unmarshal([]byte(stop), &row.Stop); err != nil {
			return row, 0, err
		}
	}
	if alarms != "" {
		if err := json.Unmarshal([]byte(alarms), &row.Alarms); err != nil {
			return row, 0, err
		}
	}
	if continued != "" {
		if err := json.Unmarshal([]byte(continued), &row.Continue); err != nil {
			return row, 0, err
		}
	}
	return row, clock, json.Unmarshal([]byte(body), &row.Deployment)
}

// Deployment returns a deployment.
func (t *Tx) Deployment(id string) (deploy.Deployment, error) {
	row, err := t.DeploymentRow(id)
	return row.Deployment, err
}

// SaveDeployment writes what the engine decided, if the row still has the
// version that was read: ErrConflict otherwise. The row's lease is written with
// it. The zero wakeAt means that only a report brings the deployment on.
func (t *Tx) SaveDeployment(row DeploymentRow, wakeAt time.Time) error {
	d := row.Deployment
	wake := ms(wakeAt)
	if wakeAt.IsZero() {
		wake = never
	}
	n, err := t.exec(`UPDATE deployments SET status = $1, active = $2, completed_at = $3, wake_at = $4,
		version = version + 1, owner = $5, lease_until = $6, doc = $7 WHERE id = $8 AND version = $9`,
		d.Status, flag(!d.Status.Terminal()), msOf(d.CompletedAt), wake, row.Lease.Owner, row.Lease.Until, doc(d), d.ID, row.Version)
	if err == nil && n == 0 {
		return fmt.Errorf("deployment %s: %w", d.ID, ErrConflict)
	}
	return err
}

// never is a wake-up time that does not come.
const never = int64(1) << 62

// WakeDeployment makes the engine look at a deployment once the transaction is
// on disk.
func (t *Tx) WakeDeployment(id string, now time.Time) error {
	_, err := t.exec(`UPDATE deployments SET wake_at = $1 WHERE id = $2 AND wake_at > $1`, ms(now), id)
	t.Notify(TopicDeployments)
	return err
}

// RequestStop stores that somebody wants a deployment stopped, and wakes it.
func (t *Tx) RequestStop(id string, stop deploy.StopRequest) error {
	if _, err := t.exec(`UPDATE deployments SET stop = $1 WHERE id = $2`, doc(stop), id); err != nil {
		return err
	}
	return t.WakeDeployment(id, stop.At)
}

// RequestContinue stores which waits of a deployment somebody has ended, and
// wakes it.
func (t *Tx) RequestContinue(id string, c deploy.Continuation, now time.Time) error {
	if _, err := t.exec(`UPDATE deployments SET continued = $1 WHERE id = $2`, doc(c), id); err != nil {
		return err
	}
	return t.WakeDeployment(id, now)
}

// ActiveDeployment returns the deployment that holds the group, of which there
// is at most one: those that are queued wait for it.
func (t *Tx) ActiveDeployment(groupID string) (deploy.Deployment, error) {
	return one[deploy.Deployment](t, `SELECT doc FROM deployments
		WHERE group_id = $1 AND active = 1 AND exclusive = 1 AND status <> 'Queued'`, groupID)
}

// LastAttempted returns the group's newest deployment.
func (t *Tx) LastAttempted(groupID string) (deploy.Deployment, error) {
	return one[deploy.Deployment](t, `SELECT doc FROM deployments
		WHERE group_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1`, groupID)
}

// LastSuccessful returns the group's newest deployment that succeeded: its
// revision is the group's target revision. A rollback that only put traffic
// back does not count.
func (t *Tx) LastSuccessful(groupID string) (deploy.Deployment, error) {
	return one[deploy.Deployment](t, `SELECT doc FROM deployments
		WHERE group_id = $1 AND status = $2 AND undoes = 0 ORDER BY completed_at DESC, created_at DESC, id DESC LIMIT 1`,
		groupID, deploy.Succeeded)
}

// GroupsAt returns, in order, the names of those of an application's groups
// whose last good deployment was of the revision.
func (t *Tx) GroupsAt(applicationID string, r deploy.Revision) ([]string, error) {
	groups, err := many[deploy.Group](t, `SELECT doc FROM deployment_groups WHERE application_id = $1 ORDER BY name`,
		applicationID)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, g := range groups {
		last, err := t.LastSuccessful(g.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if last.Revision.Key() == r.Key() {
			names = append(names, g.Name)
		}
	}
	return names, nil
}

// TargetRevisions returns the keys of the revisions that an application's
// groups were last deployed well with.
func (t *Tx) TargetRevisions(applicationID string) ([]string, error) {
	groups, err := t.GroupIDs(applicationID)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, id := range groups {
		last, err := t.LastSuccessful(id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, last.Revision.Key())
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// CountActive returns how many deployments are active in the namespace, those
// that are queued not counted.
func (t *Tx) CountActive(ns deploy.Namespace) (int64, error) {
	return t.number(`SELECT COUNT(*) FROM deployments
		WHERE account = $1 AND region = $2 AND active = 1 AND status <> 'Queued'`,
		ns.Account, ns.Region)
}

// DeploymentFilter selects deployments. Zero members do not restrict.
type DeploymentFilter struct {
	GroupID  string
	Statuses []deploy.Status
	From, To time.Time // creation, both inclusive
	// Only deployments older than this one, for the next page.
	BeforeTime int64
	BeforeID   string
}

// DeploymentKey is a deployment's place in the order of creation: what the
// next page starts behind. Time is in milliseconds.
type DeploymentKey struct {
	ID   string
	Time int64
}

// Deployments returns up to limit deployments, newest first.
func (t *Tx) Deployments(ns deploy.Namespace, f DeploymentFilter, limit int) ([]DeploymentKey, error) {
	where := []string{"account = $1 AND region = $2"}
	args := []any{ns.Account, ns.Region}
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	if f.GroupID != "" {
		where = append(where, "group_id = "+bind(f.GroupID))
	}
	if len(f.Statuses) > 0 {
		var in []string
		for _, s := range f.Statuses {
			in = append(in, bind(s))
		}
		where = append(where, "status IN ("+strings.Join(in, ", ")+")")
	}
	if !f.From.IsZero() {
		where = append(where, "created_at >= "+bind(ms(f.From)))
	}
	if !f.To.IsZero() {
		where = append(where, "created_at <= "+bind(ms(f.To)))
	}
	if f.BeforeID != "" {
		at := bind(f.BeforeTime)
		where = append(where, "(created_at < "+at+" OR (created_at = "+at+" AND id < "+bind(f.BeforeID)+"))")
	}
	query := `SELECT id, created_at FROM deployments WHERE ` + strings.Join(where, " AND ") +
		` ORDER BY created_at DESC, id DESC LIMIT ` + bind(limit)
	return t.deploymentKeys(query, args)
}

func (t *Tx) deploymentKeys(query string, args []any) ([]DeploymentKey, error) {
	rows, err := t.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []DeploymentKey
	for rows.Next() {
		var k DeploymentKey
		if err := rows.Scan(&k.ID, &k.Time); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// DeploymentOfTarget returns the active deployment, other than one, that has
// the target.
func (t *Tx) DeploymentOfTarget(ns deploy.Namespace, p deploy.ComputePlatform, targetID, otherThan string) (deploy.Deployment, error) {
	active, err := many[deploy.Deployment](t, `SELECT deployments.doc FROM deployments, targets
		WHERE account = $1 AND region = $2 AND active = 1 AND deployments.id <> $3
		AND targets.deployment_id = deployments.id AND targets.id = $4 ORDER BY deployments.id`,
		ns.Account, ns.Region, otherThan, targetID)
	for _, d := range active {
		if d.Platform == p {
			return d, err
		}
	}
	return deploy.Deployment{}, cmp.Or(err, ErrNotFound)
}
