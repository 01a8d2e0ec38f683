package agent_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/backoff"
)

// folder writes the files of a revision to a folder.
func (f files) folder(t *testing.T, app string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		if name == "appspec.yml" {
			text = strings.ReplaceAll(text, "$APP", app)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// local is a host without a server.
type local struct {
	t         *testing.T
	root, app string
}

func newLocal(t *testing.T) *local {
	t.Helper()
	return &local{t, filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "app")}
}

// deploy returns what was printed.
func (l *local) deploy(d agent.Local) (string, error) {
	l.t.Helper()
	var out bytes.Buffer
	err := agent.DeployLocal(l.t.Context(), agent.Config{
		Root: l.root, Environ: os.Environ(), Retry: backoff.Policy{Initial: 1, Max: 1},
	}, d, &out)
	return out.String(), err
}

func TestLocalDeployments(t *testing.T) {
	t.Parallel()
	l := newLocal(t)
	revision := func(version string) files {
		f := files{"appspec.yml": hooks("ApplicationStop", "BeforeInstall", "ValidateService"), "version": version, "only-" + version: ""}
		for _, name := range []string{"ApplicationStop", "BeforeInstall", "ValidateService"} {
			f["scripts/"+name] = "#!/bin/sh\necho " + version + " $LIFECYCLE_EVENT of $APPLICATION_NAME in $DEPLOYMENT_GROUP_NAME\n"
		}
		return f
	}
	out, err := l.deploy(agent.Local{Location: revision("one").folder(t, l.app), Application: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ApplicationStop: nothing to do", "  [stdout]one BeforeInstall of shop in LocalFleet", "Local deployment successful\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
	// The next one of the same group stops the first and takes its place, as
	// an archive this time.
	archive := filepath.Join(t.TempDir(), "two.tgz")
	f := revision("two")
	f["appspec.yml"] = strings.ReplaceAll(f["appspec.yml"], "$APP", l.app)
	if err := os.WriteFile(archive, f.bundle(t), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = l.deploy(agent.Local{Location: archive})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "[stdout]one ApplicationStop") || !strings.Contains(out, "[stdout]two ValidateService") {
		t.Errorf("output:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(l.app, "only-one")); !os.IsNotExist(err) {
		t.Error("a file of the first revision is still there")
	}
	pointer := read(t, l.root, "deployment-instructions", "default-local-deployment-group_last_successful_install")
	if target, err := os.Readlink(filepath.Join(pointer, "bundle.tar")); err != nil || target != archive {
		t.Errorf("bundle.tar leads to %q, %v", target, err)
	}
	if _, err := os.Stat(filepath.Join(l.root, "journal")); !os.IsNotExist(err) {
		t.Error("a local deployment has a journal, which an agent would take up")
	}
}

func TestLocalDeploymentFails(t *testing.T) {
	t.Parallel()
	l := newLocal(t)
	out, err := l.deploy(agent.Local{Location: files{
		"appspec.yml":           hooks("BeforeInstall", "AfterInstall"),
		"scripts/BeforeInstall": "#!/bin/sh\necho no >&2\nexit 3\n", "scripts/AfterInstall": "#!/bin/sh\n",
	}.folder(t, l.app)})
	if err == nil || !strings.Contains(err.Error(), "scripts/BeforeInstall failed with exit code 3") {
		t.Errorf("error is %v", err)
	}
	if !strings.Contains(out, "  [stderr]no\nBeforeInstall: failed after") || strings.Contains(out, "AfterInstall") {
		t.Errorf("output:\n%s", out)
	}
}

func TestLocalDeploymentRunsCustomEvents(t *testing.T) {
	t.Parallel()
	l := newLocal(t)
	f := files{"appspec.yml": hooks("HealthCheck"), "scripts/HealthCheck": "#!/bin/sh\necho healthy\n"}
	out, err := l.deploy(agent.Local{Location: f.folder(t, l.app), Events: []string{"HealthCheck"}})
	if err != nil || !strings.Contains(out, "[stdout]healthy") {
		t.Errorf("%v:\n%s", err, out)
	}
	_, err = l.deploy(agent.Local{Location: f.folder(t, l.app)})
	if err == nil || !strings.Contains(err.Error(), "contains unknown lifecycle events: HealthCheck") {
		t.Errorf("without naming it: %v", err)
	}
	_, err = l.deploy(agent.Local{Location: f.folder(t, l.app), Events: []string{"HealthCheck", "Other"}})
	if err == nil || !strings.Contains(err.Error(), "Other is not a default one and doesn't exist") {
		t.Errorf("an event without scripts: %v", err)
	}
}

// begun returns the events in the order in which they were begun or skipped.
func begun(out string) []string {
	var list []string
	for line := range strings.Lines(out) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		if !strings.Contains(name, " ") && !strings.HasPrefix(name, "d-") && !strings.Contains(rest, " after ") {
			list = append(list, name)
		}
	}
	return list
}

func TestOrderOfLocalEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		events []string
		want   []string
		err    string
	}{
		"default": {nil, []string{
			"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle", "BeforeInstall", "Install",
			"AfterInstall", "ApplicationStart", "ValidateService", "BeforeAllowTraffic", "AfterAllowTraffic",
		}, ""},
		"both are added":         {[]string{"AfterInstall"}, []string{"DownloadBundle", "Install", "AfterInstall"}, ""},
		"Install is added":       {[]string{"ApplicationStop", "DownloadBundle"}, []string{"ApplicationStop", "DownloadBundle", "Install"}, ""},
		"the bundle is added":    {[]string{"BeforeInstall", "Install"}, []string{"DownloadBundle", "BeforeInstall", "Install"}, ""},
		"scripts too early":      {[]string{"AfterInstall", "DownloadBundle"}, nil, "AfterInstall comes before DownloadBundle"},
		"Install too early":      {[]string{"Install", "DownloadBundle"}, nil, "Install comes before DownloadBundle"},
		"started too early":      {[]string{"ValidateService", "Install"}, nil, "ValidateService comes before Install"},
		"BeforeInstall slips in": {[]string{"BeforeInstall", "DownloadBundle", "Install"}, []string{"BeforeInstall", "DownloadBundle", "Install"}, ""},
		"no name":                {[]string{""}, nil, "no name of a lifecycle event"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLocal(t)
			out, err := l.deploy(agent.Local{Location: files{"appspec.yml": header}.folder(t, l.app), Events: test.events})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error is %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, begun(out)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLocalMistakes(t *testing.T) {
	t.Parallel()
	dir := files{"appspec.yml": header}.folder(t, "")
	file := filepath.Join(dir, "appspec.yml")
	tests := map[string]struct {
		d    agent.Local
		want string
	}{
		"plain http":            {agent.Local{Location: "http://example.com/x.zip"}, "cannot be http"},
		"nothing there":         {agent.Local{Location: filepath.Join(dir, "none")}, "does not exist"},
		"file as directory":     {agent.Local{Location: file, Type: "directory"}, "is a file, but the type is directory"},
		"file of no known type": {agent.Local{Location: file}, "is a file, but the type is directory"},
		"directory as archive":  {agent.Local{Location: dir, Type: "zip"}, "is a directory, but the type is zip"},
		"no AppSpec":            {agent.Local{Location: t.TempDir()}, "expected the AppSpec file at"},
		"other AppSpec name":    {agent.Local{Location: dir, AppSpecFilename: "other.yml"}, "other.yml"},
		"unknown type":          {agent.Local{Location: file, Type: "rar"}, "BundleType in LocalRevision must be tar or tgz or zip"},
		"no bucket":             {agent.Local{Location: "s3:///x.zip"}, "is not like s3://BUCKET/KEY"},
		"S3 without a type":     {agent.Local{Location: "s3://b/x"}, "give --type"},
		"another site":          {agent.Local{Location: "https://example.com/a/b"}, "neither a repository like"},
		"no repository":         {agent.Local{Location: "https://github.com/a"}, "neither a repository like"},
		"no archive":            {agent.Local{Location: "https://api.github.com/repos/a/b/issues/1"}, "neither a repository like"},
		"unsafe group":          {agent.Local{Location: dir, Group: "../x"}, "cannot be the name of a folder"},
		"folder of the agent":   {agent.Local{Location: dir, Group: "journal"}, "the agent has one of that name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLocal(t)
			if _, err := l.deploy(test.d); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
			if _, err := os.Stat(l.root); !os.IsNotExist(err) {
				t.Error("folders were made")
			}
		})
	}
}

func TestLocalFileExistsBehavior(t *testing.T) {
	t.Parallel()
	l := newLocal(t)
	if err := os.MkdirAll(l.app, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.app, "a"), []byte("foreign"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := files{"appspec.yml": hooks(), "a": "ours"}.folder(t, l.app)
	if err := os.WriteFile(filepath.Join(dir, "appspec.yml"), []byte(header+"files: [{source: a, destination: "+l.app+"}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.deploy(agent.Local{Location: dir}); err == nil || !strings.Contains(err.Error(), "already exists at this location") {
		t.Errorf("error is %v", err)
	}
	if _, err := l.deploy(agent.Local{Location: dir, FileExistsBehavior: "overwrite"}); err != nil {
		t.Error(err)
	}
	if got := read(t, l.app, "a"); got != "ours" {
		t.Errorf("the file holds %q", got)
	}
}

// A revision that its own root lies in is not copied into itself.
func TestLocalRootInsideTheRevision(t *testing.T) {
	t.Parallel()
	l := newLocal(t)
	dir := files{"appspec.yml": header}.folder(t, l.app)
	l.root = filepath.Join(dir, "deployments")
	for range 2 {
		if _, err := l.deploy(agent.Local{Location: dir}); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(l.root, "default-local-deployment-group", "*", "deployment-archive", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	if slices.Contains(names, "deployments") || len(names) == 0 {
		t.Errorf("the archives hold %q", names)
	}
}

// A bundle in S3 is fetched with the keys of the environment, from the server
// that is named.
func TestLocalDeploymentFromS3(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.upload("d-INS300001", telling("from s3"))
	settings := settings(s.root, "AWS_ACCESS_KEY_ID="+keyID, "AWS_SECRET_ACCESS_KEY="+keySecret, "AWS_REGION="+region, "PATH="+os.Getenv("PATH"))
	settings.Endpoint = s.URL
	settings.ConfigFile = filepath.Join(t.TempDir(), "agent.yml")
	if err := os.WriteFile(settings.ConfigFile, []byte(":max_revisions: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := agent.ConfigureLocal(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := agent.DeployLocal(t.Context(), c, agent.Local{Location: "s3://releases/d-INS300001.tgz"}, &out); err != nil {
		t.Errorf("%v:\n%s", err, &out)
	}
	if got := read(t, s.app, "version"); got != "from s3" {
		t.Errorf("installed is %q", got)
	}
	err = agent.DeployLocal(t.Context(), c, agent.Local{Location: "s3://releases/d-INS300001.tgz?etag=0123"}, &out)
	if err == nil || !strings.Contains(err.Error(), "Expected deployment artifact bundle etag 0123") {
		t.Errorf("error is %v", err)
	}
}
