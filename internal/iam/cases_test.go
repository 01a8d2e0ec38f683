package iam_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/iam"
)

// TestCases are policies, requests and decisions. A policy is written as its
// statements; "allow" and "deny" stand for statements about everything, with
// what follows as their condition.
func TestCases(t *testing.T) {
	const (
		allow = iam.Allowed
		deny  = iam.ExplicitlyDenied
		none  = iam.ImplicitlyDenied
	)
	const slashed = "arn:aws:codedeploy:us-east-1:000000000000:application/shop"
	on := func(resource string) string { return `{"Effect":"Allow","Action":"*","Resource":"` + resource + `"}` }
	session := iam.Role{AccountID: account, ID: "AROA1", Path: "/ci/", Name: "Deployer"}.Session("build-7", "")
	ask := func(change ...func(*iam.Request)) iam.Request {
		r := iam.Request{
			Principal: user(), Action: "codedeploy:GetApplication", Resource: app,
			Environment: iam.Environment{
				Time:     time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
				SourceIP: "10.1.2.3", UserAgent: "aws-cli/2.1", Secure: true,
			},
			RequestTags:  map[string]string{"stage": "prod", "team": "web"},
			ResourceTags: func() (map[string]string, error) { return map[string]string{"Owner": "ann", "size": "10"}, nil },
		}
		for _, f := range change {
			f(&r)
		}
		return r
	}
	act := func(action string) func(*iam.Request) { return func(r *iam.Request) { r.Action = action } }
	at := func(resource string) func(*iam.Request) { return func(r *iam.Request) { r.Resource = resource } }
	as := func(p iam.Principal) func(*iam.Request) { return func(r *iam.Request) { r.Principal = p } }
	untagged := func(r *iam.Request) { r.RequestTags, r.ResourceTags = nil, nil }
	tests := []struct {
		name, policies string // of several policies, one a line
		request        iam.Request
		want           iam.Decision
	}{
		// Effects, actions and resources.
		{"no policy", "", ask(), none},
		{"exact", `{"Effect":"Allow","Action":"codedeploy:GetApplication","Resource":"` + app + `"}`, ask(), allow},
		{"action without case", `{"Effect":"Allow","Action":"CodeDeploy:getapplication","Resource":"*"}`, ask(), allow},
		{"resource with case", on("arn:aws:codedeploy:*:application:Shop"), ask(), none},
		{"wildcard action", `{"Effect":"Allow","Action":["s3:*","codedeploy:Get*"],"Resource":"*"}`, ask(), allow},
		{"wildcard inside an action", `{"Effect":"Allow","Action":"codedeploy:*Application","Resource":"*"}`, ask(), allow},
		{"other action", `{"Effect":"Allow","Action":"codedeploy:Get*","Resource":"*"}`, ask(act("codedeploy:StopDeployment")), none},
		{"other service", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, ask(), none},
		{"question mark", on("arn:aws:codedeploy:us-east-1:000000000000:application:sho?"), ask(), allow},
		{"question mark is one", on("arn:aws:codedeploy:us-east-1:000000000000:application:shop?"), ask(), none},
		{"wildcard name", on("arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:shop/*"), ask(at(group)), allow},
		{"one application is not another", on(app), ask(at(app + "2")), none},
		{"second resource", `{"Effect":"Allow","Action":"*","Resource":["arn:x","` + app + `"]}`, ask(), allow},
		{"policy with a slash", on(slashed), ask(), allow},
		{"request with a slash", on(app), ask(at(slashed)), allow},
		{"not the slash of other services", on("arn:aws:s3:us-east-1:000000000000:application/shop"), ask(at("arn:aws:s3:us-east-1:000000000000:application:shop")), none},
		{"denial with a slash", "allow\n" + strings.Replace(on(slashed), "Allow", "Deny", 1), ask(), deny},
		{"deny wins in one policy", `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"codedeploy:*","Resource":"*"}]`, ask(), deny},
		{"deny wins from another", "deny\nallow", ask(), deny},
		{"deny without any allow", "deny", ask(), deny},
		{"deny of something else", "allow\n" + `{"Effect":"Deny","Action":"a:C","Resource":"*"}`, ask(), allow},
		{"not action", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, ask(), allow},
		{"not action, excepted", `{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`, ask(act("iam:CreateUser")), none},
		{"deny all but", "allow\n" + `{"Effect":"Deny","NotAction":["codedeploy:Get*","codedeploy:List*"],"Resource":"*"}`, ask(act("codedeploy:DeleteApplication")), deny},
		{"deny all but, excepted", "allow\n" + `{"Effect":"Deny","NotAction":["codedeploy:Get*","codedeploy:List*"],"Resource":"*"}`, ask(), allow},
		{"not resource", "allow\n" + `{"Effect":"Deny","Action":"*","NotResource":"` + group + `"}`, ask(), deny},
		{"not resource, excepted", "allow\n" + `{"Effect":"Deny","Action":"*","NotResource":"` + group + `"}`, ask(at(group)), allow},
		{"not resource allows", `{"Effect":"Allow","Action":"*","NotResource":"` + group + `"}`, ask(), allow},
		{"star as resource", on("*"), ask(at("*")), allow},
		{"an ARN does not cover everything", on(app), ask(at("*")), none},
		{"root", "deny", ask(as(iam.Root(account))), allow},
		{"nobody", "allow", ask(as(iam.Principal{})), allow},

		// Variables.
		{"user name", on("arn:aws:s3:::home/${aws:username}/*"), ask(at("arn:aws:s3:::home/ann/a")), allow},
		{"another user's name", on("arn:aws:s3:::home/${aws:username}/*"), ask(at("arn:aws:s3:::home/bob/a")), none},
		{"a session has no user name", on("arn:aws:s3:::home/${aws:username}/*"), ask(as(session), at("arn:aws:s3:::home//a")), none},
		{"default", on("arn:aws:s3:::home/${aws:username, 'all'}/*"), ask(as(session), at("arn:aws:s3:::home/all/a")), allow},
		{"escaped star", on("arn:aws:s3:::b/${*}"), ask(at("arn:aws:s3:::b/x")), none},
		{"escaped star matches a star", on("arn:aws:s3:::b/${*}"), ask(at("arn:aws:s3:::b/*")), allow},
		{"unknown variable", on("arn:aws:s3:::${saml:sub}"), ask(at("arn:aws:s3:::x")), none},
		{"denied by an unknown variable", "allow\n" + strings.Replace(on("arn:aws:s3:::${saml:sub}"), "Allow", "Deny", 1), ask(), deny},
		{"an exception nobody can read", `{"Effect":"Allow","Action":"*","NotResource":"arn:${aws:username}"}`, ask(as(session)), none},
		{"in a condition", `allow {"StringEquals":{"aws:ResourceTag/owner":"${aws:username}"}}`, ask(), allow},

		// Conditions on text.
		{"tag", `allow {"StringEquals":{"aws:ResourceTag/Owner":"ann"}}`, ask(), allow},
		{"tag key without case", `allow {"StringEquals":{"aws:resourcetag/OWNER":"ann"}}`, ask(), allow},
		{"tag value with case", `allow {"StringEquals":{"aws:ResourceTag/Owner":"Ann"}}`, ask(), none},
		{"ignore case", `allow {"StringEqualsIgnoreCase":{"aws:ResourceTag/Owner":"ANN"}}`, ask(), allow},
		{"not equals, ignoring case", `allow {"StringNotEqualsIgnoreCase":{"aws:ResourceTag/Owner":"ANN"}}`, ask(), none},
		{"no such tag", `allow {"StringEquals":{"aws:ResourceTag/Owner":"ann"}}`, ask(untagged), none},
		{"one of two values", `allow {"StringEquals":{"aws:username":["bob","ann"]}}`, ask(), allow},
		{"two keys are both needed", `allow {"StringEquals":{"aws:username":"ann","aws:RequestTag/stage":"test"}}`, ask(), none},
		{"two operators are both needed", `allow {"StringEquals":{"aws:username":"ann"},"Bool":{"aws:SecureTransport":"false"}}`, ask(), none},
		{"no wildcards in equals", `allow {"StringEquals":{"aws:username":"a*"}}`, ask(), none},
		{"like", `allow {"StringLike":{"aws:UserAgent":"aws-cli/*"}}`, ask(), allow},
		{"not like", `allow {"StringNotLike":{"aws:UserAgent":"aws-cli/*"}}`, ask(), none},
		{"not equals", `allow {"StringNotEquals":{"aws:username":"bob"}}`, ask(), allow},
		{"not equals is none of", `allow {"StringNotEquals":{"aws:username":["bob","ann"]}}`, ask(), none},
		{"not equals of what is not there", `allow {"StringNotEquals":{"aws:RequestTag/x":"y"}}`, ask(), allow},
		{"if exists, absent", `allow {"StringEqualsIfExists":{"aws:RequestTag/x":"y"}}`, ask(), allow},
		{"if exists, other", `allow {"StringEqualsIfExists":{"aws:RequestTag/stage":"test"}}`, ask(), none},
		{"request tag", `allow {"StringEquals":{"aws:RequestTag/stage":"prod"}}`, ask(), allow},
		{"denied request tag", "allow\n" + `deny {"StringNotEquals":{"aws:RequestTag/stage":"test"}}`, ask(), deny},
		{"condition on another action", "allow\n" + `{"Effect":"Deny","Action":"a:C","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, ask(), allow},

		// The other families.
		{"null", `allow {"Null":{"aws:RequestTag/stage":"true"}}`, ask(), none},
		{"null, absent", `allow {"Null":{"aws:RequestTag/x":"true"}}`, ask(), allow},
		{"not null", `allow {"Null":{"aws:RequestTag/stage":false}}`, ask(), allow},
		{"for all, all", `allow {"ForAllValues:StringEquals":{"aws:TagKeys":["stage","team","other"]}}`, ask(), allow},
		{"for all, one too many", `allow {"ForAllValues:StringEquals":{"aws:TagKeys":["stage"]}}`, ask(), none},
		{"for all of nothing", `allow {"ForAllValues:StringEquals":{"aws:TagKeys":["stage"]}}`, ask(untagged), allow},
		{"for any", `allow {"ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}}`, ask(), allow},
		{"for any, none", `allow {"ForAnyValue:StringEquals":{"aws:TagKeys":["x"]}}`, ask(), none},
		{"for any of nothing", `allow {"ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}}`, ask(untagged), none},
		{"for any not", `allow {"ForAnyValue:StringNotEquals":{"aws:TagKeys":["team"]}}`, ask(), allow},
		{"network", `allow {"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, ask(), allow},
		{"address", `allow {"IpAddress":{"aws:SourceIp":["192.168.0.1","10.1.2.3"]}}`, ask(), allow},
		{"other network", `allow {"IpAddress":{"aws:SourceIp":"192.168.0.0/16"}}`, ask(), none},
		{"denied outside a network", "allow\n" + `deny {"NotIpAddress":{"aws:SourceIp":"192.168.0.0/16"}}`, ask(), deny},
		{"IPv6", `allow {"IpAddress":{"aws:SourceIp":"fd00::/8"}}`, ask(func(r *iam.Request) { r.SourceIP = "fd00::1" }), allow},
		{"IPv4 in IPv6", `allow {"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, ask(func(r *iam.Request) { r.SourceIP = "::ffff:10.1.2.3" }), allow},
		{"before", `allow {"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}`, ask(), allow},
		{"too late", `allow {"DateLessThan":{"aws:CurrentTime":"2026-11-22T12:00:00Z"}}`, ask(), none},
		{"not later than", `allow {"DateLessThanEquals":{"aws:CurrentTime":"2026-11-22T13:00:00+01:00"}}`, ask(), allow},
		{"after", `allow {"DateGreaterThan":{"aws:CurrentTime":"2026"}}`, ask(), allow},
		{"date as seconds", `allow {"DateGreaterThanEquals":{"aws:CurrentTime":"1795348800"}}`, ask(), allow},
		{"epoch", `allow {"NumericGreaterThan":{"aws:EpochTime":1700000000}}`, ask(), allow},
		{"number", `allow {"NumericLessThanEquals":{"aws:ResourceTag/size":"10.0"}}`, ask(), allow},
		{"number too large", `allow {"NumericLessThan":{"aws:ResourceTag/size":"10"}}`, ask(), none},
		{"number not equal", `allow {"NumericNotEquals":{"aws:ResourceTag/size":"10"}}`, ask(), none},
		{"no number", `allow {"NumericLessThan":{"aws:ResourceTag/Owner":"10"}}`, ask(), none},
		{"TLS", `allow {"Bool":{"aws:SecureTransport":true}}`, ask(), allow},
		{"denied without TLS", "allow\n" + `deny {"Bool":{"aws:SecureTransport":"false"}}`, ask(func(r *iam.Request) { r.Secure = false }), deny},
		{"nobody has a second factor", `allow {"Bool":{"aws:MultiFactorAuthPresent":"true"}}`, ask(), none},
		{"ARN", `allow {"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::000000000000:user/ann"}}`, ask(), allow},
		{"ARN like", `allow {"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}`, ask(), allow},
		{"ARN part by part", `allow {"ArnLike":{"aws:PrincipalArn":"arn:*:user/ann"}}`, ask(), none},
		{"ARN not like", `allow {"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}}`, ask(), none},
		{"a session is its role", `allow {"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::000000000000:role/ci/Deployer"}}`, ask(as(session)), allow},
		{"user id of a session", `allow {"StringLike":{"aws:userid":"AROA1:*"}}`, ask(as(session)), allow},
		{"unknown key does not allow", `allow {"StringNotEquals":{"s3:prefix":"secret"}}`, ask(), none},
		{"unknown key denies", "allow\n" + `deny {"StringEquals":{"s3:prefix":"secret"}}`, ask(), deny},
		{"unknown key, but another does not hold", "allow\n" + `deny {"StringEquals":{"s3:prefix":"secret","aws:username":"bob"}}`, ask(), allow},
	}
	for _, tt := range tests {
		var policies []*iam.Policy
		for line := range strings.SplitSeq(tt.policies, "\n") {
			if line != "" {
				policies = append(policies, parse(t, shorthand(line))...)
			}
		}
		got, err := iam.Decide(policies, &tt.request)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v %v, want %v", tt.name, got, err, tt.want)
		}
	}
	t.Logf("%d cases", len(tests))
}

func shorthand(line string) string {
	effect, condition, _ := strings.Cut(line, " ")
	effects := map[string]string{"allow": "Allow", "deny": "Deny"}
	if effects[effect] == "" {
		return line
	}
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return `{"Effect":"` + effects[effect] + `","Action":"*","Resource":"*"` + condition + `}`
}

func TestVariablesNeedTheirVersion(t *testing.T) {
	p, err := iam.ParsePolicy(`{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:${aws:username}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]iam.Decision{"arn:ann": iam.ImplicitlyDenied, "arn:${aws:username}": iam.Allowed} {
		if got := decide(t, user(), []*iam.Policy{p}, "a:B", resource); got != want {
			t.Errorf("%s: %v", resource, got)
		}
	}
}

func TestTagsAreLookedUpOnlyWhenNeeded(t *testing.T) {
	asked := 0
	r := &iam.Request{Principal: user(), Action: "a:B", Resource: app, ResourceTags: func() (map[string]string, error) {
		asked++
		return nil, errors.New("the disk is gone")
	}}
	tagged := `,"Condition":{"StringEquals":{"aws:ResourceTag/x":"y"}}}`
	other := parse(t, `[{"Effect":"Deny","Action":"a:C","Resource":"*"`+tagged+`,{"Effect":"Allow","Action":"a:B","Resource":"*"}]`)
	if got, err := iam.Decide(other, r); got != iam.Allowed || err != nil || asked != 0 {
		t.Errorf("%v %v, asked %d times", got, err, asked)
	}
	needed := parse(t, `[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"`+tagged+`]`)
	if got, err := iam.Decide(needed, r); got == iam.Allowed || err == nil || asked != 1 {
		t.Errorf("%v %v, asked %d times", got, err, asked)
	}
}

func TestBoth(t *testing.T) {
	all := []iam.Decision{iam.ImplicitlyDenied, iam.ExplicitlyDenied, iam.Allowed}
	for _, a := range all {
		for _, b := range all {
			got := iam.Both(a, b)
			if got == iam.Allowed && (a != iam.Allowed || b != iam.Allowed) || got != iam.Both(b, a) || iam.Both(a, iam.Allowed) != a {
				t.Errorf("%v and %v are %v", a, b, got)
			}
		}
	}
}

func TestCache(t *testing.T) {
	var c iam.Cache
	const document = `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	one, err := c.Parse(document)
	two, again := c.Parse(document)
	if err != nil || again != nil || one != two {
		t.Error("a text was parsed twice")
	}
	if _, err := c.Parse("{"); err == nil {
		t.Error("a broken policy was parsed")
	}
}

func BenchmarkDecide(b *testing.B) {
	policies := parse(b, `[{"Effect":"Allow","Action":"codedeploy:*","Resource":"arn:aws:codedeploy:*:*:application:shop"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]`)
	r := &iam.Request{Principal: user(), Action: "codedeploy:GetApplication", Resource: app, Environment: iam.Environment{SourceIP: "10.1.1.1"}}
	b.ReportAllocs()
	for b.Loop() {
		if d, _ := iam.Decide(policies, r); d != iam.Allowed {
			b.Fatal(d)
		}
	}
}
