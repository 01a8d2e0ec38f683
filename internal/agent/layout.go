package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// layout knows the names of all files under the root folder. They are those
// of the official agent, so that a host can change agents either way; the
// journal, the pinned signer and the enrolment are ours.
type layout struct{ root string }

func (l layout) journal() string      { return filepath.Join(l.root, "journal") }
func (l layout) lock() string         { return filepath.Join(l.root, "journal", "lock") }
func (l layout) signer() string       { return filepath.Join(l.root, "signer.pem") }
func (l layout) enrolment() string    { return filepath.Join(l.root, "codedeploy.onpremises.yml") }
func (l layout) instructions() string { return filepath.Join(l.root, "deployment-instructions") }
func (l layout) deploymentsLog() string {
	return filepath.Join(l.root, "deployment-logs", "codedeploy-agent-deployments.log")
}
func (l layout) group(g string) string { return filepath.Join(l.root, g) }

// The files of a group in the instructions folder.
func (l layout) plan(g string) string    { return filepath.Join(l.instructions(), g+"-install.json") }
func (l layout) cleanup(g string) string { return filepath.Join(l.instructions(), g+"-cleanup") }
func (l layout) mostRecent(g string) string {
	return filepath.Join(l.instructions(), g+"_most_recent_install")
}

func (l layout) lastSuccessful(g string) string {
	return filepath.Join(l.instructions(), g+"_last_successful_install")
}

// deployment is the folder of one deployment of a group.
func (l layout) deployment(group, id string) string { return filepath.Join(l.root, group, id) }

func bundleFile(deployment string) string { return filepath.Join(deployment, "bundle.tar") }
func archiveOf(deployment string) string  { return filepath.Join(deployment, "deployment-archive") }
func scriptsLog(deployment string) string { return filepath.Join(deployment, "logs", "scripts.log") }

func isFolder(path string) bool { info, err := os.Stat(path); return err == nil && info.IsDir() }

func isRegularFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// taken are the names beside the folders of groups.
var taken = []string{
	"deployment-instructions", "deployment-logs", "ongoing-deployment", "journal",
	"signer.pem", "codedeploy.onpremises.yml",
}

// checkSegment makes sure that an identifier of the server is a name for a
// folder, and not a way to another place.
func checkSegment(what, id string) error {
	if slices.Contains(taken, id) {
		return fmt.Errorf("the %s %q cannot be the name of a folder: the agent has one of that name", what, id)
	}
	return checkName(what, id)
}

func checkName(what, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00\n") || len(name) > 200 {
		return fmt.Errorf("the %s %q cannot be the name of a folder", what, name)
	}
	return nil
}

// readPointer returns the deployment folder that a pointer file names, empty
// if there is no such file.
func readPointer(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// writePointer replaces a pointer file in one step.
func writePointer(path, deployment string) error {
	return replaceFile(path, []byte(deployment), 0o644)
}

func replaceFile(path string, content []byte, mode fs.FileMode) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, content, mode); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
