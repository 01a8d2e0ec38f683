// Package agent is the host agent: it asks the server for commands, executes
// one lifecycle event per command, and reports how it ended.
//
// A command goes through the journal (received, running, done), so that
// whatever happens to the agent, the machine or the network, no script runs
// twice and every command is reported. It speaks the protocol of the official
// agents and keeps their files; see package protocol for the few additions.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/agent/hook"
	"github.com/slipwayhq/slipway/internal/agent/install"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// Agent serves one host. Make it with New.
type Agent struct {
	config  Config
	layout  layout
	server  *jsonClient // nil in a local deployment
	bucket  *bundle.S3
	github  *bundle.GitHub
	journal *journal // nil in a local deployment
	local   bool     // deploys without a server
	signers *signerPin
	groups  *groupLocks
	fetches *keyedLocks // of bundles, by where they are from
	tidying *tidying
	scripts *hook.Runner
	mask    hook.Mask     // of what scripts print
	watcher io.Writer     // sees what scripts print; nil: nobody watches
	log     *hook.Rotated // of all deployments; nil when switched off

	slots    chan struct{}
	workers  sync.WaitGroup
	finished atomic.Int64 // commands that came to an end

	mu       sync.Mutex
	inFlight map[string]bool // by command identifier
}

// New returns an agent that is ready to run.
func New(c Config) (*Agent, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	a, err := newAgent(c)
	if err != nil {
		return nil, err
	}
	a.server = commandClient(c)
	if a.journal, err = openJournal(a.layout.journal()); err != nil {
		return nil, err
	}
	return a, nil
}

// newAgent returns what serving a host and deploying without a server have in
// common.
func newAgent(c Config) (*Agent, error) {
	l := layout{c.Root}
	mask, err := hook.NewMask(c.MaskPatterns)
	if err != nil {
		return nil, err
	}
	transfer := bundle.Transfer{Client: &http.Client{Transport: c.Transport}, Retry: c.Retry, Log: c.Log}
	a := &Agent{
		config:   c,
		layout:   l,
		signers:  &signerPin{file: l.signer(), log: c.Log},
		groups:   newGroupLocks(),
		fetches:  newKeyedLocks(),
		tidying:  newTidying(),
		mask:     mask,
		scripts:  &hook.Runner{Grace: c.Grace, Linger: c.Linger, Strict: c.StrictOutput},
		slots:    make(chan struct{}, c.Slots),
		inFlight: map[string]bool{},
		bucket:   &bundle.S3{Transfer: transfer, Endpoint: c.S3Endpoint, Region: c.Region, Credentials: c.Credentials},
		github:   &bundle.GitHub{Transfer: transfer, Endpoint: c.GitHubEndpoint},
	}
	if !c.NoDeploymentLog {
		a.log = hook.NewRotated(l.deploymentsLog())
	}
	return a, a.makeFolders()
}

func commandClient(c Config) *jsonClient {
	client := &jsonClient{
		endpoint: c.Endpoint, region: c.Region, version: c.Version, credentials: c.Credentials,
		signingName: protocol.SigningName, prefix: protocol.TargetPrefix,
		http: &http.Client{Transport: c.Transport}, timeout: c.HTTPReadTimeout,
	}
	if c.Secure {
		client.signingName, client.prefix = protocol.SecureSigningName, protocol.SecureTargetPrefix
	}
	return client
}

// ErrReplaced ends an agent whose program was replaced: start the new one.
var ErrReplaced = errors.New("the agent's program was replaced")

// Run serves until ctx ends, and then until the events that are running have
// ended and are reported, at most for the configured time. With Once it also
// ends when the server has no more work, and with [ErrReplaced] when the
// program was replaced and nothing runs any more.
func (a *Agent) Run(ctx context.Context) error {
	unlock, err := a.lockRoot()
	if err != nil {
		return err
	}
	defer unlock()
	asked := ctx
	ctx, stop := context.WithCancel(asked)
	defer stop()
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	if err := install.RecoverAll(a.layout.instructions(), a.config.Log); err != nil {
		// The next Install of the group tries again, and says so.
		a.config.Log.ErrorContext(ctx, "cannot clean up after an interrupted installation", "error", err)
	}
	if err := a.recover(ctx, work); err != nil {
		return err
	}
	tidied := make(chan struct{})
	go func() { defer close(tidied); a.tidy(ctx) }()
	err = a.poll(ctx, work)
	stop()
	a.drain(asked, stopWork)
	<-tidied
	a.scripts.Close()
	if a.log != nil {
		err = errors.Join(err, a.log.Close())
	}
	return err
}

// lockRoot keeps a second agent away from the same files.
func (a *Agent) lockRoot() (unlock func(), err error) {
	f, err := os.OpenFile(a.layout.lock(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the root folder: %w", err)
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot lock the root folder: another agent is running with %s", a.config.Root)
	}
	return func() {
		// Closing alone does not do it while a script that is just being
		// started still has a copy of the file.
		_ = unlockFile(f)
		f.Close()
	}, nil
}
