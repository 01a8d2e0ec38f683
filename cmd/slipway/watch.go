package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"
)

// watchEvery is how often a deployment is asked for; a fleet that takes many
// calls to ask for is asked less often.
const watchEvery = 100 * time.Millisecond

// batchSize is how many targets one call may ask for.
const batchSize = 25

func watchCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "watch DEPLOYMENT_ID",
		Short: "Watch a deployment",
		Long: "Draws a deployment while it runs, one line per host, and its rollback if there is one.\n" +
			"Endpoint, region and keys come from the usual AWS environment (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, ...),\n" +
			"so it watches deployments of AWS as well.\n\n" +
			"The exit status is 0 when the deployment succeeded.",
		Example: "  slipway watch d-A1B2C3D4E",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("which deployment? Say: slipway watch DEPLOYMENT_ID")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.LoadDefaultConfig(cmd.Context())
			if err != nil {
				return fmt.Errorf("cannot load the AWS configuration: %w", err)
			}
			w := watcher{client: codedeploy.NewFromConfig(c), screen: newScreen(os.Stdout), follow: follow}
			status, err := w.watch(cmd.Context(), args[0])
			var refused smithy.APIError
			if errors.As(err, &refused) { // without the client's own layers around it
				return fmt.Errorf("%s (%s)", refused.ErrorMessage(), refused.ErrorCode())
			}
			if err == nil && status != types.DeploymentStatusSucceeded {
				err = fmt.Errorf("the deployment %s ended as %s", args[0], status)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&follow, "rollback", true, "watch the rollback too")
	return cmd
}

// watcher draws deployments that it asks a server for.
type watcher struct {
	client *codedeploy.Client
	screen *screen
	follow bool
}

// watch draws a deployment until it ends, and returns how it ended.
func (w *watcher) watch(ctx context.Context, id string) (types.DeploymentStatus, error) {
	for {
		s, err := w.look(ctx, id)
		if err != nil {
			return "", err
		}
		w.screen.show(s, time.Now())
		if s.ended() {
			w.screen.finish(s)
			if next := s.rollback(); next != "" && w.follow {
				if _, err := w.watch(ctx, next); err != nil {
					return "", err
				}
			}
			return s.info.Status, nil
		}
		pause := watchEvery * time.Duration(1+len(s.targets)/batchSize)
		select {
		case <-ctx.Done():
			return "", errors.New("interrupted; the deployment goes on")
		case <-time.After(pause):
		}
	}
}

// look asks for a deployment and all its targets.
func (w *watcher) look(ctx context.Context, id string) (situation, error) {
	var s situation
	got, err := w.client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return s, err
	}
	s.info = got.DeploymentInfo
	ids, err := w.targetIDs(ctx, id)
	if err != nil {
		return s, err
	}
	for len(ids) > 0 {
		n := min(batchSize, len(ids))
		got, err := w.client.BatchGetDeploymentTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{
			DeploymentId: &id, TargetIds: ids[:n],
		})
		if err != nil {
			return s, err
		}
		for _, t := range got.DeploymentTargets {
			if t.InstanceTarget != nil {
				s.targets = append(s.targets, *t.InstanceTarget)
			}
		}
		ids = ids[n:]
	}
	return s, nil
}

// targetIDs lists a deployment's targets: none until they are known.
func (w *watcher) targetIDs(ctx context.Context, id string) ([]string, error) {
	var ids []string
	in := &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id}
	for {
		page, err := w.client.ListDeploymentTargets(ctx, in)
		var early *types.DeploymentNotStartedException
		if errors.As(err, &early) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, page.TargetIds...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return ids, nil
		}
	}
}

// situation is a deployment at one moment.
type situation struct {
	info    *types.DeploymentInfo
	targets []types.InstanceTarget
}

func (s situation) ended() bool { return s.info.CompleteTime != nil }

// rollback returns the deployment that rolls this one back.
func (s situation) rollback() string {
	if s.info.RollbackInfo == nil {
		return ""
	}
	return aws.ToString(s.info.RollbackInfo.RollbackDeploymentId)
}

// line is printed where something happens once.
func line(out io.Writer, format string, args ...any) {
	fmt.Fprintf(out, format+"\n", args...) //nolint:errcheck // a closed terminal has nobody to tell
}
