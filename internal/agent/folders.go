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

// trackingFolder is where the official agent notes what is ongoing, unless it
// is told otherwise.
const trackingFolder = "ongoing-deployment"

// tracking is the file that exists while a deployment's event runs.
func (a *Agent) tracking(deployment string) string {
	return filepath.Join(a.layout.root, a.config.Tracking, deployment)
}

// makeFolders makes the folders of the root. Those of the official agent are
// open to all; books found so are closed, or the other way round.
func (a *Agent) makeFolders() error {
	if err := os.MkdirAll(a.layout.root, a.config.folderMode()); err != nil {
		return fmt.Errorf("cannot make the root folder: %w", err)
	}
	mode := a.config.bookMode()
	for _, dir := range []string{a.layout.instructions(), filepath.Dir(a.tracking("x"))} {
		err := os.MkdirAll(dir, mode)
		if err == nil {
			err = os.Chmod(dir, mode)
		}
		if err != nil {
			return fmt.Errorf("cannot make the root folder: %w", err)
		}
	}
	return nil
}
