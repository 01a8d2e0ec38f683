package install

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
)

// root is the topmost of the objects that are new together: a planned folder
// with all that is in it, or a file in a folder that exists.
type root struct {
	path   string
	staged string // where it is prepared: beside its place, so that a rename puts it there
}

// stageNames makes the names of what waits beside its place, and of what was
// moved aside. They begin with a dot and end in a word of ours: whoever reads
// all *.conf of a folder does not read them.
type stageNames struct {
	token string // of this installation
	count *int
}

func newStageNames() stageNames {
	return stageNames{rand.Text()[:8], new(int)}
}

func (s stageNames) coming(path string) string { return s.beside(path, "new") }
func (s stageNames) going(path string) string  { return s.beside(path, "old") }

func (s stageNames) beside(path, word string) string {
	*s.count++
	base := filepath.Base(path)
	const room = 200 // of the 255 bytes that a name may have
	if len(base) > room {
		base = base[:room]
	}
	return filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%s%d.slipway-%s", base, s.token, *s.count, word))
}
