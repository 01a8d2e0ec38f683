package agent

import (
	"errors"
	"log/slog"
	"time"
)

// outage logs that the server does not serve once, and once that it does
// again, however often it is asked in between.
type outage struct {
	log   *slog.Logger
	since time.Time
	cause string
}

func (o *outage) began(at time.Time, err error) {
	if o.since.IsZero() {
		o.since = at
	}
	if o.cause == err.Error() {
		return
	}
	o.cause = err.Error()
	var fault *Fault
	if errors.As(err, &fault) {
		o.log.Error("server refuses to serve this host", "since", o.since.Format(time.RFC3339), "error", err)
		return
	}
	o.log.Error("server unreachable", "since", o.since.Format(time.RFC3339), "error", err)
}

func (o *outage) ended() {
	if !o.since.IsZero() {
		o.log.Info("server serves again", "after", time.Since(o.since).Round(time.Second))
	}
	o.since, o.cause = time.Time{}, ""
}
