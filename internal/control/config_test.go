package control_test

import (
	"slices"
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

func TestGetDeploymentConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	config := must(w.GetDeploymentConfig(t.Context(), ns, deploy.DefaultConfigName))(t)
	if config.ID != "00000000-0000-0000-0000-000000000001" || config.MinimumHealthy.Type != deploy.MostConcurrency {
		t.Errorf("got %+v", config)
	}
	for name, code := range map[string]string{
		"": "DeploymentConfigNameRequired", "a b": "InvalidDeploymentConfigName", "CodeDeployDefault.X": "DeploymentConfigDoesNotExist",
	} {
		_, err := w.GetDeploymentConfig(t.Context(), ns, name)
		refused(t, "GetDeploymentConfig", err, code, "")
	}
}

func TestListDeploymentConfigs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	var all []string
	for after := ""; ; {
		page := must(w.ListDeploymentConfigs(t.Context(), ns, after, 5))(t)
		all = append(all, page.Items...)
		if after = page.Next; after == "" {
			break
		}
	}
	if len(all) != 17 || !slices.IsSorted(all) {
		t.Errorf("got %d: %v", len(all), all)
	}
}
