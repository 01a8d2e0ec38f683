package ecs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform"
	"github.com/slipwayhq/slipway/internal/provider/container"
)

// full is an AppSpec file with everything in it.
const full = `version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7"
        LoadBalancerInfo: {ContainerName: web, ContainerPort: 8080}
        PlatformVersion: "LATEST"
        NetworkConfiguration:
          AwsvpcConfiguration: {Subnets: [subnet-1, subnet-2], SecurityGroups: [sg-2], AssignPublicIp: ENABLED}
        CapacityProviderStrategy:
          - {Base: 1, CapacityProvider: FARGATE_SPOT, Weight: 2}
Hooks:
  - BeforeInstall: hook
`

// asJSON is the same file in JSON, or empty if there is none.
func asJSON(text string) string {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil || v == nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// TestGreen: what an AppSpec file says of the replacement, and what it
// inherits from the original if it does not.
func TestGreen(t *testing.T) {
	t.Parallel()
	inherited := container.Placement{
		LaunchType: "FARGATE", PlatformVersion: "1.4.0",
		Network: &deploy.TaskNetwork{Subnets: []string{"subnet-1"}, SecurityGroups: []string{"sg-1"}, AssignPublicIP: "DISABLED"},
	}
	said := container.Placement{
		PlatformVersion: "LATEST",
		Network: &deploy.TaskNetwork{
			Subnets: []string{"subnet-1", "subnet-2"}, SecurityGroups: []string{"sg-2"}, AssignPublicIP: "ENABLED",
		},
		CapacityProviders: []deploy.CapacityProvider{{Name: "FARGATE_SPOT", Base: 1, Weight: 2}},
	}
	noHooks := strings.Split(full, "Hooks:")[0]
	for name, c := range map[string]struct {
		spec string
		want container.Placement
	}{
		"all is inherited":      {spec(), inherited},
		"all is said":           {noHooks, said},
		"all is said, in JSON":  {asJSON(noHooks), said},
		"keys in lower case":    {lowerKeys(spec()), inherited},
		"numbers that are text": {strings.Replace(spec(), "8080", `"8080"`, 1), inherited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := with(deployment("AllAtOnce"), keep)
			d.AppSpec = c.spec
			st := newStory(t, d)
			if d := st.run(); d.Status != deploy.Succeeded {
				t.Fatalf("%s %+v", d.Status, d.Error)
			}
			green := st.s.Targets[0].ECS.Green
			definition, name, port, placement := st.world.Created(cluster, shop, green.ARN)
			if got := fmt.Sprint(definition, " ", name, ":", port); got != "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7 web:8080" {
				t.Errorf("made of %s", got)
			}
			if diff := cmp.Diff(c.want, placement); diff != "" {
				t.Errorf("placed (-want +got):\n%s", diff)
			}
			if set := st.world.SeeService(cluster, shop); set.TaskSet(green.ARN).ExternalID != "d-1" || green.TargetGroup != "tg-b" {
				t.Errorf("it is %+v of %+v", green, set)
			}
		})
	}
}

// lowerKeys writes the keys of an AppSpec file in lower case, as some of the
// official examples do.
func lowerKeys(s string) string {
	for _, key := range []string{"Resources", "Type", "Properties", "TaskDefinition", "LoadBalancerInfo", "ContainerName", "ContainerPort"} {
		s = strings.Replace(s, key+":", strings.ToLower(key)+":", 1)
	}
	return s
}

// TestTarget: names and ARNs of targets.
func TestTarget(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ cluster, service, want string }{
		"names": {"c1", "shop", "c1:shop arn:aws:ecs:eu-west-1:111122223333:service/c1/shop"},
		"ARNs": {
			"arn:aws:ecs:eu-west-1:444455556666:cluster/c1", "arn:aws:ecs:eu-west-1:444455556666:service/c1/shop",
			"c1:shop arn:aws:ecs:eu-west-1:444455556666:service/c1/shop",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployment("AllAtOnce")
			d.Namespace = deploy.Namespace{Account: "111122223333", Region: "eu-west-1"}
			targets, failure := Platform{}.Plan(d, platform.Fleet{Group: deploy.Group{
				ECSServices: []deploy.ECSService{{Cluster: c.cluster, Service: c.service}},
			}}, time.Time{})
			if failure != nil {
				t.Fatal(failure)
			}
			if got := targets[0].ID + " " + targets[0].ARN; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
