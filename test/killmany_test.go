package test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
)

// TestAgentKilledInEveryEvent kills agents with kill -9 at a random moment of
// each of 200 deployments (20 with -short, or with the race detector, which
// does not look into the processes that are killed), on four hosts. After each the
// server's record and the host agree: no script ran twice, what succeeded ran,
// what was skipped did not, and the installed files are those of one revision.
func TestAgentKilledInEveryEvent(t *testing.T) {
	t.Parallel()
	seed := *seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to kill at the same moments again: -run %s -seed %d", t.Name(), seed)
	const hosts = 4
	deployments := 200 / hosts
	if testing.Short() || raceEnabled {
		deployments = 20 / hosts
	}
	for i := range hosts {
		t.Run(fmt.Sprintf("host-%d", i), func(t *testing.T) {
			t.Parallel()
			k := newKilling(t, rand.New(rand.NewPCG(seed, uint64(i))))
			for n := range deployments {
				k.deploy(t, n%len(k.revisions))
			}
			t.Logf("killed in: %v", k.killed)
		})
	}
}

// killing is a host that is deployed to and killed again and again.
type killing struct {
	server    *server
	host      *host
	random    *rand.Rand
	revisions []map[string]string // what each installs
	installed map[string]string   // what is there
	killed    map[string]int      // by the event that failed
}

func newKilling(t *testing.T, random *rand.Rand) *killing {
	t.Helper()
	k := &killing{server: startServer(t), random: random, installed: map[string]string{}, killed: map[string]int{}}
	k.server.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	k.host = k.server.addHost(t, "host-1", "fleet")
	many := map[string]string{"page.txt": "two"}
	for i := range 200 {
		many[fmt.Sprintf("assets/%d/%d.txt", i%7, i)] = "two"
	}
	k.revisions = []map[string]string{
		{"page.txt": "zero", "only-here.txt": "zero"},
		{"page.txt": "one", "deep/down/a.txt": "one"},
		many,
	}
	for i, files := range k.revisions {
		bundle := logged("ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
		bundle["hook.sh"] = strings.ReplaceAll(bundle["hook.sh"], "$LIFECYCLE_EVENT", "$LIFECYCLE_EVENT $DEPLOYMENT_ID")
		delete(bundle, "site/page.txt")
		for name, text := range files {
			bundle["site/"+name] = text
		}
		k.server.put(t, fmt.Sprintf("site-%d.tgz", i), bundle.pack(t))
	}
	return k
}

// deploy deploys a revision, kills the agent meanwhile and compares.
func (k *killing) deploy(t *testing.T, revision int) {
	t.Helper()
	id := k.server.create(t, "fleet", fmt.Sprintf("site-%d.tgz", revision))
	time.Sleep(time.Duration(k.random.Int64N(int64(400 * time.Millisecond))))
	k.host.kill()
	k.host.startAgent(t)
	k.server.finish(t, id, 2*patience)
	target := k.server.targets(t, id)[0]
	log := read(t, k.host.path("hooks.log"))
	for _, e := range target.LifecycleEvents {
		k.checkEvent(t, id, log, e)
	}
	k.checkFiles(t, id, k.revisions[revision], event(t, target, "Install").Status)
}

func (k *killing) checkEvent(t *testing.T, id, log string, e types.LifecycleEvent) {
	t.Helper()
	name := aws.ToString(e.LifecycleEventName)
	begun := strings.Count(log, fmt.Sprintf("begin %s %s\n", name, id))
	ended := strings.Count(log, fmt.Sprintf("end %s %s\n", name, id))
	scripted := name != "DownloadBundle" && name != "Install" && (name != "ApplicationStop" || begun > 0)
	good := begun <= 1 && ended <= begun
	switch e.Status {
	case types.LifecycleEventStatusSucceeded:
		good = good && (!scripted || ended == 1)
	case types.LifecycleEventStatusFailed:
		k.killed[name]++
		if !strings.Contains(message(e), "restarted") {
			t.Errorf("%s of %s failed by something else than the kill: %s", name, id, message(e))
		}
	default:
		good = good && begun == 0 && e.Status == types.LifecycleEventStatusSkipped
	}
	if !good {
		t.Errorf("%s of %s is %s, and its script began %d times and ended %d times", name, id, e.Status, begun, ended)
	}
}

// checkFiles compares what is installed with what the record of Install says.
// One that failed may have been killed just before it was reported.
func (k *killing) checkFiles(t *testing.T, id string, revision map[string]string, install types.LifecycleEventStatus) {
	t.Helper()
	got := tree(t, k.host.path("web"))
	isNew, isOld := maps.Equal(got, revision), maps.Equal(got, k.installed)
	switch install {
	case types.LifecycleEventStatusSucceeded:
		isOld = false
	case types.LifecycleEventStatusSkipped:
		isNew = false
	}
	if !isNew && !isOld {
		t.Errorf("after %s, whose Install is %s, the host has neither the whole of the new revision nor of the old one (-old +got):\n%s",
			id, install, cmp.Diff(slices.Sorted(maps.Keys(k.installed)), slices.Sorted(maps.Keys(got))))
	}
	k.installed = got
}

// tree returns the files below a folder, which need not be there.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[name] = read(t, path)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}
