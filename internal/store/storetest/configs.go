package storetest

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

var careful = deploy.Config{
	Namespace: ns, ID: "c1", Name: "care_ful", Platform: deploy.Server, CreatedAt: at(0),
	MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.HostCount, Value: 3},
	Zonal:          &deploy.ZonalConfig{MonitorSeconds: new(int64(0))},
}

func insertConfig(c deploy.Config) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.InsertConfig(c) }
}

func configNamed(space deploy.Namespace, id, name string) deploy.Config {
	c := careful
	c.Namespace, c.ID, c.Name = space, id, name
	return c
}

func testConfigs(t *testing.T, s *store.Store) {
	byName := func(tx *store.Tx) (deploy.Config, error) { return tx.Config(ns, "care_ful") }
	missing(t, s, "before", byName)
	do(t, s, insertConfig(careful), insertConfig(configNamed(ns, "c2", "bold")), insertConfig(configNamed(other, "c3", "care_ful")))
	equal(t, "by name", read(t, s, byName), careful)
	fails(t, s, store.ErrExists, insertConfig(configNamed(ns, "c9", "bold")))
	equal(t, "names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.ConfigNames(ns, "", 1) }), []string{"bold"})
	equal(t, "next names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.ConfigNames(ns, "bold", 5) }), []string{"care_ful"})
	equal(t, "count", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountConfigs(ns) }), 2)
	do(t, s, func(tx *store.Tx) error { return tx.DeleteConfig("c1") })
	missing(t, s, "after it was deleted", byName)
	equal(t, "count elsewhere", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountConfigs(other) }), 1)
}

// testConfigUse checks that a use is found, and that names that are alike are
// not taken for it.
func testConfigUse(t *testing.T, s *store.Store) {
	group := func(config string) func(*store.Tx) (deploy.Group, error) {
		return func(tx *store.Tx) (deploy.Group, error) { return tx.GroupWithConfig(ns, config) }
	}
	active := func(config string) func(*store.Tx) (deploy.Deployment, error) {
		return func(tx *store.Tx) (deploy.Deployment, error) { return tx.ActiveWithConfig(ns, config) }
	}
	uses := prod
	uses.ConfigName = "care_ful"
	uses.Tags = []deploy.Tag{{Key: `"configName":"other"`, Value: "name"}}
	d := deployment("d-1", "g1", 1)
	d.Config = careful
	ended := deployment("d-2", "g2", 1)
	ended.Config, ended.Status = configNamed(ns, "c2", "bold"), deploy.Failed
	do(t, s, insertApplication(shop), insertGroup(uses),
		func(tx *store.Tx) error { return tx.InsertDeployment(d) },
		func(tx *store.Tx) error { return tx.InsertDeployment(ended) })
	equal(t, "group", read(t, s, group("care_ful")).ID, "g1")
	equal(t, "deployment", read(t, s, active("care_ful")).ID, "d-1")
	for _, name := range []string{"careXful", "CARE_FUL", "care", "other", "%", "bold"} {
		missing(t, s, "group with "+name, group(name))
		missing(t, s, "deployment with "+name, active(name))
	}
	missing(t, s, "elsewhere", func(tx *store.Tx) (deploy.Group, error) { return tx.GroupWithConfig(other, "care_ful") })
}
