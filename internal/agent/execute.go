package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/agent/hook"
	"github.com/slipwayhq/slipway/internal/agent/install"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// execute does what an event is about and returns how it went.
func (a *Agent) execute(ctx context.Context, e *event, r *record) result {
	if err := os.MkdirAll(e.dir, a.config.folderMode()); err != nil {
		return failed(fmt.Errorf("cannot make the folder of the deployment: %w", err))
	}
	if e.builtIn != nil {
		if err := e.builtIn(a, ctx, e); err != nil {
			return failed(err)
		}
		return succeeded("Succeeded", strings.Join(e.notes, "\n"))
	}
	if len(e.scripts) == 0 {
		return succeeded("Succeeded", "")
	}
	return a.runScripts(ctx, e, r)
}

// prune makes room: the oldest revisions of the group go, but never the one
// that is installed.
func (a *Agent) prune(e *event) error {
	group := e.spec.DeploymentGroupID
	protected := []string{e.spec.DeploymentID, e.spec.ReuseArchiveFromDeploymentID}
	installed, err := readPointer(a.layout.lastSuccessful(group))
	if err != nil {
		return err
	}
	if installed != "" {
		protected = append(protected, filepath.Base(installed))
	}
	return bundle.Prune(a.layout.group(group), a.config.MaxRevisions, protected...)
}

// install puts the revision's files in place.
func (a *Agent) install(ctx context.Context, e *event) error {
	archive := archiveOf(e.dir)
	document, err := readAppSpec(archive, e.spec.AppSpecFilename)
	if err != nil {
		return err
	}
	if err := checkEvents(document, e.spec.AllPossibleLifecycleEvents); err != nil {
		return err
	}
	behavior := ""
	if o := e.spec.AgentActionOverrides; o != nil {
		behavior = strings.ToUpper(o.AgentOverrides.FileExistsBehavior)
	}
	// One installation at a time: what one group has planned for a folder that
	// others share with it they must not change meanwhile.
	unlock, err := a.groups.lock(ctx, allGroups)
	if err != nil {
		return err
	}
	defer unlock()
	group := e.spec.DeploymentGroupID
	err = install.Run(ctx, install.Installation{
		Archive:            archive,
		Spec:               document,
		FileExistsBehavior: behavior,
		IdenticalConflict:  a.config.IdenticalConflict,
		Instructions:       a.layout.plan(group),
		Cleanup:            a.layout.cleanup(group),
		Title:              title(e.spec),
		Dir:                a.config.Dir,
		Log:                a.config.Log,
	})
	if err != nil {
		return err
	}
	if err := writePointer(a.layout.lastSuccessful(group), e.dir); err != nil {
		return err
	}
	if !a.config.KeepApart {
		a.tidying.add(group)
	}
	return nil
}

// title says in words whose the files of a deployment are.
func title(s *protocol.Specification) string {
	return fmt.Sprintf("deployment %s of the deployment group %s (application %s)", s.DeploymentID, s.DeploymentGroupName, s.ApplicationName)
}

// runScripts runs the scripts of a hook, one after the other. Their log goes
// to the current deployment, wherever they are from.
func (a *Agent) runScripts(ctx context.Context, e *event, r *record) result {
	if a.config.PrivateLogs {
		if err := os.MkdirAll(filepath.Dir(scriptsLog(e.dir)), 0o700); err != nil {
			return failed(fmt.Errorf("cannot make the log folder: %w", err))
		}
	}
	out, err := hook.NewOutput(scriptsLog(e.dir), e.spec.DeploymentID, a.log)
	if err != nil {
		return failed(err)
	}
	out.Mask(a.mask)
	if a.watcher != nil {
		out.Echo(a.watcher)
	}
	if limit := a.config.EventTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, hook.EventTimeout{After: limit})
		defer cancel()
	}
	progress := a.startProgress(ctx, r, out)
	err = a.eachScript(ctx, e, r, out, progress)
	progress.stop()
	r.Log = lastPiece(r, out)
	text, _ := out.Tail()
	if err = errors.Join(err, out.Close()); err == nil {
		return succeeded("Succeeded", text)
	}
	outcome := failed(err)
	outcome.Diagnostics.Log = text
	return outcome
}

func (a *Agent) eachScript(ctx context.Context, e *event, r *record, out *hook.Output, p *progress) error {
	env := hook.BaseEnvironment(a.config.Environ, a.config.PassVariables...)
	if a.config.AllVariables {
		env = hook.FullEnvironment(a.config.Environ)
	}
	env = append(env, groupVariables(e.spec.Variables)...)
	env = append(env, variables(e)...)
	env = append(env, placeVariables(e.spec, r.TargetIndex)...)
	out.Line("LifecycleEvent - " + e.name)
	for _, script := range e.scripts {
		out.Line("Script - " + script.Location)
		p.script(script.Location)
		err := a.scripts.Run(ctx, hook.Job{
			Archive: e.archive,
			Script:  script,
			Env:     env,
			Output:  out,
			Started: func(process hook.Process) error {
				r.Process = &process
				if a.journal == nil {
					return nil
				}
				return a.journal.write(running, r, false) // a crash of the machine ends the process, too
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// variables are what scripts learn about their deployment.
func variables(e *event) []string {
	env := []string{
		"LIFECYCLE_EVENT=" + e.name,
		"DEPLOYMENT_ID=" + e.spec.DeploymentID,
		"APPLICATION_NAME=" + e.spec.ApplicationName,
		"DEPLOYMENT_GROUP_NAME=" + e.spec.DeploymentGroupName,
		"DEPLOYMENT_GROUP_ID=" + e.spec.DeploymentGroupID,
	}
	add := func(name, value string) {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	if s3 := e.spec.Revision.S3Revision; s3 != nil {
		add("BUNDLE_BUCKET", s3.Bucket)
		add("BUNDLE_KEY", s3.Key)
		add("BUNDLE_VERSION", s3.Version)
		known, _ := readProvenance(e.dir)
		add("BUNDLE_ETAG", cmp.Or(s3.ETag, known.ETag))
	}
	if github := e.spec.Revision.GitHubRevision; github != nil {
		add("BUNDLE_COMMIT", github.CommitID)
	}
	return env
}
