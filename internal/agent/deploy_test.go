package agent_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// events are those of an in-place deployment.
var events = []string{"ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService"}

const group = "6c1b0f3e-0a55-4f0e-9b5b-3f0a3c1f2a77"

// site is a host with its server.
type site struct {
	*fakeServer
	t    *testing.T
	root string // of the agent
	app  string // where revisions are installed
}

func newSite(t *testing.T) *site {
	t.Helper()
	return &site{newFakeServer(t), t, filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "app")}
}

func (s *site) config() agent.Config { return testConfig(s.URL, s.root) }

// testConfig is that of an agent in a hurry.
func testConfig(endpoint, root string) agent.Config {
	return agent.Config{
		HostIdentifier: hostARN, Region: region, Endpoint: endpoint, Root: root,
		Credentials:     agent.StaticCredentials(sigv4.Credentials{AccessKeyID: keyID, SecretAccessKey: keySecret}),
		WaitBetweenRuns: time.Millisecond, ProgressEvery: 10 * time.Millisecond,
		Linger: 100 * time.Millisecond, Grace: 100 * time.Millisecond,
		Retry: backoff.Policy{Initial: time.Millisecond, Max: 5 * time.Millisecond},
		Once:  true, Environ: os.Environ(),
	}
}

// files of a revision by name; those below scripts/ are executable.
type files map[string]string

