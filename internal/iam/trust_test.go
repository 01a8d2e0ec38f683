package iam_test

import (
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/iam"
)

func trust(t *testing.T, statements string) *iam.TrustPolicy {
	t.Helper()
	p, err := iam.ParseTrustPolicy(`{"Version":"2012-10-17","Statement":` + statements + `}`)
	if err != nil {
		t.Fatal(statements, err)
	}
	return p
}

func TestTrust(t *testing.T) {
	session := iam.Role{AccountID: account, ID: "AROA1", Path: "/", Name: "Deployer"}.Session("build-7", "")
	by := func(principal string) string {
		return `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + `}`
	}
	for _, tt := range []struct {
		name, statements string
		caller           iam.Principal
		want             iam.Trust
	}{
		{"anybody", by(`"*"`), user(), iam.TrustCaller},
		{"any of AWS", by(`{"AWS":"*"}`), user(), iam.TrustCaller},
		{"account number", by(`{"AWS":"000000000000"}`), user(), iam.TrustAccount},
		{"account's root", by(`{"AWS":"arn:aws:iam::000000000000:root"}`), user(), iam.TrustAccount},
		{"root itself", by(`{"AWS":"arn:aws:iam::000000000000:root"}`), iam.Root(account), iam.TrustCaller},
		{"other account", by(`{"AWS":"111111111111"}`), user(), iam.NoTrust},
		{"user", by(`{"AWS":["arn:aws:iam::000000000000:user/bob","arn:aws:iam::000000000000:user/ann"]}`), user(), iam.TrustCaller},
		{"other user", by(`{"AWS":"arn:aws:iam::000000000000:user/bob"}`), user(), iam.NoTrust},
		{"role of a session", by(`{"AWS":"arn:aws:iam::000000000000:role/Deployer"}`), session, iam.TrustCaller},
		{"session", by(`{"AWS":"arn:aws:sts::000000000000:assumed-role/Deployer/build-7"}`), session, iam.TrustCaller},
		{"service", by(`{"Service":"codedeploy.amazonaws.com"}`), user(), iam.NoTrust},
		{"denied", `[` + by(`"*"`) + `,` + strings.Replace(by(`{"AWS":"000000000000"}`), "Allow", "Deny", 1) + `]`, user(), iam.Refused},
		{"another action", strings.Replace(by(`"*"`), "AssumeRole", "TagSession", 1), user(), iam.NoTrust},
		{"condition", strings.TrimSuffix(by(`"*"`), "}") + `,"Condition":{"StringEquals":{"sts:ExternalId":"x"}}}`, user(), iam.TrustCaller},
		{"other condition", strings.TrimSuffix(by(`"*"`), "}") + `,"Condition":{"StringEquals":{"sts:ExternalId":"y"}}}`, user(), iam.NoTrust},
	} {
		r := &iam.Request{Principal: tt.caller, Action: "sts:AssumeRole", Extra: map[string]string{"sts:externalid": "x"}}
		if got, err := trust(t, tt.statements).Decide(r); err != nil || got != tt.want {
			t.Errorf("%s: %v %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestTrustsCodeDeploy(t *testing.T) {
	const yes = `{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"codedeploy.amazonaws.com"}}`
	for statements, want := range map[string]bool{
		yes: true,
		strings.Replace(yes, "codedeploy.", "codedeploy.eu-west-1.", 1):                                                         true,
		strings.Replace(yes, "codedeploy.", "ec2.", 1):                                                                          false,
		strings.Replace(yes, "sts:AssumeRole", "sts:*", 1):                                                                      true,
		strings.Replace(yes, "sts:AssumeRole", "sts:TagSession", 1):                                                             false,
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}`:                                                          false,
		`[` + yes + `,` + strings.Replace(yes, "Allow", "Deny", 1) + `]`:                                                        false,
		strings.TrimSuffix(yes, "}") + `,"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}`:                    true,
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ec2.amazonaws.com","codedeploy.amazonaws.com"]}}`: true,
	} {
		if got := trust(t, statements).TrustsCodeDeploy(); got != want {
			t.Errorf("%s: %v", statements, got)
		}
	}
}

func TestParseTrustPolicyRefuses(t *testing.T) {
	for document, want := range map[string]string{
		`{"Effect":"Allow","Action":"sts:AssumeRole"}`:                                             "must have a Principal",
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"ann"}`:                           `"*" or an object`,
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{}}`:                              "must name somebody",
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"ann"}}`:                   "Invalid principal",
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::*:user/a"}}`: "Invalid principal",
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Federated":"x"}}`:               "unknown element",
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"}`:              "prohibited field",
	} {
		_, err := iam.ParseTrustPolicy(`{"Statement":` + document + `}`)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", document, err, want)
		}
	}
}
