package test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// commit is the one that the repository of this test has.
const commit = "c0ffee0c0ffee0c0ffee0c0ffee0c0ffee0c0ffe"

// fleetSize is how many hosts a fleet has.
const fleetSize = 5

// fleet is several hosts on this machine: agents that are processes with root
// folders of their own, of one user.
type fleet struct {
	*server
	dir    string
	agent  string              // the program
	as     *syscall.Credential // who runs it; nil: whoever runs the tests
	github *httptest.Server
	hosts  []*host
	accounts
	acls bool // whether the file system has access control lists
}

// accounts are the users and groups in a fleet's AppSpec files.
type accounts struct {
	self  string // whom the agents run as
	owner string // of files
	group string // of files
	guest string // in access control lists
	runas string // of a hook
}

// TestFleet deploys to whole fleets, as root and as an ordinary user, what
// bundles can have: every type of archive, from S3, from GitHub and without a
// server, with owners, modes, access control lists and hooks of other users.
func TestFleet(t *testing.T) {
	t.Parallel()
	t.Run("root", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() != 0 {
			t.Skip("only root can give files away and run hooks as others: run the tests as root to have this half, too")
		}
		f := startFleet(t, nil, accounts{self: "root", owner: "daemon", group: "daemon", guest: "nobody", runas: "nobody"})
		f.deploysAll(t)
	})
	t.Run("ordinary user", func(t *testing.T) {
		t.Parallel()
		as, a := ordinaryUser(t)
		f := startFleet(t, as, a)
		f.deploysAll(t)
		f.explainsRefusals(t)
	})
}

