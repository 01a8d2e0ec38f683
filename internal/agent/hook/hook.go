// Package hook runs the scripts of a lifecycle event: with a small environment
// of known variables, in a process group of their own, until they end or their
// time is over, and with their output logged line by line.
package hook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/appspec"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// Runner runs scripts. Close it when it has run the last one.
type Runner struct {
	// Grace is how long a script has between SIGTERM and SIGKILL; default 5 s.
	Grace time.Duration
	// Linger is how long a script's output may stay open after its end, held
	// by a process that it left in the background; default 2 s.
	Linger time.Duration
	// Strict waits for the output until the script's time is over, and then
	// fails the script, as the official agent does.
	Strict bool
	Log    *slog.Logger

	mu     sync.Mutex
	left   map[*stream]bool // output that is still open
	closed bool
	drains sync.WaitGroup
}

// Job is one script to run.
type Job struct {
	Archive string // the unpacked revision, where the script lies and starts
	Script  appspec.Script
	Env     []string // all of the script's environment
	Output  *Output
	// Started is told about the process twice: by its marker alone before it
	// is started, so that it is found should the agent die just then, and as
	// soon as it runs, before its end can be seen. An error stops it.
	Started func(Process) error
}

// Failure is why a script did not succeed.
type Failure struct {
	Code    protocol.ErrorCode
	Script  string // its location
	Message string
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// Run runs a script to its end. Its error is a [*Failure], or that of Started.
func (r *Runner) Run(ctx context.Context, j Job) error {
	file, failure := prepare(j)
	if failure != nil {
		return failure
	}
	if seconds := j.Script.Timeout; seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, seconds, errTimedOut)
		defer cancel()
	}
	if ctx.Err() != nil {
		return j.stopped(context.Cause(ctx))
	}
	return r.execute(ctx, j, file)
}

var errTimedOut = errors.New("timed out")

// EventTimeout is the cause that ends a context when the scripts of a
// lifecycle event together have run for too long.
type EventTimeout struct{ After time.Duration }

// Error says how long they were given.
func (e EventTimeout) Error() string {
	return fmt.Sprintf("the scripts of a lifecycle event together have %d seconds", int(e.After/time.Second))
}

// prepare finds the script and makes it executable.
func prepare(j Job) (string, *Failure) {
	location := path.Clean("./" + j.Script.Location)
	file := filepath.Join(j.Archive, location)
	root, err := os.OpenRoot(j.Archive)
	if err != nil {
		return "", j.fail(protocol.ScriptMissing, "Script does not exist at specified location: %s (%v)", file, err)
	}
	defer root.Close()
	info, err := root.Stat(location)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", j.fail(protocol.ScriptMissing, "Script does not exist at specified location: %s (%v)", file, err)
	case err != nil:
		return "", j.fail(protocol.ScriptMissing, "Script does not exist at specified location: %s", file)
	case !info.Mode().IsRegular():
		return "", j.fail(protocol.ScriptMissing, "Script does not exist at specified location: %s is not a file", file)
	case info.Mode()&0o111 == 0o111:
		return file, nil
	}
	if err := root.Chmod(location, info.Mode().Perm()|0o111); err != nil {
		return "", j.fail(protocol.ScriptNotExecutable, "Unable to set script at specified location: %s as executable: %v", j.Script.Location, err)
	}
	return file, nil
}

func (j Job) fail(code protocol.ErrorCode, format string, args ...any) *Failure {
	return &Failure{Code: code, Script: j.Script.Location, Message: fmt.Sprintf(format, args...)}
}

// who says which script a message is about, in the official agent's words.
func (j Job) who() string {
	s := "Script at specified location: " + j.Script.Location
	if j.Script.RunAs != "" {
		s += " run as user " + j.Script.RunAs
	}
	return s
}
