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
	keys := read(t, s, func(tx *store.Tx) ([]iam.AccessKey, error) { return tx.AccessKeys(account, "ANN") })
	equal(t, "keys", keys, []iam.AccessKey{key("AKIA1"), key("AKIA2")})
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteUser(account, "ann") }); err == nil {
		t.Error("a user with keys was deleted")
	}
	do(t, s, func(tx *store.Tx) error { return tx.DeleteAccessKey("AKIA2") })
	missing(t, s, "after it was deleted", get)
}

func testPolicies(t *testing.T, s *store.Store) {
	put := func(name, document string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.PutUserPolicy(account, "Ann", iam.UserPolicy{Name: name, Document: document})
		}
	}
	do(t, s, insertUser(user("ann", "/")), put("b", "1"), put("a", "2"), put("b", "3"))
	policies := func(tx *store.Tx) ([]iam.UserPolicy, error) { return tx.UserPolicies(account, "ann") }
	equal(t, "by name", read(t, s, policies), []iam.UserPolicy{{Name: "a", Document: "2"}, {Name: "b", Document: "3"}})
	remove := func(tx *store.Tx) error { return tx.DeleteUserPolicy(account, "ANN", "a") }
	do(t, s, remove)
	fails(t, s, store.ErrNotFound, remove)
	equal(t, "after one was deleted", len(read(t, s, policies)), 1)
}
