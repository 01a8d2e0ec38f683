package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestStatusMessages: a deployment that bakes says until when; any other has an
// empty list, not none.
func TestStatusMessages(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		deployment deploy.Deployment
		want       []string
	}{
		"in progress": {deploy.Deployment{Status: deploy.InProgress}, []string{}},
		"baking": {deploy.Deployment{Status: deploy.Baking, BakeUntil: &until}, []string{
			"The last zone is monitored until 2026-01-02T03:04:05Z; then the deployment goes on with the next one.",
		}},
	} {
		if diff := cmp.Diff(tc.want, deploymentInfo(tc.deployment).DeploymentStatusMessages); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
