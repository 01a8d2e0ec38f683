package deploy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTransitions: the tables are closed, start where they should, and every
// status can still reach an end.
func TestTransitions(t *testing.T) {
	t.Parallel()
	checkTable(t, statusMoves, Created)
	checkTable(t, targetMoves, TargetPending)
	checkTable(t, eventMoves, EventPending)
	for _, s := range Statuses() {
		if s.Terminal() != (len(statusMoves[s]) == 0) {
			t.Errorf("%s: Terminal is %v, but the table has moves %v", s, s.Terminal(), statusMoves[s])
		}
	}
	if Ready.To(Failed) || !Ready.To(Stopped) {
		t.Error("from Ready a deployment can stop, not fail")
	}
}

func checkTable[S ~string](t *testing.T, table map[S][]S, first S) {
	t.Helper()
	seen := map[S]bool{first: true}
	for queue := []S{first}; len(queue) > 0; queue = queue[1:] {
		for _, next := range table[queue[0]] {
			if _, known := table[next]; !known {
				t.Errorf("%s moves to %s, which is in no table", queue[0], next)
			}
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	for s := range table {
		if !seen[s] {
			t.Errorf("%s cannot be reached from %s", s, first)
		}
		if !reachesEnd(table, s, map[S]bool{}) {
			t.Errorf("%s never ends", s)
		}
	}
}

func reachesEnd[S ~string](table map[S][]S, s S, seen map[S]bool) bool {
	if len(table[s]) == 0 {
		return true
	}
	if seen[s] {
		return false
	}
	seen[s] = true
	for _, next := range table[s] {
		if reachesEnd(table, next, seen) {
			return true
		}
	}
	return false
}

// TestMovePanics: an illegal move is a bug, not something to go on from.
func TestMovePanics(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, move := range map[string]func(){
		"deployment": func() { (&Deployment{Status: Succeeded}).Move(InProgress, now) },
		"target":     func() { (&Target{Status: TargetSkipped}).Move(TargetInProgress, now) },
		"event": func() {
			(&Target{Events: []LifecycleEvent{{Status: EventFailed}}}).MoveEvent(0, EventSucceeded, now)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: an illegal move went through", name)
				}
			}()
			move()
		}()
	}
}

func TestMoveKeepsTimes(t *testing.T) {
	t.Parallel()
	a, b := time.Unix(1, 0), time.Unix(2, 0)
	d := Deployment{Status: Created}
	d.Move(InProgress, a)
	d.Move(Failed, b)
	if !d.StartedAt.Equal(a) || !d.CompletedAt.Equal(b) {
		t.Errorf("started %v, completed %v", d.StartedAt, d.CompletedAt)
	}
	target := Target{Events: []LifecycleEvent{{Status: EventPending}, {Status: EventPending}}}
	target.MoveEvent(0, EventInProgress, a)
	target.MoveEvent(0, EventFailed, b)
	target.SkipRest(b)
	if e := target.Events[0]; !e.StartedAt.Equal(a) || !e.EndedAt.Equal(b) {
		t.Errorf("started %v, ended %v", e.StartedAt, e.EndedAt)
	}
	if e := target.Events[1]; e.StartedAt != nil || !e.EndedAt.Equal(b) || e.Status != EventSkipped {
		t.Errorf("a skipped event has an end and no start: %+v", e)
	}
}

func TestTagFilters(t *testing.T) {
	t.Parallel()
	tags := []Tag{{"Env", "Staging"}, {"Region", "South"}, {"Type", "l"}, {"Name", "GRP-1a"}}
	both := func(k, v string) TagFilter { return TagFilter{KeyAndValue, k, v} }
	for _, tc := range []struct {
		f    TagFilter
		want bool
	}{
		{both("Env", "Staging"), true},
		{both("Env", "staging"), false},
		{both("Name", "GRP-*a"), true},
		{both("Name", "GRP-?a"), true},
		{both("Name", "GRP-?b"), false},
		{both("N*", "GRP-1a"), false},
		{TagFilter{KeyOnly, "Env", ""}, true},
		{TagFilter{KeyOnly, "env", ""}, false},
		{TagFilter{ValueOnly, "", "South"}, true},
		{TagFilter{ValueOnly, "", "S*h"}, true},
		{TagFilter{ValueOnly, "", "North"}, false},
		{TagFilter{}, false},
	} {
		if got := tc.f.Matches(tags); got != tc.want {
			t.Errorf("%+v: %v", tc.f, got)
		}
		exact := tc.want && !strings.ContainsAny(tc.f.Value, "*?")
		if got := tc.f.MatchesExactly(tags); got != exact {
			t.Errorf("exactly %+v: %v", tc.f, got)
		}
	}
	// CodeDeploy's own example of tag groups.
	set := [][]TagFilter{
		{both("Env", "Beta"), both("Env", "Staging")},
		{both("Region", "North"), both("Region", "South")},
		{both("Type", "m"), both("Type", "l")},
	}
	for _, tc := range []struct {
		env, region string
		want        bool
	}{{"Staging", "South", true}, {"Prod", "South", false}, {"Beta", "West", false}} {
		if got := MatchSet(set, []Tag{{"Env", tc.env}, {"Region", tc.region}, {"Type", "l"}}); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
	if MatchSet(nil, tags) || MatchAny(nil, tags) {
		t.Error("no filters select nothing")
	}
}

// TestWildcard compares with a regular expression.
func TestWildcard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "s")
		expr := ""
		for _, c := range pattern {
			switch c {
			case '*':
				expr += ".*"
			case '?':
				expr += "."
			default:
				expr += string(c)
			}
		}
		if got, want := wildcard(pattern, s), regexp.MustCompile("^"+expr+"$").MatchString(s); got != want {
			t.Fatalf("%q and %q: %v, a regular expression says %v", pattern, s, got, want)
		}
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 100 {
		if id := NewDeploymentID(); !ValidDeploymentID(id) || len(id) != 11 {
			t.Errorf("deployment id %q", id)
		}
		if id := NewUUID(); !uuid.MatchString(id) {
			t.Errorf("UUID %q", id)
		}
	}
	for _, bad := range []string{"", "d-", "d-abc123def", "x-A1B2C3D4E", "d-A1B2C3D4", "d-A1B2C3D4E\n"} {
		if ValidDeploymentID(bad) {
			t.Errorf("%q is taken for a deployment id", bad)
		}
	}
	for name, want := range map[string]bool{"a": true, "A+=,.@_-9": true, "": false, "a b": false, "ä": false, "a/b": false} {
		if ValidName(name) != want {
			t.Errorf("name %q", name)
		}
	}
}

