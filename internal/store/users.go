package store

import (
	"strings"

	"github.com/slipwayhq/slipway/internal/iam"
)

// InsertUser adds a user; ErrExists when the name is taken in any spelling.
func (t *Tx) InsertUser(u iam.User) error {
	_, err := t.exec(`INSERT INTO users (account, folded, name, path, doc) VALUES ($1, $2, $3, $4, $5)`,
		u.AccountID, strings.ToLower(u.Name), u.Name, u.Path, doc(u))
	return err
}

// SaveUser replaces the record of a user whose name stays, but for its case.
func (t *Tx) SaveUser(u iam.User) error {
	_, err := t.exec(`UPDATE users SET name = $1, path = $2, doc = $3 WHERE account = $4 AND folded = $5`,
		u.Name, u.Path, doc(u), u.AccountID, strings.ToLower(u.Name))
	return err
}

// User returns the user of that name.
func (t *Tx) User(account, name string) (iam.User, error) {
	return one[iam.User](t, `SELECT doc FROM users WHERE account = $1 AND folded = $2`, account, strings.ToLower(name))
}

// Users returns up to limit users whose path begins with the prefix and whose
// name is behind after, in order.
func (t *Tx) Users(account, pathPrefix, after string, limit int) ([]iam.User, error) {
	return many[iam.User](t, `SELECT doc FROM users WHERE account = $1 AND substr(path, 1, $2) = $3 AND name > $4
		ORDER BY name LIMIT $5`, account, len(pathPrefix), pathPrefix, after, limit)
}

// DeleteUser removes a user that has no keys and no policies.
func (t *Tx) DeleteUser(account, name string) error {
	return t.deleted(t.exec(`DELETE FROM users WHERE account = $1 AND folded = $2`, account, strings.ToLower(name)))
}

// deleted is the result of a deletion: nothing there is ErrNotFound.
func (*Tx) deleted(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
