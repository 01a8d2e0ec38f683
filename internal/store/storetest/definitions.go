package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

var (
	shop = deploy.Application{Namespace: ns, ID: "app-1", Name: "shop", Platform: deploy.Server, CreatedAt: at(0)}
	prod = deploy.Group{Namespace: ns, ID: "g1", ApplicationID: "app-1", Name: "prod", CreatedAt: at(0), ConfigName: "c"}
)

func insertApplication(a deploy.Application) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.InsertApplication(a) }
}

func insertGroup(g deploy.Group) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.InsertGroup(g) }
}

func named(a deploy.Application, space deploy.Namespace, id, name string) deploy.Application {
	a.Namespace, a.ID, a.Name = space, id, name
	return a
}

func groupNamed(id, name string) deploy.Group {
	g := prod
	g.ID, g.Name = id, name
	return g
}

func bundle(key string) deploy.Revision {
	return deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: key, BundleType: "zip"}}
}

func testApplications(t *testing.T, s *store.Store) {
	byName := func(tx *store.Tx) (deploy.Application, error) { return tx.Application(ns, "shop") }
	missing(t, s, "before", byName)
	do(t, s, insertApplication(shop), insertApplication(named(shop, ns, "app-2", "bank")),
		insertApplication(named(shop, ns, "app-3", "zoo")), insertApplication(named(shop, other, "app-4", "shop")))
	equal(t, "by name", read(t, s, byName), shop)
	equal(t, "by id", read(t, s, func(tx *store.Tx) (deploy.Application, error) { return tx.ApplicationByID("app-1") }), shop)
	missing(t, s, "unknown id", func(tx *store.Tx) (deploy.Application, error) { return tx.ApplicationByID("x") })
	fails(t, s, store.ErrExists, insertApplication(named(shop, ns, "app-9", "shop")))
	equal(t, "names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.ApplicationNames(ns, "", 2) }), []string{"bank", "shop"})
	equal(t, "next names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.ApplicationNames(ns, "shop", 2) }), []string{"zoo"})
	equal(t, "count", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountApplications(ns) }), 3)
	do(t, s, func(tx *store.Tx) error { return tx.DeleteApplication("app-1") })
	missing(t, s, "after it was deleted", byName)
	equal(t, "count in the other region", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountApplications(other) }), 1)
}

func testGroups(t *testing.T, s *store.Store) {
	byName := func(tx *store.Tx) (deploy.Group, error) { return tx.Group("app-1", "prod") }
	byID := func(tx *store.Tx) (deploy.Group, error) { return tx.GroupByID("g1") }
	do(t, s, insertApplication(shop))
	missing(t, s, "by name", byName)
	missing(t, s, "by id", byID)
	full := prod
	full.EC2Filters = []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "k"}}
	full.OnPremisesSet = [][]deploy.TagFilter{{{Type: deploy.ValueOnly, Value: "v"}}}
	full.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"a"}}
	full.BlueGreen = &deploy.BlueGreen{ReadyAction: "STOP_DEPLOYMENT", ReadyWait: 3}
	full.Tags = []deploy.Tag{{Key: "k", Value: "v"}}
	do(t, s, insertGroup(full), insertGroup(groupNamed("g2", "beta")), insertGroup(groupNamed("g3", "test")))
	equal(t, "by name", read(t, s, byName), full)
	equal(t, "by id", read(t, s, byID), full)
	fails(t, s, store.ErrExists, insertGroup(groupNamed("g9", "prod")))
	equal(t, "names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.GroupNames("app-1", "", 2) }), []string{"beta", "prod"})
	equal(t, "next names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.GroupNames("app-1", "prod", 2) }), []string{"test"})
	equal(t, "ids", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.GroupIDs("app-1") }), []string{"g1", "g2", "g3"})
	equal(t, "count", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountGroups("app-1") }), 3)
	do(t, s, func(tx *store.Tx) error { return tx.DeleteGroup("g1") })
	missing(t, s, "after it was deleted", byName)
	do(t, s, func(tx *store.Tx) error { return tx.DeleteApplication("app-1") })
	equal(t, "after the application was deleted", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.GroupIDs("app-1") }), nil)
}

