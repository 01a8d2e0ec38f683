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

// decide is a decision that takes no tags.
func decide(t interface{ Fatal(...any) }, p iam.Principal, policies []*iam.Policy, action, resource string) iam.Decision {
	got, err := iam.Decide(policies, &iam.Request{Principal: p, Action: action, Resource: resource})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRootMayAll(t *testing.T) {
	policies := parse(t, `{"Effect":"Deny","Action":"*","Resource":"*"}`)
	if got := decide(t, iam.Root(account), policies, "a:B", app); got != iam.Allowed {
		t.Errorf("%v, want %v", got, iam.Allowed)
	}
	if got := decide(t, iam.Principal{}, nil, "a:B", app); got == iam.Allowed {
		t.Error("the zero principal may do something")
	}
}

// drawPolicy makes policies whose patterns hit a, b and c often.
func drawPolicy(t *rapid.T, label string) string {
	effect := rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, label+" effect")
	action := rapid.SampledFrom([]string{"Action", "NotAction"}).Draw(t, label+" action")
	resource := rapid.SampledFrom([]string{"Resource", "NotResource"}).Draw(t, label+" resource")
	pattern := rapid.SampledFrom([]string{"*", "a", "b", "?", "a*", "${x}", "${aws:username}"})
	extra := rapid.SampledFrom([]string{"", `,"Condition":{"Null":{"k":"true"}}`, `,"Condition":{"Null":{"aws:username":"true"}}`, `,"Condition":{"StringLike":{"aws:username":"a*"}}`}).Draw(t, label+" extra")
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
		ask := func(p []*iam.Policy) iam.Decision { return decide(t, user(), p, "s:A", "arn:a") }
		before := ask(policies)

		reversed := slices.Clone(policies)
		slices.Reverse(reversed)
		if got := ask(reversed); got != before {
			t.Fatalf("the order matters: %v, reversed %v", before, got)
		}
		if count == 0 && before != iam.ImplicitlyDenied {
			t.Fatalf("nobody allowed it: %v", before)
		}
		denial := parse(t, `{"Effect":"Deny","Action":"s:A","Resource":"arn:a"}`)
		if got := ask(append(denial, policies...)); got != iam.ExplicitlyDenied {
			t.Fatalf("with a denial: %v", got)
		}
		if before != iam.ExplicitlyDenied {
			permission := parse(t, `{"Effect":"Allow","Action":"s:A","Resource":"arn:a"}`)
			if got := ask(append(permission, policies...)); got != iam.Allowed {
				t.Fatalf("with a permission: %v, before %v", got, before)
			}
		}
	})
}
