package local

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// code is the name of an error.
func code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestAliasRules are Lambda's rules for what an alias may route to.
func TestAliasRules(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	create(t, f, "fn", 3, nil)
	other := provided
	other.Role += "-2"
	_, err := f.UpdateConfig(ns, "fn", "", func(c *Config) { c.Role = other.Role })
	if err == nil {
		_, err = f.Publish(ns, "fn", "", "", "") // version 4 has another role
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		version string
		weights map[string]float64
		code    string
	}{
		"one version":                 {"1", nil, ""},
		"$LATEST alone":               {Latest, nil, ""},
		"two versions":                {"1", map[string]float64{"2": 0.3}, ""},
		"a weight of nothing":         {"1", map[string]float64{"2": 0}, ""},
		"a weight of all":             {"1", map[string]float64{"2": 1}, ""},
		"three versions":              {"1", map[string]float64{"2": 0.3, "3": 0.3}, Invalid},
		"the same version twice":      {"1", map[string]float64{"1": 0.3}, Invalid},
		"$LATEST with a weight":       {"1", map[string]float64{Latest: 0.3}, Invalid},
		"$LATEST and another":         {Latest, map[string]float64{"1": 0.3}, Invalid},
		"more than all":               {"1", map[string]float64{"2": 1.01}, Invalid},
		"less than nothing":           {"1", map[string]float64{"2": -0.01}, Invalid},
		"not a number":                {"1", map[string]float64{"2": math.NaN()}, Invalid},
		"a weight for an unknown one": {"1", map[string]float64{"9": 0.3}, Invalid},
		"an unknown version":          {"9", nil, NotFound},
		"another role":                {"1", map[string]float64{"4": 0.3}, Invalid},
	} {
		a := Alias{Name: "a", Alias: function.Alias{Version: c.version, Weights: c.weights}}
		made, err := f.CreateAlias(ns, "fn", a)
		if code(err) != c.code {
			t.Errorf("%s: created: %v, want %s", name, err, c.code)
		}
		if err == nil && (made.RevisionID == "" || f.DeleteAlias(ns, "fn", "a") != nil) {
			t.Errorf("%s: %+v", name, made)
		}
	}
	for _, name := range []string{"", "1", "$LATEST", "a b", "ä", strings.Repeat("a", 129)} {
		if _, err := f.CreateAlias(ns, "fn", Alias{Name: name, Alias: function.Alias{Version: "1"}}); code(err) != Invalid {
			t.Errorf("an alias called %q: %v", name, err)
		}
	}
}

