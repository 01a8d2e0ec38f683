package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/protocol"
)

// Local says what to deploy to this host without a server. A zero field means
// its default, which is that of the official agent's codedeploy-local.
type Local struct {
	Location           string   // path, s3://BUCKET/KEY or address at GitHub; default the working folder
	Type               string   // tgz, tar, zip or directory; default by the name of an archive, else directory
	FileExistsBehavior string   // default DISALLOW
	Group              string   // identifier of the deployment group; default default-local-deployment-group
	GroupName          string   // default LocalFleet
	Application        string   // default Location
	Events             []string // default all, in their usual order
	AppSpecFilename    string   // default appspec.yml
	GitHubToken        string
}

// localEvents are the events of a local deployment that names none.
var localEvents = []string{
	"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop",
	downloadEvent, "BeforeInstall", installEvent,
	"AfterInstall", "ApplicationStart", "ValidateService",
	"BeforeAllowTraffic", "AfterAllowTraffic",
}

func (d Local) withDefaults() Local {
	d.Location = cmp.Or(d.Location, ".")
	d.Group = cmp.Or(d.Group, "default-local-deployment-group")
	d.GroupName = cmp.Or(d.GroupName, "LocalFleet")
	d.Application = cmp.Or(d.Application, d.Location)
	d.AppSpecFilename = cmp.Or(d.AppSpecFilename, "appspec.yml")
	return d
}

// DeployLocal deploys without a server and tells w what happens, as it
// happens. c needs neither an identity nor an endpoint, but for a bundle in S3.
func DeployLocal(ctx context.Context, c Config, d Local, w io.Writer) error {
	d = d.withDefaults()
	spec, err := d.specification(c.GitHubEndpoint)
	if err != nil {
		return err
	}
	events, err := d.events()
	if err != nil {
		return err
	}
	for _, name := range slices.Concat(localEvents, events) {
		if !slices.Contains(spec.AllPossibleLifecycleEvents, name) {
			spec.AllPossibleLifecycleEvents = append(spec.AllPossibleLifecycleEvents, name)
		}
	}
	a, err := newLocal(c, w)
	if err != nil {
		return err
	}
	err = a.deployHere(ctx, spec, events, w)
	a.scripts.Close()
	if a.log != nil {
		err = errors.Join(err, a.log.Close())
	}
	return err
}

// newLocal returns an agent without a server, and without a journal: nobody
// asks it to go on after a crash.
func newLocal(c Config, w io.Writer) (*Agent, error) {
	c = c.withDefaults()
	if err := c.checkHost(); err != nil {
		return nil, err
	}
	a, err := newAgent(c)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%w; deploy as root, or give --root DIR with a folder of your own", err)
	}
	if err != nil {
		return nil, err
	}
	a.local, a.watcher = true, indented{w}
	return a, nil
}

// deployHere runs the events one after the other, up to the first failure.
func (a *Agent) deployHere(ctx context.Context, spec *protocol.Specification, events []string, w io.Writer) error {
	dir := a.layout.deployment(spec.DeploymentGroupID, spec.DeploymentID)
	fmt.Fprintf(w, "Deploying %s in %s\n", spec.DeploymentID, dir)
	fmt.Fprintf(w, "The scripts' log is %s\n", scriptsLog(dir))
	for _, name := range events {
		start := time.Now()
		e, err := a.plan(spec, name)
		if err != nil {
			return fmt.Errorf("%s failed: %w", name, err)
		}
		if e.noop {
			fmt.Fprintf(w, "%s: nothing to do\n", name)
			continue
		}
		fmt.Fprintf(w, "%s\n", name)
		result := a.execute(ctx, e, newRecord(protocol.HostCommand{CommandName: name}, start))
		if result.Status != protocol.StatusSucceeded {
			fmt.Fprintf(w, "%s: failed after %s\n", name, time.Since(start).Round(time.Millisecond))
			return fmt.Errorf("%s failed: %s", name, result.Diagnostics.Message)
		}
		for _, note := range e.notes {
			fmt.Fprintf(w, "  %s\n", note)
		}
		fmt.Fprintf(w, "%s: succeeded after %s\n", name, time.Since(start).Round(time.Millisecond))
	}
	fmt.Fprintf(w, "%s: Local deployment successful\n", spec.DeploymentID)
	return nil
}

// indented sets the scripts' lines off from the agent's own.
type indented struct{ io.Writer }

func (i indented) Write(p []byte) (int, error) {
	if _, err := io.WriteString(i.Writer, "  "); err != nil {
		return 0, err
	}
	return i.Writer.Write(p)
}