// bundle returns the files as a tgz.
func (f files) bundle(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range f {
		mode := int64(0o644)
		if strings.HasPrefix(name, "scripts/") {
			mode = 0o755
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(text)), Typeflag: tar.TypeReg, Uid: os.Geteuid(), Gid: os.Getegid()}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload stores a revision and returns the specification of its deployment.
func (s *site) upload(id string, f files) protocol.Specification {
	s.t.Helper()
	f["appspec.yml"] = strings.ReplaceAll(f["appspec.yml"], "$APP", s.app)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects["/releases/"+id+".tgz"] = f.bundle(s.t)
	return protocol.Specification{
		DeploymentID: id, DeploymentGroupID: group, DeploymentGroupName: "prod", ApplicationName: "shop",
		DeploymentCreator: "user", DeploymentType: "IN_PLACE", AppSpecFilename: "appspec.yml",
		Revision: &protocol.Revision{RevisionType: protocol.RevisionS3, S3Revision: &protocol.S3Revision{
			Bucket: "releases", Key: id + ".tgz", BundleType: "tgz",
		}},
	}
}

// deploy deploys a revision and returns how its commands ended.
func (s *site) deploy(id string, f files, names ...string) map[string]*command {
	s.t.Helper()
	if len(names) == 0 {
		names = events
	}
	s.add(s.upload(id, f), names...)
	s.run(s.config())
	results := map[string]*command{}
	for _, name := range names {
		results[name] = s.get(id, name)
	}
	return results
}

// run runs an agent until the server has no more work.
func (s *site) run(c agent.Config) {
	s.t.Helper()
	a, err := agent.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := a.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// read returns a file below the folders of the site.
func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const header = "version: 0.0\nos: linux\n"

// hooks returns an AppSpec that runs one script per event.
func hooks(names ...string) string {
	var b strings.Builder
	b.WriteString(header + "files: [{source: /, destination: $APP}]\nhooks:\n")
	for _, name := range names {
		b.WriteString("  " + name + ": [{location: scripts/" + name + "}]\n")
	}
	return b.String()
}

func TestFirstAndSecondDeployment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	names := slices.DeleteFunc(slices.Clone(events), func(e string) bool { return e == "DownloadBundle" || e == "Install" })
	revision := func(version string) files {
		f := files{"appspec.yml": hooks(names...), "version": version, "only-in-" + version: "x"}
		for _, name := range names {
			f["scripts/"+name] = "#!/bin/sh\necho " + version + " $LIFECYCLE_EVENT $DEPLOYMENT_ID $APPLICATION_NAME $DEPLOYMENT_GROUP_NAME $BUNDLE_KEY in $PWD\n"
		}
		return f
	}
	results := s.deploy("d-FIRST0001", revision("one"))
	for _, name := range events {
		if results[name].status != protocol.StatusSucceeded {
			t.Errorf("%s: %s, %+v", name, results[name].status, results[name].result)
		}
	}
	if !results["ApplicationStop"].noop {
		t.Error("ApplicationStop of a first deployment is not a no-op")
	}
	dir := filepath.Join(s.root, group, "d-FIRST0001")
	for _, pointer := range []string{"_last_successful_install", "_most_recent_install"} {
		if got := read(t, s.root, "deployment-instructions", group+pointer); got != dir {
			t.Errorf("pointer %s is %q, want %q", pointer, got, dir)
		}
	}

	s.deploy("d-SECOND001", revision("two"))
	log := read(t, s.root, group, "d-SECOND001", "logs", "scripts.log")
	var got []string
	for line := range strings.Lines(log) {
		got = append(got, strings.TrimSpace(line[len("2006-01-02 15:04:05 "):]))
	}
	first, second := filepath.Join(dir, "deployment-archive"), filepath.Join(s.root, group, "d-SECOND001", "deployment-archive")
	var want []string
	for _, name := range names {
		version, in := "two", second
		if name == "ApplicationStop" {
			version, in = "one", first // the installed revision stops itself
		}
		want = append(want, "LifecycleEvent - "+name, "Script - scripts/"+name,
			"[stdout]"+version+" "+name+" d-SECOND001 shop prod d-SECOND001.tgz in "+in)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scripts.log (-want +got):\n%s", diff)
	}
	if read(t, s.app, "version") != "two" {
		t.Error("the second revision is not installed")
	}
	if _, err := os.Stat(filepath.Join(s.app, "only-in-one")); !os.IsNotExist(err) {
		t.Error("a file that the second revision has not is still there")
	}
	entries, _ := os.ReadDir(filepath.Join(s.root, "ongoing-deployment"))
	if len(entries) != 0 {
		t.Errorf("%d tracking files are left", len(entries))
	}
	if shared := read(t, s.root, "deployment-logs", "codedeploy-agent-deployments.log"); !strings.Contains(shared, "[d-FIRST0001][stdout]one") {
		t.Errorf("the log of all deployments lacks the first:\n%s", shared)
	}
}

func TestHookFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script  string // of AfterInstall; empty: there is none
		options string
		code    protocol.ErrorCode
		message string
		log     string
	}{
		"exit status": {
			"#!/bin/sh\nfor i in 1 2 3; do echo line $i; done\necho bad >&2\nexit 3\n", "",
			protocol.ScriptFailed, "failed with exit code 3", "[stderr]bad\n",
		},
		"timeout": {
			"#!/bin/sh\ntrap '' TERM\necho begun\nsleep 30 & wait; sleep 30\n", ", timeout: 1",
			protocol.ScriptTimedOut, "failed to complete in 1 seconds", "[stdout]begun\n",
		},
		"missing":       {"", "", protocol.ScriptMissing, "Script does not exist at specified location: ", ""},
		"signal":        {"#!/bin/sh\nkill -9 $$\n", "", protocol.ScriptFailed, "killed by signal: killed", ""},
		"no such user":  {"#!/bin/sh\n", ", runas: nobody-of-this-name", protocol.ScriptFailed, "does not exist on the host", ""},
		"no such shell": {"#!/no/such/shell\n", "", protocol.ScriptFailed, "failed with error", ""},
		"not utf-8":     {"#!/bin/sh\nprintf '\\377\\376\\n'\nexit 1\n", "", protocol.ScriptFailed, "exit code 1", "[stdout]\uFFFD\n"},
		"long line": {
			"#!/bin/sh\nhead -c 5000 /dev/zero | tr '\\0' x\nexit 1\n", "", protocol.ScriptFailed, "exit code 1",
			"[stdout]" + strings.Repeat("x", 2035) + "...\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			f := files{
				"appspec.yml": header + "hooks: {AfterInstall: [{location: scripts/x" + test.options + "}], ApplicationStart: [{location: scripts/y}]}\n",
				"scripts/y":   "#!/bin/sh\n",
			}
			if test.script != "" {
				f["scripts/x"] = test.script
			}
			results := s.deploy("d-FAILS0001", f)
			c := results["AfterInstall"]
			if c.status != protocol.StatusFailed || c.result.ErrorCode != test.code || c.result.ScriptName != "scripts/x" {
				t.Errorf("ended %s with %+v, want code %d", c.status, c.result, test.code)
			}
			if !strings.Contains(c.result.Message, test.message) {
				t.Errorf("message %q lacks %q", c.result.Message, test.message)
			}
			if !strings.Contains(c.result.Log, test.log) || len([]rune(c.result.Log)) > 2047 {
				t.Errorf("log is %q, want %q in it", c.result.Log, test.log)
			}
			if len(c.reports) != 1 {
				t.Errorf("reported %d times", len(c.reports))
			}
			if results["ApplicationStart"].acked {
				t.Error("the deployment went on")
			}
		})
	}
}

func TestHookLeavesAProcess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	results := s.deploy("d-DAEMON001", files{
		"appspec.yml": header + "hooks: {ApplicationStart: [{location: scripts/x, timeout: 60}]}\n",
		"scripts/x":   "#!/bin/sh\nsleep 20 &\necho started\n",
	})
	c := results["ApplicationStart"]
	if c.status != protocol.StatusSucceeded || !strings.Contains(c.result.Log, "holds its output open") {
		t.Errorf("ended %s with %+v", c.status, c.result)
	}
}

