package store

import (
	"strings"

	"github.com/slipwayhq/slipway/internal/iam"
)

// InsertRole adds a role; ErrExists when the name is taken in any spelling.
func (t *Tx) InsertRole(r iam.Role) error {
	_, err := t.exec(`INSERT INTO roles (account, folded, name, path, doc) VALUES ($1, $2, $3, $4, $5)`,
		r.AccountID, strings.ToLower(r.Name), r.Name, r.Path, doc(r))
	return err
}

// SaveRole replaces the record of a role; name and path stay.
func (t *Tx) SaveRole(r iam.Role) error {
	_, err := t.exec(`UPDATE roles SET doc = $1 WHERE account = $2 AND folded = $3`,
		doc(r), r.AccountID, strings.ToLower(r.Name))
	return err
}

// Role returns the role of that name.
func (t *Tx) Role(account, name string) (iam.Role, error) {
	return one[iam.Role](t, `SELECT doc FROM roles WHERE account = $1 AND folded = $2`, account, strings.ToLower(name))
}

// Roles is as [Tx.Users].
func (t *Tx) Roles(account, pathPrefix, after string, limit int) ([]iam.Role, error) {
	return many[iam.Role](t, `SELECT doc FROM roles WHERE account = $1 AND substr(path, 1, $2) = $3 AND name > $4
		ORDER BY name LIMIT $5`, account, len(pathPrefix), pathPrefix, after, limit)
}

// DeleteRole removes a role.
func (t *Tx) DeleteRole(account, name string) error {
	return t.deleted(t.exec(`DELETE FROM roles WHERE account = $1 AND folded = $2`, account, strings.ToLower(name)))
}
