package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Lease says who may advance a deployment, and until when nobody else may. The
// zero lease is nobody's.
//
// Its times are those of one clock for all: the database's where several
// machines share it, so that their own clocks may say what they like. A process
// that is alone has its own.
type Lease struct {
	Owner string
	Until int64 // in milliseconds since 1970
}

// Leaseholder is an engine that asks for leases. Without a name it is alone: it
// asks for none and minds none.
type Leaseholder struct {
	Name string
	Term time.Duration // how long a lease lasts
}

// ErrLeased says that somebody else advances the deployment at present.
var ErrLeased = errors.New("another replica advances the deployment")

// clock is an expression for the time by which leases are judged; where it is
// 0 the process's own clock counts.
func (d dialect) clock() string {
	if d == postgres {
		return `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
	}
	return `0`
}

// leaseClock is the time by which leases are judged; now is the process's own.
func (t *Tx) leaseClock(now time.Time) (int64, error) {
	clock, err := t.number(`SELECT ` + t.dialect.clock())
	if clock == 0 {
		clock = ms(now)
	}
	return clock, err
}

// Claim is a deployment that may be advanced.
type Claim struct {
	DeploymentRow // with the new lease, which is written when it is saved
	// Unbroken: the lease was the same holder's all the time since it last
	// saved. Nobody else has written what belongs to the deployment.
	Unbroken bool
}

// ClaimDeployment returns a deployment for a leaseholder to advance. ErrLeased
// when it is somebody else's, or when somebody is advancing it in this moment.
func (t *Tx) ClaimDeployment(id string, by Leaseholder, now time.Time) (Claim, error) {
	if by.Name == "" {
		row, err := t.DeploymentRow(id)
		return Claim{row, true}, err
	}
	row, clock, err := t.deploymentRow(t.locked(`SELECT version, owner, lease_until, stop, alarm_reading, continued, doc, `+t.dialect.clock()+`
		FROM deployments WHERE id = $1`, skipping), id)
	if errors.Is(err, ErrNotFound) {
		return Claim{}, ErrLeased // deployments are never deleted: somebody has locked its row
	}
	if err != nil {
		return Claim{}, err
	}
	if clock == 0 {
		clock = ms(now)
	}
	was := row.Lease
	if was.Owner != by.Name && was.Until > clock {
		return Claim{}, ErrLeased
	}
	row.Lease = Lease{by.Name, clock + by.Term.Milliseconds()}
	return Claim{row, was.Owner == by.Name && was.Until > clock}, nil
}

// Due is what an engine should look at.
type Due struct {
	IDs  []string  // longest due first
	Next time.Time // when to look again; zero: when told
}

// DueDeployments returns up to limit active deployments that a leaseholder
// should look at now: those whose wake-up time has come or whose hosts have
// reported, unless they are somebody else's.
func (t *Tx) DueDeployments(by Leaseholder, now time.Time, limit int) (Due, error) {
	clock, err := t.leaseClock(now)
	if err != nil {
		return Due{}, err
	}
	var due Due
	due.IDs, err = t.texts(`SELECT id FROM (
			SELECT id, wake_at, owner, lease_until FROM deployments WHERE active = 1 AND wake_at <= $1
			UNION
			SELECT d.id, $1, d.owner, d.lease_until FROM host_commands c JOIN deployments d ON d.id = c.deployment_id
			WHERE c.reported = 1 AND d.active = 1 AND d.wake_at > $1
		) AS due WHERE $2 = '' OR owner = $2 OR lease_until <= $3 ORDER BY wake_at LIMIT $4`,
		ms(now), by.Name, clock, limit)
	if err != nil {
		return due, err
	}
	due.Next, err = t.nextLook(by, now, clock)
	return due, err
}

// nextLook returns when the next deployment becomes due, or somebody else's
// lease ends.
func (t *Tx) nextLook(by Leaseholder, now time.Time, clock int64) (time.Time, error) {
	wake, err := t.least(`SELECT MIN(wake_at) FROM deployments WHERE active = 1 AND wake_at > $1`, ms(now))
	if err != nil || by.Name == "" {
		return moment(wake), err
	}
	lease, err := t.least(`SELECT MIN(lease_until) FROM deployments WHERE active = 1 AND owner <> $1 AND lease_until > $2`,
		by.Name, clock)
	if lease != never {
		wake = min(wake, ms(now)+lease-clock)
	}
	return moment(wake), err
}

// least returns a minimum, or never when it is that of nothing.
func (t *Tx) least(query string, args ...any) (int64, error) {
	var n sql.NullInt64
	err := t.queryRow(query, args...).Scan(&n)
	if !n.Valid {
		return never, err
	}
	return n.Int64, err
}

func moment(ms int64) time.Time {
	if ms == never {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// ExtendLeases makes all leases of a holder last their term from now, and
// returns the deployments that they are for.
func (s *Store) ExtendLeases(ctx context.Context, by Leaseholder, now time.Time) (ids []string, err error) {
	return s.setLeases(ctx, by.Name, now, func(clock int64) Lease { return Lease{by.Name, clock + by.Term.Milliseconds()} })
}

// EndLeases ends all leases of a holder, for others to take over at once.
func (s *Store) EndLeases(ctx context.Context, by Leaseholder, now time.Time) error {
	if _, err := s.setLeases(ctx, by.Name, now, func(int64) Lease { return Lease{} }); err != nil {
		return err
	}
	return s.Update(ctx, func(tx *Tx) error {
		tx.Notify(TopicDeployments)
		return nil
	})
}

// setLeases changes all leases of a holder in one statement, and returns the
// deployments that they are for.
func (s *Store) setLeases(ctx context.Context, owner string, now time.Time, lease func(clock int64) Lease) ([]string, error) {
	var ids []string
	err := s.UpdateRows(ctx, func(tx *Tx) error {
		clock, err := tx.leaseClock(now)
		if err != nil {
			return err
		}
		l := lease(clock)
		ids, err = tx.texts(`UPDATE deployments SET owner = $1, lease_until = $2 WHERE active = 1 AND owner = $3 RETURNING id`,
			l.Owner, l.Until, owner)
		return err
	})
	return ids, err
}
