package storetest

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

const account = "123456789012"

func user(name, path string) iam.User {
	return iam.User{AccountID: account, ID: "AIDA" + name, Path: path, Name: name, CreatedAt: at(1)}
}

func insertUser(u iam.User) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.InsertUser(u) }
}

func testUsers(t *testing.T, s *store.Store) {
	get := func(name string) func(*store.Tx) (iam.User, error) {
		return func(tx *store.Tx) (iam.User, error) { return tx.User(account, name) }
	}
	missing(t, s, "before", get("Ann"))
	ann, bob, cy := user("Ann", "/"), user("bob", "/hosts/"), user("cy", "/hosts/web/")
	do(t, s, insertUser(cy), insertUser(ann), insertUser(bob))
	equal(t, "in another spelling", read(t, s, get("aNN")), ann)
	fails(t, s, store.ErrExists, insertUser(user("ANN", "/")))
	list := func(prefix, after string, limit int) []iam.User {
		t.Helper()
		return read(t, s, func(tx *store.Tx) ([]iam.User, error) { return tx.Users(account, prefix, after, limit) })
	}
	equal(t, "all", list("/", "", 10), []iam.User{ann, bob, cy})
	equal(t, "page", list("/", "Ann", 1), []iam.User{bob})
	equal(t, "below a path", list("/hosts/", "", 10), []iam.User{bob, cy})
	remove := func(tx *store.Tx) error { return tx.DeleteUser(account, "ANN") }
	do(t, s, remove)
	fails(t, s, store.ErrNotFound, remove)
	missing(t, s, "after it was deleted", get("Ann"))
}

func testAccessKeys(t *testing.T, s *store.Store) {
	get := func(tx *store.Tx) (iam.AccessKey, error) { return tx.AccessKey("AKIA2") }
	missing(t, s, "before", get)
	key := func(id string) iam.AccessKey {
		return iam.AccessKey{AccountID: account, UserName: "ann", ID: id, Secret: iam.Secret("secret of " + id), CreatedAt: at(1)}
	}
	put := func(k iam.AccessKey) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.InsertAccessKey(k) }
	}
	do(t, s, insertUser(user("ann", "/")), put(key("AKIA2")), put(key("AKIA1")))
	fails(t, s, store.ErrExists, put(key("AKIA1")))
	if got := read(t, s, get); got != key("AKIA2") {
		t.Errorf("got %+v with the secret %q", got, string(got.Secret))
	}
	listed := func(id string) iam.AccessKey {
		k := key(id)
		k.Secret = ""
		return k
	}
	keys := read(t, s, func(tx *store.Tx) ([]iam.AccessKey, error) { return tx.AccessKeys(account, "ANN") })
	equal(t, "keys", keys, []iam.AccessKey{listed("AKIA1"), listed("AKIA2")})
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteUser(account, "ann") }); err == nil {
		t.Error("a user with keys was deleted")
	}
	off := func(user string) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.SetAccessKeyInactive(account, user, "AKIA2", true) }
	}
	do(t, s, off("ANN"))
	fails(t, s, store.ErrNotFound, off("bob"))
	if got := read(t, s, get); !got.Inactive || got.Secret != key("AKIA2").Secret {
		t.Errorf("switched off: %+v", got)
	}
	remove := func(user string) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.DeleteAccessKey(account, user, "AKIA2") }
	}
	fails(t, s, store.ErrNotFound, remove("bob"))
	do(t, s, remove("Ann"))
	missing(t, s, "after it was deleted", get)
}

func testRenameUser(t *testing.T, s *store.Store) {
	owner := func(name string) iam.Owner { return iam.Owner{Kind: iam.UserOwner, Account: account, Name: name} }
	key := iam.AccessKey{AccountID: account, UserName: "ann", ID: "AKIA1", Secret: "s", CreatedAt: at(1)}
	do(t, s, insertUser(user("ann", "/")), insertUser(user("bob", "/")),
		func(tx *store.Tx) error { return tx.InsertAccessKey(key) },
		func(tx *store.Tx) error {
			return tx.PutInlinePolicy(owner("ann"), iam.InlinePolicy{Name: "p", Document: "1"})
		},
		func(tx *store.Tx) error { return tx.AttachPolicy(owner("ann"), "arn:a") })
	rename := func(from, to string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			u, err := tx.User(account, from)
			u.Name = to
			if err != nil {
				return err
			}
			return tx.RenameUser(from, u)
		}
	}
	fails(t, s, store.ErrExists, rename("ann", "BOB"))
	do(t, s, rename("ann", "Ann"), rename("Ann", "cy"))
	missing(t, s, "under the old name", func(tx *store.Tx) (iam.User, error) { return tx.User(account, "ann") })
	key.UserName = "cy"
	equal(t, "key", read(t, s, func(tx *store.Tx) (iam.AccessKey, error) { return tx.AccessKey("AKIA1") }), key)
	equal(t, "policies", len(read(t, s, func(tx *store.Tx) ([]iam.InlinePolicy, error) { return tx.InlinePolicies(owner("cy")) })), 1)
	equal(t, "attached", len(read(t, s, func(tx *store.Tx) ([]string, error) { return tx.AttachedPolicies(owner("cy")) })), 1)
}
