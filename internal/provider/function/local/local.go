// Package local is a Lambda of one machine: functions with versions and
// weighted aliases, which run as processes of this server.
//
// # What a function is
//
// Code is unpacked below the data folder by the hash of its archive. Versions
// and aliases of a function are one file, replaced as a whole by every change,
// before the change is told: see record. Published versions never change.
//
// # How it runs
//
// A version's process asks for invocations by the Lambda Runtime API, on a
// loopback port of its own, one at a time. It stays warm for a while, and ends
// with the server however that ends. What it prints is kept, see logs.go.
//
// # What it is not
//
// There is no isolation: a function runs as the server's user and can do what
// that can. Its memory size is told to it and not enforced. Who may create
// functions may run programs here, which is why a server has functions only
// if it is started with them.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Options are how functions run. The zero values of all but Dir are good.
type Options struct {
	Dir string // folder for everything that must survive; made if it is not there
	// Concurrency is how many invocations of a function run at one time,
	// unless it has a limit of its own. Default 10.
	Concurrency int
	// Processes is how many processes of functions there are at one time,
	// those that wait among them. Default 100.
	Processes int
	// Idle is how long a process waits for another invocation. Default five
	// minutes.
	Idle time.Duration
	// Endpoint is where functions reach this server, if the address it listens
	// on is not good for that.
	Endpoint string
	// Environment is what the processes of a function are told besides what
	// they are in Lambda, as NAME=VALUE. Nil: nothing.
	Environment func(ns deploy.Namespace, function string) []string
	// Secrets seals the environment variables of functions on disk. Nil: they
	// are not sealed.
	Secrets Sealer
	// RetryPause is how long a failed event waits for its second try, and half
	// of what it then waits for its third. Default one minute.
	RetryPause time.Duration
	Log        *slog.Logger
}

// Sealer encrypts texts, as seal.Box does.
type Sealer interface {
	Seal(name, secret string) string
	Open(name, sealed string) (string, error)
}

// Parse reads the parameters of a URL local:[?concurrency=N&endpoint=URL].
func Parse(u *url.URL) (Options, error) {
	if u.Host != "" || u.Path != "" || u.Opaque != "" {
		return Options{}, errors.New("functions of this server are local: and nothing before the parameters")
	}
	var o Options
	for name, values := range u.Query() {
		switch name {
		case "concurrency":
			n, err := strconv.Atoi(values[0])
			if err != nil || n < 1 || n > 1000 {
				return o, fmt.Errorf("the parameter concurrency of a local URL must be a number from 1 to 1000, not %q", values[0])
			}
			o.Concurrency = n
		case "endpoint":
			at, err := url.Parse(values[0])
			if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
				return o, fmt.Errorf("the parameter endpoint of a local URL must be an http or https URL, not %q", values[0])
			}
			o.Endpoint = values[0]
		default:
			return o, fmt.Errorf("a local URL has no parameter %q: there are concurrency and endpoint", name)
		}
	}
	return o, nil
}

func (o Options) withDefaults() Options {
	o.Concurrency = cmp.Or(o.Concurrency, 10)
	o.Processes = cmp.Or(o.Processes, 100)
	o.Idle = cmp.Or(o.Idle, 5*time.Minute)
	o.RetryPause = cmp.Or(o.RetryPause, time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Functions are the functions of one server.
type Functions struct {
	opts  Options
	dir   string
	logs  *logs
	pool  *pool
	queue *queue

	changing sync.Mutex // held from the look at a record to its replacement
	mu       sync.RWMutex
	records  map[key]*record // each is replaced, never changed
}

// key names a function.
type key struct {
	deploy.Namespace
	name string
}

// Open reads the functions of a folder. What an earlier server left running of
// them is killed. Close must be called in the end.
func Open(o Options) (*Functions, error) {
	o = o.withDefaults()
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	f := &Functions{opts: o, dir: dir}
	killOrphans(marker(dir))
	if err := errors.Join(os.RemoveAll(f.path(scratchDir)), os.RemoveAll(f.path(unpackDir))); err != nil {
		return nil, fmt.Errorf("cannot clear the functions' folder: %w", err)
	}
	for _, sub := range []string{stateDir, codeDir, eventsDir, scratchDir, unpackDir, logsDir, runtimeDir} {
		if err := os.MkdirAll(f.path(sub), 0o700); err != nil {
			return nil, fmt.Errorf("cannot make the functions' folder: %w", err)
		}
	}
	if err := writeBootstraps(f.path(runtimeDir)); err != nil {
		return nil, err
	}
	if f.records, err = f.load(); err != nil {
		return nil, err
	}
	f.sweepCode()
	f.logs = &logs{dir: f.path(logsDir), log: o.Log, files: map[string]*logFile{}}
	if f.queue, err = openQueue(f.path(eventsDir), o); err != nil {
		return nil, err
	}
	f.pool = newPool(f, o)
	return f, nil
}

// Run delivers events until ctx ends.
func (f *Functions) Run(ctx context.Context) { f.queue.run(ctx, f.deliver) }

// Close kills all processes of functions. An event that one of them was at is
// delivered again by the next server.
func (f *Functions) Close() error {
	f.pool.close()
	return f.logs.close()
}

// The folders below Options.Dir.
const (
	stateDir   = "functions" // ACCOUNT/REGION/NAME.json
	codeDir    = "code"      // by the hash of the archive
	unpackDir  = "unpacking"
	eventsDir  = "events"  // one file for each event that waits
	scratchDir = "scratch" // of processes
	logsDir    = "logs"    // ACCOUNT/REGION/NAME/VERSION.log
	runtimeDir = "runtime" // our bootstraps
)

func (f *Functions) path(elements ...string) string {
	return filepath.Join(append([]string{f.dir}, elements...)...)
}
