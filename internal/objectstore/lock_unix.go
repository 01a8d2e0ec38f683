//go:build unix

package objectstore

import (
	"errors"
	"os"
	"syscall"
)

// lockFile holds the lock until the file is closed, by the process or by its end.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("in use by another process"), f.Close())
	}
	return f, nil
}
