package agent_test

import (
	"context"
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

// kept returns the deployments of which something is left, as GROUP/ID.
func (s *site) kept() (all []string) {
	s.t.Helper()
	archives, err := filepath.Glob(filepath.Join(s.root, "*", "*", "deployment-archive"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, dir := range archives {
		dir = filepath.Dir(dir)
		all = append(all, filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir))
	}
	slices.Sort(all)
	return all
}

// ofOneMiB is a revision whose archive takes a MiB.
func ofOneMiB(name string) files {
	return files{"appspec.yml": header, "data-" + name: strings.Repeat(name, 1<<20/len(name))}
}

// A disk budget holds for all groups together. What is installed stays, and
// what was downloaded last; of the rest the oldest goes.
func TestDiskBudget(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		budget int64 // KiB
		want   []string
	}{
		"none":             {0, []string{"a/d-A1", "a/d-A2", "a/d-A3", "a/d-A4", "b/d-B1", "b/d-B2", "b/d-B3"}},
		"room for all":     {10 << 10, []string{"a/d-A1", "a/d-A2", "a/d-A3", "a/d-A4", "b/d-B1", "b/d-B2", "b/d-B3"}},
		"room for some":    {5<<10 + 512, []string{"a/d-A2", "a/d-A3", "a/d-A4", "b/d-B1", "b/d-B2", "b/d-B3"}},
		"not enough room":  {1 << 10, []string{"a/d-A3", "a/d-A4", "b/d-B1", "b/d-B3"}},
		"room for nothing": {-1, []string{"a/d-A3", "a/d-A4", "b/d-B1", "b/d-B3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			deploy := func(group, id string, c agent.Config, names ...string) {
				t.Helper()
				spec := s.upload(id, ofOneMiB(id))
				spec.DeploymentGroupID = group
				s.add(spec, names...)
				s.run(c)
				for _, name := range names {
					if got := s.get(id, name); got.status != protocol.StatusSucceeded {
						t.Fatalf("%s of %s ended %s with %+v", name, id, got.status, got.result)
					}
				}
				at := time.Now().Add(-time.Hour).Add(time.Duration(len(s.kept())) * time.Minute)
				if err := os.Chtimes(filepath.Join(s.root, group, id), at, at); err != nil {
					t.Fatal(err)
				}
			}
			c := s.config()
			c.MaxArchiveSize = 0
			deploy("b", "d-B1", c, "DownloadBundle", "Install")
			deploy("a", "d-A1", c, "DownloadBundle", "Install")
			deploy("a", "d-A2", c, "DownloadBundle", "Install")
			deploy("b", "d-B2", c, "DownloadBundle")
			deploy("b", "d-B3", c, "DownloadBundle")
			deploy("a", "d-A3", c, "DownloadBundle", "Install")
			c.MaxArchiveSize = test.budget << 10
			deploy("a", "d-A4", c, "DownloadBundle")
			if diff := cmp.Diff(test.want, s.kept()); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
}

// A revision that is being deployed to another group is not removed, nor is
// that which a restart wants to use again.
func TestDiskBudgetSparesWhatIsInUse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.config()
	for _, id := range []string{"d-A1", "d-A2", "d-A3"} {
		s.add(s.upload(id, ofOneMiB(id)), "DownloadBundle", "Install")
		s.run(c)
	}
	// As if an event of it ran in a local deployment. (It is written while the
	// agent runs: what it finds at its start was interrupted.)
	tracking := filepath.Join(s.root, "ongoing-deployment", "d-A2")
	s.interfere = func(operation string) spoiling {
		if operation == "PutHostCommandAcknowledgement" {
			if err := os.WriteFile(tracking, []byte("id"), 0o600); err != nil {
				t.Error(err)
			}
		}
		return untouched
	}
	spec := s.upload("d-A4", ofOneMiB("d-A4"))
	spec.ReuseArchiveFromDeploymentID = "d-A1"
	s.add(spec, "DownloadBundle")
	c.MaxArchiveSize = 1
	s.run(c)
	want := []string{group + "/d-A1", group + "/d-A2", group + "/d-A3", group + "/d-A4"}
	if diff := cmp.Diff(want, s.kept()); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// Archives that were superseded share their files when nothing is deployed.
// What is installed shares with nobody: its scripts may write where they are.
func TestSupersededArchivesShareFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := files{"appspec.yml": header + "files: [{source: same, destination: $APP}]\n", "same": strings.Repeat("x", 10000)}
	ids := []string{"d-AAAAAAAA1", "d-AAAAAAAA2", "d-AAAAAAAA3", "d-AAAAAAAA4"}
	for _, id := range ids {
		f["other"] = id
		s.add(s.upload(id, f), "DownloadBundle", "Install")
	}
	c := s.config()
	c.Once, c.Quiet = false, time.Millisecond
	a, err := agent.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	file := func(id string) os.FileInfo {
		info, err := os.Stat(filepath.Join(s.root, group, id, "deployment-archive", "same"))
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	<-s.done
	for !os.SameFile(file(ids[0]), file(ids[1])) || !os.SameFile(file(ids[0]), file(ids[2])) {
		select {
		case err := <-ended:
			t.Fatalf("the agent ended: %v", err)
		case <-t.Context().Done():
			t.Fatal("the archives do not share their files")
		case <-time.After(time.Millisecond):
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if os.SameFile(file(ids[0]), file(ids[3])) {
		t.Error("the installed revision shares its files")
	}
	for _, id := range ids {
		if got := read(t, s.root, group, id, "deployment-archive", "other"); got != id {
			t.Errorf("%s has the file of %s", id, got)
		}
	}
	installed, err := os.Stat(filepath.Join(s.app, "same"))
	if err != nil || os.SameFile(installed, file(ids[3])) || os.SameFile(installed, file(ids[0])) {
		t.Errorf("an installed file is one with that of an archive (%v)", err)
	}
}
