package storetest

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func instance(name, user string) deploy.Instance {
	return deploy.Instance{Namespace: ns, Name: name, ARN: "arn:" + name, IAMUserARN: user, RegisteredAt: at(1)}
}

func putInstance(i deploy.Instance) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.PutInstance(i) }
}

func testInstances(t *testing.T, s *store.Store) {
	byName := func(tx *store.Tx) (deploy.Instance, error) { return tx.Instance(ns, "a") }
	byIdentity := func(tx *store.Tx) (deploy.Instance, error) { return tx.InstanceByIdentity(ns, "user-a") }
	missing(t, s, "by name", byName)
	missing(t, s, "by identity", byIdentity)

	a, b := instance("a", "user-a"), instance("b", "user-b")
	do(t, s, putInstance(b), putInstance(a))
	a.Tags = []deploy.Tag{{Key: "k", Value: "v"}}
	do(t, s, putInstance(a))
	equal(t, "by name", read(t, s, byName), a)
	equal(t, "by identity", read(t, s, byIdentity), a)
	fails(t, s, store.ErrExists, putInstance(instance("c", "user-a")))
	elsewhere := instance("c", "user-a")
	elsewhere.Namespace = other
	do(t, s, putInstance(elsewhere))
	page := func(after string, limit int) func(*store.Tx) ([]deploy.Instance, error) {
		return func(tx *store.Tx) ([]deploy.Instance, error) { return tx.Instances(ns, after, limit) }
	}
	equal(t, "first page", read(t, s, page("", 1)), []deploy.Instance{a})
	equal(t, "second page", read(t, s, page("a", 10)), []deploy.Instance{b})

	// A record that is deregistered stays, and its identity is free.
	a.DeregisteredAt = new(at(2))
	do(t, s, putInstance(a))
	equal(t, "deregistered", read(t, s, byName), a)
	missing(t, s, "the identity of a deregistered one", byIdentity)
	registered := func(tx *store.Tx) ([]deploy.Instance, error) { return tx.RegisteredInstances(ns) }
	equal(t, "registered", read(t, s, registered), []deploy.Instance{b})
	c := instance("c", "user-a")
	do(t, s, putInstance(c))
	equal(t, "the next with the identity", read(t, s, byIdentity), c)
	equal(t, "all", read(t, s, page("", 10)), []deploy.Instance{a, b, c})
}
