// Package filetime sets the modification time of an open file. The standard
// library does it only by name, which costs the lookup of a path once more for
// every file that is unpacked or installed.
package filetime

import (
	"os"
	"time"
)

// Set sets the access and modification times of f to t. A zero t leaves them
// as they are.
func Set(f *os.File, t time.Time) error {
	if t.IsZero() {
		return nil
	}
	return set(f, t)
}
