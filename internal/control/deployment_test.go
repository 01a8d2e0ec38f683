package control_test

import (
	"context"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestGetDeploymentFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	id := w.deploy(deployment())
	deploymentIDFaults(t, "GetDeployment", func(ctx context.Context, id string) error {
		_, err := w.GetDeployment(ctx, ns, id)
		return err
	})
	for _, other := range []deploy.Namespace{{Account: ns.Account, Region: "us-east-1"}, {Account: "000000000000", Region: ns.Region}} {
		_, err := w.GetDeployment(t.Context(), other, id)
		refused(t, "GetDeployment", err, "DeploymentDoesNotExist", id)
	}
}
