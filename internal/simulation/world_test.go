package simulation

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

var ns = deploy.Namespace{Account: "000000000000", Region: "us-east-1"}

// world is one history: everything that is simulated, and the real servers in
// the middle of it.
type world struct {
	seed         uint64
	rand         *rand.Rand
	mood         mood
	skew         time.Duration // how wrong the clocks of servers are at most
	begun        time.Time
	events       events
	count        int // of events so far: the second part of their order
	transactions int // of the present event
	ids          int
	nested       bool // an event runs inside another one

	db        *database
	admin     *server // makes definitions, and never fails
	servers   []*server
	replicas  int
	hosts     []*host
	only      deploy.ComputePlatform // what is deployed to; empty: a mixture
	outside   *outside               // of functions and services; nil in most worlds
	functions *functions
	services  *services
	users     []*user
	alarms    *alarms
	watched   bool       // servers notice silent hosts
	queue     bool       // deployments to a busy group wait
	balancers *balancers // nil in most worlds
	over      bool       // the users are done: nothing goes wrong any more
	broken    error      // the first rule that was broken

	model *model
	rules *rules
	trace *trace
	seen  map[string]int // what happened how often, of what must happen in some world
}

// mood is how much goes wrong in a world. Chances are one in so many; 0 is
// never.
type mood struct {
	fault     int // a transaction fails or kills its server
	crash     time.Duration
	stalls    int // a replica stops in the middle of its work and goes on much later
	lost      int // a request or a reply does not arrive
	doubled   int // a request arrives twice
	slow      int // a message takes seconds
	meanwhile int // others go on between two transactions of a call
	agentDies int // an agent dies in a script
	away      int // a host is away for a while
	scripts   int // a script fails
	calls     int // a call to Lambda or ECS fails
	hangs     int // a script never ends
	skew      time.Duration
	alarms    time.Duration // one changes
}

// moods are the kinds of worlds there are. In most of them little goes wrong at
// once, so that deployments come far; in the last everything does.
var moods = []mood{
	{},
	{calls: 12, scripts: 15, meanwhile: 8, alarms: 5 * time.Minute},
	{calls: 12, scripts: 60, lost: 12, doubled: 10, slow: 10, meanwhile: 8},
	{calls: 12, scripts: 60, fault: 12, crash: 10 * time.Minute, stalls: 60, meanwhile: 4, skew: 50 * time.Millisecond, alarms: time.Hour},
	{calls: 12, scripts: 60, agentDies: 15, away: 15, hangs: 40, meanwhile: 8},
	{calls: 12, scripts: 40, fault: 40, crash: 20 * time.Minute, stalls: 300, lost: 25, doubled: 25, slow: 20, meanwhile: 4, agentDies: 40, away: 40, hangs: 100, skew: time.Second, alarms: time.Hour},
}

// spinning is how many transactions an event may take: a few are usual, one for
// each of its hosts and deployments at most.
const spinning = 1000

// noSuchEnd is how many events a world may take: thousands are usual.
const noSuchEnd = 300_000

// simulate runs the history of a seed in a bubble of virtual time: whatever
// asks for the time or waits, does so on the simulated clock.
func simulate(t *testing.T, db *database, only deploy.ComputePlatform, seed uint64, keep bool) (w *world) {
	synctest.Test(t, func(*testing.T) {
		w = newWorld(db, seed, keep)
		w.only = only
		w.run()
	})
	return w
}

func newWorld(db *database, seed uint64, keep bool) *world {
	w := &world{seed: seed, rand: rand.New(rand.NewPCG(seed, 0x51179a7)), begun: time.Now(), db: db, trace: newTrace(keep), seen: map[string]int{}}
	w.mood = moods[w.rand.IntN(len(moods))]
	w.skew = w.mood.skew
	w.model = newModel(db.columns)
	w.rules = newRules(w)
	return w
}

// violation is a rule that does not hold.
type violation struct{ rule, detail string }

func (v violation) Error() string { return v.rule + ": " + v.detail }

// run plays the history to its end.
func (w *world) run() {
	if err := w.db.empty(); err != nil {
		w.broken = err
		return
	}
	w.populate()
	for len(w.events) > 0 && w.broken == nil && !w.finished() {
		if w.count > noSuchEnd {
			w.violated("every world ends", "it does not within %d events", noSuchEnd)
		}
		w.next()
	}
	if w.broken == nil {
		w.rules.atTheEnd()
	}
	for _, s := range append(w.servers, w.admin) {
		s.stop()
	}
}

// violated notes that a rule was broken. The first one ends the world.
func (w *world) violated(rule, format string, args ...any) {
	if w.broken == nil {
		w.broken = violation{rule, fmt.Sprintf(format, args...)}
		w.log("RULE", "%v", w.broken)
	}
}

// next runs the earliest event.
func (w *world) next() {
	e := heap.Pop(&w.events).(event)
	w.transactions = 0
	if wait := time.Until(e.at); wait > 0 {
		time.Sleep(wait)
	}
	e.run()
	for _, s := range w.servers {
		s.hear()
	}
	for _, h := range w.hosts {
		h.hear()
	}
}

// meanwhile lets others go on before a transaction of a server's call: what is
// due within the next milliseconds happens now. It does not nest.
func (w *world) meanwhile() {
	if w.nested || w.over || !w.once(w.mood.meanwhile) {
		return
	}
	w.nested = true
	for until := time.Now().Add(20 * time.Millisecond); len(w.events) > 0 && w.events[0].at.Before(until); {
		w.next()
		w.saw("others go on between two transactions")
		if w.once(2) {
			break
		}
	}
	w.nested = false
}

// finished reports whether there is nothing left to see.
func (w *world) finished() bool {
	if !w.over && w.usersDone() {
		w.over = true
		w.log("world", "the users are done: from here on nothing goes wrong")
		w.mood = mood{}
	}
	return w.over && len(w.model.active) == 0
}

// after runs f in d from now.
func (w *world) after(d time.Duration, f func()) {
	w.count++
	heap.Push(&w.events, event{time.Now().Add(d), w.count, f})
}

// log adds a line to the trace.
func (w *world) log(who, format string, args ...any) {
	w.trace.line(time.Since(w.begun), who, format, args...)
}

// saw notes that something happened that must happen in some world.
func (w *world) saw(what string) { w.seen[what]++ }

// once is true one time in n, and never for 0.
func (w *world) once(n int) bool { return n > 0 && w.rand.IntN(n) == 0 }

// upTo returns a duration below d.
func (w *world) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rand.Int64N(int64(d)))
}

// newID makes the ids of deployments.
func (w *world) newID() string {
	w.ids++
	return fmt.Sprintf("d-%09d", w.ids)
}

// nextFault draws what is to happen to a transaction.
func (w *world) nextFault() fault {
	if !w.once(w.mood.fault) {
		return noFault
	}
	return failBefore + fault(w.rand.IntN(5))
}

// committed follows what a transaction changed.
func (w *world) committed(by *server, changes []rowChange) {
	w.rules.before(by)
	for _, c := range changes {
		w.trace.change(c)
		w.rules.changed(by.name, c)
	}
	w.rules.after()
}

// event is something that happens at a time. Events of the same time happen in
// the order in which they were made.
type event struct {
	at    time.Time
	count int
	run   func()
}

// events is a heap, earliest first.
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if e[i].at.Equal(e[j].at) {
		return e[i].count < e[j].count
	}
	return e[i].at.Before(e[j].at)
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = event{}
	*e = (*e)[:last]
	return x
}
