package local

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// maxAge is after how long a process gets no more work: what it was started
// with, such as its key, is not good for ever.
const maxAge = 6 * time.Hour

var errClosed = errors.New("the server is stopping")

// pool has the processes of all functions.
type pool struct {
	functions *Functions
	starter   *starter
	idle      time.Duration
	most      int

	mu      sync.Mutex
	closed  bool
	all     map[*process]bool     // that run
	waiting map[string][]*process // by target, the last one used at the end
	timers  map[*process]*time.Timer
	busy    map[key]int // invocations under way
	count   int         // processes, those that are being started among them
	ends    sync.WaitGroup
}

func newPool(f *Functions, o Options) *pool {
	return &pool{
		functions: f, starter: newStarter(), idle: o.Idle, most: o.Processes,
		all: map[*process]bool{}, waiting: map[string][]*process{}, timers: map[*process]*time.Timer{}, busy: map[key]int{},
	}
}

// acquire returns a process for one invocation: one that waits, or a new one.
// limit is how many invocations of the function may be under way.
func (l *pool) acquire(t target, limit int) (*process, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, errClosed
	case l.busy[t.key] >= limit:
		return nil, throttled("Rate Exceeded: %d invocations of %s are under way", l.busy[t.key], t.key.name)
	}
	l.busy[t.key]++
	if p := l.pop(t.id()); p != nil {
		return p, nil
	}
	p, err := l.add(t)
	if err != nil {
		l.busy[t.key]--
	}
	return p, err
}

// pop takes a waiting process of a target that is alive.
func (l *pool) pop(id string) *process {
	for n := len(l.waiting[id]); n > 0; n = len(l.waiting[id]) {
		p := l.waiting[id][n-1]
		l.remove(p)
		if p.alive() {
			return p
		}
	}
	return nil
}

// remove takes a process from those that wait.
func (l *pool) remove(p *process) {
	id := p.target.id()
	l.waiting[id] = slices.DeleteFunc(l.waiting[id], func(o *process) bool { return o == p })
	if len(l.waiting[id]) == 0 {
		delete(l.waiting, id)
	}
	if timer := l.timers[p]; timer != nil {
		timer.Stop()
		delete(l.timers, p)
	}
}

// add starts a process. Where there are too many, one that waits makes room.
// The lock is free while the process starts.
func (l *pool) add(t target) (*process, error) {
	if l.count >= l.most {
		victim := l.longest()
		if victim == nil {
			return nil, throttled("Rate Exceeded: all %d processes of functions are at work", l.most)
		}
		l.remove(victim)
		victim.kill()
	}
	l.count++
	l.ends.Add(1)
	l.mu.Unlock()
	p, err := l.functions.start(t)
	l.mu.Lock()
	switch {
	case err != nil:
		l.count--
		l.ends.Done()
		return nil, err
	case l.closed:
		p.kill()
	}
	if p.alive() {
		l.all[p] = true
	}
	return p, nil
}

// longest is the process that waits and was started first.
func (l *pool) longest() (found *process) {
	for _, list := range l.waiting {
		for _, p := range list {
			if found == nil || p.started.Before(found.started) {
				found = p
			}
		}
	}
	return found
}

// release takes a process back.
func (l *pool) release(p *process, healthy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy[p.target.key]--; l.busy[p.target.key] == 0 {
		delete(l.busy, p.target.key)
	}
	if !healthy || l.closed || !p.alive() || time.Since(p.started) > maxAge || !l.functions.current(p.target) {
		p.kill()
		return
	}
	id := p.target.id()
	l.waiting[id] = append(l.waiting[id], p)
	l.timers[p] = time.AfterFunc(l.idle, func() { l.expire(p) })
}

// expire ends a process that has waited for too long.
func (l *pool) expire(p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timers[p] == nil {
		return // it was just taken
	}
	l.remove(p)
	p.kill()
}

// retire ends the processes of targets that get no more invocations. Those at
// work come to their end.
func (l *pool) retire(gone func(target) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, list := range l.waiting {
		for _, p := range slices.Clone(list) {
			if gone(p.target) {
				l.remove(p)
				p.kill()
			}
		}
	}
}

// gone notes that a process has ended.
func (l *pool) gone(p *process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, p)
	l.remove(p)
	l.count--
	l.ends.Done()
}

// close kills all processes, and returns when they have ended.
func (l *pool) close() {
	l.mu.Lock()
	l.closed = true
	for p := range l.all {
		p.kill()
	}
	l.mu.Unlock()
	l.ends.Wait()
	l.starter.close()
}

// current reports whether a target still is what its function has.
func (f *Functions) current(t target) bool {
	r, err := f.get(t.key)
	if err != nil {
		return false
	}
	v, err := r.version(t.version.Number)
	return err == nil && v.RevisionID == t.version.RevisionID
}
