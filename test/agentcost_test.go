package test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

var (
	agentCost   = flag.Bool("agent-cost", false, "measure what the agent costs; see TestAgentCost")
	costRuns    = flag.Int("agent-cost-runs", 7, "how often each bundle is deployed in each way")
	costBundles = flag.String("agent-cost-bundles", "", "only the bundles whose name contains this")
	costSettle  = flag.Duration("agent-cost-settle", time.Minute, "how long the agent is idle before its memory is read")
	costIdle    = flag.Duration("agent-cost-idle", 10*time.Minute, "how long the agent is idle for its CPU to be read; 0: nothing is measured at rest")
)

// TestAgentCost prints what the agent costs, as tables for
// docs/performance.md: deployments of many small files and of large ones,
// beside tar or unzip and cp -r with the same archive, and the agent at rest.
// It is no test, but needs what the tests have; `make bench/agent` runs it.
//
// What is compared runs in turn, on a file system in memory and on the disk of
// the temporary folder, each time into empty folders.
func TestAgentCost(t *testing.T) {
	if !*agentCost {
		t.Skip("it measures, for half an hour: make bench/agent")
	}
	fmt.Printf("%d processors, %s/%s, %s; %d runs of each.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), *costRuns)
	useReleasedAgent(t)
	bundles := packCostBundles(t)
	places := []struct{ name, dir string }{{"On a file system in memory", "/dev/shm"}, {"On disk", os.TempDir()}}
	for _, place := range places {
		t.Run(place.name, func(t *testing.T) {
			if _, err := os.Stat(place.dir); err != nil {
				t.Skip("there is no such place:", err)
			}
			t.Setenv("TMPDIR", place.dir) // for t.TempDir, here and in the helpers
			c := newCosting(t)
			fmt.Printf("%s. Seconds of wall time, lowest / median, and of CPU time:\n\n", place.name)
			fmt.Print("| bundle | unpack and `cp -r` | `deploy-local` | of that time | through a server | most memory of the agent | CPU of the server |\n|---|---|---|---|---|---|---|\n")
			for _, b := range bundles {
				c.measure(t, b)
			}
			c.printEvents(bundles)
		})
	}
	if *costIdle > 0 {
		t.Run("idle", func(t *testing.T) { idleCost(t, bundles) })
	}
	program, err := os.Stat(slipwayAgent)
	check(t, err)
	fmt.Printf("Size of the program: %s\n", mebi(program.Size()))
}

// costing deploys bundles on one file system.
type costing struct {
	server *server
	host   *host
	kept   string                                // where old revisions go, instead of being deleted
	names  []string                              // of the lifecycle events
	events map[string]map[string][]time.Duration // by bundle and lifecycle event
}

func newCosting(t *testing.T) *costing {
	c := &costing{server: startServer(t), events: map[string]map[string][]time.Duration{}}
	c.server.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	c.host = c.server.addHost(t, "host-1", "fleet")
	c.kept = t.TempDir()
	return c
}

// costs are the figures of one way to deploy.
type costs struct {
	wall []time.Duration
	cpu  time.Duration // of all runs
	peak int64         // the highest, in bytes
}

func (c *costs) add(wall, cpu time.Duration) {
	c.wall = append(c.wall, wall)
	c.cpu += cpu
}

func (c *costs) String() string {
	return fmt.Sprintf("%s / %s, %s CPU", seconds(slices.Min(c.wall)), seconds(median(c.wall)), seconds(c.cpu/time.Duration(len(c.wall))))
}

// measure deploys a bundle in all ways, in turn, and prints a row.
func (c *costing) measure(t *testing.T, b costBundle) {
	file := filepath.Join(t.TempDir(), "bundle."+b.kind)
	check(t, copyFile(b.file, file))
	c.server.put(t, b.key(), file)
	var shell, local, whole costs
	var server time.Duration
	for range *costRuns {
		c.byCommand(t, &shell, b, exec.Command("sh", "-c", unpackAndCopy[b.kind], "sh", file))
		c.byCommand(t, &local, b, exec.Command(slipwayAgent, "deploy-local", "--root", "root", "-l", file, "-t", b.kind))
		server += c.byServer(t, &whole, b)
	}
	fmt.Printf("| %s | %v | %v | %.2f | %v | %s | %s |\n", b.name, &shell, &local, median(local.wall).Seconds()/median(shell.wall).Seconds(),
		&whole, mebi(whole.peak), seconds(server/time.Duration(*costRuns)))
	c.clear(t, b)
	check(t, os.Remove(file))
}

// unpackAndCopy is what a script would do instead of deploying: keep what was
// unpacked, as the agent does for its hooks, and copy it to its place.
var unpackAndCopy = map[string]string{
	"tgz": `mkdir archive && tar xzf "$1" -C archive && cp -r archive web`,
	"tar": `mkdir archive && tar xf "$1" -C archive && cp -r archive web`,
	"zip": `unzip -q "$1" -d archive && cp -r archive web`,
}

// byCommand runs a command in an empty folder.
func (c *costing) byCommand(t *testing.T, to *costs, b costBundle, cmd *exec.Cmd) {
	t.Helper()
	dir, err := os.MkdirTemp(c.kept, "")
	check(t, err)
	cmd.Dir, cmd.Env = dir, append(cleanEnvironment(), "HOME="+dir)
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(begin)
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	to.add(wall, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	c.forget(t, b, dir)
}

// forget puts away what a run made. Small files stay until the end: ext4
// avoids inodes that were deleted a moment ago, and the search for others
// would be most of what is measured.
func (c *costing) forget(t *testing.T, b costBundle, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if b.large {
			check(t, os.RemoveAll(path))
			continue
		}
		dir, err := os.MkdirTemp(c.kept, "")
		check(t, err)
		if err := os.Rename(path, filepath.Join(dir, "old")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// clear removes what the last run through the server has left on the host.
func (c *costing) clear(t *testing.T, b costBundle) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(c.host.root(), "*", "d-*"))
	check(t, err)
	c.forget(t, b, append(old, c.host.path("web"))...)
}

// byServer deploys to the host through the server, and returns the server's
// CPU time.
func (c *costing) byServer(t *testing.T, to *costs, b costBundle) time.Duration {
	t.Helper()
	c.clear(t, b)
	resetPeak(t, c.host.pid())
	agent, server := cpuOf(t, c.host.pid()), cpuOf(t, c.server.pid())
	id := c.server.create(t, "fleet", b.key())
	info := c.ended(t, id)
	server = cpuOf(t, c.server.pid()) - server
	to.add(info.CompleteTime.Sub(*info.CreateTime), cpuOf(t, c.host.pid())-agent)
	to.peak = max(to.peak, memoryOf(t, c.host.pid(), "VmHWM"))
	if c.events[b.name] == nil {
		c.events[b.name] = map[string][]time.Duration{}
	}
	c.names = c.names[:0]
	last := *info.CreateTime
	for _, e := range c.server.targets(t, id)[0].LifecycleEvents {
		name := aws.ToString(e.LifecycleEventName)
		c.names = append(c.names, name)
		c.events[b.name][name] = append(c.events[b.name][name], e.EndTime.Sub(last))
		last = *e.EndTime
	}
	return server
}

// ended waits for the good end of a deployment, without asking so often that
// it costs what is measured.
func (c *costing) ended(t *testing.T, id string) *types.DeploymentInfo {
	t.Helper()
	const pause = 100 * time.Millisecond
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); {
		time.Sleep(pause)
		got, err := c.server.deploy.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
		check(t, err)
		if got.DeploymentInfo.CompleteTime != nil {
			c.server.succeed(t, id, patience) // or say why it did not
			return got.DeploymentInfo
		}
	}
	t.Fatalf("deployment %s has not ended", id)
	return nil
}

// printEvents tells how long the events took, each from the end of the one
// before: with the hand-out and the report.
func (c *costing) printEvents(bundles []costBundle) {
	fmt.Printf("\nWhere the time through the server goes (median ms from the end of an event to the end of the next):\n\n| bundle | %s |\n|---|%s\n",
		strings.Join(c.names, " | "), strings.Repeat("---|", len(c.names)))
	for _, b := range bundles {
		fmt.Printf("| %s |", b.name)
		for _, e := range c.names {
			fmt.Printf(" %.0f |", median(c.events[b.name][e]).Seconds()*1000)
		}
		fmt.Println()
	}
	fmt.Println()
}

// idleCost prints what an agent costs that waits: its memory after the start,
// after small files and after large ones, and its CPU time.
func idleCost(t *testing.T, bundles []costBundle) {
	if _, err := os.Stat("/dev/shm"); err == nil {
		t.Setenv("TMPDIR", "/dev/shm")
	}
	c := newCosting(t)
	fmt.Printf("The agent at rest, %v after:\n\n| | memory | of it pages of the program's file | most since the row before |\n|---|---|---|---|\n", *costSettle)
	row := func(what string) {
		time.Sleep(*costSettle)
		pid := c.host.pid()
		fmt.Printf("| %s | %s | %s | %s |\n", what, mebi(memoryOf(t, pid, "VmRSS")), mebi(memoryOf(t, pid, "RssFile")), mebi(memoryOf(t, pid, "VmHWM")))
	}
	row("its start")
	for _, b := range bundles {
		c.server.put(t, b.key(), b.file)
		c.byServer(t, new(costs), b)
		row(b.name)
	}
	cpu := cpuOf(t, c.host.pid())
	time.Sleep(*costIdle)
	cpu = cpuOf(t, c.host.pid()) - cpu
	tenMinutes := time.Duration(float64(cpu) * float64(10*time.Minute) / float64(*costIdle))
	fmt.Printf("\nCPU time of the agent in %v of polling: %s s, which is %s s in ten minutes.\n\n", *costIdle, seconds(cpu), seconds(tenMinutes))
}

// useReleasedAgent builds the agent as its packages have it, for this test.
func useReleasedAgent(t *testing.T) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "slipway-agent")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-o", program, "../cmd/slipway-agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	usual := slipwayAgent
	slipwayAgent = program
	t.Cleanup(func() { slipwayAgent = usual })
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// cpuOf returns the CPU time of a process and of those that it waited for.
func cpuOf(t *testing.T, pid int) time.Duration {
	t.Helper()
	_, rest, _ := strings.Cut(read(t, fmt.Sprintf("/proc/%d/stat", pid)), ") ")
	const first, last, perSecond = 14 - 3, 17 - 3, 100 // utime to cstime; rest begins with the third field
	fields := strings.Fields(rest)
	if len(fields) <= last {
		t.Fatalf("/proc/%d/stat holds %q", pid, rest)
	}
	var ticks int64
	for _, f := range fields[first : last+1] {
		n, err := strconv.ParseInt(f, 10, 64)
		check(t, err)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / perSecond
}

// memoryOf returns a line of /proc/PID/status, in bytes.
func memoryOf(t *testing.T, pid int, name string) int64 {
	t.Helper()
	for line := range strings.Lines(read(t, fmt.Sprintf("/proc/%d/status", pid))) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			check(t, err)
			return n << 10
		}
	}
	t.Fatalf("/proc/%d/status has no %s", pid, name)
	return 0
}

// resetPeak has VmHWM of a process begin again from what it uses now.
func resetPeak(t *testing.T, pid int) {
	t.Helper()
	check(t, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0))
}

func median(list []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func mebi(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
