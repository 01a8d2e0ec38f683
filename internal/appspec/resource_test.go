package appspec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const lambdaYAML = `
version: 0.0
Resources:
  - orders:
      Type: AWS::Lambda::Function
      Properties: {Name: orders, Alias: live, CurrentVersion: "4", TargetVersion: 5}
Hooks:
  - AfterAllowTraffic: post
  - BeforeAllowTraffic: pre
`

const ecsYAML = `
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7"
        LoadBalancerInfo: {ContainerName: web, ContainerPort: 8080}
        PlatformVersion: "LATEST"
        NetworkConfiguration:
          AwsvpcConfiguration: {Subnets: [subnet-1, subnet-2], SecurityGroups: [sg-1], AssignPublicIp: DISABLED}
        CapacityProviderStrategy:
          - {Base: 1, CapacityProvider: FARGATE_SPOT, Weight: 2}
Hooks:
  - BeforeInstall: a
  - AfterAllowTestTraffic: c
`

func TestParseLambda(t *testing.T) {
	t.Parallel()
	want := &LambdaSpec{
		Function: "orders", Alias: "live", CurrentVersion: "4", TargetVersion: "5",
		Hooks: []FunctionHook{{"BeforeAllowTraffic", "pre"}, {"AfterAllowTraffic", "post"}},
	}
	for name, text := range map[string]string{
		"YAML":       lambdaYAML,
		"lower case": strings.ToLower(strings.ReplaceAll(lambdaYAML, "AWS::Lambda::Function", "@")),
		"JSON": `{"version":"0.0","Resources":[{"orders":{"Type":"AWS::Lambda::Function","Properties":
			{"Name":"orders","Alias":"live","CurrentVersion":"4","TargetVersion":"5"}}}],
			"Hooks":[{"BeforeAllowTraffic":"pre"},{"AfterAllowTraffic":"post"}]}`,
	} {
		got, err := ParseLambda([]byte(strings.ReplaceAll(text, "@", "AWS::Lambda::Function")))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParseECS(t *testing.T) {
	t.Parallel()
	got, err := ParseECS([]byte(ecsYAML))
	if err != nil {
		t.Fatal(err)
	}
	want := &ECSSpec{
		TaskDefinition: "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7",
		ContainerName:  "web", ContainerPort: 8080, PlatformVersion: "LATEST",
		Network:           &ECSNetwork{[]string{"subnet-1", "subnet-2"}, []string{"sg-1"}, "DISABLED"},
		CapacityProviders: []CapacityProvider{{"FARGATE_SPOT", 1, 2}},
		Hooks:             []FunctionHook{{"BeforeInstall", "a"}, {"AfterAllowTestTraffic", "c"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestResourceMistakes: each mistake is told with its line, its key and what
// was expected.
func TestResourceMistakes(t *testing.T) {
	t.Parallel()
	lambda := func(text string) error { _, err := ParseLambda([]byte(text)); return err }
	ecs := func(text string) error { _, err := ParseECS([]byte(text)); return err }
	for _, tc := range []struct {
		parse     func(string) error
		base      string
		old, with string
		want      string
	}{
		{lambda, lambdaYAML, lambdaYAML, "", "the application specification file was empty"},
		{lambda, lambdaYAML, lambdaYAML, "[]", "expected a map of keys and values, found a list"},
		{lambda, lambdaYAML, lambdaYAML, "\tx: 1", "tabs are not allowed"},
		{lambda, lambdaYAML, "version: 0.0", "version: 1.0", `line 2: version: invalid version value: expected 0.0, found "1.0"`},
		{lambda, lambdaYAML, "version: 0.0", "", "the key version is missing"},
		{lambda, lambdaYAML, "AWS::Lambda::Function", "AWS::ECS::Service", `line 5: Resources[0].orders.Type: expected AWS::Lambda::Function, found "AWS::ECS::Service"`},
		{lambda, lambdaYAML, "Resources:", "Ressources:", "the key Resources is missing"},
		{lambda, lambdaYAML, "Hooks:", "  - more: {}\nHooks:", "expected exactly one resource, found 2"},
		{lambda, lambdaYAML, "Alias: live, ", "", "line 6: Resources[0].orders.Properties: the key Alias is missing"},
		{lambda, lambdaYAML, `"4"`, `"$LATEST"`, `CurrentVersion must be the number of a published version, not "$LATEST"`},
		{lambda, lambdaYAML, `"4"`, `"5"`, "TargetVersion is CurrentVersion (5): there is nothing to deploy"},
		{lambda, lambdaYAML, "pre\n", "\n", "BeforeAllowTraffic: a function's name or ARN is missing"},
		{lambda, lambdaYAML, "BeforeAllowTraffic", "BeforeInstall", "unknown lifecycle event; expected one of BeforeAllowTraffic, AfterAllowTraffic"},
		{lambda, lambdaYAML, "BeforeAllowTraffic", "afterAllowTraffic", "the event AfterAllowTraffic has more than one function"},
		{ecs, ecsYAML, "ContainerPort: 8080", "ContainerPort: http", `expected a whole number from 1 to 65535, found "http"`},
		{ecs, ecsYAML, "        LoadBalancerInfo: {ContainerName: web, ContainerPort: 8080}\n", "", "the key LoadBalancerInfo is missing"},
		{ecs, ecsYAML, "SecurityGroups: [sg-1], ", "", "Subnets, SecurityGroups and AssignPublicIp are needed together"},
		{ecs, ecsYAML, "DISABLED", "no", `expected ENABLED or DISABLED, found "no"`},
		{ecs, ecsYAML, "[subnet-1, subnet-2]", "[]", "Subnets: the list is empty"},
		{ecs, ecsYAML, "CapacityProvider: FARGATE_SPOT, ", "", "the key CapacityProvider is missing"},
		{ecs, ecsYAML, "BeforeInstall", "ValidateService", "unknown lifecycle event"},
	} {
		if !strings.Contains(tc.base, tc.old) {
			t.Fatalf("nothing to replace: %q", tc.old)
		}
		err := tc.parse(strings.Replace(tc.base, tc.old, tc.with, 1))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q instead of %q:\n got %v\nwant %s", tc.with, tc.old, err, tc.want)
		}
	}
}

// FuzzResources: no text makes the parsers fail otherwise than by their error.
func FuzzResources(f *testing.F) {
	f.Add(lambdaYAML)
	f.Add(ecsYAML)
	f.Add("Resources: [{a: {Type: x, Properties: 1}}]")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseLambda([]byte(text)); err == nil && (s.Function == "" || s.TargetVersion == "") {
			t.Errorf("%+v was accepted", s)
		}
		if s, err := ParseECS([]byte(text)); err == nil && (s.TaskDefinition == "" || s.ContainerPort == 0) {
			t.Errorf("%+v was accepted", s)
		}
	})
}
