package control_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/store"
)

// watched is a control plane in virtual time that watches its hosts.
type watched struct {
	*control.Control
	t     *testing.T
	store *store.Store
	stop  context.CancelFunc
}

func watch(t *testing.T) *watched {
	t.Helper()
	s := openStore(t)
	w := &watched{Control: control.New(s, control.Options{}), t: t, store: s}
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	go w.WatchHosts(ctx, slog.New(slog.DiscardHandler))
	return w
}

func (w *watched) register(name string) {
	w.t.Helper()
	err := w.RegisterOnPremisesInstance(w.t.Context(), ns, control.RegisterOnPremisesInstance{Name: name, IAMUserARN: userARN(name)})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) update(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// command makes one for a host, in a deployment of its own.
func (w *watched) command(host string) string {
	w.t.Helper()
	id := "d-" + strings.ToUpper(host)
	c := deploy.HostCommand{
		Namespace: ns, ID: deploy.CommandID(id, host, deploy.Install), DeploymentID: id, TargetID: host,
		HostIdentifier: *userARN(host), Event: deploy.Install, State: deploy.CommandReady, CreatedAt: time.Now(),
	}
	w.update(func(tx *store.Tx) error {
		err := tx.InsertDeployment(deploy.Deployment{Namespace: ns, ID: id, GroupID: id, Status: deploy.InProgress, CreatedAt: time.Now()})
		return errors.Join(err, tx.InsertCommand(c))
	})
	return c.ID
}

func (w *watched) stored(id string) deploy.HostCommand {
	w.t.Helper()
	var c deploy.HostCommand
	w.update(func(tx *store.Tx) (err error) {
		c, err = tx.Command(id)
		return err
	})
	return c
}

func (w *watched) lastSeen(host string) string {
	w.t.Helper()
	out := ""
	w.update(func(tx *store.Tx) error {
		at, err := tx.LastSeen(ns, *userARN(host))
		if errors.Is(err, store.ErrNotFound) {
			out = "never"
			return nil
		}
		out = fmt.Sprintf("%s ago", time.Since(at))
		return err
	})
	return out
}

// poll polls and returns how long it was held.
func (w *watched) poll(host string) time.Duration {
	w.t.Helper()
	began := time.Now()
	if _, err := w.PollHostCommand(w.t.Context(), ns, *userARN(host)); err != nil {
		w.t.Error(err)
	}
	return time.Since(began)
}

func (w *watched) acknowledge(host, id string) {
	w.t.Helper()
	status, err := w.AcknowledgeHostCommand(w.t.Context(), ns, *userARN(host), control.Acknowledgement{CommandID: id, Token: "t"})
	if err != nil || status != protocol.StatusInProgress {
		w.t.Fatal(status, err)
	}
}

// TestPresenceIsGathered: polls write nothing; what they tell is stored within
// seconds, and a report stores it at once.
func TestPresenceIsGathered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		for i := range 50 {
			w.register(fmt.Sprintf("web-%d", i))
			go w.poll(fmt.Sprintf("web-%d", i))
		}
		synctest.Wait()
		if got := w.lastSeen("web-7"); got != "never" {
			t.Errorf("stored with the poll: last seen %s", got)
		}
		time.Sleep(6 * time.Second)
		for i := range 50 {
			if got := w.lastSeen(fmt.Sprintf("web-%d", i)); got != "6s ago" {
				t.Errorf("web-%d: last seen %s", i, got)
			}
		}
		id := w.command("web-7")
		w.acknowledge("web-7", id)
		if got := w.lastSeen("web-7"); got != "0s ago" {
			t.Errorf("after a report: last seen %s", got)
		}
		time.Sleep(time.Minute) // the polls end
	})
}

// TestBusyPoll: an idle host is held for 45 s, one with something to do for 10:
// that is how it is heard while it works, whatever agent it has.
func TestBusyPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		w.register("web-1")
		if held := w.poll("web-1"); held != 45*time.Second {
			t.Errorf("an idle host was held for %s", held)
		}
		id := w.command("web-1")
		if held := w.poll("web-1"); held != 0 {
			t.Errorf("a command was held for %s", held)
		}
		w.acknowledge("web-1", id)
		if held := w.poll("web-1"); held != 10*time.Second {
			t.Errorf("a host at work was held for %s", held)
		}
	})
}

