package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/spf13/cobra"

	"github.com/slipwayhq/slipway/examples"
	"github.com/slipwayhq/slipway/internal/harness"
)

func demoCommand() *cobra.Command {
	var d demo
	var platform string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See deployments happen, on this machine",
		Long: "Starts a server and a few hosts with their agents in a temporary folder, deploys a small web\n" +
			"application to them, then a version that fails on the second host, and shows its rollback.\n\n" +
			"With --platform lambda the server runs a function instead, and shifts its traffic from one version\n" +
			"to the next; a hook that refuses and an alarm in the middle put it back.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.hosts < 2 || d.hosts > 50 {
				return fmt.Errorf("--hosts must be 2 to 50, not %d", d.hosts)
			}
			if platform == "lambda" {
				l := lambdaDemo{keep: d.keep, out: cmd.OutOrStdout(), style: newScreen(os.Stdout).style}
				return l.run(cmd.Context())
			}
			if platform != "server" {
				return fmt.Errorf("--platform must be server or lambda, not %q", platform)
			}
			d.out = cmd.OutOrStdout()
			d.screen = newScreen(os.Stdout)
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&d.hosts, "hosts", 3, "how many hosts to deploy to")
	cmd.Flags().StringVar(&platform, "platform", "server", "what to deploy to: server or lambda")
	cmd.Flags().BoolVar(&d.keep, "keep", false, "go on serving, and print what to try")
	return cmd
}

// What the demo's things are called.
const (
	demoApplication = "shop"
	demoGroup       = "production"
	demoBucket      = "releases"
)

// demo is one run of the demo.
type demo struct {
	hosts  int
	keep   bool
	out    io.Writer
	screen *screen

	dir   string
	h     *harness.Harness
	ports map[string]int // by host
}

func (d *demo) say(format string, args ...any) { line(d.out, format, args...) }

func (d *demo) run(ctx context.Context) (err error) {
	if d.dir, err = os.MkdirTemp("", "slipway-demo-"); err != nil {
		return err
	}
	if d.h, err = harness.Start(ctx, harness.Config{Dir: d.dir}); err != nil {
		return err
	}
	defer func() {
		d.stopWebServers()
		if stopped := d.h.Stop(); err == nil {
			err = stopped
		}
	}()
	d.say("A server on %s, with everything it knows in %s", d.h.Daemon.URL, d.dir)
	for _, step := range []func(context.Context) error{d.addHosts, d.define, d.goodDeployment, d.badDeployment, d.checkHosts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.sayWhere()
	if d.keep {
		d.sayTry()
		<-ctx.Done()
	}
	return nil
}

// addHosts registers the hosts and starts their agents. Every host but the
// second has the setting that the next version will need.
func (d *demo) addHosts(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	d.ports = map[string]int{}
	for i := 1; i <= d.hosts; i++ {
		name := fmt.Sprintf("web-%d", i)
		host, err := d.h.AddHost(ctx, name, map[string]string{"stage": "production"})
		if err != nil {
			return err
		}
		if d.ports[name], err = freePort(ctx); err != nil {
			return err
		}
		settings := "greeting=hello\n"
		if i != 2 {
			settings += "database_url=postgres://db/shop\n"
		}
		for file, text := range map[string]string{
			"port": strconv.Itoa(d.ports[name]), "settings": settings, "web-server": self,
		} {
			if err := os.WriteFile(filepath.Join(host.Dir, file), []byte(text), 0o600); err != nil {
				return err
			}
		}
		if err := host.StartAgent(); err != nil {
			return err
		}
	}
	d.say("%d hosts, each with an agent and a key of its own: web-1 to web-%d", d.hosts, d.hosts)
	return nil
}

// define makes the application and the group.
func (d *demo) define(ctx context.Context) error {
	_, err := d.h.Deploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String(demoApplication)})
	if err != nil {
		return err
	}
	_, err = d.h.Deploy.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(demoApplication), DeploymentGroupName: aws.String(demoGroup),
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{
			Key: aws.String("stage"), Value: aws.String("production"), Type: types.TagFilterTypeKeyAndValue,
		}},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure},
		},
	})
	return err
}

func (d *demo) goodDeployment(ctx context.Context) error {
	d.say("\nVersion 1, one host at a time. Each mark is a lifecycle event: ApplicationStop, DownloadBundle,\n" +
		"BeforeInstall, Install, AfterInstall, ApplicationStart, ValidateService.\n")
	return d.deploy(ctx, "shop-1.tgz", "1", "", types.DeploymentStatusSucceeded)
}

