package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// agentBuilds are two builds of the agent that differ in their version. They
// are small, because they are packed, and so without the race detector.
var agentBuilds = sync.OnceValues(func() (versions [2]string, err error) {
	for i := range versions {
		versions[i] = filepath.Join(filepath.Dir(slipwayAgent), fmt.Sprintf("v%d", i+1), "slipway-agent")
		build := exec.Command("go", "build", "-ldflags", fmt.Sprintf("-s -X main.version=v%d", i+1), "-o", versions[i], "../cmd/slipway-agent")
		if out, err := build.CombinedOutput(); err != nil {
			return versions, fmt.Errorf("%w: %s", err, out)
		}
	}
	return versions, nil
})

// updateEvents are those with hooks in the deployments during which the agent
// is updated. The first waits for the test.
var updateEvents = []string{"BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"}

// waiting is a bundle whose first hook goes on when there is a file "gate" in a
// folder of the host. Each hook writes down there which agent runs it.
func waiting(dir string) folder {
	appspec := "version: 0.0\nos: linux\nhooks:\n"
	for _, e := range updateEvents {
		appspec += "  " + e + ": [{location: hook.sh, timeout: 600}]\n"
	}
	return folder{
		"appspec.yml": appspec,
		"hook.sh": `#!/bin/sh
cd ` + dir + `
echo "$LIFECYCLE_EVENT $(/proc/$PPID/exe --version)" >>hooks.log
while [ "$LIFECYCLE_EVENT" = BeforeInstall ] && [ ! -e gate ]; do sleep 0.05; done
`,
	}
}

// serving is a bundle whose hook leaves an application running.
func serving(dir string) folder {
	return folder{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  ApplicationStart: [{location: start.sh}]\n",
		"start.sh":    "#!/bin/sh\ntail -f " + dir + "/application >/dev/null 2>&1 </dev/null &\n",
	}
}

// update deploys an application that keeps running, then updates the agent of
// the host in the middle of a hook of a second deployment, and looks at what
// became of both. dir is seen by the test and by the host. begin starts the
// update; finish is called when the hook may end.
func (s *server) update(t *testing.T, group, dir string, second folder, begin, finish func()) {
	t.Helper()
	write(t, filepath.Join(dir, "application"), "")
	s.put(t, group+"-1.tgz", serving(dir).pack(t))
	s.succeed(t, s.create(t, group, group+"-1.tgz"), patience)
	app := running(dir)
	if app == 0 {
		t.Fatal("the application does not run")
	}
	t.Cleanup(func() { _ = syscall.Kill(app, syscall.SIGKILL) })

	s.put(t, group+"-2.tgz", second.pack(t))
	id := s.create(t, group, group+"-2.tgz")
	hooks := filepath.Join(dir, "hooks.log")
	eventually(t, 4*patience, "the first hook runs", func() bool { return read(t, hooks) != "" })
	begin()
	if got := read(t, hooks); strings.Count(got, "\n") != 1 {
		t.Fatalf("while the first hook waits others ran:\n%s", got)
	}
	write(t, filepath.Join(dir, "gate"), "")
	finish()
	s.succeed(t, id, 4*patience) // a program is a large bundle

	var ran, by []string
	for line := range strings.Lines(read(t, hooks)) {
		event, version, _ := strings.Cut(strings.TrimSpace(line), " slipway-agent version ")
		ran, by = append(ran, event), append(by, version)
	}
	if diff := cmp.Diff(updateEvents, ran); diff != "" {
		t.Fatalf("each hook must run once, in order (-want +got):\n%s", diff)
	}
	if by[0] != "v1" || by[len(by)-1] != "v2" || !slices.IsSorted(by) {
		t.Errorf("the hooks were run by %v, want v1 first and then v2", by)
	}
	t.Logf("the hooks %v were run by %v", ran, by)
	if now := running(dir); now != app {
		t.Errorf("the application that a hook had left ran as process %d, and now as %d", app, now)
	}
}

// running returns the process of the application of a host, 0 if there is none.
func running(dir string) (pid int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if text, _ := os.ReadFile(file); string(text) == "tail\x00-f\x00"+dir+"/application\x00" {
			_, _ = fmt.Sscanf(file, "/proc/%d/", &pid)
		}
	}
	return pid
}

// TestAgentUpdate updates agents that run as plain processes, with no service
// manager that would help.
func TestAgentUpdate(t *testing.T) {
	t.Parallel()
	versions, err := agentBuilds()
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t)
	s.defineAll(t, "stopped", "renamed", "deployed")

	t.Run("stopped and started", func(t *testing.T) {
		t.Parallel()
		h := s.addUpdatable(t, "stopped", versions[0])
		s.update(t, "stopped", h.dir, waiting(h.dir), func() {
			for range 2 { // two updates in a row are no more than one
				if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
		}, func() {
			if err := h.wait(t, patience); err != nil {
				t.Error("the old agent ended badly:", err)
			}
			h.startFrom(t, versions[1])
		})
	})
	t.Run("replaced on disk", func(t *testing.T) {
		t.Parallel()
		h := s.addUpdatable(t, "renamed", "")
		h.startFrom(t, replace(t, h.path("slipway-agent"), versions[0]))
		s.update(t, "renamed", h.dir, waiting(h.dir), func() { replace(t, h.path("slipway-agent"), versions[1]) }, func() {})
		h.stillRuns(t)
	})
	t.Run("replaced by a deployment", func(t *testing.T) {
		t.Parallel()
		h := s.addUpdatable(t, "deployed", "")
		h.startFrom(t, replace(t, h.path("slipway-agent"), versions[0]))
		bundle := waiting(h.dir)
		bundle["slipway-agent"] = read(t, versions[1])
		bundle["appspec.yml"] += "files: [{source: slipway-agent, destination: " + h.dir + "}]\n" +
			"permissions: [{object: " + h.path("slipway-agent") + ", mode: 755}]\nfile_exists_behavior: OVERWRITE\n"
		s.update(t, "deployed", h.dir, bundle, func() {}, func() {})
		h.stillRuns(t)
	})
}

// addUpdatable adds a host whose agent is to be updated. It is enrolled, and
// its agent is that program.
func (s *server) addUpdatable(t *testing.T, name, program string) *host {
	t.Helper()
	h := s.addHost(t, name, name)
	h.kill()
	if program != "" {
		h.startFrom(t, program)
	}
	return h
}

// startFrom starts the agent from a program.
func (h *host) startFrom(t *testing.T, program string) {
	t.Helper()
	cmd := exec.Command(program, "run", "--root", h.root(), "--endpoint", h.server.url)
	cmd.Dir = h.dir
	cmd.Env = append(cleanEnvironment(), "HOME="+h.dir, "AWS_REGION=us-east-1")
	h.process = start(t, cmd)
}

// stillRuns makes sure that the agent is the process that was started.
func (h *host) stillRuns(t *testing.T) {
	t.Helper()
	select {
	case <-h.ended:
		t.Errorf("the agent's process ended: %v", h.err)
	default:
	}
}

// replace puts a copy of a program in a place, as package managers do.
func replace(t *testing.T, place, program string) string {
	t.Helper()
	if err := os.WriteFile(place+".new", []byte(read(t, program)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(place+".new", place); err != nil {
		t.Fatal(err)
	}
	return place
}
