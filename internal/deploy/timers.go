package deploy

import (
	"container/heap"
	"slices"
	"time"
)

// timer is when the wait for a target is over.
type timer struct {
	at     time.Time
	target int // its place in the deployment
}

// timers are those of the targets that wait for something, as a heap: the
// earliest is the first, and none is earlier than its parent.
type timers struct {
	heap  []timer
	place map[int]int // by target: where in the heap
}

// The five methods of a heap.

func (t *timers) Len() int { return len(t.heap) }

func (t *timers) Less(i, j int) bool { return t.heap[i].at.Before(t.heap[j].at) }

func (t *timers) Swap(i, j int) {
	t.heap[i], t.heap[j] = t.heap[j], t.heap[i]
	t.place[t.heap[i].target], t.place[t.heap[j].target] = i, j
}

func (t *timers) Push(v any) {
	next := v.(timer) //nolint:forcetypeassert // only set pushes
	t.place[next.target] = len(t.heap)
	t.heap = append(t.heap, next)
}

func (t *timers) Pop() any {
	last := t.heap[len(t.heap)-1]
	t.heap = t.heap[:len(t.heap)-1]
	delete(t.place, last.target)
	return last
}

// set takes the timer of a target from what it waits for, which may be
// nothing.
func (t *timers) set(target int, o *Outstanding) {
	i, known := t.place[target]
	switch {
	case o == nil && known:
		heap.Remove(t, i)
	case o == nil:
	case known:
		t.heap[i].at = o.Due()
		heap.Fix(t, i)
	default:
		heap.Push(t, timer{o.Due(), target})
	}
}

// due returns the targets whose wait is over, in their order.
func (t *timers) due(now time.Time) []int {
	var out []int
	t.walk(0, func(next timer) bool {
		if next.at.After(now) {
			return false // as are all below it
		}
		out = append(out, next.target)
		return true
	})
	slices.Sort(out)
	return out
}

// earliest returns the first timer of the targets that are not left out, or
// the zero time.
func (t *timers) earliest(without func(target int) bool) time.Time {
	var first time.Time
	t.walk(0, func(next timer) bool {
		if without(next.target) {
			return true
		}
		if first.IsZero() || next.at.Before(first) {
			first = next.at
		}
		return false // none below it is earlier
	})
	return first
}

// walk visits the heap from the top, and goes on below where visit says so.
func (t *timers) walk(i int, visit func(timer) bool) {
	if i < len(t.heap) && visit(t.heap[i]) {
		t.walk(2*i+1, visit)
		t.walk(2*i+2, visit)
	}
}
