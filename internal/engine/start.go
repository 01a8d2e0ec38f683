package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// waitCheck is how often a deployment that waits to start is looked at, should
// what it waits for come without word: a limit that was raised, for example.
const waitCheck = time.Minute

// start brings on a deployment that has no targets yet. It waits for its turn,
// is checked against the world as it is now, in the order in which CodeDeploy
// lists the checks, and gets its targets.
func (e *Engine) start(tx *store.Tx, s deploy.Snapshot, now time.Time) (deploy.Decision, error) {
	d := &s.Deployment
	if d.Ending != nil {
		return endBeforeStart(*d, now), nil
	}
	if d.Status == deploy.Queued {
		if waits, err := e.waitsFor(tx, *d); err != nil || waits != "" {
			return waiting(*d, waits, now), err
		}
		last, err := tx.LastSuccessful(d.GroupID)
		if err == nil {
			d.PreviousRevision = &last.Revision // those before it in the queue changed it
			if d.RestartOf != "" {
				d.Revision, d.RestartOf = last.Revision, last.ID
			}
		} else if !errors.Is(err, store.ErrNotFound) {
			return deploy.Decision{}, err
		}
	}
	failure, err := e.checkDefinitions(tx, *d)
	if err != nil {
		return deploy.Decision{}, err
	}
	if failure != nil {
		return failBeforeStart(*d, *failure, now), nil
	}
	if d.WatchesAlarms() && s.Alarms == nil {
		return waiting(*d, "Waiting for the alarms to be read.", now), nil
	}
	if d.Ending = alarmed(s, 0, now); d.Ending != nil {
		return endBeforeStart(*d, now), nil
	}
	if failure := checkTraffic(*d); failure != nil {
		return failBeforeStart(*d, *failure, now), nil
	}
	return e.begin(tx, s, now)
}

// begin gives the deployment its targets and lets its platform start them.
func (e *Engine) begin(tx *store.Tx, s deploy.Snapshot, now time.Time) (deploy.Decision, error) {
	d := &s.Deployment
	p, known := e.opts.Platforms[d.Platform]
	if !known {
		message := "This version of Slipway does not deploy to the compute platform " + string(d.Platform) + " yet."
		if d.Platform == deploy.ECS {
			message = "This server was not told where ECS services are. Start it with --provider container=aws: to deploy to them."
		}
		return failBeforeStart(*d, deploy.ErrorInfo{Code: deploy.InternalError, Message: message}, now), nil
	}
	wait, failure, err := e.readAppSpec(tx, d, now)
	if err != nil {
		return deploy.Decision{}, err
	}
	if wait != nil {
		return *wait, nil
	}
	var targets []deploy.Target
	if failure == nil {
		targets, failure, err = e.plan(tx, p, *d, now)
	}
	if failure == nil && err == nil {
		failure, err = checkTargets(tx, *d, targets)
	}
	if err != nil {
		return deploy.Decision{}, err
	}
	if failure != nil {
		return failBeforeStart(*d, *failure, now), nil
	}
	s.Targets, s.Index = targets, deploy.NewIndex(targets)
	d.Messages = nil
	d.Move(deploy.InProgress, now)
	decision := p.Decide(s, now)
	decision.Targets = merge(targets, decision.Targets) // all of them are new
	return e.timed(decision, s), nil
}

// waiting leaves a deployment as it is, and says why.
func waiting(d deploy.Deployment, why string, now time.Time) deploy.Decision {
	d.Messages = []string{why}
	return deploy.Decision{Deployment: d, WakeAt: now.Add(waitCheck)}
}

func failBeforeStart(d deploy.Deployment, e deploy.ErrorInfo, now time.Time) deploy.Decision {
	d.Ending = failing(e.Code, e.Message)
	return endBeforeStart(d, now)
}

// checkDefinitions says what of what the deployment refers to has gone since
// it was created. (That its application and group are there is known.) What
// only puts traffic back needs none of it, and must not be kept from it.
func (e *Engine) checkDefinitions(tx *store.Tx, d deploy.Deployment) (*deploy.ErrorInfo, error) {
	if d.Undo != nil {
		return nil, nil
	}
	checks := []func(*store.Tx, deploy.Deployment) (*deploy.ErrorInfo, error){
		checkRevision, checkGitHubToken, e.checkServiceRole, checkConfig,
	}
	for _, check := range checks {
		if failure, err := check(tx, d); failure != nil || err != nil {
			return failure, err
		}
	}
	return nil, nil
}

