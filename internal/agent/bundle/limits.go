// Package bundle fetches the archive of a revision and unpacks it.
//
// An archive is untrusted: nothing in it is written outside the folder it is
// unpacked to, and how much it may hold is bounded. Everything streams; memory
// does not grow with the size of a bundle.
package bundle

import (
	"errors"
	"fmt"
)

// Limits bound what an archive may unpack to. A zero field means its default.
type Limits struct {
	Entries int   // how many files, folders and links; default 200,000
	Bytes   int64 // the sum of all files; default 20 GiB
	Ratio   int64 // unpacked bytes per byte of the archive; default 200
	// RatioFloor is how much any archive may unpack to, whatever its ratio;
	// default 100 MiB.
	RatioFloor int64
}

// ErrTooLarge is in the error of an archive that exceeds its limits.
var ErrTooLarge = errors.New("the bundle unpacks to more than is allowed")

func (l Limits) withDefaults() Limits {
	if l.Entries == 0 {
		l.Entries = 200_000
	}
	if l.Bytes == 0 {
		l.Bytes = 20 << 30
	}
	if l.Ratio == 0 {
		l.Ratio = 200
	}
	if l.RatioFloor == 0 {
		l.RatioFloor = 100 << 20
	}
	return l
}

// budget counts an archive's entries and bytes against its limits.
type budget struct {
	entries, maxEntries int
	bytes, maxBytes     int64
}

func (l Limits) budget(archiveSize int64) *budget {
	l = l.withDefaults()
	byRatio := max(l.RatioFloor, archiveSize*l.Ratio)
	return &budget{maxEntries: l.Entries, maxBytes: min(l.Bytes, byRatio)}
}

// take books an entry before anything of it is written.
func (b *budget) take(name string, size int64) error {
	b.entries++
	if b.entries > b.maxEntries {
		return fmt.Errorf("%w: it has more than %d entries", ErrTooLarge, b.maxEntries)
	}
	if size < 0 || size > b.maxBytes-b.bytes {
		return fmt.Errorf("%w: with %q (%d bytes) it exceeds %d bytes", ErrTooLarge, name, size, b.maxBytes)
	}
	b.bytes += size
	return nil
}
