package agent_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// deployTo deploys the object of one key to a group, and returns the download.
func (s *site) deployTo(group, id string, spec protocol.Specification, c agent.Config) *command {
	s.t.Helper()
	spec.DeploymentGroupID, spec.DeploymentID = group, id
	s.add(spec, "DownloadBundle", "Install")
	s.run(c)
	if got := s.get(id, "Install"); got.status != protocol.StatusSucceeded {
		s.t.Errorf("%s ended %s with %+v", id, got.status, got.result)
	}
	return s.get(id, "DownloadBundle")
}

// rewrite changes a file, but not the time of its last change.
func rewrite(t *testing.T, change func([]byte) []byte, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	text, err := os.ReadFile(name)
	if err == nil {
		info, statErr := os.Stat(name)
		if statErr != nil {
			t.Fatal(statErr)
		}
		if err = os.WriteFile(name, change(text), 0o600); err == nil {
			err = os.Chtimes(name, info.ModTime(), info.ModTime())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// spoil changes a file and nothing that one sees from outside.
func spoil(text []byte) []byte {
	for n := range text {
		text[n] ^= 0xff
	}
	return text
}

// rebooted makes of the note about a bundle one of an earlier run of the
// machine.
func rebooted(text []byte) []byte {
	var p map[string]any
	if json.Unmarshal(text, &p) != nil {
		return nil
	}
	p["boot"] = "another"
	text, _ = json.Marshal(p)
	return text
}

// A revision that the host has is not downloaded again for another group, as
// long as it is the same.
func TestSameRevisionIsDownloadedOnce(t *testing.T) {
	t.Parallel()
	const first = "d-FIRST0001"
	tests := map[string]struct {
		change    func(s *site, spec *protocol.Specification, dir string)
		config    func(*agent.Config)
		version   string // of the first
		downloads int
	}{
		"the same object":  {downloads: 1},
		"the same version": {downloads: 1, version: "v1"},
		"with its ETag": {downloads: 1, change: func(s *site, spec *protocol.Specification, dir string) {
			var p struct{ ETag string }
			if err := json.Unmarshal([]byte(read(s.t, dir, "bundle.json")), &p); err != nil || p.ETag == "" {
				s.t.Errorf("the note says %+v (%v)", p, err)
			}
			spec.Revision.S3Revision.ETag = `"` + p.ETag + `"`
		}},
		"another state of the object": {downloads: 2, change: func(s *site, _ *protocol.Specification, _ string) {
			f := telling("first")
			f["appspec.yml"] = strings.ReplaceAll(f["appspec.yml"], "$APP", s.app) + "# later\n"
			s.objects["/releases/first.tgz"] = f.bundle(s.t)
		}},
		"another version": {downloads: 2, version: "v1", change: func(_ *site, spec *protocol.Specification, _ string) {
			spec.Revision.S3Revision.Version = "v2"
		}},
		"another object with the same content": {downloads: 2, change: func(s *site, spec *protocol.Specification, _ string) {
			s.objects["/releases/copy.tgz"] = s.objects["/releases/first.tgz"]
			spec.Revision.S3Revision.Key = "copy.tgz"
		}},
		"somebody wrote into the bundle": {downloads: 2, change: func(s *site, _ *protocol.Specification, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "bundle.tar"), []byte("spoilt"), 0o600); err != nil {
				s.t.Fatal(err)
			}
		}},
		"what an older agent left": {downloads: 2, change: func(s *site, _ *protocol.Specification, dir string) {
			if err := os.Remove(filepath.Join(dir, "bundle.json")); err != nil {
				s.t.Fatal(err)
			}
		}},
		"the note is damaged": {downloads: 2, change: func(s *site, _ *protocol.Specification, dir string) {
			rewrite(s.t, func(text []byte) []byte { return text[:len(text)/2] }, dir, "bundle.json")
		}},
		"after a reboot": {downloads: 1, change: func(s *site, _ *protocol.Specification, dir string) {
			rewrite(s.t, rebooted, dir, "bundle.json")
		}},
		"lost in a crash of the machine": {downloads: 2, change: func(s *site, _ *protocol.Specification, dir string) {
			rewrite(s.t, rebooted, dir, "bundle.json")
			rewrite(s.t, spoil, dir, "bundle.tar")
		}},
		"an agent was killed in the middle": {downloads: 1, change: func(s *site, _ *protocol.Specification, _ string) {
			own := filepath.Join(s.root, "group-2", "d-SECOND001")
			if err := os.MkdirAll(own, 0o755); err != nil {
				s.t.Fatal(err)
			}
			for _, name := range []string{"bundle.tar", "bundle.tar.part", "bundle.tar.shared", "bundle.json.new"} {
				if err := os.WriteFile(filepath.Join(own, name), []byte("half of it"), 0o600); err != nil {
					s.t.Fatal(err)
				}
			}
			// The note of the event that is repeated.
			if err := os.WriteFile(filepath.Join(own, "bundle.json"), []byte(read(s.t, s.root, "group-1", first, "bundle.json")), 0o600); err != nil {
				s.t.Fatal(err)
			}
		}},
		"switched off": {downloads: 2, config: func(c *agent.Config) { c.NoReuse = true }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			spec := s.upload("first", telling("first"))
			spec.Revision.S3Revision.Version = test.version
			c := s.config()
			if test.config != nil {
				test.config(&c)
			}
			s.deployTo("group-1", first, spec, c)
			dir := filepath.Join(s.root, "group-1", first)
			revision := *spec.Revision.S3Revision
			spec.Revision = &protocol.Revision{RevisionType: protocol.RevisionS3, S3Revision: &revision}
			if test.change != nil {
				test.change(s, &spec, dir)
			}
			// Another group installs it elsewhere, and only downloads are counted.
			spec.AgentActionOverrides = &protocol.AgentActionOverrides{AgentOverrides: protocol.AgentOverrides{FileExistsBehavior: "OVERWRITE"}}
			got := s.deployTo("group-2", "d-SECOND001", spec, c)
			if s.downloads != test.downloads {
				t.Errorf("%d downloads, want %d", s.downloads, test.downloads)
			}
			if said := strings.Contains(got.result.Log, "d-FIRST0001 has the bundle already"); said != (test.downloads == 1) {
				t.Errorf("the report says %q", got.result.Log)
			}
			left, err := filepath.Glob(filepath.Join(s.root, "group-2", "*", "bundle.tar?*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left are %v (%v)", left, err)
			}
		})
	}
}

