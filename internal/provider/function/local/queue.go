package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/provider/function"
)

// What Lambda does with events by default: two more tries of a function that
// fails, and tries for six hours where it could not be invoked.
const (
	maxTries   = 3
	maxWait    = 6 * time.Hour
	maxQueued  = 10_000
	delivering = 32          // events that are delivered at one time
	busyPause  = time.Second // until a function without room is tried again
)

// event is an invocation that nobody waits for. Each is a file until it has
// been delivered or given up.
type event struct {
	ID      string
	Request Request
	Version string // that was drawn when it was accepted
	At      time.Time
	Tries   int
	Due     time.Time
}

// queue has the events.
type queue struct {
	dir   string
	log   *slog.Logger
	pause time.Duration

	mu     sync.Mutex
	events map[string]*event // by id; those that are being delivered too
	open   map[string]bool   // that are being delivered
	news   chan struct{}     // something is due earlier than was known, or has ended
}

func openQueue(dir string, o Options) (*queue, error) {
	q := &queue{
		dir: dir, log: o.Log, pause: o.RetryPause,
		events: map[string]*event{}, open: map[string]bool{}, news: make(chan struct{}, 1),
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !strings.HasSuffix(path, ".json") {
			_ = os.Remove(path) // an event that was not accepted
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		e := &event{}
		if err := json.Unmarshal(text, e); err != nil {
			return nil, fmt.Errorf("cannot read the event %s: %w", path, err)
		}
		q.events[e.ID] = e
	}
	return q, nil
}

func (q *queue) path(e *event) string { return filepath.Join(q.dir, e.ID+".json") }

func (q *queue) save(e *event) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return writeFile(q.path(e), text)
}

// add accepts an event.
func (q *queue) add(r Request, version string, now time.Time) error {
	e := &event{ID: newID(), Request: r, Version: version, At: now.UTC(), Due: now.UTC()}
	q.mu.Lock()
	full := len(q.events) >= maxQueued
	q.mu.Unlock()
	if full {
		return throttled("Rate Exceeded: %d events wait already", maxQueued)
	}
	if err := q.save(e); err != nil {
		return fmt.Errorf("cannot store the event: %w", err)
	}
	q.mu.Lock()
	q.events[e.ID] = e
	q.mu.Unlock()
	q.tell()
	return nil
}

func (q *queue) tell() {
	select {
	case q.news <- struct{}{}:
	default:
	}
}

// run delivers events until ctx ends, and waits for those under way.
func (q *queue) run(ctx context.Context, deliver func(context.Context, event) error) {
	var under sync.WaitGroup
	defer under.Wait()
	for {
		due, next := q.due(time.Now())
		for _, e := range due {
			under.Go(func() {
				defer q.tell()
				q.try(ctx, e, deliver)
			})
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-q.news:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// due opens the events that are to be delivered now, the oldest first, and
// says when the next one is.
func (q *queue) due(now time.Time) (due []*event, next time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	next = time.Hour
	for id, e := range q.events {
		switch wait := e.Due.Sub(now); {
		case q.open[id]:
		case wait <= 0:
			due = append(due, e)
		default:
			next = min(next, wait)
		}
	}
	slices.SortFunc(due, func(a, b *event) int { return a.At.Compare(b.At) })
	due = due[:min(len(due), delivering-len(q.open))]
	for _, e := range due {
		q.open[e.ID] = true
	}
	return due, next
}

// try delivers an event once, and stores what comes of it.
func (q *queue) try(ctx context.Context, e *event, deliver func(context.Context, event) error) {
	err := deliver(ctx, *e)
	if ctx.Err() != nil {
		return // the server is stopping: as if it had not been tried
	}
	now := time.Now().UTC()
	after, drop := q.verdict(e, err, now)
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, e.ID)
	if after == 0 {
		if drop {
			q.log.Error("an event of a function is given up", "function", e.Request.arn(), "event", e.ID, "tries", e.Tries, "error", err)
		}
		delete(q.events, e.ID)
		if err := os.Remove(q.path(e)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			q.log.Error("cannot remove an event of a function: it is delivered again by the next server", "event", e.ID, "error", err)
		}
		return
	}
	e.Due = now.Add(after)
	if err := q.save(e); err != nil {
		q.log.Error("cannot store the tries of an event", "event", e.ID, "error", err)
	}
}

// verdict says after how long an event is tried again. Zero: not at all.
func (q *queue) verdict(e *event, err error, now time.Time) (after time.Duration, drop bool) {
	old := now.Sub(e.At) >= maxWait
	switch {
	case err == nil:
		return 0, false
	case errors.Is(err, errFunctionFailed):
		e.Tries++
		if e.Tries >= maxTries || old {
			return 0, true
		}
		return q.pause * time.Duration(e.Tries), false
	case errors.Is(err, function.ErrNotFound), old:
		return 0, true
	default: // it could not be invoked
		return busyPause, false
	}
}

// errFunctionFailed is an event whose function was invoked and failed.
var errFunctionFailed = errors.New("the function failed")

// deliver invokes the function of an event.
func (f *Functions) deliver(ctx context.Context, e event) error {
	out, err := f.call(ctx, e.Request, e.Version)
	if err == nil && out.Failed {
		return fmt.Errorf("%w: %s", errFunctionFailed, reason(out.Payload))
	}
	return err
}
