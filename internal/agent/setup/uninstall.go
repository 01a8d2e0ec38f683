package setup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/service"
)

// Removal is what to take away from a host.
type Removal struct {
	Host
	// Purge also removes what is the user's: configuration, the host's
	// identity, revisions and books. What was deployed stays in any case.
	Purge bool
	Log   func(format string, args ...any)
}

// Uninstall stops the agent and removes what install has put on the host, but
// not what the user has changed of it. Repeating it is harmless.
func (r *Removal) Uninstall(ctx context.Context) error {
	if s, ok := r.Packaged(); ok {
		return fmt.Errorf("a package has set the agent up: remove it with `dpkg -r %[1]s` or `rpm -e %[1]s`", s.Name)
	}
	m, err := r.readManifest()
	if err != nil {
		return err
	}
	if m.Name == "" && !r.Purge {
		r.Log("nothing is installed")
		return nil
	}
	if err := r.stop(ctx, m.service()); err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		errs = append(errs, r.take(name, m.Files[name]))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if r.live() && m.Name != "" {
		errs = append(errs, r.deregister(ctx, m.service()))
	}
	if r.Purge {
		m.Name = firstOf(m.Name, service.Name)
		errs = append(errs, r.purge(m.service()))
	}
	errs = append(errs, r.remove(manifestFile), r.removeEmpty(filepath.Dir(manifestFile), service.ConfigDir, filepath.Dir(service.ConfigDir)))
	return errors.Join(errs...)
}

func (r *Removal) stop(ctx context.Context, s service.Service) error {
	file := s.InitFile()
	if r.Manager() == Systemd {
		file = s.UnitFile()
	}
	if !r.live() || s.Name == "" || !r.exists(file) {
		return nil
	}
	if err := r.control(ctx, s, "stop"); err != nil {
		return fmt.Errorf("the agent does not stop, nothing was removed: %w", err)
	}
	if r.Manager() == Systemd {
		return r.run(ctx, "systemctl", "disable", s.Name)
	}
	return nil
}

// take removes a file if it is as install left it.
func (r *Removal) take(name, noted string) error {
	there, err := r.digest(name)
	if err != nil || there == "" {
		return err
	}
	if there != noted && !r.Purge {
		r.Log("kept %s, which has been changed", r.path(name))
		return nil
	}
	return r.remove(name)
}

func (r *Removal) remove(name string) error {
	err := os.Remove(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		r.Log("removed %s", r.path(name))
	}
	return readable(err)
}

// purge removes what the user, the agent and deployments have left.
func (r *Removal) purge(s service.Service) error {
	root := r.path(agent.DefaultRoot)
	if r.Prefix == "" {
		c, _ := agent.Configure(context.Background(), agent.Settings{Environ: os.Environ()})
		if c.Root != "" && c.Root != agent.DefaultRoot {
			r.Log("kept %s, the root folder of your configuration", c.Root)
		}
	}
	errs := []error{readable(os.RemoveAll(root))}
	r.Log("removed %s", root)
	for _, name := range []string{service.ConfigFile, service.IdentityFile, service.CAFile, s.EnvironmentFile(), s.LogFile()} {
		errs = append(errs, r.remove(name))
	}
	return errors.Join(append(errs, r.removeEmpty(filepath.Dir(agent.DefaultRoot)))...)
}

// removeEmpty removes folders that hold nothing any more.
func (r *Removal) removeEmpty(names ...string) error {
	for _, name := range names {
		_ = os.Remove(r.path(name)) // one that holds something, or is gone, stays so
	}
	return nil
}