// Groups that deploy the same revision at one time wait for one download.
func TestSameRevisionAtOneTimeIsDownloadedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.sideBySide = true
	spec := s.upload("first", telling("first"))
	const groups = 8
	for n := range groups {
		spec.DeploymentGroupID, spec.DeploymentID = fmt.Sprintf("group-%d", n), fmt.Sprintf("d-AAAAAAAA%d", n)
		s.add(spec, "DownloadBundle")
	}
	s.run(s.config())
	for n := range groups {
		id := fmt.Sprintf("d-AAAAAAAA%d", n)
		if c := s.get(id, "DownloadBundle"); c.status != protocol.StatusSucceeded {
			t.Errorf("%s ended %s with %+v", id, c.status, c.result)
		}
		if got := read(t, s.root, fmt.Sprintf("group-%d", n), id, "deployment-archive", "version"); got != "first" {
			t.Errorf("%s has unpacked %q", id, got)
		}
	}
	if s.downloads != 1 {
		t.Errorf("%d downloads", s.downloads)
	}
}

// A commit does not change, and who has another token has to show it.
func TestSameCommitIsDownloadedOnce(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for name, test := range map[string]struct {
		commit, token string // of both, of the second
		downloads     int
	}{
		"the same":      {commit, "secret", 1},
		"another token": {commit, "other", 2},
		"no token":      {commit, "", 2},
		"a branch":      {"main", "secret", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			f := telling("github")
			f["appspec.yml"] = strings.ReplaceAll(f["appspec.yml"], "$APP", s.app)
			archive, downloads := f.bundle(t), 0
			github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				downloads++
				_, _ = w.Write(archive)
			}))
			t.Cleanup(github.Close)
			c := s.config()
			c.GitHubEndpoint = github.URL
			spec := s.upload("x", telling("s3"))
			spec.GitHubAccessToken = "secret"
			spec.Revision = &protocol.Revision{RevisionType: protocol.RevisionGitHub, GitHubRevision: &protocol.GitHubRevision{
				Account: "owner", Repository: "repo", CommitID: test.commit,
			}}
			s.deployTo("group-1", "d-FIRST0001", spec, c)
			if note, err := os.ReadFile(filepath.Join(s.root, "group-1", "d-FIRST0001", "bundle.json")); err == nil && strings.Contains(string(note), "secret") {
				t.Errorf("the token is on disk: %s", note)
			}
			spec.GitHubAccessToken = test.token
			spec.AgentActionOverrides = &protocol.AgentActionOverrides{AgentOverrides: protocol.AgentOverrides{FileExistsBehavior: "OVERWRITE"}}
			s.deployTo("group-2", "d-SECOND001", spec, c)
			if downloads != test.downloads {
				t.Errorf("%d downloads, want %d", downloads, test.downloads)
			}
		})
	}
}