func testRenames(t *testing.T, s *store.Store) {
	do(t, s, insertApplication(shop), insertApplication(named(shop, ns, "app-2", "bank")), insertGroup(prod), insertGroup(groupNamed("g2", "beta")))
	renamed, moved := named(shop, ns, "app-1", "store"), groupNamed("g1", "live")
	moved.ConfigName = "changed"
	do(t, s, func(tx *store.Tx) error { return tx.SaveApplication(renamed) }, func(tx *store.Tx) error { return tx.SaveGroup(moved) })
	missing(t, s, "the old name", func(tx *store.Tx) (deploy.Application, error) { return tx.Application(ns, "shop") })
	equal(t, "application", read(t, s, func(tx *store.Tx) (deploy.Application, error) { return tx.Application(ns, "store") }), renamed)
	missing(t, s, "the group's old name", func(tx *store.Tx) (deploy.Group, error) { return tx.Group("app-1", "prod") })
	equal(t, "group", read(t, s, func(tx *store.Tx) (deploy.Group, error) { return tx.Group("app-1", "live") }), moved)
	fails(t, s, store.ErrExists, func(tx *store.Tx) error { return tx.SaveApplication(named(shop, ns, "app-1", "bank")) })
	fails(t, s, store.ErrExists, func(tx *store.Tx) error { return tx.SaveGroup(groupNamed("g1", "beta")) })
}

func testECSGroups(t *testing.T, s *store.Store) {
	web := groupNamed("g2", "web")
	web.ECSServices = []deploy.ECSService{{Service: "web", Cluster: "c"}}
	do(t, s, insertApplication(shop), insertGroup(prod), insertGroup(web))
	groups := func(space deploy.Namespace) func(*store.Tx) ([]deploy.Group, error) {
		return func(tx *store.Tx) ([]deploy.Group, error) { return tx.ECSGroups(space) }
	}
	equal(t, "here", read(t, s, groups(ns)), []deploy.Group{web})
	equal(t, "elsewhere", len(read(t, s, groups(other))), 0)
}

func testGroupHosts(t *testing.T, s *store.Store) {
	do(t, s, insertApplication(shop), insertGroup(prod))
	hosts := func(tx *store.Tx) (map[string]deploy.GroupHost, error) { return tx.GroupHosts("g1") }
	equal(t, "before", len(read(t, s, hosts)), 0)
	put := func(h deploy.GroupHost) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.PutGroupHost(h) }
	}
	a := deploy.GroupHost{GroupID: "g1", Host: "a", Healthy: true, Installed: new(bundle("x")), DeploymentID: "d-1"}
	b := deploy.GroupHost{GroupID: "g1", Host: "b", DeploymentID: "d-1"}
	do(t, s, put(b), put(deploy.GroupHost{GroupID: "g1", Host: "a"}), put(a))
	equal(t, "hosts", read(t, s, hosts), map[string]deploy.GroupHost{"a": a, "b": b})
	one := func(host string) func(*store.Tx) (deploy.GroupHost, error) {
		return func(tx *store.Tx) (deploy.GroupHost, error) { return tx.GroupHost("g1", host) }
	}
	equal(t, "a host", read(t, s, one("a")), a)
	missing(t, s, "a host that is not known", one("c"))
	do(t, s, func(tx *store.Tx) error { return tx.DeleteGroup("g1") })
	equal(t, "after the group was deleted", len(read(t, s, hosts)), 0)
}

