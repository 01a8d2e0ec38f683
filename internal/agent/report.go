package agent

import (
	"context"
	"time"

	"github.com/slipwayhq/slipway/internal/protocol"
)

// attemptsWhenStopping is how often a report is tried when the agent is to
// stop. What is not reported then is reported at the next start.
const attemptsWhenStopping = 3

// report tells the server how a command ended, until it answers. A refusal is
// an answer: the server knows the command no more.
func (a *Agent) report(ctx, work context.Context, r *record) {
	in := protocol.PutHostCommandCompleteInput{
		HostCommandIdentifier: r.Command.HostCommandIdentifier,
		CommandStatus:         r.Result.Status,
		Diagnostics:           r.Result.Diagnostics.Envelope(),
		Log:                   r.Log,
	}
	log := a.config.Log.With("command", r.Command.CommandName, "id", r.Command.HostCommandIdentifier)
	for attempt, stopping := 1, 0; ; attempt++ {
		err := a.server.call(work, "PutHostCommandComplete", in, &protocol.PutHostCommandCompleteOutput{})
		if err == nil {
			break
		}
		if !repeatable(err) {
			log.WarnContext(ctx, "the server refuses the report", "error", err)
			break
		}
		if ctx.Err() != nil {
			if stopping++; stopping == attemptsWhenStopping || work.Err() != nil {
				log.WarnContext(ctx, "not reported; the next start of the agent does it", "error", err)
				return
			}
			_ = a.config.Retry.Wait(work, stopping)
			continue
		}
		if attempt == 1 {
			log.WarnContext(ctx, "cannot report the result; it is repeated until it is answered", "error", err)
		}
		_ = a.config.Retry.Wait(ctx, attempt) // the agent is stopping: try once more
	}
	now := time.Now().UTC()
	r.Reported, r.Log = &now, nil
	if err := a.journal.write(done, r, false); err != nil {
		log.WarnContext(ctx, "cannot note that the result is reported", "error", err)
	}
	if err := a.journal.prune(now); err != nil {
		log.WarnContext(ctx, "cannot prune the journal", "error", err)
	}
}
