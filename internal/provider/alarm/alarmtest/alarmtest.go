// Package alarmtest is the conformance suite of alarm sources: what a
// deployment relies on, whoever answers.
package alarmtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
)

// World is a source and what stands behind it.
type World struct {
	alarm.Source
	// Set makes alarms exist with a state.
	Set func(t *testing.T, states map[string]deploy.AlarmState)
	// Fail makes what stands behind refuse every question with this error of
	// package alarm, or with another one if it is [ErrBroken]. Nil: it cannot
	// refuse.
	Fail func(t *testing.T, how error)
	// Hang makes what stands behind answer nothing any more; asked says that
	// a question has arrived. Nil: it cannot hang.
	Hang func(t *testing.T) (asked <-chan struct{})
	// NoInsufficient is for sources that have no such state.
	NoInsufficient bool
}

// ErrBroken stands for whatever is neither a denial nor throttling.
var ErrBroken = errors.New("broken")

// Namespace is whose alarms are asked for.
var Namespace = deploy.Namespace{Account: "123456789012", Region: "eu-west-1"}

// Run runs the suite. Every call of open returns a world without alarms.
func Run(t *testing.T, open func(t *testing.T) World) {
	for name, test := range map[string]func(*testing.T, World){
		"States":     testStates,
		"Changes":    testChanges,
		"Nothing":    testNothing,
		"Many":       testMany,
		"Failures":   testFailures,
		"Cancelled":  testCancelled,
		"Hanging":    testHanging,
		"Concurrent": testConcurrent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func (w World) want(t *testing.T, want map[string]deploy.AlarmState, names ...string) {
	t.Helper()
	got, err := w.States(t.Context(), Namespace, names)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%q are %v, %v, want %v", names, got, err, want)
	}
}

// testStates: names that nobody knows are left out, and a name is matched as a
// whole, in its own spelling.
func testStates(t *testing.T, w World) {
	states := map[string]deploy.AlarmState{
		"on": deploy.AlarmOn, "off": deploy.AlarmOK, "with blanks, & <signs> \"é\"": deploy.AlarmOn,
	}
	if !w.NoInsufficient {
		states["new"] = deploy.AlarmInsufficient
	}
	w.Set(t, states)
	w.want(t, states, "on", "off", "new", "with blanks, & <signs> \"é\"", "none", "o", "ON", "on.*", "o%")
	w.want(t, map[string]deploy.AlarmState{"off": deploy.AlarmOK}, "off", "none")
	w.want(t, nil, "none")
}

func testChanges(t *testing.T, w World) {
	for _, state := range []deploy.AlarmState{deploy.AlarmOK, deploy.AlarmOn, deploy.AlarmOK} {
		states := map[string]deploy.AlarmState{"a": state}
		w.Set(t, states)
		w.want(t, states, "a")
	}
}

// testNothing: asking for nothing bothers nobody, and cannot fail.
func testNothing(t *testing.T, w World) {
	if w.Fail != nil {
		w.Fail(t, ErrBroken)
	}
	w.want(t, nil)
}

// testMany: there is no number of names that is too many.
func testMany(t *testing.T, w World) {
	states := map[string]deploy.AlarmState{}
	var names []string
	for i := range 250 {
		name := fmt.Sprintf("alarm-%03d", i)
		names = append(names, name, "no-"+name)
		states[name] = []deploy.AlarmState{deploy.AlarmOK, deploy.AlarmOn}[i%2]
	}
	w.Set(t, states)
	w.want(t, states, names...)
}

func testFailures(t *testing.T, w World) {
	if w.Fail == nil {
		t.Skip("this source cannot be made to fail")
	}
	w.Set(t, map[string]deploy.AlarmState{"a": deploy.AlarmOK})
	for _, how := range []error{alarm.ErrDenied, alarm.ErrThrottled, ErrBroken} {
		w.Fail(t, how)
		got, err := w.States(t.Context(), Namespace, []string{"a"})
		if err == nil || len(got) > 0 || errors.Is(err, alarm.ErrDenied) != errors.Is(how, alarm.ErrDenied) ||
			errors.Is(err, alarm.ErrThrottled) != errors.Is(how, alarm.ErrThrottled) {
			t.Errorf("a source that is to fail with %q answers %v, %v", how, got, err)
		}
	}
	w.Fail(t, nil)
	w.want(t, map[string]deploy.AlarmState{"a": deploy.AlarmOK}, "a")
}

func testCancelled(t *testing.T, w World) {
	w.Set(t, map[string]deploy.AlarmState{"a": deploy.AlarmOK})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := w.States(ctx, Namespace, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v, %v", got, err)
	}
}

// testHanging: the end of the context ends the wait for an answer.
func testHanging(t *testing.T, w World) {
	if w.Hang == nil {
		t.Skip("this source cannot hang")
	}
	w.Set(t, map[string]deploy.AlarmState{"a": deploy.AlarmOK})
	asked := w.Hang(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		select {
		case <-asked:
			cancel()
		case <-t.Context().Done():
		}
	}()
	if got, err := w.States(ctx, Namespace, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended while the source waited: %v, %v", got, err)
	}
}

func testConcurrent(t *testing.T, w World) {
	states := map[string]deploy.AlarmState{"a": deploy.AlarmOn}
	w.Set(t, states)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { w.want(t, states, "a", "none") })
	}
	all.Wait()
}
