package install_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent/install"
	"github.com/slipwayhq/slipway/internal/appspec"
)

// host is a place to install to, with the books of one group.
type host struct {
	t        *testing.T
	app      string
	books    string
	archives int
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t, app: filepath.Join(t.TempDir(), "app"), books: t.TempDir()}
	return h
}

// archive makes an unpacked revision. An entry "a -> b" is a link, one that
// ends in a slash a folder.
func (h *host) archive(entries ...string) string {
	h.t.Helper()
	h.archives++
	dir := filepath.Join(h.books, fmt.Sprintf("archive-%d", h.archives))
	if err := os.Mkdir(dir, 0o755); err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		put(h.t, dir, e, fmt.Sprintf("%d", h.archives))
	}
	return dir
}

func put(t *testing.T, dir, entry, content string) {
	t.Helper()
	name, target, isLink := strings.Cut(entry, " -> ")
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	switch {
	case isLink:
		err = os.Symlink(target, path)
	case strings.HasSuffix(name, "/"):
		err = os.MkdirAll(path, 0o755)
	default:
		err = os.WriteFile(path, []byte(content), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (h *host) install(archive string, spec appspec.Spec, behavior string) error {
	for i := range spec.Permissions {
		p := &spec.Permissions[i]
		if p.Pattern == "" {
			p.Pattern = "**"
		}
		if p.Types == nil {
			p.Types = []string{appspec.TypeFile, appspec.TypeDirectory}
		}
	}
	return install.Run(h.t.Context(), install.Installation{
		Archive: archive, Spec: &spec, FileExistsBehavior: behavior,
		Instructions: filepath.Join(h.books, "install.json"), Cleanup: filepath.Join(h.books, "cleanup"),
	})
}

// all is an AppSpec that installs the whole revision.
func (h *host) all() appspec.Spec {
	return appspec.Spec{Files: []appspec.File{{Source: "/", Destination: h.app}}}
}

// tree lists what is in the app folder: "name=content", "name -> target",
// "name/".
func (h *host) tree() []string {
	h.t.Helper()
	var list []string
	_ = filepath.WalkDir(h.app, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == h.app {
			return nil
		}
		name, _ := filepath.Rel(h.app, path)
		switch {
		case e.IsDir():
			list = append(list, name+"/")
		case e.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			list = append(list, name+" -> "+target)
		default:
			text, _ := os.ReadFile(path)
			list = append(list, name+"="+string(text))
		}
		return nil
	})
	return list
}

func (h *host) want(entries ...string) {
	h.t.Helper()
	if diff := cmp.Diff(entries, h.tree()); diff != "" {
		h.t.Errorf("installed (-want +got):\n%s", diff)
	}
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestInstallReplacesThePreviousRevision(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.must(h.install(h.archive("a", "sub/old", "kept/x", "l -> a"), h.all(), ""))
	h.want("a=1", "kept/", "kept/x=1", "l -> a", "sub/", "sub/old=1")
	put(t, h.app, "kept/of-somebody-else", "foreign")
	put(t, h.app, "a", "edited by hand")

	h.must(h.install(h.archive("a", "sub/new", "l -> sub"), h.all(), ""))
	h.want("a=2", "kept/", "kept/of-somebody-else=foreign", "l -> sub", "sub/", "sub/new=2")

	cleanup, err := os.ReadFile(filepath.Join(h.books, "cleanup"))
	h.must(err)
	var want []string
	for _, name := range []string{"a", "l", "sub", "sub/new"} {
		want = append(want, filepath.Join(h.app, name))
	}
	got := strings.Split(strings.TrimSuffix(string(cleanup), "\n"), "\n")
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cleanup file (-want +got):\n%s", diff)
	}
}

func TestInstructionFile(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	spec := h.all()
	spec.Permissions = []appspec.Permission{{Object: h.app, Mode: "640", Types: []string{"file"}}}
	archive := h.archive("a")
	h.must(h.install(archive, spec, ""))
	text, err := os.ReadFile(filepath.Join(h.books, "install.json"))
	h.must(err)
	var got struct{ Instructions []map[string]string }
	h.must(json.Unmarshal(text, &got))
	want := []map[string]string{
		{"type": "mkdir", "directory": h.app},
		{"type": "copy", "source": archive + "/a", "destination": h.app + "/a"},
		{"type": "chmod", "mode": "640", "file": h.app + "/a"},
	}
	if diff := cmp.Diff(want, got.Instructions); diff != "" {
		t.Errorf("install.json (-want +got):\n%s", diff)
	}
}

// A conflict is found before the previous revision is touched, and all of
// them are named.
func TestConflictsLeaveThePreviousRevision(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.must(h.install(h.archive("a"), h.all(), ""))
	put(t, h.app, "b", "foreign")
	put(t, h.app, "c/d", "foreign")
	put(t, h.app, "e/", "")
	err := h.install(h.archive("a", "b", "c/d", "e"), h.all(), appspec.Disallow)
	if err == nil {
		t.Fatal("no conflict")
	}
	for _, want := range []string{
		"specified file already exists at this location: " + h.app + "/b",
		"specified file already exists at this location: " + h.app + "/c/d",
		"a directory exists where a file is to be installed: " + h.app + "/e",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	h.want("a=1", "b=foreign", "c/", "c/d=foreign", "e/")
	h.must(h.install(h.archive("a"), h.all(), "")) // and its books are intact
}

func TestFileExistsBehavior(t *testing.T) {
	t.Parallel()
	tests := []struct {
		server, file string // what the specification says, and the AppSpec
		want         string
		err          string
	}{
		{"", "", "", "already exists"},
		{"DISALLOW", "", "", "already exists"},
		{"OVERWRITE", "", "1", ""},
		{"RETAIN", "", "foreign", ""},
		{"OVERWRITE", "DISALLOW", "", "already exists"},
		{"DISALLOW", "OVERWRITE", "1", ""},
		{"DISALLOW", "RETAIN", "foreign", ""},
		{"NONSENSE", "", "", "invalid option was specified for fileExistsBehavior"},
	}
	for _, test := range tests {
		t.Run(test.server+"/"+test.file, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			put(t, h.app, "a", "foreign")
			spec := h.all()
			spec.FileExistsBehavior = test.file
			spec.Permissions = []appspec.Permission{{Object: h.app, Mode: "600"}}
			err := h.install(h.archive("a"), spec, test.server)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error is %v, want %q", err, test.err)
				}
				return
			}
			h.must(err)
			h.want("a=" + test.want)
			info, err := os.Stat(filepath.Join(h.app, "a"))
			h.must(err)
			if retained := test.want == "foreign"; retained == (info.Mode().Perm() == 0o600) {
				t.Errorf("mode is %s", info.Mode())
			}
			// The next revision has no such file: what was overwritten goes,
			// what was retained stays.
			h.must(h.install(h.archive("z"), h.all(), ""))
			if test.want == "foreign" {
				h.want("a=foreign", "z=2")
			} else {
				h.want("z=2")
			}
		})
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	entries := []string{"dir/a", "dir/sub/b", "file", "link -> file", "dirlink -> dir", "dangling -> nowhere"}
	tests := map[string]struct {
		source string
		want   []string
		err    string
	}{
		"folder":           {"dir", []string{"a=1", "sub/", "sub/b=1"}, ""},
		"folder, slashes":  {"/dir/", []string{"a=1", "sub/", "sub/b=1"}, ""},
		"nested folder":    {"dir/sub", []string{"b=1"}, ""},
		"file":             {"/file", []string{"file=1"}, ""},
		"link":             {"link", []string{"link -> file"}, ""},
		"link to a folder": {"dirlink", []string{"a=1", "sub/", "sub/b=1"}, ""},
		"dangling link":    {"dangling", []string{"dangling -> nowhere"}, ""},
		"absent":           {"absent", nil, "No such file or directory"},
		"outside":          {"../archive-1/file", nil, "leads out of the revision"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			err := h.install(h.archive(entries...), appspec.Spec{Files: []appspec.File{{Source: test.source, Destination: h.app}}}, "")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error is %v, want %q", err, test.err)
				}
				return
			}
			h.must(err)
			h.want(test.want...)
		})
	}
}

