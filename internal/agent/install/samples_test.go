package install_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/install"
	"github.com/slipwayhq/slipway/internal/appspec"
)

// samples have the structure of the bundles that CodeDeploy's guide and
// samples repositories publish: which events, how many scripts, what goes
// where. The words are ours.
var samples = []struct {
	name    string
	appspec string
	bundle  []string
	want    []string // installed, below the host's root
	hooks   map[string]int
	timeout time.Duration // of every script
	runAs   string
}{
	{
		name: "a page for a Linux host",
		appspec: `version: 0.0
os: linux
files:
  - source: /index.html
    destination: $ROOT/var/www/html/
hooks:
  BeforeInstall:
    - location: scripts/prepare
      timeout: 300
      runas: root
    - location: scripts/start
      timeout: 300
      runas: root
  ApplicationStop:
    - location: scripts/stop
      timeout: 300
      runas: root
`,
		bundle:  []string{"index.html", "LICENSE.txt", "scripts/prepare", "scripts/start", "scripts/stop"},
		want:    []string{"var/www/html/index.html"},
		hooks:   map[string]int{"BeforeInstall": 2, "ApplicationStop": 1},
		timeout: 300 * time.Second, runAs: "root",
	},
	{
		name: "a blog, the whole bundle in one place",
		appspec: `version: 0.0
os: linux
files:
  - source: /
    destination: $ROOT/var/www/html/Blog
hooks:
  BeforeInstall: [{location: scripts/prepare.sh, timeout: 300, runas: root}]
  AfterInstall: [{location: scripts/permissions.sh, timeout: 300, runas: root}]
  ApplicationStart:
    - {location: scripts/start.sh, timeout: 300, runas: root}
    - {location: scripts/database.sh, timeout: 300, runas: root}
  ApplicationStop: [{location: scripts/stop.sh, timeout: 300, runas: root}]
`,
		bundle:  []string{"index.php", "content/themes/one/style.css", "scripts/prepare.sh"},
		want:    []string{"var/www/html/Blog/index.php", "var/www/html/Blog/content/themes/one/style.css", "var/www/html/Blog/appspec.yml"},
		hooks:   map[string]int{"BeforeInstall": 1, "AfterInstall": 1, "ApplicationStart": 2, "ApplicationStop": 1},
		timeout: 300 * time.Second, runAs: "root",
	},
	{
		name: "an archive for a servlet container, and its settings",
		appspec: `version: 0.0
os: linux
files:
  - source: /target/app.war
    destination: $ROOT/tmp/staging-area/
  - source: /scripts/configure_proxy.sh
    destination: $ROOT/tmp/staging-area
hooks:
  ApplicationStart:
    - location: scripts/start
      timeout: 300
  BeforeInstall:
    - location: scripts/prepare
      timeout: 300
  ApplicationStop:
    - location: scripts/stop
      timeout: 300
`,
		bundle:  []string{"pom.xml", "target/app.war", "scripts/configure_proxy.sh"},
		want:    []string{"tmp/staging-area/app.war", "tmp/staging-area/configure_proxy.sh"},
		hooks:   map[string]int{"ApplicationStart": 1, "BeforeInstall": 1, "ApplicationStop": 1},
		timeout: 300 * time.Second,
	},
	{
		name: "behind a load balancer, with permissions",
		appspec: `version: 0.0
os: linux
files:
  - source: html
    destination: $ROOT/srv/html
permissions:
  - object: $ROOT/srv/html
    pattern: "*.html"
    mode: 644
    type:
      - file
hooks:
  ApplicationStop: [{location: lb/deregister.sh, timeout: 400}, {location: scripts/stop.sh, timeout: 400, runas: root}]
  ApplicationStart: [{location: scripts/start.sh, timeout: 400}, {location: lb/register.sh, timeout: 400}]
`,
		bundle:  []string{"html/index.html", "html/sub/page.html", "lb/common.sh"},
		want:    []string{"srv/html/index.html", "srv/html/sub/page.html"},
		hooks:   map[string]int{"ApplicationStop": 2, "ApplicationStart": 2},
		timeout: 400 * time.Second,
	},
}

func TestPublicSamples(t *testing.T) {
	t.Parallel()
	for _, sample := range samples {
		t.Run(sample.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			text := strings.ReplaceAll(sample.appspec, "$ROOT", root)
			spec, err := appspec.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			for event, scripts := range sample.hooks {
				if len(spec.Hooks[event]) != scripts {
					t.Errorf("%s has %d scripts, want %d", event, len(spec.Hooks[event]), scripts)
				}
				for _, script := range spec.Hooks[event] {
					if script.Timeout != sample.timeout || script.Location == "" {
						t.Errorf("%s: %+v", event, script)
					}
				}
			}
			if len(spec.Hooks) != len(sample.hooks) {
				t.Errorf("hooks of %d events, want %d", len(spec.Hooks), len(sample.hooks))
			}
			if got := spec.Hooks["ApplicationStop"][0].RunAs; got != sample.runAs {
				t.Errorf("runas is %q, want %q", got, sample.runAs)
			}
			archive, books := t.TempDir(), t.TempDir()
			put(t, archive, "appspec.yml", text)
			for _, name := range sample.bundle {
				put(t, archive, name, name)
			}
			for range 2 { // the second deployment replaces the first
				err := install.Run(t.Context(), install.Installation{
					Archive: archive, Spec: spec, Instructions: filepath.Join(books, "g-install.json"), Cleanup: filepath.Join(books, "g-cleanup"),
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range sample.want {
				if _, err := os.Stat(filepath.Join(root, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// The sample for Windows hosts, whose paths have backslashes.
func TestPublicSampleForWindows(t *testing.T) {
	t.Parallel()
	spec, err := appspec.Parse([]byte(`version: 0.0
os: windows
files:
  - source: \index.html
    destination: c:\inetpub\wwwroot
hooks:
  BeforeInstall:
    - location: \prepare.bat
      timeout: 900
`))
	if err != nil {
		t.Fatal(err)
	}
	if spec.OS != appspec.Windows || spec.Files[0] != (appspec.File{Source: `\index.html`, Destination: `c:\inetpub\wwwroot`}) {
		t.Errorf("read as %+v", spec)
	}
	if script := spec.Hooks["BeforeInstall"][0]; script.Location != `\prepare.bat` || script.Timeout != 900*time.Second {
		t.Errorf("script %+v", script)
	}
}