// TestSilenceIsNoticed: half a minute after a host was last heard, its command
// says so; a host that polls on never is silent; one that comes back is not any
// more.
func TestSilenceIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		for _, host := range []string{"dead", "works", "never"} {
			w.register(host)
		}
		time.Sleep(time.Hour)
		dead, works, never := w.command("dead"), w.command("works"), w.command("never")
		w.acknowledge("dead", dead)
		w.acknowledge("works", works)
		go func() {
			for range 12 {
				w.poll("works")
			}
		}()
		time.Sleep(29 * time.Second)
		for _, id := range []string{dead, works, never} {
			if c := w.stored(id); c.Silence != nil {
				t.Errorf("%s: %+v after 29 s", id, c.Silence)
			}
		}
		time.Sleep(7 * time.Second)
		if c := w.stored(dead); c.Silence == nil || c.Silence.LastSeen == nil || time.Since(*c.Silence.LastSeen) != 36*time.Second {
			t.Errorf("the dead host: %+v", c.Silence)
		}
		if c := w.stored(never); c.Silence == nil || c.Silence.LastSeen != nil {
			t.Errorf("the host that never came: %+v", c.Silence)
		}
		w.poll("dead")
		time.Sleep(6 * time.Second)
		if c := w.stored(dead); c.Silence != nil {
			t.Errorf("it came back: %+v", c.Silence)
		}
		time.Sleep(time.Minute)
		if c := w.stored(works); c.Silence != nil {
			t.Errorf("the host that works: %+v", c.Silence)
		}
		time.Sleep(time.Minute) // the polls end
	})
}

// TestSilenceOfTheServer: while no server ran nobody could be heard, so that
// time does not count.
func TestSilenceOfTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		w.register("web-1")
		id := w.command("web-1")
		w.acknowledge("web-1", id)
		w.stop()
		time.Sleep(10 * time.Minute)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go control.New(w.store, control.Options{}).WatchHosts(ctx, slog.New(slog.DiscardHandler))
		time.Sleep(29 * time.Second)
		if c := w.stored(id); c.Silence != nil {
			t.Errorf("the server was silent, not the host: %+v", c.Silence)
		}
		time.Sleep(7 * time.Second)
		if c := w.stored(id); c.Silence == nil {
			t.Error("the host had half a minute to come back")
		}
	})
}

// TestDeregisteredHostIsLost: its commands end, its deployment is woken, and a
// later registration with the same identity was never seen.
func TestDeregisteredHostIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		defer w.stop()
		w.register("web-1")
		id := w.command("web-1")
		w.acknowledge("web-1", id)
		if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "web-1"); err != nil {
			t.Fatal(err)
		}
		if c := w.stored(id); c.State != deploy.CommandLost {
			t.Errorf("the command is %s", c.State)
		}
		w.update(func(tx *store.Tx) error {
			if due, err := tx.DueDeployments(store.Leaseholder{}, time.Now(), 1); err != nil || len(due.IDs) != 1 {
				t.Errorf("due %v, %v", due, err)
			}
			return nil
		})
		if err := w.CompleteHostCommand(t.Context(), ns, *userARN("web-1"), control.Completion{CommandID: id, Status: protocol.StatusSucceeded}); err != nil {
			t.Error(err)
		}
		if c := w.stored(id); c.State != deploy.CommandLost {
			t.Errorf("a late report made it %s", c.State)
		}
		if err := w.DeregisterOnPremisesInstance(t.Context(), ns, "web-1"); err != nil {
			t.Error(err)
		}
		w.register("web-1")
		if got := w.lastSeen("web-1"); got != "never" {
			t.Errorf("registered anew, last seen %s", got)
		}
	})
}

// BenchmarkStorePresence stores what 10,000 hosts told: with polls of 45 s
// about a ninth of it comes together between two times.
func BenchmarkStorePresence(b *testing.B) {
	s := openStore(b)
	seen := map[string]time.Time{}
	for i := range 10_000 {
		seen[store.HostKey(ns, *userARN(fmt.Sprintf("host-%d", i)))] = start
	}
	for b.Loop() {
		for key, at := range seen {
			seen[key] = at.Add(time.Second)
		}
		if err := s.Update(b.Context(), func(tx *store.Tx) error { return tx.SawHosts(seen) }); err != nil {
			b.Fatal(err)
		}
	}
}
