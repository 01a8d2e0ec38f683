// Package kept looks after what earlier deployments have left on a host: what
// space it takes, what goes when that is too much, and which files can be one.
package kept

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Revision is the folder of a deployment, with its bundle, its archive and its
// logs.
type Revision struct {
	Group, ID string // the names of the folder above, and of the folder
	Dir       string
	Made      time.Time // what goes first is the oldest by this
}

// List returns the revisions below a root folder, oldest first. besides are the
// names of folders there that are not those of groups.
func List(root string, besides ...string) ([]Revision, error) {
	groups, err := folders(root)
	if err != nil {
		return nil, fmt.Errorf("cannot look for kept revisions: %w", err)
	}
	var out []Revision
	for _, group := range groups {
		if slices.Contains(besides, group.Name()) {
			continue
		}
		deployments, err := folders(filepath.Join(root, group.Name()))
		if err != nil {
			return nil, fmt.Errorf("cannot look for kept revisions: %w", err)
		}
		for _, d := range deployments {
			out = append(out, Revision{group.Name(), d.Name(), filepath.Join(root, group.Name(), d.Name()), d.ModTime()})
		}
	}
	slices.SortFunc(out, func(a, b Revision) int { return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.Dir, b.Dir)) })
	return out, nil
}

func folders(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.IsDir() { // else it has just gone
			out = append(out, info)
		}
	}
	return out, nil
}

// Usage is what revisions take.
type Usage struct {
	Revisions int   `json:"revisions"`
	Bytes     int64 `json:"bytes"` // of their files, each once however many names it has
}

// Measure returns what the revisions take together.
func Measure(revisions []Revision) (Usage, error) {
	l, err := newLedger(revisions)
	return Usage{len(revisions), l.total}, err
}

// Shrink has the oldest revisions removed until the rest takes at most budget
// bytes, or nothing more can go. remove removes a revision, or returns false
// if it must stay. Shrink returns what the rest takes.
func Shrink(revisions []Revision, budget int64, remove func(Revision) (bool, error)) (left int64, err error) {
	l, err := newLedger(revisions)
	asked := make([]bool, len(revisions))
	for err == nil && l.total > budget {
		// The oldest that helps: one whose files have all other names as well
		// does not, until those are gone.
		n := 0
		for n < len(revisions) && (asked[n] || l.frees(n) == 0) {
			n++
		}
		if n == len(revisions) {
			break
		}
		asked[n] = true
		var gone bool
		if gone, err = remove(revisions[n]); gone {
			l.strike(n)
		}
	}
	return l.total, err
}

// ledger has the sizes of revisions. A file with several names is paid for
// until its last name goes.
type ledger struct {
	total  int64
	single []int64              // by revision: of files with one name
	linked []map[fileID]uint64  // by revision: its names of others
	files  map[fileID]*manyName // those others
}

type manyName struct {
	size  int64
	names uint64 // in revisions that are there
}

func newLedger(revisions []Revision) (*ledger, error) {
	l := &ledger{
		single: make([]int64, len(revisions)), linked: make([]map[fileID]uint64, len(revisions)),
		files: map[fileID]*manyName{},
	}
	for n, r := range revisions {
		l.linked[n] = map[fileID]uint64{}
		err := filepath.WalkDir(r.Dir, func(_ string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it went while it was looked at
			}
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			info, err := e.Info()
			if err == nil {
				l.book(n, info)
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		})
		if err != nil {
			return l, fmt.Errorf("cannot measure the kept revision %s: %w", r.ID, err)
		}
	}
	return l, nil
}

func (l *ledger) book(n int, info fs.FileInfo) {
	id, names := identity(info)
	if names < 2 {
		l.single[n] += info.Size()
		l.total += info.Size()
		return
	}
	if l.files[id] == nil {
		l.files[id] = &manyName{size: info.Size()}
		l.total += info.Size()
	}
	l.files[id].names++
	l.linked[n][id]++
}

// frees is what goes with a revision.
func (l *ledger) frees(n int) int64 {
	bytes := l.single[n]
	for id, names := range l.linked[n] {
		if f := l.files[id]; f.names == names {
			bytes += f.size
		}
	}
	return bytes
}

func (l *ledger) strike(n int) {
	l.total -= l.frees(n)
	for id, names := range l.linked[n] {
		l.files[id].names -= names
	}
}
