package api

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits keep one caller from taking the server away from the others. Zero
// members have the defaults below, which no person and no pipeline reaches.
type Limits struct {
	Reads  Rate // Get, List, BatchGet, Describe
	Writes Rate // everything else
	// Concurrent is how many requests that change something are worked on at
	// one time, and how many that only read: a fleet that reports at once must
	// not keep people from looking. What comes on top is refused at once
	// (503), not queued. A poll that waits for a command does no work and does
	// not count.
	Concurrent int
	// Polls is how many polls may wait at one time.
	Polls int
}

// Rate is a token bucket: so many requests a second for each caller, and so
// many at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

func (l Limits) withDefaults() Limits {
	l.Reads = l.Reads.withDefaults(10_000)
	l.Writes = l.Writes.withDefaults(5_000)
	if l.Concurrent == 0 {
		l.Concurrent = 4096
	}
	if l.Polls == 0 {
		l.Polls = 100_000
	}
	return l
}

// withDefaults fills in the rate, and a burst of two seconds of it.
func (r Rate) withDefaults(perSecond float64) Rate {
	r.PerSecond = cmp.Or(r.PerSecond, perSecond)
	r.Burst = cmp.Or(r.Burst, max(int(2*r.PerSecond), 1))
	return r
}

// class is what limits an operation.
type class int

const (
	reads class = iota + 1
	writes
	polls
	invocations
)

func classOf(operation string) class {
	switch operation {
	case "PollHostCommand":
		return polls
	case invokeOperation:
		return invocations
	}
	for _, prefix := range []string{"Get", "List", "BatchGet", "Describe"} {
		if strings.HasPrefix(operation, prefix) {
			return reads
		}
	}
	return writes
}

// throttle applies the limits.
type throttle struct {
	limits Limits
	places map[class]chan struct{}

	mu      sync.Mutex
	buckets map[bucketKey]*bucket
	swept   time.Time
	refused int       // for overload, since it was told
	told    time.Time // that requests were refused
}

type bucketKey struct {
	principal string
	class     class
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

func newThrottle(l Limits) *throttle {
	l = l.withDefaults()
	waiting := make(chan struct{}, l.Polls)
	return &throttle{
		limits: l,
		places: map[class]chan struct{}{
			reads:       make(chan struct{}, l.Concurrent),
			writes:      make(chan struct{}, l.Concurrent),
			polls:       waiting,
			invocations: waiting,
		},
		buckets: map[bucketKey]*bucket{},
	}
}

var (
	errRate     = &fault{throttled, "Rate exceeded"}
	errOverload = &fault{overloaded, "The server has more requests than it can work on. Please try again."}
)

// enter takes a place for a request, before anything is done for it. leave
// gives it back.
func (t *throttle) enter(operation string) (leave func(), err error) {
	places := t.places[classOf(operation)]
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	default:
		return nil, errOverload
	}
}

// refusedSince counts a request that was refused for overload, and returns
// how many there were once a second: they come in thousands. Otherwise it is 0.
func (t *throttle) refusedSince(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused++
	if now.Sub(t.told) < time.Second {
		return 0
	}
	n := t.refused
	t.refused, t.told = 0, now
	return n
}

// take takes a token of the caller's bucket. Polls need none: a host that
// polls in a loop is held by the server, and a command must not be late.
func (t *throttle) take(principal, operation string, now time.Time) error {
	c := classOf(operation)
	if c == polls {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	key := bucketKey{principal, c}
	b := t.buckets[key]
	if b == nil {
		limit := t.limits.Writes
		if c == reads {
			limit = t.limits.Reads
		}
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst)}
		t.buckets[key] = b
	}
	b.used = now
	if !b.AllowN(now, 1) {
		return errRate
	}
	return nil
}

// idle is after how long a bucket is full again for sure, and forgotten.
const idle = 10 * time.Minute

func (t *throttle) sweep(now time.Time) {
	if now.Sub(t.swept) < idle {
		return
	}
	t.swept = now
	for key, b := range t.buckets {
		if now.Sub(b.used) > idle {
			delete(t.buckets, key)
		}
	}
}

// operationName reads the operation off a request that nobody has looked at.
// It only chooses the limits: who lies about it gets the wrong ones.
func operationName(r *http.Request) string {
	if route, _ := lambdaRouteOf(r); route != nil {
		return route.operation
	}
	if isCBOR(r) {
		_, operation := cborTarget(r)
		return operation
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return operation
}