func TestPredefinedConfigs(t *testing.T) {
	t.Parallel()
	all := PredefinedConfigs()
	if len(all) != 17 {
		t.Errorf("%d predefined configurations, want 17", len(all))
	}
	if c, ok := PredefinedConfig(DefaultConfigName); !ok || c.ID != "00000000-0000-0000-0000-000000000001" {
		t.Errorf("%+v", c)
	}
	for _, c := range all {
		if (c.Platform == Server) != (c.MinimumHealthy != nil) || (c.Platform == Server) == (c.Traffic != nil) {
			t.Errorf("%s has the settings of another platform", c.Name)
		}
	}
}

func TestRevisionKey(t *testing.T) {
	t.Parallel()
	at := func(bucket, key, version, etag string) Revision {
		return Revision{Type: S3Revision, S3: &S3Location{Bucket: bucket, Key: key, Version: version, ETag: etag, BundleType: "zip"}}
	}
	if at("b", "k", "", `"e"`).Key() != at("b", "k", "", "e").Key() {
		t.Error("quotes around an ETag make another revision")
	}
	distinct := map[string]bool{}
	for _, r := range []Revision{
		at("b", "k", "", ""), at("b", "k", "v", ""), at("b", "k", "", "v"), at("bk", "", "", ""),
		{Type: GitHubRevision, GitHub: &GitHubLocation{"b", "k"}},
		{Type: AppSpecRevision, Content: &Content{SHA256: "b"}},
	} {
		distinct[r.Key()] = true
	}
	if len(distinct) != 6 {
		t.Errorf("6 revisions have %d keys", len(distinct))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("while creating: %w", Errorf("InvalidRoleException", "%q is no role", "x"))
	if CodeOf(err) != "InvalidRoleException" || CodeOf(errors.New("x")) != "" {
		t.Errorf("code %q", CodeOf(err))
	}
}

func TestInWords(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		time.Hour: "1 hour", 12 * time.Hour: "12 hours", 5 * time.Minute: "5 minutes", 90 * time.Second: "90 seconds",
		time.Second: "1 second", 1500 * time.Millisecond: "1.5s", 0: "0s",
	} {
		if got := InWords(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestSameRevision: objects are compared by what both sides pin.
func TestSameRevision(t *testing.T) {
	t.Parallel()
	object := func(version, etag string) Revision {
		return Revision{Type: S3Revision, S3: &S3Location{Bucket: "b", Key: "k", Version: version, ETag: etag, BundleType: "zip"}}
	}
	other := object("", "")
	other.S3.BundleType = "tgz"
	elsewhere := object("", "")
	elsewhere.S3.Key = "l"
	commit := func(id string) Revision {
		return Revision{Type: GitHubRevision, GitHub: &GitHubLocation{"owner/name", id}}
	}
	for _, tc := range []struct {
		name string
		a, b Revision
		want bool
	}{
		{"neither pinned", object("", ""), object("", ""), true},
		{"another key", object("", ""), elsewhere, false},
		{"another bundle type is the same object", object("", ""), other, true},
		{"same version", object("1", ""), object("1", ""), true},
		{"another version", object("1", ""), object("2", ""), false},
		{"same ETag, quoted", object("", `"e"`), object("", "e"), true},
		{"another ETag", object("", "e"), object("", "f"), false},
		{"same version, one ETag", object("1", "e"), object("1", ""), true},
		{"same ETag, one version", object("1", "e"), object("", "e"), true},
		{"same version, another ETag", object("1", "e"), object("1", "f"), false},
		{"one pinned by version", object("1", ""), object("", ""), false},
		{"one pinned by ETag", object("", ""), object("", "e"), false},
		{"one by version, one by ETag", object("1", ""), object("", "e"), false},
		{"same commit", commit("c"), commit("c"), true},
		{"another commit", commit("c"), commit("d"), false},
		{"object and commit", object("", ""), commit("c"), false},
	} {
		if tc.a.Same(tc.b) != tc.want || tc.b.Same(tc.a) != tc.want {
			t.Errorf("%s: want %v", tc.name, tc.want)
		}
	}
}

func TestSilentTimeoutTag(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "0s": 0, "10m": 10 * time.Minute} {
		g := Group{Tags: []Tag{{"team", "web"}, {SilentTimeoutTag, text}}}
		if got, ok := g.SilentTimeout(); got != want || !ok {
			t.Errorf("%s: %s, %v", text, got, ok)
		}
	}
	for _, bad := range []string{"", "90", "-1s", "soon"} {
		if _, err := ParseSilentTimeout(bad); err == nil {
			t.Errorf("%q is taken for a duration", bad)
		}
		if _, ok := (&Group{Tags: []Tag{{SilentTimeoutTag, bad}}}).SilentTimeout(); ok {
			t.Errorf("%q counts", bad)
		}
	}
}
