package store

import "github.com/slipwayhq/slipway/internal/deploy"

// PutRevision adds a revision to its application or replaces its record.
func (t *Tx) PutRevision(r deploy.RegisteredRevision) error {
	_, err := t.exec(`INSERT INTO revisions (application_id, revision_key, doc) VALUES ($1, $2, $3)
		ON CONFLICT (application_id, revision_key) DO UPDATE SET doc = excluded.doc`,
		r.ApplicationID, r.Revision.Key(), doc(r))
	return err
}

// Revision returns the application's record of a revision.
func (t *Tx) Revision(applicationID string, r deploy.Revision) (deploy.RegisteredRevision, error) {
	return one[deploy.RegisteredRevision](t, `SELECT doc FROM revisions WHERE application_id = $1 AND revision_key = $2`,
		applicationID, r.Key())
}
