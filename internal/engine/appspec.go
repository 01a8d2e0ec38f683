package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/artifact"
	"github.com/slipwayhq/slipway/internal/store"
)

// fetchAppSpec is the kind of an action that reads the AppSpec file of a
// Lambda or ECS deployment from S3. Its input is the location, its output the
// text.
const fetchAppSpec = "FetchAppSpec"

const (
	maxAppSpec = 256 << 10       // bytes that are read of one
	fetchLimit = 5 * time.Minute // how long reading is tried
)

// readAppSpec puts the AppSpec file into the deployment. Until it is there, the
// decision that waits for it is returned; a failure ends the deployment.
func (e *Engine) readAppSpec(tx *store.Tx, d *deploy.Deployment, now time.Time) (*deploy.Decision, *deploy.ErrorInfo, error) {
	if d.Platform == deploy.Server || d.Undo != nil {
		return nil, nil, nil
	}
	if d.Revision.Content != nil {
		d.AppSpec = d.Revision.Content.Text
		return nil, nil, nil
	}
	a, err := tx.Action(deploy.ActionID(d.ID, fetchAppSpec))
	switch {
	case errors.Is(err, store.ErrNotFound):
		decision := waiting(*d, "Waiting for the AppSpec file to be read.", now)
		decision.Act = []deploy.Action{fetching(*d, now)}
		return &decision, nil, nil
	case err != nil:
		return nil, nil, err
	case !a.Ended():
		decision := waiting(*d, "Waiting for the AppSpec file to be read.", now)
		return &decision, nil, nil
	case a.Outcome.Status == deploy.ActionFailed:
		return nil, a.Outcome.Error, nil
	}
	return nil, nil, json.Unmarshal(a.Outcome.Output, &d.AppSpec)
}

func fetching(d deploy.Deployment, now time.Time) deploy.Action {
	location, err := json.Marshal(d.Revision.S3)
	if err != nil {
		panic(err) //nolint:forbidigo // texts always marshal
	}
	return deploy.Action{
		Namespace: d.Namespace, ID: deploy.ActionID(d.ID, fetchAppSpec), DeploymentID: d.ID, Platform: d.Platform,
		Kind: fetchAppSpec, Input: location, CreatedAt: now, Deadline: now.Add(fetchLimit),
		Late: deploy.ErrorInfo{Code: deploy.RevisionMissing, Message: fmt.Sprintf("The revision %s could not be read.", d.Revision)},
	}
}

// fetch reads an AppSpec file.
func (e *Engine) fetch(ctx context.Context, a deploy.Action) (deploy.Outcome, error) {
	var at deploy.S3Location
	if err := json.Unmarshal(a.Input, &at); err != nil {
		return deploy.Outcome{}, err
	}
	failed := func(code deploy.ErrorCode, err error) (deploy.Outcome, error) {
		return deploy.Outcome{Status: deploy.ActionFailed, Error: &deploy.ErrorInfo{Code: code, Message: fmt.Sprintf(
			"The revision %s cannot be read: %s.", deploy.Revision{S3: &at}, err)}}, nil
	}
	if e.opts.Artifacts == nil {
		return failed(deploy.RevisionMissing, artifact.ErrNotFound)
	}
	text, err := e.opts.Artifacts.Read(ctx, a.Namespace, at, maxAppSpec)
	switch {
	case errors.Is(err, artifact.ErrNotFound), errors.Is(err, artifact.ErrChanged):
		return failed(deploy.RevisionMissing, err)
	case errors.Is(err, artifact.ErrTooLarge):
		return failed(deploy.InvalidRevision, err)
	case errors.Is(err, artifact.ErrDenied):
		return failed(deploy.RolePermissions, err)
	case err != nil:
		return deploy.Outcome{}, err
	}
	output, err := json.Marshal(string(text))
	return deploy.Outcome{Status: deploy.ActionDone, Output: output}, err
}
