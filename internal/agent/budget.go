package agent

import (
	"context"
	"os"
	"path/filepath"

	"github.com/slipwayhq/slipway/internal/agent/kept"
)

// Kept returns what the revisions below a root folder take on disk.
func Kept(root string) (kept.Usage, error) {
	revisions, err := kept.List(root, taken...)
	if err != nil {
		return kept.Usage{}, err
	}
	return kept.Measure(revisions)
}

// shrink removes the oldest revisions of all groups until what is kept fits
// into the budget. What is installed, what is being deployed and what pointers
// name stays, even if that is more: a deployment is not failed for it.
func (a *Agent) shrink(ctx context.Context, e *event) error {
	budget := a.config.MaxArchiveSize
	if budget == 0 {
		return nil
	}
	revisions, err := kept.List(a.layout.root, taken...)
	if err != nil {
		return err
	}
	left, err := kept.Shrink(revisions, budget, func(r kept.Revision) (bool, error) { return a.discard(ctx, e, r) })
	if err == nil && left > budget {
		a.config.Log.WarnContext(ctx, "the revisions that must be kept take more than max_archive_size", "bytes", left, "budget", budget)
	}
	return err
}

// discard removes a revision unless something needs it.
func (a *Agent) discard(ctx context.Context, e *event, r kept.Revision) (bool, error) {
	if r.ID == e.spec.DeploymentID || (r.Group == e.spec.DeploymentGroupID && r.ID == e.spec.ReuseArchiveFromDeploymentID) {
		return false, nil
	}
	if r.Group != e.spec.DeploymentGroupID {
		unlock, free := a.groups.try(r.Group)
		if !free {
			return false, nil // it is being deployed to
		}
		defer unlock()
	}
	needed, err := a.needed(r)
	if needed || err != nil {
		return false, err
	}
	a.config.Log.InfoContext(ctx, "an old revision is removed to keep max_archive_size", "group", r.Group, "deployment", r.ID)
	return true, os.RemoveAll(r.Dir)
}

// needed reports whether a pointer names the revision, an event of it runs, or
// it is not there as a whole yet, as that of a local deployment may be.
func (a *Agent) needed(r kept.Revision) (bool, error) {
	if !isFolder(archiveOf(r.Dir)) {
		return true, nil
	}
	for _, file := range []string{a.layout.lastSuccessful(r.Group), a.layout.mostRecent(r.Group)} {
		deployment, err := readPointer(file)
		if err != nil || filepath.Base(deployment) == r.ID {
			return true, err
		}
	}
	_, err := os.Lstat(a.tracking(r.ID))
	return err == nil, nil
}

// try takes the lock of a group if nobody has it.
func (g *groupLocks) try(group string) (unlock func(), free bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	lock, ok := g.locks[group]
	if !ok {
		lock = make(chan struct{}, 1)
		g.locks[group] = lock
	}
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, true
	default:
		return nil, false
	}
}
