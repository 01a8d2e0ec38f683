package store

import (
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// InsertApplication adds an application; ErrExists when its name is taken.
func (t *Tx) InsertApplication(a deploy.Application) error {
	_, err := t.exec(`INSERT INTO applications (id, account, region, name, doc) VALUES ($1, $2, $3, $4, $5)`,
		a.ID, a.Account, a.Region, a.Name, doc(a))
	return err
}

// Application returns the application of that name.
func (t *Tx) Application(ns deploy.Namespace, name string) (deploy.Application, error) {
	return one[deploy.Application](t, `SELECT doc FROM applications WHERE account = $1 AND region = $2 AND name = $3`,
		ns.Account, ns.Region, name)
}

// ApplicationByID returns the application with that id.
func (t *Tx) ApplicationByID(id string) (deploy.Application, error) {
	return one[deploy.Application](t, `SELECT doc FROM applications WHERE id = $1`, id)
}

// SaveApplication writes an application that was read before; ErrExists when
// it was renamed and the name is taken.
func (t *Tx) SaveApplication(a deploy.Application) error {
	_, err := t.exec(`UPDATE applications SET name = $1, doc = $2 WHERE id = $3`, a.Name, doc(a), a.ID)
	return err
}

// LinkedApplications returns the applications that use a GitHub token.
func (t *Tx) LinkedApplications(ns deploy.Namespace, token string) ([]deploy.Application, error) {
	apps, err := many[deploy.Application](t, `SELECT doc FROM applications
		WHERE account = $1 AND region = $2 AND doc LIKE $3 ESCAPE '\' ORDER BY name`,
		ns.Account, ns.Region, containing(`"gitHubAccountName":`, token))
	return slices.DeleteFunc(apps, func(a deploy.Application) bool { return a.GitHubAccountName != token }), err
}

// ApplicationNames returns up to limit names behind after, in order.
func (t *Tx) ApplicationNames(ns deploy.Namespace, after string, limit int) ([]string, error) {
	return t.texts(`SELECT name FROM applications WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`,
		ns.Account, ns.Region, after, limit)
}

// CountApplications returns how many applications there are.
func (t *Tx) CountApplications(ns deploy.Namespace) (int64, error) {
	return t.number(`SELECT COUNT(*) FROM applications WHERE account = $1 AND region = $2`, ns.Account, ns.Region)
}

// DeleteApplication removes the application with its groups and revisions.
func (t *Tx) DeleteApplication(id string) error {
	_, err := t.exec(`DELETE FROM applications WHERE id = $1`, id)
	return err
}
