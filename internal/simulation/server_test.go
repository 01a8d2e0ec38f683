package simulation

import (
	"context"
	"database/sql"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
	hosts "github.com/slipwayhq/slipway/internal/platform/server"
	"github.com/slipwayhq/slipway/internal/store"
)

// server is one replica: the real control and engine on the shared database,
// and what package daemon does around them.
type server struct {
	w    *world
	name string
	up   bool
	life int           // how often it was started
	skew time.Duration // of its clock

	db      *sql.DB
	store   *store.Store
	control *control.Control
	engine  *engine.Engine

	told     <-chan struct{} // the engine's subscription
	stepping bool
	stepAt   time.Time // when the engine looks next; zero: when it is told
	steps    int       // counts what was scheduled: only the last one is good
}

// safetyNet is how long a message between replicas can be missed.
const safetyNet = 10 * time.Second

func (w *world) addServer(name string) {
	s := &server{w: w, name: name}
	if w.mood.skew > 0 {
		s.skew = w.upTo(2*w.mood.skew) - w.mood.skew
	}
	w.servers = append(w.servers, s)
	s.start()
	s.mishaps()
}

// start starts the server on what is in the database.
func (s *server) start() {
	s.up, s.life, s.stepping, s.stepAt = true, s.life+1, false, time.Time{}
	s.w.log(s.name, "starts")
	s.db = connect(s.w, s)
	s.store = store.New(s.db, s.db, noSecrets)
	now := func() time.Time { return time.Now().Add(s.skew) }
	s.control = control.New(s.store, control.Options{Now: now, NewID: s.w.newID, PollHold: time.Nanosecond})
	s.engine = engine.New(s.store, engine.Options{
		Platforms: map[deploy.ComputePlatform]platform.Platform{deploy.Server: hosts.Platform{}},
		Now:       now, NewID: s.w.newID,
		Order: func(list []deploy.Instance) {
			s.w.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		},
	})
	s.told, _ = s.store.Subscribe(store.TopicDeployments)
	if s.w.replicas == 1 {
		// A server that is alone makes available again what its last life
		// handed out.
		err := s.control.ReleaseLeases(context.Background())
		s.w.rules.leasesReleased() // a failure may have come after the commit
		if !s.up {
			return
		}
		if err != nil {
			s.crash("between transactions") // a server that cannot do this does not serve
			return
		}
	}
	s.wake(0)
}

// mishaps crashes the server now and then.
func (s *server) mishaps() {
	if s.w.mood.crash == 0 {
		return
	}
	s.w.after(s.w.upTo(2*s.w.mood.crash), func() {
		if s.up {
			s.crash("between transactions")
		}
		s.mishaps()
	})
}

// crash is the end of the process: no transaction of it goes on, and no reply
// leaves. It is started again after a while.
func (s *server) crash(when string) {
	if !s.up {
		return
	}
	s.w.saw("a server dies " + when)
	s.w.log(s.name, "crashes %s", when)
	s.stop()
	for _, h := range s.w.hosts {
		h.disconnected(s)
	}
	s.w.fallBack()
	s.w.after(s.w.upTo(30*time.Second), s.start)
}

func (s *server) stop() {
	if s.up {
		s.up = false
		s.db.Close()
	}
}

// wake lets the engine look in d from now, unless it will earlier.
func (s *server) wake(d time.Duration) {
	at := time.Now().Add(d)
	if !s.stepAt.IsZero() && !at.Before(s.stepAt) {
		return
	}
	s.stepAt = at
	s.steps++
	mine, life := s.steps, s.life
	s.w.after(d, func() {
		if s.up && s.life == life && s.steps == mine {
			s.stepAt = time.Time{}
			s.step()
		}
	})
}

// step is one turn of the engine's loop.
func (s *server) step() {
	if s.stepping {
		s.wake(time.Millisecond) // its goroutine is at work
		return
	}
	s.stepping = true
	life := s.life
	next, err := s.engine.Step(context.Background())
	if !s.up || s.life != life {
		return
	}
	s.stepping = false
	if err != nil {
		s.w.log(s.name, "engine: %v", err)
		s.wake(time.Second)
		return
	}
	now := time.Now().Add(s.skew).Truncate(time.Millisecond) // as the engine has it
	s.wake(max(next.Sub(now), 0))
}

// fallBack is for when what was committed may not have been told: every server
// looks by itself after a while.
func (w *world) fallBack() {
	for _, s := range w.servers {
		if s.up {
			s.wake(w.upTo(safetyNet))
		}
	}
}

// lag is how long the engine's goroutine takes to come round.
func (w *world) lag() time.Duration {
	if w.once(10) {
		return w.upTo(2 * time.Second)
	}
	return w.upTo(3 * time.Millisecond)
}

// hear notices what the store told after the last event, and tells the other
// replicas: mostly soon, sometimes so late that they look by themselves.
func (s *server) hear() {
	if !s.up {
		return
	}
	select {
	case <-s.told:
	default:
		return
	}
	for _, other := range s.w.servers {
		switch {
		case other == s:
			s.wake(s.w.lag())
		case other.up && !s.w.once(10):
			other.wake(s.w.upTo(200 * time.Millisecond))
		case other.up:
			other.wake(s.w.upTo(safetyNet))
		}
	}
}
