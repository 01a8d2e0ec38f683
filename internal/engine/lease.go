package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/store"
)

// holder is this engine, to those who lease deployments.
func (e *Engine) holder() store.Leaseholder {
	return store.Leaseholder{Name: e.opts.Name, Term: e.opts.Lease}
}

// minds is the holder as far as it minds the leases of others.
func (e *Engine) minds() store.Leaseholder {
	if e.opts.ignoreLeases {
		return store.Leaseholder{}
	}
	return e.holder()
}

// claim returns a deployment if this engine may advance it.
func (e *Engine) claim(tx *store.Tx, id string) (store.Claim, error) {
	now := e.opts.Now()
	claim, err := tx.ClaimDeployment(id, e.minds(), now)
	if e.opts.ignoreLeases {
		claim.Lease = store.Lease{Owner: e.opts.Name, Until: now.Add(e.opts.Lease).UnixMilli()}
	}
	return claim, err
}

// extendLeases says, every third of their term, that the engine is still
// there: two attempts may fail before somebody else takes over.
func (e *Engine) extendLeases(ctx context.Context, now time.Time) error {
	if e.opts.Name == "" || now.Before(e.renewAt) {
		return nil
	}
	e.renewAt = now.Add(e.opts.Lease / 3)
	ours, err := e.store.ExtendLeases(ctx, e.holder(), now)
	if err != nil {
		return err
	}
	// What somebody else has taken over is not ours to remember.
	maps.DeleteFunc(e.targets, func(id string, _ cachedTargets) bool { return !slices.Contains(ours, id) })
	return nil
}

// endLeases lets others go on at once when this engine stops.
func (e *Engine) endLeases(ctx context.Context) {
	if e.opts.Name == "" {
		return
	}
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := e.store.EndLeases(ctx, e.holder(), e.opts.Now()); err != nil {
		e.opts.Log.Warn("cannot give back the leases; others go on when they have ended", "error", err)
	}
}
