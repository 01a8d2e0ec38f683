// Package control is what users and hosts may ask for, one use case per file:
// it checks a request against what is stored, stores what follows from it, and
// answers. It never does deployment work: that is package engine's, which
// control meets only in the stored rows.
//
// Every fault of a request is a [*deploy.Error] with the API's exception name.
// Faults are found in the same order everywhere: the form of each field, what
// does not go together inside the request, what does not exist, what does not
// fit the compute platform, limits, and last what exists already. The checks
// that need stored state and the write they guard are one transaction.
package control

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/store"
)

// Control answers requests on a store. Its methods may be called from any
// goroutine.
type Control struct {
	store  *store.Store
	now    func() time.Time
	quotas Quotas
	signer *signer
	hold   time.Duration
	newID  func() string
	polls  atomic.Int64 // that are held
	queue  bool
	notify notification.Routes

	presence    presence
	silentAfter time.Duration

	serviceRole func(ctx context.Context, arn string) (bool, error)

	hostLogLimit int64 // bytes
}

// Options are the settings of a [Control]. The zero value is ready for use.
type Options struct {
	Now    func() time.Time // nil: time.Now
	NewID  func() string    // of deployments; nil: [deploy.NewDeploymentID]
	Quotas Quotas           // zero members: [DefaultQuotas]
	// PollHold is how long a poll waits for a command. 0: CodeDeploy's own
	// 45 s, well below the 80 s after which the official agents give up.
	PollHold time.Duration
	// Queue lets deployments to a group that is busy wait for their turn
	// instead of refusing them, unless the group's tag says otherwise
	// ([deploy.Group.Queues]). CodeDeploy refuses them.
	Queue bool
	// SilentAfter is how long nothing is heard of a host that has something to
	// do before that is told. 0: 30 s.
	SilentAfter time.Duration
	// HostLogLimit is how many bytes are kept of what the scripts of one event
	// print on one host. 0: [DefaultHostLogLimit].
	HostLogLimit int64
	// Notify is who is told of new deployments, and of triggers that were saved.
	Notify notification.Routes
	// ServiceRole says whether a group may have the service role of that ARN
	// ([Identity.TrustsCodeDeploy]). Nil: its form is all that counts.
	ServiceRole func(ctx context.Context, arn string) (bool, error)
}

// New returns a Control on the store.
func New(s *store.Store, opts Options) *Control {
	now := opts.Now
	if now == nil {
		now = time.Now
	}
	newID := opts.NewID
	if newID == nil {
		newID = deploy.NewDeploymentID
	}
	return &Control{
		store: s,
		newID: newID,
		// The API and the store's columns count in milliseconds: finer times
		// would compare differently before and after they were stored.
		now:         func() time.Time { return now().UTC().Truncate(time.Millisecond) },
		quotas:      opts.Quotas.orDefaults(),
		hold:        cmp.Or(opts.PollHold, 45*time.Second),
		queue:       opts.Queue,
		notify:      opts.Notify,
		silentAfter: cmp.Or(opts.SilentAfter, 30*time.Second),
		signer:      &signer{store: s, signed: map[string]string{}},

		serviceRole: opts.ServiceRole,

		hostLogLimit: cmp.Or(opts.HostLogLimit, DefaultHostLogLimit),
	}
}

// update runs f in a transaction that writes. When a row appeared between a
// check of f and its write, which databases with several writers allow, f runs
// once more and finds it.
func (c *Control) update(ctx context.Context, f func(*store.Tx) error) error {
	err := c.store.Update(ctx, f)
	if errors.Is(err, store.ErrExists) {
		err = c.store.Update(ctx, f)
	}
	return err
}

// view returns what f reads in one transaction.
func view[T any](ctx context.Context, c *Control, f func(*store.Tx) (T, error)) (T, error) {
	var v T
	err := c.store.View(ctx, func(tx *store.Tx) (err error) {
		v, err = f(tx)
		return err
	})
	return v, err
}
