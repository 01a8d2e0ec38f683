package api

import (
	"errors"
	"testing"
	"time"
)

func TestThrottleByCallerAndClass(t *testing.T) {
	t.Parallel()
	th := newThrottle(Limits{Reads: Rate{PerSecond: 1, Burst: 2}, Writes: Rate{PerSecond: 1, Burst: 1}})
	now := time.Unix(1_000_000, 0)
	steps := []struct {
		who, operation string
		after          time.Duration
		want           error
	}{
		{"a", "GetDeployment", 0, nil},
		{"a", "ListDeployments", 0, nil},
		{"a", "BatchGetDeployments", 0, errRate},
		{"a", "CreateDeployment", 0, nil}, // another bucket
		{"a", "StopDeployment", 0, errRate},
		{"b", "StopDeployment", 0, nil}, // another caller
		{"a", "GetDeployment", time.Second, nil},
		{"a", "GetDeployment", 0, errRate},
		{"a", "PollHostCommand", 0, nil}, // never
		{"a", "PollHostCommand", 0, nil},
		{"a", "GetDeployment", time.Hour, nil}, // forgotten and begun again
		{"a", "GetDeployment", 0, nil},
	}
	for i, s := range steps {
		now = now.Add(s.after)
		if err := th.take(s.who, s.operation, now); !errors.Is(err, s.want) {
			t.Errorf("step %d, %s by %s: %v, want %v", i, s.operation, s.who, err, s.want)
		}
	}
	if len(th.buckets) != 1 {
		t.Errorf("%d buckets are kept; the idle ones should be gone", len(th.buckets))
	}
}

func TestThrottleShedsLoad(t *testing.T) {
	t.Parallel()
	th := newThrottle(Limits{Concurrent: 1, Polls: 1})
	leave, err := th.enter("StopDeployment")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := th.enter("CreateDeployment"); !errors.Is(err, errOverload) {
		t.Errorf("a second change: %v", err)
	}
	if _, err := th.enter("GetDeployment"); err != nil {
		t.Errorf("who only looks is not kept from it: %v", err)
	}
	if _, err := th.enter("ListDeployments"); !errors.Is(err, errOverload) {
		t.Errorf("a second one that looks: %v", err)
	}
	if _, err := th.enter("PollHostCommand"); err != nil {
		t.Errorf("a poll does not count: %v", err)
	}
	if _, err := th.enter("PollHostCommand"); !errors.Is(err, errOverload) {
		t.Errorf("a second poll: %v", err)
	}
	leave()
	if _, err := th.enter("CreateDeployment"); err != nil {
		t.Errorf("after the first has left: %v", err)
	}
}

// TestOverloadIsToldOnce: a thousand refused requests are one line a second.
func TestOverloadIsToldOnce(t *testing.T) {
	t.Parallel()
	th := newThrottle(Limits{})
	now := time.Unix(1_000_000, 0)
	for i, want := range []int{1, 0, 0, 3, 0, 2} {
		if i == 3 || i == 5 {
			now = now.Add(time.Second)
		}
		if got := th.refusedSince(now); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
}
