package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// local runs the command and returns what it printed.
func local(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"deploy-local"}, arguments...))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestDeployLocal(t *testing.T) {
	t.Parallel()
	bundle, root, app := t.TempDir(), filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "app")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(bundle, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("deploy.yml", "version: 0.0\nos: linux\nfiles: [{source: page, destination: "+app+"}]\nhooks: {AfterInstall: [{location: check}]}\n")
	write("check", "#!/bin/sh\necho $APPLICATION_NAME of $DEPLOYMENT_GROUP_NAME in $DEPLOYMENT_GROUP_ID; test -e "+app+"/page\n")
	write("page", "hello")
	options := []string{
		"-l", bundle, "-t", "directory", "-A", "deploy.yml", "--root", root,
		"-g", "group", "-d", "group's name", "-a", "shop", "-e", "DownloadBundle,Install,AfterInstall", "-b", "OVERWRITE",
	}
	out, err := local(t, options...)
	if err != nil || !strings.Contains(out, "[stdout]shop of group's name in group\n") || !strings.HasSuffix(out, "Local deployment successful\n") {
		t.Errorf("%v:\n%s", err, out)
	}
	write("check", "#!/bin/sh\nexit 9\n")
	if out, err := local(t, options...); err == nil || !strings.Contains(err.Error(), "check failed with exit code 9") {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestDeployLocalConfigurationFile(t *testing.T) {
	t.Parallel()
	_, err := local(t, "-c", filepath.Join(t.TempDir(), "none.yml"))
	if err == nil || !strings.Contains(err.Error(), "cannot read the configuration file") {
		t.Errorf("error is %v", err)
	}
	bundle, root := t.TempDir(), filepath.Join(t.TempDir(), "of-the-file")
	for name, text := range map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\n", "agent.yml": ":root_dir: " + root + "\n",
	} {
		if err := os.WriteFile(filepath.Join(bundle, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := local(t, "-c", filepath.Join(bundle, "agent.yml"), "-l", bundle); err != nil || !strings.Contains(out, root) {
		t.Errorf("%v:\n%s", err, out)
	}
}
