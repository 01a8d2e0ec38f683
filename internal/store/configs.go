package store

import (
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// InsertConfig adds a configuration; ErrExists when its name is taken. The
// predefined ones are in no store.
func (t *Tx) InsertConfig(c deploy.Config) error {
	_, err := t.exec(`INSERT INTO deployment_configs (id, account, region, name, doc) VALUES ($1, $2, $3, $4, $5)`,
		c.ID, c.Account, c.Region, c.Name, doc(c))
	return err
}

// Config returns the configuration of that name.
func (t *Tx) Config(ns deploy.Namespace, name string) (deploy.Config, error) {
	return one[deploy.Config](t, `SELECT doc FROM deployment_configs WHERE account = $1 AND region = $2 AND name = $3`,
		ns.Account, ns.Region, name)
}

// ConfigNames returns up to limit names behind after, in order.
func (t *Tx) ConfigNames(ns deploy.Namespace, after string, limit int) ([]string, error) {
	return t.texts(`SELECT name FROM deployment_configs WHERE account = $1 AND region = $2 AND name > $3
		ORDER BY name LIMIT $4`, ns.Account, ns.Region, after, limit)
}

// CountConfigs returns how many configurations there are.
func (t *Tx) CountConfigs(ns deploy.Namespace) (int64, error) {
	return t.number(`SELECT COUNT(*) FROM deployment_configs WHERE account = $1 AND region = $2`, ns.Account, ns.Region)
}

// DeleteConfig removes a configuration.
func (t *Tx) DeleteConfig(id string) error {
	_, err := t.exec(`DELETE FROM deployment_configs WHERE id = $1`, id)
	return err
}

// GroupWithConfig returns a group that names the configuration.
func (t *Tx) GroupWithConfig(ns deploy.Namespace, config string) (deploy.Group, error) {
	groups, err := many[deploy.Group](t, `SELECT g.doc FROM deployment_groups g JOIN applications a ON a.id = g.application_id
		WHERE a.account = $1 AND a.region = $2 AND g.doc LIKE $3 ESCAPE '\' ORDER BY a.name, g.name`,
		ns.Account, ns.Region, containing(`"configName":`, config))
	return first(groups, err, func(g deploy.Group) bool { return g.ConfigName == config })
}

// ActiveWithConfig returns an active deployment that goes by a configuration.
func (t *Tx) ActiveWithConfig(ns deploy.Namespace, config string) (deploy.Deployment, error) {
	active, err := many[deploy.Deployment](t, `SELECT doc FROM deployments
		WHERE account = $1 AND region = $2 AND active = 1 AND doc LIKE $3 ESCAPE '\' ORDER BY created_at, id`,
		ns.Account, ns.Region, containing(`"name":`, config))
	return first(active, err, func(d deploy.Deployment) bool { return d.Config.Name == config })
}

// containing is a pattern for docs that have a member with that text. It finds
// too much, for LIKE may not care for case, and never too little: names are
// the same in JSON.
func containing(member, name string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(name)
	return `%` + member + `"` + escaped + `"%`
}

// first returns the first value that is meant.
func first[T any](values []T, err error, meant func(T) bool) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	for _, v := range values {
		if meant(v) {
			return v, nil
		}
	}
	return none, ErrNotFound
}