func checkRevision(tx *store.Tx, d deploy.Deployment) (*deploy.ErrorInfo, error) {
	_, err := tx.Revision(d.ApplicationID, d.Revision)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &deploy.ErrorInfo{Code: deploy.RevisionMissing, Message: fmt.Sprintf(
			"The revision %s is not registered with the application %q any more.", d.Revision, d.ApplicationName)}, nil
	case err != nil:
		return nil, err
	case !d.Revision.FitsOn(d.Platform):
		return &deploy.ErrorInfo{Code: deploy.InvalidRevision, Message: fmt.Sprintf(
			"The revision %s is of the type %s, which the compute platform %s cannot deploy.",
			d.Revision, d.Revision.Type, d.Platform)}, nil
	}
	return nil, nil
}

// checkGitHubToken checks that the token of an application that is linked to
// GitHub is still there. One that is not linked deploys from public
// repositories.
func checkGitHubToken(tx *store.Tx, d deploy.Deployment) (*deploy.ErrorInfo, error) {
	if d.Revision.GitHub == nil {
		return nil, nil
	}
	app, err := tx.ApplicationByID(d.ApplicationID)
	if err != nil || app.GitHubAccountName == "" {
		return nil, err
	}
	there, err := tx.HasGitHubToken(d.Namespace, app.GitHubAccountName)
	if err != nil || there {
		return nil, err
	}
	return &deploy.ErrorInfo{Code: deploy.GitHubTokenMissing, Message: fmt.Sprintf(
		"The application %q is linked to GitHub by the token %q, which was deleted. Set it again with "+
			"\"slipway github-token set\".", app.Name, app.GitHubAccountName)}, nil
}

func (e *Engine) checkServiceRole(tx *store.Tx, d deploy.Deployment) (*deploy.ErrorInfo, error) {
	group, err := tx.GroupByID(d.GroupID)
	if err != nil {
		return nil, err
	}
	return e.opts.ServiceRole(tx, group)
}

// checkConfig checks that a configuration that users made is still there. The
// deployment has its settings, but could not be repeated.
func checkConfig(tx *store.Tx, d deploy.Deployment) (*deploy.ErrorInfo, error) {
	if _, predefined := deploy.PredefinedConfig(d.Config.Name); predefined || d.Config.Name == "" {
		return nil, nil
	}
	if _, err := tx.Config(d.Namespace, d.Config.Name); !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return &deploy.ErrorInfo{Code: deploy.ResourceMissing, Message: fmt.Sprintf(
		"The deployment configuration %q was deleted.", d.Config.Name)}, nil
}

// checkTraffic checks that a deployment to servers has the settings that its
// style needs.
func checkTraffic(d deploy.Deployment) *deploy.ErrorInfo {
	lb := d.LoadBalancer
	switch {
	case d.Platform != deploy.Server:
		return nil
	case d.Style.Type == deploy.BlueGreenType && d.BlueGreen == nil:
		return &deploy.ErrorInfo{Code: deploy.BlueGreenMissing, Message: "The deployment is BLUE_GREEN, but its " +
			"deployment group has no blueGreenDeploymentConfiguration."}
	case d.Style.Option == deploy.WithTrafficControl && (lb == nil || len(lb.ClassicELBs)+len(lb.TargetGroups) == 0):
		return &deploy.ErrorInfo{Code: deploy.LoadBalancerMissing, Message: "The deployment is WITH_TRAFFIC_CONTROL, " +
			"but its deployment group names no load balancer."}
	}
	return nil
}

// withoutAttempted removes the instances that the root of a follow-up or
// another of its follow-ups had among its targets: one that failed there is
// not tried again and again.
func withoutAttempted(tx *store.Tx, rootID string, instances []deploy.Instance) ([]deploy.Instance, error) {
	root, err := tx.Deployment(rootID)
	if err != nil {
		return nil, err
	}
	had := map[string]bool{}
	for _, id := range append([]string{rootID}, root.FollowUps...) {
		targets, err := tx.Targets(id)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			had[t.ID] = true
		}
	}
	return slices.DeleteFunc(instances, func(i deploy.Instance) bool { return had[i.Name] }), nil
}
