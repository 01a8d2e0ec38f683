package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// move is one path of the host that an installation changes as a whole.
type move struct {
	path   string
	aside  string // where what is there goes to; empty if there is nothing
	staged string // where what comes is prepared; empty if nothing comes
}

// exchange takes a host from the previous revision to the next one, and back.
// Its list of moves is on disk before the first of them, in a file whose name
// says how far it came:
//
//	staging  nothing was moved: what is prepared can be thrown away
//	undo     moves were made, perhaps: they are to be taken back
//	done     all were made: what was moved aside can be removed
//
// so that whoever finds the file after a crash knows what is to be done. Every
// step can be repeated.
type exchange struct {
	books string // the cleanup file, which the others are named after
	moves []move
}

func (x *exchange) file(state string) string { return x.books + "." + state }

const (
	staging = "staging"
	undo    = "undo"
	done    = "done"
)

// moves works out what the plan changes: the previous revision's objects go,
// each with all that is in it, and the planned ones come.
func (p *plan) moves() ([]move, error) {
	var list []move
	coming := map[string]bool{}
	for _, i := range p.list {
		if (i.Kind != Mkdir && i.Kind != Copy) || i.root.path != i.Path {
			continue
		}
		m := move{path: i.Path, staged: i.root.staged}
		if _, err := os.Lstat(i.Path); err == nil {
			m.aside = p.names.going(i.Path)
		} else if !isAbsent(err) {
			return nil, err
		}
		coming[i.Path] = true
		list = append(list, m)
	}
	for path := range p.future.going() {
		if !coming[path] {
			coming[path] = true // it may be listed twice
			list = append(list, move{path: path, aside: p.names.going(path)})
		}
	}
	return list, nil
}

// going are the objects that the cleanup removes and whose folder stays.
func (f *future) going() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, path := range f.cleanup.lines {
			if !filepath.IsAbs(path) || filepath.Clean(path) != path || f.goes(filepath.Dir(path)) || !f.goes(path) {
				continue
			}
			if !yield(path) {
				return
			}
		}
	}
}

func (f *future) goes(path string) bool {
	if !f.cleanup.set[path] {
		return false
	}
	info, err := os.Lstat(path)
	return err == nil && f.removed(path, info)
}

// begin notes the moves.
func (x *exchange) begin() error {
	return writeLines(x.file(staging), func(yield func(string) bool) {
		for _, m := range x.moves {
			if !yield(m.path + "\x00" + m.aside + "\x00" + m.staged) {
				return
			}
		}
	})
}

// load reads the moves that were noted in a file.
func (x *exchange) load(state string) error {
	text, err := os.ReadFile(x.file(state))
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(string(line), "\n"), "\x00")
		if len(fields) != 3 || !bytes.HasSuffix(line, []byte{'\n'}) {
			return fmt.Errorf("%s is damaged; what it lists was left as it is, remove the file to go on", x.file(state))
		}
		x.moves = append(x.moves, move{fields[0], fields[1], fields[2]})
	}
	return nil
}

// abandon throws away what was prepared.
func (x *exchange) abandon() error {
	var err error
	for _, m := range x.moves {
		if m.staged != "" {
			err = errors.Join(err, os.RemoveAll(m.staged))
		}
	}
	if err != nil {
		return err
	}
	return os.Remove(x.file(staging))
}

// run makes the moves. If one fails, those before it are taken back.
func (x *exchange) run() error {
	if err := os.Rename(x.file(staging), x.file(undo)); err != nil {
		return err
	}
	for _, m := range x.moves {
		if err := m.do(); err != nil {
			return fmt.Errorf("cannot install %s: %w", m.path, err)
		}
	}
	return nil
}

// do makes one move.
func (m move) do() error {
	if m.aside == "" {
		if exists(m.path) {
			return errors.New("it appeared while the revision was prepared")
		}
	} else if err := m.setAside(); err != nil {
		return err
	}
	if m.staged == "" {
		return nil
	}
	return os.Rename(m.staged, m.path)
}

// setAside keeps what is at the path. A file that is about to be replaced also
// stays where it is, so that a reader finds the old one or the new one.
func (m move) setAside() error {
	if m.staged != "" && isFile(m.path) && isFile(m.staged) && os.Link(m.path, m.aside) == nil {
		return nil
	}
	err := moveTree(m.path, m.aside)
	if isAbsent(err) {
		return nil // removed by somebody else, as it is to be
	}
	return err
}

