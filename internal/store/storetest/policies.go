package storetest

import (
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/store"
)

func testRoles(t *testing.T, s *store.Store) {
	role := func(name, path string) iam.Role {
		return iam.Role{AccountID: account, ID: "AROA" + name, Path: path, Name: name, TrustPolicy: "{}", MaxSession: time.Hour, CreatedAt: at(1)}
	}
	insert := func(r iam.Role) func(*store.Tx) error { return func(tx *store.Tx) error { return tx.InsertRole(r) } }
	get := func(tx *store.Tx) (iam.Role, error) { return tx.Role(account, "HOSTS") }
	missing(t, s, "before", get)
	hosts, deployer := role("hosts", "/service/"), role("Deployer", "/")
	do(t, s, insert(hosts), insert(deployer))
	fails(t, s, store.ErrExists, insert(role("Hosts", "/")))
	equal(t, "in another spelling", read(t, s, get), hosts)
	list := func(prefix, after string) []iam.Role {
		t.Helper()
		return read(t, s, func(tx *store.Tx) ([]iam.Role, error) { return tx.Roles(account, prefix, after, 10) })
	}
	equal(t, "all", list("/", ""), []iam.Role{deployer, hosts})
	equal(t, "behind one, below a path", list("/service/", "Deployer"), []iam.Role{hosts})
	hosts.Description = "new"
	do(t, s, func(tx *store.Tx) error { return tx.SaveRole(hosts) })
	equal(t, "saved", read(t, s, get), hosts)
	remove := func(tx *store.Tx) error { return tx.DeleteRole(account, "hosts") }
	do(t, s, remove)
	fails(t, s, store.ErrNotFound, remove)
}

func testInlinePolicies(t *testing.T, s *store.Store) {
	ann := iam.Owner{Kind: iam.UserOwner, Account: account, Name: "Ann"}
	role := iam.Owner{Kind: iam.RoleOwner, Account: account, Name: "ann"}
	put := func(o iam.Owner, name, document string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.PutInlinePolicy(o, iam.InlinePolicy{Name: name, Document: document})
		}
	}
	do(t, s, put(ann, "b", "1"), put(ann, "a", "2"), put(ann, "b", "3"), put(role, "a", "4"))
	policies := func(o iam.Owner) func(tx *store.Tx) ([]iam.InlinePolicy, error) {
		o.Name = "ANN"
		return func(tx *store.Tx) ([]iam.InlinePolicy, error) { return tx.InlinePolicies(o) }
	}
	equal(t, "by name", read(t, s, policies(ann)), []iam.InlinePolicy{{Name: "a", Document: "2"}, {Name: "b", Document: "3"}})
	remove := func(tx *store.Tx) error { return tx.DeleteInlinePolicy(ann, "a") }
	do(t, s, remove)
	fails(t, s, store.ErrNotFound, remove)
	equal(t, "after one was deleted", len(read(t, s, policies(ann))), 1)
	equal(t, "of the role of that name", read(t, s, policies(role)), []iam.InlinePolicy{{Name: "a", Document: "4"}})
}

func testManagedPolicies(t *testing.T, s *store.Store) {
	p := iam.ManagedPolicy{
		AccountID: account, ID: "ANPA1", Path: "/", Name: "Deploy", Default: "v1", LastVersion: 1,
		Versions: []iam.PolicyVersion{{ID: "v1", Document: "{}", CreatedAt: at(1)}}, CreatedAt: at(1), UpdatedAt: at(1),
	}
	get := func(tx *store.Tx) (iam.ManagedPolicy, error) { return tx.Policy(account, "deploy") }
	insert := func(tx *store.Tx) error { return tx.InsertPolicy(p) }
	missing(t, s, "before", get)
	do(t, s, insert)
	fails(t, s, store.ErrExists, insert)
	p.Description = "new"
	do(t, s, func(tx *store.Tx) error { return tx.SavePolicy(p) })
	equal(t, "saved", read(t, s, get), p)
	equal(t, "list", read(t, s, func(tx *store.Tx) ([]iam.ManagedPolicy, error) { return tx.Policies(account, "/", "", 10) }), []iam.ManagedPolicy{p})

	ann := iam.Owner{Kind: iam.UserOwner, Account: account, Name: "Ann"}
	attach := func(tx *store.Tx) error { return tx.AttachPolicy(ann, p.ARN()) }
	detach := func(tx *store.Tx) error { return tx.DetachPolicy(ann, p.ARN()) }
	do(t, s, attach, attach)
	equal(t, "attached", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.AttachedPolicies(ann) }), []string{p.ARN()})
	equal(t, "owners", read(t, s, func(tx *store.Tx) (int, error) { return tx.Attachments(account, p.ARN()) }), 1)
	do(t, s, detach)
	fails(t, s, store.ErrNotFound, detach)
	remove := func(tx *store.Tx) error { return tx.DeletePolicy(account, "Deploy") }
	do(t, s, remove)
	fails(t, s, store.ErrNotFound, remove)
}
