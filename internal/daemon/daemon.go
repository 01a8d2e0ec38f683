// Package daemon is the whole control plane in one value: it opens the stores,
// starts the engine, and serves everything on one port. The slipway command
// and the test harness start the same one.
package daemon

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/installer"
	"github.com/slipwayhq/slipway/internal/objectstore"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/platform/ecs"
	"github.com/slipwayhq/slipway/internal/platform/lambda"
	"github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/alarm/embedded"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
	"github.com/slipwayhq/slipway/internal/provider/notification/outbox"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// Config is what a daemon is started with.
type Config struct {
	Listen string // host:port; port 0 picks one
	Data   string // folder for everything that must survive
	// Database is the URL of a PostgreSQL database, which several daemons can
	// share. Empty: SQLite in Data.
	Database string
	// Objects is the folder of the object store's contents; daemons that share
	// a database share it. Empty: one in Data.
	Objects string
	Region  string // default us-east-1
	Account string // 12 digits, default 000000000000
	// Domains are host names below which a label names a bucket, as in
	// bucket.s3.example.org. localhost always is one.
	Domains []string
	Root    iam.AccessKey // of the account's root; empty: see [Daemon.rootKey]
	// KeyFile holds the key that secrets are sealed with. Empty: one in Data,
	// made at first start.
	KeyFile string
	// StrictRoles demands of a group's service role that it exists and trusts
	// CodeDeploy.
	StrictRoles bool

	// Queue lets deployments to a busy group wait instead of refusing them.
	Queue bool
	// MaxDeployments is how many deployments may be active in an account and
	// region; those above it wait. 0: 10,000.
	MaxDeployments int

	TLS    TLS
	Limits api.Limits
	// AuditLog is a file to which each audit record is appended as a line of
	// JSON, for those who keep them elsewhere. Empty: none.
	AuditLog string
	// AgentBinaries is the folder with the agent's programs, for the installer
	// that `aws deploy install` fetches. Empty: the folder of this program.
	AgentBinaries string
	Log           *slog.Logger

	// Alarms are the sources of alarms, asked in order. The alarms that are
	// set on this server come last, always.
	Alarms []alarm.Source
	// Functions are where Lambda functions and hooks are; the first that knows
	// a name answers.
	Functions function.Chain
	// Containers is where ECS services and their load balancers are. Nil:
	// nowhere; deployments to ECS fail and say so.
	Containers container.Orchestrator
	// Balancers are the load balancers of deployments to servers; the first that
	// knows a name is the one. None: deployments with traffic control fail and
	// say so.
	Balancers loadbalancer.Chain
	// Local lets this server run functions itself, before it asks the others.
	// It sets Dir and all that processes are told. Nil: it runs none.
	Local *local.Options
	// TrafficMinute is how long a minute of a traffic shift takes, and of the
	// waits of deployments to ECS, for tests and demonstrations. Default: a
	// minute.
	TrafficMinute time.Duration
	// Notifications get the messages of groups' triggers, Events an event of
	// each change. With none, nothing is told and nothing kept to be told.
	Notifications, Events []outbox.Destination
	Outbox                outbox.Options

	// Engine and Hosts change how deployments run; their zero values are
	// CodeDeploy's behaviour.
	Engine engine.Options
	Hosts  server.Platform
	// SilentAfter is how long nothing is heard of a host that has something to
	// do before that is told. Default 30 s.
	SilentAfter time.Duration
	// HostLogLimit is how many bytes are kept of what the scripts of one event
	// print on one host. Default 1 MiB.
	HostLogLimit int64
}

// Daemon is a running control plane.
type Daemon struct {
	Root iam.AccessKey // what signs for the account's root
	URL  string        // http://host:port

	log        *slog.Logger
	store      *store.Store
	objects    *objectstore.Store
	functions  *local.Functions // nil: none are run here
	index      *sql.DB          // of the objects, where it is shared
	control    *control.Control
	installer  *installer.Publisher
	lock       *os.File
	http       *http.Server
	stop       context.CancelFunc // ends the engine and the waiting polls
	engine     chan error
	background sync.WaitGroup // what else stop ends
	served     chan error
}

