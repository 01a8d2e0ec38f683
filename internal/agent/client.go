package agent

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// jsonClient calls operations of an AWS JSON 1.1 service.
type jsonClient struct {
	endpoint    string
	region      string
	signingName string
	prefix      string // of X-Amz-Target
	version     string // of the agent; may be empty
	credentials CredentialSource
	http        *http.Client
	timeout     time.Duration
}

// maxReply is far above any reply of the services that agents call.
const maxReply = 4 << 20

// call sends in and decodes the reply into out. A refusal is a *Fault.
func (c *jsonClient) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.endpoint, "/")+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", c.prefix+"."+operation)
	if c.version != "" {
		req.Header.Set(protocol.VersionHeader, c.version)
	}
	text, status, err := send(req, c.http, c.credentials, body, c.region, c.signingName)
	if err != nil {
		return fmt.Errorf("cannot call %s: %w", operation, err)
	}
	if status != http.StatusOK {
		return newFault(operation, status, text)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil // some servers answer "nothing" with nothing
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("cannot read the reply to %s: %w", operation, err)
	}
	return nil
}

// send signs a request, sends it and reads the whole reply.
func send(req *http.Request, client *http.Client, source CredentialSource, body []byte, region, service string) ([]byte, int, error) {
	credentials, err := source(req.Context())
	if err != nil {
		return nil, 0, err
	}
	sigv4.Sign(req, sigv4.HashPayload(body), credentials, region, service, time.Now())
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	return text, resp.StatusCode, err
}

// Fault is a refusal by the server.
type Fault struct {
	Operation string
	Status    int
	Code      string // the exception's name
	Message   string
}

func newFault(operation string, status int, text []byte) *Fault {
	var reply struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // also matches Message
	}
	_ = json.Unmarshal(text, &reply) // a proxy answers in HTML; the status is enough
	code := reply.Type[strings.LastIndexByte(reply.Type, '#')+1:]
	code, _, _ = strings.Cut(code, ":")
	return &Fault{Operation: operation, Status: status, Code: code, Message: reply.Message}
}

// Error returns what the server said.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s was refused: %s (HTTP %d): %s",
		f.Operation, cmp.Or(f.Code, http.StatusText(f.Status)), f.Status, cmp.Or(f.Message, "no reason given"))
}

// repairable are refusals that end without the request being changed: by time,
// by repaired credentials, by a corrected clock.
var repairable = []string{
	"ThrottlingException", "TooManyRequestsException", "Throttling", "RequestThrottled", "RequestThrottledException",
	"UnrecognizedClientException", "AccessDeniedException", "InvalidSignatureException", "SignatureDoesNotMatch",
	"IncompleteSignatureException", "MissingAuthenticationTokenException", "ExpiredTokenException",
	"InvalidClientTokenId", "RequestExpired", "ServerException",
}

// repeatable reports whether a call that ended with err is worth repeating as
// it is.
func repeatable(err error) bool {
	var fault *Fault
	if !errors.As(err, &fault) {
		return true // the network, or a reply cut short
	}
	switch {
	case fault.Status >= 500, fault.Status == http.StatusTooManyRequests, fault.Status == http.StatusForbidden,
		fault.Status == http.StatusUnauthorized, fault.Status == http.StatusRequestTimeout:
		return true
	case strings.Contains(fault.Message, "Rate exceeded"):
		return true
	}
	return slices.Contains(repairable, fault.Code)
}