func TestHookEnvironmentHasNoSecrets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(s.upload("d-ENV000001", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x}]}\n",
		"scripts/x":   "#!/bin/sh\nenv | sort\n",
	}), events...)
	c := s.config()
	c.Environ = []string{"PATH=/usr/bin:/bin", "AWS_SECRET_ACCESS_KEY=tell-nobody", "LC_ALL=C", "TOKEN=x", "KEEP=y", "https_proxy=http://p"}
	c.PassVariables = []string{"KEEP"}
	s.run(c)
	log := s.get("d-ENV000001", "BeforeInstall").result.Log
	for _, want := range []string{"LC_ALL=C", "KEEP=y", "https_proxy=http://p", "DEPLOYMENT_GROUP_ID=" + group, "BUNDLE_BUCKET=releases"} {
		if !strings.Contains(log, want) {
			t.Errorf("the script lacks %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, "tell-nobody") || strings.Contains(log, "TOKEN") {
		t.Errorf("the script sees the agent's secrets:\n%s", log)
	}
}

func TestScriptIsMadeExecutable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	results := s.deploy("d-CHMOD0001", files{
		"appspec.yml":    header + "hooks: {BeforeInstall: [{location: bin/with blank}]}\n",
		"bin/with blank": "echo no first line, run by $0\n",
	})
	if c := results["BeforeInstall"]; c.status != protocol.StatusSucceeded || !strings.Contains(c.result.Log, "run by /") {
		t.Errorf("ended %s with %+v", c.status, c.result)
	}
}

func TestRunAs(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	s := newSite(t)
	open := func(path string) {
		for ; path != "/tmp" && path != "/"; path = filepath.Dir(path) {
			_ = os.Chmod(path, 0o755)
		}
	}
	if err := os.MkdirAll(s.root, 0o755); err != nil {
		t.Fatal(err)
	}
	open(s.root)
	results := s.deploy("d-RUNAS0001", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x, runas: nobody, sudo: true}]}\n",
		"scripts/x":   "#!/bin/sh\necho $(id -un) $USER\n",
	})
	if c := results["BeforeInstall"]; !strings.Contains(c.result.Log, "[stdout]nobody nobody") {
		t.Errorf("ended %s with %+v", c.status, c.result)
	}
}

func TestDownloadFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(s *site, spec *protocol.Specification)
		want   string
	}{
		"wrong etag": {
			func(_ *site, spec *protocol.Specification) { spec.Revision.S3Revision.ETag = `"0123"` },
			"Expected deployment artifact bundle etag 0123",
		},
		"missing key": {
			func(_ *site, spec *protocol.Specification) { spec.Revision.S3Revision.Key = "nothing" },
			"The specified key does not exist. (NoSuchKey, HTTP 404)",
		},
		"truncated": {func(s *site, _ *protocol.Specification) {
			s.objects["/releases/d-BROKEN001.tgz"] = s.objects["/releases/d-BROKEN001.tgz"][:100]
		}, "truncated"},
		"empty zip": {func(s *site, spec *protocol.Specification) {
			s.objects["/releases/d-BROKEN001.tgz"] = append([]byte("PK\x05\x06"), make([]byte, 18)...)
			spec.Revision.S3Revision.BundleType = "zip"
		}, "it is empty"},
		"damaged": {func(s *site, _ *protocol.Specification) {
			s.etags["/releases/d-BROKEN001.tgz"] = "00000000000000000000000000000000"
		}, "damaged on its way"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			spec := s.upload("d-BROKEN001", files{"appspec.yml": header})
			test.change(s, &spec)
			s.add(spec, events...)
			s.run(s.config())
			c := s.get("d-BROKEN001", "DownloadBundle")
			if c.status != protocol.StatusFailed || c.result.ErrorCode != protocol.UnknownError || !strings.Contains(c.result.Message, test.want) {
				t.Errorf("ended %s with %+v, want %q", c.status, c.result, test.want)
			}
			if _, err := os.Stat(filepath.Join(s.root, "deployment-instructions", group+"_most_recent_install")); !os.IsNotExist(err) {
				t.Error("the pointer was moved")
			}
		})
	}
}

func TestBadAppSpecFailsBeforeTheAcknowledgement(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	results := s.deploy("d-SPEC00001", files{"appspec.yml": "version: 1\nos: beos\n"})
	c := results["BeforeInstall"]
	if c.status != protocol.StatusFailed || c.acked || len(c.reports) != 1 {
		t.Errorf("ended %s, acknowledged %v, reports %d", c.status, c.acked, len(c.reports))
	}
	for _, want := range []string{"invalid version value", "unsupported operating system", "line 2"} {
		if !strings.Contains(c.result.Message, want) {
			t.Errorf("message %q lacks %q", c.result.Message, want)
		}
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.config()
	c.MaxRevisions = 2
	ids := []string{"d-AAAAAAAA1", "d-AAAAAAAA2", "d-AAAAAAAA3", "d-AAAAAAAA4"}
	for n, id := range ids {
		names := events
		if n > 0 {
			names = []string{"DownloadBundle"} // the first stays installed
		}
		s.add(s.upload(id, files{"appspec.yml": header}), names...)
		s.run(c)
	}
	entries, err := os.ReadDir(filepath.Join(s.root, group))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff([]string{ids[0], ids[3]}, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}
