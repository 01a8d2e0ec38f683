package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// host is a simulated host: an agent that does no work.
type host struct {
	identifier string
	key        sigv4.Credentials
	endpoint   string
	region     string
	hook       time.Duration
	client     *http.Client
	seen       *latencies

	known string    // the deployment whose specification it has
	freed time.Time // when its last command was reported; zero: it waits for a new deployment
	token int
}

// run polls and executes until ctx ends.
func (h *host) run(ctx context.Context) {
	for ctx.Err() == nil {
		_ = h.next(ctx) // it fails when ctx has ended
	}
}

// next polls once, and executes what it gets.
func (h *host) next(ctx context.Context) error {
	var polled protocol.PollHostCommandOutput
	if err := h.call(ctx, "PollHostCommand", protocol.PollHostCommandInput{HostIdentifier: h.identifier}, &polled); err != nil {
		return err
	}
	c := polled.HostCommand
	if c == nil {
		h.freed = time.Time{}
		return nil
	}
	if !h.freed.IsZero() && c.DeploymentExecutionID == h.known {
		h.seen.add(time.Since(h.freed))
	}
	return h.execute(ctx, *c)
}

func (h *host) execute(ctx context.Context, c protocol.HostCommand) error {
	h.token++
	var acknowledged protocol.PutHostCommandAcknowledgementOutput
	ack := protocol.PutHostCommandAcknowledgementInput{
		HostCommandIdentifier: c.HostCommandIdentifier, AttemptToken: fmt.Sprint(h.token),
		Diagnostics: &protocol.Envelope{Format: protocol.FormatJSON, Payload: `{"IsCommandNoop":false}`},
	}
	if err := h.call(ctx, "PutHostCommandAcknowledgement", ack, &acknowledged); err != nil {
		return err
	}
	if acknowledged.CommandStatus != protocol.StatusInProgress {
		return nil
	}
	if c.DeploymentExecutionID != h.known {
		var spec protocol.GetDeploymentSpecificationOutput
		in := protocol.GetDeploymentSpecificationInput{DeploymentExecutionID: c.DeploymentExecutionID, HostIdentifier: h.identifier}
		if err := h.call(ctx, "GetDeploymentSpecification", in, &spec); err != nil {
			return err
		}
		h.known = c.DeploymentExecutionID
	}
	if h.hook > 0 {
		if err := sleep(ctx, h.hook); err != nil {
			return err
		}
	}
	complete := protocol.PutHostCommandCompleteInput{
		HostCommandIdentifier: c.HostCommandIdentifier, CommandStatus: protocol.StatusSucceeded,
		Diagnostics: protocol.Diagnostics{Message: "Succeeded"}.Envelope(),
	}
	err := h.call(ctx, "PutHostCommandComplete", complete, &struct{}{})
	h.freed = time.Now()
	return err
}

// call calls an operation of the host-command service, again after a moment
// when it fails, as agents do.
func (h *host) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := h.send(ctx, operation, body, out)
		if err == nil || ctx.Err() != nil {
			return err
		}
		h.seen.fail(err)
		if err := sleep(ctx, pause+rand.N(pause)); err != nil {
			return err
		}
	}
}

func (h *host) send(ctx context.Context, operation string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", protocol.TargetPrefix+"."+operation)
	sigv4.Sign(req, sigv4.HashPayload(body), h.key, h.region, protocol.SigningName, time.Now())
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", operation, resp.Status, text)
	}
	return json.Unmarshal(text, out)
}
