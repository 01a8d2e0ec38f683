package setup

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/agent/service"
)

// The kinds of service manager that a host can have.
const (
	Systemd = "systemd"
	SysV    = "sysv"
)

// Host is where the agent is set up: this machine, or a file system that lies
// in a folder of it, such as an image that is being built.
type Host struct {
	Prefix string // the folder; "" is this machine
	// Run runs a command of the host; nil executes it, on this machine only.
	Run func(ctx context.Context, name string, args ...string) error
}

// path is where a file of the host lies.
func (h Host) path(name string) string { return filepath.Join(h.Prefix, name) }

func (h Host) exists(name string) bool {
	_, err := os.Stat(h.path(name))
	return err == nil
}

// live reports whether the host runs, so that commands can be given to it.
func (h Host) live() bool { return h.Run != nil || h.Prefix == "" || h.Prefix == "/" }

func (h Host) run(ctx context.Context, name string, args ...string) error {
	if h.Run != nil {
		return h.Run(ctx, name, args...)
	}
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// Manager returns what starts services on the host. On a running machine that
// is what runs; in a folder, what is installed.
func (h Host) Manager() string {
	running := h.exists("/run/systemd/system")
	if !h.live() {
		running = running || h.exists("/usr/lib/systemd/systemd") || h.exists("/lib/systemd/systemd")
	}
	if running {
		return Systemd
	}
	return SysV
}

// ours tells our own program's files from those of the official agent, which
// may have the same names.
const ours = "slipway-agent"

// Packaged returns the service that a package has put on the host.
func (h Host) Packaged() (service.Service, bool) {
	for _, name := range []string{service.Name, service.OfficialName} {
		s := service.Service{Name: name, Binary: packagedBinary}
		text, err := os.ReadFile(h.path(s.PackagedUnitFile()))
		if err == nil && bytes.Contains(text, []byte(ours)) {
			return s, true
		}
	}
	return service.Service{}, false
}

// Service returns the service that is set up on the host.
func (h Host) Service() (service.Service, bool) {
	if s, ok := h.Packaged(); ok {
		return s, true
	}
	m, err := h.readManifest()
	return m.service(), err == nil && m.Name != ""
}

// Environment is that of this process and, after it, what the service's
// environment file adds, so that status and doctor see what the service sees.
func (h Host) Environment(own []string) []string {
	s, ok := h.Service()
	if !ok {
		return own
	}
	f, err := os.Open(h.path(s.EnvironmentFile()))
	if err != nil {
		return own
	}
	defer f.Close()
	all := own
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		name, value, ok := strings.Cut(line, "=")
		if ok && !strings.HasPrefix(line, "#") {
			all = append(all, name+"="+strings.Trim(value, `"'`))
		}
	}
	return all
}

// errNotRoot is what somebody hears who may not change the host.
var errNotRoot = errors.New("only root can do this: repeat it with sudo")

// readable turns a refusal of the file system into advice.
func readable(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w (%w)", errNotRoot, err)
	}
	return err
}
