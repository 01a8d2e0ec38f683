package agent

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// folderMode is that of the folders of groups and deployments. Scripts that
// run as other users pass through them on their way to the revision, but
// nobody else can list what is deployed.
func (c Config) folderMode() fs.FileMode {
	if c.OpenFolders {
		return 0o755
	}
	return 0o711
}

// bookMode is that of the folders that are the agent's alone.
func (c Config) bookMode() fs.FileMode {
	if c.OpenFolders {
		return 0o755
	}
	return 0o700
}

// make makes the folders of the root. Those of the official agent are open to
// all; books found so are closed, or the other way round.
func (l layout) make(folders, books fs.FileMode) error {
	if err := os.MkdirAll(l.root, folders); err != nil {
		return fmt.Errorf("cannot make the root folder: %w", err)
	}
	for _, dir := range []string{l.instructions(), filepath.Dir(l.ongoing("x"))} {
		err := os.MkdirAll(dir, books)
		if err == nil {
			err = os.Chmod(dir, books)
		}
		if err != nil {
			return fmt.Errorf("cannot make the root folder: %w", err)
		}
	}
	return nil
}
