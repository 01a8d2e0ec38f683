package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// alarmFunc is a source of alarms.
type alarmFunc func(ctx context.Context, names []string) (map[string]deploy.AlarmState, error)

func (f alarmFunc) States(ctx context.Context, _ deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	return f(ctx, names)
}

// watched is an engine on a store of its own, with deployments that watch
// alarms. It runs in virtual time.
type watched struct {
	t      *testing.T
	store  *store.Store
	engine *engine.Engine
}

// inVirtualTime runs a test with an engine that asks the source.
func inVirtualTime(t *testing.T, source alarm.Source, f func(watched)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slipway.db")
	if err := os.WriteFile(path, emptyStore(), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s, err := store.OpenSQLite(context.Background(), path, seal.NewBox(seal.Key{}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		w := watched{t, s, engine.New(s, engine.Options{
			Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: server.Platform{}}, Alarms: source,
		})}
		app := deploy.Application{Namespace: ns, ID: "app-1", Name: "shop", Platform: deploy.Server}
		host := deploy.Instance{
			Namespace: ns, Name: "web-1", IAMUserARN: hostARN("web-1"), Tags: []deploy.Tag{{Key: "stage"}}, RegisteredAt: time.Now(),
		}
		w.update(func(tx *store.Tx) error { return errors.Join(tx.InsertApplication(app), tx.PutInstance(host)) })
		f(w)
	})
}

