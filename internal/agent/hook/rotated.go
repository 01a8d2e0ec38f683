package hook

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// The log of all deployments is kept in at most keptFiles files.
const (
	keptFiles   = 8
	maxFileSize = 64 << 20
)

// Rotated is the log of all deployments of the host. It is opened at its first
// line.
type Rotated struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
}

// NewRotated returns the log in the file path, with older parts in path.1 and
// so on.
func NewRotated(path string) *Rotated { return &Rotated{path: path} }

func (r *Rotated) line(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file != nil && r.size+int64(len(text)) > maxFileSize {
		r.rotate()
	}
	if r.file == nil && !r.open() {
		return
	}
	n, _ := r.file.WriteString(text) // a full disk must not fail the deployment
	r.size += int64(n)
}

func (r *Rotated) open() bool {
	if os.MkdirAll(filepath.Dir(r.path), 0o755) != nil {
		return false
	}
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return false
	}
	if info, err := f.Stat(); err == nil {
		r.size = info.Size()
	}
	r.file = f
	return true
}

func (r *Rotated) rotate() {
	r.file.Close()
	r.file = nil
	for n := keptFiles - 1; n > 0; n-- {
		older := r.path
		if n > 1 {
			older = fmt.Sprintf("%s.%d", r.path, n-1)
		}
		_ = os.Rename(older, fmt.Sprintf("%s.%d", r.path, n)) // not all exist yet
	}
}

// Close closes the log.
func (r *Rotated) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
