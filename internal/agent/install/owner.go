package install

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// titleFile is where a group's books say in words whose they are. The official
// agent has no such file.
func titleFile(cleanup string) string { return strings.TrimSuffix(cleanup, "-cleanup") + "-title" }

// ownersOf says of each path which group of the host installed it, by the
// books of all groups beside the given one.
func ownersOf(paths []string, books string) map[string]string {
	owners := map[string]string{}
	for _, path := range paths {
		owners[path] = "no deployment on this host installed it"
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(books), "*-cleanup"))
	if err != nil || len(paths) == 0 {
		return owners
	}
	for _, file := range files {
		if file == books {
			continue
		}
		for path := range listed(file, owners) {
			owners[path] = "installed by " + title(file)
		}
	}
	return owners
}

// listed returns which of the paths are in a cleanup file, which may be large.
func listed(file string, paths map[string]string) map[string]bool {
	found := map[string]bool{}
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if _, asked := paths[lines.Text()]; asked {
			found[lines.Text()] = true
		}
	}
	return found
}

func title(cleanup string) string {
	if text, err := os.ReadFile(titleFile(cleanup)); err == nil && len(text) > 0 {
		return string(text)
	}
	return "the deployment group " + strings.TrimSuffix(filepath.Base(cleanup), "-cleanup")
}