func TestOverwriteReplacesWhatLinksName(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	elsewhere := filepath.Join(t.TempDir(), "victim")
	h.must(os.WriteFile(elsewhere, []byte("keep"), 0o600))
	put(t, h.app, "a -> "+elsewhere, "")
	put(t, h.app, "b -> /nowhere/at/all", "")
	put(t, h.app, "l", "foreign")
	h.must(h.install(h.archive("a", "b", "l -> a"), h.all(), appspec.Overwrite))
	h.want("a=1", "b=1", "l -> a")
	if text, _ := os.ReadFile(elsewhere); string(text) != "keep" {
		t.Error("the file behind a link was written to")
	}
}

func TestPlanConflicts(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	err := h.install(h.archive("x/f", "y/f", "z/f/g"), appspec.Spec{Files: []appspec.File{
		{Source: "x", Destination: h.app}, {Source: "y", Destination: h.app}, {Source: "z", Destination: h.app},
	}}, "")
	if err == nil || !strings.Contains(err.Error(), "two source files named x/f and y/f") ||
		!strings.Contains(err.Error(), "a file with that name already exists in the plan") {
		t.Errorf("error is %v", err)
	}
	h.want()
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	entries := []string{"a.sh", "b.txt", "sub/c.sh", "l -> a.sh"}
	tests := map[string]struct {
		permission appspec.Permission
		want       map[string]fs.FileMode // that differ
		err        string
	}{
		"everything":          {appspec.Permission{Object: "$APP", Mode: "700"}, map[string]fs.FileMode{"a.sh": 0o700, "b.txt": 0o700, "sub": 0o700, "sub/c.sh": 0o700}, ""},
		"files":               {appspec.Permission{Object: "$APP", Mode: "600", Types: []string{"file"}}, map[string]fs.FileMode{"a.sh": 0o600, "b.txt": 0o600, "sub/c.sh": 0o600}, ""},
		"folders":             {appspec.Permission{Object: "$APP/", Mode: "711", Types: []string{"directory"}}, map[string]fs.FileMode{"sub": 0o711}, ""},
		"pattern":             {appspec.Permission{Object: "$APP", Pattern: "*.sh", Mode: "755"}, map[string]fs.FileMode{"a.sh": 0o755}, ""},
		"except":              {appspec.Permission{Object: "$APP", Except: []string{"*.sh"}, Mode: "600", Types: []string{"file"}}, map[string]fs.FileMode{"b.txt": 0o600, "sub/c.sh": 0o600}, ""},
		"one file":            {appspec.Permission{Object: "$APP/a.sh", Mode: "4755"}, map[string]fs.FileMode{"a.sh": 0o755 | fs.ModeSetuid}, ""},
		"nothing there":       {appspec.Permission{Object: "$APP/none", Mode: "755"}, nil, ""},
		"file, pattern":       {appspec.Permission{Object: "$APP/a.sh", Pattern: "*", Mode: "755"}, nil, "with an invalid pattern"},
		"file, except":        {appspec.Permission{Object: "$APP/a.sh", Except: []string{"x"}, Mode: "755"}, nil, "contains an invalid format"},
		"unknown owner":       {appspec.Permission{Object: "$APP", Owner: "nobody-of-this-name"}, nil, "no user of this name"},
		"unknown group":       {appspec.Permission{Object: "$APP", Group: "nobody-of-this-name"}, nil, "no group of this name"},
		"unknown in a list":   {appspec.Permission{Object: "$APP", ACLs: []appspec.ACLEntry{{Tag: "user", Name: "nobody-of-this-name"}}}, nil, "no user of this name"},
		"default entry, file": {appspec.Permission{Object: "$APP", ACLs: []appspec.ACLEntry{{Default: true, Tag: "user"}}}, nil, "-d parameter"},
		"only * special":      {appspec.Permission{Object: "$APP", Pattern: "[ab].*", Mode: "755"}, nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			test.permission.Object = strings.ReplaceAll(test.permission.Object, "$APP", h.app)
			spec := h.all()
			spec.Permissions = []appspec.Permission{test.permission}
			err := h.install(h.archive(entries...), spec, "")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error is %v, want %q", err, test.err)
				}
				h.want()
				return
			}
			h.must(err)
			for _, name := range []string{"a.sh", "b.txt", "sub", "sub/c.sh"} {
				info, err := os.Lstat(filepath.Join(h.app, name))
				h.must(err)
				want, ok := test.want[name]
				if !ok {
					want = 0o644
					if info.IsDir() {
						want = 0o755
					}
				}
				if got := info.Mode() &^ fs.ModeDir; got != want {
					t.Errorf("%s has mode %s, want %s", name, got, want)
				}
			}
		})
	}
}

