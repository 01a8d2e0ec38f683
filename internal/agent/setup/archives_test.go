package setup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/kept"
	"github.com/slipwayhq/slipway/internal/agent/setup"
)

// What revisions take is told, against the budget if there is one.
func TestArchivesAreTold(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, id := range []string{"d-1", "d-2"} {
		dir := filepath.Join(root, "group", id)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bundle.tar"), make([]byte, 2<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "journal", "done"), 0o755); err != nil {
		t.Fatal(err)
	}
	for budget, want := range map[int64]struct {
		level setup.Level
		says  string
	}{
		0:       {setup.OK, "kept revisions: 2, with 4 MB; there is no max_archive_size"},
		8 << 20: {setup.OK, "kept revisions: 2, with 4 MB of the 8 MB"},
		3 << 20: {setup.Warn, "kept revisions: 2, with 4 MB, which is more than max_archive_size (3 MB)"},
	} {
		c := agent.Config{Root: root, MaxArchiveSize: budget}
		levels, all := diagnose(t, c, nil)
		if levels["archives"] != want.level || !strings.Contains(all, want.says) {
			t.Errorf("with a budget of %d: %s, want %s: %s", budget, all, want.level, want.says)
		}
		s, err := (setup.Host{Prefix: t.TempDir()}).Status(c)
		if err != nil || s.Archives == nil || *s.Archives != (kept.Usage{Revisions: 2, Bytes: 4 << 20}) || s.Budget != budget {
			t.Errorf("the status is %+v (%v)", s, err)
		}
	}
}
