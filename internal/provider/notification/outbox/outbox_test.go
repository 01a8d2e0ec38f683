package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/mem"
	"github.com/slipwayhq/slipway/internal/provider/notification/outbox"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a store with an outbox, whose clock only the test moves.
type world struct {
	t     *testing.T
	path  string
	store *store.Store
	now   time.Time
	log   bytes.Buffer
	opts  outbox.Options
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "slipway.db"), now: start}
	w.opts = outbox.Options{
		Now: func() time.Time { return w.now }, Jitter: func() float64 { return 1 },
		Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	w.open()
	t.Cleanup(func() { w.store.Close() })
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.store, err = store.OpenSQLite(context.Background(), w.path, seal.NewBox(seal.Key{})); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) outbox(destinations ...outbox.Destination) *outbox.Outbox {
	w.t.Helper()
	o, err := outbox.New(w.store, destinations, w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func to(name string, s notification.Sender) outbox.Destination {
	return outbox.Destination{Route: notification.Route{Name: name}, Sender: s}
}

// put stores messages, each given as "DESTINATION DEPLOYMENT NUMBER".
func (w *world) put(texts ...string) {
	w.t.Helper()
	var messages []notification.Message
	for _, text := range texts {
		words := strings.Fields(text)
		messages = append(messages, notification.Message{
			ID: text, Account: "1", Destination: words[0], Deployment: words[1], Lane: words[1] + " " + words[0], At: w.now, Body: "{}",
		})
	}
	if err := w.store.Update(w.t.Context(), func(tx *store.Tx) error { return tx.InsertMessages(messages) }); err != nil {
		w.t.Fatal(err)
	}
}

// step does what is due and returns after how long the next is.
func (w *world) step(o *outbox.Outbox) time.Duration {
	w.t.Helper()
	next, err := o.Step(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return next.Sub(w.now)
}

// left returns what was not delivered.
func (w *world) left(onlyDead bool) (rows []store.OutboxRow) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		rows, err = tx.Outbox("1", onlyDead, store.OutboxKey{}, 1000)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// wantReceived checks what arrived, of each deployment in order: those of
// different ones are sent at the same time.
func wantReceived(t *testing.T, s *mem.Sender, want ...string) {
	t.Helper()
	var got []string
	for _, m := range s.Received() {
		got = append(got, m.ID)
	}
	byDeployment := func(a, b string) int { return strings.Compare(strings.Fields(a)[1], strings.Fields(b)[1]) }
	slices.SortStableFunc(got, byDeployment)
	slices.SortStableFunc(want, byDeployment)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("received (-want +got)\n%s", diff)
	}
}

func TestDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var hook, bus mem.Sender
	o := w.outbox(to("hook", &hook), to("bus", &bus))
	w.put("hook d-1 1", "bus d-1 1", "hook d-1 2", "hook d-2 1", "bus d-1 2", "hook d-1 3")
	w.step(o)
	wantReceived(t, &hook, "hook d-1 1", "hook d-1 2", "hook d-1 3", "hook d-2 1")
	wantReceived(t, &bus, "bus d-1 1", "bus d-1 2")
	if rows := w.left(false); len(rows) != 0 {
		t.Errorf("delivered messages are still there: %v", rows)
	}
	w.put("hook d-1 4")
	w.step(o)
	wantReceived(t, &hook, "hook d-1 1", "hook d-1 2", "hook d-1 3", "hook d-1 4", "hook d-2 1")
}

// TestRetries: a message is tried again, later each time, and what comes
// behind it waits for it; nothing else does.
func TestRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var hook, bus mem.Sender
	hook.Fail(func(m notification.Message) error {
		if m.ID == "hook d-1 1" {
			return errors.New("not now")
		}
		return nil
	})
	o := w.outbox(to("hook", &hook), to("bus", &bus))
	w.put("hook d-1 1", "hook d-1 2", "hook d-2 1", "bus d-1 1")
	var delays []time.Duration
	for range 12 {
		delay := w.step(o)
		delays = append(delays, delay)
		w.now = w.now.Add(delay)
	}
	wantReceived(t, &hook, "hook d-2 1")
	wantReceived(t, &bus, "bus d-1 1")
	const s = time.Second
	if diff := cmp.Diff([]time.Duration{1 * s, 2 * s, 4 * s, 8 * s, 10 * s}, delays[:5]); diff != "" {
		t.Errorf("delays (-want +got), of which the safety net bounds the last:\n%s", diff)
	}
	first := w.left(false)[0]
	if first.Message.ID != "hook d-1 1" || first.Attempts < 5 || first.LastError != "not now" {
		t.Errorf("what is known of the failing one: %+v", first)
	}
	hook.Fail(nil)
	w.now = w.now.Add(time.Hour)
	w.step(o)
	wantReceived(t, &hook, "hook d-1 1", "hook d-1 2", "hook d-2 1")
	if n := strings.Count(w.log.String(), "cannot be sent"); n != 1 {
		t.Errorf("the log tells %d times of one failing message:\n%s", n, w.log.String())
	}
}

