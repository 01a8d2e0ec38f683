package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// place is a host with an installed revision and another one to install.
type place struct {
	t              *testing.T
	app, books     string
	archive        string
	previous, next map[string]string
}

// newPlace installs the previous revision: a folder of its own, files in a
// folder that exists, and a file that the next revision does not have.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, app: t.TempDir(), books: t.TempDir()}
	p.write(p.app, map[string]string{"shared/foreign": "foreign"})
	p.archive = filepath.Join(p.books, "one")
	p.write(p.archive, map[string]string{"own/a": "1", "own/sub/b": "1", "shared/c": "1", "old": "1"})
	p.must(p.install(t.Context()))
	p.previous = p.tree()
	p.archive = filepath.Join(p.books, "two")
	p.write(p.archive, map[string]string{"own/a": "2", "own/sub/d": "2", "shared/c": "2", "shared/new": "2", "fresh/e": "2"})
	p.next = map[string]string{
		"own/a": "2", "own/sub/d": "2", "shared/c": "2", "shared/new": "2", "fresh/e": "2", "shared/foreign": "foreign",
	}
	return p
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) write(dir string, files map[string]string) {
	p.t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		p.must(os.MkdirAll(filepath.Dir(path), 0o755))
		p.must(os.WriteFile(path, []byte(content), 0o644))
	}
}

func (p *place) installation() Installation {
	return Installation{
		Archive: p.archive, Spec: &appspec.Spec{Files: []appspec.File{{Source: "/", Destination: p.app}}},
		Instructions: filepath.Join(p.books, "g-install.json"), Cleanup: filepath.Join(p.books, "g-cleanup"),
	}
}

func (p *place) install(ctx context.Context) error { return Run(ctx, p.installation()) }

// tree returns the content of all files that are installed, by name.
func (p *place) tree() map[string]string {
	p.t.Helper()
	files := map[string]string{}
	p.must(filepath.WalkDir(p.app, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(p.app, path)
		text, err := os.ReadFile(path)
		files[name] = string(text)
		return err
	}))
	return files
}

func (p *place) want(files map[string]string) {
	p.t.Helper()
	if diff := cmp.Diff(files, p.tree()); diff != "" {
		p.t.Errorf("installed (-want +got):\n%s", diff)
	}
	for _, state := range []string{staging, undo, done, "new"} {
		if exists(filepath.Join(p.books, "g-cleanup."+state)) {
			p.t.Errorf("the books of an exchange are left: %s", state)
		}
	}
}

// prepared does everything of an installation that comes before the first
// change of what is installed.
func (p *place) prepared() (*exchange, []Instruction, *cleanupList) {
	p.t.Helper()
	in := p.installation()
	archive, err := os.OpenRoot(in.Archive)
	p.must(err)
	defer archive.Close()
	previous, err := readCleanup(in.Cleanup)
	p.must(err)
	plan, err := makePlan(archive, in, previous)
	p.must(err)
	moves, err := plan.moves()
	p.must(err)
	x := &exchange{books: in.Cleanup, moves: moves}
	p.must(x.begin())
	p.must(prepare(p.t.Context(), archive, plan.list))
	return x, plan.list, previous
}

func TestPreparationTouchesNothingInstalled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.prepared()
	got := p.tree()
	for name := range got {
		if strings.Contains(name, ".slipway-new") {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(p.previous, got); diff != "" {
		t.Errorf("installed (-want +got):\n%s", diff)
	}
}

// However far the moves came when the agent died, the previous revision comes
// back; and also if the one that brings it back dies after any of its steps.
func TestCrashBetweenMoves(t *testing.T) {
	t.Parallel()
	moves := len(func() []move { x, _, _ := newPlace(t).prepared(); return x.moves }())
	if moves < 5 {
		t.Fatalf("only %d moves", moves)
	}
	for made := range moves + 1 {
		for half := range 3 { // of the next move: nothing, set aside, also taken back in part
			t.Run(fmt.Sprintf("%d.%d", made, half), func(t *testing.T) {
				t.Parallel()
				p := newPlace(t)
				x, _, _ := p.prepared()
				p.must(os.Rename(x.file(staging), x.file(undo)))
				for _, m := range x.moves[:made] {
					p.must(m.do())
				}
				if made < moves && half > 0 && x.moves[made].aside != "" {
					p.must(x.moves[made].setAside())
				}
				if half == 2 && made > 0 {
					p.must(x.moves[made-1].undo())
				}
				p.must(Recover(x.books, nil))
				p.want(p.previous)
				p.must(p.install(t.Context()))
				p.want(p.next)
			})
		}
	}
}

func TestCrashWhilePreparing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, _, _ := p.prepared()
	p.must(os.RemoveAll(x.moves[0].staged)) // it was not reached
	p.must(RecoverAll(p.books, nil))
	p.want(p.previous)
}

