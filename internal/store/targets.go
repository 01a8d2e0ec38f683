package store

import (
	"fmt"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// PutTarget adds a target to its deployment or replaces it.
func (t *Tx) PutTarget(target deploy.Target) error {
	_, err := t.exec(`INSERT INTO targets (deployment_id, id, position, status, doc) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (deployment_id, id) DO UPDATE SET status = excluded.status, doc = excluded.doc`,
		target.DeploymentID, target.ID, target.Order, target.Status, doc(target))
	return err
}

// Targets returns all targets of a deployment in the order in which they are
// deployed to.
func (t *Tx) Targets(deploymentID string) ([]deploy.Target, error) {
	return many[deploy.Target](t, `SELECT doc FROM targets WHERE deployment_id = $1 ORDER BY position`, deploymentID)
}

// Target returns one target of a deployment.
func (t *Tx) Target(deploymentID, id string) (deploy.Target, error) {
	return one[deploy.Target](t, `SELECT doc FROM targets WHERE deployment_id = $1 AND id = $2`, deploymentID, id)
}

// TargetIDs returns up to limit ids behind after, in order, of the targets in
// one of the statuses (none: of any).
func (t *Tx) TargetIDs(deploymentID string, statuses []deploy.TargetStatus, after string, limit int) ([]string, error) {
	args := []any{deploymentID, after}
	in := ""
	if len(statuses) > 0 {
		var marks []string
		for _, s := range statuses {
			args = append(args, s)
			marks = append(marks, fmt.Sprintf("$%d", len(args)))
		}
		in = " AND status IN (" + strings.Join(marks, ", ") + ")"
	}
	args = append(args, limit)
	return t.texts(`SELECT id FROM targets WHERE deployment_id = $1 AND id > $2`+in+
		fmt.Sprintf(` ORDER BY id LIMIT $%d`, len(args)), args...)
}
