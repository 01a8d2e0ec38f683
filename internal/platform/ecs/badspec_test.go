package ecs

import (
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// goodYAML and goodJSON are the AppSpec files that the bad ones are made of.
const (
	goodYAML = `version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7
        LoadBalancerInfo:
          ContainerName: web
          ContainerPort: 8080
        PlatformVersion: LATEST
        NetworkConfiguration:
          AwsvpcConfiguration:
            Subnets: [subnet-1, subnet-2]
            SecurityGroups: [sg-2]
            AssignPublicIp: ENABLED
        CapacityProviderStrategy:
          - Base: 1
            CapacityProvider: FARGATE_SPOT
            Weight: 2
Hooks:
  - BeforeInstall: hook
`
	goodJSON = `{
  "version": 0.0,
  "Resources": [{"TargetService": {
    "Type": "AWS::ECS::Service",
    "Properties": {
      "TaskDefinition": "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7",
      "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080},
      "PlatformVersion": "LATEST",
      "NetworkConfiguration": {"AwsvpcConfiguration": {
        "Subnets": ["subnet-1"], "SecurityGroups": ["sg-2"], "AssignPublicIp": "ENABLED"
      }},
      "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Weight": 2}]
    }
  }}],
  "Hooks": [{"BeforeInstall": "hook"}]
}`
)

// bad is an AppSpec file with one part of it replaced, and what people are told
// is wrong with it then. An empty old part stands for all of it.
type bad struct {
	in        string // goodYAML or goodJSON
	old, with string
	says      string // exactly
}

// badSpecs are mistakes that people make. Each fails the deployment with
// INVALID_REVISION.
var badSpecs = map[string]bad{
	"empty":               {goodYAML, "", "", "An AppSpec file is required, but could not be found in the revision"},
	"blank":               {goodYAML, "", " \n\t\n", "An AppSpec file is required, but could not be found in the revision"},
	"comments only":       {goodYAML, "", "# version: 0.0\n", "the application specification file was empty"},
	"a text":              {goodYAML, "", "imagedefinitions.json", `line 1: expected a map of keys and values, found "imagedefinitions.json"`},
	"a list":              {goodJSON, "", `[{"name": "web", "imageUri": "web:1"}]`, "line 1: expected a map of keys and values, found a list"},
	"JSON cut off":        {goodJSON, `  "Hooks"`, "", "line 14: not readable as YAML or JSON: did not find expected node content"},
	"JSON behind JSON":    {goodJSON, "\n}", "\n}\n{}", "line 16: not readable as YAML or JSON: did not find expected <document start>"},
	"indented by tabs":    {goodYAML, "          Container", "\t\tContainer", "line 8: not readable as YAML or JSON: found character that cannot start any token (YAML indents with blanks; tabs are not allowed)"},
	"indented too little": {goodYAML, "        LoadBalancerInfo", "    LoadBalancerInfo", "line 2: not readable as YAML or JSON: did not find expected key"},
	"a second document":   {goodYAML, "Hooks:", "---\nHooks:", "line 20: a second document begins here; an AppSpec file has one"},
	"a file for servers":  {goodYAML, "", "version: 0.0\nos: linux\n", "line 1: the key Resources is missing; it holds what is deployed"},
	"no resources":        {goodYAML, "", "version: 0.0\n", "line 1: the key Resources is missing; it holds what is deployed"},

	"no version":                     {goodYAML, "version: 0.0\n", "", "line 1: invalid version value: the key version is missing; write version: 0.0"},
	"another version":                {goodJSON, "0.0", `"1.0"`, `line 2: version: invalid version value: expected 0.0, found "1.0"`},
	"a version of words":             {goodYAML, "0.0", "latest", `line 1: version: invalid version value: expected 0.0, found "latest"`},
	"resources that are a map":       {goodYAML, "  - Target", "    Target", "line 3: Resources: expected a list with one resource, found a map"},
	"no resource":                    {goodJSON, `[{"Target`, `[], "x": [{"Target`, "line 3: Resources: expected exactly one resource, found 0"},
	"two resources":                  {goodYAML, "Hooks:", "  - More: {}\nHooks:", "line 3: Resources: expected exactly one resource, found 2"},
	"no type":                        {goodYAML, "      Type: AWS::ECS::Service\n", "", "line 4: Resources[0].TargetService: the key Type is missing"},
	"a resource of Lambda":           {goodJSON, "AWS::ECS::Service", "AWS::Lambda::Function", `line 4: Resources[0].TargetService.Type: expected AWS::ECS::Service, found "AWS::Lambda::Function"`},
	"a type of a template":           {goodYAML, "AWS::ECS::Service", "AWS::ECS::TaskSet", `line 4: Resources[0].TargetService.Type: expected AWS::ECS::Service, found "AWS::ECS::TaskSet"`},
	"no properties":                  {goodYAML, "      Properties:", "      Property:", "line 4: Resources[0].TargetService: the key Properties is missing"},
	"no task definition":             {goodYAML, "        TaskDefinition: arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7\n", "", "line 6: Resources[0].TargetService.Properties: the key TaskDefinition is missing"},
	"a task definition of nothing":   {goodJSON, "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7", "", "line 6: Resources[0].TargetService.Properties.TaskDefinition: TaskDefinition has no value"},
	"a task definition left to fill": {goodYAML, "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7", "<TASK_DEFINITION>", `line 6: Resources[0].TargetService.Properties.TaskDefinition: expected the ARN of a task definition with its revision, as in arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7, found "<TASK_DEFINITION>"`},
	"a task definition by its name":  {goodYAML, "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7", "shop:7", `line 6: Resources[0].TargetService.Properties.TaskDefinition: expected the ARN of a task definition with its revision, as in arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7, found "shop:7"`},
	"no revision":                    {goodJSON, "shop:7", "shop", `line 6: Resources[0].TargetService.Properties.TaskDefinition: expected the ARN of a task definition with its revision, as in arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7, found "arn:aws:ecs:us-east-1:111122223333:task-definition/shop"`},
	"the ARN of the service":         {goodYAML, "task-definition/shop:7", "service/c1/shop", `line 6: Resources[0].TargetService.Properties.TaskDefinition: expected the ARN of a task definition with its revision, as in arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7, found "arn:aws:ecs:us-east-1:111122223333:service/c1/shop"`},
	"the ARN of a function":          {goodYAML, "arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7", "arn:aws:lambda:us-east-1:111122223333:function:shop", `line 6: Resources[0].TargetService.Properties.TaskDefinition: expected the ARN of a task definition with its revision, as in arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7, found "arn:aws:lambda:us-east-1:111122223333:function:shop"`},
	"a task definition of parts":     {goodJSON, `"arn:aws:ecs:us-east-1:111122223333:task-definition/shop:7"`, `{"family": "shop"}`, "line 6: Resources[0].TargetService.Properties.TaskDefinition: expected a text, found a map"},
	"two task definitions":           {goodJSON, `"LoadBalancerInfo"`, `"TaskDefinition": "shop:8", "LoadBalancerInfo"`, "line 7: Resources[0].TargetService.Properties.TaskDefinition: the key appears twice; the first one is in line 6"},
	"LoadBalancers":                  {goodYAML, "LoadBalancerInfo", "LoadBalancers", "line 6: Resources[0].TargetService.Properties: the key LoadBalancerInfo is missing"},
	"a list of load balancers":       {goodJSON, `{"ContainerName": "web", "ContainerPort": 8080}`, `[{"ContainerName": "web", "ContainerPort": 8080}]`, "line 7: Resources[0].TargetService.Properties.LoadBalancerInfo: expected a map of keys and values, found a list"},
	"a load balancer in one text":    {goodYAML, "\n          ContainerName: web\n          ContainerPort: 8080", " web:8080", `line 7: Resources[0].TargetService.Properties.LoadBalancerInfo: expected a map of keys and values, found "web:8080"`},
	"no container":                   {goodYAML, "          ContainerName: web\n", "", "line 8: Resources[0].TargetService.Properties.LoadBalancerInfo: the key ContainerName is missing"},
	"a container of nothing":         {goodYAML, "ContainerName: web", "ContainerName:", "line 8: Resources[0].TargetService.Properties.LoadBalancerInfo.ContainerName: ContainerName has no value"},
	"no port":                        {goodJSON, `, "ContainerPort": 8080`, "", "line 7: Resources[0].TargetService.Properties.LoadBalancerInfo: the key ContainerPort is missing"},
	"port 0":                         {goodYAML, "8080", "0", `line 9: Resources[0].TargetService.Properties.LoadBalancerInfo.ContainerPort: expected a whole number from 1 to 65535, found "0"`},
	"a port too high":                {goodJSON, "8080", "65536", `line 7: Resources[0].TargetService.Properties.LoadBalancerInfo.ContainerPort: expected a whole number from 1 to 65535, found "65536"`},
	"a port that is a name":          {goodJSON, "8080", `"http"`, `line 7: Resources[0].TargetService.Properties.LoadBalancerInfo.ContainerPort: expected a whole number from 1 to 65535, found "http"`},
	"a port with a fraction":         {goodYAML, "8080", "80.5", `line 9: Resources[0].TargetService.Properties.LoadBalancerInfo.ContainerPort: expected a whole number from 1 to 65535, found "80.5"`},
	"a port with a protocol":         {goodYAML, "8080", "8080/tcp", `line 9: Resources[0].TargetService.Properties.LoadBalancerInfo.ContainerPort: expected a whole number from 1 to 65535, found "8080/tcp"`},
	"a list of ports":                {goodYAML, "8080", "[80, 443]", "line 9: Resources[0].TargetService.Properties.LoadBalancerInfo.ContainerPort: expected a text, found a list"},
	"two containers in two cases":    {goodYAML, "ContainerName: web", "ContainerName: web\n          containername: api", "line 9: Resources[0].TargetService.Properties.LoadBalancerInfo.containername: the key appears twice; the first one is ContainerName in line 8 (keys are read in any case)"},
	"a platform version of parts":    {goodYAML, "LATEST", "[LATEST]", "line 10: Resources[0].TargetService.Properties.PlatformVersion: expected a text, found a list"},
	"a network without its part":     {goodYAML, "          AwsvpcConfiguration:\n            Subnets: [subnet-1, subnet-2]\n            SecurityGroups: [sg-2]\n            AssignPublicIp: ENABLED", "          Subnets: [subnet-1]", "line 12: Resources[0].TargetService.Properties.NetworkConfiguration: the key AwsvpcConfiguration is missing"},
	"a network of a list": {goodJSON, `{"AwsvpcConfiguration": {
        "Subnets": ["subnet-1"], "SecurityGroups": ["sg-2"], "AssignPublicIp": "ENABLED"
      }}`, `["subnet-1"]`, "line 9: Resources[0].TargetService.Properties.NetworkConfiguration: expected a map of keys and values, found a list"},
	"no subnets":                {goodYAML, "            Subnets: [subnet-1, subnet-2]\n", "", "line 13: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration: Subnets, SecurityGroups and AssignPublicIp are needed together; Subnets is missing"},
	"an empty list of subnets":  {goodJSON, `["subnet-1"]`, "[]", "line 10: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration.Subnets: the list is empty"},
	"subnets that are a text":   {goodYAML, "[subnet-1, subnet-2]", "subnet-1,subnet-2", `line 13: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration.Subnets: expected a list of texts, found "subnet-1,subnet-2"`},
	"subnets within a list":     {goodYAML, "[subnet-1, subnet-2]", "[[subnet-1, subnet-2]]", "line 13: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration.Subnets[0]: expected a text, found a list"},
	"no security groups":        {goodJSON, `"SecurityGroups": ["sg-2"], `, "", "line 9: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration: Subnets, SecurityGroups and AssignPublicIp are needed together; SecurityGroups is missing"},
	"no public IP":              {goodYAML, "            AssignPublicIp: ENABLED\n", "", "line 13: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration: the key AssignPublicIp is missing"},
	"a public IP of true":       {goodJSON, `"ENABLED"`, "true", `line 10: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp: expected ENABLED or DISABLED, found "true"`},
	"a public IP in lower case": {goodYAML, "ENABLED", "enabled", `line 15: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp: expected ENABLED or DISABLED, found "enabled"`},
	"a strategy that is a map":  {goodYAML, "          - Base: 1\n            Cap", "            Base: 1\n            Cap", "line 17: Resources[0].TargetService.Properties.CapacityProviderStrategy: expected a list of capacity providers, found a map"},
	"a provider without a name": {goodJSON, `"CapacityProvider": "FARGATE_SPOT", `, "", "line 12: Resources[0].TargetService.Properties.CapacityProviderStrategy[0]: the key CapacityProvider is missing"},
	"a provider by its ARN":     {goodYAML, "FARGATE_SPOT", "arn:aws:ecs:us-east-1:111122223333:capacity-provider/fast", `line 18: Resources[0].TargetService.Properties.CapacityProviderStrategy[0].CapacityProvider: expected the short name of a capacity provider, found "arn:aws:ecs:us-east-1:111122223333:capacity-provider/fast"`},
	"providers that are names":  {goodJSON, `{"CapacityProvider": "FARGATE_SPOT", "Weight": 2}`, `"FARGATE_SPOT"`, `line 12: Resources[0].TargetService.Properties.CapacityProviderStrategy[0]: expected a map of keys and values, found "FARGATE_SPOT"`},
	"a weight below 0":          {goodYAML, "Weight: 2", "Weight: -1", `line 19: Resources[0].TargetService.Properties.CapacityProviderStrategy[0].Weight: expected a whole number from 0 to 1000, found "-1"`},
	"a weight with a fraction":  {goodJSON, `"Weight": 2`, `"Weight": 0.5`, `line 12: Resources[0].TargetService.Properties.CapacityProviderStrategy[0].Weight: expected a whole number from 0 to 1000, found "0.5"`},
	"a base too high":           {goodYAML, "Base: 1", "Base: 100001", `line 17: Resources[0].TargetService.Properties.CapacityProviderStrategy[0].Base: expected a whole number from 0 to 100000, found "100001"`},
	"an unknown anchor":         {goodYAML, "[sg-2]", "*groups", "not readable as YAML or JSON: unknown anchor 'groups' referenced"},
	"a YAML alias":              {goodYAML, "[subnet-1, subnet-2]\n            SecurityGroups: [sg-2]", "&all [a, b]\n            SecurityGroups: *all", "line 14: Resources[0].TargetService.Properties.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups: YAML aliases are not supported; repeat the value"},
	"a merge key":               {goodYAML, "          ContainerName: web", "          <<: {ContainerName: web}", "line 8: Resources[0].TargetService.Properties.LoadBalancerInfo.<<: YAML merge keys are not supported; write the keys out\nline 8: Resources[0].TargetService.Properties.LoadBalancerInfo: the key ContainerName is missing"},
	"an unknown hook":           {goodYAML, "BeforeInstall", "ValidateService", "line 21: Hooks[0].ValidateService: unknown lifecycle event; expected one of BeforeInstall, AfterInstall, AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic"},
	"a hook of Install":         {goodJSON, "BeforeInstall", "Install", "line 15: Hooks[0].Install: unknown lifecycle event; expected one of BeforeInstall, AfterInstall, AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic"},
	"a hook without a function": {goodYAML, " hook", ` ""`, "line 21: Hooks[0].BeforeInstall: a function's name or ARN is missing"},
	"a hook that is a list":     {goodJSON, `"hook"`, `["hook"]`, "line 15: Hooks[0].BeforeInstall: expected a text, found a list"},
	"a hook that is a topic":    {goodYAML, " hook", " arn:aws:sns:us-east-1:111122223333:shop", `line 21: Hooks[0].BeforeInstall: expected the name or the ARN of a function, found "arn:aws:sns:us-east-1:111122223333:shop"`},
	"hooks that are a map":      {goodJSON, `[{"BeforeInstall": "hook"}]`, `{"BeforeInstall": "hook"}`, "line 15: Hooks: expected a list of event: function pairs, found a map"},
	"an event with two hooks":   {goodYAML, "hook\n", "hook\n  - beforeinstall: again\n", "line 22: Hooks[1].beforeinstall: the event BeforeInstall has more than one function"},
}

// TestBadAppSpecs: what fails a deployment before anything outside is asked,
// and what people are told.
func TestBadAppSpecs(t *testing.T) {
	t.Parallel()
	const least, leastOfEach = 60, 20
	forms := map[string]int{}
	for _, b := range badSpecs {
		forms[b.in]++
	}
	if len(badSpecs) < least || forms[goodYAML] < leastOfEach || forms[goodJSON] < leastOfEach {
		t.Errorf("there are %d bad AppSpec files, %d of them in YAML and %d in JSON; want %d, and %d of each",
			len(badSpecs), forms[goodYAML], forms[goodJSON], least, leastOfEach)
	}
	t.Logf("%d in YAML, %d in JSON", forms[goodYAML], forms[goodJSON])
	for name, b := range badSpecs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := b.with
			if b.old != "" {
				if !strings.Contains(b.in, b.old) {
					t.Fatalf("there is no %q in the file", b.old)
				}
				text = strings.Replace(b.in, b.old, b.with, 1)
			}
			want := "The AppSpec file cannot be deployed: the AppSpec file is not valid: " + b.says + "."
			if strings.TrimSpace(text) == "" {
				want = b.says
			}
			if got := refusedSpec(t, text); got.Code != deploy.InvalidRevision || got.Message != want {
				t.Errorf("%s %s\nwant %s %s", got.Code, got.Message, deploy.InvalidRevision, want)
			}
		})
	}
}

// refusedSpec deploys with an AppSpec file that is bad.
func refusedSpec(t *testing.T, text string) deploy.ErrorInfo {
	t.Helper()
	d := deployment("AllAtOnce")
	d.AppSpec = text
	st := newStory(t, d)
	st.world.Fault = func(call string) error {
		t.Errorf("%s was called", call)
		return nil
	}
	got := st.run()
	if got.Status != deploy.Failed || got.Error == nil {
		t.Fatalf("the deployment ended as %s", got.Status)
	}
	return *got.Error
}
