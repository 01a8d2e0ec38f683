package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cleanupList names what the previous installation of a group made, in the
// order it was made.
type cleanupList struct {
	lines []string
	set   map[string]bool
}

// readCleanup reads a cleanup file: one path a line. A last line without an
// end was not written whole and is dropped; no file is an empty list.
func readCleanup(path string) (*cleanupList, error) {
	list := &cleanupList{set: map[string]bool{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what the previous installation left: %w", err)
	}
	for {
		line, rest, ok := bytes.Cut(text, []byte{'\n'})
		if !ok {
			return list, nil
		}
		text = rest
		if len(line) > 0 {
			list.lines = append(list.lines, string(line))
			list.set[string(line)] = true
		}
	}
}

// run removes what the list names, backwards, and returns what could not be
// removed. Folders that hold something else stay.
func (l *cleanupList) run() (kept []string, err error) {
	for _, path := range slices.Backward(l.lines) {
		if strings.IndexByte(path, 0) >= 0 || !filepath.IsAbs(path) {
			kept = append(kept, path) // an SELinux rule, or not ours to judge
			continue
		}
		removeErr := os.Remove(path)
		if removeErr == nil || errors.Is(removeErr, fs.ErrNotExist) {
			continue
		}
		if info, statErr := os.Lstat(path); statErr == nil && info.IsDir() {
			continue
		}
		kept = append(kept, path)
		err = errors.Join(err, removeErr)
	}
	slices.Reverse(kept)
	return kept, err
}

// recorder writes a cleanup file while an installation goes on, unbuffered: a
// file whose line is lost in a crash would be foreign to the next deployment.
type recorder struct {
	file *os.File
	line []byte
}

func newRecorder(path string, kept []string) (*recorder, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	r := &recorder{file: f}
	for _, line := range kept {
		if err := r.write(line); err != nil {
			f.Close()
			return nil, err
		}
	}
	return r, nil
}

func (r *recorder) write(line string) error {
	r.line = append(append(r.line[:0], line...), '\n')
	_, err := r.file.Write(r.line)
	return err
}
