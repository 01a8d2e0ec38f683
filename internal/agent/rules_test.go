package agent_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// hookNames are the events that run scripts.
var hookNames = []string{
	"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop", "BeforeInstall", "AfterInstall",
	"ApplicationStart", "ValidateService", "BeforeAllowTraffic", "AfterAllowTraffic",
}

// telling is a revision whose scripts say which revision they are of.
func telling(version string) files {
	f := files{"appspec.yml": hooks(hookNames...)}
	for _, name := range hookNames {
		f["scripts/"+name] = "#!/bin/sh\necho from $(cat $(dirname $0)/../version)${BUNDLE_COMMIT:+ at $BUNDLE_COMMIT}\n"
	}
	f["version"] = version
	return f
}

// Which revision's scripts an event runs, before the deployment's own revision
// is there: the host has "installed" installed, and "downloaded" was
// downloaded after it.
func TestWhoseScriptsAnEventRuns(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		creator, kind string
		want          map[string]string // event to revision; what is not here is a no-op
	}{
		"usual": {"user", "IN_PLACE", map[string]string{
			"BeforeBlockTraffic": "installed", "AfterBlockTraffic": "installed", "ApplicationStop": "installed",
		}},
		"blue/green": {"user", "BLUE_GREEN", map[string]string{
			"BeforeBlockTraffic": "installed", "AfterBlockTraffic": "installed", "ApplicationStop": "installed",
		}},
		"rollback in place": {"codeDeployRollback", "IN_PLACE", map[string]string{
			"BeforeBlockTraffic": "installed", "AfterBlockTraffic": "installed", "ApplicationStop": "installed",
		}},
		"blue/green rollback": {"codeDeployRollback", "BLUE_GREEN", map[string]string{
			"BeforeBlockTraffic": "downloaded", "AfterBlockTraffic": "downloaded", "ApplicationStop": "installed",
			"BeforeAllowTraffic": "installed", "AfterAllowTraffic": "installed",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.deploy("d-INSTALLED", telling("installed"), "DownloadBundle", "Install")
			s.deploy("d-DOWNLOADE", telling("downloaded"), "DownloadBundle")
			spec := s.upload("d-PRESENT01", telling("present"))
			spec.DeploymentCreator, spec.DeploymentType = test.creator, test.kind
			s.add(spec, hookNames...)
			s.run(s.config())
			got := map[string]string{}
			for _, event := range hookNames {
				c := s.get("d-PRESENT01", event)
				if _, version, ok := strings.Cut(c.result.Log, "[stdout]from "); ok {
					got[event] = strings.TrimSpace(version)
				} else if !c.noop {
					t.Errorf("%s ended %s with %+v", event, c.status, c.result)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("revisions (-want +got):\n%s", diff)
			}
		})
	}
}

// As soon as its own revision is there, a deployment runs nothing else.
func TestOwnRevisionComesFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.deploy("d-INSTALLED", telling("installed"), "DownloadBundle", "Install")
	results := s.deploy("d-PRESENT01", telling("present"), "DownloadBundle", "ApplicationStop")
	if log := results["ApplicationStop"].result.Log; !strings.Contains(log, "from present") {
		t.Errorf("log is %q", log)
	}
}

// Somebody emptied the root folder: there is nothing to stop, which is no
// reason never to deploy again.
func TestRevisionThatIsGoneHasNothingToStop(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.deploy("d-INSTALLED", telling("installed"))
	if err := os.RemoveAll(filepath.Join(s.root, group, "d-INSTALLED")); err != nil {
		t.Fatal(err)
	}
	results := s.deploy("d-PRESENT01", telling("present"))
	for _, event := range events {
		if results[event].status != protocol.StatusSucceeded {
			t.Errorf("%s ended %s with %+v", event, results[event].status, results[event].result)
		}
	}
}