// Start opens everything and serves. Stop must be called in the end.
func Start(ctx context.Context, c Config) (_ *Daemon, err error) {
	c = c.withDefaults()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data folder: %w", err)
	}
	d := &Daemon{log: c.Log, installer: newPublisher(c), engine: make(chan error, 1), served: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.closeStores())
		}
	}()
	if d.lock, err = lockFolder(c.Data); err != nil {
		return nil, err
	}
	box, err := sealing(c.KeyFile, c.Data)
	if err != nil {
		return nil, err
	}
	if err := d.openStores(ctx, c, box); err != nil {
		return nil, err
	}
	if d.Root, err = d.rootKey(ctx, c); err != nil {
		return nil, err
	}
	handler, err := d.handler(ctx, &c, box)
	if err != nil {
		return nil, err
	}
	return d, d.serve(ctx, c, handler)
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:8650"
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Account == "" {
		c.Account = "000000000000"
	}
	if c.Objects == "" {
		c.Objects = filepath.Join(c.Data, "objects")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// handler puts the edge together.
func (d *Daemon) handler(ctx context.Context, c *Config, box *seal.Box) (http.Handler, error) {
	pageKey, err := d.secret(ctx, "page-token-key")
	if err != nil {
		return nil, err
	}
	identity := control.NewIdentity(d.store)
	options := control.Options{
		Queue: c.Queue, Quotas: control.Quotas{ActiveDeployments: c.MaxDeployments}, SilentAfter: c.SilentAfter,
		Notify: c.routes(), HostLogLimit: c.HostLogLimit,
	}
	if c.StrictRoles {
		options.ServiceRole = identity.TrustsCodeDeploy
	}
	d.control = control.New(d.store, options)
	if err := d.control.LoadSigner(ctx); err != nil {
		return nil, err
	}
	if c.Database == "" { // nobody else is there whose polls could be waiting
		if err := d.control.ReleaseLeases(ctx); err != nil {
			return nil, err
		}
	}
	access := &api.Access{Root: d.Root, Identity: identity, Sessions: box.For("session tokens")}
	if err := d.openFunctions(c, access, box); err != nil {
		return nil, err
	}
	pager := api.NewPager(pageKey)
	metrics := newMetrics(d)
	return metrics.counting(api.New(api.Config{
		Access:     access,
		Pager:      pager,
		Services:   []api.Service{api.CodeDeploy(d.control, pager), api.HostCommands(d.control), api.Slipway(d.control), api.CloudWatch(d.control, pager)},
		Lambda:     d.lambda(),
		S3:         withEnvironment(d.objects.Handler(objectAccess{access, c.Log}, c.Domains)),
		Installer:  d.installer,
		BucketHost: bucketHost(c.Domains),
		Ready:      d.store.Ping,
		Audit:      d.control.SaveAudit,
		Metrics:    metrics.handler(),
		Limits:     c.Limits,
		Log:        c.Log,
	})), nil
}

// secret returns 32 random bytes that all starts share.
func (d *Daemon) secret(ctx context.Context, name string) ([]byte, error) {
	var text string
	err := d.store.Update(ctx, func(tx *store.Tx) error {
		var err error
		text, err = tx.EnsureSecret(name, func() (string, error) {
			key := make([]byte, 32)
			rand.Read(key) // never fails
			return hex.EncodeToString(key), nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cannot load the secret %q: %w", name, err)
	}
	return hex.DecodeString(text)
}

// serve starts the engine and the server.
func (d *Daemon) serve(ctx context.Context, c Config, handler http.Handler) error {
	messages, err := c.outbox(d.store)
	if err != nil {
		return err
	}
	listener, scheme, err := listen(ctx, c)
	if err != nil {
		return err
	}
	d.URL = scheme + "://" + listener.Addr().String()
	d.installer.Endpoint = knownEndpoint(d.URL, listener.Addr())
	running, stop := context.WithCancel(context.Background())
	d.stop = stop
	c.Engine.Log = c.Log
	c.Engine.Alarms = alarm.Chain(append(slices.Clone(c.Alarms), embedded.New(d.store))...)
	c.Engine.MaxActive = c.MaxDeployments
	if c.StrictRoles {
		c.Engine.ServiceRole = control.ServiceRoleFault
	}
	if len(c.Balancers) > 0 {
		c.Hosts.Balancers = c.Balancers
	}
	hookKey, err := d.secret(ctx, "hook-id-key")
	if err != nil {
		return err
	}
	c.Engine.Artifacts = objects{d.objects}
	c.Engine.Platforms = map[deploy.ComputePlatform]platform.Platform{
		deploy.Server: c.Hosts,
		deploy.Lambda: lambda.Platform{Functions: c.Functions, NewHookID: hookID(hookKey), Minute: c.TrafficMinute},
	}
	c.Engine.Notify = c.routes()
	if c.Database != "" {
		c.Engine.Name = replicaName()
	}
	if c.Containers != nil {
		c.Engine.Platforms[deploy.ECS] = ecs.Platform{
			Containers: c.Containers, Functions: c.Functions, NewHookID: hookID(hookKey), Minute: c.TrafficMinute,
		}
	}
	e := engine.New(d.store, c.Engine)
	go func() { d.engine <- e.Run(running) }()
	d.background.Go(func() { d.control.WatchHosts(running, c.Log) })
	d.followAudit(running, c)
	d.runFunctions(running)
	d.background.Go(func() { messages.Run(running) })
	d.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       3 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return running },
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	go func() { d.served <- d.http.Serve(listener) }()
	return nil
}

// Wait returns when ctx ends or the server breaks.
func (d *Daemon) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.served:
		return fmt.Errorf("the server stopped: %w", err)
	}
}

// Stop answers the polls that wait, lets requests end until ctx does, and
// closes everything. What is stored stays as it is: a deployment goes on when
// a daemon is started on the same data.
func (d *Daemon) Stop(ctx context.Context) error {
	d.stop()
	err := d.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(fmt.Errorf("some requests did not end in time: %w", err), d.http.Close())
	}
	d.background.Wait()
	return errors.Join(err, <-d.engine, d.closeStores())
}

func (d *Daemon) closeStores() error {
	var errs []error
	if d.functions != nil {
		errs = append(errs, d.functions.Close())
	}
	if d.objects != nil {
		errs = append(errs, d.objects.Close())
	}
	if d.index != nil {
		errs = append(errs, d.index.Close())
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}

// Objects is the embedded object store.
func (d *Daemon) Objects() *objectstore.Store { return d.objects }

// bucketHost tells host names that name a bucket from the server's own.
func bucketHost(domains []string) func(string) bool {
	domains = append([]string{"localhost"}, domains...)
	return func(host string) bool {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		for _, domain := range domains {
			if bucket, ok := strings.CutSuffix(host, "."+strings.ToLower(domain)); ok && bucket != "" {
				return true
			}
		}
		return false
	}
}
