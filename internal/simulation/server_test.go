package simulation

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/engine"
	"github.com/slipwayhq/slipway/internal/platform"
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

	toldOfAlarms  <-chan struct{} // the poller's subscription
	polling       bool
	toldOfActions <-chan struct{}
	acting        bool
	actAt         time.Time // when it looks for actions next; zero: when it is told
	turns         int       // counts what was scheduled: only the last one is good

	told     <-chan struct{} // the engine's subscription
	stepping bool
	stepped  time.Time // when the last step began
	stalled  bool      // the process does not run for a while
	stepAt   time.Time // when the engine looks next; zero: when it is told
	steps    int       // counts what was scheduled: only the last one is good
}

// safetyNet is how long a message between replicas can be missed.
const safetyNet = 10 * time.Second

func (w *world) addServer(name string) {
	s := &server{w: w, name: name}
	if w.skew > 0 {
		s.skew = w.upTo(2*w.skew) - w.skew
	}
	w.servers = append(w.servers, s)
	s.start()
	s.mishaps()
}

// start starts the server on what is in the database.
func (s *server) start() {
	s.up, s.life, s.stepping, s.stalled, s.polling, s.acting, s.stepAt, s.actAt = true, s.life+1, false, false, false, false, time.Time{}, time.Time{}
	s.w.log(s.name, "starts")
	s.db = connect(s.w, s)
	s.store = store.New(s.db, s.db, noSecrets)
	now := func() time.Time { return time.Now().Add(s.skew) }
	s.control = control.New(s.store, control.Options{Now: now, NewID: s.w.newID, PollHold: time.Nanosecond, Queue: s.w.queue})
	s.engine = engine.New(s.store, engine.Options{
		Name: s.leaseholder(), Lease: lease,
		Platforms: s.platforms(),
		Now:       now, NewID: s.w.newID, Alarms: s.w.alarms, AlarmPeriod: alarmPeriod,
		Order: func(list []deploy.Instance) {
			s.w.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		},
	})
	s.told, _ = s.store.Subscribe(store.TopicDeployments)
	s.toldOfAlarms, _ = s.store.Subscribe(store.TopicAlarms)
	s.watchAlarms()
	s.toldOfActions, _ = s.store.Subscribe(store.TopicActions)
	if s.w.outside != nil || s.w.balancers != nil {
		s.watchActions()
	}
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
	if s.w.watched {
		s.watchHosts()
	}
	s.wake(0)
}

// lease is how long a deployment stays with a replica that is not heard of.
// Longer than it really is: a lease is extended every third of it.
const lease = time.Minute

// leaseholder is the name of this life of a replica. A server that is alone
// has none, and asks for no leases.
func (s *server) leaseholder() string {
	if s.w.replicas == 1 {
		return ""
	}
	return fmt.Sprintf("%s-%d", s.name, s.life)
}

// platforms are what a server deploys to.
func (s *server) platforms() map[deploy.ComputePlatform]platform.Platform {
	all := map[deploy.ComputePlatform]platform.Platform{deploy.Server: s.w.hostPlatform()}
	if s.w.functions != nil {
		all[deploy.Lambda] = signed{s.w.functions.platform(), s}
	}
	if s.w.services != nil {
		all[deploy.ECS] = signed{s.w.services.platform(), s}
	}
	return all
}

// mishaps crashes the server now and then.
func (s *server) mishaps() {
	if s.w.mood.crash == 0 {
		return
	}
	s.w.after(s.w.upTo(2*s.w.mood.crash), func() {
		switch {
		case !s.up || s.stalled:
		case s.w.replicas > 1 && !s.stepping && s.w.once(3):
			s.retire()
		default:
			s.crash("between transactions")
		}
		s.mishaps()
	})
}

// retire stops a replica in good order, as its engine does when Run ends.
func (s *server) retire() {
	err := s.store.EndLeases(context.Background(), store.Leaseholder{Name: s.leaseholder(), Term: lease}, time.Now().Add(s.skew))
	s.w.log(s.name, "is told to stop, and gives back its leases %s", says(err))
	s.crash("between transactions")
}

// stall stops the process in the middle of its engine's work, before a
// transaction, as a machine may that is moved or has no memory left. The others
// go on, and may take over what it was about to advance.
func (s *server) stall() {
	w := s.w
	if w.nested || w.over || w.replicas == 1 || !s.stepping && !s.acting || !w.once(w.mood.stalls) {
		return
	}
	w.saw("a replica stalls while it works")
	w.log(s.name, "stalls")
	w.nested, s.stalled = true, true
	life, until := s.life, time.Now().Add(lease/2+w.upTo(4*lease))
	for w.broken == nil && len(w.events) > 0 && w.events[0].at.Before(until) {
		w.next()
	}
	time.Sleep(time.Until(until))
	w.nested = false
	if s.life == life {
		s.stalled = false
		w.log(s.name, "goes on")
	}
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
	switch {
	case s.stalled:
		s.wake(time.Second)
		return
	case s.stepping:
		s.wake(time.Millisecond) // its goroutine is at work
		return
	}
	if wait := s.idle(); wait > 0 {
		s.wake(wait)
		return
	}
	s.stepping, s.stepped = true, time.Now()
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

// idle returns how long the engine has nothing to do: no deployment is due, not
// even somebody else's, and no lease of its own is to be extended. Such steps
// are not simulated, or a script that hangs for hours would cost thousands.
func (s *server) idle() time.Duration {
	now := time.Now().Add(s.skew)
	wait := safetyNet
	for _, d := range s.w.model.active {
		if d.reports > 0 {
			return 0
		}
		wait = min(wait, time.UnixMilli(d.wakeAt).Sub(now))
		if s.w.replicas > 1 && d.owner == s.leaseholder() {
			wait = min(wait, s.stepped.Add(lease/3).Sub(now))
		}
	}
	return max(wait, 0)
}

// watchHosts notices hosts that are silent, in worlds whose servers do. When
// nothing waits for a host there is nothing to notice.
func (s *server) watchHosts() {
	life := s.life
	s.w.after(5*time.Second+s.w.upTo(5*time.Second), func() {
		if !s.up || s.life != life {
			return
		}
		if s.w.model.waiting() && !s.stalled {
			if err := s.control.NoteHosts(context.Background()); err != nil {
				s.w.log(s.name, "hosts: %v", err)
			}
		}
		s.watchHosts()
	})
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
	if !s.up || s.stalled {
		return
	}
	s.hearOfAlarms()
	s.hearOfActions()
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