// TestGivenUp: a message dies when its time, or the number of its tries, is
// over, or when the destination says so; then the next one goes.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts  func(*outbox.Options)
		err   error
		tries int
		after time.Duration
	}{
		"when its time is over":   {func(o *outbox.Options) { o.RetryFor = time.Minute }, errors.New("no"), 6, 31 * time.Second},
		"after a number of tries": {func(o *outbox.Options) { o.Attempts = 3 }, errors.New("no"), 3, 3 * time.Second},
		"at once":                 {func(*outbox.Options) {}, fmt.Errorf("410: %w", notification.ErrPermanent), 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c.opts(&w.opts)
			tries := 0
			var hook mem.Sender
			hook.Fail(func(m notification.Message) error {
				if m.ID != "hook d-1 1" {
					return nil
				}
				tries++
				return c.err
			})
			o := w.outbox(to("hook", &hook))
			w.put("hook d-1 1", "hook d-1 2")
			for range 100 {
				if len(w.left(false)) == 1 {
					break
				}
				w.now = w.now.Add(w.step(o))
			}
			wantReceived(t, &hook, "hook d-1 2")
			dead := w.left(true)
			if len(dead) != 1 || dead[0].Message.ID != "hook d-1 1" || dead[0].LastError != c.err.Error() {
				t.Fatalf("the dead: %+v", dead)
			}
			if tries != c.tries || dead[0].Attempts != c.tries || dead[0].Due.Sub(start) != c.after {
				t.Errorf("given up after %d tries and %s, want %d and %s", tries, dead[0].Due.Sub(start), c.tries, c.after)
			}
			if !strings.Contains(w.log.String(), "given up") {
				t.Errorf("the log does not tell:\n%s", w.log.String())
			}

			hook.Fail(nil)
			if err := w.store.Update(t.Context(), func(tx *store.Tx) error { return tx.RetryMessage("1", "hook d-1 1", w.now) }); err != nil {
				t.Fatal(err)
			}
			w.step(o)
			wantReceived(t, &hook, "hook d-1 2", "hook d-1 1")
		})
	}
}

// TestRetryAfter: a pause that the destination asks for is kept, within
// reason.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for asked, want := range map[time.Duration]time.Duration{
		0: time.Second, 7 * time.Minute: 7 * time.Minute, 1000 * time.Hour: time.Hour,
	} {
		w := newWorld(t)
		var hook mem.Sender
		hook.Fail(func(notification.Message) error {
			return &notification.RetryAfterError{Err: errors.New("busy"), After: asked}
		})
		w.put("hook d-1 1")
		w.step(w.outbox(to("hook", &hook)))
		if got := w.left(false)[0].Due.Sub(start); got != want {
			t.Errorf("asked for %s, the next try is after %s, want %s", asked, got, want)
		}
	}
}

// senderFunc is a sender that is a function.
type senderFunc func(context.Context, notification.Message) error

func (f senderFunc) Send(ctx context.Context, m notification.Message) error { return f(ctx, m) }

