package install

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// plan collects the instructions of an installation and what is wrong with it.
type plan struct {
	archive  *os.Root
	future   *future
	behavior string
	dir      string // what relative paths of the host start from
	list     []Instruction
	// made has the index in list of what is copied or made, so that two
	// sources of one destination are found and permissions know their objects.
	made      map[string]int
	settled   map[string]bool // folders that exist or are planned
	conflicts conflicts
	adopt     bool // a file that is there already, and the same, is no conflict
	names     stageNames
}

// makePlan works out the whole installation. Its error lists all conflicts.
func makePlan(archive *os.Root, in Installation, cleanup *cleanupList) (*plan, error) {
	p := &plan{
		archive:   archive,
		future:    newFuture(cleanup),
		behavior:  cmp.Or(in.Spec.FileExistsBehavior, in.FileExistsBehavior),
		adopt:     !in.IdenticalConflict,
		dir:       in.Dir,
		made:      map[string]int{},
		settled:   map[string]bool{},
		conflicts: conflicts{books: in.Cleanup},
		names:     newStageNames(),
	}
	for _, f := range in.Spec.Files {
		if err := p.entry(f); err != nil {
			return nil, err
		}
	}
	if err := p.permissions(in.Spec.Permissions); err != nil {
		return nil, err
	}
	return p, p.conflicts.err()
}

// entry plans one item of the AppSpec's files.
func (p *plan) entry(f appspec.File) error {
	source, err := inArchive(f.Source)
	if err != nil {
		return err
	}
	destination, err := p.onHost(f.Destination)
	if err != nil {
		return err
	}
	// Stat, not Lstat: the content of a folder is meant even if the AppSpec
	// reaches it by a link. Links further down are copied as links.
	info, err := p.archive.Stat(source)
	if err != nil {
		if info, err = p.archive.Lstat(source); err != nil {
			return fmt.Errorf("files: source %q: No such file or directory in the revision", f.Source)
		}
	}
	if info.IsDir() {
		if source, err = p.realFolder(source); err != nil {
			return err
		}
		return p.folder(source, destination)
	}
	p.mkdir(destination)
	if info, err = p.archive.Lstat(source); err != nil {
		return err
	}
	return p.file(source, filepath.Join(destination, path.Base(source)), info.Mode())
}

// inArchive normalises a source: a leading slash makes no difference, the
// slash alone is the whole revision, and it may not lead out of it.
func inArchive(source string) (string, error) {
	clean := path.Clean("./" + source)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("files: source %q leads out of the revision", source)
	}
	return clean, nil
}

// onHost makes a path of the AppSpec absolute.
func (p *plan) onHost(destination string) (string, error) {
	if strings.ContainsAny(destination, "\n\x00") {
		return "", fmt.Errorf("files: destination %q holds a line break", destination)
	}
	if !filepath.IsAbs(destination) {
		destination = filepath.Join(p.dir, destination)
	}
	abs, err := filepath.Abs(destination)
	if err != nil {
		return "", fmt.Errorf("files: destination %q: %w", destination, err)
	}
	return abs, nil
}

// realFolder follows the links that a source consists of, within the archive.
func (p *plan) realFolder(source string) (string, error) {
	for range 40 {
		info, err := p.archive.Lstat(source)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return source, err
		}
		target, err := p.archive.Readlink(source)
		if err != nil {
			return "", err
		}
		source = path.Join(path.Dir(source), target)
	}
	return "", fmt.Errorf("files: source %q is a link that leads nowhere", source)
}

// folder plans the content of a source folder, depth first.
func (p *plan) folder(source, destination string) error {
	if !p.mkdir(destination) {
		return nil // a conflict, which everything below would repeat
	}
	dir, err := p.archive.Open(source)
	if err != nil {
		return fmt.Errorf("cannot read the revision: %w", err)
	}
	entries, err := dir.ReadDir(-1)
	if err = errors.Join(err, dir.Close()); err != nil {
		return fmt.Errorf("cannot read the revision: %w", err)
	}
	for _, e := range entries {
		from, to := path.Join(source, e.Name()), filepath.Join(destination, e.Name())
		if strings.ContainsAny(e.Name(), "\n\x00") {
			return fmt.Errorf("cannot install %q: the cleanup file has no room for a line break in a name", from)
		}
		step := func() error { return p.file(from, to, e.Type()) }
		if e.IsDir() {
			step = func() error { return p.folder(from, to) }
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// mkdir plans a folder and its missing parents. It reports whether there will
// be a folder.
func (p *plan) mkdir(dir string) bool {
	if ok, known := p.settled[dir]; known {
		return ok
	}
	p.settled[dir] = p.plannedFolder(dir)
	return p.settled[dir]
}

func (p *plan) plannedFolder(dir string) bool {
	if _, copied := p.made[dir]; copied {
		p.conflicts.add("a file with that name already exists in the plan, where a directory is needed: %s", dir)
		return false
	}
	state, err := p.at(dir)
	switch {
	case err != nil:
		p.conflicts.add("cannot look at %s: %v", dir, err)
		return false
	case state == folder:
		return true
	case state != absent:
		p.conflicts.add("a file exists where a directory is needed: %s", dir)
		return false
	}
	if !p.mkdir(filepath.Dir(dir)) {
		return false
	}
	p.add(Instruction{Kind: Mkdir, Path: dir})
	return true
}

// at returns what will be at a path. In a folder that is to be made there is
// nothing, which saves looking.
func (p *plan) at(path string) (state, error) {
	if _, made := p.made[filepath.Dir(path)]; made {
		return absent, nil
	}
	return p.future.at(path)
}

// add plans a folder or a copy. It is prepared as a part of the planned folder
// that it lies in, or beside its own place.
func (p *plan) add(i Instruction) {
	if parent, ok := p.made[filepath.Dir(i.Path)]; ok {
		i.root = p.list[parent].root
	} else {
		i.root = &root{path: i.Path, staged: p.names.coming(i.Path)}
	}
	p.made[i.Path] = len(p.list)
	p.list = append(p.list, i)
}
