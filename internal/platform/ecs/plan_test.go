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

// asJSON is the same file in JSON.
func asJSON(t *testing.T, text string) string {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil || v == nil {
		t.Skip("has no form in JSON:", err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Skip("has no form in JSON:", err)
	}
	return string(b)
}

// TestBadAppSpecs: what fails a deployment before anything outside is asked, in
// YAML and in JSON.
func TestBadAppSpecs(t *testing.T) {
	t.Parallel()
	without := func(part string) string { return replaced(t, part, "") }
	for name, c := range map[string]struct{ spec, says string }{
		"empty":                      {"", "An AppSpec file is required, but could not be found in the revision"},
		"blank":                      {" \n\t", "could not be found"},
		"comment only":               {"# nothing", "empty"},
		"no YAML":                    {"\tversion: {", "not readable"},
		"broken JSON":                {`{"version":0.0,`, ""},
		"a text":                     {"hello", ""},
		"a list":                     {"- 1", ""},
		"no version":                 {without("version: 0.0\n"), "version"},
		"another version":            {replaced(t, "version: 0.0", "version: 1.0"), "0.0"},
		"a version that is none":     {replaced(t, "version: 0.0", "version: latest"), "0.0"},
		"no resources":               {"version: 0.0\n", "Resources"},
		"resources that are a map":   {"version: 0.0\nResources: {TargetService: {}}\n", "list"},
		"no resource":                {"version: 0.0\nResources: []\n", "exactly one"},
		"two resources":              {replaced(t, "Hooks:", "  - More: {Type: \"AWS::ECS::Service\", Properties: {}}\nHooks:"), "exactly one"},
		"no type":                    {without("      Type: AWS::ECS::Service\n"), "Type"},
		"another type":               {replaced(t, "AWS::ECS::Service", "AWS::Lambda::Function"), "AWS::ECS::Service"},
		"no properties":              {"version: 0.0\nResources:\n  - S: {Type: \"AWS::ECS::Service\"}\n", "Properties"},
		"no task definition":         {without("        TaskDefinition: \"arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7\"\n"), "TaskDefinition"},
		"a task definition of parts": {replaced(t, "\"arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7\"", "[shop]"), "TaskDefinition"},
		"an empty task definition":   {replaced(t, "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7", ""), "TaskDefinition"},
		"no load balancer":           {without("        LoadBalancerInfo: {ContainerName: web, ContainerPort: 8080}\n"), "LoadBalancerInfo"},
		"no container":               {without("ContainerName: web, "), "ContainerName"},
		"no port":                    {without(", ContainerPort: 8080"), "ContainerPort"},
		"port 0":                     {replaced(t, "8080", "0"), "65535"},
		"a port too high":            {replaced(t, "8080", "65536"), "65535"},
		"a port that is a name":      {replaced(t, "8080", "http"), "whole number"},
		"a port with a fraction":     {replaced(t, "8080", "80.5"), "whole number"},
		"no subnets":                 {without("Subnets: [subnet-1, subnet-2], "), "subnets"},
		"an empty list of subnets":   {replaced(t, "[subnet-1, subnet-2]", "[]"), "empty"},
		"subnets that are a text":    {replaced(t, "[subnet-1, subnet-2]", "subnet-1"), "Subnets"},
		"no security groups":         {without("SecurityGroups: [sg-2], "), "securitygroups"},
		"no public IP":               {without(", AssignPublicIp: ENABLED"), "AssignPublicIp"},
		"a public IP of true":        {replaced(t, "AssignPublicIp: ENABLED", "AssignPublicIp: yes"), "ENABLED or DISABLED"},
		"a network without a VPC":    {replaced(t, "AwsvpcConfiguration", "Vpc"), "AwsvpcConfiguration"},
		"a provider without a name":  {replaced(t, "CapacityProvider: FARGATE_SPOT, ", ""), "CapacityProvider"},
		"a strategy that is a map":   {replaced(t, "- {Base: 1, CapacityProvider: FARGATE_SPOT, Weight: 2}", "{Weight: 2}"), "list"},
		"a weight below 0":           {replaced(t, "Weight: 2", "Weight: -1"), "whole number"},
		"an unknown hook":            {replaced(t, "BeforeInstall", "ValidateService"), "BeforeInstall, AfterInstall"},
		"a hook of Install":          {replaced(t, "BeforeInstall", "Install"), "unknown lifecycle event"},
		"a hook without a function":  {replaced(t, "BeforeInstall: hook", "BeforeInstall: \"\""), "missing"},
		"a hook that is a list":      {replaced(t, "BeforeInstall: hook", "BeforeInstall: [hook]"), "BeforeInstall"},
		"hooks that are a map":       {replaced(t, "  - BeforeInstall: hook", "  BeforeInstall: hook"), "list"},
		"an event with two hooks":    {full + "  - beforeinstall: again\n", "more than one"},
	} {
		try := func(t *testing.T, text string) {
			d := deployment("AllAtOnce")
			d.AppSpec = text
			got := newStory(t, d).run()
			if got.Status != deploy.Failed || got.Error.Code != deploy.InvalidRevision || !strings.Contains(got.Error.Message, c.says) {
				t.Errorf("%s %+v, want %q", got.Status, got.Error, c.says)
			}
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try(t, c.spec)
			t.Run("JSON", func(t *testing.T) {
				t.Parallel()
				try(t, asJSON(t, c.spec))
			})
		})
	}
}

// replaced is the full file with one part of it replaced.
func replaced(t *testing.T, old, by string) string {
	if !strings.Contains(full, old) {
		t.Fatalf("there is no %q in the file", old)
	}
	return strings.Replace(full, old, by, 1)
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
		"all is said, in JSON":  {asJSON(t, noHooks), said},
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
