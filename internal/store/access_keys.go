package store

import (
	"errors"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

// accessKey is a key as it is stored.
type accessKey struct {
	Account   string    `json:"account"`
	User      string    `json:"user"`
	ID        string    `json:"id"`
	Sealed    string    `json:"sealed"`
	Inactive  bool      `json:"inactive,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// accessKeyKind is what the secrets of keys are sealed as.
const accessKeyKind = "access-key"

// key returns the key without its secret.
func (k accessKey) key() iam.AccessKey {
	return iam.AccessKey{AccountID: k.Account, UserName: k.User, ID: k.ID, Inactive: k.Inactive, CreatedAt: k.CreatedAt}
}

// InsertAccessKey adds a key to a user.
func (t *Tx) InsertAccessKey(k iam.AccessKey) error {
	row := accessKey{
		Account: k.AccountID, User: k.UserName, ID: k.ID, Inactive: k.Inactive, CreatedAt: k.CreatedAt,
		Sealed: t.seal(accessKeyKind, k.ID, string(k.Secret)),
	}
	_, err := t.exec(`INSERT INTO access_keys (id, account, folded, doc) VALUES ($1, $2, $3, $4)`,
		k.ID, k.AccountID, strings.ToLower(k.UserName), doc(row))
	return err
}

// AccessKey returns the key with that id, of any account, with its secret.
func (t *Tx) AccessKey(id string) (iam.AccessKey, error) {
	row, err := one[accessKey](t, `SELECT doc FROM access_keys WHERE id = $1`, id)
	if err != nil {
		return iam.AccessKey{}, err
	}
	k := row.key()
	secret, err := t.open(accessKeyKind, id, row.Sealed)
	k.Secret = iam.Secret(secret)
	return k, err
}

// AccessKeys returns a user's keys without their secrets.
func (t *Tx) AccessKeys(account, user string) ([]iam.AccessKey, error) {
	rows, err := t.accessKeys(account, user)
	keys := make([]iam.AccessKey, len(rows))
	for i, k := range rows {
		keys[i] = k.key()
	}
	return keys, err
}

func (t *Tx) accessKeys(account, user string) ([]accessKey, error) {
	return many[accessKey](t, `SELECT doc FROM access_keys WHERE account = $1 AND folded = $2 ORDER BY id`,
		account, strings.ToLower(user))
}

// SetAccessKeyInactive switches a user's key off or on; ErrNotFound when it
// has no such key.
func (t *Tx) SetAccessKeyInactive(account, user, id string, inactive bool) error {
	return t.changeAccessKeys(account, user, func(k *accessKey) bool {
		k.Inactive = inactive
		return k.ID == id
	})
}

// moveAccessKeys gives a user's keys to another one.
func (t *Tx) moveAccessKeys(account, from, to string) error {
	err := t.changeAccessKeys(account, from, func(k *accessKey) bool {
		k.User = to
		return true
	})
	if errors.Is(err, ErrNotFound) { // a user need not have keys
		return nil
	}
	return err
}

// changeAccessKeys saves the keys of a user for which change returns true.
func (t *Tx) changeAccessKeys(account, user string, change func(*accessKey) bool) error {
	rows, err := t.accessKeys(account, user)
	if err != nil {
		return err
	}
	changed := false
	for _, k := range rows {
		if !change(&k) {
			continue
		}
		changed = true
		if _, err := t.exec(`UPDATE access_keys SET folded = $1, doc = $2 WHERE id = $3`,
			strings.ToLower(k.User), doc(k), k.ID); err != nil {
			return err
		}
	}
	if !changed {
		return ErrNotFound
	}
	return nil
}

// DeleteAccessKey removes a user's key; ErrNotFound when it has no such key.
func (t *Tx) DeleteAccessKey(account, user, id string) error {
	return t.deleted(t.exec(`DELETE FROM access_keys WHERE account = $1 AND folded = $2 AND id = $3`,
		account, strings.ToLower(user), id))
}

// RenameUser gives a user another name; its keys and policies go along.
// ErrExists when the name is taken.
func (t *Tx) RenameUser(old string, u iam.User) error {
	if strings.EqualFold(old, u.Name) {
		if err := t.SaveUser(u); err != nil {
			return err
		}
		return t.moveAccessKeys(u.AccountID, old, u.Name)
	}
	// Keys refer to their user: the new one has to be there before the old one
	// can go.
	if err := t.InsertUser(u); err != nil {
		return err
	}
	if err := t.moveAccessKeys(u.AccountID, old, u.Name); err != nil {
		return err
	}
	for _, statement := range []string{
		`UPDATE inline_policies SET folded = $1 WHERE account = $2 AND owner = 'user' AND folded = $3`,
		`UPDATE policy_attachments SET folded = $1 WHERE account = $2 AND owner = 'user' AND folded = $3`,
	} {
		if _, err := t.exec(statement, strings.ToLower(u.Name), u.AccountID, strings.ToLower(old)); err != nil {
			return err
		}
	}
	return t.DeleteUser(u.AccountID, old)
}
