package control

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// DefaultHostLogLimit is how many bytes are kept of the log of one event on
// one host.
const DefaultHostLogLimit = 1 << 20

// logPieces is how many pieces of a log one call returns at most; an agent
// sends no more than 64 KiB in one.
const logPieces = 16

// scriptEvents are the events that scripts run in, in their order.
var scriptEvents = []string{
	deploy.BeforeBlockTraffic, deploy.AfterBlockTraffic, deploy.ApplicationStop, deploy.BeforeInstall, deploy.AfterInstall,
	deploy.ApplicationStart, deploy.ValidateService, deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic,
}

// HostLogs returns what logs there are of a deployment, and whether there may
// be more: it has not ended.
func (c *Control) HostLogs(ctx context.Context, ns deploy.Namespace, deploymentID string) (logs []deploy.LogSize, ended bool, err error) {
	err = c.store.View(ctx, func(tx *store.Tx) error {
		d, err := findDeployment(tx, ns, deploymentID)
		if err != nil {
			return err
		}
		running, err := tx.RunningCommands(deploymentID)
		if err != nil {
			return err
		}
		ended = d.Deployment.Status.Terminal() && running == 0
		logs, err = tx.LogSizes(deploymentID)
		slices.SortStableFunc(logs, func(a, b deploy.LogSize) int {
			return cmp.Or(cmp.Compare(a.TargetID, b.TargetID), slices.Index(scriptEvents, a.Event)-slices.Index(scriptEvents, b.Event))
		})
		return err
	})
	return logs, ended, err
}

// HostLog returns what there is of a log behind its first bytes. One that
// nobody sent is empty.
func (c *Control) HostLog(ctx context.Context, ns deploy.Namespace, deploymentID, host, event string, after int64) (text string, next int64, err error) {
	next = after
	var out strings.Builder
	err = c.store.View(ctx, func(tx *store.Tx) error {
		if _, err := findDeployment(tx, ns, deploymentID); err != nil {
			return err
		}
		pieces, err := tx.LogPieces(deploymentID, host, event, after, logPieces)
		for _, p := range pieces {
			out.WriteString(p.Text[max(0, next-p.Start):])
			next = p.End()
		}
		return err
	})
	return out.String(), next, err
}