func TestOwnerKeepsSetuid(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	h := newHost(t)
	spec := h.all()
	spec.Permissions = []appspec.Permission{{Object: h.app, Owner: "nobody", Mode: "4755", Types: []string{"file"}}}
	h.must(h.install(h.archive("a"), spec, ""))
	info, err := os.Stat(filepath.Join(h.app, "a"))
	h.must(err)
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Uid == 0 || info.Mode()&fs.ModeSetuid == 0 {
		t.Errorf("owner %d, mode %s", stat.Uid, info.Mode())
	}
}

func TestPermissionsTwice(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	spec := h.all()
	spec.Permissions = []appspec.Permission{{Object: h.app, Mode: "600", Line: 3}, {Object: h.app + "/a", Mode: "644", Line: 7}}
	err := h.install(h.archive("a"), spec, "")
	if err == nil || !strings.Contains(err.Error(), "specified more than once") {
		t.Errorf("error is %v", err)
	}
}

// A cleanup file of the official agent, cut off in its last line.
func TestCleanupFileOfAnotherAgent(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, name := range []string{"made/a", "made/b", "full/x", "cut"} {
		put(t, h.app, name, "old")
	}
	put(t, h.app, "dangling -> nowhere", "")
	line := func(name string) string { return filepath.Join(h.app, name) + "\n" }
	books := line("made") + line("made/a") + line("made/b") + line("full") + line("gone") + line("dangling") +
		"semanage\x00" + h.app + "/made\n" + strings.TrimSuffix(line("cut"), "\n")
	h.must(os.WriteFile(filepath.Join(h.books, "cleanup"), []byte(books), 0o600))
	h.must(h.install(h.archive("made"), h.all(), "")) // a file where a folder was
	h.want("cut=old", "full/", "full/x=old", "made=1")
	text, err := os.ReadFile(filepath.Join(h.books, "cleanup"))
	h.must(err)
	if !strings.HasPrefix(string(text), "semanage\x00") {
		t.Errorf("the SELinux rule was forgotten: %q", text)
	}
}

