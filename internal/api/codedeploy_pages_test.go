package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func TestPages(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	err := p.store.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 2*api.PageSize + 1 {
			d := deploy.Deployment{
				Namespace: namespace, ID: deploy.NewDeploymentID(), GroupID: deploy.NewUUID(), Creator: deploy.CreatorUser,
				Status: deploy.Created, CreatedAt: sampleNow.Add(time.Duration(i/3) * time.Millisecond),
			}
			app := deploy.Application{Namespace: namespace, ID: d.GroupID, Name: d.ID, Platform: deploy.Server}
			if err := tx.InsertDeployment(d); err != nil {
				return err
			}
			if err := tx.InsertApplication(app); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for operation, member := range map[string]string{"ListDeployments": "deployments", "ListApplications": "applications"} {
		seen, pages, body := map[any]bool{}, 0, `{}`
		for body != "" {
			answer := members(t, p.call(operation, body)).(map[string]any)
			for _, item := range answer[member].([]any) {
				seen[item] = true
			}
			pages++
			body = ""
			if token, ok := answer["nextToken"].(string); ok {
				body = `{"nextToken":"` + token + `"}`
			}
		}
		if len(seen) != 2*api.PageSize+1 || pages != 3 {
			t.Errorf("%s: %d items on %d pages", operation, len(seen), pages)
		}
	}
	for _, operation := range []string{"ListDeployments", "ListApplications", "ListDeploymentConfigs", "ListOnPremisesInstances"} {
		body := `{"nextToken":"AAAA"}`
		if answer := send(t, sign(p.post(t, operation, body), body, root)); !strings.Contains(answer.body, `"InvalidNextTokenException"`) {
			t.Errorf("%s: %s", operation, answer.body)
		}
	}
}
