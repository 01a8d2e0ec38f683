package local

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// deliverTo runs the queue of f until the test ends, or stop is called.
func deliverTo(t *testing.T, f *Functions) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(stop)
	return stop
}

func lines(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}

func waiting(f *Functions) int {
	f.queue.mu.Lock()
	defer f.queue.mu.Unlock()
	return len(f.queue.events)
}

func send(t *testing.T, f *Functions, event string) {
	t.Helper()
	version, err := f.Enqueue(Request{Namespace: ns, Function: "fn", Qualifier: "1", Payload: []byte(event)})
	if err != nil || version != "1" {
		t.Fatalf("version %q, %v", version, err)
	}
}

// TestEventsSurvive: what was accepted is delivered, by the next server if
// need be.
func TestEventsSurvive(t *testing.T) {
	t.Parallel()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	f := open(t, Options{Dir: dir})
	create(t, f, "fn", 1, map[string]string{"TEST_FILE": file})
	const n = 25
	for i := range n {
		send(t, f, fmt.Sprintf(`{"Append":"%d"}`, i))
	}
	if err := f.Close(); err != nil { // nobody has delivered them
		t.Fatal(err)
	}
	g := open(t, Options{Dir: dir})
	stop := deliverTo(t, g)
	eventually(t, "all events are delivered", func() bool { return waiting(g) == 0 })
	stop()
	if got := lines(t, file); got != n {
		t.Errorf("the function ran %d times, want %d", got, n)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, eventsDir)); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
}

// TestEventIsDeliveredAgain: one that a function was at when its server ended.
func TestEventIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	f := open(t, Options{Dir: dir})
	create(t, f, "fn", 1, map[string]string{"TEST_FILE": file})
	stop := deliverTo(t, f)
	send(t, f, `{"Append":"begun","Sleep":15000000000}`)
	eventually(t, "the function is at it", func() bool { return lines(t, file) == 1 })
	stop()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	g := open(t, Options{Dir: dir})
	deliverTo(t, g)
	eventually(t, "the function is at it again", func() bool { return lines(t, file) == 2 })
}

// TestRetries: a function that fails is tried two more times; then the event
// is given up, and the log says so.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event string
		runs  int
		drops bool
	}{
		"it works":                    {`{"Append":"x"}`, 1, false},
		"it works the second time":    {`{"Append":"x","FailTil":2}`, 2, false},
		"it works the third time":     {`{"Append":"x","FailTil":3}`, 3, false},
		"it never works":              {`{"Append":"x","Fail":"no"}`, 3, true},
		"it ends in the middle of it": {`{"Append":"x","Exit":1}`, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "file")
			var log logBuffer
			f := open(t, Options{RetryPause: time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))})
			create(t, f, "fn", 1, map[string]string{"TEST_FILE": file})
			stop := deliverTo(t, f)
			send(t, f, c.event)
			eventually(t, "the queue is empty", func() bool { return waiting(f) == 0 })
			stop()
			if got := lines(t, file); got != c.runs {
				t.Errorf("the function ran %d times, want %d", got, c.runs)
			}
			if said := strings.Contains(log.String(), "given up"); said != c.drops {
				t.Errorf("given up: %v, want %v:\n%s", said, c.drops, log.String())
			}
		})
	}
}

// TestTriesSurvive: a restart gives an event no more tries.
func TestTriesSurvive(t *testing.T) {
	t.Parallel()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	f := open(t, Options{Dir: dir, RetryPause: time.Hour})
	create(t, f, "fn", 1, map[string]string{"TEST_FILE": file})
	stop := deliverTo(t, f)
	send(t, f, `{"Append":"x","Fail":"no"}`)
	eventually(t, "one try is stored", func() bool {
		q := f.queue
		q.mu.Lock()
		defer q.mu.Unlock()
		for _, e := range q.events {
			return !q.open[e.ID] && e.Tries == 1
		}
		return false
	})
	stop()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	g := open(t, Options{Dir: dir, RetryPause: time.Millisecond})
	for _, e := range g.queue.events {
		if e.Tries != 1 || time.Until(e.Due) < 50*time.Minute {
			t.Errorf("the event has %d tries and is due %v", e.Tries, e.Due)
		}
		e.Due = time.Now()
	}
	deliverTo(t, g)
	eventually(t, "the queue is empty", func() bool { return waiting(g) == 0 })
	if got := lines(t, file); got != 3 {
		t.Errorf("the function ran %d times, want 3", got)
	}
}

// TestVerdicts: what becomes of an event, by what came of a try and its age.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	q := &queue{pause: time.Minute}
	for name, c := range map[string]struct {
		tries int
		age   time.Duration
		err   error
		after time.Duration
		drop  bool
	}{
		"delivered":              {0, 0, nil, 0, false},
		"delivered late":         {2, maxWait, nil, 0, false},
		"failed once":            {0, 0, errFunctionFailed, time.Minute, false},
		"failed twice":           {1, 0, errFunctionFailed, 2 * time.Minute, false},
		"failed three times":     {2, 0, errFunctionFailed, 0, true},
		"failed once, late":      {0, maxWait, errFunctionFailed, 0, true},
		"no room":                {0, time.Hour, throttled("x"), busyPause, false},
		"no room for too long":   {0, maxWait, throttled("x"), 0, true},
		"the function is gone":   {0, 0, notFound("x"), 0, true},
		"the machine has no way": {0, time.Hour, os.ErrPermission, busyPause, false},
	} {
		after, drop := q.verdict(&event{Tries: c.tries, At: now.Add(-c.age)}, c.err, now)
		if after != c.after || drop != c.drop {
			t.Errorf("%s: after %v, dropped %v, want %v, %v", name, after, drop, c.after, c.drop)
		}
	}
}

// logBuffer collects a log.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
