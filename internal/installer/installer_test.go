package installer

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what S3 calls an ETag is one
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func pack(name string) Package {
	return Package{
		Name: name, Version: "v1.2.3", Arch: "amd64", Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Binary: []byte("#!/bin/sh\necho \"$@\"\n"),
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"v1.2.3":       "1.2.3",
		"v1.2.3-rc.1":  "1.2.3~rc.1",
		"v0.0.0-2026-": "0.0.0~2026.",
		"v0.0.0-20261101000000-abcdef012345+dirty": "0.0.0~20261101000000.abcdef012345+dirty",
		"(devel)": "0~devel",
		"":        "0~",
	} {
		if got := (Package{Version: version}).packageVersion(); got != want {
			t.Errorf("the version %q is packed as %q, want %q", version, got, want)
		}
	}
}

func TestPackagesAreReproducible(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Deb, RPM} {
		first, err := pack("slipway-agent").Pack(kind)
		must(t, err)
		second, err := pack("slipway-agent").Pack(kind)
		must(t, err)
		if !bytes.Equal(first, second) {
			t.Errorf("the same %s is packed in two ways", kind)
		}
		other := pack("slipway-agent")
		other.Binary = []byte("other")
		if third, err := other.Pack(kind); err != nil || bytes.Equal(first, third) {
			t.Errorf("another program makes the same %s, %v", kind, err)
		}
	}
}

// TestDpkgTakesTheDeb: dpkg's own tools read it, and what it unpacks is whole.
func TestDpkgTakesTheDeb(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"slipway-agent", "codedeploy-agent"} {
		dir := t.TempDir()
		file := write(t, dir, Deb, name)
		fields := run(t, "dpkg-deb", "-f", file, "Package", "Version", "Architecture", "Conflicts")
		other := strings.ReplaceAll("slipway-agent codedeploy-agent", name, "")
		if want := "Package: " + name + "\nVersion: 1.2.3\nArchitecture: amd64\nConflicts: " + strings.TrimSpace(other) + "\n"; fields != want {
			t.Errorf("the fields are\n%swant\n%s", fields, want)
		}
		run(t, "dpkg-deb", "-x", file, dir)
		run(t, "dpkg-deb", "-e", file, filepath.Join(dir, "DEBIAN"))
		for path, want := range map[string]string{
			"usr/bin/slipway-agent":                       "echo \"$@\"",
			"usr/lib/systemd/system/" + name + ".service": "ExecStart=/usr/bin/slipway-agent run",
			"etc/init.d/" + name:                          "binary=/usr/bin/slipway-agent",
			"etc/logrotate.d/" + name:                     "/var/log/" + name + ".log {",
			"DEBIAN/conffiles":                            "/etc/init.d/" + name + "\n/etc/logrotate.d/" + name + "\n",
			"DEBIAN/postinst":                             "restart " + name,
			"DEBIAN/prerm":                                "/etc/init.d/" + name + " stop",
			"DEBIAN/postrm":                               "rm -rf /opt/codedeploy-agent/deployment-root",
			"DEBIAN/md5sums":                              "  usr/bin/slipway-agent\n",
		} {
			text, err := os.ReadFile(filepath.Join(dir, path))
			must(t, err)
			if !strings.Contains(string(text), want) || strings.Contains(string(text), "@NAME@") {
				t.Errorf("%s is\n%s\nwant %q in it", path, text, want)
			}
		}
		for _, script := range []string{"DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm", "etc/init.d/" + name} {
			run(t, "sh", "-n", filepath.Join(dir, script))
		}
		if info, err := os.Stat(filepath.Join(dir, "usr/bin/slipway-agent")); err != nil || info.Mode() != 0o755 {
			t.Errorf("the program's mode is %v, %v", info.Mode(), err)
		}
	}
}

// TestRPMsAreRead: by rpm, or by busybox's, which is stricter about less.
func TestRPMsAreRead(t *testing.T) {
	t.Parallel()
	file := write(t, t.TempDir(), RPM, "codedeploy-agent")
	rpm := []string{"rpm"}
	if _, err := exec.LookPath("rpm"); err != nil {
		rpm = []string{"busybox", "rpm"}
	}
	info := run(t, rpm[0], append(rpm[1:], "-qip", file)...)
	for _, want := range []string{": codedeploy-agent\n", ": 1.2.3\n", ": Apache-2.0\n"} {
		if !strings.Contains(info, want) {
			t.Errorf("rpm says\n%s\nwant %q in it", info, want)
		}
	}
	if list := run(t, rpm[0], append(rpm[1:], "-qlp", file)...); !strings.Contains(list, "/usr/bin/slipway-agent\n/usr/lib/systemd/system/codedeploy-agent.service\n") {
		t.Errorf("the files are\n%s", list)
	}
}

func write(t *testing.T, dir string, kind Kind, name string) (file string) {
	t.Helper()
	content, err := pack(name).Pack(kind)
	must(t, err)
	file = filepath.Join(dir, pack(name).FileName(kind))
	must(t, os.WriteFile(file, content, 0o600))
	return file
}

