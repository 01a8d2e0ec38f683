package server

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// outcome describes a target and its events by their first letters: P, I, S, F,
// and - for skipped.
func outcome(t deploy.Target) string {
	out := string(t.Status) + " "
	for _, e := range t.Events {
		if e.Status == deploy.EventSkipped {
			out += "-"
		} else {
			out += string(e.Status[0])
		}
	}
	return out
}

// TestInPlaceList: seven events, in CodeDeploy's order.
func TestInPlaceList(t *testing.T) {
	t.Parallel()
	targets, failure := Platform{}.Plan(deploy.Deployment{Config: deploy.Config{MinimumHealthy: oneAtATime}}, fleet(1, false), start)
	if failure != nil {
		t.Fatal(failure)
	}
	var got []string
	for _, e := range targets[0].Events {
		got = append(got, e.Name)
	}
	want := "ApplicationStop DownloadBundle BeforeInstall Install AfterInstall ApplicationStart ValidateService"
	if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
		t.Error(diff)
	}
}

// TestFailingEvent: each event of the list fails once, with and without the flag
// that forgives a failing ApplicationStop.
func TestFailingEvent(t *testing.T) {
	t.Parallel()
	for i, event := range core {
		for _, ignore := range []bool{false, true} {
			d := deploy.Deployment{IgnoreApplicationStopFailures: ignore, Config: deploy.Config{MinimumHealthy: oneAtATime}}
			s := begin(t, Platform{}, d, fleet(1, false))
			s.runs("h0001", event)
			want, status := "Failed "+strings.Repeat("S", i)+"F"+strings.Repeat("-", len(core)-i-1), deploy.Failed
			if ignore && event == deploy.ApplicationStop {
				want, status = "Succeeded FSSSSSS", deploy.Succeeded
			}
			if got := outcome(s.target("h0001")); got != want || s.snapshot.Deployment.Status != status {
				t.Errorf("%s, ignore %v: %s and %s, want %s and %s", event, ignore, got, s.snapshot.Deployment.Status, want, status)
			}
		}
	}
}

// TestSkippedAtTheFailure: what is skipped ends at the moment of the failure
// that is to blame, not when the engine comes to look.
func TestSkippedAtTheFailure(t *testing.T) {
	t.Parallel()
	s := begin(t, Platform{}, deploy.Deployment{}, fleet(1, false))
	c := s.live["h0001"]
	failedAt := start.Add(time.Second)
	c.State, c.CompletedAt = deploy.CommandFailed, &failedAt
	s.now = start.Add(time.Minute)
	s.decide(c)
	for _, e := range s.target("h0001").Events {
		if !e.EndedAt.Equal(failedAt) || (e.Status == deploy.EventSkipped) != (e.StartedAt == nil) {
			t.Errorf("%s is %s from %v to %v", e.Name, e.Status, e.StartedAt, e.EndedAt)
		}
	}
}

// TestLostHost: where a host is lost, when that is noticed, and what becomes of
// its events. The flag forgives none of it.
func TestLostHost(t *testing.T) {
	t.Parallel()
	lost := func(s *script) { s.says("h0001", deploy.CommandLost) }
	after := func(d time.Duration) func(*script) {
		return func(s *script) {
			s.now = s.now.Add(d - time.Millisecond)
			s.decide()
			if got := s.target("h0001"); got.Status.Terminal() {
				s.t.Errorf("given up too early: %s", outcome(got))
			}
			s.now = s.now.Add(time.Millisecond)
			s.decide()
		}
	}
	acks := func(s *script) { s.says("h0001", deploy.CommandRunning) }
	finishes := func(s *script) { s.says("h0001", deploy.CommandSucceeded) }
	for name, tc := range map[string]struct {
		steps []func(*script)
		want  string
	}{
		"never picked up the first event (5 min)":   {[]func(*script){after(5 * time.Minute)}, "Failed -------"},
		"lost between events (5 min)":               {[]func(*script){finishes, after(5 * time.Minute)}, "Failed S------"},
		"lost during an event (60 min)":             {[]func(*script){finishes, acks, after(time.Hour)}, "Failed SF-----"},
		"lost during ApplicationStop (60 min)":      {[]func(*script){acks, after(time.Hour)}, "Failed F------"},
		"deregistered before it took anything":      {[]func(*script){lost}, "Failed -------"},
		"deregistered between events":               {[]func(*script){finishes, lost}, "Failed S------"},
		"deregistered during an event":              {[]func(*script){finishes, acks, lost}, "Failed SF-----"},
		"an event that takes nearly an hour is run": {[]func(*script){acks, func(s *script) { s.now = s.now.Add(time.Hour - time.Second); finishes(s) }}, "InProgress SPPPPPP"},
	} {
		s := begin(t, Platform{}, deploy.Deployment{IgnoreApplicationStopFailures: true}, fleet(1, false))
		for _, step := range tc.steps {
			step(s)
		}
		if got := outcome(s.target("h0001")); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestTimersAreSettings: the limits of CodeDeploy can be changed.
func TestTimersAreSettings(t *testing.T) {
	t.Parallel()
	p := Platform{StartTimeout: time.Minute, RunTimeout: 10 * time.Minute}
	s := begin(t, p, deploy.Deployment{}, fleet(1, false))
	if want := start.Add(time.Minute); !s.wakeAt.Equal(want) {
		t.Errorf("wakes at %s, want %s", s.wakeAt, want)
	}
	s.says("h0001", deploy.CommandRunning)
	if want := start.Add(10 * time.Minute); !s.wakeAt.Equal(want) {
		t.Errorf("wakes at %s, want %s", s.wakeAt, want)
	}
}

// TestSilence: what an event says of its silent host, and when it is given up.
func TestSilence(t *testing.T) {
	t.Parallel()
	f := fleet(1, false)
	f.Group.Tags = []deploy.Tag{{Key: deploy.SilentTimeoutTag, Value: "90s"}}
	s := begin(t, Platform{SilentTimeout: time.Hour}, deploy.Deployment{}, f)
	s.now = start.Add(48 * time.Second)
	c := s.live["h0001"]
	c.Silence = &deploy.Silence{Since: start.Add(18 * time.Second), LastSeen: &start}
	s.decide(c)
	got := s.target("h0001")
	if m := got.Events[0].Diagnostics.Message; !strings.HasPrefix(m, "host last seen 48 s ago; ") || outcome(got) != "Pending PPPPPPP" {
		t.Errorf("%s: %q", outcome(got), m)
	}
	if want := start.Add(108 * time.Second); !s.wakeAt.Equal(want) {
		t.Errorf("wakes at %s, want %s", s.wakeAt, want)
	}
	c.Silence = nil
	s.decide(c)
	if got := s.target("h0001"); got.Events[0].Diagnostics != nil || !s.wakeAt.Equal(start.Add(5*time.Minute)) {
		t.Errorf("it came back: %+v, wakes at %s", got.Events[0].Diagnostics, s.wakeAt)
	}
	c.Silence = &deploy.Silence{Since: start}
	s.decide(c)
	s.now = start.Add(90 * time.Second)
	s.snapshot.Seen = map[string]time.Time{"h0001": start.Add(time.Second)}
	s.decide()
	first := s.snapshot.Deployment.Error.Message
	if got := outcome(s.target("h0001")); got != "Failed -------" || !strings.Contains(first, "host last seen 89 s ago") {
		t.Errorf("%s: %s", got, first)
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 48 * time.Second: "48 s", 119 * time.Second: "119 s", 2 * time.Minute: "2 min",
		119 * time.Minute: "119 min", 5 * time.Hour: "5 h",
	} {
		if got := age(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
