package install

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
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

// labels returns the objects of the SELinux rules of the list.
func (l *cleanupList) labels() []string {
	var objects []string
	for _, line := range l.lines {
		if object, ok := strings.CutPrefix(line, labelPrefix); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// foreign are lines that mean nothing to us. They are kept for whoever wrote
// them.
func (l *cleanupList) foreign() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range l.lines {
			if !strings.HasPrefix(line, labelPrefix) && (!filepath.IsAbs(line) || strings.IndexByte(line, 0) >= 0) && !yield(line) {
				return
			}
		}
	}
}

// writeLines writes a file of lines that survives a crash of the machine.
func writeLines(path string, lines iter.Seq[string]) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for line := range lines {
		_, _ = w.WriteString(line) // bufio keeps the error
		_ = w.WriteByte('\n')
	}
	return errors.Join(w.Flush(), f.Sync(), f.Close())
}