func TestNamesOfTheAppSpecFile(t *testing.T) {
	t.Parallel()
	for name, asked := range map[string]string{
		"appspec.yaml":      "appspec.yaml",
		"appspec.yml":       "appspec.yaml",
		"deploy/prod.yml":   "deploy/prod.yml",
		"appspec.yaml (no)": "",
	} {
		file := strings.TrimSuffix(name, " (no)")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			f := telling("x")
			spec := s.upload("d-NAMES0001", f)
			text := f["appspec.yml"]
			delete(f, "appspec.yml")
			f[file] = text
			s.objects["/releases/d-NAMES0001.tgz"] = f.bundle(t)
			spec.AppSpecFilename = asked
			s.add(spec, events...)
			s.run(s.config())
			for _, event := range []string{"BeforeInstall", "Install", "ValidateService"} {
				if c := s.get("d-NAMES0001", event); c.status != protocol.StatusSucceeded {
					t.Errorf("%s ended %s with %+v", event, c.status, c.result)
				}
			}
		})
	}
}

func TestRevisionOfGitHub(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := files{}
	for name, text := range telling("github") {
		f["owner-repo-1234567/"+name] = strings.ReplaceAll(text, "$APP", s.app)
	}
	archive := f.bundle(t)
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/repos/owner/repo/tarball/1234567" || r.Header.Get("Authorization") != "token gh-secret" {
			t.Errorf("asked for %s with %q", r.URL, r.Header.Get("Authorization"))
		}
		_, _ = w.Write(archive)
	}))
	t.Cleanup(github.Close)
	spec := s.upload("d-GITHUB001", telling("s3"))
	spec.GitHubAccessToken = "gh-secret"
	spec.Revision = &protocol.Revision{RevisionType: protocol.RevisionGitHub, GitHubRevision: &protocol.GitHubRevision{
		Account: "owner", Repository: "repo", CommitID: "1234567",
	}}
	s.add(spec, events...)
	c := s.config()
	c.GitHubEndpoint = github.URL
	s.run(c)
	if got := s.get("d-GITHUB001", "ValidateService"); !strings.Contains(got.result.Log, "from github") {
		t.Errorf("ended %s with %+v", got.status, got.result)
	}
	if log := s.get("d-GITHUB001", "BeforeInstall").result.Log; !strings.Contains(log, "from github at 1234567") {
		t.Errorf("the script does not know the commit:\n%s", log)
	}
	if got := read(t, s.app, "version"); got != "github" {
		t.Errorf("installed is %q", got)
	}
}

func TestBundleOfAnEarlierDeploymentIsUsedAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id   string
		off  bool
		want string // the version that is installed
	}{
		"there":        {"d-EARLIER01", false, "earlier"},
		"not there":    {"d-UNKNOWN01", false, "downloaded"},
		"not safe":     {"../x", false, "downloaded"},
		"switched off": {"d-EARLIER01", true, "downloaded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.deploy("d-EARLIER01", telling("earlier"))
			spec := s.upload("d-REUSING01", telling("downloaded"))
			spec.ReuseArchiveFromDeploymentID = test.id
			s.add(spec, events...)
			c := s.config()
			c.NoReuse = test.off
			s.run(c)
			if got := read(t, s.app, "version"); got != test.want {
				t.Errorf("installed is %q, want %q", got, test.want)
			}
		})
	}
}

