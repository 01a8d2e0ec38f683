package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func TestEveryFlagHasAVariable(t *testing.T) {
	t.Parallel()
	flags := runCommand().Flags()
	values := map[string]string{"config": "/c", "endpoint": "http://e", "name": "n", "tag": "a=1,b=2", "root": "/r", "once": "true", "verbose": "true"}
	asked := map[string]bool{}
	err := fromEnvironment(flags, func(name string) (string, bool) {
		asked[name] = true
		v, ok := values[strings.ToLower(strings.TrimPrefix(name, environmentPrefix))]
		return v, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			got[f.Name] = strings.Trim(f.Value.String(), "[]")
		}
	})
	if diff := cmp.Diff(values, got); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
	if !asked["SLIPWAY_AGENT_ENDPOINT"] {
		t.Errorf("asked for %v", asked)
	}
}

func TestFlagsBeatVariables(t *testing.T) {
	t.Parallel()
	flags := runCommand().Flags()
	if err := flags.Parse([]string{"--name", "flag"}); err != nil {
		t.Fatal(err)
	}
	if err := fromEnvironment(flags, func(string) (string, bool) { return "1", true }); err == nil {
		t.Error("--tag 1 was accepted")
	}
	if name, _ := flags.GetString("name"); name != "flag" {
		t.Errorf("name is %q", name)
	}
}

func TestRunExplainsWhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "agent.yml")
	if err := os.WriteFile(config, []byte(":max_revisions: 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command()
	cmd.SetErr(new(bytes.Buffer))
	cmd.SetArgs([]string{"run", "--root", dir, "--config", config})
	err := cmd.ExecuteContext(t.Context())
	if err == nil || !strings.Contains(err.Error(), "max_revisions") {
		t.Errorf("error is %v", err)
	}
}
