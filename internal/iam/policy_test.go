package iam_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/iam"
)

func TestParsePolicyOfAWSDeployRegister(t *testing.T) {
	policies := parse(t, `[{"Action":["s3:Get*","s3:List*"],"Effect":"Allow","Resource":"*"}]`)
	if got := decide(t, user(), policies, "s3:GetObject", "arn:aws:s3:::bucket/key"); got != iam.Allowed {
		t.Error(got)
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	statement := func(s string) string { return `{"Statement":` + s + `}` }
	for document, want := range map[string]string{
		``:                               "must be a JSON object",
		`[]`:                             "must be a JSON object",
		`{`:                              "not valid JSON",
		`{}`:                             "Statement is missing",
		`{"Statement":[]}`:               "must not be empty",
		`{"Statement":null}`:             "must be a JSON object",
		statement(`"x"`):                 "must be a JSON object",
		`{"statement":[]}`:               `unknown element "statement"`,
		`{"Version":"2020-01-01"}`:       "valid version",
		`{"Version":2012}`:               "Version must be a string",
		`{"Statement":[],"Statement":1}`: `"Statement" twice`,
		statement(`{"Effect":"Allow","Action":"*","Resource":"*"}`) + `x`:                                         "something after",
		statement(`{"Action":"*","Resource":"*"}`):                                                                "Effect must be a string",
		statement(`{"Effect":"allow","Action":"*","Resource":"*"}`):                                               "Allow or Deny",
		statement(`{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}`):                               `"Effect" twice`,
		statement(`{"Effect":"Allow","Resource":"*"}`):                                                            "either Action or NotAction",
		statement(`{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}`):                               "either Action or NotAction",
		statement(`{"Effect":"Allow","Action":"*"}`):                                                              "either Resource or NotResource",
		statement(`{"Effect":"Allow","Action":[],"Resource":"*"}`):                                                "Action must not be empty",
		statement(`{"Effect":"Allow","Action":[null],"Resource":"*"}`):                                            "Action must be a string",
		statement(`{"Effect":"Allow","Action":"GetApplication","Resource":"*"}`):                                  "has not the right form",
		statement(`{"Effect":"Allow","Action":"*","Resource":"shop"}`):                                            "has not the right form",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}`):                               "should not specify a principal",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":"x"}`):                               "Condition must be a JSON object",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"a":1,"a":2}}`):                     `"a" twice`,
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringIs":{"a":"b"}}}`):            "not a condition operator",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NullIfExists":{"a":"true"}}}`):     "not a condition operator",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":[]}}}`):         "must not be empty",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":{}}}}`):         "must be a string",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"a":"x"}}}`):       "not a number",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateEquals":{"a":"soon"}}}`):       "not a date",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"perhaps"}}}`):          "neither true nor false",
		statement(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"a":"10.0.0.0/33"}}}`): "neither an IP address",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:${aws:username"}}`:    "no closing brace",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:${a b}"}}`:            "not a policy variable",
	} {
		_, err := iam.ParsePolicy(document)
		var fault *iam.SyntaxError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", document, err, want)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Action":["a:B"],"NotResource":"*"}]}`, "a:B", "arn:x")
	f.Add(`{"Statement":{"Effect":"Deny","NotAction":"*","Resource":["arn:${a}"],"Condition":{}}}`, "", "")
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:${aws:username,'x'}/${*}","Condition":{"ForAllValues:StringLike":{"aws:TagKeys":["a*"]}}}}`, "a:B", "arn:ann/*")
	f.Fuzz(func(t *testing.T, document, action, resource string) {
		p, err := iam.ParsePolicy(document)
		if err != nil {
			var fault *iam.SyntaxError
			if !errors.As(err, &fault) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		got := decide(t, user(), []*iam.Policy{p}, action, resource)
		if got == iam.Allowed && !strings.Contains(document, "All") && !strings.Contains(document, `\u`) {
			t.Errorf("%s allows %s", document, action)
		}
	})
}
