package ecs

import (
	"context"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// blue returns the original task set, which must be there and stay.
func (w *acting) blue(ctx context.Context) (*container.TaskSet, error) {
	s, err := w.look(ctx)
	if err != nil {
		return nil, err
	}
	t := s.TaskSet(w.Blue.ARN)
	if t == nil || t.Status == container.Draining {
		return nil, refuse(deploy.InvalidECSService, "The original task set %s is gone, so traffic cannot be put back to it. "+
			"Nothing was changed; deploy the old task definition instead.", w.Blue.ID)
	}
	return t, nil
}

// restoreTraffic brings all traffic to blue, from whatever share of it the
// deployment left. A listener that was changed by somebody else stays as it
// is.
func (w *acting) restoreTraffic(ctx context.Context) (time.Duration, error) {
	if _, err := w.blue(ctx); err != nil {
		return 0, err
	}
	routes, err := w.ours(ctx, w.in.ECS.Listener)
	if err != nil {
		return 0, err
	}
	for _, r := range routes {
		if err := w.set(ctx, r, w.want(r, 0)); err != nil {
			return 0, err
		}
	}
	if w.in.ECS.TestListener == "" {
		return 0, nil
	}
	return 0, w.point(ctx, w.in.ECS.TestListener, w.in.ECS.Blue.TargetGroupARN)
}

func (w *acting) restorePrimary(ctx context.Context) (time.Duration, error) {
	t, err := w.blue(ctx)
	if err != nil {
		return 0, err
	}
	return 0, w.makePrimary(ctx, t)
}

// removeGreen removes what the deployment put there, if it got that far.
func (w *acting) removeGreen(ctx context.Context) (time.Duration, error) {
	s, err := w.look(ctx)
	if err != nil {
		return 0, err
	}
	t := s.Made(w.in.Maker)
	switch {
	case t == nil:
		return 0, nil
	case t.Status == container.Draining:
		return 0, nil
	case t.Status == container.Primary:
		return 0, refuse(deploy.InternalError, "The replacement task set %s is not removed: it is the primary task set of the service.", t.ID)
	}
	return 0, w.remove(ctx, *t, &w.Green)
}
