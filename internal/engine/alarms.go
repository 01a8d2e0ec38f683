package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/store"
)

const (
	// alarmTimeout is how long a source of alarms may take to answer.
	alarmTimeout = 5 * time.Second
	// maxAsking is how many questions to it are open at one time. One that
	// never answers keeps its place, so that those cannot pile up.
	maxAsking = 32
)

// alarmPoller is what the reading of alarms keeps between two rounds. Nothing
// is lost with it.
type alarmPoller struct {
	next  time.Time     // when all alarms are read again
	slots chan struct{} // one for each open question
}

// watchAlarms reads alarms until ctx ends: those of new deployments at once,
// all of them each period.
func (e *Engine) watchAlarms(ctx context.Context) {
	told, unsubscribe := e.store.Subscribe(store.TopicAlarms)
	defer unsubscribe()
	for {
		next, err := e.PollAlarms(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			e.opts.Log.Error("cannot note the states of alarms", "error", err)
			next = e.opts.Now().Add(holdTime)
		}
		timer := time.NewTimer(max(next.Sub(e.opts.Now()), 0))
		select {
		case <-ctx.Done():
		case <-told:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// PollAlarms does one round: it reads the alarms of all active deployments
// that watch some, if that is due, else of those whose alarms were never read.
// It stores what differs from what was read before, for the gate of the
// deployment's next pass. It returns when the next round is due.
//
// It may be called while passes run, but not twice at one time.
func (e *Engine) PollAlarms(ctx context.Context) (next time.Time, err error) {
	var watches []store.AlarmWatch
	if err := e.store.View(ctx, func(tx *store.Tx) (err error) {
		watches, err = tx.AlarmWatches(e.minds(), e.opts.Now())
		return err
	}); err != nil {
		return time.Time{}, err
	}
	now := e.opts.Now()
	all := !now.Before(e.alarms.next)
	if !all {
		watches = slices.DeleteFunc(watches, func(w store.AlarmWatch) bool { return w.Reading != nil })
	}
	answers := e.askAll(ctx, watches)
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	if err := e.noteReadings(ctx, watches, answers); err != nil {
		return time.Time{}, err
	}
	if all {
		e.alarms.next = now.Add(e.opts.AlarmPeriod)
	}
	return e.alarms.next, nil
}

// noteReadings stores the readings that are the first of their deployment or
// differ from the one before.
func (e *Engine) noteReadings(ctx context.Context, watches []store.AlarmWatch, answers map[string]*answer) error {
	now := e.opts.Now()
	changed := map[string]deploy.AlarmReading{}
	for _, w := range watches {
		r := read(w.Names, answers[question(w)], now)
		if r.Unreadable != nil {
			e.opts.Log.Warn("cannot read alarms", "deployment", w.DeploymentID, "error", r.Unreadable.Message)
		}
		if w.Reading == nil || !sameReading(*w.Reading, r) {
			changed[w.DeploymentID] = r
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return e.store.Update(ctx, func(tx *store.Tx) error {
		for _, w := range watches {
			r, ok := changed[w.DeploymentID]
			if !ok {
				continue
			}
			if err := tx.PutAlarmReading(w.DeploymentID, r, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// answer is what a source said of some alarms.
type answer struct {
	states map[string]deploy.AlarmState
	err    error
}

// question identifies what is asked for a deployment: those that watch the
// same alarms share the answer.
func question(w store.AlarmWatch) string {
	names := slices.Sorted(slices.Values(w.Names))
	return strings.Join(append([]string{w.Account, w.Region}, names...), "\x1f")
}

// askAll asks each question once, several at one time.
func (e *Engine) askAll(ctx context.Context, watches []store.AlarmWatch) map[string]*answer {
	answers := map[string]*answer{}
	var asking sync.WaitGroup
	for _, w := range watches {
		q := question(w)
		if answers[q] != nil {
			continue
		}
		a := new(answer)
		answers[q] = a
		asking.Go(func() { a.states, a.err = e.ask(ctx, w) })
	}
	asking.Wait()
	return answers
}

var (
	errNoSource = errors.New("no source of alarms is configured")
	errSilent   = fmt.Errorf("the alarm source did not answer within %s", deploy.InWords(alarmTimeout))
)

// ask asks the source, and goes on without it when it takes too long, even if
// it does not look at its context.
func (e *Engine) ask(ctx context.Context, w store.AlarmWatch) (map[string]deploy.AlarmState, error) {
	if e.opts.Alarms == nil {
		return nil, errNoSource
	}
	ctx, cancel := context.WithTimeoutCause(ctx, alarmTimeout, errSilent)
	defer cancel()
	select {
	case e.alarms.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	said := make(chan answer, 1)
	go func() {
		defer func() { <-e.alarms.slots }()
		states, err := e.opts.Alarms.States(ctx, w.Namespace, w.Names)
		said <- answer{states, err}
	}()
	select {
	case a := <-said:
		if a.err != nil && ctx.Err() != nil {
			a.err = context.Cause(ctx)
		}
		return a.states, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// read makes a reading of an answer.
func read(names []string, a *answer, now time.Time) deploy.AlarmReading {
	r := deploy.AlarmReading{At: now}
	if a.err != nil {
		r.Unreadable = unreadable(names, a.err)
		return r
	}
	var unknown []string
	for _, name := range names {
		state, known := a.states[name]
		switch {
		case !known:
			unknown = append(unknown, name)
		case state == deploy.AlarmOn:
			r.Active = append(r.Active, name)
		}
	}
	if len(unknown) > 0 {
		r.Unreadable = &deploy.ErrorInfo{Code: deploy.AlarmActive, Message: fmt.Sprintf("The state of the alarms <%s> "+
			"cannot be read: the source of alarms does not know them. Check their names, or deploy with %s.",
			strings.Join(unknown, "> <"), waysOut)}
	}
	return r
}

// waysOut is how a deployment does without its alarms.
const waysOut = "ignorePollAlarmFailure or an overrideAlarmConfiguration that is not enabled"

// unreadable says why alarms cannot be read. The code is that of the cause.
func unreadable(names []string, err error) *deploy.ErrorInfo {
	code := deploy.AlarmActive
	switch {
	case errors.Is(err, alarm.ErrDenied):
		code = deploy.RolePermissions
	case errors.Is(err, alarm.ErrThrottled):
		code = deploy.Throttled
	}
	return &deploy.ErrorInfo{Code: code, Message: fmt.Sprintf(
		"The state of the alarms <%s> cannot be read: %v. Correct that, or deploy with %s.",
		strings.Join(names, "> <"), err, waysOut)}
}

// sameReading compares two readings but for their times. Why alarms cannot be
// read does not count: it may differ each time, and since when they cannot is
// what matters.
func sameReading(a, b deploy.AlarmReading) bool {
	return slices.Equal(a.Active, b.Active) && (a.Unreadable == nil) == (b.Unreadable == nil)
}
