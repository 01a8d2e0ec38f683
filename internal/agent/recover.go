package agent

import (
	"context"
	"fmt"
	"os"

	"github.com/slipwayhq/slipway/internal/agent/hook"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// recover takes up what the agent's last life left in the journal: commands
// that were not begun go on, those that ran are reported as failed, results
// that were not reported are.
func (a *Agent) recover(ctx, work context.Context) error {
	finished, err := a.journal.load(done)
	if err != nil {
		return err
	}
	later := map[string]bool{}
	for _, r := range finished {
		later[r.file()] = true
		if r.Reported == nil && r.Result != nil {
			a.resume(r, func() { a.report(ctx, work, r) })
		}
	}
	interrupted, err := a.journal.load(running)
	if err != nil {
		return err
	}
	for _, r := range interrupted {
		if later[r.file()] {
			_ = a.journal.remove(running, r) // a move that did not end
			continue
		}
		later[r.file()] = true
		a.interrupt(ctx, work, r)
	}
	waiting, err := a.journal.load(received)
	if err != nil {
		return err
	}
	for _, r := range waiting {
		if later[r.file()] {
			_ = a.journal.remove(received, r) // as above
			continue
		}
		a.resume(r, func() { a.serve(ctx, work, r) })
	}
	return nil
}

// interrupt fails a command whose script was running when the agent died. The
// script may have done anything by then, so it must not run again, and what is
// left of it must not go on beside the next one.
func (a *Agent) interrupt(ctx, work context.Context, r *record) {
	message := fmt.Sprintf("Failing in-progress lifecycle event: the agent was restarted during %s", r.Command.CommandName)
	if r.Process != nil && hook.KillLeftover(*r.Process) {
		message += "; the script that was still running was killed"
	}
	if r.Deployment != "" {
		_ = os.Remove(a.layout.ongoing(r.Deployment)) // it may be gone
	}
	a.config.Log.Error("event failed", "command", r.Command.CommandName, "id", r.Command.HostCommandIdentifier, "message", message)
	outcome := result{protocol.StatusFailed, protocol.Diagnostics{ErrorCode: protocol.AgentRestarted, Message: message}}
	a.resume(r, func() { a.finish(ctx, work, running, r, outcome) })
}

// resume starts work on a command of the journal. There may be more of them
// than slots; each waits for one in its own goroutine.
func (a *Agent) resume(r *record, work func()) {
	a.mu.Lock()
	a.inFlight[r.Command.HostCommandIdentifier] = true
	a.mu.Unlock()
	a.workers.Go(func() {
		a.slots <- struct{}{}
		defer a.release(r.Command.HostCommandIdentifier)
		work()
	})
}