// TestRevisionID: it changes with every write, and an old one is refused.
func TestRevisionID(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	create(t, f, "fn", 2, nil)
	first, err := f.CreateAlias(ns, "fn", Alias{Name: "live", Alias: function.Alias{Version: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{first.RevisionID: true}
	id := first.RevisionID
	for range 3 { // the same state each time
		if id, err = f.UpdateAlias(t.Context(), scope, "fn", "live", function.Alias{Version: "2", RevisionID: id}); err != nil || seen[id] {
			t.Fatalf("%s, %v", id, err)
		}
		seen[id] = true
	}
	_, err = f.UpdateAlias(t.Context(), scope, "fn", "live", function.Alias{Version: "1", RevisionID: first.RevisionID})
	if !errors.Is(err, function.ErrConflict) || code(err) != Stale {
		t.Errorf("an old id: %v", err)
	}
	if a, err := f.Alias(t.Context(), scope, "fn", "live"); err != nil || a.Version != "2" || a.RevisionID != id {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err = f.UpdateCode(ns, "fn", "old", self(t, "9"), false); code(err) != Stale {
		t.Errorf("code with an old id: %v", err)
	}
}

// TestPublish: what has not changed is no new version, and no number is used
// twice.
func TestPublish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, Options{Dir: dir})
	create(t, f, "fn", 0, nil)
	publish := func(description string) string {
		t.Helper()
		v, err := f.Publish(ns, "fn", description, "", "")
		if err != nil {
			t.Fatal(err)
		}
		return v.Version.Number
	}
	change := func(edit func(*Config)) {
		t.Helper()
		if _, err := f.UpdateConfig(ns, "fn", "", edit); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	got = append(got, publish("first"), publish(""), publish(""))
	change(func(c *Config) { c.Environment = map[string]string{"NAME": "value"} })
	got = append(got, publish(""), publish(""))
	change(func(c *Config) { c.Timeout++ })
	got = append(got, publish(""))
	if _, err := f.UpdateCode(ns, "fn", "", self(t, "another"), false); err != nil {
		t.Fatal(err)
	}
	got = append(got, publish(""), publish(""))
	if err := f.Delete(ns, "fn", ""); err != nil {
		t.Fatal(err)
	}
	create(t, f, "fn", 1, nil)
	versions, err := f.Versions(ns, "fn")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, versions[1].Version.Number)
	if diff := cmp.Diff([]string{"1", "1", "1", "2", "2", "3", "4", "4", "5"}, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if _, err := f.Publish(ns, "fn", "", "", "bm90IGl0"); code(err) != Invalid {
		t.Errorf("another hash: %v", err)
	}
}

// TestDelete: a version that an alias routes to stays.
func TestDelete(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	create(t, f, "fn", 2, nil)
	if _, err := f.CreateAlias(ns, "fn", Alias{Name: "live", Alias: function.Alias{Version: "1", Weights: map[string]float64{"2": 0.5}}}); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"1", "2"} {
		if err := f.Delete(ns, "fn", version); code(err) != Conflict || !strings.Contains(err.Error(), "live") {
			t.Errorf("version %s: %v", version, err)
		}
	}
	if err := f.Delete(ns, "fn", Latest); code(err) != Invalid {
		t.Errorf("$LATEST: %v", err)
	}
	if err := f.DeleteAlias(ns, "fn", "live"); err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(ns, "fn", "1"); err != nil {
		t.Error(err)
	}
	if err := f.Version(t.Context(), scope, "fn", "1"); !errors.Is(err, function.ErrNotFound) {
		t.Errorf("a deleted version: %v", err)
	}
	if err := f.Delete(ns, "fn", ""); err != nil {
		t.Error(err)
	}
	if _, err := f.Alias(t.Context(), scope, "fn", "live"); !errors.Is(err, function.ErrUnknown) {
		t.Errorf("another driver may know it: %v", err)
	}
}

// TestSurvives: everything is there after a restart, and secrets are sealed on
// disk.
func TestSurvives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, Options{Dir: dir, Secrets: rot13{}})
	create(t, f, "fn", 2, map[string]string{"TEST_TOKEN": "hunter2"})
	made, err := f.CreateAlias(ns, "fn", Alias{Name: "live", Description: "d", Alias: function.Alias{Version: "1", Weights: map[string]float64{"2": 0.25}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, stateDir, ns.Account, ns.Region, "fn.json"))
	if err != nil || strings.Contains(string(text), "hunter2") {
		t.Errorf("the file holds a secret (or: %v)", err)
	}
	before, _ := f.Versions(ns, "fn")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	g := open(t, Options{Dir: dir, Secrets: rot13{}})
	after, err := g.Versions(ns, "fn")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("versions (-before +after):\n%s", diff)
	}
	got, err := g.GetAlias(ns, "fn", "live")
	if diff := cmp.Diff(made, got); err != nil || diff != "" {
		t.Errorf("the alias (-before +after): %v\n%s", err, diff)
	}
	if out := call(t, g, "fn", "2", order{Getenv: "TEST_TOKEN"}); string(out.Payload) != `"hunter2"` {
		t.Errorf("the function sees %s", out.Payload)
	}
	if _, err := Open(Options{Dir: dir}); err == nil {
		t.Error("sealed variables were read without a key")
	}
}

// rot13 is a sealer for tests.
type rot13 struct{}

func (rot13) turn(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		case r >= '0' && r <= '9':
			return '0' + (r-'0'+5)%10
		}
		return r
	}, s)
}
func (r rot13) Seal(_, secret string) string          { return r.turn(secret) }
func (r rot13) Open(_, sealed string) (string, error) { return r.turn(sealed), nil }