func (w watched) update(f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// create makes a deployment, to a group of its own, that watches the alarms.
func (w watched) create(id string, alarms ...string) {
	w.t.Helper()
	group := deploy.Group{
		Namespace: ns, ID: "group of " + id, ApplicationID: "app-1", Name: id,
		OnPremisesFilters: []deploy.TagFilter{{Type: deploy.KeyOnly, Key: "stage"}},
	}
	d := deploy.Deployment{
		Namespace: ns, ID: id, ApplicationID: "app-1", GroupID: group.ID, Platform: deploy.Server, Creator: deploy.CreatorUser,
		Revision:  deploy.Revision{Type: deploy.S3Revision, S3: &deploy.S3Location{Bucket: "b", Key: "k"}},
		CreatedAt: time.Now(), Status: deploy.Created,
		Config: deploy.Config{MinimumHealthy: &deploy.MinimumHealthy{Type: deploy.HostCount}},
		Alarms: &deploy.Alarms{Enabled: true, Names: alarms},
	}
	registered := deploy.RegisteredRevision{Namespace: ns, ApplicationID: "app-1", Revision: d.Revision}
	w.update(func(tx *store.Tx) error {
		return errors.Join(tx.InsertGroup(group), tx.PutRevision(registered), tx.InsertDeployment(d))
	})
}

func (w watched) row(id string) (row store.DeploymentRow) {
	w.t.Helper()
	if err := w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		row, err = tx.DeploymentRow(id)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return row
}

func (w watched) poll() time.Time {
	w.t.Helper()
	next, err := w.engine.PollAlarms(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// asked records the questions to a source for which all is well.
type asked struct {
	mu        sync.Mutex
	questions []string
}

func (a *asked) States(_ context.Context, _ deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.questions = append(a.questions, strings.Join(names, " "))
	states := map[string]deploy.AlarmState{}
	for _, name := range names {
		states[name] = deploy.AlarmOK
	}
	return states, nil
}

// taken returns the questions since the last call.
func (a *asked) taken() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := slices.Sorted(slices.Values(a.questions))
	a.questions = nil
	return out
}

// TestPollAlarms: what is asked in a round, and what is stored.
func TestPollAlarms(t *testing.T) {
	t.Parallel()
	source := new(asked)
	inVirtualTime(t, source, func(w watched) {
		w.create("d-1", "a", "b")
		w.create("d-2", "b", "a")
		w.create("d-3", "a")
		next := w.poll()
		if diff := cmp.Diff([]string{"a", "a b"}, source.taken()); diff != "" {
			t.Error("those that watch the same alarms are asked for once:", diff)
		}
		if got := time.Until(next); got != 10*time.Second {
			t.Errorf("the next round is in %s", got)
		}
		first := w.row("d-1").Alarms
		if first == nil || len(first.Active) > 0 || first.Unreadable != nil {
			t.Fatalf("read %+v", first)
		}

		time.Sleep(4 * time.Second)
		w.create("d-4", "c")
		if again := w.poll(); !again.Equal(next) {
			t.Errorf("a round for a new deployment puts the next off to %s", again)
		}
		if diff := cmp.Diff([]string{"c"}, source.taken()); diff != "" {
			t.Error("before it is time only new ones are asked for:", diff)
		}

		time.Sleep(6 * time.Second)
		w.poll()
		if diff := cmp.Diff([]string{"a", "a b", "c"}, source.taken()); diff != "" {
			t.Error("when it is time all are asked for:", diff)
		}
		if diff := cmp.Diff(first, w.row("d-1").Alarms); diff != "" {
			t.Error("a reading that does not differ was stored:", diff)
		}
	})
}

// TestSilentAlarmSource: a source that does not answer, nor look at its
// context, is cut off after five seconds, and holds up no pass.
func TestSilentAlarmSource(t *testing.T) {
	t.Parallel()
	var release chan struct{}
	silent := alarmFunc(func(context.Context, []string) (map[string]deploy.AlarmState, error) {
		<-release
		return nil, nil
	})
	inVirtualTime(t, silent, func(w watched) {
		release = make(chan struct{})
		ctx, stop := context.WithCancel(w.t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.engine.Run(ctx) }()
		synctest.Wait()
		w.create("d-1", "a")
		w.create("d-2")
		time.Sleep(time.Second)
		if got := w.row("d-2").Deployment.Status; got != deploy.InProgress {
			t.Errorf("the deployment that watches none is %s", got)
		}
		if got := w.row("d-1").Deployment; got.Status != deploy.Created || len(got.Messages) != 1 {
			t.Errorf("the one that does is %s %v", got.Status, got.Messages)
		}
		time.Sleep(5 * time.Second)
		d := w.row("d-1").Deployment
		if d.Status != deploy.Stopped || d.Error.Code != deploy.AlarmActive || !strings.Contains(d.Error.Message, "5 seconds") {
			t.Errorf("after that %s %+v", d.Status, d.Error)
		}
		stop()
		close(release)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestHungAlarmQuestions: questions that never end do not pile up.
func TestHungAlarmQuestions(t *testing.T) {
	t.Parallel()
	var release chan struct{}
	var mu sync.Mutex
	open := 0
	hung := alarmFunc(func(context.Context, []string) (map[string]deploy.AlarmState, error) {
		mu.Lock()
		open++
		mu.Unlock()
		<-release
		return nil, nil
	})
	inVirtualTime(t, hung, func(w watched) {
		release = make(chan struct{})
		for i := range 40 {
			w.create(fmt.Sprint("d-", i), fmt.Sprint("a-", i))
		}
		for range 3 {
			w.poll()
			time.Sleep(10 * time.Second)
		}
		mu.Lock()
		if open > 32 {
			t.Errorf("%d questions are open", open)
		}
		mu.Unlock()
		if r := w.row("d-39").Alarms; r == nil || r.Unreadable == nil {
			t.Errorf("read %+v", r)
		}
		close(release)
	})
}

// TestAlarmStopsInTime: between an alarm and the end of the deployment there
// is one period at most.
func TestAlarmStopsInTime(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	states := map[string]deploy.AlarmState{"a": deploy.AlarmOK}
	source := alarmFunc(func(context.Context, []string) (map[string]deploy.AlarmState, error) {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(states), nil
	})
	inVirtualTime(t, source, func(w watched) {
		ctx, stop := context.WithCancel(w.t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.engine.Run(ctx) }()
		time.Sleep(3 * time.Second)
		w.create("d-1", "a")
		time.Sleep(time.Millisecond)
		if got := w.row("d-1").Deployment.Status; got != deploy.InProgress {
			t.Errorf("it did not start at once: %s", got)
		}
		time.Sleep(12 * time.Second)
		mu.Lock()
		states["a"] = deploy.AlarmOn
		mu.Unlock()
		time.Sleep(10 * time.Second)
		if d := w.row("d-1").Deployment; d.Status != deploy.Stopped || d.Error.Code != deploy.AlarmActive {
			t.Errorf("%s %+v", d.Status, d.Error)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