// The server may deploy what lies on the host already.
func TestRevisionsOfTheHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	folder := telling("folder").folder(t, s.app)
	file := filepath.Join(t.TempDir(), "x.tgz")
	f := telling("file")
	f["appspec.yml"] = strings.ReplaceAll(f["appspec.yml"], "$APP", s.app)
	if err := os.WriteFile(file, f.bundle(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for id, revision := range map[string]*protocol.Revision{
		"d-FOLDER001": {RevisionType: protocol.RevisionLocalDirectory, LocalRevision: &protocol.LocalRevision{Location: folder, BundleType: "directory"}},
		"d-FILE00001": {RevisionType: protocol.RevisionLocalFile, LocalRevision: &protocol.LocalRevision{Location: file, BundleType: "tgz"}},
	} {
		spec := s.upload(id, telling("s3"))
		spec.Revision = revision
		s.add(spec, events...)
		s.run(s.config())
		if c := s.get(id, "ValidateService"); c.status != protocol.StatusSucceeded || strings.Contains(c.result.Log, "from s3") {
			t.Errorf("%s ended %s with %+v", id, c.status, c.result)
		}
	}
}

// A specification that cannot be carried out is refused by the first command,
// before the application is stopped.
func TestImpossibleSpecifications(t *testing.T) {
	t.Parallel()
	s3 := func(r protocol.S3Revision) *protocol.Revision {
		return &protocol.Revision{RevisionType: protocol.RevisionS3, S3Revision: &r}
	}
	github := func(r protocol.GitHubRevision) *protocol.Revision {
		return &protocol.Revision{RevisionType: protocol.RevisionGitHub, GitHubRevision: &r}
	}
	tests := map[string]struct {
		change func(*protocol.Specification)
		want   string
	}{
		"no revision":    {func(s *protocol.Specification) { s.Revision = nil }, "Must specify a revison"},
		"no source":      {func(s *protocol.Specification) { s.Revision = &protocol.Revision{} }, "Must specify a revision source"},
		"unknown source": {func(s *protocol.Specification) { s.Revision.RevisionType = "FTP" }, "Exactly one of"},
		"no bucket":      {func(s *protocol.Specification) { s.Revision = s3(protocol.S3Revision{Key: "k", BundleType: "zip"}) }, "must specify Bucket, Key and BundleType"},
		"type of S3":     {func(s *protocol.Specification) { s.Revision.S3Revision.BundleType = "rar" }, "BundleType in S3Revision must be"},
		"no commit": {func(s *protocol.Specification) {
			s.Revision = github(protocol.GitHubRevision{Account: "a", Repository: "r"})
		}, "must specify Account, Repository and CommitId"},
		"type of GitHub": {func(s *protocol.Specification) {
			s.Revision = github(protocol.GitHubRevision{Account: "a", Repository: "r", CommitID: "c", BundleType: "tgz"})
		}, "BundleType in GitHubRevision must be"},
		"no object": {func(s *protocol.Specification) {
			s.Revision = &protocol.Revision{RevisionType: protocol.RevisionGitHub}
		}, "must specify Account"},
		"no location": {func(s *protocol.Specification) {
			s.Revision = &protocol.Revision{RevisionType: protocol.RevisionLocalFile}
		}, "must specify Location"},
		"folder as archive": {func(s *protocol.Specification) {
			s.Revision = &protocol.Revision{RevisionType: protocol.RevisionLocalDirectory, LocalRevision: &protocol.LocalRevision{Location: "/", BundleType: "zip"}}
		}, "BundleType in LocalRevision must be directory"},
		"no application": {func(s *protocol.Specification) { s.ApplicationName = "" }, "Deployment Spec has no ApplicationName"},
		"unsafe group":   {func(s *protocol.Specification) { s.DeploymentGroupID = "../x" }, "cannot be the name of a folder"},
		"taken group":    {func(s *protocol.Specification) { s.DeploymentGroupID = "deployment-logs" }, "the agent has one of that name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			spec := s.upload("d-IMPOSSIBL", telling("x"))
			test.change(&spec)
			s.add(spec, events...)
			s.run(s.config())
			c := s.get("d-IMPOSSIBL", "ApplicationStop")
			if c.status != protocol.StatusFailed || c.acked || len(c.reports) != 1 || !strings.Contains(c.result.Message, test.want) {
				t.Errorf("ended %s (acknowledged %v, %d reports) with %+v, want %q", c.status, c.acked, len(c.reports), c.result, test.want)
			}
		})
	}
}

func TestDeploymentIDOfAnARN(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	spec := s.upload("d-ARN000001", telling("x"))
	s.add(spec, "DownloadBundle")
	for execution, known := range s.specs {
		known.DeploymentID = "arn:aws:codedeploy:r:1:deployment/d-ARN000001"
		s.specs[execution] = known
	}
	s.run(s.config())
	if _, err := os.Stat(filepath.Join(s.root, group, "d-ARN000001", "bundle.tar")); err != nil {
		t.Error(err)
	}
}

