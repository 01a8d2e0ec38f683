package alarmtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
)

// Fake is a server that stands behind a source in tests: it can fail and hang,
// and leaves it to a handler to answer.
type Fake struct {
	URL string

	mu     sync.Mutex
	states map[string]deploy.AlarmState
	fail   error
	hang   chan struct{} // not nil: a request says so here, and waits
}

// NewFake starts a server. refuse writes an error as the service does that is
// being faked, answer writes the states.
func NewFake(t testing.TB, refuse func(http.ResponseWriter, error), answer func(http.ResponseWriter, *http.Request, map[string]deploy.AlarmState)) *Fake {
	f := &Fake{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		states, fail, hang := f.states, f.fail, f.hang
		f.mu.Unlock()
		switch {
		case hang != nil:
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not notice that the client left
			select {
			case hang <- struct{}{}:
			case <-r.Context().Done():
			}
			<-r.Context().Done()
		case fail != nil:
			refuse(w, fail)
		default:
			answer(w, r, states)
		}
	}))
	t.Cleanup(s.Close)
	f.URL = s.URL
	return f
}

// World returns the world of a source that asks the server.
func (f *Fake) World(s alarm.Source) World {
	return World{Source: s, Set: f.set, Fail: f.failWith, Hang: f.hangUp}
}

func (f *Fake) set(_ *testing.T, states map[string]deploy.AlarmState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.states = states
}

func (f *Fake) failWith(_ *testing.T, how error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = how
}

func (f *Fake) hangUp(*testing.T) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hang = make(chan struct{})
	return f.hang
}
