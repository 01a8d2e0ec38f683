package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/slipwayhq/slipway/internal/appspec"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// event is one lifecycle event of one deployment, with what was found out
// about it before it is acknowledged.
type event struct {
	name    string
	spec    *protocol.Specification
	dir     string // of the deployment
	noop    bool
	archive string           // where the scripts are from
	scripts []appspec.Script // of a hook
	builtIn func(*Agent, context.Context, *event) error
	notes   []string // what is worth knowing of how it went
}

// note adds to what the report of the event says.
func (e *event) note(format string, args ...any) {
	e.notes = append(e.notes, fmt.Sprintf(format, args...))
}

// builtIn is what the events do that run no scripts.
var builtIn = map[string]func(*Agent, context.Context, *event) error{
	downloadEvent: (*Agent).downloadBundle,
	installEvent:  (*Agent).install,
}

// plan finds out what a command means for its deployment.
func (a *Agent) plan(spec *protocol.Specification, name string) (*event, error) {
	e := &event{name: name, spec: spec, dir: a.layout.deployment(spec.DeploymentGroupID, spec.DeploymentID)}
	if e.builtIn = builtIn[name]; e.builtIn != nil {
		return e, nil
	}
	custom := a.local && slices.Contains(spec.AllPossibleLifecycleEvents, name)
	if !custom && !slices.Contains(appspec.Hooks[:], name) {
		e.noop = true
		e.builtIn = func(*Agent, context.Context, *event) error {
			return fmt.Errorf("Unsupported command type: %s", name) //nolint:staticcheck // the official agent's words
		}
		return e, nil
	}
	var err error
	if e.archive, err = a.chooseArchive(e); err != nil {
		return nil, err
	}
	if e.archive == "" {
		e.noop = true
		return e, nil
	}
	document, err := readAppSpec(e.archive, spec.AppSpecFilename)
	if err != nil {
		return nil, err
	}
	e.scripts = document.Hooks[name]
	e.noop = len(e.scripts) == 0
	return e, nil
}

// readAppSpec reads the AppSpec file of an archive: the one that is named, or
// one of the usual names.
func readAppSpec(archive, name string) (*appspec.Spec, error) {
	root, err := os.OpenRoot(archive)
	if err != nil {
		return nil, fmt.Errorf("cannot open the unpacked revision: %w", err)
	}
	defer root.Close()
	for _, candidate := range []string{filepath.Clean(name), "appspec.yaml", "appspec.yml"} {
		info, err := root.Stat(candidate)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the AppSpec file: %w", err)
		}
		if info.Size() > appspec.MaxSize {
			return nil, fmt.Errorf("the AppSpec file %s has %d bytes; at most %d are read", candidate, info.Size(), appspec.MaxSize)
		}
		text, err := root.ReadFile(candidate)
		if err != nil {
			return nil, fmt.Errorf("cannot read the AppSpec file: %w", err)
		}
		document, err := appspec.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", candidate, err)
		}
		if document.OS != appspec.Linux {
			return nil, fmt.Errorf("%s: unsupported operating system: the revision is for %s, this host runs linux", candidate, document.OS)
		}
		return document, nil
	}
	return nil, fmt.Errorf("The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at revision-relative path %q. The revision was unpacked to directory %q, and the AppSpec file was expected but not found there", name, archive) //nolint:staticcheck // the official agent's words
}
