package install

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// conflicts collects what stands in the way, so that one failed deployment
// tells all of it.
type conflicts struct {
	books    string // the cleanup file of this group
	count    int
	shown    []string
	existing []string // of the shown, files that may not be replaced
}

// maxShown keeps the message within what the service carries.
const maxShown = 15

func (c *conflicts) add(format string, args ...any) {
	c.count++
	if len(c.shown) < maxShown {
		c.shown = append(c.shown, fmt.Sprintf(format, args...))
	}
}

// exists adds a file that may not be replaced.
func (c *conflicts) exists(path string) {
	c.count++
	if len(c.existing) < maxShown {
		c.existing = append(c.existing, path)
	}
}

func (c *conflicts) err() error {
	if c.count == 0 {
		return nil
	}
	var lines []string
	if len(c.existing) > 0 { // first, because a long message loses its end
		lines = append(lines, "To replace files that are in the way set file_exists_behavior: OVERWRITE in the AppSpec file, or give --file-exists-behavior OVERWRITE to the deployment; RETAIN keeps them as they are.")
	}
	lines = append(lines, c.shown...)
	owners := ownersOf(c.existing, c.books)
	for _, path := range c.existing {
		lines = append(lines, fmt.Sprintf("The deployment failed because a specified file already exists at this location: %s (%s)", path, owners[path]))
	}
	if more := c.count - len(c.shown) - len(c.existing); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(lines, "\n"))
}

// file plans the copy of a file or link, as far as what is there allows it.
func (p *plan) file(source, destination string, mode fs.FileMode) error {
	if !mode.IsRegular() && mode&fs.ModeSymlink == 0 {
		return fmt.Errorf("cannot install %s: it is neither a file nor a link", source)
	}
	if p.settled[filepath.Dir(destination)] && p.free(source, destination) {
		p.add(Instruction{Kind: Copy, Source: source, Path: destination, Link: mode&fs.ModeSymlink != 0})
	}
	return nil
}

// free reports whether source may go to destination, and notes why not. That
// a folder cannot be made was noted before.
func (p *plan) free(source, destination string) bool {
	if n, twice := p.made[destination]; twice {
		if p.list[n].Kind == Mkdir {
			p.conflicts.add("a directory and a file are to be installed at %s", destination)
		} else {
			p.conflicts.add("two source files named %s and %s go to the same destination %s", p.list[n].Source, source, destination)
		}
		return false
	}
	state, err := p.at(destination)
	if err != nil {
		p.conflicts.add("cannot look at %s: %v", destination, err)
		return false
	}
	switch state {
	case folder:
		p.conflicts.add("a directory exists where a file is to be installed: %s", destination)
		return false
	case file:
		return p.mayReplace(source, destination)
	case absent, dangling:
	}
	return true
}

// mayReplace applies the file-exists behaviour.
func (p *plan) mayReplace(source, destination string) bool {
	switch p.behavior {
	case appspec.Overwrite:
		return true
	case appspec.Retain:
		return false
	case appspec.Disallow, "":
		if p.adopt && p.same(source, destination) {
			return true // what is there is what is being installed
		}
		p.conflicts.exists(destination)
	default:
		p.conflicts.add("The deployment failed because an invalid option was specified for fileExistsBehavior: %q (a file exists at %s; use DISALLOW, OVERWRITE or RETAIN)", p.behavior, destination)
	}
	return false
}

// same reports whether a file of the archive and one of the host hold the same
// bytes. Links are never the same: what they lead to may be another file
// tomorrow.
func (p *plan) same(source, destination string) bool {
	there, err := os.Lstat(destination)
	if err != nil || !there.Mode().IsRegular() {
		return false
	}
	ours, err := p.archive.Open(source)
	if err != nil {
		return false
	}
	defer ours.Close()
	info, err := ours.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() != there.Size() {
		return false
	}
	theirs, err := os.Open(destination)
	if err != nil {
		return false
	}
	defer theirs.Close()
	return sameBytes(ours, theirs)
}

// sameBytes compares two readers piece by piece.
func sameBytes(a, b io.Reader) bool {
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errA := io.ReadFull(a, x)
		m, errB := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false
		}
		if errA != nil || errB != nil {
			return ended(errA) && ended(errB)
		}
	}
}

// ended reports whether a reader that was to fill a buffer came to its end.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
