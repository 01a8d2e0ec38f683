package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/bundle"
)

// configured returns the configuration that a file of the official agent
// gives.
func configured(t *testing.T, text string) (agent.Config, error) {
	t.Helper()
	dir := t.TempDir()
	s := settings(dir, "AWS_HOST_IDENTIFIER=arn:h", "AWS_REGION=us-east-1")
	s.ConfigFile = filepath.Join(dir, "codedeployagent.yml")
	if err := os.WriteFile(s.ConfigFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return agent.Configure(t.Context(), s)
}

func TestKeysOfTheConfigurationFile(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		get  func(agent.Config) any
		want any
	}{
		"limit per event":       {"hook_event_timeout_seconds: 90", func(c agent.Config) any { return c.EventTimeout }, 90 * time.Second},
		"no limit per event":    {"hook_event_timeout_seconds: 0", func(c agent.Config) any { return c.EventTimeout }, time.Duration(-1)},
		"identical files":       {"identical_files_conflict: true", func(c agent.Config) any { return c.IdenticalConflict }, true},
		"open output":           {"strict_hook_output: yes", func(c agent.Config) any { return c.StrictOutput }, true},
		"all variables":         {":restrict_hook_env_to_allowlist: false", func(c agent.Config) any { return c.AllVariables }, true},
		"few variables":         {":restrict_hook_env_to_allowlist: true", func(c agent.Config) any { return c.AllVariables }, false},
		"more variables":        {"pass_variables: A, B", func(c agent.Config) any { return strings.Join(c.PassVariables, "+") }, "A+B"},
		"open folders":          {"restrict_agent_dir_permissions: false", func(c agent.Config) any { return c.OpenFolders }, true},
		"private logs":          {"restrict_log_dir_permissions: true", func(c agent.Config) any { return c.PrivateLogs }, true},
		"owners":                {"ignore_ownership_in_bundle: true", func(c agent.Config) any { return c.IgnoreOwners }, true},
		"links":                 {"reject_symlinks_in_bundle: true", func(c agent.Config) any { return c.RejectLinks }, true},
		"size":                  {"archive_max_extraction_size: 4096", func(c agent.Config) any { return c.Limits }, bundle.Limits{Bytes: 4096}},
		"tracking":              {":ongoing_deployment_tracking: under-way", func(c agent.Config) any { return c.Tracking }, "under-way"},
		"user":                  {":user: shop", func(c agent.Config) any { return c.User }, "shop"},
		"no reuse":              {"enable_archive_reuse: false", func(c agent.Config) any { return c.NoReuse }, true},
		"kept apart":            {"link_identical_archive_files: false", func(c agent.Config) any { return c.KeepApart }, true},
		"disk budget":           {":max_archive_size: 512", func(c agent.Config) any { return c.MaxArchiveSize }, int64(512 << 20)},
		"no disk budget":        {":max_archive_size: 0", func(c agent.Config) any { return c.MaxArchiveSize }, int64(0)},
		"verbose":               {":verbose: true", func(c agent.Config) any { return c.Verbose }, true},
		"no log of deployments": {":enable_deployments_log: false", func(c agent.Config) any { return c.NoDeploymentLog }, true},
		"GitHub Enterprise":     {"github_endpoint: https://git.example/api/v3", func(c agent.Config) any { return c.GitHubEndpoint }, "https://git.example/api/v3"},
		"secure and FIPS": {
			":enable_auth_policy: true\n:use_fips_mode: true", func(c agent.Config) any { return c.Endpoint + " " + c.S3Endpoint },
			"https://codedeploy-commands-secure-fips.us-east-1.amazonaws.com https://s3-fips.us-east-1.amazonaws.com",
		},
		"unknown keys":                       {":program_name: codedeploy-agent\n:children: 1\n:codedeploy_test_profile: prod", func(c agent.Config) any { return c.HostIdentifier }, "arn:h"},
		"on-premises file that is not there": {":on_premises_config_file: /nowhere/codedeploy.onpremises.yml", func(c agent.Config) any { return c.HostIdentifier }, "arn:h"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := configured(t, test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, test.get(c)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMistakesOfTheConfigurationFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"archive_max_extraction_size: 1 GB":    `archive_max_extraction_size is "1 GB"`,
		"max_archive_size: 1 GB":               `max_archive_size is "1 GB"`,
		"max_archive_size: -1":                 `max_archive_size is "-1"`,
		"hook_event_timeout_seconds: long":     `hook_event_timeout_seconds is "long"`,
		"proxy_uri: proxy.example.com:3128":    "proxy_uri is",
		"on_premises_config_file: /etc/passwd": "/etc/passwd is invalid",
	} {
		if _, err := configured(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %q", text, err, want)
		}
	}
	c, err := configured(t, ":ongoing_deployment_tracking: ../elsewhere")
	if err == nil {
		_, err = agent.New(c)
	}
	if err == nil || !strings.Contains(err.Error(), "ongoing_deployment_tracking") {
		t.Errorf("error is %v", err)
	}
}

// The keys of a session lie in a file that somebody replaces; the agent uses
// what is in it now.
func TestSessionKeysRotate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := filepath.Join(dir, "credentials")
	write := func(id string) {
		t.Helper()
		text := "[other]\naws_access_key_id = WRONG\n\n[default]\naws_access_key_id = " + id + "\naws_secret_access_key = s\naws_session_token = t-" + id + "\n"
		if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := settings(dir)
	s.ConfigFile = filepath.Join(dir, "codedeploy.onpremises.yml")
	text := "region: r\niam_session_arn: arn:aws:sts::1:assumed-role/web/web-1\naws_credentials_file: " + keys + "\n"
	if err := os.WriteFile(s.ConfigFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := agent.Configure(t.Context(), s)
	if err != nil || c.HostIdentifier != "arn:aws:sts::1:assumed-role/web/web-1" {
		t.Fatalf("host %q, %v", c.HostIdentifier, err)
	}
	if _, err := c.Credentials(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("without the file: %v", err)
	}
	for _, id := range []string{"AKIDONE", "AKIDTWO"} {
		write(id)
		got, err := c.Credentials(t.Context())
		if err != nil || got.AccessKeyID != id || got.SessionToken != "t-"+id {
			t.Errorf("keys %s, %v; want %s", got.AccessKeyID, err, id)
		}
	}
}