// A restart says what it did, and does without what it was to use again.
func TestRestartTellsWhatItUsed(t *testing.T) {
	t.Parallel()
	const earlier = "d-EARLIER01"
	for name, test := range map[string]struct {
		spoil     func(t *testing.T, dir string)
		says      string
		downloads int
	}{
		"the archive is there": {func(*testing.T, string) {}, "The archive of the deployment d-EARLIER01 is used again; nothing was downloaded.", 1},
		"the archive is gone": {func(t *testing.T, dir string) {
			t.Helper()
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, "is not on this host. The revision is fetched instead.", 2},
		"half of the archive": {func(t *testing.T, dir string) {
			t.Helper()
			rewrite(t, func(text []byte) []byte { return text[:len(text)/2] }, dir, "bundle.tar")
		}, "does not unpack", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			spec := s.upload(earlier, telling("earlier"))
			s.add(spec, events...)
			s.run(s.config())
			test.spoil(t, filepath.Join(s.root, group, earlier))
			spec.DeploymentID, spec.ReuseArchiveFromDeploymentID = "d-RESTART01", earlier
			s.add(spec, events...)
			s.run(s.config())
			for _, event := range events {
				if c := s.get("d-RESTART01", event); c.status != protocol.StatusSucceeded {
					t.Errorf("%s ended %s with %+v", event, c.status, c.result)
				}
			}
			if got := s.get("d-RESTART01", "DownloadBundle").result.Log; !strings.Contains(got, test.says) {
				t.Errorf("the report says %q, want %q", got, test.says)
			}
			if s.downloads != test.downloads {
				t.Errorf("%d downloads, want %d", s.downloads, test.downloads)
			}
		})
	}
}

// Scripts know the ETag of what was downloaded, also if the revision has none
// and also if it was downloaded for another deployment.
func TestScriptsKnowTheETag(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.etags["/releases/etag.tgz"] = "an-etag-of-parts-2"
	spec := s.upload("etag", files{
		"appspec.yml": header + "hooks: {BeforeInstall: [{location: scripts/x}]}\n",
		"scripts/x":   "#!/bin/sh\necho etag $BUNDLE_ETAG\n",
	})
	for _, id := range []string{"d-DOWNLOAD1", "d-SHARED001", "d-RESTART01"} {
		spec.DeploymentID = id
		if id == "d-RESTART01" {
			spec.ReuseArchiveFromDeploymentID = "d-SHARED001"
		}
		s.add(spec, "DownloadBundle", "BeforeInstall")
		s.run(s.config())
		if got := s.get(id, "BeforeInstall").result.Log; !strings.Contains(got, "etag an-etag-of-parts-2") {
			t.Errorf("%s: %s", id, got)
		}
	}
	if s.downloads != 1 {
		t.Errorf("%d downloads", s.downloads)
	}
}
