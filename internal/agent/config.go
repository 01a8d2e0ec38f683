package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// CredentialSource returns the keys to sign the next request with. It is asked
// for every request, so that keys that are replaced while the agent runs are
// taken up.
type CredentialSource func(context.Context) (sigv4.Credentials, error)

// StaticCredentials is a source of keys that never change.
func StaticCredentials(c sigv4.Credentials) CredentialSource {
	return func(context.Context) (sigv4.Credentials, error) { return c, nil }
}

// Config is all that an agent needs to know. A zero field of the second block
// means its default.
type Config struct {
	HostIdentifier string // the ARN that the server knows this host by
	Region         string
	Endpoint       string // of the command service
	Credentials    CredentialSource

	Root            string        // where revisions and books are kept; default DefaultRoot
	S3Endpoint      string        // default Endpoint
	GitHubEndpoint  string        // of GitHub's API; default bundle.DefaultGitHub
	Dir             string        // what relative destinations of AppSpec files start from; default the process's own
	WaitBetweenRuns time.Duration // between the starts of two empty polls; default 1 s
	HTTPReadTimeout time.Duration // default 80 s: the server holds a poll for 45 s
	StopTimeout     time.Duration // how long a running event may delay the end of Run; default 2 h
	EventTimeout    time.Duration // for all scripts of an event together; default 1 h, negative: no limit
	ProgressEvery   time.Duration // at most so often is progress reported; default 1 s
	Quiet           time.Duration // without commands, after which archives are tidied up; default 10 s
	Linger          time.Duration // see hook.Runner; default 2 s
	Grace           time.Duration // see hook.Runner; default 5 s
	Retry           backoff.Policy
	MaxRevisions    int   // kept per deployment group; default 5
	MaxArchiveSize  int64 // bytes that the kept revisions of all groups may take together; 0: any
	Slots           int   // commands that run at one time; default 16
	Limits          bundle.Limits
	// IdenticalConflict makes a conflict of a file that is there already and the
	// same, as the official agent does.
	IdenticalConflict bool
	// StrictOutput fails a script whose output stays open, as the official agent
	// does; see hook.Runner.
	StrictOutput bool
	// AllVariables gives scripts the whole of Environ but its keys.
	AllVariables bool
	// OpenFolders lets everybody list what is below Root, as with the official
	// agent. PrivateLogs lets nobody else read the scripts' output.
	OpenFolders, PrivateLogs bool
	Tracking                 string // folder below Root for what is ongoing; default ongoing-deployment
	IgnoreOwners             bool   // give what is unpacked to the agent's user, whatever the archive says
	NoReuse                  bool   // always download, even what an earlier deployment has
	KeepApart                bool   // kept archives share no files
	RejectLinks              bool   // refuse archives with symbolic links
	FIPS                     bool   // use AWS's FIPS endpoints, unless others are given
	Verbose                  bool   // log more
	User, Group              string // to run as; default as it was started
	Secure                   bool   // use the names of the service that enable_auth_policy asks for
	DeveloperMode            bool   // accept specifications that are not signed
	Once                     bool   // end when the server has no more work
	NoDeploymentLog          bool   // no log of all deployments beside that of each
	Version                  string // as reported to the server
	// Environ is the environment that scripts get the harmless part of;
	// default none but a PATH. PassVariables names more to pass on.
	Environ       []string
	PassVariables []string
	// MaskPatterns are regular expressions of what must not leave the host in
	// the log of a script; see hook.NewMask.
	MaskPatterns []string
	Transport    http.RoundTripper // default http.DefaultTransport
	Log          *slog.Logger      // default: no log
	// Ready is called once, when the server has taken the first poll.
	Ready func()
	// Replaced is asked before each poll whether there is a new program that
	// the agent is to make room for; default: never.
	Replaced func() bool
}

// DefaultRoot is the deployment root of the official agent.
const DefaultRoot = "/opt/codedeploy-agent/deployment-root"

func (c Config) withDefaults() Config {
	c.Root = cmp.Or(c.Root, DefaultRoot)
	c.S3Endpoint = cmp.Or(c.S3Endpoint, c.Endpoint)
	c.GitHubEndpoint = cmp.Or(c.GitHubEndpoint, bundle.DefaultGitHub)
	c.EventTimeout = cmp.Or(c.EventTimeout, time.Hour)
	c.Tracking = cmp.Or(c.Tracking, trackingFolder)
	c.WaitBetweenRuns = cmp.Or(c.WaitBetweenRuns, time.Second)
	c.HTTPReadTimeout = cmp.Or(c.HTTPReadTimeout, 80*time.Second)
	c.StopTimeout = cmp.Or(c.StopTimeout, 2*time.Hour)
	c.Quiet = cmp.Or(c.Quiet, 10*time.Second)
	c.ProgressEvery = cmp.Or(c.ProgressEvery, time.Second)
	c.MaxRevisions = cmp.Or(c.MaxRevisions, 5)
	c.Slots = cmp.Or(c.Slots, 16)
	c.Version = cmp.Or(c.Version, "SLIPWAY_dev")
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check makes sure that the agent can serve a host.
func (c Config) check() error {
	switch {
	case c.HostIdentifier == "":
		return errors.New("the agent has no host identifier; give --name or an on-premises configuration file")
	case c.Region == "":
		return errors.New("the agent has no region")
	case c.Credentials == nil:
		return errors.New("the agent has no credentials")
	}
	for _, endpoint := range []string{c.Endpoint, c.S3Endpoint} {
		if err := checkURL(endpoint); err != nil {
			return err
		}
	}
	return c.checkHost()
}

// checkHost checks what is of this host alone.
func (c Config) checkHost() error {
	switch {
	case c.MaxRevisions < 1:
		return fmt.Errorf("max_revisions is %d; at least 1 revision must be kept", c.MaxRevisions)
	case c.Slots < 1:
		return fmt.Errorf("the agent has %d slots; at least 1 is needed", c.Slots)
	case !filepath.IsAbs(c.Root):
		return fmt.Errorf("the root folder %q is not an absolute path", c.Root)
	}
	if err := checkName("ongoing_deployment_tracking", c.Tracking); err != nil {
		return err
	}
	return checkURL(c.GitHubEndpoint)
}

func checkURL(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("the endpoint %q is not a URL like https://host:port", endpoint)
	}
	return nil
}
