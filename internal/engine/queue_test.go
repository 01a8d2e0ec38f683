package engine_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// TestQueueHolds lets random things happen to deployments of three groups that
// queue, under a limit of two, and checks after each what must hold of a
// queue.
func TestQueueHolds(t *testing.T) {
	t.Parallel()
	for seed := range max(uint64(8/thinned), 1) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			q := queueRun{newWorld(t), rand.New(rand.NewPCG(seed, seed))}
			defer func() { q.store.Close() }()
			q.plays("limit deployments 2", "hosts web-1 web-2 api-1@api job-1@job")
			for range 40 {
				line := q.next()
				q.plays(line)
				q.check(line)
			}
			q.plays("all runs")
			for _, d := range q.all() {
				if !d.Status.Terminal() {
					t.Errorf("%s is %s in the end: %v", d.ID, d.Status, d.Messages)
				}
			}
		})
	}
}

type queueRun struct {
	*world
	rand *rand.Rand
}

func (q queueRun) pick(of ...string) string { return of[q.rand.IntN(len(of))] }

// next is a random line of a transcript.
func (q queueRun) next() string {
	host := q.pick("web-1", "web-2", "api-1", "job-1")
	active := []string{}
	for _, d := range q.all() {
		if !d.Status.Terminal() {
			active = append(active, d.ID)
		}
	}
	create := "create v" + fmt.Sprint(q.rand.IntN(5)) + ".tgz rollback=FAILURE,STOP_ON_REQUEST config=AllAtOnce" +
		q.pick("", " group=api", " group=job")
	switch n := q.rand.IntN(10); {
	case n < 4 || len(active) == 0:
		return create
	case n < 6:
		return host + " runs " + active[0]
	case n < 8:
		return "stop " + q.pick(active...)
	case n < 9:
		return "hosts new-" + fmt.Sprint(q.rand.IntN(3)) + q.pick("", "@api")
	}
	return q.failing(host)
}

// failing is the failure of what a host has to do, if that is something.
func (q queueRun) failing(host string) (line string) {
	line = "tick 1m"
	q.view(func(tx *store.Tx) error {
		c, err := tx.NextCommand(ns, hostARN(host), q.now)
		if err == nil && c.DeploymentID == q.deploymentOf(host) {
			line = host + " fail " + c.Event
		}
		return nil
	})
	return line
}

// all returns the deployments, oldest first.
func (q queueRun) all() (all []deploy.Deployment) {
	q.view(func(tx *store.Tx) error {
		keys, err := tx.Deployments(ns, store.DeploymentFilter{}, 1000)
		for _, k := range keys {
			d, err := tx.Deployment(k.ID)
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		return err
	})
	slices.SortStableFunc(all, func(a, b deploy.Deployment) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return all
}

func (q queueRun) check(line string) {
	q.t.Helper()
	holders, started, active := map[string]string{}, map[string]deploy.Deployment{}, 0
	for _, d := range slices.Backward(q.all()) {
		switch {
		case d.Status.Terminal():
		case d.Status == deploy.Queued:
			if younger, ok := started[d.GroupID]; ok && d.Creator == deploy.CreatorUser {
				q.t.Errorf("after %q: %s waits behind %s, which is younger", line, d.ID, younger.ID)
			}
			continue
		default:
			active++
			if other := holders[d.GroupID]; other != "" {
				q.t.Errorf("after %q: %s and %s hold the group %s", line, other, d.ID, d.GroupID)
			}
			holders[d.GroupID] = d.ID
		}
		if d.StartedAt != nil && d.Creator == deploy.CreatorUser {
			started[d.GroupID] = d
		}
	}
	if active > 2 {
		q.t.Errorf("after %q: %d deployments are active", line, active)
	}
	q.view(func(tx *store.Tx) error {
		if next, err := tx.NextQueued(ns); err == nil && active < 2 {
			q.t.Errorf("after %q: there is room, and it is the turn of %s", line, next)
		}
		return nil
	})
}
