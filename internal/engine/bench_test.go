package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// BenchmarkEvent measures one lifecycle event of one host, on disk, in fleets of
// which all hosts are at work: what the engine does after the host reported.
func BenchmarkEvent(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			f := newBenchFleet(b, n)
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				f.report(b, i%n)
				b.StartTimer()
				f.step(b)
			}
		})
	}
}

// benchFleet is a deployment to all hosts at once.
type benchFleet struct {
	ctx     context.Context
	store   *store.Store
	control *control.Control
	engine  *engine.Engine
	next    []int // by host: its next event
}

func newBenchFleet(b *testing.B, n int) *benchFleet {
	s, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "slipway.db"), seal.NewBox(seal.Key{}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	f := &benchFleet{
		ctx: b.Context(), store: s, control: control.New(s, control.Options{}), next: make([]int, n),
		engine: engine.New(s, engine.Options{
			Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: server.Platform{}},
			Order:     func([]deploy.Instance) {},
		}),
	}
	err = s.Update(f.ctx, func(tx *store.Tx) error {
		app := deploy.Application{Namespace: ns, ID: "app-1", Name: "shop", Platform: deploy.Server}
		group := deploy.Group{
			Namespace: ns, ID: "group-1", ApplicationID: app.ID, Name: "prod",
			OnPremisesFilters: []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "stage"}},
		}
		if err := tx.InsertApplication(app); err != nil {
			return err
		}
		if err := tx.InsertGroup(group); err != nil {
			return err
		}
		for i := range n {
			name := hostName(i)
			if err := tx.PutInstance(deploy.Instance{
				Namespace: ns, Name: name, IAMUserARN: hostARN(name), RegisteredAt: time.Now(), Tags: []deploy.Tag{{Key: "stage"}},
			}); err != nil {
				return err
			}
		}
		config, _ := deploy.PredefinedConfig(deploy.PredefinedPrefix + "AllAtOnce")
		revision := deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: "k"}}
		if err := tx.PutRevision(deploy.RegisteredRevision{Namespace: ns, ApplicationID: app.ID, Revision: revision}); err != nil {
			return err
		}
		return tx.InsertDeployment(deploy.Deployment{
			Namespace: ns, ID: "d-1", ApplicationID: app.ID, GroupID: group.ID, Platform: deploy.Server,
			Revision: revision,
			Config:   config, Status: deploy.Created, CreatedAt: time.Now(),
		})
	})
	if err != nil {
		b.Fatal(err)
	}
	f.step(b)
	return f
}

func hostName(i int) string { return fmt.Sprintf("h%05d", i) }

func (f *benchFleet) step(b *testing.B) {
	b.Helper()
	if _, err := f.engine.Step(f.ctx); err != nil {
		b.Fatal(err)
	}
}

// report completes the next event of a host. The last one is left out, so that
// the deployment does not end.
func (f *benchFleet) report(b *testing.B, i int) {
	b.Helper()
	events := []string{
		deploy.ApplicationStop, deploy.DownloadBundle, deploy.BeforeInstall, deploy.Install,
		deploy.AfterInstall, deploy.ApplicationStart, deploy.ValidateService,
	}
	if f.next[i] >= len(events)-1 {
		b.Skip("the hosts are through: ask for fewer iterations (-benchtime=300x)")
	}
	id := deploy.CommandID("d-1", hostName(i), events[f.next[i]])
	f.next[i]++
	err := f.control.CompleteHostCommand(f.ctx, ns, hostARN(hostName(i)), control.Completion{CommandID: id, Status: "Succeeded"})
	if err != nil {
		b.Fatal(err)
	}
}
