package lambda

import (
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// goodYAML and goodJSON are the AppSpec files that the bad ones are made of.
const (
	goodYAML = `version: 0.0
Resources:
  - orders:
      Type: AWS::Lambda::Function
      Properties:
        Name: orders
        Alias: live
        CurrentVersion: "4"
        TargetVersion: "5"
Hooks:
  - BeforeAllowTraffic: pre
  - AfterAllowTraffic: post
`
	goodJSON = `{
  "version": "0.0",
  "Resources": [{"orders": {
    "Type": "AWS::Lambda::Function",
    "Properties": {
      "Name": "orders", "Alias": "live", "CurrentVersion": "4", "TargetVersion": "5"
    }
  }}],
  "Hooks": [{"BeforeAllowTraffic": "pre"}, {"AfterAllowTraffic": "post"}]
}`
)

// bad is an AppSpec file with one part of it replaced, and what is wrong with
// it then. An empty old part stands for all of it.
type bad struct {
	in        string // goodYAML or goodJSON
	old, with string
	code      deploy.ErrorCode
	says      string // exactly, behind the words of its code
}

const (
	unreadable = deploy.InvalidRevision
	invalid    = deploy.InvalidFunctionConfig
)

// badSpecs are mistakes that people make.
var badSpecs = map[string]bad{
	"empty":                 {goodYAML, "", "", unreadable, "An AppSpec file is required, but could not be found in the revision"},
	"blank":                 {goodYAML, "", " \n\t\n", unreadable, "An AppSpec file is required, but could not be found in the revision"},
	"comments only":         {goodYAML, "", "# version: 0.0\n", unreadable, "the application specification file was empty"},
	"null":                  {goodJSON, "", "null", unreadable, "the application specification file was empty"},
	"a text":                {goodYAML, "", "hello", unreadable, `line 1: expected a map of keys and values, found "hello"`},
	"a page of a web site":  {goodYAML, "", "<html><body>404 Not Found</body></html>", unreadable, `line 1: expected a map of keys and values, found "<html><body>404 Not Found</body></html>"`},
	"an archive":            {goodYAML, "", "PK\x03\x04\x14\x00", unreadable, "not readable as YAML or JSON: control characters are not allowed"},
	"a list":                {goodJSON, "", "[]", unreadable, "line 1: expected a map of keys and values, found a list"},
	"JSON within JSON":      {goodJSON, "", `"{\"version\":\"0.0\"}"`, unreadable, `line 1: expected a map of keys and values, found "{\"version\":\"0.0\"}"`},
	"JSON cut off":          {goodJSON, `  "Hooks"`, "", unreadable, "line 8: not readable as YAML or JSON: did not find expected node content"},
	"no comma":              {goodJSON, `"0.0",`, `"0.0"`, unreadable, "line 2: not readable as YAML or JSON: did not find expected ',' or '}'"},
	"a quote not closed":    {goodYAML, `"4"`, `"4`, unreadable, "line 5: not readable as YAML or JSON: did not find expected key"},
	"indented by tabs":      {goodYAML, "  - orders", "\t- orders", unreadable, "line 3: not readable as YAML or JSON: found character that cannot start any token (YAML indents with blanks; tabs are not allowed)"},
	"indented too little":   {goodYAML, "      Properties", "     Properties", unreadable, "line 2: not readable as YAML or JSON: did not find expected key"},
	"a template not filled": {goodYAML, "Name: orders", "Name: {{name}}", invalid, "line 6: Resources[0].orders.Properties.Name: expected a text, found a map"},
	"a second document":     {goodYAML, "Hooks:", "---\nversion: 0.0\nHooks:", unreadable, "line 10: a second document begins here; an AppSpec file has one"},
	"broken after its end":  {goodYAML, "Hooks:", "---\n\"\nHooks:", unreadable, "line 11: not readable as YAML or JSON: found unexpected end of stream"},
	"two values":            {goodJSON, "\n}", "\n}\n{}", unreadable, "line 10: not readable as YAML or JSON: did not find expected <document start>"},
	"a file for servers":    {goodYAML, "", "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv\n", unreadable, "line 1: the key Resources is missing; it holds what is deployed"},
	"Resource":              {goodYAML, "Resources", "Resource", unreadable, "line 1: the key Resources is missing; it holds what is deployed"},
	"resources of nothing":  {goodJSON, `[{"orders"`, `null, "x": [{"orders"`, unreadable, "line 1: the key Resources is missing; it holds what is deployed"},

	"no version":                {goodYAML, "version: 0.0\n", "", invalid, "line 1: invalid version value: the key version is missing; write version: 0.0"},
	"another version":           {goodYAML, "0.0", "1.0", invalid, `line 1: version: invalid version value: expected 0.0, found "1.0"`},
	"a version of words":        {goodJSON, `"0.0"`, `"latest"`, invalid, `line 2: version: invalid version value: expected 0.0, found "latest"`},
	"a version that is a list":  {goodJSON, `"0.0"`, `["0.0"]`, invalid, "line 2: version: invalid version value: expected 0.0, found a list"},
	"a version of nothing":      {goodYAML, "version: 0.0", "version:", invalid, "line 1: version: invalid version value: expected 0.0, found nothing"},
	"resources that are a map":  {goodYAML, "  - orders", "    orders", invalid, "line 3: Resources: expected a list with one resource, found a map"},
	"no resource":               {goodJSON, `[{"orders"`, `[], "x": [{"orders"`, invalid, "line 3: Resources: expected exactly one resource, found 0"},
	"two resources":             {goodYAML, "Hooks:", "  - more: {}\nHooks:", invalid, "line 3: Resources: expected exactly one resource, found 2"},
	"two names in one resource": {goodYAML, "Hooks:", "    more: {}\nHooks:", invalid, "line 3: Resources[0]: expected one name with a resource below it, found 2"},
	"a resource that is a name": {goodJSON, `[{"orders"`, `["orders"], "x": [{"orders"`, invalid, `line 3: Resources[0]: expected a map of keys and values, found "orders"`},
	"a resource of ECS":         {goodYAML, "AWS::Lambda::Function", "AWS::ECS::Service", invalid, `line 4: Resources[0].orders.Type: expected AWS::Lambda::Function, found "AWS::ECS::Service"`},
	"a type in lower case":      {goodJSON, "AWS::Lambda::Function", "aws::lambda::function", invalid, `line 4: Resources[0].orders.Type: expected AWS::Lambda::Function, found "aws::lambda::function"`},
	"no type":                   {goodYAML, "      Type: AWS::Lambda::Function\n", "", invalid, "line 4: Resources[0].orders: the key Type is missing"},
	"no properties":             {goodYAML, "Properties", "Property", invalid, "line 4: Resources[0].orders: the key Properties is missing"},
	"properties that are a list": {goodJSON, `{
      "Name": "orders", "Alias": "live", "CurrentVersion": "4", "TargetVersion": "5"
    }`, `["orders"]`, invalid, "line 5: Resources[0].orders.Properties: expected a map of keys and values, found a list"},
	"no name":                     {goodJSON, `"Name": "orders", `, "", invalid, "line 5: Resources[0].orders.Properties: the key Name is missing"},
	"a name of nothing":           {goodYAML, "Name: orders", "Name:", invalid, "line 6: Resources[0].orders.Properties.Name: Name has no value"},
	"a name with an alias":        {goodYAML, "Name: orders", "Name: orders:live", invalid, `line 6: Resources[0].orders.Properties.Name: Name must be the name of a function, or its ARN without a version or alias, not "orders:live"`},
	"a name left to be filled in": {goodYAML, "Name: orders", "Name: <FUNCTION>", invalid, `line 6: Resources[0].orders.Properties.Name: Name must be the name of a function, or its ARN without a version or alias, not "<FUNCTION>"`},
	"an ARN with a version":       {goodJSON, `"Name": "orders"`, `"Name": "arn:aws:lambda:us-east-1:111122223333:function:orders:4"`, invalid, `line 6: Resources[0].orders.Properties.Name: Name must be the name of a function, or its ARN without a version or alias, not "arn:aws:lambda:us-east-1:111122223333:function:orders:4"`},
	"an ARN of another service":   {goodYAML, "Name: orders", "Name: arn:aws:ecs:us-east-1:111122223333:service/c1/orders", invalid, `line 6: Resources[0].orders.Properties.Name: Name must be the name of a function, or its ARN without a version or alias, not "arn:aws:ecs:us-east-1:111122223333:service/c1/orders"`},
	"no alias":                    {goodYAML, "        Alias: live\n", "", invalid, "line 6: Resources[0].orders.Properties: the key Alias is missing"},
	"an alias with its function":  {goodYAML, "Alias: live", "Alias: orders:live", invalid, `line 7: Resources[0].orders.Properties.Alias: Alias must be the name of an alias, not "orders:live"`},
	"an alias that is a version":  {goodJSON, `"live"`, `4`, invalid, `line 6: Resources[0].orders.Properties.Alias: Alias must be the name of an alias, not "4"`},
	"$LATEST for an alias":        {goodYAML, "Alias: live", "Alias: $LATEST", invalid, `line 7: Resources[0].orders.Properties.Alias: Alias must be the name of an alias, not "$LATEST"`},
	"two aliases":                 {goodJSON, `"Alias": "live"`, `"Alias": "live", "Alias": "beta"`, invalid, "line 6: Resources[0].orders.Properties.Alias: the key appears twice; the first one is in line 6"},
	"two aliases in two cases":    {goodYAML, "Alias: live", "Alias: live\n        alias: beta", invalid, "line 8: Resources[0].orders.Properties.alias: the key appears twice; the first one is Alias in line 7 (keys are read in any case)"},
	"no current version":          {goodJSON, `"CurrentVersion": "4", `, "", invalid, "line 5: Resources[0].orders.Properties: the key CurrentVersion is missing"},
	"a misspelt target version":   {goodYAML, "TargetVersion", "TargetVersoin", invalid, "line 6: Resources[0].orders.Properties: the key TargetVersion is missing"},
	"$LATEST":                     {goodYAML, `"5"`, `$LATEST`, invalid, `line 9: Resources[0].orders.Properties.TargetVersion: TargetVersion must be the number of a published version, not "$LATEST"`},
	"version 0":                   {goodJSON, `"TargetVersion": "5"`, `"TargetVersion": 0`, invalid, `line 6: Resources[0].orders.Properties.TargetVersion: TargetVersion must be the number of a published version, not "0"`},
	"a version below 0":           {goodYAML, `"5"`, `-5`, invalid, `line 9: Resources[0].orders.Properties.TargetVersion: TargetVersion must be the number of a published version, not "-5"`},
	"a version with a fraction":   {goodYAML, `"5"`, `5.0`, invalid, `line 9: Resources[0].orders.Properties.TargetVersion: TargetVersion must be the number of a published version, not "5.0"`},
	"an alias for a version":      {goodYAML, `"5"`, `live`, invalid, `line 9: Resources[0].orders.Properties.TargetVersion: TargetVersion must be the number of a published version, not "live"`},
	"a list of versions":          {goodJSON, `"TargetVersion": "5"`, `"TargetVersion": ["5"]`, invalid, "line 6: Resources[0].orders.Properties.TargetVersion: expected a text, found a list"},
	"the same version":            {goodYAML, `"5"`, `4`, invalid, "line 9: Resources[0].orders.Properties.TargetVersion: TargetVersion is CurrentVersion (4): there is nothing to deploy"},
	"a YAML alias":                {goodYAML, "CurrentVersion: \"4\"\n        TargetVersion: \"5\"", "CurrentVersion: &v \"4\"\n        TargetVersion: *v", invalid, "line 9: Resources[0].orders.Properties.TargetVersion: YAML aliases are not supported; repeat the value"},
	"a merge key":                 {goodYAML, "        Name: orders\n", "        <<: {Name: orders}\n", invalid, "line 6: Resources[0].orders.Properties.<<: YAML merge keys are not supported; write the keys out\nline 6: Resources[0].orders.Properties: the key Name is missing"},
	"aliases upon aliases":        {goodYAML, "Resources:", "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nResources: *c\nx:", invalid, "line 5: Resources: YAML aliases are not supported; repeat the value"},
	"an unknown hook":             {goodYAML, "BeforeAllowTraffic", "BeforeInstall", invalid, "line 11: Hooks[0].BeforeInstall: unknown lifecycle event; expected one of BeforeAllowTraffic, AfterAllowTraffic"},
	"an event without hooks":      {goodJSON, "BeforeAllowTraffic", "AllowTraffic", invalid, "line 9: Hooks[0].AllowTraffic: unknown lifecycle event; expected one of BeforeAllowTraffic, AfterAllowTraffic"},
	"a hook listed twice":         {goodYAML, "BeforeAllowTraffic", "AfterAllowTraffic", invalid, "line 12: Hooks[1].AfterAllowTraffic: the event AfterAllowTraffic has more than one function"},
	"a hook without a function":   {goodYAML, " pre", "", invalid, "line 11: Hooks[0].BeforeAllowTraffic: a function's name or ARN is missing"},
	"a hook with scripts":         {goodYAML, " pre", "\n      - location: pre.sh", invalid, "line 12: Hooks[0].BeforeAllowTraffic: expected a text, found a list"},
	"a hook of two words":         {goodYAML, " pre", " check the orders", invalid, `line 11: Hooks[0].BeforeAllowTraffic: expected the name or the ARN of a function, found "check the orders"`},
	"a hook that is a topic":      {goodJSON, `"pre"`, `"arn:aws:sns:us-east-1:111122223333:orders"`, invalid, `line 9: Hooks[0].BeforeAllowTraffic: expected the name or the ARN of a function, found "arn:aws:sns:us-east-1:111122223333:orders"`},
	"hooks that are a map":        {goodYAML, "  - BeforeAllowTraffic: pre\n  - After", "  BeforeAllowTraffic: pre\n  After", invalid, "line 11: Hooks: expected a list of event: function pairs, found a map"},
	"hooks that are names":        {goodJSON, `{"BeforeAllowTraffic": "pre"}`, `"BeforeAllowTraffic"`, invalid, `line 9: Hooks[0]: expected a map of keys and values, found "BeforeAllowTraffic"`},
	"three mistakes":              {goodYAML, "        Name: orders\n        Alias: live\n        CurrentVersion: \"4\"\n", "        CurrentVersion: four\n", invalid, "line 6: Resources[0].orders.Properties: the key Name is missing\nline 6: Resources[0].orders.Properties: the key Alias is missing\nline 6: Resources[0].orders.Properties.CurrentVersion: CurrentVersion must be the number of a published version, not \"four\""},
}

// TestBadAppSpecs: what fails a deployment before anything outside is asked,
// with which code, and what people are told.
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
	words := map[deploy.ErrorCode][2]string{
		unreadable: {"The AppSpec file cannot be read: the AppSpec file is not valid: ", "."},
		invalid: {
			"The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or " +
				"has an invalid configuration. (the AppSpec file is not valid: ", ".)",
		},
	}
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
			want := words[b.code][0] + b.says + words[b.code][1]
			if strings.TrimSpace(text) == "" {
				want = b.says
			}
			if got := refusedSpec(t, text); got.Code != b.code || got.Message != want {
				t.Errorf("%s %s\nwant %s %s", got.Code, got.Message, b.code, want)
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
	st.world.Fault = func(call, name string) error {
		t.Errorf("%s was called for %s", call, name)
		return nil
	}
	got := st.run()
	if got.Status != deploy.Failed || got.Error == nil {
		t.Fatalf("the deployment ended as %s", got.Status)
	}
	return *got.Error
}
