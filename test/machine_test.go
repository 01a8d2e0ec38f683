package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is this machine once more for what installs programs: its processes
// and mounts are its own, and what is written to its /etc, /usr, /var, /opt and
// /run is gone in the end. It has no systemd, so init scripts start services.
// The network and /tmp are those of the real one.
type machine struct {
	*process
	init string // the number here of its first process
	name string
}

// machineSetup prepares the file system, and then keeps the machine running.
const machineSetup = `set -eu
mount -t tmpfs layers "$1"
for dir in etc usr var opt; do
	mkdir -p "$1/$dir/upper" "$1/$dir/work"
	mount -t overlay "$dir" -o "lowerdir=/$dir,upperdir=$1/$dir/upper,workdir=$1/$dir/work" "/$dir"
done
# Nobody here may speak to the systemd of the real machine.
mount -t tmpfs run /run
mkdir /run/home
echo ready
while sleep 1; do :; done
`

// newMachine starts a machine. Only root can.
func newMachine(t *testing.T, name string) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a machine of its own takes root, for namespaces and layers over its folders")
	}
	for _, need := range []string{"unshare", "nsenter", "dpkg"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skip("a machine of its own needs ", need, ": ", err)
		}
	}
	layers := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "unshare", "-mpf", "--mount-proc", "mount", "-t", "overlay", "try", "-o", "lowerdir=/etc:/opt", layers).CombinedOutput(); err != nil {
		t.Skipf("a machine of its own needs namespaces and overlays, and there are none: %s", out)
	}
	cmd := exec.Command("unshare", "-mpf", "--kill-child", "--mount-proc", "sh", "-c", machineSetup, "sh", layers)
	cmd.Env = cleanEnvironment()
	m := &machine{process: start(t, cmd), name: name}
	if line := m.line(t); line != "ready" {
		t.Fatalf("the machine says %q", line)
	}
	children := read(t, fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
	if m.init = strings.TrimSpace(children); m.init == "" {
		t.Fatal("the machine has no first process")
	}
	return m
}

// try runs a command on the machine and returns what it prints.
func (m *machine) try(t *testing.T, environment []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "nsenter", append([]string{"-t", m.init, "-m", "-p", "--", name}, args...)...)
	cmd.Env = append(append(cleanEnvironment(), "HOME=/run/home"), environment...) // not the real one's
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run runs a command that must succeed.
func (m *machine) run(t *testing.T, environment []string, name string, args ...string) string {
	t.Helper()
	out, err := m.try(t, environment, name, args...)
	if err != nil {
		log, _ := m.try(t, nil, "sh", "-c", "tail -n 30 /var/log/*-agent.log")
		t.Fatalf("%s %v: %v\n%s\nThe agent's log:\n%s", name, args, err, out, log)
	}
	return out
}

// TestAgentUpdateOfAHost installs the agent in each of its ways, with its
// service, and a newer one in the same way in the middle of a hook.
func TestAgentUpdateOfAHost(t *testing.T) {
	t.Parallel()
	versions, err := agentBuilds()
	if err != nil {
		t.Fatal(err)
	}
	binaries := t.TempDir() // of the server
	s := startServer(t, "--agent-binaries", binaries)
	s.defineAll(t, "package", "rpm", "itself", "pipe")
	for name, install := range map[string]func(t *testing.T, m *machine, version int){
		"package": func(t *testing.T, m *machine, version int) {
			m.run(t, nil, "dpkg", "-i", packed(t, versions[version-1], version, "slipway-agent_%d.0.0_*.deb"))
		},
		"rpm": func(t *testing.T, m *machine, version int) {
			if _, err := exec.LookPath("rpm"); err != nil {
				t.Skip("there is no rpm here: ", err)
			}
			// The host's shell is not rpm's.
			m.run(t, nil, "rpm", "-U", "--nodeps", packed(t, versions[version-1], version, "slipway-agent-%d.0.0-1.*.rpm"))
		},
		"itself": func(t *testing.T, m *machine, version int) {
			m.run(t, s.enrolment(), versions[version-1], "install", "--endpoint", s.url, "--name", m.name, "--tag", "stage="+m.name)
		},
		"pipe": func(t *testing.T, m *machine, version int) {
			replace(t, filepath.Join(binaries, "slipway-agent"), versions[version-1])
			m.run(t, s.enrolment(), "sh", "-c", `curl -fsS "$0/install" | sh -s -- --name "$1" --tag "stage=$1"`, s.url, m.name)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, name)
			install(t, m, 1)
			if name == "package" || name == "rpm" { // which bring no identity
				m.run(t, s.enrolment(), "slipway-agent", "install", "--endpoint", s.url, "--name", name, "--tag", "stage="+name)
			}
			dir := t.TempDir()
			service := "slipway-agent"
			if name == "pipe" {
				service = "codedeploy-agent"
			}
			s.update(t, name, dir, waiting(dir), func() {
				install(t, m, 2)
				// Somebody is impatient.
				m.run(t, nil, "sh", "-c", "for i in 1 2; do setsid /etc/init.d/$0 restart >/dev/null 2>&1 </dev/null & done", service)
			}, func() {})
			const settled = `slipway-agent status | grep -q "^version *v2$" &&
				! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -q "[/]etc/init.d/$0 restart"`
			eventually(t, 2*patience, "the new agent runs, and no restart is under way", func() bool {
				_, err := m.try(t, nil, "sh", "-c", settled, service)
				return err == nil
			})
			m.run(t, nil, "/etc/init.d/"+service, "status")
			if agents := m.run(t, nil, "sh", "-c", "ls -l /proc/[0-9]*/exe | grep -c '/slipway-agent'"); agents != "1\n" {
				t.Errorf("there are %s agents", strings.TrimSpace(agents))
			}
		})
	}
}

// enrolment is the environment in which a host can enrol.
func (s *server) enrolment() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + s.key.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + s.key.SecretAccessKey, "AWS_REGION=us-east-1",
		"AWS_ENDPOINT_URL=" + s.url,
	}
}

// packed makes packages of a program, and returns the one that is asked for.
func packed(t *testing.T, program string, version int, pattern string) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "run", "../internal/installer/mkpackages",
		"-out", dir, "-version", fmt.Sprintf("v%d.0.0", version), program).CombinedOutput()
	if err != nil {
		t.Fatalf("cannot make the packages: %v\n%s", err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf(pattern, version)))
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	return found[0]
}
