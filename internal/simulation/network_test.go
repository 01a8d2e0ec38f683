package simulation

import "time"

// patience is how long a client waits for a reply that does not come.
const patience = 20 * time.Second

// request is a call to the servers. Serve runs at the server that it reaches
// and returns what the client does with the reply; it may run twice, or run
// and the reply get lost. Exactly one of that and lost runs at the client.
type request struct {
	from  string
	what  string
	serve func(*server) (reply func())
	lost  func()
}

// send carries a request to one of the servers, and its reply back.
func (w *world) send(r request) {
	answered := false
	answer := func(f func()) func() {
		return func() {
			if !answered {
				answered = true
				f()
			}
		}
	}
	if w.once(w.mood.lost) {
		w.log(r.from, "%s: the request is lost", r.what)
		w.after(patience, answer(r.lost))
		return
	}
	copies := 1
	if w.once(w.mood.doubled) {
		copies = 2
		w.log(r.from, "%s: the request is doubled", r.what)
	}
	for range copies {
		delay := w.delay()
		if delay > time.Second {
			w.after(patience, answer(r.lost)) // perhaps the reply comes too late
		}
		w.after(delay, func() { w.arrive(r, answer) })
	}
}

// arrive is a request reaching a server.
func (w *world) arrive(r request, answer func(func()) func()) {
	s := w.servers[w.rand.IntN(len(w.servers))]
	if !s.up {
		w.after(w.delay(), answer(r.lost)) // connection refused
		return
	}
	if s.stalled { // the client gives up before it is served
		w.after(patience, answer(r.lost))
		w.after(w.upTo(2*lease), func() { w.arrive(r, answer) })
		return
	}
	life := s.life
	reply := r.serve(s)
	switch {
	case !s.up || s.life != life:
		w.log(r.from, "%s: the server died", r.what)
		w.after(w.delay(), answer(r.lost)) // connection reset
	case w.once(w.mood.lost):
		w.log(r.from, "%s: the reply is lost", r.what)
		w.after(patience, answer(r.lost))
	default:
		w.after(w.delay(), answer(reply))
	}
}

// delay is how long a message takes. They overtake each other.
func (w *world) delay() time.Duration {
	if w.once(w.mood.slow) {
		return w.upTo(15 * time.Second)
	}
	return time.Millisecond + w.upTo(20*time.Millisecond)
}
