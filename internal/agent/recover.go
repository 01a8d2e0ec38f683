package agent

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

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
	if err := a.takeOver(ctx, work, later); err != nil {
		a.config.Log.WarnContext(ctx, "cannot look for commands of another agent", "error", err)
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

// abandonedAfter is when nobody waits any more for a command that was begun.
const abandonedAfter = 24 * time.Hour

// takeOver fails the commands that another agent, the official one, had begun
// on this host when it died: its tracking files are all that it leaves. known
// are the records of our own.
func (a *Agent) takeOver(ctx, work context.Context, known map[string]bool) error {
	dir := filepath.Dir(a.tracking("x"))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		id, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r := newRecord(protocol.HostCommand{HostCommandIdentifier: strings.TrimSpace(string(id))}, time.Now())
		if time.Since(info.ModTime()) < abandonedAfter && len(id) > 0 && !known[r.file()] {
			a.interrupt(ctx, work, r)
		}
		_ = os.Remove(path) // it is found again otherwise
	}
	return nil
}

// interrupt fails a command whose script was running when the agent died. The
// script may have done anything by then, so it must not run again, and what is
// left of it must not go on beside the next one.
func (a *Agent) interrupt(ctx, work context.Context, r *record) {
	message := fmt.Sprintf("Failing in-progress lifecycle event: the agent was restarted during %s", cmp.Or(r.Command.CommandName, "it"))
	if r.Process != nil && hook.KillLeftover(*r.Process) {
		message += "; the script that was still running was killed"
	}
	if r.Deployment != "" {
		_ = os.Remove(a.tracking(r.Deployment)) // it may be gone
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
	a.rest.busy()
	a.mu.Unlock()
	a.workers.Go(func() {
		a.slots <- struct{}{}
		defer a.release(r.Command.HostCommandIdentifier)
		work()
	})
}
