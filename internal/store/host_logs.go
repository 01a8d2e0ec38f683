package store

import "github.com/slipwayhq/slipway/internal/deploy"

// AppendLog adds a piece to the log of an event. limit is how many bytes are
// kept of one; what was added already is not added again.
func (t *Tx) AppendLog(deploymentID, targetID, event string, p deploy.LogPiece, limit int64) error {
	size, err := t.number(`SELECT COALESCE(MAX(ends), 0) FROM host_logs
		WHERE deployment_id = $1 AND target_id = $2 AND event = $3`, deploymentID, targetID, event)
	if err != nil {
		return err
	}
	p, adds := p.Join(size, limit)
	if !adds {
		return nil
	}
	_, err = t.exec(`INSERT INTO host_logs (deployment_id, target_id, event, ends, doc) VALUES ($1, $2, $3, $4, $5)`,
		deploymentID, targetID, event, p.End(), doc(p))
	return err
}

// LogPieces returns up to limit pieces of a log that end behind a number of
// bytes.
func (t *Tx) LogPieces(deploymentID, targetID, event string, after int64, limit int) ([]deploy.LogPiece, error) {
	return many[deploy.LogPiece](t, `SELECT doc FROM host_logs
		WHERE deployment_id = $1 AND target_id = $2 AND event = $3 AND ends > $4 ORDER BY ends LIMIT $5`,
		deploymentID, targetID, event, after, limit)
}

// LogSizes returns what logs there are of a deployment, and how long they are.
func (t *Tx) LogSizes(deploymentID string) ([]deploy.LogSize, error) {
	rows, err := t.query(`SELECT target_id, event, MAX(ends) FROM host_logs
		WHERE deployment_id = $1 GROUP BY target_id, event ORDER BY target_id, event`, deploymentID)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // its errors are those of Err
	var sizes []deploy.LogSize
	for rows.Next() {
		var s deploy.LogSize
		if err := rows.Scan(&s.TargetID, &s.Event, &s.Size); err != nil {
			return nil, err
		}
		sizes = append(sizes, s)
	}
	return sizes, rows.Err()
}