// After the commit the next revision stays.
func TestCrashAfterTheCommit(t *testing.T) {
	t.Parallel()
	for _, steps := range []int{0, 1, 2} {
		p := newPlace(t)
		x, list, previous := p.prepared()
		p.must(x.run())
		p.must(p.installation().account(t.Context(), x, list, previous))
		for _, m := range x.moves[:steps] {
			discard(m.aside, m.path, m.staged != "", previous.set)
		}
		p.must(RecoverAll(p.books, nil))
		p.want(p.next)
		cleanup, err := readCleanup(x.books)
		p.must(err)
		if !cleanup.set[filepath.Join(p.app, "fresh/e")] || cleanup.set[filepath.Join(p.app, "old")] {
			t.Errorf("the cleanup file lists %q", cleanup.lines)
		}
	}
}

// A failure in the middle of the moves restores the previous revision at once.
func TestFailedMoveRestores(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, list, previous := p.prepared()
	last := x.moves[len(x.moves)-1]
	if last.staged == "" {
		last = x.moves[1]
	}
	p.must(os.RemoveAll(last.staged))
	p.write(p.app, map[string]string{})
	err := p.installation().replace(t.Context(), x, list, previous)
	if err == nil || !strings.Contains(err.Error(), "The previous revision was restored.") {
		t.Errorf("error is %v", err)
	}
	p.want(p.previous)
}

// A file that cannot be copied fails before anything is changed.
func TestFailedCopyChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	in := p.installation()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no time"))
	err := Run(ctx, in)
	if err == nil || !strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("error is %v", err)
	}
	p.want(p.previous)
}

// What somebody puts into an old folder after the plan was made is not lost.
func TestForeignFileOfTheLastMoment(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, list, previous := p.prepared()
	p.write(p.app, map[string]string{"own/log": "late", "own/logs/deep": "late"})
	p.must(p.installation().replace(t.Context(), x, list, previous))
	p.next["own/log"], p.next["own/logs/deep"] = "late", "late"
	p.want(p.next)
}

func TestFileThatAppearsMeanwhileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, list, previous := p.prepared()
	p.write(p.app, map[string]string{"shared/new": "foreign"})
	err := p.installation().replace(t.Context(), x, list, previous)
	if err == nil || !strings.Contains(err.Error(), "it appeared while") {
		t.Errorf("error is %v", err)
	}
	p.previous["shared/new"] = "foreign"
	p.want(p.previous)
}

func TestDamagedBooksOfAnExchange(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(os.WriteFile(filepath.Join(p.books, "g-cleanup.undo"), []byte("half a line"), 0o600))
	if err := p.install(t.Context()); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("error is %v", err)
	}
}

func FuzzExchangeBooks(f *testing.F) {
	f.Add("/a\x00/b\x00/c\n")
	f.Add("/a\x00\x00\n/b")
	f.Fuzz(func(t *testing.T, text string) {
		x := &exchange{books: filepath.Join(t.TempDir(), "g-cleanup")}
		if err := os.WriteFile(x.file(undo), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if x.load(undo) != nil {
			return
		}
		var again strings.Builder
		for _, m := range x.moves {
			again.WriteString(m.path + "\x00" + m.aside + "\x00" + m.staged + "\n")
		}
		if again.String() != text {
			t.Errorf("read %q as %q", text, again.String())
		}
	})
}

func FuzzCleanupList(f *testing.F) {
	f.Add("/a\n/b\n")
	f.Add("semanage\x00/a\nrelative\n\n/cut")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "g-cleanup")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := readCleanup(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range list.lines {
			if line == "" || strings.Contains(line, "\n") || !strings.Contains(text, line+"\n") {
				t.Errorf("line %q", line)
			}
		}
		for line := range list.foreign() {
			if filepath.IsAbs(line) && !strings.Contains(line, "\x00") {
				t.Errorf("%q is kept as foreign", line)
			}
		}
	})
}

