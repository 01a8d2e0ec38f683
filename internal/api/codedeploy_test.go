package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/store"
)

// plane is an edge in front of a real control plane.
type plane struct {
	*edge
	t     *testing.T
	store *store.Store
}

var (
	namespace = deploy.Namespace{Account: account, Region: region}
	sampleNow = time.UnixMilli(1700000000123).UTC()
)

func newPlane(t *testing.T) *plane {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "slipway.db"), seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	c := control.New(s, control.Options{Now: func() time.Time { return sampleNow }})
	p := &plane{t: t, store: s}
	p.edge = newEdge(t, func(config *api.Config) {
		config.Services = []api.Service{api.CodeDeploy(c, api.NewPager(bytes.Repeat([]byte("k"), 32))), api.Slipway(c)}
	})
	t.Cleanup(func() {
		p.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// call sends an operation as root and returns the answer's body, which must be
// a success.
func (p *plane) call(operation, body string) string {
	p.t.Helper()
	answer := send(p.t, sign(p.post(p.t, operation, body), body, root))
	if answer.status != http.StatusOK {
		p.t.Fatalf("%s %s: %d %s", operation, body, answer.status, answer.body)
	}
	return answer.body
}

// id returns one text of an answer.
func (p *plane) id(answer, member string) string {
	p.t.Helper()
	var members map[string]string
	if err := json.Unmarshal([]byte(answer), &members); err != nil || members[member] == "" {
		p.t.Fatalf("%s has no %s: %v", answer, member, err)
	}
	return members[member]
}

// shop makes an application with a group and a deployment; it returns the ids
// of the last two.
func (p *plane) shop() (group, deployment string) {
	p.t.Helper()
	p.call("CreateApplication", `{"applicationName":"shop"}`)
	group = p.id(p.call("CreateDeploymentGroup", `{"applicationName":"shop","deploymentGroupName":"prod",
		"serviceRoleArn":"arn:aws:iam::123456789012:role/cd",
		"ec2TagFilters":[{"Key":"stage","Value":"prod","Type":"KEY_AND_VALUE"}]}`), "deploymentGroupId")
	deployment = p.id(p.call("CreateDeployment", createDeployment), "deploymentId")
	return group, deployment
}

const createDeployment = `{"applicationName":"shop","deploymentGroupName":"prod",
	"revision":{"revisionType":"S3","s3Location":{"bucket":"b","key":"shop-7.zip","bundleType":"zip"}}}`

// start gives a deployment its targets, as the engine does.
func (p *plane) start(id string, targets ...deploy.Target) {
	p.t.Helper()
	p.change(id, func(d *deploy.Deployment) { d.Overview = new(deploy.Count(targets)) })
	err := p.store.Update(p.t.Context(), func(tx *store.Tx) error {
		for i, target := range targets {
			target.DeploymentID, target.Order = id, i
			if err := tx.PutTarget(target); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *plane) change(id string, f func(*deploy.Deployment)) {
	p.t.Helper()
	err := p.store.Update(p.t.Context(), func(tx *store.Tx) error {
		row, err := tx.DeploymentRow(id)
		if err != nil {
			return err
		}
		f(&row.Deployment)
		return tx.SaveDeployment(row, time.Time{})
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// golden compares an answer with testdata/<operation>.json, member by member.
func golden(t *testing.T, operation, answer string, ids map[string]string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", operation+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range ids {
		answer = strings.ReplaceAll(answer, id, name)
	}
	if diff := cmp.Diff(members(t, string(want)), members(t, answer)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", operation, diff)
	}
}

func members(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestGoldenAnswers(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.call("CreateApplication", `{"applicationName":"shop"}`)
	group := p.id(p.call("CreateDeploymentGroup", `{"applicationName":"shop","deploymentGroupName":"prod",
		"serviceRoleArn":"arn:aws:iam::123456789012:role/cd",
		"ec2TagFilters":[{"Key":"stage","Value":"prod","Type":"KEY_AND_VALUE"}],"tags":[{"Key":"never","Value":"shown"}]}`), "deploymentGroupId")
	golden(t, "GetDeploymentGroup", p.call("GetDeploymentGroup", `{"applicationName":"shop","deploymentGroupName":"prod"}`),
		map[string]string{"<group id>": group})

	id := p.id(p.call("CreateDeployment", createDeployment), "deploymentId")
	ids := map[string]string{"<deployment id>": id}
	started, ended := sampleNow.Add(9977*time.Millisecond), sampleNow.Add(10277*time.Millisecond)
	p.start(id,
		deploy.Target{ID: "web-0", ARN: "arn:web-0", Status: deploy.TargetPending},
		deploy.Target{ID: "web-1", ARN: "arn:web-1", Status: deploy.TargetPending})
	golden(t, "GetDeployment", p.call("GetDeployment", `{"deploymentId":"`+id+`"}`), ids)
	p.start(id, deploy.Target{
		ID: "web-1", ARN: "arn:web-1", Status: deploy.TargetInProgress, UpdatedAt: sampleNow.Add(60377 * time.Millisecond),
		Events: []deploy.LifecycleEvent{
			{
				Name: deploy.ApplicationStop, Status: deploy.EventSucceeded, StartedAt: &started, EndedAt: &ended,
				Diagnostics: &deploy.Diagnostics{ErrorCode: "Success", Message: "Succeeded"},
			},
			{Name: deploy.DownloadBundle, Status: deploy.EventPending},
		},
	})
	golden(t, "GetDeploymentTarget", p.call("GetDeploymentTarget", `{"deploymentId":"`+id+`","targetId":"web-1"}`), ids)
}

// TestEmptyAnswers checks what scripts see of operations that answer nothing
// or an empty list.
func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.shop()
	for _, c := range []struct{ operation, body, want string }{
		{"ListOnPremisesInstances", `{}`, `{"instanceNames":[]}`},
		{"BatchGetOnPremisesInstances", `{"instanceNames":["a"]}`, `{"instanceInfos":[]}`},
		{"BatchGetDeployments", `{"deploymentIds":["d-UNKNOWN01"]}`, `{"deploymentsInfo":[]}`},
		{"BatchGetDeploymentGroups", `{"applicationName":"shop","deploymentGroupNames":["x"]}`, `{"deploymentGroupsInfo":[],"errorMessage":"Not found: deployment groups x"}`},
		{"ListApplicationRevisions", `{"applicationName":"shop","deployed":"include"}`, `{"revisions":[]}`},
		{"ListGitHubAccountTokenNames", ``, `{"tokenNameList":[]}`},
		{"ListTagsForResource", `{"ResourceArn":"arn:aws:codedeploy:us-east-1:000000000000:application:shop"}`, `{"Tags":[]}`},
		{"TagResource", `{"ResourceArn":"arn:aws:codedeploy:us-east-1:000000000000:application:shop","Tags":[{"Key":"k"}]}`, `{}`},
		{"UntagResource", `{"ResourceArn":"arn:aws:codedeploy:us-east-1:000000000000:application:shop","TagKeys":["k"]}`, `{}`},
		{"DeleteResourcesByExternalId", `{}`, `{}`},
		{"UpdateApplication", `{"applicationName":"shop"}`, ``},
		{"UpdateDeploymentGroup", `{"applicationName":"shop","currentDeploymentGroupName":"prod"}`, `{"hooksNotCleanedUp":[]}`},
		{"DeleteDeploymentConfig", `{"deploymentConfigName":"none"}`, ``},
		{"ListDeployments", `{"includeOnlyStatuses":["Failed"]}`, `{"deployments":[]}`},
		{"RegisterOnPremisesInstance", `{"instanceName":"a","iamUserArn":"arn:aws:iam::000000000000:user/a"}`, ``},
		{"AddTagsToOnPremisesInstances", `{"instanceNames":["a"],"tags":[{"Key":"k","Value":"v"}]}`, ``},
		{"RemoveTagsFromOnPremisesInstances", `{"instanceNames":["a"],"tags":[{"Key":"k","Value":"v"}]}`, ``},
		{"DeregisterOnPremisesInstance", `{"instanceName":"a"}`, ``},
		{"DeleteDeploymentGroup", `{"applicationName":"shop","deploymentGroupName":"prod"}`, `{"hooksNotCleanedUp":[]}`},
		{"ListDeploymentGroups", `{"applicationName":"shop"}`, `{"applicationName":"shop","deploymentGroups":[]}`},
		{"DeleteApplication", `{"applicationName":"shop"}`, ``},
		{"ListApplications", ``, `{"applications":[]}`},
	} {
		if got := p.call(c.operation, c.body); got != c.want {
			t.Errorf("%s: %q, want %q", c.operation, got, c.want)
		}
	}
}

// TestDeploymentEnds checks the members that come with the end of a
// deployment and its rollback.
func TestDeploymentEnds(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	_, id := p.shop()
	p.change(id, func(d *deploy.Deployment) {
		d.Move(deploy.InProgress, sampleNow.Add(time.Second))
		d.Move(deploy.Failed, sampleNow.Add(2*time.Second))
		d.Error = &deploy.ErrorInfo{Code: deploy.NoInstances, Message: "none"}
		d.Rollback = deploy.RollbackInfo{RollbackID: "d-ROLLBACK1", Message: "rolled back"}
		d.PreviousRevision = &deploy.Revision{Type: deploy.AppSpecRevision, Content: &deploy.Content{Text: "secret", SHA256: "abc"}}
	})
	info := members(t, p.call("GetDeployment", `{"deploymentId":"`+id+`"}`)).(map[string]any)["deploymentInfo"].(map[string]any)
	for member, want := range map[string]any{
		"status": "Failed", "startTime": 1700000001.123, "completeTime": 1700000002.123,
		"errorInformation": map[string]any{"code": "NO_INSTANCES", "message": "none"},
		"rollbackInfo":     map[string]any{"rollbackDeploymentId": "d-ROLLBACK1", "rollbackMessage": "rolled back"},
		"previousRevision": map[string]any{"revisionType": "AppSpecContent", "appSpecContent": map[string]any{"sha256": "abc"}},
	} {
		if diff := cmp.Diff(want, info[member]); diff != "" {
			t.Errorf("%s: %s", member, diff)
		}
	}
	group := members(t, p.call("GetDeploymentGroup", `{"applicationName":"shop","deploymentGroupName":"prod"}`)).(map[string]any)["deploymentGroupInfo"].(map[string]any)
	want := map[string]any{"deploymentId": id, "status": "Failed", "createTime": 1700000000.123, "endTime": 1700000002.123}
	if diff := cmp.Diff(want, group["lastAttemptedDeployment"]); diff != "" || group["lastSuccessfulDeployment"] != nil || group["targetRevision"] != nil {
		t.Errorf("%s %v", diff, group)
	}
}
