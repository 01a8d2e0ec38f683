package iam_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/iam"
)

func TestNames(t *testing.T) {
	for s, want := range map[string]bool{
		"ann": true, "a+b=c,d.e@f-g_h": true, strings.Repeat("a", 64): true,
		"": false, "a b": false, "a/b": false, "ä": false, "a\n": false, strings.Repeat("a", 65): false,
	} {
		if got := iam.ValidUserName(s); got != want {
			t.Errorf("ValidUserName(%q) = %v", s, got)
		}
	}
	for s, want := range map[string]bool{
		"/": true, "/AWS/CodeDeploy/": true, "/a//b/": true,
		"": false, "a": false, "/a": false, "a/": false, "/a b/": false, "/" + strings.Repeat("a", 511) + "/": false,
	} {
		if got := iam.ValidPath(s); got != want {
			t.Errorf("ValidPath(%q) = %v", s, got)
		}
	}
	if !iam.ValidPathPrefix("/AWS") || !iam.ValidPathPrefix("/") || iam.ValidPathPrefix("AWS") {
		t.Error("ValidPathPrefix")
	}
	if !iam.ValidPolicyName(strings.Repeat("p", 128)) || iam.ValidPolicyName(strings.Repeat("p", 129)) {
		t.Error("ValidPolicyName")
	}
}

func TestCredentials(t *testing.T) {
	for pattern, make := range map[string]func() string{
		`^AKIA[A-Z2-7]{16}$`:  iam.NewAccessKeyID,
		`^[A-Za-z0-9+/]{40}$`: iam.NewSecretAccessKey,
		`^AIDA[A-Z2-7]{17}$`:  iam.NewUserID,
	} {
		one, two := make(), make()
		if !regexp.MustCompile(pattern).MatchString(one) || one == two {
			t.Errorf("%s: %s, %s", pattern, one, two)
		}
	}
	if !iam.ValidAccessKeyID(iam.NewAccessKeyID()) {
		t.Error("a new access key id is not valid")
	}
}

func TestARNs(t *testing.T) {
	if got := iam.Root(account).ARN; got != "arn:aws:iam::000000000000:root" {
		t.Error(got)
	}
	if got := iam.UserARN(account, "/AWS/CodeDeploy/", "host-1"); got != "arn:aws:iam::000000000000:user/AWS/CodeDeploy/host-1" {
		t.Error(got)
	}
}

func TestSecretStaysSecret(t *testing.T) {
	key := iam.AccessKey{ID: "AKIA", Secret: "wJalr"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", key, "secret", key.Secret)
	encoded, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", key, key, key, key.Secret, key.Secret), log.String(), string(encoded)} {
		if strings.Contains(text, "wJalr") {
			t.Error(text)
		}
	}
}
