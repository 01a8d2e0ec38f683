// Package amazon is what the drivers that call AWS, or a server with its APIs,
// have in common: their URLs, the role they call with, and what errors mean.
package amazon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipwayhq/slipway/internal/provider"
)

// Account is an AWS account, or a server that speaks its APIs.
type Account struct {
	base   aws.Config
	region string // of everything; empty: the region of who asks
	assume bool   // call with the role of the deployment group

	mu     sync.Mutex
	config map[caller]aws.Config
}

// caller is for whom a call is made.
type caller struct{ region, role string }

// Parameters are those that Open reads. A driver may have more of its own.
var Parameters = []string{"endpoint", "region", "assume-role"}

// Open reads a URL aws:[?endpoint=URL&region=REGION&assume-role=true].
// Credentials come from where AWS's tools have them: environment, files,
// roles; endpoint and region do not, because those of the environment are for
// clients of this server. The values of other parameters, which the driver
// names, are returned.
func Open(ctx context.Context, u *url.URL, others ...string) (*Account, map[string]string, error) {
	parameters, err := provider.Parameters(u, append(others, Parameters...)...)
	if err != nil {
		return nil, nil, err
	}
	if u.Host != "" || u.Opaque != "" || u.User != nil {
		return nil, nil, errors.New("the aws URL names a server: write aws:?endpoint=URL, or aws: for AWS itself; " +
			"credentials come from the usual AWS environment")
	}
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot load the AWS configuration: %w", err)
	}
	c.BaseEndpoint, c.ConfigSources = nil, nil
	if endpoint := parameters["endpoint"]; endpoint != "" {
		at, err := url.Parse(endpoint)
		if err != nil || at.Host == "" || at.User != nil || at.Scheme != "http" && at.Scheme != "https" {
			return nil, nil, errors.New("the parameter endpoint of an aws URL must be an http or https URL without credentials")
		}
		c.BaseEndpoint = &endpoint
	}
	assume := parameters["assume-role"]
	if assume != "" && assume != "true" && assume != "false" {
		return nil, nil, fmt.Errorf("the parameter assume-role of an aws URL must be true or false, not %q", assume)
	}
	return New(c, parameters["region"], assume == "true"), parameters, nil
}

// New returns an account with the credentials and the HTTP client of a
// configuration. The region may be empty.
func New(c aws.Config, region string, assume bool) *Account {
	if c.HTTPClient == nil {
		c.HTTPClient = http.DefaultClient
	}
	c.HTTPClient = bounded{c.HTTPClient}
	return &Account{base: c, region: region, assume: assume, config: map[caller]aws.Config{}}
}

// Config is the configuration for calls of a region and, if the account is
// told to assume roles, of a role.
func (a *Account) Config(region, role string) aws.Config {
	if a.region != "" {
		region = a.region
	}
	if !a.assume {
		role = ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := caller{region, role}
	c, known := a.config[key]
	if !known {
		c = a.base.Copy()
		c.Region = region
		if role != "" {
			c.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c), role,
				func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "slipway" }))
		}
		a.config[key] = c
	}
	return c
}

// Kind is what an error means to who made the call.
type Kind int

// The kinds. A call that failed for an Other reason may be worth repeating.
const (
	Other Kind = iota
	Denied
	Throttled
)

// Classify says what an error is about. The service's own words are kept: they
// name who may not do what.
func Classify(err error) (kind Kind, code, message string) {
	var fault smithy.APIError
	if errors.As(err, &fault) {
		code, message = fault.ErrorCode(), fault.ErrorMessage()
	}
	status := 0
	var res *smithyhttp.ResponseError
	if errors.As(err, &res) {
		status = res.HTTPStatusCode()
	}
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	switch {
	case throttled || status == http.StatusTooManyRequests:
		return Throttled, code, message
	case strings.HasPrefix(code, "AccessDenied") || status == http.StatusForbidden || slices.Contains(badCredentials, code):
		return Denied, code, message
	}
	return Other, code, message
}

// EndpointGiven reports whether calls go to a server that stands in for AWS.
func (a *Account) EndpointGiven() bool { return a.base.BaseEndpoint != nil }

// badCredentials are what a caller is told who is nobody, or nobody any more.
var badCredentials = []string{
	"AuthorizationError", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException",
	"MissingAuthenticationToken", "OptInRequired", "SignatureDoesNotMatch", "UnrecognizedClientException",
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 32 << 20

// bounded is a client whose answers end after maxAnswer bytes.
type bounded struct{ client aws.HTTPClient }

func (b bounded) Do(r *http.Request) (*http.Response, error) {
	res, err := b.client.Do(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}
