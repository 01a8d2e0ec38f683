package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/slipwayhq/slipway/internal/protocol"
)

// specification asks for the document of a command until it is answered. It is
// the same for all events of a deployment, if the server is one of ours.
func (a *Agent) specification(ctx context.Context, r *record) (*protocol.Specification, error) {
	if known, ok := a.known.of(r.Command.DeploymentExecutionID); ok {
		r.TargetIndex = known.index
		return known.spec, nil
	}
	in := protocol.GetDeploymentSpecificationInput{
		DeploymentExecutionID: r.Command.DeploymentExecutionID,
		HostIdentifier:        a.config.HostIdentifier,
		WantTargetIndex:       true,
	}
	var reply protocol.GetDeploymentSpecificationOutput
	if err := a.persist(ctx, "GetDeploymentSpecification", in, &reply); err != nil {
		return nil, err
	}
	r.TargetIndex = reply.TargetIndex
	spec, err := a.openSpecification(reply)
	if err == nil && r.fromSlipway() {
		a.known.keep(r.Command.DeploymentExecutionID, knownDeployment{spec, reply.TargetIndex})
	}
	return spec, err
}

// persist calls until there is an answer, which may be a refusal, or ctx ends.
func (a *Agent) persist(ctx context.Context, operation string, in, out any) error {
	for attempt := 1; ; attempt++ {
		err := a.server.call(ctx, operation, in, out)
		if err == nil || ctx.Err() != nil || !repeatable(err) {
			return err
		}
		if attempt == 1 {
			a.config.Log.WarnContext(ctx, "call failed; it is repeated until it is answered", "operation", operation, "error", err)
		}
		if err := a.config.Retry.Wait(ctx, attempt); err != nil {
			return err
		}
	}
}

// acknowledged tells the server that the command is taken, and reports whether
// the server wants it executed. The token makes repetitions harmless: a reply
// may be lost, or the agent restarted.
func (a *Agent) acknowledged(ctx, work context.Context, e *event, r *record, log *slog.Logger) bool {
	if !e.noop {
		// From the acknowledgement on the server relies on this host.
		if err := a.journal.write(received, r, true); err != nil {
			a.finish(ctx, work, received, r, failed(err))
			return false
		}
	}
	payload, _ := json.Marshal(protocol.AcknowledgementDiagnostics{IsCommandNoop: e.noop}) // a bool always marshals
	in := protocol.PutHostCommandAcknowledgementInput{
		HostCommandIdentifier: r.Command.HostCommandIdentifier,
		Diagnostics:           &protocol.Envelope{Format: protocol.FormatJSON, Payload: string(payload)},
		AttemptToken:          r.Token,
	}
	var reply protocol.PutHostCommandAcknowledgementOutput
	err := a.persist(ctx, "PutHostCommandAcknowledgement", in, &reply)
	var fault *Fault
	switch {
	case err != nil && !errors.As(err, &fault), err != nil && repeatable(err):
		return false // stopped meanwhile; the next start goes on
	case err != nil:
		log.WarnContext(ctx, "command dropped: the server does not know it any more", "error", err)
	case reply.CommandStatus == protocol.StatusFailed && e.noop:
		a.finish(ctx, work, received, r, succeeded("Succeeded: CompletedNoopCommand", ""))
		return false
	case reply.CommandStatus == protocol.StatusFailed:
		log.WarnContext(ctx, "command dropped: it is over for the server")
	case reply.CommandStatus == protocol.StatusSucceeded:
		log.InfoContext(ctx, "nothing to do for the event")
	default:
		return true
	}
	if err := a.journal.remove(received, r); err != nil {
		log.WarnContext(ctx, "cannot remove a dropped command from the journal", "error", err)
	}
	return false
}
