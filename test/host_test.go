package test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/harness"
)

// host is a host with an agent that runs as a process.
type host struct {
	name   string
	stage  string
	dir    string // where the agent is started; its HOME
	server *server
	*process
}

// addHost starts the agent of a new host. It enrols itself with the root's
// key, which its next starts do not have.
func (s *server) addHost(t testing.TB, name, stage string) *host {
	t.Helper()
	h := &host{name: name, stage: stage, dir: t.TempDir(), server: s}
	h.startAgent(t, "AWS_ACCESS_KEY_ID="+s.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.key.SecretAccessKey)
	eventually(t, patience, name+" is enrolled", func() bool {
		_, err := os.Stat(filepath.Join(h.root(), "codedeploy.onpremises.yml"))
		return err == nil
	})
	return h
}

func (h *host) startAgent(t testing.TB, environment ...string) {
	t.Helper()
	cmd := exec.Command(slipwayAgent, "run", "--name", h.name, "--tag", "stage="+h.stage,
		"--endpoint", h.server.url, "--root", h.root())
	cmd.Dir = h.dir
	cmd.Env = append(cleanEnvironment(), append(environment, "HOME="+h.dir, "AWS_REGION=us-east-1")...)
	h.process = start(t, cmd)
}

func (h *host) root() string { return filepath.Join(h.dir, "deployment-root") }

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

// startQuickAgent runs an agent in this process that comes back quickly to a
// server that was gone. Its host is enrolled first.
func (s *server) startQuickAgent(t testing.TB, name, stage string) (dir string) {
	t.Helper()
	return s.startAgentHere(t, name, stage, backoff.Policy{Initial: 10 * time.Millisecond, Max: 100 * time.Millisecond})
}

// startAgentHere runs an agent in this process.
func (s *server) startAgentHere(t testing.TB, name, stage string, retry backoff.Policy, change ...func(*agent.Config)) (dir string) {
	t.Helper()
	ctx := t.Context()
	identity, err := agent.Enroll(ctx, agent.Enrolment{
		Name: name, Tags: map[string]string{"stage": stage}, Endpoint: s.url, Region: "us-east-1",
		Credentials: agent.StaticCredentials(s.key),
	})
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	config := agent.Config{
		HostIdentifier: identity.HostIdentifier(), Region: "us-east-1", Endpoint: s.url, Credentials: identity.Credentials(),
		Root: filepath.Join(dir, "deployment-root"), Dir: dir, Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir},
		Retry: retry,
	}
	for _, f := range change {
		f(&config)
	}
	a, err := agent.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() { // ctx has ended by now
		if err := <-ended; err != nil {
			t.Errorf("the agent of %s: %v", name, err)
		}
	})
	return dir
}

// folder is a bundle: paths and contents.
type folder map[string]string

// pack writes the folder as a bundle.
func (f folder) pack(t testing.TB) (file string) {
	t.Helper()
	files := fstest.MapFS{}
	for path, text := range maps.All(f) {
		files[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return packFS(t, files)
}

func packFS(t testing.TB, files fs.FS) (file string) {
	t.Helper()
	packed, err := harness.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "bundle.tgz")
	write(t, file, string(packed))
	return file
}
