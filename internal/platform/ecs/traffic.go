package ecs

import (
	"context"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// share returns green's part of a route's traffic as a fraction, in the weights
// that it has, and whether the route forwards to the pair only.
func (w *acting) share(r container.Route) (s fraction, ours bool) {
	blue, b := r.Weight(w.in.ECS.Blue.TargetGroupARN)
	green, g := r.Weight(w.in.ECS.Green.TargetGroupARN)
	on := 0
	for _, there := range []bool{b, g} {
		if there {
			on++
		}
	}
	return fraction{green, blue + green}, on > 0 && on == len(r.Shares)
}

// fraction is part of whole.
type fraction struct{ part, whole int }

// is reports whether the fraction is so many per cent.
func (f fraction) is(percent int) bool { return f.whole > 0 && f.part*100 == percent*f.whole }

// want is what a route forwards to when green has so many per cent. Green's
// target group stays on it with nothing, and so does blue's.
func (w *acting) want(r container.Route, percent int) []container.Share {
	blue, green := w.in.ECS.Blue.TargetGroupARN, w.in.ECS.Green.TargetGroupARN
	switch {
	case r.Network && percent == 0:
		return []container.Share{{TargetGroupARN: blue, Weight: 1}}
	case r.Network:
		return []container.Share{{TargetGroupARN: green, Weight: 1}}
	}
	return []container.Share{{TargetGroupARN: blue, Weight: 100 - percent}, {TargetGroupARN: green, Weight: percent}}
}

// ours returns the routes of the production listener that forward to the pair.
// The default one has to, and none may forward to the pair and to something
// else.
func (w *acting) ours(ctx context.Context, listener string) ([]container.Route, error) {
	routes, err := w.Routes(ctx, w.to, listener)
	if err != nil {
		return nil, err
	}
	var out []container.Route
	for _, r := range routes {
		_, blue := r.Weight(w.in.ECS.Blue.TargetGroupARN)
		_, green := r.Weight(w.in.ECS.Green.TargetGroupARN)
		if !blue && !green && !r.Default {
			continue
		}
		if _, ours := w.share(r); !ours {
			return nil, refuse(deploy.LoadBalancingInvalid, "The ELB could not be updated due to the following error: %s was changed by "+
				"somebody else: it does not forward to the target groups of the deployment group (%s and %s) alone any more. It is "+
				"left as it is.", r.ARN, w.in.ECS.Blue.TargetGroup, w.in.ECS.Green.TargetGroup)
		}
		out = append(out, r)
	}
	return out, nil
}

// setShare moves green's part of the traffic of a listener and its rules from
// one known share to another. An earlier try may have moved some of them. Any
// other share is somebody else's doing: then nothing is changed.
func (w *acting) setShare(ctx context.Context, listener string, from, to int) error {
	routes, err := w.ours(ctx, listener)
	if err != nil {
		return err
	}
	for _, r := range routes {
		if now, _ := w.share(r); !now.is(from) && !now.is(to) {
			return refuse(deploy.LoadBalancingInvalid, "The ELB could not be updated due to the following error: %s was changed by somebody "+
				"else: the target group %s has a weight of %d of %d there, and this deployment left it at %d %%. It is left as it is.",
				r.ARN, w.in.ECS.Green.TargetGroup, now.part, now.whole, from)
		}
	}
	for _, r := range routes {
		if err := w.set(ctx, r, w.want(r, to)); err != nil {
			return err
		}
	}
	return nil
}

// point brings all traffic of the test listener, and of those of its rules
// that forward to the pair, to one target group.
func (w *acting) point(ctx context.Context, listener, group string) error {
	routes, err := w.ours(ctx, listener)
	if err != nil {
		return err
	}
	for _, r := range routes {
		if err := w.set(ctx, r, []container.Share{{TargetGroupARN: group, Weight: 1}}); err != nil {
			return err
		}
	}
	return nil
}

// set changes a route, unless it is as wanted.
func (w *acting) set(ctx context.Context, r container.Route, want []container.Share) error {
	if container.SameShares(r.Shares, want) {
		return nil
	}
	return w.Forward(ctx, w.to, r, want)
}
