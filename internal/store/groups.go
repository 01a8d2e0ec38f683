package store

import "github.com/slipwayhq/slipway/internal/deploy"

// InsertGroup adds a group; ErrExists when its name is taken.
func (t *Tx) InsertGroup(g deploy.Group) error {
	_, err := t.exec(`INSERT INTO deployment_groups (id, application_id, name, doc) VALUES ($1, $2, $3, $4)`,
		g.ID, g.ApplicationID, g.Name, doc(g))
	return err
}

// Group returns the application's group of that name.
func (t *Tx) Group(applicationID, name string) (deploy.Group, error) {
	return one[deploy.Group](t, `SELECT doc FROM deployment_groups WHERE application_id = $1 AND name = $2`,
		applicationID, name)
}

// GroupByID returns the group with that id.
func (t *Tx) GroupByID(id string) (deploy.Group, error) {
	return one[deploy.Group](t, `SELECT doc FROM deployment_groups WHERE id = $1`, id)
}

// SaveGroup writes a group that was read before; ErrExists when it was renamed
// and the name is taken.
func (t *Tx) SaveGroup(g deploy.Group) error {
	_, err := t.exec(`UPDATE deployment_groups SET name = $1, doc = $2 WHERE id = $3`, g.Name, doc(g), g.ID)
	return err
}

// GroupNames returns up to limit names behind after, in order.
func (t *Tx) GroupNames(applicationID, after string, limit int) ([]string, error) {
	return t.texts(`SELECT name FROM deployment_groups WHERE application_id = $1 AND name > $2 ORDER BY name LIMIT $3`,
		applicationID, after, limit)
}

// GroupIDs returns the ids of all groups of an application.
func (t *Tx) GroupIDs(applicationID string) ([]string, error) {
	return t.texts(`SELECT id FROM deployment_groups WHERE application_id = $1 ORDER BY id`, applicationID)
}

// ECSGroups returns the groups of a namespace that have ECS services.
func (t *Tx) ECSGroups(ns deploy.Namespace) ([]deploy.Group, error) {
	// Both databases can search text; they do not agree on how to look into JSON.
	return many[deploy.Group](t, `SELECT g.doc FROM deployment_groups g JOIN applications a ON a.id = g.application_id
		WHERE a.account = $1 AND a.region = $2 AND g.doc LIKE '%"ecsServices":%'`, ns.Account, ns.Region)
}

// CountGroups returns how many groups an application has.
func (t *Tx) CountGroups(applicationID string) (int64, error) {
	return t.number(`SELECT COUNT(*) FROM deployment_groups WHERE application_id = $1`, applicationID)
}

// DeleteGroup removes a group and what it remembers of its hosts.
func (t *Tx) DeleteGroup(id string) error {
	_, err := t.exec(`DELETE FROM deployment_groups WHERE id = $1`, id)
	return err
}
