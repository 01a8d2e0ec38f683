package deploy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRememberHosts is CodeDeploy's table of instance and revision health: a
// deployment of "new" to a group that was to run "current", and hosts that ran
// that, an older revision, or nobody knows what.
func TestRememberHosts(t *testing.T) {
	t.Parallel()
	const none, untouched = "", "untouched"
	type host struct {
		was, is string // what is installed there
		healthy bool
	}
	for name, c := range map[string]struct {
		status   Status
		target   TargetStatus // of all hosts; "": they are no targets
		reached  bool         // Install
		outdated bool         // updateOutdatedInstancesOnly
		hosts    []host
	}{
		"succeeded, host succeeded": {
			status: Succeeded, target: TargetSucceeded,
			hosts: []host{{none, "new", true}, {"old", "new", true}, {"current", "new", true}, {"new", "new", true}},
		},
		"succeeded, host failed": {
			status: Succeeded, target: TargetFailed,
			hosts: []host{{none, none, false}, {"old", "old", false}, {"current", none, false}, {"new", none, false}},
		},
		"succeeded, host failed in or behind Install": {
			status: Succeeded, target: TargetFailed, reached: true,
			hosts: []host{{none, none, false}, {"old", none, false}, {"current", none, false}},
		},
		"succeeded, nobody knows how it went on the host": {
			status: Succeeded, target: TargetUnknown,
			hosts: []host{{none, none, false}, {"old", "old", false}, {"current", none, false}},
		},
		"succeeded, host skipped": {
			status: Succeeded, target: TargetSkipped,
			hosts: []host{{none, none, false}, {"old", "old", false}, {"current", none, false}},
		},
		"succeeded, host no target": {
			status: Succeeded,
			hosts:  []host{{none, none, false}, {"old", "old", false}, {"current", none, false}, {"new", none, false}},
		},
		"succeeded, host left out because it has the revision": {
			status: Succeeded, outdated: true,
			hosts: []host{{"new", untouched, true}, {"old", "old", false}, {"current", none, false}},
		},
		"failed, host succeeded": {
			status: Failed, target: TargetSucceeded,
			hosts: []host{{none, "new", true}, {"old", "new", true}, {"current", "new", true}},
		},
		"failed, host failed": {
			status: Failed, target: TargetFailed,
			hosts: []host{{none, none, false}, {"old", "old", false}, {"current", "current", false}},
		},
		"failed, host failed in or behind Install": {
			status: Failed, target: TargetFailed, reached: true,
			hosts: []host{{none, none, false}, {"old", none, false}, {"current", none, false}},
		},
		"failed, host skipped": {
			status: Failed, target: TargetSkipped,
			hosts: []host{{none, untouched, true}, {"old", untouched, true}, {"current", untouched, true}},
		},
		"stopped, host succeeded": {status: Stopped, target: TargetSucceeded, hosts: []host{{"current", "new", true}}},
		"stopped, host pending":   {status: Stopped, target: TargetPending, hosts: []host{{"current", untouched, true}}},
		"stopped, host no target": {status: Stopped, hosts: []host{{"current", untouched, true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, h := range c.hosts {
				d := Deployment{
					ID: "d-2", GroupID: "g", Status: c.status, Revision: *revisionNamed("new"),
					PreviousRevision: revisionNamed("current"), UpdateOutdatedInstancesOnly: c.outdated,
				}
				known := map[string]GroupHost{"h": {
					GroupID: "g", Host: "h", DeploymentID: "d-1", Healthy: true, Installed: revisionNamed(h.was),
				}}
				var targets []Target
				if c.target != "" {
					targets = []Target{{ID: "h", Status: c.target, Events: installEvent(c.reached)}}
				}
				want := []GroupHost{{GroupID: "g", Host: "h", DeploymentID: "d-1", Healthy: h.healthy, Installed: revisionNamed(h.is)}}
				switch {
				case h.is == untouched:
					want = nil
				case c.target != "" && targets[0].Attempted():
					want[0].DeploymentID = "d-2"
				}
				if diff := cmp.Diff(want, RememberHosts(d, targets, known)); diff != "" {
					t.Errorf("it ran %q: %s", h.was, diff)
				}
			}
		})
	}
}

// TestRememberHostsForTheFirstTime: what the group has never seen.
func TestRememberHostsForTheFirstTime(t *testing.T) {
	t.Parallel()
	d := Deployment{ID: "d-1", GroupID: "g", Status: Succeeded, Revision: *revisionNamed("new")}
	got := RememberHosts(d, []Target{{ID: "a", Status: TargetSucceeded}, {ID: "b", Status: TargetFailed}}, nil)
	want := []GroupHost{
		{GroupID: "g", Host: "a", DeploymentID: "d-1", Healthy: true, Installed: revisionNamed("new")},
		{GroupID: "g", Host: "b", DeploymentID: "d-1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRememberHostsOutOfTraffic: a host that left its load balancers and did not
// come back is not passed over because it has the right files.
func TestRememberHostsOutOfTraffic(t *testing.T) {
	t.Parallel()
	d := Deployment{ID: "d-2", GroupID: "g", Status: Failed, Revision: *revisionNamed("new")}
	for event, installed := range map[string]*Revision{BeforeBlockTraffic: revisionNamed("old"), BlockTraffic: nil} {
		target := Target{ID: "h", Status: TargetFailed, Events: []LifecycleEvent{{Name: event, Status: EventFailed}}}
		known := map[string]GroupHost{"h": {GroupID: "g", Host: "h", Installed: revisionNamed("old")}}
		want := []GroupHost{{GroupID: "g", Host: "h", DeploymentID: "d-2", Installed: installed}}
		if diff := cmp.Diff(want, RememberHosts(d, []Target{target}, known)); diff != "" {
			t.Errorf("failed at %s: %s", event, diff)
		}
	}
}

func revisionNamed(key string) *Revision {
	if key == "" {
		return nil
	}
	return &Revision{Type: S3Revision, S3: &S3Location{Bucket: "b", Key: key, BundleType: "zip"}}
}

func installEvent(begun bool) []LifecycleEvent {
	e := LifecycleEvent{Name: Install, Status: EventSkipped}
	if begun {
		e.Status = EventFailed
	}
	return []LifecycleEvent{{Name: ApplicationStop, Status: EventFailed}, e}
}

func TestQueues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag           string
		setting, want bool
	}{
		{"", false, false}, {"", true, true}, {"true", false, true}, {"false", true, false}, {"yes", false, false}, {"no", true, true},
	} {
		g := Group{}
		if c.tag != "" {
			g.Tags = []Tag{{Key: "team", Value: "x"}, {Key: QueueTag, Value: c.tag}}
		}
		if got := g.Queues(c.setting); got != c.want {
			t.Errorf("tag %q, setting %v: %v", c.tag, c.setting, got)
		}
	}
}

func TestRevisionFitsOn(t *testing.T) {
	t.Parallel()
	s3, github, content := &S3Location{}, &GitHubLocation{}, &Content{}
	for _, c := range []struct {
		r    Revision
		want []ComputePlatform
	}{
		{Revision{Type: S3Revision, S3: s3}, []ComputePlatform{Server, Lambda, ECS}},
		{Revision{Type: S3Revision, GitHub: github}, nil},
		{Revision{Type: GitHubRevision, GitHub: github}, []ComputePlatform{Server}},
		{Revision{Type: StringRevision, Content: content}, []ComputePlatform{Lambda}},
		{Revision{Type: AppSpecRevision, Content: content}, []ComputePlatform{Lambda, ECS}},
		{Revision{Type: AppSpecRevision}, nil},
		{Revision{}, nil},
	} {
		var got []ComputePlatform
		for _, p := range []ComputePlatform{Server, Lambda, ECS} {
			if c.r.FitsOn(p) {
				got = append(got, p)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.r.Type, diff)
		}
	}
}

func TestWatchesAlarms(t *testing.T) {
	t.Parallel()
	on := &Alarms{Enabled: true, Names: []string{"a"}}
	for name, c := range map[string]struct {
		d    Deployment
		want bool
	}{
		"none":       {Deployment{Creator: CreatorUser}, false},
		"enabled":    {Deployment{Creator: CreatorUser, Alarms: on}, true},
		"disabled":   {Deployment{Creator: CreatorUser, Alarms: &Alarms{Names: []string{"a"}}}, false},
		"no names":   {Deployment{Creator: CreatorUser, Alarms: &Alarms{Enabled: true}}, false},
		"a rollback": {Deployment{Creator: CreatorRollback, Alarms: on}, false},
		"a launch":   {Deployment{Creator: CreatorAutoScaling, Alarms: on}, true},
	} {
		if got := c.d.WatchesAlarms(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