func TestLongNamesFitBesideTheirPlace(t *testing.T) {
	t.Parallel()
	names := newStageNames()
	long := strings.Repeat("n", 255)
	a, b := names.coming("/x/"+long), names.coming("/x/"+long)
	if a == b || len(filepath.Base(a)) > 255 || filepath.Dir(a) != "/x" {
		t.Errorf("names %q and %q", a, b)
	}
}

// Two processes do not install for one group at a time, and none takes for
// interrupted what another one is about to do.
func TestOneInstallationAtATime(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, _, _ := p.prepared()
	unlock, err := lock(x.books)
	p.must(err)
	if err := p.install(t.Context()); !errors.Is(err, errBusy) {
		t.Errorf("error is %v", err)
	}
	p.must(Recover(x.books, nil))
	if !exists(x.file(staging)) {
		t.Error("an installation that is under way was taken back")
	}
	unlock()
	p.must(p.install(t.Context()))
	p.want(p.next)
}

// FuzzPlan makes plans of any AppSpec file's entries. Whatever they say,
// nothing outside the revision is read, nothing is prepared anywhere but
// beside its place, and the instructions are JSON.
func FuzzPlan(f *testing.F) {
	f.Add("/", "$APP", "/srv", "**", "644")
	f.Add("dir", "$APP/./x/", "$APP", "*.sh", "4755")
	f.Add("../..", "../x", "x", "[", "9")
	f.Add("link", "$APP/dir/a", "$APP/a", "a*", "")
	archive := f.TempDir()
	for _, name := range []string{"a", "dir/b.sh", "dir/sub/c"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(archive, name)), 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(archive, name), []byte(name), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.Symlink("../..", filepath.Join(archive, "link")); err != nil {
		f.Fatal(err)
	}
	app, books := filepath.Join(f.TempDir(), "app"), f.TempDir()
	f.Fuzz(func(t *testing.T, source, destination, object, pattern, mode string) {
		spec := &appspec.Spec{
			Files: []appspec.File{{Source: source, Destination: strings.ReplaceAll(destination, "$APP", app)}},
			Permissions: []appspec.Permission{{
				Object: strings.ReplaceAll(object, "$APP", app), Pattern: pattern, Mode: mode, Types: []string{"file", "directory"},
			}},
		}
		root, err := os.OpenRoot(archive)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		cleanup, err := readCleanup(filepath.Join(books, "g-cleanup"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := makePlan(root, Installation{Spec: spec, Dir: app}, cleanup)
		if err != nil {
			return
		}
		for _, i := range p.list {
			if i.Kind == Copy && !filepath.IsLocal(i.Source) {
				t.Errorf("%q is read", i.Source)
			}
			if !filepath.IsAbs(i.Path) || !strings.HasPrefix(i.Path, i.root.path) || filepath.Dir(i.root.path) != filepath.Dir(i.root.staged) {
				t.Errorf("%s is prepared at %s", i.Path, i.place())
			}
		}
		file := filepath.Join(books, "g-install.json")
		if err := writeInstructions(file, archive, p.list); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil || !json.Valid(text) {
			t.Errorf("instructions are no JSON: %s, %v", text, err)
		}
	})
}

// Where folders cannot be renamed they are set aside piece by piece, and come
// back however far that went.
func TestFoldersThatCannotBeRenamed(t *testing.T) {
	t.Parallel()
	for _, pieces := range []int{0, 1, 2} {
		p := newPlace(t)
		x, _, _ := p.prepared()
		p.must(os.Rename(x.file(staging), x.file(undo)))
		own := filepath.Join(p.app, "own")
		i := slices.IndexFunc(x.moves, func(m move) bool { return m.path == own })
		aside := x.moves[i].aside
		switch pieces {
		case 1:
			p.must(os.Mkdir(aside, 0o700))
			p.must(movePieces(filepath.Join(own, "sub"), filepath.Join(aside, "sub")))
		case 2:
			p.must(movePieces(own, aside))
			if exists(own) || !exists(filepath.Join(aside, "sub", "b")) {
				t.Error("not everything was moved")
			}
			p.must(os.Rename(x.moves[i].staged, own))
		}
		p.must(Recover(x.books, nil))
		p.want(p.previous)
	}
	dir := t.TempDir()
	p := &place{t: t}
	p.write(dir, map[string]string{"from/a": "1", "to/a": "2"})
	if err := movePieces(filepath.Join(dir, "from"), filepath.Join(dir, "to")); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("error is %v", err)
	}
}