// specification makes the document that a server would have sent.
func (d Local) specification(github string) (*protocol.Specification, error) {
	revision, err := d.revision(github)
	if err != nil {
		return nil, err
	}
	spec := &protocol.Specification{
		DeploymentID:        "d-" + rand.Text()[:9] + "-local",
		DeploymentGroupID:   d.Group,
		DeploymentGroupName: d.GroupName,
		ApplicationName:     d.Application,
		AppSpecFilename:     d.AppSpecFilename,
		Revision:            revision,
		GitHubAccessToken:   d.GitHubToken,
	}
	if d.FileExistsBehavior != "" {
		spec.AgentActionOverrides = &protocol.AgentActionOverrides{
			AgentOverrides: protocol.AgentOverrides{FileExistsBehavior: d.FileExistsBehavior},
		}
	}
	return spec, completeSpecification(spec)
}

// withOldRevision are the events that may come before the bundle is there:
// they run the scripts of the revision that is installed.
var withOldRevision = []string{"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop"}

// events returns what to run. DownloadBundle and Install are added where they
// are missing.
func (d Local) events() ([]string, error) {
	if len(d.Events) == 0 {
		return localEvents, nil
	}
	events := slices.Clone(d.Events)
	for _, name := range events {
		if name == "" || strings.ContainsAny(name, "\n\x00") {
			return nil, fmt.Errorf("%q is no name of a lifecycle event", name)
		}
	}
	usual := func(name string) bool { return slices.Contains(localEvents, name) }
	for i, name := range events {
		if !usual(name) || slices.Contains(withOldRevision, name) {
			continue // custom events may come at any time
		}
		later := events[i+1:]
		switch {
		case slices.Contains(later, downloadEvent) && name != "BeforeInstall":
			return nil, fmt.Errorf("%s comes before DownloadBundle; the only events that can are %s", name, strings.Join(withOldRevision, ", "))
		case slices.Contains(later, installEvent) && name != downloadEvent && name != "BeforeInstall":
			return nil, fmt.Errorf("%s comes before Install; the only events that can are %s, DownloadBundle and BeforeInstall", name, strings.Join(withOldRevision, ", "))
		}
	}
	if !slices.Contains(events, downloadEvent) {
		events = slices.Insert(events, 0, downloadEvent)
	}
	if !slices.Contains(events, installEvent) {
		events = slices.Insert(events, slices.Index(events, downloadEvent)+1, installEvent)
	}
	return events, nil
}

// revision finds out what kind of revision the location is.
func (d Local) revision(github string) (*protocol.Revision, error) {
	switch {
	case strings.HasPrefix(d.Location, "http://"):
		return nil, fmt.Errorf("the location %s cannot be http; only encrypted (https) locations are supported", d.Location)
	case strings.HasPrefix(d.Location, "s3://"):
		return d.inS3()
	case strings.HasPrefix(d.Location, "https://"):
		return d.atGitHub(github)
	}
	return d.onHost(strings.TrimPrefix(d.Location, "file://"))
}

// onHost describes a folder or archive of this host.
func (d Local) onHost(location string) (*protocol.Revision, error) {
	location, err := filepath.Abs(location)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(location)
	if err != nil {
		return nil, fmt.Errorf("the location %s is a file or directory which does not exist: %w", d.Location, err)
	}
	kind := d.Type
	if kind == "" && !info.IsDir() {
		kind = typeByName(location)
	}
	kind = cmp.Or(kind, bundleDirectory)
	switch {
	case kind == bundleDirectory && !info.IsDir():
		return nil, fmt.Errorf("the location %s is a file, but the type is directory; give --type tgz, tar or zip", d.Location)
	case kind != bundleDirectory && info.IsDir():
		return nil, fmt.Errorf("the location %s is a directory, but the type is %s", d.Location, kind)
	case kind != bundleDirectory:
		return &protocol.Revision{RevisionType: protocol.RevisionLocalFile, LocalRevision: &protocol.LocalRevision{Location: location, BundleType: kind}}, nil
	}
	if _, err := os.Stat(filepath.Join(location, d.AppSpecFilename)); err != nil {
		return nil, fmt.Errorf("expected the AppSpec file at %s: run the command in a directory that has one, or give --bundle-location or --appspec-filename", filepath.Join(location, d.AppSpecFilename))
	}
	return &protocol.Revision{RevisionType: protocol.RevisionLocalDirectory, LocalRevision: &protocol.LocalRevision{Location: location, BundleType: kind}}, nil
}

// typeByName tells the type of an archive by the end of its name; empty if
// that says nothing.
func typeByName(name string) string {
	for _, ending := range []struct{ text, kind string }{
		{".tgz", "tgz"}, {".tar.gz", "tgz"}, {".tar", "tar"}, {".zip", "zip"},
	} {
		if strings.HasSuffix(strings.ToLower(name), ending.text) {
			return ending.kind
		}
	}
	return ""
}
