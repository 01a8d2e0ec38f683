package test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/examples"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/haproxy/haproxytest"
)

// TestLoadBalancer: three web servers behind a real HAProxy are deployed to one
// after the other, while clients ask for their page. Not one request fails,
// though HAProxy is told to try each only once.
func TestLoadBalancer(t *testing.T) {
	t.Parallel()
	names := []string{"web-1", "web-2", "web-3"}
	ports := freePorts(t, len(names))
	config := "frontend shop\n  bind DIR/web.sock\n  default_backend web\n" +
		"backend web\n  retries 0\n  option httpchk GET /health.txt\n"
	for i, name := range names {
		config += fmt.Sprintf("  server %s 127.0.0.1:%d check inter 200ms rise 2 fall 2\n", name, ports[i])
	}
	socket, dir := haproxytest.Start(t, config)
	s := startServer(t, "--provider", "loadbalancer=haproxy+unix://"+socket+"?drain=20s")
	s.define(t, "fleet", "CodeDeployDefault.OneAtATime")
	s.putBehind(t, "fleet", "web")
	for i, name := range names {
		h := s.addHost(t, name, "fleet")
		write(t, h.path("port"), strconv.Itoa(ports[i]))
		write(t, h.path("web-server"), slipway)
		t.Cleanup(func() { stopWebServer(t, h.path("web.pid")) })
	}
	for _, version := range []string{"1", "2"} {
		s.put(t, version+".tgz", packFS(t, webVersion(t, version)))
	}
	s.succeed(t, s.create(t, "fleet", "1.tgz"), 4*patience)

	clients := browse(t, filepath.Join(dir, "web.sock"), 4)
	id := s.create(t, "fleet", "2.tgz")
	s.succeed(t, id, 4*patience)
	answers := clients()
	if answers["1"] == 0 || answers["2"] == 0 || len(answers) != 2 {
		t.Errorf("the clients were answered %v", answers)
	}
	for _, target := range s.targets(t, id) {
		checkThirteen(t, target)
	}
	for _, port := range ports {
		if got, err := page(t.Context(), http.DefaultClient, fmt.Sprintf("http://127.0.0.1:%d", port)); got != "2" || err != nil {
			t.Errorf("the server on port %d answers %q, %v", port, got, err)
		}
	}
}

// putBehind puts a group behind a target group.
func (s *server) putBehind(t testing.TB, group, targetGroup string) {
	t.Helper()
	_, err := s.deploy.UpdateDeploymentGroup(t.Context(), &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: aws.String(application), CurrentDeploymentGroupName: &group,
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeInPlace, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: &targetGroup}}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkThirteen wants what clients are shown of a target behind a load
// balancer: its events in CodeDeploy's order, one after the other.
func checkThirteen(t *testing.T, target *types.InstanceTarget) {
	t.Helper()
	want := []string{
		"BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle", "BeforeInstall", "Install",
		"AfterInstall", "ApplicationStart", "ValidateService", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
	}
	name := aws.ToString(target.TargetId)
	if len(target.LifecycleEvents) != len(want) {
		t.Fatalf("%s has %d events", name, len(target.LifecycleEvents))
	}
	var last types.LifecycleEvent
	for i, e := range target.LifecycleEvents {
		switch {
		case aws.ToString(e.LifecycleEventName) != want[i] || e.Status != types.LifecycleEventStatusSucceeded:
			t.Errorf("event %d of %s is %s, %s; want %s", i, name, aws.ToString(e.LifecycleEventName), e.Status, want[i])
		case e.StartTime == nil || e.EndTime == nil || e.EndTime.Before(*e.StartTime) || i > 0 && e.StartTime.Before(*last.EndTime):
			t.Errorf("%s of %s is from %v to %v, behind one that ended at %v", want[i], name, e.StartTime, e.EndTime, last.EndTime)
		}
		last = e
	}
	for _, event := range []types.LifecycleEvent{target.LifecycleEvents[1], target.LifecycleEvents[11]} {
		if d := event.Diagnostics; d == nil || d.ErrorCode != types.LifecycleErrorCodeSuccess {
			t.Errorf("%s of %s says %+v", aws.ToString(event.LifecycleEventName), name, d)
		}
	}
}

// webVersion is the example application in a version that needs no settings.
func webVersion(t testing.TB, version string) fs.FS {
	t.Helper()
	web, err := fs.Sub(examples.Web, "web")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	err = fs.WalkDir(web, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(web, path)
		files[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(files, fstest.MapFS{
		"site/version.txt": {Data: []byte(version)}, "site/requires.txt": {},
	})
	return files
}

// browse lets clients ask for the version through the frontend on a socket, a
// hundred times a second, until the returned function is called. It returns how
// often they were answered what. A request that fails fails the test.
func browse(t *testing.T, socket string, clients int) (stop func() map[string]int) {
	ctx, cancel := context.WithCancel(t.Context())
	answers := map[string]int{}
	var mu sync.Mutex
	var running sync.WaitGroup
	for range clients {
		client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}}
		running.Go(func() {
			defer client.CloseIdleConnections()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				<-tick.C
				got, err := page(t.Context(), client, "http://shop")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				answers[got]++
				mu.Unlock()
			}
		})
	}
	return func() map[string]int {
		cancel()
		running.Wait()
		return answers
	}
}

// page returns the version that a web server says it has.
func page(ctx context.Context, client *http.Client, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/version.txt", http.NoBody)
	if err != nil {
		return "", err
	}
	reply, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(reply.Body)
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered with %s: %s", url, reply.Status, text)
	}
	return strings.TrimSpace(string(text)), err
}

// freePorts returns ports that nobody listens on.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // it was only to find a port
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// stopWebServer ends what the scripts of the example started.
func stopWebServer(t testing.TB, pidFile string) {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return // it never ran
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Errorf("%s has %q", pidFile, text)
		return
	}
	_ = syscall.Kill(pid, syscall.SIGTERM) // it may have ended
}
