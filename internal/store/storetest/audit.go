package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/store"
)

// testAudit: the record of a call is on disk with the change it made, once,
// and not without it.
func testAudit(t *testing.T, s *store.Store) {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	ctx, pending := audit.With(t.Context(), audit.Record{At: at, RequestID: "r-1", Account: "1", Action: "a", Outcome: audit.Success})
	boom := errors.New("boom")
	if err := s.Update(ctx, func(*store.Tx) error { return boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if _, unsaved := pending.Unsaved(); !unsaved {
		t.Error("a transaction that failed took the record")
	}
	for range 2 { // a call may take several transactions
		err := s.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.EnsureSecret("x", func() (string, error) { return "y", nil })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertAudit(audit.Record{At: at, RequestID: "r-0", Account: "1"}) // the same time, an id before
	}); err != nil {
		t.Fatal(err)
	}
	read := func(after int64) (ids []string) {
		err := s.View(t.Context(), func(tx *store.Tx) error {
			records, err := tx.Audit("1", after, 10)
			for _, r := range records {
				ids = append(ids, r.RequestID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	if got := read(0); len(got) != 2 || got[0] != "r-1" || got[1] != "r-0" {
		t.Errorf("records %v", got)
	}
	if got := read(1); len(got) != 1 || got[0] != "r-0" {
		t.Errorf("records behind the first: %v", got)
	}
}

// testAuditOrder: who follows the audit while many add to it misses no record.
func testAuditOrder(t *testing.T, s *store.Store) {
	const writers, each = 5, 8
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				r := audit.Record{RequestID: fmt.Sprint(w, "-", i), Account: "1"}
				ctx, _ := audit.With(t.Context(), r)
				if err := s.Update(ctx, func(tx *store.Tx) error { return tx.PutInstance(instance(r.RequestID, r.RequestID)) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() { writing.Wait(); close(written) }()
	var followed []string
	follow := func(last int64) int64 {
		records := read(t, s, func(tx *store.Tx) ([]audit.Record, error) { return tx.Audit("1", last, 3) })
		for _, r := range records {
			if r.Sequence <= last {
				t.Errorf("number %d comes after %d", r.Sequence, last)
			}
			followed, last = append(followed, r.RequestID), r.Sequence
		}
		return last
	}
	last := int64(0)
	for over := false; !over; {
		select {
		case <-written:
			over = true
		default:
		}
		last = follow(last)
	}
	for len(followed) < writers*each {
		before := last
		if last = follow(last); last == before {
			t.Fatalf("%d records were followed, want %d", len(followed), writers*each)
		}
	}
}
