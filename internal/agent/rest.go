package agent

import (
	"runtime"
	"runtime/debug"
	"time"
)

// restAfter is how long an agent is idle before it gives back the memory that
// it needed for its last deployment. Between two events nothing is given back:
// it would be needed again.
const restAfter = 5 * time.Second

// rest gives memory back to the system when an agent has become idle. Without
// it the agent would keep for hours what a large bundle took.
type rest struct{ timer *time.Timer }

func newRest() *rest {
	return &rest{time.AfterFunc(restAfter, giveBack)} // the start took some, too
}

func giveBack() {
	runtime.GC() // what pools hold survives one collection
	debug.FreeOSMemory()
}

// idle begins to wait, busy ends it.
func (r *rest) idle() { r.timer.Reset(restAfter) }
func (r *rest) busy() { r.timer.Stop() }
