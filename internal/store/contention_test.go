package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/store/pgtest"
)

// BenchmarkPostgresReports has the hosts of one deployment report all at once,
// while an engine takes their reports and saves the deployment: where
// transactions meet most. Each waits a millisecond in its middle, as for a
// database on another machine. Beside the time it tells how many transactions
// had to be repeated.
func BenchmarkPostgresReports(b *testing.B) {
	const hosts = 50
	s := closing(b, openPostgres(b, pgtest.Start(b).Database(b)))
	ns := deploy.Namespace{Account: "1", Region: "r"}
	d := deploy.Deployment{Namespace: ns, ID: "d-1", GroupID: "g", Status: deploy.InProgress, CreatedAt: time.Now()}
	command := func(host int) deploy.HostCommand {
		return deploy.HostCommand{
			Namespace: ns, ID: fmt.Sprint("c-", host), DeploymentID: d.ID, HostIdentifier: fmt.Sprint("h-", host),
			State: deploy.CommandRunning, CreatedAt: d.CreatedAt,
		}
	}
	update := func(f func(*store.Tx) error) {
		if err := s.UpdateRows(b.Context(), f); err != nil {
			b.Error(err)
		}
	}
	update(func(tx *store.Tx) error { return tx.InsertDeployment(d) })
	for i := range hosts {
		update(func(tx *store.Tx) error { return tx.InsertCommand(command(i)) })
	}
	before := store.Repeats(s)
	var passes int
	var done atomic.Bool
	var engine sync.WaitGroup
	engine.Go(func() {
		for ; !done.Load(); passes++ {
			update(func(tx *store.Tx) error {
				claim, err := tx.ClaimDeployment(d.ID, store.Leaseholder{Name: "a", Term: time.Minute}, time.Now())
				if err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
				if _, err := tx.TakeReports(d.ID); err != nil {
					return err
				}
				return tx.SaveDeployment(claim.DeploymentRow, time.Time{})
			})
		}
	})
	var next atomic.Int64
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for host := int(next.Add(1)); pb.Next(); {
			update(func(tx *store.Tx) error {
				c, err := tx.Command(fmt.Sprint("c-", host%hosts))
				if err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
				return tx.ReportCommand(c)
			})
		}
	})
	done.Store(true)
	engine.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
	b.ReportMetric(float64(passes)/b.Elapsed().Seconds(), "passes/s")
	b.ReportMetric(float64(store.Repeats(s)-before)/float64(b.N+passes), "repeats/tx")
}
