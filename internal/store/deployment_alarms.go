package store

import (
	"encoding/json"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// AlarmWatch is a deployment that alarms can stop, with what was last read of
// them.
type AlarmWatch struct {
	deploy.Namespace
	DeploymentID string
	Names        []string
	Reading      *deploy.AlarmReading // nil: none yet
}

// AlarmWatches returns the active deployments that watch alarms, oldest first,
// unless they are somebody else's than the leaseholder's.
func (t *Tx) AlarmWatches(by Leaseholder, now time.Time) ([]AlarmWatch, error) {
	clock, err := t.leaseClock(now)
	if err != nil {
		return nil, err
	}
	rows, err := t.query(`SELECT alarm_reading, doc FROM deployments
		WHERE active = 1 AND watches_alarms = 1 AND ($1 = '' OR owner = $1 OR lease_until <= $2)
		ORDER BY created_at, id`, by.Name, clock)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []AlarmWatch
	for rows.Next() {
		var reading, body string
		if err := rows.Scan(&reading, &body); err != nil {
			return nil, err
		}
		var d deploy.Deployment
		if err := json.Unmarshal([]byte(body), &d); err != nil {
			return nil, err
		}
		w := AlarmWatch{Namespace: d.Namespace, DeploymentID: d.ID, Names: d.Alarms.Names}
		if reading != "" {
			if err := json.Unmarshal([]byte(reading), &w.Reading); err != nil {
				return nil, err
			}
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

// PutAlarmReading stores what was read of a deployment's alarms, and wakes it.
func (t *Tx) PutAlarmReading(deploymentID string, r deploy.AlarmReading, now time.Time) error {
	_, err := t.exec(`UPDATE deployments SET alarm_reading = $1 WHERE id = $2 AND active = 1`, doc(r), deploymentID)
	if err != nil {
		return err
	}
	return t.WakeDeployment(deploymentID, now)
}
