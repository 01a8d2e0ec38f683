package local

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// What an invocation may carry, in bytes. Lambda's own limits.
const (
	MaxPayload = 6 << 20
	MaxEvent   = 1 << 20
)

// Request is an invocation.
type Request struct {
	deploy.Namespace
	Function      string // its name
	Qualifier     string // a version or an alias; empty: Latest
	Payload       []byte // JSON
	ClientContext []byte // JSON; may be empty
}

func (r Request) key() key { return key{r.Namespace, r.Function} }

func (r Request) arn() string {
	if r.Qualifier == "" {
		return arn(r.key())
	}
	return arn(r.key()) + ":" + r.Qualifier
}

// Result is what came of an invocation.
type Result struct {
	Version string // that ran
	Failed  bool   // the function failed, or did not end in time: Payload says how
	Payload []byte
	Log     []byte // the last of what the invocation printed
}

// Resolve draws the version that an invocation goes to.
func (f *Functions) Resolve(r Request) (version string, err error) {
	record, err := f.get(r.key())
	if err != nil {
		return "", err
	}
	v, err := record.resolve(r.Qualifier, rand.Float64())
	return v.Number, err
}

// Call runs a function and waits for what comes of it. The function goes on
// when ctx ends.
func (f *Functions) Call(ctx context.Context, r Request) (Result, error) {
	version, err := f.Resolve(r)
	if err != nil {
		return Result{}, err
	}
	return f.call(ctx, r, version)
}

// call runs one version.
func (f *Functions) call(ctx context.Context, r Request, version string) (Result, error) {
	if len(r.Payload) > MaxPayload {
		return Result{}, tooLarge("Request must be smaller than %d bytes for the InvokeFunction operation", MaxPayload)
	}
	record, err := f.get(r.key())
	if err != nil {
		return Result{}, err
	}
	v, err := record.version(version)
	if err != nil {
		return Result{}, err
	}
	limit := f.opts.Concurrency
	if record.Reserved != nil {
		limit = *record.Reserved
	}
	p, err := f.pool.acquire(target{r.key(), v}, limit)
	var cannot *cannotStart
	if errors.As(err, &cannot) {
		return Result{Version: v.Number, Failed: true, Payload: cannot.outcome.payload}, nil
	}
	if err != nil {
		return Result{}, err
	}
	inv := newInvocation(r)
	done := make(chan outcome, 1)
	go func() {
		out, healthy := p.run(inv, time.Duration(v.Config.Timeout)*time.Second)
		f.pool.release(p, healthy)
		done <- out
	}()
	select {
	case out := <-done:
		return Result{v.Number, out.failed, out.payload, inv.tail.bytes()}, nil
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// Enqueue takes an event, which a function is invoked with some time later.
// It is on disk when Enqueue returns.
func (f *Functions) Enqueue(r Request) (version string, err error) {
	if len(r.Payload) > MaxEvent {
		return "", tooLarge("Request must be smaller than %d bytes for the InvokeFunction operation", MaxEvent)
	}
	if version, err = f.Resolve(r); err != nil {
		return "", err
	}
	return version, f.queue.add(r, version, time.Now())
}
