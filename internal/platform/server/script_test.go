package server

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
)

// script is a deployment whose hosts do what a test says.
type script struct {
	t        testing.TB
	platform Platform
	snapshot deploy.Snapshot
	now      time.Time
	live     map[string]deploy.HostCommand // by target
	acts     map[string]deploy.Action      // those that have not ended, by id
	touched  []string                      // hosts that were given something, in order
	most     int                           // hosts in flight at one time
	wakeAt   time.Time
}

// fleet returns n instances of a group that selects them all. Known hosts are
// healthy.
func fleet(n int, healthy bool) platform.Fleet {
	f := platform.Fleet{Known: map[string]deploy.GroupHost{}}
	f.Group.OnPremisesFilters = []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "k"}}
	for i := range n {
		name := fmt.Sprintf("h%04d", i+1)
		f.Instances = append(f.Instances, deploy.Instance{Name: name, Tags: []deploy.Tag{{Key: "k"}}})
		f.Known[name] = deploy.GroupHost{Healthy: healthy}
	}
	return f
}

// inZones spreads instances over zones of these sizes, named a, b, c, ...
func inZones(f platform.Fleet, sizes ...int) platform.Fleet {
	i := 0
	for zone, size := range sizes {
		for range size {
			f.Instances[i].Tags = append(f.Instances[i].Tags, deploy.Tag{Key: deploy.ZoneTag, Value: string(rune('a' + zone))})
			i++
		}
	}
	return f
}

// begin plans a deployment and takes the first decision.
func begin(t testing.TB, p Platform, d deploy.Deployment, f platform.Fleet) *script {
	d.ID, d.Status = "d-1", deploy.Created
	targets, failure := p.Plan(d, f, start)
	if failure != nil {
		t.Fatal(failure)
	}
	d.Move(deploy.InProgress, start)
	s := &script{
		t: t, platform: p, now: start, live: map[string]deploy.HostCommand{}, acts: map[string]deploy.Action{},
		snapshot: deploy.Snapshot{Deployment: d, Targets: targets, Index: deploy.NewIndex(targets)},
	}
	s.decide()
	return s
}

// decide takes a decision on the reports and applies it.
func (s *script) decide(reports ...deploy.HostCommand) {
	s.snapshot.Reports = reports
	d := s.platform.Decide(s.snapshot, s.now)
	s.snapshot.Deployment, s.snapshot.Reports, s.snapshot.Outcomes, s.wakeAt = d.Deployment, nil, nil, d.WakeAt
	s.snapshot.Index.Replace(s.snapshot.Targets, d.Targets)
	for _, a := range d.Act {
		s.acts[a.ID] = a
	}
	for _, id := range d.Drop {
		delete(s.acts, id)
	}
	for _, c := range d.Issue {
		s.live[c.TargetID] = c
		if !slices.Contains(s.touched, c.TargetID) {
			s.touched = append(s.touched, c.TargetID)
		}
	}
	s.most = max(s.most, s.snapshot.Index.Fleet().InFlight)
}

// says reports the state of a host's command.
func (s *script) says(host string, state deploy.CommandState) {
	s.t.Helper()
	c, ok := s.live[host]
	if !ok {
		s.t.Fatalf("%s has no command", host)
	}
	at := s.now
	switch c.State = state; state {
	case deploy.CommandRunning:
		c.AckedAt = &at
		s.live[host] = c
	case deploy.CommandFailed:
		c.Diagnostics = &deploy.Diagnostics{ErrorCode: "ScriptFailed"}
		fallthrough
	default:
		c.CompletedAt = &at
		delete(s.live, host)
	}
	s.decide(c)
}

// runs lets a host work off its events, and fail the one named.
func (s *script) runs(host, failing string) {
	s.t.Helper()
	for c, ok := s.live[host]; ok; c, ok = s.live[host] {
		state := deploy.CommandSucceeded
		if c.Event == failing {
			state = deploy.CommandFailed
		}
		s.says(host, state)
	}
}

// runsAll lets all hosts work, in the order in which they were begun with.
func (s *script) runsAll(failing map[string]bool) {
	s.t.Helper()
	for i := 0; i < len(s.touched); i++ {
		event := ""
		if failing[s.touched[i]] {
			event = deploy.Install
		}
		s.runs(s.touched[i], event)
	}
}

func (s *script) target(host string) deploy.Target {
	i, ok := s.snapshot.Index.Place(host)
	if !ok {
		s.t.Fatalf("there is no target %s", host)
	}
	return s.snapshot.Targets[i]
}
