package control

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/store"
)

// Acknowledgement is what a host says when it takes a command. A repetition
// with the same token is the same acknowledgement.
type Acknowledgement struct {
	CommandID string
	Noop      bool
	Token     string
}

// AcknowledgeHostCommand notes that a host has taken a command and says what
// it must do: execute it (InProgress), or drop it because it is a no-op and
// done (Succeeded) or over (Failed).
func (c *Control) AcknowledgeHostCommand(ctx context.Context, ns deploy.Namespace, host string, in Acknowledgement) (protocol.CommandStatus, error) {
	var reply protocol.CommandStatus
	err := c.store.UpdateRows(ctx, func(tx *store.Tx) error {
		cmd, err := c.hostCommand(tx, ns, host, in.CommandID)
		if err != nil {
			return err
		}
		cmd.Silence = nil
		switch cmd.State {
		case deploy.CommandReady:
			reply, err = c.take(tx, cmd, in)
			return err
		case deploy.CommandRunning:
			reply = protocol.StatusFailed
			if in.Token != "" && in.Token == cmd.AttemptToken {
				reply = protocol.StatusInProgress
			}
		case deploy.CommandSucceeded:
			reply = protocol.StatusSucceeded
		case deploy.CommandFailed, deploy.CommandLost, deploy.CommandCancelled:
			reply = protocol.StatusFailed
		}
		return nil
	})
	return reply, err
}

// take turns a ready command into a running one, or ends it when it is a
// no-op. Once a stop is requested nothing more begins.
func (c *Control) take(tx *store.Tx, cmd deploy.HostCommand, in Acknowledgement) (protocol.CommandStatus, error) {
	row, err := tx.DeploymentRow(cmd.DeploymentID)
	if err != nil {
		return "", err
	}
	if row.Stop != nil || row.Deployment.Status.Terminal() {
		return protocol.StatusFailed, nil
	}
	now := c.now()
	cmd.AckedAt = &now
	cmd.AttemptToken = in.Token
	reply := protocol.StatusInProgress
	cmd.State = deploy.CommandRunning
	if in.Noop {
		reply = protocol.StatusSucceeded
		cmd.State = deploy.CommandSucceeded
		cmd.CompletedAt = &now
		cmd.Diagnostics = &deploy.Diagnostics{ErrorCode: protocol.Success.String(), Message: "Succeeded"}
	}
	return reply, tx.ReportCommand(cmd)
}

// Completion is how a command ended on its host.
type Completion struct {
	CommandID   string
	Status      protocol.CommandStatus
	Diagnostics *protocol.Envelope
	Log         *protocol.LogPiece // the end of what its scripts printed, if that was not sent before
}

// CompleteHostCommand stores how a command ended. The first report wins: a
// later one is answered as well as it, and changes nothing.
func (c *Control) CompleteHostCommand(ctx context.Context, ns deploy.Namespace, host string, in Completion) error {
	if in.Status != protocol.StatusSucceeded && in.Status != protocol.StatusFailed {
		return deploy.Errorf(clientError, "CommandStatus must be Succeeded or Failed, not %q.", in.Status)
	}
	return c.store.UpdateRows(ctx, func(tx *store.Tx) error {
		cmd, err := c.hostCommand(tx, ns, host, in.CommandID)
		if err != nil || !cmd.State.Live() {
			return err
		}
		now := c.now()
		cmd.Silence = nil
		cmd.CompletedAt = &now
		cmd.State = deploy.CommandFailed
		if in.Status == protocol.StatusSucceeded {
			cmd.State = deploy.CommandSucceeded
		}
		cmd.Diagnostics = diagnostics(in.Diagnostics, in.Status)
		if err := c.appendLog(tx, cmd, in.Log); err != nil {
			return err
		}
		return tx.ReportCommand(cmd)
	})
}

// UpdateHostCommand stores the progress of a running command, and says whether
// the command is still wanted: InProgress, or Failed when it is not. A piece of
// the log may come with it; one that comes again is stored once.
func (c *Control) UpdateHostCommand(ctx context.Context, ns deploy.Namespace, host, id string, progress *protocol.Envelope, piece *protocol.LogPiece) (protocol.CommandStatus, error) {
	var reply protocol.CommandStatus
	err := c.store.UpdateRows(ctx, func(tx *store.Tx) error {
		reply = protocol.StatusFailed
		cmd, err := c.hostCommand(tx, ns, host, id)
		if err != nil || cmd.State != deploy.CommandRunning {
			return err
		}
		reply = protocol.StatusInProgress
		cmd.Silence = nil
		cmd.Diagnostics = diagnostics(progress, protocol.StatusSucceeded)
		if err := c.appendLog(tx, cmd, piece); err != nil {
			return err
		}
		return tx.ReportCommand(cmd)
	})
	return reply, err
}

// appendLog stores a piece of what the scripts of a command printed, if there
// is one.
func (c *Control) appendLog(tx *store.Tx, cmd deploy.HostCommand, piece *protocol.LogPiece) error {
	if piece == nil {
		return nil
	}
	added := deploy.LogPiece{Start: piece.Start, Text: piece.Text}
	return tx.AppendLog(cmd.DeploymentID, cmd.TargetID, cmd.Event, added, c.hostLogLimit)
}

// hostCommand returns a command of the host, which has been heard with it. One
// of another host is as unknown as one that never was.
func (c *Control) hostCommand(tx *store.Tx, ns deploy.Namespace, host, id string) (deploy.HostCommand, error) {
	cmd, err := tx.Command(id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return cmd, err
	}
	if err != nil || cmd.Namespace != ns || cmd.HostIdentifier != host {
		return cmd, deploy.Errorf(clientError, "The host %s has no command %q.", host, id)
	}
	return cmd, tx.SawHosts(map[string]time.Time{store.HostKey(ns, host): c.now()})
}

// diagnostics converts what an agent sent to what the API shows.
func diagnostics(e *protocol.Envelope, status protocol.CommandStatus) *deploy.Diagnostics {
	d := protocol.ParseDiagnostics(e, status)
	message := d.Message
	if status == protocol.StatusSucceeded && message == "" {
		message = "Succeeded"
	}
	return &deploy.Diagnostics{
		ErrorCode: d.ErrorCode.String(), ScriptName: head(d.ScriptName, maxMessage),
		Message: head(message, maxMessage), LogTail: tail(d.Log, deploy.MaxLogTail),
	}
}

// maxMessage bounds what is kept of a message, in bytes. The service allows
// agents that much for all of their diagnostics.
const maxMessage = 8192

// head returns the first n bytes of s at most, up to the end of a character.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// tail returns the last n bytes of s at most, from the start of a character.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	for len(s) > 0 && !utf8.RuneStart(s[0]) {
		s = s[1:]
	}
	return s
}