// TestCrash: a server that dies between the send and the note of it sends the
// message again, as the same one, and what follows only behind it.
func TestCrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var hook mem.Sender
	dies := senderFunc(func(ctx context.Context, m notification.Message) error {
		err := hook.Send(ctx, m)
		w.store.Close() // from here on nothing is noted
		return err
	})
	w.put("hook d-1 1", "hook d-1 2")
	if _, err := w.outbox(to("hook", dies)).Step(t.Context()); err == nil {
		t.Error("a step without a store ended well")
	}
	w.open()
	o := w.outbox(to("hook", &hook))
	w.step(o)
	wantReceived(t, &hook, "hook d-1 1") // the dead server's claim
	w.now = w.now.Add(time.Minute)
	w.step(o)
	wantReceived(t, &hook, "hook d-1 1", "hook d-1 1", "hook d-1 2")
}

// TestStop: a server that is stopped while it sends gives the message back at
// once, and does not count a try.
func TestStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	hangs := senderFunc(func(ctx context.Context, _ notification.Message) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	})
	w.put("hook d-1 1")
	w.outbox(to("hook", hangs)).Run(ctx)
	if row := w.left(false)[0]; row.Attempts != 0 {
		t.Errorf("the try counts: %+v", row)
	}
	var hook mem.Sender
	w.step(w.outbox(to("hook", &hook)))
	wantReceived(t, &hook, "hook d-1 1")
}

// TestStuck: a destination that does not answer holds up no other.
func TestStuck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opts.Now = nil
	ctx, stop := context.WithCancel(t.Context())
	stuck := senderFunc(func(ctx context.Context, _ notification.Message) error {
		<-ctx.Done()
		return ctx.Err()
	})
	arrived := make(chan string, 2)
	quick := senderFunc(func(_ context.Context, m notification.Message) error {
		arrived <- m.ID
		return nil
	})
	o := w.outbox(to("stuck", stuck), to("quick", quick))
	ended := make(chan struct{})
	go func() { defer close(ended); o.Run(ctx) }()
	w.put("stuck d-1 1", "quick d-1 1")
	if got := <-arrived; got != "quick d-1 1" {
		t.Errorf("%s arrived", got)
	}
	w.put("quick d-1 2")
	if got := <-arrived; got != "quick d-1 2" {
		t.Errorf("%s arrived", got)
	}
	stop()
	<-ended
}

// TestReplicas: servers that share a database send each message once, and in
// order.
func TestReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var hook mem.Sender
	const lanes, each = 20, 5
	var want []string
	for lane := range lanes {
		for n := range each {
			id := fmt.Sprintf("hook d-%02d %d", lane, n)
			want = append(want, id)
			w.put(id)
		}
	}
	ended := make(chan error)
	const replicas = 3
	for range replicas {
		o := w.outbox(to("hook", &hook))
		go func() {
			var err error
			for err == nil && len(hook.Received()) < lanes*each {
				_, err = o.Step(t.Context())
			}
			ended <- err
		}()
	}
	for range replicas {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	wantReceived(t, &hook, want...)
}

// TestStrays: what has no destination any more is given up when its time is
// over, and what died is forgotten after two weeks.
func TestStrays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var hook mem.Sender
	o := w.outbox(to("hook", &hook))
	w.put("gone d-1 1")
	for _, hours := range []int{0, 23} {
		w.now = start.Add(time.Duration(hours) * time.Hour)
		w.step(o)
		if dead := w.left(true); len(dead) != 0 {
			t.Errorf("after %d hours there are dead: %+v", hours, dead)
		}
	}
	w.now = start.Add(25 * time.Hour)
	w.step(o)
	if dead := w.left(true); len(dead) != 1 || !strings.Contains(dead[0].LastError, "no such destination") {
		t.Errorf("the dead: %+v", dead)
	}
	w.now = w.now.Add(15 * 24 * time.Hour)
	w.step(o)
	if rows := w.left(false); len(rows) != 0 {
		t.Errorf("after two weeks there still is %+v", rows)
	}
}

func TestTwoOfAName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := outbox.New(w.store, []outbox.Destination{to("hook", nil), to("hook", nil)}, w.opts); err == nil {
		t.Error("two destinations have one name")
	}
}