// moveTree renames an object. Where folders cannot be renamed (an overlay file
// system refuses it for those of its lower layers) what is in them is moved
// piece by piece; repeating it goes on where it was interrupted.
func moveTree(from, to string) error {
	err := os.Rename(from, to)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	return movePieces(from, to)
}

func movePieces(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if exists(to) {
			return fmt.Errorf("cannot move %s: %s exists", from, to)
		}
		return os.Rename(from, to)
	}
	if err := os.Mkdir(to, info.Mode().Perm()|0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := movePieces(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return errors.Join(os.Chmod(to, info.Mode().Perm()), os.Remove(from))
}

func exists(path string) bool { _, err := os.Lstat(path); return err == nil }

// isFile reports whether path is anything but a folder.
func isFile(path string) bool { info, err := os.Lstat(path); return err == nil && !info.IsDir() }

func isFolder(path string) bool { info, err := os.Lstat(path); return err == nil && info.IsDir() }

// takeBack undoes the moves, last first, and throws away what was prepared.
func (x *exchange) takeBack() error {
	for _, m := range slices.Backward(x.moves) {
		if err := m.undo(); err != nil {
			return fmt.Errorf("cannot restore %s from %s: %w", m.path, m.aside, err)
		}
	}
	if err := os.Rename(x.file(undo), x.file(staging)); err != nil {
		return err
	}
	return x.abandon()
}

// undo takes one move back, if it was made, up to where nothing of it was. It
// may itself be interrupted anywhere.
func (m move) undo() error {
	came := m.staged != "" && !exists(m.staged)
	if came && (m.aside == "" || exists(m.aside)) {
		if err := os.Rename(m.path, m.staged); err != nil && !isAbsent(err) {
			return err
		}
	}
	if m.aside == "" || !exists(m.aside) {
		return nil
	}
	if isFolder(m.path) && isFolder(m.aside) {
		return movePieces(m.aside, m.path) // only a part of it was set aside
	}
	if exists(m.path) && !sameFile(m.path, m.aside) {
		return errors.New("something else was put there meanwhile")
	}
	if err := moveTree(m.aside, m.path); err != nil {
		return err
	}
	// Two names of one file survive a rename of one to the other.
	if err := os.Remove(m.aside); err != nil && !isAbsent(err) {
		return err
	}
	return nil
}

func sameFile(a, b string) bool {
	x, err := os.Lstat(a)
	if err != nil {
		return false
	}
	y, err := os.Lstat(b)
	return err == nil && os.SameFile(x, y)
}

// commit makes the moves final: from here on the exchange is finished, also by
// whoever finds its file.
func (x *exchange) commit() error { return os.Rename(x.file(undo), x.file(done)) }

// finish removes what was moved aside, as far as the previous installation
// made it, and takes the new cleanup file into use. It returns where something
// is left.
func (x *exchange) finish() (left []string, err error) {
	previous, err := readCleanup(x.books)
	if err != nil {
		return nil, err
	}
	for _, m := range x.moves {
		if m.aside != "" && !discard(m.aside, m.path, m.staged != "", previous.set) {
			left = append(left, m.aside)
		}
	}
	if err := os.Rename(x.books+".new", x.books); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return left, err
	}
	return left, os.Remove(x.file(done))
}

// discard removes an object that was at path, and reports whether nothing is
// left of it. What somebody else put into a folder after the plan was made
// goes back to its place.
func discard(aside, path string, replaced bool, ours map[string]bool) bool {
	info, err := os.Lstat(aside)
	if err != nil {
		return isAbsent(err)
	}
	if !info.IsDir() {
		if ours[path] || replaced {
			return os.Remove(aside) == nil
		}
		return giveBack(aside, path)
	}
	if ours[path] {
		_ = os.Chmod(aside, info.Mode().Perm()|0o700) // it may have been closed against its owner
	}
	entries, err := os.ReadDir(aside)
	if err != nil {
		return false
	}
	empty := true
	for _, e := range entries {
		gone := discard(filepath.Join(aside, e.Name()), filepath.Join(path, e.Name()), false, ours)
		empty = empty && gone
	}
	if !empty {
		return false
	}
	if ours[path] || replaced {
		return os.Remove(aside) == nil
	}
	return giveBack(aside, path)
}

// giveBack returns a foreign object to its place, if there is room for it.
func giveBack(aside, path string) bool {
	if exists(path) || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return false
	}
	return os.Rename(aside, path) == nil
}
