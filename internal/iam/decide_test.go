package iam_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/iam"
)

const (
	account = "000000000000"
	app     = "arn:aws:codedeploy:us-east-1:000000000000:application:shop"
	group   = "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:shop/prod"
)

func user() iam.Principal { return iam.User{AccountID: account, Path: "/", Name: "ann"}.Principal() }

func parse(t interface{ Fatal(...any) }, statements ...string) []*iam.Policy {
	var policies []*iam.Policy
	for _, s := range statements {
		p, err := iam.ParsePolicy(`{"Version":"2012-10-17","Statement":` + s + `}`)
		if err != nil {
			t.Fatal(s, err)
		}
		policies = append(policies, p)
	}
	return policies
}

func TestDecide(t *testing.T) {
	const (
		allow = iam.Allowed
		deny  = iam.ExplicitlyDenied
		none  = iam.ImplicitlyDenied
	)
	tests := []struct {
		name       string
		statements []string
		action     string
		resource   string
		want       iam.Decision
	}{
		{"no policy", nil, "codedeploy:GetApplication", app, none},
		{"exact", []string{`{"Effect":"Allow","Action":"codedeploy:GetApplication","Resource":"` + app + `"}`}, "codedeploy:GetApplication", app, allow},
		{"action without case", []string{`{"Effect":"Allow","Action":"CodeDeploy:getapplication","Resource":"*"}`}, "codedeploy:GetApplication", app, allow},
		{"resource with case", []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:codedeploy:*:application:Shop"}`}, "codedeploy:GetApplication", app, none},
		{"wildcard action", []string{`{"Effect":"Allow","Action":["s3:*","codedeploy:Get*"],"Resource":"*"}`}, "codedeploy:GetDeployment", group, allow},
		{"other action", []string{`{"Effect":"Allow","Action":"codedeploy:Get*","Resource":"*"}`}, "codedeploy:StopDeployment", group, none},
		{"question mark", []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:codedeploy:us-east-1:000000000000:application:sho?"}`}, "a:B", app, allow},
		{"wildcard name", []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:shop/*"}`}, "a:B", group, allow},
		{"second resource", []string{`{"Effect":"Allow","Action":"*","Resource":["arn:x","` + app + `"]}`}, "a:B", app, allow},
		{"deny wins in one policy", []string{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"a:B","Resource":"*"}]`}, "a:B", app, deny},
		{"deny wins from another", []string{`{"Effect":"Deny","Action":"*","Resource":"` + app + `"}`, `{"Effect":"Allow","Action":"*","Resource":"*"}`}, "a:B", app, deny},
		{"deny of something else", []string{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"a:C","Resource":"*"}]`}, "a:B", app, allow},
		{"not action", []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`}, "codedeploy:GetApplication", app, allow},
		{"not action, excepted", []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`}, "iam:CreateUser", app, none},
		{"not resource", []string{`{"Effect":"Deny","Action":"*","NotResource":"` + group + `"}`}, "a:B", app, deny},
		{"not resource, excepted", []string{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","NotResource":"` + group + `"}]`}, "a:B", group, allow},
		{"condition never allows", []string{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"true"}}}`}, "a:B", app, none},
		{"condition always denies", []string{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"a":"true"}}}]`}, "a:B", app, deny},
		{"condition on another action", []string{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"a:C","Resource":"*","Condition":{}}]`}, "a:B", app, allow},
		{"variable never allows", []string{`{"Effect":"Allow","Action":"*","NotResource":"arn:${aws:username}"}`}, "a:B", app, none},
		{"variable always denies", []string{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"arn:${aws:username}"}]`}, "a:B", app, deny},
	}
	for _, tt := range tests {
		if got := iam.Decide(user(), parse(t, tt.statements...), tt.action, tt.resource); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRootMayAll(t *testing.T) {
	policies := parse(t, `{"Effect":"Deny","Action":"*","Resource":"*"}`)
	if got := iam.Decide(iam.Root(account), policies, "a:B", app); got != iam.Allowed {
		t.Errorf("%v, want %v", got, iam.Allowed)
	}
	if got := iam.Decide(iam.Principal{}, nil, "a:B", app); got == iam.Allowed {
		t.Error("the zero principal may do something")
	}
}

// drawPolicy makes policies whose patterns hit a, b and c often.
func drawPolicy(t *rapid.T, label string) string {
	effect := rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, label+" effect")
	action := rapid.SampledFrom([]string{"Action", "NotAction"}).Draw(t, label+" action")
	resource := rapid.SampledFrom([]string{"Resource", "NotResource"}).Draw(t, label+" resource")
	pattern := rapid.SampledFrom([]string{"*", "a", "b", "?", "a*", "${x}"})
	extra := rapid.SampledFrom([]string{"", `,"Condition":{"Null":{"k":"true"}}`}).Draw(t, label+" extra")
	return `{"Effect":"` + effect + `","` + action + `":"s:` + rapid.SampledFrom([]string{"*", "A", "B"}).Draw(t, label+" verb") +
		`","` + resource + `":"arn:` + pattern.Draw(t, label+" pattern") + `"` + extra + `}`
}

func TestDecideProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 5).Draw(t, "count")
		var statements []string
		for range count {
			statements = append(statements, drawPolicy(t, "statement"))
		}
		policies := parse(t, statements...)
		decide := func(p []*iam.Policy) iam.Decision { return iam.Decide(user(), p, "s:A", "arn:a") }
		before := decide(policies)

		reversed := slices.Clone(policies)
		slices.Reverse(reversed)
		if got := decide(reversed); got != before {
			t.Fatalf("the order matters: %v, reversed %v", before, got)
		}
		if count == 0 && before != iam.ImplicitlyDenied {
			t.Fatalf("nobody allowed it: %v", before)
		}
		denial := parse(t, `{"Effect":"Deny","Action":"s:A","Resource":"arn:a"}`)
		if got := decide(append(denial, policies...)); got != iam.ExplicitlyDenied {
			t.Fatalf("with a denial: %v", got)
		}
		if before != iam.ExplicitlyDenied {
			permission := parse(t, `{"Effect":"Allow","Action":"s:A","Resource":"arn:a"}`)
			if got := decide(append(permission, policies...)); got != iam.Allowed {
				t.Fatalf("with a permission: %v, before %v", got, before)
			}
		}
	})
}