// ordinaryUser is nobody when the tests run as root, and else who runs them.
func ordinaryUser(t *testing.T) (*syscall.Credential, accounts) {
	t.Helper()
	me, err := user.Current()
	if os.Geteuid() == 0 {
		me, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Skip("an AppSpec file needs names, and there is no ordinary user with one: ", err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Skip("an AppSpec file needs names, and the group of ", me.Username, " has none: ", err)
	}
	a := accounts{self: me.Username, owner: me.Username, group: group.Name, guest: "daemon", runas: me.Username}
	if os.Geteuid() != 0 {
		return nil, a
	}
	uid, uidErr := strconv.ParseUint(me.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(me.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, a
}

// startFleet starts a server, something that answers like GitHub, and hosts.
func startFleet(t *testing.T, as *syscall.Credential, a accounts) *fleet {
	t.Helper()
	for _, name := range []string{a.owner, a.guest, a.runas} {
		if _, err := user.Lookup(name); err != nil {
			t.Skip("the AppSpec files of this test name a user that is not here: ", err)
		}
	}
	// Not t.TempDir, which only its owner can enter.
	dir, err := os.MkdirTemp("", "slipway-fleet-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // the temporary folder is swept in the end
	f := &fleet{dir: dir, as: as, accounts: a, agent: filepath.Join(dir, "slipway-agent"), acls: hasACLs(t, dir)}
	openTo(t, dir, nil, 0o755)
	replace(t, f.agent, slipwayAgent)
	openTo(t, f.agent, nil, 0o755)
	f.server = startServer(t)
	f.defineAll(t, "fleet")
	f.github = httptest.NewServer(f.archives(t))
	t.Cleanup(f.github.Close)
	for i := range fleetSize {
		f.hosts = append(f.hosts, f.addHost(t, fmt.Sprintf("host-%d", i+1)))
	}
	for _, h := range f.hosts {
		eventually(t, patience, h.name+" serves", func() bool { return bytes.Contains(h.log.bytes(), []byte("msg=ready")) })
	}
	return f
}

// openTo sets the owner and mode of a file, whatever the umask is.
func openTo(t *testing.T, path string, as *syscall.Credential, mode fs.FileMode) {
	t.Helper()
	err := os.Chmod(path, mode)
	if as != nil {
		err = errors.Join(err, os.Chown(path, int(as.Uid), int(as.Gid)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// addHost starts the agent of a host.
func (f *fleet) addHost(t *testing.T, name string) *host {
	t.Helper()
	h := &host{name: name, stage: "fleet", dir: filepath.Join(f.dir, name), server: f.server}
	open := h.path("open") // to all users that hooks run as
	for _, dir := range []string{h.dir, open} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	openTo(t, h.dir, f.as, 0o755)
	openTo(t, open, f.as, 0o777)
	write(t, h.path("agent.yml"), "root_dir: "+h.root()+"\ndeploy_control_endpoint: "+f.url+
		"\ngithub_endpoint: "+f.github.URL+"\npass_variables: FLEET_OPEN\n")
	openTo(t, h.path("agent.yml"), f.as, 0o600)
	h.process = start(t, f.command(h, f.enrolment(), "run", "--config", h.path("agent.yml"), "--name", name, "--tag", "stage=fleet"))
	return h
}

// command is the agent's program on a host.
func (f *fleet) command(h *host, environment []string, args ...string) *exec.Cmd {
	cmd := exec.Command(f.agent, args...)
	cmd.Dir = h.dir
	cmd.Env = append(append(cleanEnvironment(), "HOME="+h.dir, "FLEET_OPEN="+h.path("open")), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.as}
	return cmd
}

// bundle is a revision that has it all, to be installed in a folder that is
// relative to the host's. release is told by one of its files.
func (f *fleet) bundle(at, release string) folder {
	acls := func(entries string) string {
		if !f.acls {
			return ""
		}
		return "    acls: [" + entries + "]\n"
	}
	return folder{
		"appspec.yml": `version: 0.0
os: linux
files:
  - source: release.txt
    destination: ` + at + `
  - source: tree
    destination: ` + at + `
permissions:
  - object: ` + at + `
    pattern: release.txt
    owner: ` + f.owner + `
    group: ` + f.group + `
    mode: 640
    type: [file]
` + acls("u:"+f.guest+":rw") + `  - object: ` + at + `/bin
    mode: 750
    except: [helper]
    type: [file]
  - object: ` + at + `/conf
    pattern: "*.conf"
    except: ["local*"]
    owner: ` + f.owner + `
    mode: 600
  - object: ` + at + `/data
    group: ` + f.group + `
    mode: 2770
    type: [directory]
` + acls("u:"+f.guest+":rwx, d:u:"+f.guest+":r-x") + `hooks:
  BeforeInstall:
    - location: who.sh
      runas: ` + f.runas + `
  AfterInstall:
    - location: who.sh
`,
		"who.sh":              "#!/bin/sh\necho \"$(id -u) $(id -g)\" >\"$FLEET_OPEN/$LIFECYCLE_EVENT\"\n",
		"release.txt":         release,
		"tree/bin/start":      "#!/bin/sh\n",
		"tree/bin/helper":     "#!/bin/sh\n",
		"tree/conf/app.conf":  "a=1\n",
		"tree/conf/local.one": "a=2\n",
		"tree/data/day/1.txt": "one\n",
	}
}

// inspect looks at what that bundle became on a host.
func (f *fleet) inspect(t *testing.T, h *host, folder, release string) {
	t.Helper()
	if got := read(t, h.path(folder+"/release.txt")); got != release {
		t.Errorf("%s has the release %q, want %q", h.name, got, release)
	}
	own, group, guest := f.uid(t, f.self), f.gid(t, f.self), f.uid(t, f.guest)
	shared := groupNumber(t, f.group)
	list := func(text string) string {
		if !f.acls {
			return ""
		}
		return strings.ReplaceAll(text, "GUEST", strconv.Itoa(guest))
	}
	want := map[string]string{
		"release.txt":    fmt.Sprintf("-rw-r----- %d %d %s", f.uid(t, f.owner), shared, list("u::6 u:GUEST:6 g::4 m::4 o::0")),
		"bin/start":      fmt.Sprintf("-rwxr-x--- %d %d ", own, group),
		"bin/helper":     fmt.Sprintf("-rwxr-xr-x %d %d ", own, group),
		"conf/app.conf":  fmt.Sprintf("-rw------- %d %d ", f.uid(t, f.owner), group),
		"conf/local.one": fmt.Sprintf("-rw-r--r-- %d %d ", own, group),
		"data":           fmt.Sprintf("drwxr-xr-x %d %d ", own, group),
		"data/day":       fmt.Sprintf("dgrwxrwx--- %d %d %s", own, shared, list("u::7 u:GUEST:7 g::7 m::7 o::0 default u::7 u:GUEST:5 g::7 m::7 o::0")),
		"data/day/1.txt": fmt.Sprintf("-rw-r--r-- %d %d ", own, group),
	}
	got := map[string]string{}
	for name := range want {
		got[name] = described(t, filepath.Join(h.path(folder), name))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, %s: the files are (-want +got):\n%s", h.name, release, diff)
	}
	for event, name := range map[string]string{"BeforeInstall": f.runas, "AfterInstall": f.self} {
		mark := h.path("open/" + event)
		if want, got := fmt.Sprintf("%d %d\n", f.uid(t, name), f.gid(t, name)), read(t, mark); got != want {
			t.Errorf("%s, %s: the hook of %s ran as %q, want %q", h.name, release, event, got, want)
		}
		_ = os.Remove(mark) // the next deployment writes it anew
	}
}

// deploysAll deploys each kind of bundle from each source to all hosts.
func (f *fleet) deploysAll(t *testing.T) {
	if !f.acls {
		t.Log("the file system of the temporary folder has no access control lists: they are not checked")
	}
	for _, kind := range []string{"tar", "tgz", "zip"} {
		release := kind + " from S3"
		file := filepath.Join(f.dir, "fleet."+kind)
		write(t, file, string(f.bundle("app", release).archive(t, kind, "")))
		f.put(t, "fleet."+kind, file)
		f.succeed(t, f.create(t, "fleet", "fleet."+kind), 2*patience)
		for _, h := range f.hosts {
			f.inspect(t, h, "app", release)
		}
	}
	created, err := f.deploy.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String("fleet"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub, GitHubLocation: &types.GitHubLocation{
			Repository: aws.String("acme/shop"), CommitId: aws.String(commit),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.succeed(t, aws.ToString(created.DeploymentId), 2*patience)
	for _, h := range f.hosts {
		f.inspect(t, h, "app", "tgz of "+commit+" from GitHub")
	}
	f.deploysLocally(t)
}

// deploysLocally deploys to each host another kind of bundle without the server.
func (f *fleet) deploysLocally(t *testing.T) {
	t.Helper()
	for i, kind := range []string{"directory", "tar", "tgz", "zip", "GitHub"} {
		h, release := f.hosts[i], kind+" without a server"
		location := filepath.Join(f.dir, "local."+kind)
		switch kind {
		case "GitHub":
			location, release = strings.Replace(f.github.URL, "http:", "https:", 1)+"/acme/shop", "zip of HEAD from GitHub"
		case "directory":
			f.bundle("local", release).unpacked(t, location)
		default:
			write(t, location, string(f.bundle("local", release).archive(t, kind, "")))
			openTo(t, location, f.as, 0o644)
		}
		cmd := f.command(h, nil, "deploy-local", "-c", h.path("agent.yml"), "--root", h.path("local-root"), "-l", location)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("deploy-local of a %s: %v\n%s", kind, err, out)
			continue
		}
		f.inspect(t, h, "local", release)
	}
}

// explainsRefusals deploys what an ordinary user cannot, and expects that the
// deployment says so and what to do, and that nothing has changed.
func (f *fleet) explainsRefusals(t *testing.T) {
	const before = "tgz of " + commit + " from GitHub"
	runas := []string{"Script at specified location: who.sh run as user daemon failed", "this host has no /usr/bin/sudo", "run the agent as root, or leave runas out"}
	if _, err := os.Stat("/usr/bin/sudo"); err == nil {
		runas = runas[:1] // what sudo says is in the log
	}
	for i, refused := range []struct {
		event  string
		change func(folder)
		want   []string
	}{
		{"Install", replaced("owner: "+f.owner, "owner: root"), []string{
			"app/release.txt", `only root can give it the owner "root"`, "the agent runs as the user " + f.self, "run it as root, or leave owner and group out", "Nothing was changed",
		}},
		{"Install", replaced("group: "+f.group, "group: daemon"), []string{"app/release.txt", `and group "daemon"`, "the agent runs as the user " + f.self, "Nothing was changed"}},
		{"Install", replaced("destination: app\n  -", "destination: /etc/slipway-fleet\n  -"), []string{
			"/etc", "permission denied", "the agent runs as the user " + f.self, "run it as root, or deploy to folders of that user", "Nothing was changed",
		}},
		{"BeforeInstall", replaced("runas: "+f.runas, "runas: daemon"), runas},
	} {
		key := fmt.Sprintf("refused-%d.tgz", i)
		bundle := f.bundle("app", key)
		refused.change(bundle)
		file := filepath.Join(f.dir, key)
		write(t, file, string(bundle.archive(t, "tgz", "")))
		f.put(t, key, file)
		id := f.create(t, "fleet", key)
		if info := f.finish(t, id, 2*patience); info.Status != types.DeploymentStatusFailed {
			t.Errorf("%s: the deployment ended as %s", key, info.Status)
		}
		for i, target := range f.targets(t, id) {
			e := event(t, target, refused.event)
			if i == 0 {
				t.Log(message(e))
			}
			for _, want := range refused.want {
				if !strings.Contains(message(e), want) {
					t.Errorf("%s is %s and says %q, want %q in it", refused.event, e.Status, message(e), want)
				}
			}
		}
		for _, h := range f.hosts {
			if got := read(t, h.path("app/release.txt")); got != before {
				t.Errorf("after %s %s has the release %q, want %q", key, h.name, got, before)
			}
		}
	}
}

// replaced changes the AppSpec file of a bundle.
func replaced(old, text string) func(folder) {
	return func(f folder) { f["appspec.yml"] = strings.Replace(f["appspec.yml"], old, text, 1) }
}

// archives answers as GitHub's API does for the repository acme/shop: with an
// archive whose files are in a folder, after a redirection.
func (f *fleet) archives(t *testing.T) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /repos/acme/shop/{format}/{ref}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/codeload/"+r.PathValue("format")+"/"+r.PathValue("ref"), http.StatusFound)
	})
	mux.HandleFunc("GET /codeload/{format}/{ref}", func(w http.ResponseWriter, r *http.Request) {
		kind, destination := "tgz", "app"
		if r.PathValue("format") == "zipball" {
			kind, destination = "zip", "local"
		}
		bundle := f.bundle(destination, kind+" of "+r.PathValue("ref")+" from GitHub")
		_, _ = w.Write(bundle.archive(t, kind, "acme-shop-c0ffee/"))
	})
	return mux
}

// mode is that of a file in a bundle.
func (f folder) mode(name string) fs.FileMode {
	if strings.HasPrefix(f[name], "#!") {
		return 0o755
	}
	return 0o644
}

// unpacked writes the folder as it is.
func (f folder) unpacked(t *testing.T, dir string) {
	t.Helper()
	for name, text := range f {
		file := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, []byte(text), f.mode(name))
		}
		if err != nil {
			t.Fatal(err)
		}
		openTo(t, file, nil, f.mode(name))
	}
}

// archive packs the folder, with its files below prefix.
func (f folder) archive(t *testing.T, kind, prefix string) []byte {
	t.Helper()
	var out bytes.Buffer
	var err error
	switch kind {
	case "zip":
		err = f.zip(&out, prefix)
	case "tgz":
		gz := gzip.NewWriter(&out)
		err = errors.Join(f.tar(tar.NewWriter(gz), prefix), gz.Close())
	default:
		err = f.tar(tar.NewWriter(&out), prefix)
	}
	if err != nil {
		t.Error(err)
	}
	return out.Bytes()
}

func (f folder) tar(w *tar.Writer, prefix string) (err error) {
	for _, name := range slices.Sorted(maps.Keys(f)) {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: prefix + name, Mode: int64(f.mode(name)), Size: int64(len(f[name]))}))
		_, writeErr := w.Write([]byte(f[name]))
		err = errors.Join(err, writeErr)
	}
	return errors.Join(err, w.Close())
}

func (f folder) zip(out *bytes.Buffer, prefix string) (err error) {
	w := zip.NewWriter(out)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		h := &zip.FileHeader{Name: path.Join(prefix, name), Method: zip.Deflate}
		h.SetMode(f.mode(name))
		entry, createErr := w.CreateHeader(h)
		if createErr != nil {
			return createErr
		}
		_, writeErr := entry.Write([]byte(f[name]))
		err = errors.Join(err, writeErr)
	}
	return errors.Join(err, w.Close())
}

