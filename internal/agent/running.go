package agent

import (
	"errors"
	"io/fs"
	"os"
)

// Running reports whether an agent serves with this root folder, however it
// was started.
func Running(root string) (bool, error) {
	f, err := os.OpenFile(layout{root}.lock(), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := lockFile(f); err != nil {
		return true, nil //nolint:nilerr // whoever has the lock runs
	}
	return false, unlockFile(f)
}
