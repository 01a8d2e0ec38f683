package server

import (
	"fmt"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// BenchmarkDecide measures one lifecycle event of one host, in fleets of which
// all hosts are at work: the decision, and bringing the index up to date. Kept
// is what the engine does; anew makes the index for each event, which looks at
// every target.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		for _, kept := range []bool{true, false} {
			name := "anew"
			if kept {
				name = "kept"
			}
			b.Run(fmt.Sprintf("hosts=%d/index=%s", n, name), func(b *testing.B) {
				s := begin(b, Platform{}, deploy.Deployment{Config: allAtOnce}, fleet(n, true))
				host := s.target(s.touched[n/2])
				c := s.live[host.ID]
				c.State, c.CompletedAt = deploy.CommandSucceeded, &start
				s.snapshot.Reports = []deploy.HostCommand{c}
				before := []deploy.Target{host}
				if !kept {
					s.snapshot.Index = nil
				}
				for b.Loop() {
					d := s.platform.Decide(s.snapshot, start)
					if len(d.Targets) != 1 || len(d.Issue) != 1 {
						b.Fatalf("%d targets changed, %d commands", len(d.Targets), len(d.Issue))
					}
					if kept { // there and back again
						s.snapshot.Index.Replace(s.snapshot.Targets, d.Targets)
						s.snapshot.Index.Replace(s.snapshot.Targets, before)
					}
				}
			})
		}
	}
}
