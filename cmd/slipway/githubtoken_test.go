package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/slipwayhq/slipway/internal/daemon"
)

// TestGitHubToken sets a token on a running server.
func TestGitHubToken(t *testing.T) {
	d, err := daemon.Start(t.Context(), daemon.Config{Listen: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Stop(t.Context())
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": d.URL, "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": d.Root.ID, "AWS_SECRET_ACCESS_KEY": string(d.Root.Secret), "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	set := func(name, token string) error {
		cmd := root()
		cmd.SetArgs([]string{"github-token", "set", name})
		cmd.SetIn(strings.NewReader(token))
		return cmd.ExecuteContext(t.Context())
	}
	if err := set("acme", "ghp_1\n"); err != nil {
		t.Fatal(err)
	}
	c, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := codedeploy.NewFromConfig(c).ListGitHubAccountTokenNames(t.Context(), &codedeploy.ListGitHubAccountTokenNamesInput{})
	if err != nil || len(list.TokenNameList) != 1 || list.TokenNameList[0] != "acme" {
		t.Errorf("the server has %+v, %v", list, err)
	}
	for _, tc := range []struct{ name, token, want string }{
		{"a b", "ghp_1", "InvalidGitHubAccountTokenNameException"},
		{"acme", "", "InvalidInputException"},
		{"acme", strings.Repeat("x", maxToken+1), "no token"},
	} {
		if err := set(tc.name, tc.token); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: %v, want %s", tc.name, err, tc.want)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "")
	if err := set("acme", "ghp_1"); err == nil || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL") {
		t.Errorf("without an endpoint: %v", err)
	}
}