// described is a file's mode, owner and access control lists.
func described(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		return err.Error()
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("no owner is known")
	}
	lists := listOf(path, "system.posix_acl_access")
	if inherited := listOf(path, "system.posix_acl_default"); inherited != "" {
		lists += " default " + inherited
	}
	return fmt.Sprintf("%v %d %d %s", info.Mode(), stat.Uid, stat.Gid, lists)
}

// aclTags are the kernel's numbers of who an entry is for.
var aclTags = map[uint16]string{0x01: "u", 0x02: "u", 0x04: "g", 0x08: "g", 0x10: "m", 0x20: "o"}

// listOf is an access control list as text: "u::6 u:1001:4 ...".
func listOf(path, name string) string {
	value := make([]byte, 1000)
	n, err := unix.Getxattr(path, name, value)
	if err != nil {
		return ""
	}
	var entries []string
	for b := value[min(4, n):n]; len(b) >= 8; b = b[8:] {
		who := ""
		if id := binary.LittleEndian.Uint32(b[4:]); id != 1<<32-1 {
			who = strconv.FormatUint(uint64(id), 10)
		}
		entries = append(entries, fmt.Sprintf("%s:%s:%d", aclTags[binary.LittleEndian.Uint16(b)], who, binary.LittleEndian.Uint16(b[2:])))
	}
	return strings.Join(entries, " ")
}

// hasACLs reports whether files below dir can have access control lists.
func hasACLs(t *testing.T, dir string) bool {
	t.Helper()
	file := filepath.Join(dir, "probe")
	write(t, file, "")
	var list []byte
	list = binary.LittleEndian.AppendUint32(list, 2) // the version
	for _, tag := range []uint16{0x01, 0x04, 0x20} {
		list = binary.LittleEndian.AppendUint16(list, tag)
		list = binary.LittleEndian.AppendUint16(list, 6)
		list = binary.LittleEndian.AppendUint32(list, 1<<32-1)
	}
	err := unix.Setxattr(file, "system.posix_acl_access", list, 0)
	if err != nil && !errors.Is(err, unix.ENOTSUP) {
		t.Fatal(err)
	}
	return err == nil
}

func (f *fleet) uid(t *testing.T, name string) int { return number(t, account(t, name).Uid) }
func (f *fleet) gid(t *testing.T, name string) int { return number(t, account(t, name).Gid) }

func account(t *testing.T, name string) *user.User {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func groupNumber(t *testing.T, name string) int {
	t.Helper()
	g, err := user.LookupGroup(name)
	if err != nil {
		t.Fatal(err)
	}
	return number(t, g.Gid)
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
