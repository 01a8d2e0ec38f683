package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/slipwayhq/slipway/internal/bench"
	"github.com/slipwayhq/slipway/internal/iam"
)

func benchCommand() *cobra.Command {
	var (
		c        bench.Config
		hooks    int
		database string
	)
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what a server carries",
		Long: "Puts a load on a server and says what that cost it: simulated hosts that speak the agents' protocol,\n" +
			"and deployments to all of them. Without --endpoint it starts a server of its own, a process beside it,\n" +
			"in a temporary folder. With --endpoint the keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY;\n" +
			"hosts and an application named bench-... stay behind there.",
		Example: "  slipway bench --hosts 1000\n" +
			"  slipway bench --hosts 10000 --deployments 0 --idle 60s",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.Hosts < 1 || c.Deployments < 0 || hooks < 0 {
				return errors.New("--hosts must be at least 1, --deployments and --hooks-ms at least 0")
			}
			c.Hook = time.Duration(hooks) * time.Millisecond
			c.Progress = progress()
			return benchmark(cmd.Context(), c, database)
		},
	}
	f := cmd.Flags()
	f.IntVar(&c.Hosts, "hosts", 100, "how many hosts are simulated")
	f.IntVar(&c.Deployments, "deployments", 3, "how many deployments, one after the other, each to all hosts")
	f.IntVar(&hooks, "hooks-ms", 0, "how long a host takes for an event, in milliseconds")
	f.DurationVar(&c.Idle, "idle", 5*time.Second, "how long the hosts only poll before the first deployment")
	f.StringVar(&c.ConfigName, "deployment-config", "CodeDeployDefault.AllAtOnce", "deployment configuration")
	f.StringVar(&c.Endpoint, "endpoint", "", "server to measure (default: one of its own)")
	f.StringVar(&c.Region, "region", "us-east-1", "region to deploy in")
	f.StringVar(&database, "database", "", "database URL of a server of its own (default: SQLite)")
	return cmd
}

// benchmark measures a server, and starts it when none is given.
func benchmark(ctx context.Context, c bench.Config, database string) error {
	c.Credentials = bench.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
	if c.Endpoint == "" {
		server, err := startChild(ctx, database)
		if err != nil {
			return err
		}
		defer server.stop()
		c.Endpoint, c.Credentials = server.url, server.key
	} else if c.Credentials.AccessKeyID == "" {
		return errors.New("with --endpoint set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: the keys of somebody who may register hosts and deploy")
	}
	report, err := bench.Run(ctx, c)
	if err != nil {
		return err
	}
	return report.Print(os.Stdout)
}

// child is a server that is a process of its own, so that what it uses is not
// mixed up with what measuring uses.
type child struct {
	url  string
	key  bench.Credentials
	dir  string
	proc *exec.Cmd
}

func startChild(ctx context.Context, database string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &child{key: bench.Credentials{AccessKeyID: iam.NewAccessKeyID(), SecretAccessKey: iam.NewSecretAccessKey()}}
	if s.dir, err = os.MkdirTemp("", "slipway-bench-"); err != nil {
		return nil, err
	}
	args := []string{"server", "--listen", "127.0.0.1:0", "--data", s.dir, "--log-level", "error"}
	if database != "" {
		args = append(args, "--database", database)
	}
	s.proc = exec.CommandContext(ctx, self, args...)
	s.proc.Env = append(os.Environ(),
		"SLIPWAY_ROOT_ACCESS_KEY_ID="+s.key.AccessKeyID, "SLIPWAY_ROOT_SECRET_ACCESS_KEY="+s.key.SecretAccessKey)
	s.proc.Stderr = os.Stderr
	out, err := s.proc.StdoutPipe()
	if err == nil {
		err = s.proc.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		s.stop()
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	s.url = url
	return s, nil
}

// stop ends the server and removes what it left.
func (s *child) stop() {
	_ = s.proc.Process.Signal(syscall.SIGTERM)
	_ = s.proc.Wait()
	_ = os.RemoveAll(s.dir)
}

// progress draws one line on a terminal, and is silent elsewhere.
func progress() func(what string, part, total int) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var mu sync.Mutex
	last := time.Time{}
	return func(what string, part, total int) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond || part == total {
			last = now
			fmt.Fprintf(os.Stderr, "\r\x1b[K%s: %d of %d", what, part, total)
			if part == total {
				fmt.Fprint(os.Stderr, "\r\x1b[K")
			}
		}
	}
}
