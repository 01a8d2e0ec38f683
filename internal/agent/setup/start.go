package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/agent/service"
)

// start has the host start the agent, now and when it boots.
func (i *Installation) start(ctx context.Context) error {
	if !i.Start || !i.live() {
		i.Log("not started")
		return nil
	}
	if !i.exists(service.IdentityFile) && !i.exists(agent.DefaultRoot+"/codedeploy.onpremises.yml") {
		i.Log("not started: this host has no identity yet. Run `slipway-agent install --name NAME` with AWS credentials in the\n"+
			"environment, or copy the file that `aws deploy register` wrote to %s and run `slipway-agent install`", service.IdentityFile)
		return nil
	}
	if err := i.register(ctx, i.service); err != nil {
		return err
	}
	if running, err := agent.Running(i.root()); err == nil && running {
		return i.renew(ctx)
	}
	if err := i.control(ctx, i.service, "restart"); err != nil {
		return fmt.Errorf("the service does not start: %w", err)
	}
	return i.awaitRunning(ctx)
}

// renew restarts a running agent if anything has changed: its files, or, by a
// package, its program. It does not wait for a running event, because that may
// be what runs this.
func (i *Installation) renew(ctx context.Context) error {
	root := i.root()
	before, _ := readState(root)
	if !i.changed && before.Version == i.Version {
		i.Log("%s is running", i.service.Name)
		return nil
	}
	if err := i.restartLater(ctx, i.service); err != nil {
		return fmt.Errorf("the service does not restart: %w", err)
	}
	var running bool
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		running, _ = agent.Running(root) // it could be told before
		if now, ok := readState(root); running && ok && !now.Started.Equal(before.Started) {
			i.Log("%s is running, restarted", i.service.Name)
			return nil
		}
		if err := backoff.Sleep(ctx, pace); err != nil {
			return err
		}
	}
	if !running {
		return fmt.Errorf("%s was restarted and does not run: see %s", i.service.Name, i.logCommand())
	}
	i.Log("%s is being restarted: it lets a running event end first. See `slipway-agent status`", i.service.Name)
	return nil
}

// root is the agent's root folder on this host.
func (i *Installation) root() string {
	if i.Prefix != "" {
		return i.path(agent.DefaultRoot)
	}
	c, _ := agent.Configure(context.Background(), agent.Settings{Environ: i.Environment(os.Environ())}) // it has the root even if it fails
	if c.Root == "" {
		return agent.DefaultRoot
	}
	return c.Root
}

// startPatience is how long a started agent may take to begin.
const startPatience = 10 * time.Second

// pace is that of looking whether it has.
const pace = 100 * time.Millisecond

// awaitRunning waits until the agent has begun to serve.
func (i *Installation) awaitRunning(ctx context.Context) error {
	root := i.root()
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		if running, err := agent.Running(root); err == nil && running {
			i.Log("%s is running", i.service.Name)
			return nil
		}
		if err := backoff.Sleep(ctx, pace); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s was started and does not run: see %s", i.service.Name, i.logCommand())
}

// logCommand is how to read the service's log.
func (i *Installation) logCommand() string {
	if i.Manager() == Systemd {
		return "journalctl -u " + i.service.Name
	}
	return i.service.LogFile()
}

// register has the service started when the host boots.
func (h Host) register(ctx context.Context, s service.Service) error {
	if h.Manager() == Systemd {
		return errors.Join(h.run(ctx, "systemctl", "daemon-reload"), h.run(ctx, "systemctl", "enable", s.Name))
	}
	switch {
	case has("update-rc.d"):
		return h.run(ctx, "update-rc.d", s.Name, "defaults")
	case has("chkconfig"):
		return h.run(ctx, "chkconfig", "--add", s.Name)
	}
	return nil // doctor says so
}

// deregister undoes register. What is gone already is no error.
func (h Host) deregister(ctx context.Context, s service.Service) error {
	if h.Manager() == Systemd {
		return h.run(ctx, "systemctl", "daemon-reload")
	}
	switch {
	case has("update-rc.d"):
		return h.run(ctx, "update-rc.d", s.Name, "remove")
	case has("chkconfig"):
		return h.run(ctx, "chkconfig", "--del", s.Name)
	}
	return nil
}

// control starts, stops or restarts the service.
func (h Host) control(ctx context.Context, s service.Service, action string) error {
	if h.Manager() == Systemd {
		return h.run(ctx, "systemctl", action, s.Name)
	}
	// As `service` does it: nothing of this process's environment, keys least
	// of all, gets into the agent's.
	return h.run(ctx, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", s.InitFile(), action)
}

// restartLater restarts the service without waiting for the agent to stop.
func (h Host) restartLater(ctx context.Context, s service.Service) error {
	if h.Manager() == Systemd {
		return h.run(ctx, "systemctl", "--no-block", "restart", s.Name)
	}
	const script = `setsid env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$0" restart >/dev/null 2>&1 </dev/null &`
	return h.run(ctx, "sh", "-c", script, s.InitFile())
}

func has(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}
