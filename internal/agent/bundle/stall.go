package bundle

import (
	"context"
	"fmt"
	"time"
)

// stallGuard cancels a download that stands still. A limit for the whole would
// have to know the size of the bundle and the speed of the line.
type stallGuard struct {
	after time.Duration
	timer *time.Timer
}

func newStallGuard(after time.Duration, cancel context.CancelCauseFunc) *stallGuard {
	if after == 0 {
		after = time.Minute
	}
	return &stallGuard{after, time.AfterFunc(after, func() {
		cancel(fmt.Errorf("the download stood still for %s", after))
	})}
}

func (g *stallGuard) touch() { g.timer.Reset(g.after) }
func (g *stallGuard) stop()  { g.timer.Stop() }
