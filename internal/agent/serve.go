package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"

	"github.com/slipwayhq/slipway/internal/agent/hook"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// serve takes a received command to its end. ctx ends when the agent is to
// stop, which leaves a command that is not acknowledged in the journal for the
// next start; work ends later, and stops what is running.
func (a *Agent) serve(ctx, work context.Context, r *record) {
	log := a.config.Log.With("command", r.Command.CommandName, "id", r.Command.HostCommandIdentifier)
	spec, err := a.specification(ctx, r)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.finish(ctx, work, received, r, failed(err))
		return
	}
	log = log.With("deployment", spec.DeploymentID)
	r.Deployment = spec.DeploymentID
	unlock, err := a.groups.lock(ctx, spec.DeploymentGroupID)
	if err != nil {
		return
	}
	defer unlock()
	event, err := a.plan(spec, r.Command.CommandName)
	if err != nil {
		log.ErrorContext(ctx, "event failed before it began", "error", err)
		a.finish(ctx, work, received, r, failed(err))
		return
	}
	if !a.acknowledged(ctx, work, event, r, log) {
		return
	}
	a.perform(ctx, work, event, r, log)
}

// perform executes an acknowledged command.
func (a *Agent) perform(ctx, work context.Context, e *event, r *record, log *slog.Logger) {
	if err := a.journal.move(received, running, r); err != nil {
		// Without the journal a crash could run a script twice.
		log.ErrorContext(ctx, "event failed before it began", "error", err)
		a.finish(ctx, work, received, r, failed(err))
		return
	}
	tracking := a.tracking(r.Deployment)
	if err := os.WriteFile(tracking, []byte(r.Command.HostCommandIdentifier), 0o644); err != nil {
		log.WarnContext(ctx, "cannot write the tracking file", "error", err)
	}
	defer os.Remove(tracking) //nolint:errcheck // the next start removes what is left
	log.InfoContext(ctx, "event begins")
	outcome := a.execute(work, e, r)
	if outcome.Status == protocol.StatusSucceeded {
		log.InfoContext(ctx, "event succeeded")
	} else {
		log.ErrorContext(ctx, "event failed", "code", outcome.Diagnostics.ErrorCode.String(), "message", outcome.Diagnostics.Message)
	}
	a.finish(ctx, work, running, r, outcome)
}

// finish journals a result, and then reports it.
func (a *Agent) finish(ctx, work context.Context, from stage, r *record, outcome result) {
	r.Result = &outcome
	if err := a.journal.move(from, done, r); err != nil {
		a.config.Log.ErrorContext(ctx, "cannot keep the result; it is reported all the same", "id", r.Command.HostCommandIdentifier, "error", err)
	}
	a.report(ctx, work, r)
}

func succeeded(message, log string) result {
	return result{protocol.StatusSucceeded, protocol.Diagnostics{ErrorCode: protocol.Success, Message: message, Log: log}}
}

// failed turns an error into what is reported.
func failed(err error) result {
	d := protocol.Diagnostics{ErrorCode: protocol.UnknownError, Message: shorten(err.Error())}
	var failure *hook.Failure
	if errors.As(err, &failure) {
		d.ErrorCode, d.ScriptName = failure.Code, failure.Script
	}
	return result{protocol.StatusFailed, d}
}

// maxMessage leaves room in a report, whose payload holds 8,192 characters,
// for the log and for what JSON escapes.
const maxMessage = 4000

func shorten(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + "..."
}