func testRevisions(t *testing.T, s *store.Store) {
	do(t, s, insertApplication(shop))
	get := func(r deploy.Revision) func(*store.Tx) (deploy.RegisteredRevision, error) {
		return func(tx *store.Tx) (deploy.RegisteredRevision, error) { return tx.Revision("app-1", r) }
	}
	missing(t, s, "before", get(bundle("a")))
	a := deploy.RegisteredRevision{Namespace: ns, ApplicationID: "app-1", Revision: bundle("a"), RegisteredAt: at(1)}
	put := func(r deploy.RegisteredRevision) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.PutRevision(r) }
	}
	do(t, s, put(a))
	a.Description, a.FirstUsedAt = "again", new(at(2))
	do(t, s, put(a))
	equal(t, "put twice", read(t, s, get(bundle("a"))), a)
	versioned := bundle("a")
	versioned.S3.Version = "1"
	missing(t, s, "another version", get(versioned))
	do(t, s, func(tx *store.Tx) error { return tx.DeleteApplication("app-1") })
	missing(t, s, "after the application was deleted", get(bundle("a")))
}

func testListingRevisions(t *testing.T, s *store.Store) {
	do(t, s, insertApplication(shop))
	// Registered in the order of the names, two of each second; c and d were
	// used, d first.
	for i, name := range []string{"a", "b", "c", "d", "é"} {
		r := deploy.RegisteredRevision{Namespace: ns, ApplicationID: "app-1", Revision: bundle("web/" + name), RegisteredAt: at(1 + i/2)}
		switch name {
		case "c":
			r.FirstUsedAt, r.LastUsedAt = new(at(20)), new(at(20))
		case "d":
			r.FirstUsedAt, r.LastUsedAt = new(at(10)), new(at(30))
		}
		do(t, s, func(tx *store.Tx) error { return tx.PutRevision(r) })
	}
	key := func(name string) string { return bundle("web/" + name).Key() }
	for _, c := range []struct {
		name   string
		filter store.RevisionFilter
		want   string
	}{
		{"registration", store.RevisionFilter{}, "abcdé"},
		{"backwards", store.RevisionFilter{Descending: true}, "édcba"},
		{"first use", store.RevisionFilter{Order: store.ByFirstUse}, "abédc"},
		{"last use", store.RevisionFilter{Order: store.ByLastUse}, "abécd"},
		{"last use backwards", store.RevisionFilter{Order: store.ByLastUse, Descending: true}, "dcéba"},
		{"bucket", store.RevisionFilter{Bucket: "b"}, "abcdé"},
		{"another bucket", store.RevisionFilter{Bucket: "B"}, ""},
		{"prefix", store.RevisionFilter{Bucket: "b", KeyPrefix: "web/é"}, "é"},
		{"no pattern", store.RevisionFilter{KeyPrefix: "%"}, ""},
		{"only", store.RevisionFilter{Only: []string{key("a"), key("d"), "x"}}, "ad"},
		{"except", store.RevisionFilter{Except: []string{key("a"), key("d")}, Descending: true}, "écb"},
	} {
		for _, limit := range []int{1, 2, 100} {
			equal(t, fmt.Sprint(c.name, " by ", limit), walkRevisions(t, s, c.filter, limit), c.want)
		}
	}
}

// walkRevisions lists page by page and returns the names.
func walkRevisions(t *testing.T, s *store.Store, f store.RevisionFilter, limit int) string {
	t.Helper()
	if f.Order == "" {
		f.Order = store.ByRegistration
	}
	all := ""
	for {
		page := read(t, s, func(tx *store.Tx) ([]deploy.RegisteredRevision, error) { return tx.Revisions("app-1", f, limit) })
		for _, r := range page {
			all += strings.TrimPrefix(r.Revision.S3.Key, "web/")
		}
		if len(page) < limit {
			return all
		}
		f.After = new(f.Order.PlaceOf(page[len(page)-1]))
	}
}

func testSecrets(t *testing.T, s *store.Store) {
	missing(t, s, "before", func(tx *store.Tx) (string, error) { return tx.Secret("key") })
	for _, made := range []string{"first", "second"} {
		update(t, s, func(tx *store.Tx) error {
			got, err := tx.EnsureSecret("key", func() (string, error) { return made, nil })
			equal(t, "secret", got, "first")
			return err
		})
	}
	equal(t, "stored", read(t, s, func(tx *store.Tx) (string, error) { return tx.Secret("key") }), "first")
}
