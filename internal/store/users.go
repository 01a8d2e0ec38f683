package store

import (
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

// InsertUser adds a user; ErrExists when the name is taken in any spelling.
func (t *Tx) InsertUser(u iam.User) error {
	_, err := t.exec(`INSERT INTO users (account, folded, name, path, doc) VALUES ($1, $2, $3, $4, $5)`,
		u.AccountID, strings.ToLower(u.Name), u.Name, u.Path, doc(u))
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
	n, err := t.exec(`DELETE FROM users WHERE account = $1 AND folded = $2`, account, strings.ToLower(name))
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// accessKey is a key as it is stored: package iam hides its secret from
// encoders.
type accessKey struct {
	Account   string    `json:"account"`
	User      string    `json:"user"`
	ID        string    `json:"id"`
	Secret    string    `json:"secret"`
	CreatedAt time.Time `json:"createdAt"`
}

func (k accessKey) key() iam.AccessKey {
	return iam.AccessKey{
		AccountID: k.Account, UserName: k.User, ID: k.ID, Secret: iam.Secret(k.Secret), CreatedAt: k.CreatedAt,
	}
}

// InsertAccessKey adds a key to a user.
func (t *Tx) InsertAccessKey(k iam.AccessKey) error {
	_, err := t.exec(`INSERT INTO access_keys (id, account, folded, doc) VALUES ($1, $2, $3, $4)`,
		k.ID, k.AccountID, strings.ToLower(k.UserName),
		doc(accessKey{Account: k.AccountID, User: k.UserName, ID: k.ID, Secret: string(k.Secret), CreatedAt: k.CreatedAt}))
	return err
}

// AccessKey returns the key with that id, of any account.
func (t *Tx) AccessKey(id string) (iam.AccessKey, error) {
	k, err := one[accessKey](t, `SELECT doc FROM access_keys WHERE id = $1`, id)
	return k.key(), err
}

// AccessKeys returns a user's keys.
func (t *Tx) AccessKeys(account, user string) ([]iam.AccessKey, error) {
	rows, err := many[accessKey](t, `SELECT doc FROM access_keys WHERE account = $1 AND folded = $2 ORDER BY id`,
		account, strings.ToLower(user))
	keys := make([]iam.AccessKey, len(rows))
	for i, k := range rows {
		keys[i] = k.key()
	}
	return keys, err
}

// DeleteAccessKey removes a key.
func (t *Tx) DeleteAccessKey(id string) error {
	_, err := t.exec(`DELETE FROM access_keys WHERE id = $1`, id)
	return err
}

// PutUserPolicy adds a policy to a user or replaces it.
func (t *Tx) PutUserPolicy(account, user string, p iam.UserPolicy) error {
	_, err := t.exec(`INSERT INTO user_policies (account, folded, name, document) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, folded, name) DO UPDATE SET document = excluded.document`,
		account, strings.ToLower(user), p.Name, p.Document)
	return err
}

// UserPolicies returns a user's policies by name.
func (t *Tx) UserPolicies(account, user string) ([]iam.UserPolicy, error) {
	rows, err := t.tx.QueryContext(t.ctx, `SELECT name, document FROM user_policies
		WHERE account = $1 AND folded = $2 ORDER BY name`, account, strings.ToLower(user))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []iam.UserPolicy
	for rows.Next() {
		var p iam.UserPolicy
		if err := rows.Scan(&p.Name, &p.Document); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// DeleteUserPolicy removes a policy of a user.
func (t *Tx) DeleteUserPolicy(account, user, name string) error {
	n, err := t.exec(`DELETE FROM user_policies WHERE account = $1 AND folded = $2 AND name = $3`,
		account, strings.ToLower(user), name)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
