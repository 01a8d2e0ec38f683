package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func testTransactions(t *testing.T, s *store.Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	fails(t, s, boom, func(tx *store.Tx) error {
		if err := tx.InsertApplication(shop); err != nil {
			return err
		}
		if _, err := tx.Application(ns, "shop"); err != nil {
			t.Errorf("a transaction does not see its own change: %v", err)
		}
		return boom
	})
	missing(t, s, "after a failed transaction", func(tx *store.Tx) (deploy.Application, error) { return tx.Application(ns, "shop") })

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Update(cancelled, func(*store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}

	// Updates that read before they write are serialised.
	do(t, s, insertApplication(shop))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			err := s.Update(t.Context(), func(tx *store.Tx) error {
				r, err := tx.Revision(shop.ID, bundle("a"))
				if err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
				r.ApplicationID, r.Revision = shop.ID, bundle("a")
				r.Description += "x"
				return tx.PutRevision(r)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r := read(t, s, func(tx *store.Tx) (deploy.RegisteredRevision, error) { return tx.Revision(shop.ID, bundle("a")) })
	equal(t, "after ten changes", r.Description, "xxxxxxxxxx")
}

func testNotifications(t *testing.T, s *store.Store) {
	told, cancel := s.Subscribe(store.TopicDeployments)
	twin, cancelTwin := s.Subscribe(store.TopicDeployments)
	defer cancelTwin()
	silent := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
			t.Errorf("%s: told", what)
		default:
		}
	}
	heard := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		default:
			t.Errorf("%s: not told", what)
		}
	}
	fails(t, s, context.Canceled, func(tx *store.Tx) error {
		tx.Notify(store.TopicDeployments)
		return context.Canceled
	})
	silent("a failed transaction", told)
	update(t, s, func(tx *store.Tx) error {
		tx.Notify(store.TopicDeployments)
		silent("before the commit", told)
		return tx.InsertDeployment(deployment("d-1", "g1", 1))
	})
	heard("after the commit", told)
	heard("the second subscriber", twin)
	silent("tellings add up", told)

	host := store.TopicHost(store.HostKey(ns, "host"))
	command, cancelCommand := s.Subscribe(host)
	defer cancelCommand()
	do(t, s, insertCommand(command1("d-1", "a", 1)))
	heard("the host of a command", command)
	silent("another topic", told)

	cancel()
	do(t, s, func(tx *store.Tx) error { return tx.WakeDeployment("d-1", at(1)) })
	silent("after the subscription ended", told)
	heard("the other subscriber", twin)
}
