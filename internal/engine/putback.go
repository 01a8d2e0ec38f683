package engine

import (
	"errors"
	"fmt"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// putBack returns the rollback of a deployment to Lambda or ECS: a record of
// its own that puts traffic back where it was, at once and without hooks. (As
// CodeDeploy does it. It is no redeployment, so it needs no earlier success.)
// It is nil, and says why, when nothing was begun.
func (e *Engine) putBack(tx *store.Tx, d *deploy.Deployment, targets []deploy.Target) (*deploy.Deployment, error) {
	if len(targets) == 0 || !targets[0].Attempted() || targets[0].ECS != nil && !targets[0].ECS.Touched {
		d.Rollback.Message = "Nothing was rolled back: the deployment ended before it changed anything."
		return nil, nil
	}
	revision := d.Revision
	last, err := tx.LastSuccessful(d.GroupID)
	if err == nil {
		revision = last.Revision
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if _, err := tx.GroupByID(d.GroupID); err != nil {
		d.Rollback.Message = "Nothing was rolled back: the deployment group was deleted."
		return nil, ignoreNotFound(err)
	}
	undo := targets[0].Clone()
	r := deploy.Deployment{
		Namespace: d.Namespace, ID: e.opts.NewID(), CreatedAt: e.createdAfter(d),
		ApplicationID: d.ApplicationID, ApplicationName: d.ApplicationName, GroupID: d.GroupID, GroupName: d.GroupName,
		Platform: d.Platform, Creator: deploy.CreatorRollback, Status: deploy.Created,
		Revision: revision, PreviousRevision: &d.Revision, AppSpec: d.AppSpec,
		Style: d.Style, BlueGreen: d.BlueGreen, LoadBalancer: d.LoadBalancer, AutoRollback: &deploy.AutoRollback{},
		FileExistsBehavior: d.FileExistsBehavior, Undo: &undo,
	}
	r.Config, _ = deploy.PredefinedConfig(fmt.Sprintf("%s%sAllAtOnce", deploy.PredefinedPrefix, d.Platform))
	r.Description = fmt.Sprintf("Automatic rollback of the deployment %s.", d.ID)
	r.Rollback = deploy.RollbackInfo{
		TriggeringID: d.ID,
		Message:      fmt.Sprintf("Deployment %s is triggered to roll back deployment %s.", r.ID, d.ID),
	}
	d.Rollback = deploy.RollbackInfo{
		RollbackID: r.ID,
		Message:    fmt.Sprintf("Deployment %s terminated. Automatic rollback is triggered with a DeploymentId %s.", d.ID, r.ID),
	}
	return &r, nil
}

// tellPutBack notes on the target of a deployment that its traffic is back.
func tellPutBack(tx *store.Tx, r deploy.Deployment) error {
	if r.Undo == nil || r.Status != deploy.Succeeded {
		return nil
	}
	t, err := tx.Target(r.Rollback.TriggeringID, r.Undo.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	if t.Function != nil {
		t.Function.Weight = 0
	}
	if t.ECS != nil {
		back, err := tx.Target(r.ID, r.Undo.ID)
		if err != nil {
			return err
		}
		t.ECS.Blue, t.ECS.Green = back.ECS.Blue, back.ECS.Green
	}
	return tx.PutTarget(t)
}

// maxEarlier is how many of a group's deployments are asked what they may have
// left behind.
const maxEarlier = 20

// earlierTargets returns the targets of the last deployments of d's group.
func earlierTargets(tx *store.Tx, d deploy.Deployment) ([]deploy.Target, error) {
	last, err := tx.Deployments(d.Namespace, store.DeploymentFilter{GroupID: d.GroupID}, maxEarlier+1)
	if err != nil {
		return nil, err
	}
	var all []deploy.Target
	for _, key := range last {
		if key.ID == d.ID {
			continue
		}
		targets, err := tx.Targets(key.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, targets...)
	}
	return all, nil
}

// checkTargets refuses a target that another deployment works on: two groups
// may name the same function, and would undo each other's traffic. Several
// groups may share hosts. What puts traffic back is not refused because
// somebody else was quick: that one finds the traffic divided, and gives up.
func checkTargets(tx *store.Tx, d deploy.Deployment, targets []deploy.Target) (*deploy.ErrorInfo, error) {
	if d.Platform == deploy.Server || d.Undo != nil {
		return nil, nil
	}
	for _, t := range targets {
		other, err := tx.DeploymentOfTarget(d.Namespace, d.Platform, t.ID, d.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		code := deploy.InvalidFunctionConfig
		if d.Platform == deploy.ECS {
			code = deploy.InvalidECSService
		}
		return &deploy.ErrorInfo{Code: code, Message: fmt.Sprintf(
			"The deployment %s of the deployment group %q is at %s already. Deploy again when it has ended.",
			other.ID, other.GroupName, t.ID)}, nil
	}
	return nil, nil
}