// TestParseName: the forms of a function's name.
func TestParseName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"fn":                         "fn ",
		"fn:live":                    "fn live",
		"fn:3":                       "fn 3",
		"fn:$LATEST":                 "fn $LATEST",
		"111122223333:function:fn":   "fn ",
		"111122223333:function:fn:3": "fn 3",
		"arn:aws:lambda:eu-west-1:111122223333:function:fn":      "fn ",
		"arn:aws:lambda:eu-west-1:111122223333:function:fn:live": "fn live",
		"arn:aws:lambda:us-east-1:111122223333:function:fn":      NotFound,
		"arn:aws:lambda:eu-west-1:444455556666:function:fn":      NotFound,
		"444455556666:function:fn":                               NotFound,
		"":                                                       Invalid,
		"../fn":                                                  Invalid,
		"fn/..":                                                  Invalid,
		"fn:a:b":                                                 Invalid,
		"fn:..":                                                  Invalid,
		"arn:aws:s3:::bucket":                                    Invalid,
		strings.Repeat("f", 65):                                  Invalid,
	} {
		name, qualifier, err := ParseName(ns, in)
		got := name + " " + qualifier
		if err != nil {
			got = code(err)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// FuzzParseName: whatever is accepted is good as the name of a folder.
func FuzzParseName(f *testing.F) {
	for _, s := range []string{"fn", "fn:live", "arn:aws:lambda:eu-west-1:111122223333:function:fn:$LATEST", "a:function:b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, qualifier, err := ParseName(ns, text)
		if err == nil && (!filepath.IsLocal(name) || strings.ContainsAny(name+qualifier, "/\\:\x00") || name == "") {
			t.Errorf("%q is %q and %q", text, name, qualifier)
		}
	})
}

// TestConfigRules: what a function may be created with.
func TestConfigRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(*Config)
		says string
	}{
		"good":                   {func(*Config) {}, ""},
		"no runtime":             {func(c *Config) { c.Runtime = "" }, "Runtime is missing"},
		"another runtime":        {func(c *Config) { c.Runtime = "java21" }, "java21"},
		"a handler of no module": {func(c *Config) { c.Runtime, c.Handler = "nodejs22.x", "handler" }, "FILE.FUNCTION"},
		"too long":               {func(c *Config) { c.Timeout = 901 }, "900 seconds, not 901"},
		"too much memory":        {func(c *Config) { c.Memory = 10_241 }, "10240"},
		"a reserved variable":    {func(c *Config) { c.Environment = map[string]string{"AWS_REGION": "x"} }, "AWS_REGION"},
		"the marker":             {func(c *Config) { c.Environment = map[string]string{markerVariable: "x"} }, markerVariable},
		"no name of a variable":  {func(c *Config) { c.Environment = map[string]string{"A=B": "x"} }, "A=B"},
		"large variables":        {func(c *Config) { c.Environment = map[string]string{"AA": strings.Repeat("x", 5000)} }, "bytes limit"},
	} {
		config := provided.withDefaults()
		c.edit(&config)
		err := config.check()
		if c.says == "" && err != nil || c.says != "" && (code(err) != Invalid || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// TestHookAnswers: what a return value means to a deployment.
func TestHookAnswers(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	create(t, f, "hook", 0, nil)
	for event, want := range map[string]function.Answer{
		`{"Return":{"Status":"Succeeded"}}`:                      {Status: deploy.EventSucceeded},
		`{"Return":{"status":"Failed","message":"old"}}`:         {Status: deploy.EventFailed, Message: "old"},
		`{"Return":null}`:                                        {},
		`{"Return":{"Status":"Maybe"}}`:                          {},
		`{"Return":"Succeeded"}`:                                 {},
		`{"Return":{"statusCode":200}}`:                          {},
		`{"Fail":"no database"}`:                                 {Status: deploy.EventFailed, Message: "Told: no database"},
		`{"DeploymentId":"d","LifecycleEventHookExecutionId":1}`: {},
	} {
		got, err := f.Invoke(context.Background(), scope, "arn:aws:lambda:eu-west-1:111122223333:function:hook", []byte(event))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", event, got, err, want)
		}
	}
	if _, err := f.Invoke(t.Context(), scope, "https://hooks.example.org/x", nil); !errors.Is(err, function.ErrUnknown) {
		t.Errorf("a URL: %v", err)
	}
}