// The file-exists behaviour of the deployment may be in any case; that of the
// AppSpec file wins.
func TestFileExistsBehaviorOfTheDeployment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.MkdirAll(s.app, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.app, "version"), []byte("foreign"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		id, behavior string
		status       protocol.CommandStatus
	}{
		{"d-DISALLOW1", "", protocol.StatusFailed},
		{"d-RETAIN001", "retain", protocol.StatusSucceeded},
		{"d-OVERWRITE", "Overwrite", protocol.StatusSucceeded},
	} {
		spec := s.upload(step.id, telling("ours"))
		if step.behavior != "" {
			spec.AgentActionOverrides = &protocol.AgentActionOverrides{AgentOverrides: protocol.AgentOverrides{FileExistsBehavior: step.behavior}}
		}
		s.add(spec, events...)
		s.run(s.config())
		c := s.get(step.id, "Install")
		if c.status != step.status {
			t.Errorf("%s ended %s with %+v", step.id, c.status, c.result)
		}
		want := "foreign"
		if step.behavior == "Overwrite" {
			want = "ours"
		}
		if got := read(t, s.app, "version"); got != want {
			t.Errorf("after %s the file holds %q", step.id, got)
		}
	}
}

func TestScriptsOfAnEventTogetherAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(s.upload("d-LIMIT0001", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/a}, {location: scripts/b}]}\n",
		"scripts/a":   "#!/bin/sh\necho first\n", "scripts/b": "#!/bin/sh\necho second; exec sleep 300\n",
	}), "DownloadBundle", "BeforeInstall")
	c := s.config()
	c.EventTimeout = time.Second
	s.run(c)
	got := s.get("d-LIMIT0001", "BeforeInstall")
	if got.result.ErrorCode != protocol.ScriptTimedOut || got.result.ScriptName != "scripts/b" || !strings.Contains(got.result.Message, "together have 1 seconds") {
		t.Errorf("ended %s with %+v", got.status, got.result)
	}
}

func TestOutputThatStaysOpenFailsWhenStrict(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(s.upload("d-STRICT001", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x, timeout: 1}]}\n",
		"scripts/x":   "#!/bin/sh\nsleep 30 &\n",
	}), "DownloadBundle", "BeforeInstall")
	c := s.config()
	c.StrictOutput = true
	s.run(c)
	got := s.get("d-STRICT001", "BeforeInstall")
	if got.result.ErrorCode != protocol.OutputLeftOpen || !strings.Contains(got.result.Message, "failed to close STDOUT") {
		t.Errorf("ended %s with %+v", got.status, got.result)
	}
}

func TestAllVariablesButKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(s.upload("d-ENV000002", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x}]}\n",
		"scripts/x":   "#!/bin/sh\nenv | sort\n",
	}), "DownloadBundle", "BeforeInstall")
	c := s.config()
	c.AllVariables = true
	c.Environ = []string{"PATH=/usr/bin:/bin", "AWS_SECRET_ACCESS_KEY=tell-nobody", "AWS_REGION=r", "CUSTOM=1"}
	s.run(c)
	log := s.get("d-ENV000002", "BeforeInstall").result.Log
	if !strings.Contains(log, "CUSTOM=1") || !strings.Contains(log, "AWS_REGION=r") || strings.Contains(log, "tell-nobody") {
		t.Errorf("the script sees:\n%s", log)
	}
}

