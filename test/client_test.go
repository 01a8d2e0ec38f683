package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// rawClient sends single requests, with nothing done for it: no checks of what
// is sent, no repetitions. It is also cheap, for benchmarks.
type rawClient struct {
	url  string
	key  sigv4.Credentials
	http *http.Client
}

// The targets of the two services.
const (
	deployTarget  = "CodeDeploy_20141006."
	commandTarget = protocol.TargetPrefix + "."
)

func newRawClient(url string, key sigv4.Credentials) *rawClient {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1000
	return &rawClient{url: url, key: key, http: &http.Client{Transport: transport, Timeout: 2 * time.Minute}}
}

// request makes a signed request of the JSON protocol.
func (c *rawClient) request(ctx context.Context, target string, body []byte) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		panic(err) // of a URL that was good before
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", target)
	service := "codedeploy"
	if strings.HasPrefix(target, commandTarget) {
		service = protocol.SigningName
	}
	sigv4.Sign(r, sigv4.HashPayload(body), c.key, "us-east-1", service, time.Now())
	return r
}

// call performs an operation. out may be nil.
func (c *rawClient) call(ctx context.Context, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	got, err := do(c.http, c.request(ctx, target, body))
	if err != nil {
		return err
	}
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", target, got.Status, got.body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(got.body, out)
}

// answer is a whole response.
type answer struct {
	*http.Response
	body []byte
}

// do sends a request as it is.
func do(client *http.Client, r *http.Request) (answer, error) {
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	body, err := io.ReadAll(resp.Body)
	return answer{resp, body}, err
}