// programs is a folder with a program of Go for Linux: this test.
func programs(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || (runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64") {
		t.Skip("no packages are made for " + runtime.GOOS + "/" + runtime.GOARCH)
	}
	self, err := os.Executable()
	must(t, err)
	dir := t.TempDir()
	must(t, os.Symlink(self, filepath.Join(dir, "slipway-agent")))
	return dir
}

func TestFindKnowsProgramsByTheirHeaders(t *testing.T) {
	t.Parallel()
	dir := programs(t)
	found, err := Find(dir)
	must(t, err)
	if len(found) != 1 || found[0].Arch != runtime.GOARCH {
		t.Errorf("found %+v", found)
	}
	must(t, os.WriteFile(filepath.Join(dir, "slipway-agent-linux-arm64"), []byte("#!/bin/sh"), 0o700))
	if _, err := Find(dir); err == nil || !strings.Contains(err.Error(), "no program for Linux") {
		t.Errorf("a script was taken for a program: %v", err)
	}
	if found, err := Find(t.TempDir()); err != nil || len(found) != 0 {
		t.Errorf("an empty folder has %+v, %v", found, err)
	}
}

// TestScriptHoldsWhatItInstalls runs the script's own branches, with programs
// of a shell that print what they would install.
func TestScriptHoldsWhatItInstalls(t *testing.T) {
	t.Parallel()
	p := &Publisher{Binaries: programs(t), Cache: t.TempDir(), Endpoint: "http://known:1"}
	i, err := p.Installer()
	must(t, err)
	run(t, "sh", "-n", i.Path)
	script, err := os.ReadFile(i.Path)
	must(t, err)
	if sum := md5.Sum(script); hex.EncodeToString(sum[:]) != i.MD5 { //nolint:gosec // as above
		t.Errorf("the MD5 is %s, want %x", i.MD5, sum)
	}
	found, err := Find(p.Binaries)
	must(t, err)
	packed, err := found[0].Package("codedeploy-agent")
	must(t, err)
	for _, kind := range []Kind{Deb, RPM} {
		want, err := packed.Pack(kind)
		must(t, err)
		// The script up to where it begins to install.
		head, _, _ := strings.Cut(string(script), "# The package does not start")
		head = strings.Replace(head, `[ "$(id -u)" = 0 ]`, "true", 1)
		cmd := exec.CommandContext(t.Context(), "sh", "-s", "auto")
		cmd.Stdin = strings.NewReader(head + "packed " + string(kind) + "\n")
		got, err := cmd.Output()
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("the script holds a %s of %d bytes, want the %d of the package", kind, len(got), len(want))
		}
	}
}

func TestInstallerFollowsThePrograms(t *testing.T) {
	t.Parallel()
	p := &Publisher{Binaries: t.TempDir(), Cache: filepath.Join(t.TempDir(), "cache")}
	var none *NoBinariesError
	if _, err := p.Installer(); !errors.As(err, &none) || !strings.Contains(err.Error(), "--agent-binaries") || !strings.Contains(err.Error(), p.Binaries) {
		t.Errorf("no programs: %v", err)
	}
	p.Binaries = programs(t) // they are put there while the server runs
	first, err := p.Installer()
	must(t, err)
	second, err := p.Installer()
	must(t, err)
	if first != second {
		t.Errorf("the installer was made twice: %+v, %+v", first, second)
	}
	must(t, os.Remove(first.Path)) // whoever clears caches
	third, err := p.Installer()
	must(t, err)
	if third.MD5 != first.MD5 {
		t.Errorf("the same programs make %s and %s", first.MD5, third.MD5)
	}
}

func TestThePipeKnowsWhereItCameFrom(t *testing.T) {
	t.Parallel()
	p := &Publisher{Binaries: programs(t), Cache: t.TempDir(), Endpoint: "http://known:1"}
	for host, want := range map[string]string{
		"slipway.example.org:8650": "#!/bin/sh\nfetched_from='http://slipway.example.org:8650'\n# Installs",
		"[::1]:8650":               "#!/bin/sh\nfetched_from='http://[::1]:8650'\n# Installs",
		"x';rm -rf '":              "#!/bin/sh\nfetched_from=''\n# Installs",
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/install", nil)
		r.Host = host
		p.ServeHTTP(w, r)
		text, err := io.ReadAll(w.Result().Body)
		must(t, err)
		if !strings.HasPrefix(string(text), want) {
			t.Errorf("asked for %s, it begins with %.80q, want %q", host, text, want)
		}
	}
	w := httptest.NewRecorder()
	(&Publisher{Binaries: t.TempDir(), Cache: t.TempDir()}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/install", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "--agent-binaries") {
		t.Errorf("without programs: %d %s", w.Code, w.Body)
	}
}

// run runs a program of the host, and skips the test where it is not.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip("this test needs ", name, ": ", err)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