func TestFoldersArePrivate(t *testing.T) {
	t.Parallel()
	deployment := filepath.Join(group, "d-PRIVATE01")
	for name, test := range map[string]struct {
		change func(*agent.Config)
		want   map[string]os.FileMode
	}{
		"default": {func(*agent.Config) {}, map[string]os.FileMode{
			"deployment-instructions": 0o700, "ongoing-deployment": 0o700, "journal": 0o700,
			group: 0o711, deployment: 0o711, filepath.Join(deployment, "logs"): 0o755, filepath.Join(deployment, "bundle.tar"): 0o600,
		}},
		"as the official agent": {func(c *agent.Config) { c.OpenFolders = true }, map[string]os.FileMode{
			"deployment-instructions": 0o755, group: 0o755, deployment: 0o755,
		}},
		"logs, too": {func(c *agent.Config) { c.PrivateLogs = true }, map[string]os.FileMode{filepath.Join(deployment, "logs"): 0o700}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if err := os.MkdirAll(filepath.Join(s.root, "deployment-instructions"), 0o755); err != nil { // as found
				t.Fatal(err)
			}
			s.add(s.upload("d-PRIVATE01", telling("x")), events...)
			c := s.config()
			test.change(&c)
			s.run(c)
			for file, want := range test.want {
				info, err := os.Stat(filepath.Join(s.root, file))
				if err != nil || info.Mode().Perm() != want {
					t.Errorf("%s has mode %v, %v; want %v", file, info.Mode().Perm(), err, want)
				}
			}
		})
	}
}

// The official agent died on this host in the middle of two events, and in one
// that nobody waits for any more.
func TestEventsOfTheOfficialAgentAreReported(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir := filepath.Join(s.root, "ongoing-deployment")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-25 * time.Hour)
	for _, id := range []string{"d-ONGOING01", "d-ONGOING02", "d-ONGOING03"} {
		s.add(s.upload(id, telling("x")), "BeforeInstall")
		s.get(id, "BeforeInstall").acked = true // by the official agent
		if err := os.WriteFile(filepath.Join(dir, id), []byte(id+".BeforeInstall"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "d-ONGOING03"), old, old); err != nil {
		t.Fatal(err)
	}
	s.sideBySide = true
	s.run(s.config())
	for _, id := range []string{"d-ONGOING01", "d-ONGOING02"} {
		c := s.get(id, "BeforeInstall")
		if c.status != protocol.StatusFailed || c.result.ErrorCode != protocol.AgentRestarted || !strings.Contains(c.result.Message, "Failing in-progress lifecycle event") {
			t.Errorf("%s ended %s with %+v", id, c.status, c.result)
		}
	}
	if c := s.get("d-ONGOING03", "BeforeInstall"); c.over {
		t.Errorf("an event of yesterday was reported %s", c.status)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("%d tracking files are left", len(entries))
	}
}

func TestOrdinaryUserDeploys(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("this test is for an ordinary user; as root the others show the same")
	}
	s := newSite(t)
	results := s.deploy("d-ORDINARY1", telling("x"))
	for _, event := range events {
		if results[event].status != protocol.StatusSucceeded {
			t.Errorf("%s ended %s with %+v", event, results[event].status, results[event].result)
		}
	}
}

func TestUnknownHooksAreIgnoredUnlessTheEventsAreListed(t *testing.T) {
	t.Parallel()
	for _, listed := range []bool{false, true} {
		s := newSite(t)
		spec := s.upload("d-HOOKS0001", files{"appspec.yml": header + "hooks: {AfterLunch: [{location: x}]}\n"})
		if listed {
			spec.AllPossibleLifecycleEvents = slices.Concat(hookNames, []string{"DownloadBundle", "Install"})
		}
		s.add(spec, events...)
		s.run(s.config())
		c := s.get("d-HOOKS0001", "Install")
		if failed := c.status == protocol.StatusFailed; failed != listed || (listed && !strings.Contains(c.result.Message, "unknown lifecycle events: AfterLunch")) {
			t.Errorf("listed %v: ended %s with %+v", listed, c.status, c.result)
		}
	}
}

// The agent died while it prepared an installation: the next one clears up
// before it serves.
func TestInterruptedInstallationIsClearedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	staged := filepath.Join(filepath.Dir(s.app), ".app.TOKEN1.slipway-new")
	books := filepath.Join(s.root, "deployment-instructions", group+"-cleanup.staging")
	for _, dir := range []string{staged, filepath.Dir(books)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(books, []byte(s.app+"\x00\x00"+staged+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(s.config())
	for _, path := range []string{staged, books} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there", path)
		}
	}
}