// A conflict says whose the file is, and what lets it pass.
func TestConflictsNameTheOwner(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first := install.Installation{
		Archive: h.archive("theirs"), Spec: &appspec.Spec{Files: []appspec.File{{Source: "/", Destination: h.app}}},
		Instructions: filepath.Join(h.books, "g1-install.json"), Cleanup: filepath.Join(h.books, "g1-cleanup"),
		Title: "deployment d-111111111 of the deployment group prod (application shop)",
	}
	h.must(install.Run(t.Context(), first))
	put(t, h.app, "nobodys", "foreign")
	second := first
	second.Archive, second.Title = h.archive("theirs", "nobodys"), ""
	second.Instructions, second.Cleanup = filepath.Join(h.books, "g2-install.json"), filepath.Join(h.books, "g2-cleanup")
	err := install.Run(t.Context(), second)
	if err == nil {
		t.Fatal("no conflict")
	}
	for _, want := range []string{
		h.app + "/theirs (installed by deployment d-111111111 of the deployment group prod (application shop))",
		h.app + "/nobodys (no deployment on this host installed it)",
		"set file_exists_behavior: OVERWRITE in the AppSpec file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	h.must(os.Remove(filepath.Join(h.books, "g1-title"))) // as the official agent leaves its books
	if err := install.Run(t.Context(), second); err == nil || !strings.Contains(err.Error(), "installed by the deployment group g1") {
		t.Errorf("error is %v", err)
	}
}

func TestManyConflictsAreCounted(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	var names []string
	for n := range 40 {
		names = append(names, fmt.Sprintf("f%02d", n))
		put(t, h.app, names[n], "foreign")
	}
	err := h.install(h.archive(names...), h.all(), "")
	if err == nil || !strings.Contains(err.Error(), "and 25 more") {
		t.Errorf("error is %v", err)
	}
}

// A file that is there with the same content is taken over; the switch makes
// a conflict of it, as it is for the official agent.
func TestIdenticalFiles(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	put(t, h.app, "same", "1")
	in := install.Installation{
		Archive: h.archive("same"), Spec: &appspec.Spec{Files: []appspec.File{{Source: "/", Destination: h.app}}},
		Instructions: filepath.Join(h.books, "install.json"), Cleanup: filepath.Join(h.books, "cleanup"),
		IdenticalConflict: true,
	}
	if err := install.Run(t.Context(), in); err == nil || !strings.Contains(err.Error(), "already exists at this location") {
		t.Errorf("error is %v", err)
	}
	in.IdenticalConflict = false
	h.must(install.Run(t.Context(), in))
	h.must(h.install(h.archive("other"), h.all(), "")) // it is this group's now
	h.want("other=2")
}

// Replaced files are never absent, and what was overwritten through a link is
// the link, not what it leads to.
func TestOverwrittenLink(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	put(t, h.app, "target", "foreign")
	put(t, h.app, "a -> target", "")
	h.must(h.install(h.archive("a"), h.all(), appspec.Overwrite))
	h.want("a=1", "target=foreign")
}

// The previous revision cannot make room, so it stays.
func TestOrdinaryUserCannotReplace(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	h := newHost(t)
	put(t, h.app, "foreign", "x")
	h.must(h.install(h.archive("a", "sub/b"), h.all(), ""))
	h.must(os.Chmod(h.app, 0o555))
	t.Cleanup(func() { _ = os.Chmod(h.app, 0o755) })
	if err := h.install(h.archive("c"), h.all(), ""); err == nil || !strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("error is %v", err)
	}
	h.want("a=1", "foreign=x", "sub/", "sub/b=1")
}

// A folder that is closed against its owner is no obstacle to its removal.
func TestClosedFolderIsRemoved(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.must(h.install(h.archive("sub/a"), h.all(), ""))
	h.must(os.Chmod(filepath.Join(h.app, "sub"), 0o555))
	h.must(h.install(h.archive("sub/b"), h.all(), ""))
	h.want("sub/", "sub/b=2")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(h.app), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLinksFurtherDownStayLinks(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.must(h.install(h.archive("real/a", "alias -> real"), h.all(), ""))
	h.want("alias -> real", "real/", "real/a=1")
	h.must(h.install(h.archive("real/a"), h.all(), ""))
	h.want("real/", "real/a=2")
}

func TestLineBreaksAreRefused(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	err := h.install(h.archive("fine", "two\nlines"), h.all(), "")
	if err == nil || !strings.Contains(err.Error(), "no room for a line break") {
		t.Errorf("error is %v", err)
	}
	err = h.install(h.archive("fine"), appspec.Spec{Files: []appspec.File{{Source: "fine", Destination: h.app + "\n/x"}}}, "")
	if err == nil || !strings.Contains(err.Error(), "holds a line break") {
		t.Errorf("error is %v", err)
	}
	h.want()
}
