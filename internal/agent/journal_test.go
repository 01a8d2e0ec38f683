package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/protocol"
)

func testJournal(t *testing.T) *journal {
	t.Helper()
	j, err := openJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// in returns the stages that have a record.
func (j *journal) in(t *testing.T, r *record) (stages []stage) {
	t.Helper()
	for _, s := range []stage{received, running, done} {
		list, err := j.load(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range list {
			if found.Command == r.Command {
				stages = append(stages, s)
			}
		}
	}
	return stages
}

// TestJournalMove: a record is in one stage at a time, with what is known of it
// at the time of the move, whether that was stored before or not.
func TestJournalMove(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		stored  bool // durably, as it is
		changed bool // since
	}{
		{"stored as it is", true, false},
		{"changed since it was stored", true, true},
		{"not stored for good", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			j := testJournal(t)
			r := newRecord(protocol.HostCommand{HostCommandIdentifier: "c-1", CommandName: "Install"}, time.Now())
			if err := j.write(received, r, tc.stored); err != nil {
				t.Fatal(err)
			}
			if tc.changed {
				r.Deployment = "d-1"
			}
			before, err := os.Stat(j.path(received, r))
			if err != nil {
				t.Fatal(err)
			}
			if err := j.move(received, running, r); err != nil {
				t.Fatal(err)
			}
			if got := j.in(t, r); len(got) != 1 || got[0] != running {
				t.Errorf("the record is in %v", got)
			}
			after, err := os.Stat(j.path(running, r))
			if err != nil {
				t.Fatal(err)
			}
			if renamed := os.SameFile(before, after); renamed != (tc.stored && !tc.changed) {
				t.Errorf("renamed: %v", renamed)
			}
			list, err := j.load(running)
			if err != nil || list[0].Deployment != r.Deployment || list[0].Token != r.Token {
				t.Errorf("the record is %+v, %v", list[0], err)
			}
			r.Result = &result{Status: protocol.StatusSucceeded}
			if err := j.move(running, done, r); err != nil {
				t.Fatal(err)
			}
			if found, ok := j.find("c-1"); !ok || found.Result == nil {
				t.Errorf("a command that is done is %+v, %v", found, ok)
			}
			if got := j.in(t, r); len(got) != 1 || got[0] != done {
				t.Errorf("the record is in %v", got)
			}
		})
	}
}

// TestJournalPrune: what was reported a day ago is forgotten, now and then;
// what was not reported stays.
func TestJournalPrune(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	now := time.Now()
	add := func(id string, reported *time.Time) {
		t.Helper()
		r := newRecord(protocol.HostCommand{HostCommandIdentifier: id}, now)
		r.Result, r.Reported = &result{Status: protocol.StatusSucceeded}, reported
		if err := j.write(done, r, false); err != nil {
			t.Fatal(err)
		}
	}
	known := func(id string) bool { _, ok := j.find(id); return ok }
	prune := func(at time.Time) {
		t.Helper()
		if err := j.prune(at); err != nil {
			t.Fatal(err)
		}
	}
	old, fresh := now.Add(-keptFor-time.Second), now.Add(-time.Second)
	add("old", &old)
	add("fresh", &fresh)
	add("not reported", nil)
	prune(now) // the first of a life
	if known("old") || !known("fresh") || !known("not reported") {
		t.Errorf("known: old %v, fresh %v, not reported %v", known("old"), known("fresh"), known("not reported"))
	}
	add("old", &old)
	for range pruneAfter - 1 {
		prune(now)
	}
	if !known("old") {
		t.Error("pruned before its time")
	}
	prune(now)
	if known("old") {
		t.Errorf("not pruned after %d commands", pruneAfter)
	}
	add("old", &old)
	prune(now.Add(pruneEvery))
	if known("old") {
		t.Errorf("not pruned after %v", pruneEvery)
	}
}

// TestJournalKeepsTheNewest: however many commands a day has, so many are
// remembered.
func TestJournalKeepsTheNewest(t *testing.T) {
	t.Parallel()
	j := testJournal(t)
	now := time.Now()
	const more = 3
	for i := range keptMost + more {
		r := newRecord(protocol.HostCommand{HostCommandIdentifier: fmt.Sprint(i)}, now)
		reported := now.Add(-time.Duration(i) * time.Second)
		r.Reported = &reported
		if err := j.write(done, r, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.prune(now); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(j.dir, string(done)))
	if err != nil || len(entries) != keptMost {
		t.Errorf("%d are kept (%v), want %d", len(entries), err, keptMost)
	}
	if _, ok := j.find(fmt.Sprint(keptMost)); ok {
		t.Error("the oldest are kept")
	}
}