func (d *demo) badDeployment(ctx context.Context) error {
	d.say("\nVersion 2 needs a setting that web-2 does not have, so its ValidateService fails there:\n")
	return d.deploy(ctx, "shop-2.tgz", "2", "database_url\n", types.DeploymentStatusFailed)
}

// version writes down the example application in a version that requires
// settings, and returns its folder.
func (d *demo) version(name, requires string) (fs.FS, error) {
	dir := filepath.Join(d.dir, "bundles", name)
	web, err := fs.Sub(examples.Web, "web")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, web); err != nil {
		return nil, err
	}
	for file, text := range map[string]string{
		"site/index.html":   "<!doctype html>\n<title>Slipway example</title>\n<h1>Version " + name + "</h1>\n",
		"site/version.txt":  name + "\n",
		"site/requires.txt": requires,
	} {
		// The example's files are read-only when they come out of the program.
		path := filepath.Join(dir, file)
		if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			return nil, err
		}
	}
	return os.DirFS(dir), nil
}

// deploy pushes a version and watches its deployment, which must end as want.
func (d *demo) deploy(ctx context.Context, key, name, requires string, want types.DeploymentStatus) error {
	bundle, err := d.version(name, requires)
	if err != nil {
		return err
	}
	etag, err := d.h.Push(ctx, bundle, demoBucket, key)
	if err != nil {
		return err
	}
	created, err := d.h.Deploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(demoApplication), DeploymentGroupName: aws.String(demoGroup),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
			Bucket: aws.String(demoBucket), Key: &key, BundleType: types.BundleTypeTarGZip, ETag: &etag,
		}},
	})
	if err != nil {
		return err
	}
	w := watcher{client: d.h.Deploy, screen: d.screen, follow: true}
	got, err := w.watch(ctx, aws.ToString(created.DeploymentId))
	if err == nil && got != want {
		err = fmt.Errorf("the deployment %s ended as %s; %s was expected", aws.ToString(created.DeploymentId), got, want)
	}
	return err
}

// checkHosts asks every host's web server which version it serves.
func (d *demo) checkHosts(ctx context.Context) error {
	d.say("\nWhat the hosts serve now:\n")
	for _, name := range slices.Sorted(maps.Keys(d.ports)) {
		url := fmt.Sprintf("http://127.0.0.1:%d/version.txt", d.ports[name])
		got, err := httpGet(ctx, url)
		if err != nil {
			return fmt.Errorf("%s does not serve: %w", name, err)
		}
		d.say("  %s  %s  version %s", name, url, got)
		if got != "1" {
			return fmt.Errorf("%s serves version %q; the rollback should have left 1", name, got)
		}
	}
	return nil
}

func httpGet(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Timeout: 5 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", url, resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	return strings.TrimSpace(string(body)), err
}

func (d *demo) sayWhere() {
	d.say("\nWhere everything lies:\n")
	d.say("  %-58s what was deployed to web-1", filepath.Join(d.dir, "web-1", "web"))
	d.say("  %-58s bundles, scripts and their logs on web-1", filepath.Join(d.dir, "web-1", "deployment-root"))
	d.say("  %-58s the server's data and root key", filepath.Join(d.dir, "server"))
	d.say("\nRemove it all with: rm -r %s", d.dir)
}

func (d *demo) sayTry() {
	d.say("\nThe server goes on until you press Ctrl-C. To try it from another shell:\n")
	d.say("  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=us-east-1", d.h.Daemon.URL)
	d.say("  export AWS_SHARED_CREDENTIALS_FILE=%s AWS_PROFILE=slipway", filepath.Join(d.dir, "server", "root-credentials"))
	d.say("  aws deploy list-deployments")
	d.say("  aws deploy create-deployment --application-name %s --deployment-group-name %s \\", demoApplication, demoGroup)
	d.say("      --s3-location bucket=%s,key=shop-1.tgz,bundleType=tgz", demoBucket)
	d.say("  slipway watch d-...")
}

// stopWebServers ends what the deployments started.
func (d *demo) stopWebServers() {
	for name := range d.ports {
		text, err := os.ReadFile(filepath.Join(d.dir, name, "web.pid"))
		if err != nil {
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill() // it may have ended already
			}
		}
	}
}

// freePort returns a port that nothing listens on now.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
