package agent_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRequestsOfAnEvent counts what an agent asks of its server. One of ours
// is spared what it has said before, and gets the end of a log with the report;
// another one is asked as the official agent asks.
func TestRequestsOfAnEvent(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name                    string
		slipway                 bool
		specifications, updates int
		log                     string
	}{
		{"of ours", true, 1, 0, "LifecycleEvent - AfterInstall\nScript - scripts/hook\n[stdout]hello\n"},
		{"of others", false, len(events), 2, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.slipway = tc.slipway
			s.add(s.upload("d-1", files{
				"appspec.yml":  "version: 0.0\nos: linux\nhooks:\n  BeforeInstall: [{location: scripts/hook}]\n  AfterInstall: [{location: scripts/hook}]\n",
				"scripts/hook": "#!/bin/sh\necho hello\n",
			}), events...)
			config := s.config()
			config.ProgressEvery = time.Hour
			s.run(config)

			s.mu.Lock()
			defer s.mu.Unlock()
			count := func(operation string) int {
				return len(slices.DeleteFunc(slices.Clone(s.calls), func(call string) bool { return call != operation }))
			}
			// A command that is handed out again before it is acknowledged is asked
			// about again, unless the answer is known.
			if got := count("GetDeploymentSpecification"); got < tc.specifications || tc.slipway && got > tc.specifications {
				t.Errorf("the specification was asked for %d times, want %d", got, tc.specifications)
			}
			if got := count("PostHostCommandUpdate"); got != tc.updates {
				t.Errorf("there were %d updates, want %d", got, tc.updates)
			}
			for _, c := range s.commands {
				if c.CommandName != "AfterInstall" {
					continue
				}
				var log strings.Builder
				for _, report := range c.reports {
					if report.Log != nil {
						log.WriteString(report.Log.Text)
					}
				}
				if log.String() != tc.log {
					t.Errorf("the report came with the log %q, want %q", log.String(), tc.log)
				}
			}
		})
	}
}
