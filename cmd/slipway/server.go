package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/slipwayhq/slipway/internal/daemon"
	"github.com/slipwayhq/slipway/internal/iam"
)

// stopLimit is how long a server takes to stop at most.
const stopLimit = 9 * time.Second

// accountPattern is what an AWS account number looks like.
var accountPattern = regexp.MustCompile(`^[0-9]{12}$`)

func serverCommand() *cobra.Command {
	var (
		c        daemon.Config
		provider []string
		logLevel string
		roles    string
	)
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run the control plane",
		Long: "Runs the control plane: the APIs, the object store and the deployment engine, on one port.\n\n" +
			"It prints one line with \"ready\" and its URL on stdout when it serves; logs go to stderr.\n" +
			"Every flag can also be set by an environment variable (--tls-cert: SLIPWAY_TLS_CERT) or by a\n" +
			"key of the configuration file (tls-cert).\n\n" +
			"The root key is SLIPWAY_ROOT_ACCESS_KEY_ID and SLIPWAY_ROOT_SECRET_ACCESS_KEY if they are set;\n" +
			"else it is made at first start and written to DATA/root-credentials, profile slipway.",
		Example: "  slipway server --data ./data\n" +
			"  slipway server --listen 0.0.0.0:8650 --tls-self-signed",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := settle(cmd); err != nil {
				return err
			}
			if err := checkServer(c); err != nil {
				return err
			}
			if c.Database == sqliteDatabase {
				c.Database = ""
			}
			if roles != "strict" && roles != "permissive" {
				return fmt.Errorf("--roles must be strict or permissive, not %q", roles)
			}
			c.StrictRoles = roles == "strict"
			log, err := logger(logLevel)
			if err != nil {
				return err
			}
			c.Log = log
			c.Root = iam.AccessKey{
				ID: os.Getenv("SLIPWAY_ROOT_ACCESS_KEY_ID"), Secret: iam.Secret(os.Getenv("SLIPWAY_ROOT_SECRET_ACCESS_KEY")),
			}
			if err := openProviders(cmd.Context(), provider, &c); err != nil {
				return err
			}
			return serve(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8650", "address to serve on; port 0 picks one")
	f.StringVar(&c.Data, "data", defaultData(), "folder for everything that must survive")
	f.StringVar(&c.Database, "database", "", "postgres://USER:PASSWORD@HOST/NAME, which several servers can share (default: SQLite in the data folder)")
	f.StringVar(&c.Objects, "objects", "", "folder of the stored objects; servers of one database share it (default: DATA/objects)")
	f.StringArrayVar(&provider, "provider", nil, "NEED=URL, a driver for one need (repeatable, asked in order), as in alarm=prometheus://127.0.0.1:9090 or function=local:")
	f.StringVar(&c.Region, "region", "us-east-1", "region of buckets that name none")
	f.StringVar(&c.Account, "account", "000000000000", "account number of the root key")
	f.StringSliceVar(&c.Domains, "domain", nil, "host name below which a label names a bucket (repeatable)")
	f.StringVar(&c.TLS.Cert, "tls-cert", "", "certificate file (PEM)")
	f.StringVar(&c.TLS.Key, "tls-key", "", "private key file (PEM)")
	f.BoolVar(&c.TLS.SelfSigned, "tls-self-signed", false, "serve TLS with a certificate made in the data folder (tls-ca.pem)")
	f.StringVar(&c.KeyFile, "key-file", "", "key that stored secrets are sealed with (default: DATA/secret.key, made at first start)")
	f.StringVar(&roles, "roles", "permissive", "service roles: permissive looks at the ARN's form only, strict wants a role that trusts CodeDeploy")
	f.Float64Var(&c.Limits.Reads.PerSecond, "read-rate", 10_000, "requests that only read, per second and caller")
	f.Float64Var(&c.Limits.Writes.PerSecond, "write-rate", 5_000, "requests that change something, per second and caller")
	f.IntVar(&c.Limits.Concurrent, "max-requests", 4096, "requests that are worked on at one time; the rest is told to try again")
	f.StringVar(&c.AuditLog, "audit-log", "", "file to which each audit record is appended as a line of JSON")
	f.StringVar(&c.AgentBinaries, "agent-binaries", "", "folder with slipway-agent-linux-amd64 and -arm64, to install hosts from (default: where this program is)")
	f.StringVar(&logLevel, "log-level", "info", "debug, info, warn or error")
	f.String("config", "", "configuration file (YAML)")
	deploymentFlags(f, &c)
	return cmd
}

// deploymentFlags are those that say how deployments run, and are told.
func deploymentFlags(f *pflag.FlagSet, c *daemon.Config) {
	f.BoolVar(&c.Queue, "queue", false, "deployments to a busy group wait for their turn; a group's tag slipway:queue (true, false) decides for it")
	f.IntVar(&c.MaxDeployments, "max-deployments", 10_000, "deployments that are active in an account and region at one time; the others wait")
	f.DurationVar(&c.Engine.AlarmPeriod, "alarm-period", 10*time.Second, "how often the alarms of a deployment are read")
	f.DurationVar(&c.Engine.RunLimit, "deployment-timeout", 12*time.Hour, "how long a deployment may take in all")
	f.DurationVar(&c.Hosts.StartTimeout, "start-timeout", 5*time.Minute, "how long a host may take to pick up a lifecycle event")
	f.DurationVar(&c.Hosts.RunTimeout, "run-timeout", time.Hour, "how long a host may take for one lifecycle event, all its scripts together")
	f.DurationVar(&c.Hosts.TrafficTimeout, "traffic-timeout", time.Hour, "how long a host may take to leave its load balancers, or to be healthy in them")
	f.DurationVar(&c.Outbox.RetryFor, "notification-retry", 24*time.Hour, "how long a notification is tried before it is given up")
	f.IntVar(&c.Outbox.Attempts, "notification-attempts", 0, "how often a notification is tried at most (default: until its time is over)")
	f.Int64Var(&c.HostLogLimit, "host-log-limit", 1<<20, "bytes that are kept of what the scripts of one event print on one host")
	f.DurationVar(&c.TrafficMinute, "traffic-minute", time.Minute, "how long a minute of a traffic shift takes, for tests and demonstrations")
	_ = f.MarkHidden("traffic-minute") // it is there
	f.DurationVar(&c.SilentAfter, "silent-after", 30*time.Second, "how long nothing is heard of a host at work before its event says so")
	f.DurationVar(&c.Hosts.SilentTimeout, "silent-timeout", 0, "how long nothing is heard of a host at work before its target fails (0: until one of the two timeouts; the group tag slipway:silent-timeout overrides it)")
}

// sqliteDatabase says by name what is the default.
const sqliteDatabase = "sqlite:"

// checkServer says what no daemon could be started with.
func checkServer(c daemon.Config) error {
	switch {
	case !accountPattern.MatchString(c.Account):
		return fmt.Errorf("--account must be 12 digits, not %q", c.Account)
	case c.Database != "" && c.Database != sqliteDatabase &&
		!strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://"):
		// The value is not repeated: it may hold a password.
		return errors.New("--database must be like postgres://USER:PASSWORD@HOST/NAME, or left out for SQLite in the data folder")
	case c.MaxDeployments < 1:
		return fmt.Errorf("--max-deployments must be at least 1, not %d", c.MaxDeployments)
	case c.Engine.AlarmPeriod < time.Second:
		return fmt.Errorf("--alarm-period must be at least 1s, not %s", c.Engine.AlarmPeriod)
	case c.Engine.RunLimit <= 0 || c.Hosts.StartTimeout <= 0 || c.Hosts.RunTimeout <= 0:
		return errors.New("--deployment-timeout, --start-timeout and --run-timeout must be longer than 0")
	case c.Hosts.TrafficTimeout <= 0:
		return errors.New("--traffic-timeout must be longer than 0")
	case c.SilentAfter < time.Second:
		return fmt.Errorf("--silent-after must be 1s or longer, not %s", c.SilentAfter)
	case c.Hosts.SilentTimeout != 0 && c.Hosts.SilentTimeout < c.SilentAfter:
		return fmt.Errorf("--silent-timeout must be 0 or as long as --silent-after (%s), not %s", c.SilentAfter, c.Hosts.SilentTimeout)
	case c.TLS.SelfSigned && c.TLS.Cert != "":
		return errors.New("--tls-self-signed and --tls-cert exclude each other")
	}
	return nil
}

// defaultData is the data folder of a server that is given none: the one
// systemd hands out, else one below the user's home.
func defaultData() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return dir
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "slipway")
	}
	return "slipway-data"
}

func logger(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(strings.ToUpper(level))); err != nil {
		return nil, fmt.Errorf("--log-level must be debug, info, warn or error, not %q", level)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l})), nil
}

// serve runs a daemon until ctx ends.
func serve(ctx context.Context, c daemon.Config) error {
	d, err := daemon.Start(ctx, c)
	if err != nil {
		return err
	}
	fmt.Println("ready", d.URL)
	err = d.Wait(ctx)
	c.Log.Info("stopping")
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	return errors.Join(err, d.Stop(stop))
}
