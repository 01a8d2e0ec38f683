package setup_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/setup"
)

const (
	configFile   = "/etc/codedeploy-agent/conf/codedeployagent.yml"
	identityFile = "/etc/codedeploy-agent/conf/codedeploy.onpremises.yml"
	identity     = "region: us-east-1\niam_user_arn: arn:aws:iam::000000000000:user/web-1\naws_access_key_id: A\naws_secret_access_key: S\n"
)

// host is a folder that is set up like a host.
type host struct {
	t   *testing.T
	dir string
	log []string
	ran []string // commands
}

func newHost(t *testing.T, files ...string) *host {
	h := &host{t: t, dir: t.TempDir()}
	for i := 0; i < len(files); i += 2 {
		h.write(files[i], files[i+1])
	}
	h.write("/program", "the program")
	return h
}

func (h *host) write(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(h.dir, name)) // "" is as good as none
	return string(text)
}

func (h *host) printf(format string, args ...any) {
	h.log = append(h.log, strings.ReplaceAll(fmt.Sprintf(format, args...), h.dir, ""))
}

// tree returns the files of the host.
func (h *host) tree() []string {
	h.t.Helper()
	var list []string
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path != filepath.Join(h.dir, "program") {
			list = append(list, strings.TrimPrefix(path, h.dir))
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func (h *host) install(change func(*setup.Installation)) error {
	h.t.Helper()
	h.log, h.ran = nil, nil
	i := &setup.Installation{Host: setup.Host{Prefix: h.dir}, Executable: filepath.Join(h.dir, "program"), Log: h.printf}
	if change != nil {
		change(i)
	}
	return i.Install(h.t.Context())
}

func (h *host) uninstall(purge bool) error {
	h.t.Helper()
	h.log = nil
	r := &setup.Removal{Host: setup.Host{Prefix: h.dir}, Purge: purge, Log: h.printf}
	return r.Uninstall(h.t.Context())
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) has(want ...string) {
	h.t.Helper()
	if got := h.tree(); !slices.Equal(got, want) {
		h.t.Errorf("the host has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func to(endpoint string) func(*setup.Installation) {
	return func(i *setup.Installation) { i.Endpoint = endpoint }
}

func TestInstallMakesAUnitWhereThereIsSystemd(t *testing.T) {
	t.Parallel()
	h := newHost(t, "/usr/lib/systemd/systemd", "")
	h.must(h.install(to("https://slipway:8650")))
	h.has(
		configFile,
		"/etc/systemd/system/slipway-agent.service",
		"/usr/lib/systemd/systemd",
		"/usr/local/bin/slipway-agent",
		"/var/lib/slipway-agent/installed.json",
	)
	if unit := h.read("/etc/systemd/system/slipway-agent.service"); !strings.Contains(unit, "\nExecStart=/usr/local/bin/slipway-agent run\n") || strings.Contains(unit, "@") {
		t.Errorf("the unit is\n%s", unit)
	}
	if config := h.read(configFile); !strings.Contains(config, "\ndeploy_control_endpoint: https://slipway:8650\n") {
		t.Errorf("the configuration is\n%s", config)
	}
	if info, err := os.Stat(filepath.Join(h.dir, "/usr/local/bin/slipway-agent")); err != nil || info.Mode() != 0o755 {
		t.Errorf("the program is %v, %v", info.Mode(), err)
	}
}

func TestInstallMakesAnInitScriptWhereThereIsNone(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.must(h.install(func(i *setup.Installation) { i.Name = "codedeploy-agent" }))
	h.has(
		configFile,
		"/etc/init.d/codedeploy-agent",
		"/etc/logrotate.d/codedeploy-agent",
		"/usr/local/bin/slipway-agent",
		"/var/lib/slipway-agent/installed.json",
	)
	h.must(h.uninstall(false))
	h.has()
}

func TestInstallTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.must(h.install(to("http://a:1")))
	h.must(h.install(to("http://a:1")))
	h.must(h.install(nil))
	if !slices.Equal(h.log, []string{"not started"}) {
		t.Errorf("the third install said %q", h.log)
	}
	h.write("/program", "the next program")
	h.must(h.install(nil))
	if want := []string{"wrote /usr/local/bin/slipway-agent", "not started"}; !slices.Equal(h.log, want) {
		t.Errorf("the upgrade said %q, want %q", h.log, want)
	}
	h.must(h.install(to("http://b:1"))) // the file is as install left it
	if config := h.read(configFile); !strings.Contains(config, "http://b:1") {
		t.Errorf("the configuration is\n%s", config)
	}
}

func TestInstallKeepsWhatTheUserChanged(t *testing.T) {
	t.Parallel()
	const mine = "# mine\n:max_revisions: 2"
	h := newHost(t, configFile, mine)
	h.must(h.install(nil))
	if config := h.read(configFile); config != mine {
		t.Errorf("the configuration is\n%s", config)
	}
	h.must(h.install(to("http://a:1"))) // which it does not have yet
	const added = mine + "\ndeploy_control_endpoint: http://a:1\n"
	if config := h.read(configFile); config != added {
		t.Errorf("the configuration is\n%s", config)
	}
	err := h.install(to("http://b:1"))
	if err == nil || !strings.Contains(err.Error(), "names another server, http://a:1") {
		t.Errorf("another server: %v", err)
	}
	h.write("/etc/init.d/slipway-agent", "my script")
	h.must(h.install(nil))
	if !slices.Contains(h.log, "kept /etc/init.d/slipway-agent, which is not as install left it") {
		t.Errorf("install said %q", h.log)
	}
	h.must(h.uninstall(false))
	h.has(configFile, "/etc/init.d/slipway-agent")
	h.must(h.uninstall(true))
	h.has("/etc/init.d/slipway-agent") // nobody but the user knows it now
}

func TestUninstallKeepsTheIdentityUnlessItPurges(t *testing.T) {
	t.Parallel()
	h := newHost(t, "/given.yml", identity)
	given := func(i *setup.Installation) { i.Identity = filepath.Join(h.dir, "given.yml") }
	h.must(h.install(given))
	h.must(h.install(given))
	if info, err := os.Stat(filepath.Join(h.dir, identityFile)); err != nil || info.Mode() != 0o600 {
		t.Errorf("the identity is %v, %v", info.Mode(), err)
	}
	h.write("/opt/codedeploy-agent/deployment-root/journal/lock", "")
	h.must(h.uninstall(false))
	h.has(identityFile, "/given.yml", "/opt/codedeploy-agent/deployment-root/journal/lock")
	h.write("/given.yml", strings.ReplaceAll(identity, "web-1", "web-2"))
	if err := h.install(given); err == nil || !strings.Contains(err.Error(), "another identity") {
		t.Errorf("another identity: %v", err)
	}
	h.must(h.uninstall(true))
	h.has("/given.yml")
}

func TestInstallProtectsTheIdentityThatIsThere(t *testing.T) {
	t.Parallel()
	h := newHost(t, identityFile, identity)
	h.must(h.install(nil))
	if info, err := os.Stat(filepath.Join(h.dir, identityFile)); err != nil || info.Mode() != 0o600 {
		t.Errorf("the identity is %v, %v", info.Mode(), err)
	}
	err := h.install(func(i *setup.Installation) { i.Enrolment = &agent.Settings{Name: "web-2"} })
	if err == nil || !strings.Contains(err.Error(), "not web-2") {
		t.Errorf("another name: %v", err)
	}
}

func TestInstallLeavesAPackagesFilesAlone(t *testing.T) {
	t.Parallel()
	h := newHost(t, "/usr/lib/systemd/system/codedeploy-agent.service", "ExecStart=/usr/bin/slipway-agent run")
	h.must(h.install(to("http://a:1")))
	h.has(configFile, "/usr/lib/systemd/system/codedeploy-agent.service", "/var/lib/slipway-agent/installed.json")
	if err := h.install(func(i *setup.Installation) { i.Name = "slipway-agent" }); err == nil {
		t.Error("the service of a package got another name")
	}
	if err := h.uninstall(false); err == nil || !strings.Contains(err.Error(), "dpkg -r codedeploy-agent") {
		t.Errorf("uninstall: %v", err)
	}
	official := newHost(t, "/usr/lib/systemd/system/codedeploy-agent.service", "ExecStart=/opt/codedeploy-agent/bin/codedeploy-agent start")
	official.must(official.install(nil))
	if official.read("/usr/local/bin/slipway-agent") == "" {
		t.Error("the official agent's package was taken for ours")
	}
}

func TestInstallSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := newHost(t, "/none.pem", "no certificate", "/bad.yml", "region: x\n", "/etc/codedeploy-agent/conf/codedeployagent.yml", "a: [")
	for want, change := range map[string]func(*setup.Installation){
		"is not a URL":            to("http://a b"),
		"holds no certificate":    func(i *setup.Installation) { i.CABundle = filepath.Join(h.dir, "none.pem") },
		"it has no iam_user_arn":  func(i *setup.Installation) { i.Identity = filepath.Join(h.dir, "bad.yml") },
		"configuration file /etc": to("http://a:1"),
	} {
		if err := h.install(change); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), h.dir, ""), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

func TestInstallStartsTheService(t *testing.T) {
	t.Parallel()
	h := newHost(t, "/run/systemd/system/x", "", identityFile, identity)
	start := func(i *setup.Installation) {
		i.Start = true
		i.Run = func(_ context.Context, name string, args ...string) error {
			h.ran = append(h.ran, strings.Join(append([]string{name}, args...), " "))
			if args[0] == "restart" {
				h.runAgent()
			}
			return nil
		}
	}
	h.must(h.install(start))
	if want := []string{"systemctl daemon-reload", "systemctl enable slipway-agent", "systemctl restart slipway-agent"}; !slices.Equal(h.ran, want) {
		t.Errorf("install ran %q, want %q", h.ran, want)
	}
	h.must(h.install(start)) // it runs, and is as it should be
	if slices.Contains(h.ran, "systemctl restart slipway-agent") || !slices.Contains(h.log, "slipway-agent is running") {
		t.Errorf("the second install ran %q and said %q", h.ran, h.log)
	}
}

// What runs is restarted when there is a newer program, and nobody waits for
// the event that it lets end: install may be part of it.
func TestInstallRestartsAnAgentOfAnotherVersion(t *testing.T) {
	t.Parallel()
	const state = "/opt/codedeploy-agent/deployment-root/journal/agent.json"
	for _, manager := range []struct{ name, is, command string }{
		{"systemd", "/run/systemd/system/x", "systemctl --no-block restart slipway-agent"},
		{"init script", "/none", "sh -c setsid env -i"},
	} {
		t.Run(manager.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, manager.is, "", identityFile, identity)
			h.must(h.install(nil)) // with all that the next one finds unchanged
			h.write(state, `{"version":"v1","started":"2026-11-01T00:00:00Z"}`)
			h.runAgent()
			restart := func(version string) {
				h.must(h.install(func(i *setup.Installation) {
					i.Start, i.Version = true, version
					i.Run = func(_ context.Context, name string, args ...string) error {
						h.ran = append(h.ran, strings.Join(append([]string{name}, args...), " "))
						if strings.Contains(h.ran[len(h.ran)-1], " restart") {
							h.write(state, `{"version":"v2","started":"2026-11-02T00:00:00Z"}`)
						}
						return nil
					}
				}))
			}
			restart("v1")
			if last := h.log[len(h.log)-1]; last != "slipway-agent is running" {
				t.Errorf("the same version: %q", last)
			}
			restart("v2")
			if last := h.ran[len(h.ran)-1]; !strings.HasPrefix(last, manager.command) {
				t.Errorf("another version: ran %q", last)
			}
			if last := h.log[len(h.log)-1]; last != "slipway-agent is running, restarted" {
				t.Errorf("another version: %q", last)
			}
		})
	}
}

// runAgent makes it look as if an agent ran: it has the lock.
func (h *host) runAgent() {
	h.t.Helper()
	const file = "/opt/codedeploy-agent/deployment-root/journal/lock"
	h.write(file, "")
	lock(h.t, filepath.Join(h.dir, file))
}

func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		t.Cleanup(func() { f.Close() })
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}

func TestNoIdentityNoStart(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.must(h.install(func(i *setup.Installation) {
		i.Start = true
		i.Run = func(context.Context, string, ...string) error {
			t.Error("something was run")
			return nil
		}
	}))
	if len(h.log) == 0 || !strings.HasPrefix(h.log[len(h.log)-1], "not started: this host has no identity yet") {
		t.Errorf("install said %q", h.log)
	}
}
