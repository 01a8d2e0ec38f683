package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// metadata asks an EC2 instance's metadata service, version 2, who the
// instance is. Version 1, which needs no token and has leaked many a key, is
// never asked.
type metadata struct {
	endpoint string // empty: switched off
	http     *http.Client

	mu      sync.Mutex
	token   string
	keys    sigv4.Credentials
	expires time.Time // of keys
}

const (
	metadataEndpoint = "http://169.254.169.254"
	metadataTimeout  = 2 * time.Second // the service is on the machine
	tokenSeconds     = "21600"
)

func newMetadata(env environment) *metadata {
	m := &metadata{
		endpoint: strings.TrimSuffix(cmp.Or(env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"), metadataEndpoint), "/"),
		// Never through a proxy, which would tell of another machine.
		http: &http.Client{Timeout: metadataTimeout, Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: time.Second}).DialContext,
		}},
	}
	if truthy(env.get("AWS_EC2_METADATA_DISABLED")) {
		m.endpoint = ""
	}
	return m
}

// host returns the identity of the instance.
func (m *metadata) host(ctx context.Context) (host, error) {
	text, err := m.get(ctx, "/latest/dynamic/instance-identity/document")
	if err != nil {
		return host{}, err
	}
	var document struct{ Region, AccountID, InstanceID string }
	if err := json.Unmarshal(text, &document); err != nil {
		return host{}, fmt.Errorf("cannot read the instance's identity document: %w", err)
	}
	if document.Region == "" || document.AccountID == "" || document.InstanceID == "" {
		return host{}, errors.New("the instance's identity document lacks the region, account or instance")
	}
	partition, err := m.get(ctx, "/latest/meta-data/services/partition")
	if err != nil {
		return host{}, err
	}
	domain, err := m.get(ctx, "/latest/meta-data/services/domain")
	if err != nil {
		return host{}, err
	}
	arn := fmt.Sprintf("arn:%s:ec2:%s:%s:instance/%s", partition, document.Region, document.AccountID, document.InstanceID)
	return host{identifier: arn, region: document.Region, credentials: m.credentials, domain: string(domain)}, nil
}

// renewBefore is how long before their end keys are asked for anew.
const renewBefore = 5 * time.Minute

// credentials returns the keys of the instance's role. The service has new ones
// in time; while it does not answer the present ones serve to their end.
func (m *metadata) credentials(ctx context.Context) (sigv4.Credentials, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := time.Until(m.expires)
	if left > renewBefore {
		return m.keys, nil
	}
	keys, expires, err := m.roleKeys(ctx)
	switch {
	case err == nil:
		m.keys, m.expires = keys, expires
	case left <= 0:
		return keys, fmt.Errorf("cannot get the keys of the instance's role: %w", err)
	}
	return m.keys, nil
}

func (m *metadata) roleKeys(ctx context.Context) (c sigv4.Credentials, expires time.Time, err error) {
	const path = "/latest/meta-data/iam/security-credentials/"
	role, err := m.ask(ctx, path)
	if err != nil {
		return c, expires, err
	}
	name, _, _ := strings.Cut(strings.TrimSpace(string(role)), "\n")
	text, err := m.ask(ctx, path+name)
	if err != nil {
		return c, expires, err
	}
	var reply struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		Token           string
		Expiration      time.Time
	}
	if err := json.Unmarshal(text, &reply); err != nil || reply.AccessKeyID == "" || reply.SecretAccessKey == "" {
		return c, expires, fmt.Errorf("the reply for the role %q holds no keys", name)
	}
	c = sigv4.Credentials{AccessKeyID: reply.AccessKeyID, SecretAccessKey: reply.SecretAccessKey, SessionToken: reply.Token}
	return c, reply.Expiration, nil
}

// get asks for a path.
func (m *metadata) get(ctx context.Context, path string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ask(ctx, path)
}

// ask does the same for who holds mu. A token that has expired is replaced.
func (m *metadata) ask(ctx context.Context, path string) ([]byte, error) {
	if m.endpoint == "" {
		return nil, errors.New("the instance metadata service is switched off by AWS_EC2_METADATA_DISABLED")
	}
	for range 2 {
		if m.token == "" {
			token, status, err := m.send(ctx, http.MethodPut, "/latest/api/token", "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", tokenSeconds)
			if err != nil {
				return nil, err
			}
			if status != http.StatusOK {
				return nil, fmt.Errorf("the instance metadata service gives no token: HTTP %d", status)
			}
			m.token = string(token)
		}
		text, status, err := m.send(ctx, http.MethodGet, path, "X-Aws-Ec2-Metadata-Token", m.token)
		switch {
		case err != nil:
			return nil, err
		case status == http.StatusOK:
			return text, nil
		case status != http.StatusUnauthorized:
			return nil, fmt.Errorf("the instance metadata service has no %s: HTTP %d", path, status)
		}
		m.token = ""
	}
	return nil, fmt.Errorf("the instance metadata service refuses its own tokens for %s", path)
}

func (m *metadata) send(ctx context.Context, method, path, header, value string) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, method, m.endpoint+path, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set(header, value)
	resp, err := m.http.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot ask the instance metadata service: %w", err)
	}
	defer resp.Body.Close()
	const enough = 64 << 10
	text, err := io.ReadAll(io.LimitReader(resp.Body, enough))
	return text, resp.StatusCode, err
}
