package bundle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Unpack extracts the archive file to dir, replacing what is there, and makes
// a single top folder that holds the AppSpec file the whole: archives of
// GitHub and of careless packers have one.
func Unpack(ctx context.Context, x Extraction) error {
	temp := x.Dir + "-temp"
	for _, old := range []string{temp, x.Dir} {
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("cannot remove an older unpacked bundle: %w", err)
		}
	}
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(temp) //nolint:errcheck // the next unpacking removes what is left
	leavesTop, err := extract(ctx, x, temp)
	if err != nil {
		return err
	}
	from := temp
	if top := wrapper(temp); top != "" {
		if leavesTop != "" {
			return fmt.Errorf("cannot unpack the bundle: link %q would leave the folder %q, which is the whole revision", leavesTop, filepath.Base(top))
		}
		from = top
	}
	return os.Rename(from, x.Dir)
}

// wrapper returns the only entry of dir when it is a folder with something
// named like an AppSpec file in it. Only one level is looked at.
func wrapper(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		return ""
	}
	top := filepath.Join(dir, entries[0].Name())
	inner, err := os.ReadDir(top)
	if err != nil {
		return ""
	}
	for _, e := range inner {
		if strings.Contains(strings.ToLower(e.Name()), "appspec") {
			return top
		}
	}
	return ""
}
