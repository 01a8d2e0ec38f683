package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// rubyReading prints what the official agent's parser makes of the AppSpec
// files that it is given: one line of JSON for each, null for those it refuses.
const rubyReading = `
require 'json'
$:.unshift File.join(ARGV.shift, 'lib')
require 'instance_agent'
InstanceAgent::Platform.util = InstanceAgent::LinuxUtil
require 'instance_agent/plugins/codedeploy/application_specification/application_specification'
ARGV.each do |file|
  begin
    spec = InstanceAgent::Plugins::CodeDeployPlugin::ApplicationSpecification::ApplicationSpecification.parse(File.read(file))
    puts({
      Hooks: spec.hooks.reject { |_, scripts| scripts.empty? }.transform_values { |scripts| scripts.map { |s| { Location: s.location, Seconds: s.timeout, RunAs: s.runas.to_s } } },
      Files: spec.files.map { |f| { Source: f.source, Destination: f.destination } },
      Permissions: spec.permissions.map { |p| { Object: p.object, Pattern: p.pattern, Owner: p.owner.to_s, Group: p.group.to_s, Mode: p.mode && p.mode.mode } },
      FileExistsBehavior: spec.file_exists_behavior.to_s,
    }.to_json)
  rescue Exception => e
    STDERR.puts "#{file}: #{e.message.lines.first}"
    puts 'null'
  end
end
`

// reading is what a parser makes of an AppSpec file.
type reading struct {
	Hooks       map[string][]readScript
	Files       []readFile
	Permissions []readPermission

	FileExistsBehavior string
}

type readScript struct {
	Location string
	Seconds  float64
	RunAs    string
}

type readFile struct{ Source, Destination string }

type readPermission struct {
	Object, Pattern, Owner, Group string
	Mode                          string
}

// TestAppSpecsAreReadAlike compares our parser with the official agent's, on
// what people write. What differs is in docs/reference/agent-behaviour.md.
func TestAppSpecsAreReadAlike(t *testing.T) {
	t.Parallel()
	rubyAgent(t)
	const head = "version: 0.0\nos: linux\n"
	cases := map[string]string{
		"nothing but the head":       head,
		"empty":                      "",
		"comments only":              "# version: 0.0\n",
		"document marker":            "---\n" + head,
		"CRLF":                       strings.ReplaceAll(head+"files:\n  - source: /\n    destination: /srv\n", "\n", "\r\n"),
		"byte order mark":            "\ufeff" + head,
		"tab":                        head + "files:\n\t- source: /\n",
		"version 0":                  "version: 0\nos: linux\n",
		"version 0.00":               "version: 0.00\nos: linux\n",
		"version 0.1":                "version: 0.1\nos: linux\n",
		"version in quotes":          "version: \"0.0\"\nos: linux\n",
		"no version":                 "os: linux\n",
		"no os":                      "version: 0.0\n",
		"os in capitals":             "version: 0.0\nos: Linux\n",
		"os in quotes":               "version: 0.0\nos: 'linux'\n",
		"unknown key":                head + "owner: me\n",
		"null sections":              head + "files:\npermissions:\nhooks:\n",
		"empty sections":             head + "files: []\npermissions: []\nhooks: {}\n",
		"hook without scripts":       head + "hooks:\n  BeforeInstall:\n  AfterInstall: []\n",
		"unknown event":              head + "hooks:\n  Deploy:\n    - location: a\n",
		"script":                     head + "hooks:\n  BeforeInstall:\n    - location: a/b.sh\n      timeout: 300\n      runas: root\n",
		"script with blanks":         head + "hooks:\n  BeforeInstall:\n    - location: ' a.sh '\n      runas: ' root '\n",
		"script without location":    head + "hooks:\n  BeforeInstall:\n    - timeout: 300\n",
		"script whose location null": head + "hooks:\n  BeforeInstall:\n    - location:\n",
		"script that is a text":      head + "hooks:\n  BeforeInstall:\n    - a.sh\n",
		"script that is no list":     head + "hooks:\n  BeforeInstall:\n    location: a.sh\n",
		"location that is a number":  head + "hooks:\n  BeforeInstall:\n    - location: 1\n",
		"time-out in quotes":         head + "hooks:\n  BeforeInstall:\n    - location: a\n      timeout: '300'\n",
		"time-out 0":                 head + "hooks:\n  BeforeInstall:\n    - location: a\n      timeout: 0\n",
		"negative time-out":          head + "hooks:\n  BeforeInstall:\n    - location: a\n      timeout: -1\n",
		"time-out in words":          head + "hooks:\n  BeforeInstall:\n    - location: a\n      timeout: soon\n",
		"time-out null":              head + "hooks:\n  BeforeInstall:\n    - location: a\n      timeout:\n",
		"time-out with a fraction":   head + "hooks:\n  BeforeInstall:\n    - location: a\n      timeout: 1.5\n",
		"hooks that are a list":      head + "hooks:\n  - BeforeInstall\n",
		"key twice":                  head + "hooks:\n  BeforeInstall:\n    - location: a\n  BeforeInstall:\n    - location: b\n",
		"anchors":                    head + "hooks:\n  BeforeInstall: &x\n    - location: a\n  AfterInstall: *x\n",
		"merged keys":                head + "hooks:\n  BeforeInstall:\n    - &x\n      location: a\n      timeout: 5\n  AfterInstall:\n    - <<: *x\n      location: b\n",
		"a file":                     head + "files:\n  - source: index.html\n    destination: /srv/www\n",
		"file without destination":   head + "files:\n  - source: index.html\n",
		"file without source":        head + "files:\n  - destination: /srv\n",
		"files with a behaviour":     head + "file_exists_behavior: OVERWRITE\nfiles:\n  - source: /\n    destination: /srv\n",
		"behaviour in small letters": head + "file_exists_behavior: overwrite\n",
		"behaviour of one file":      head + "files:\n  - source: /\n    destination: /srv\n    file_exists_behavior: RETAIN\n",
		"files that are a map":       head + "files:\n  source: /\n  destination: /srv\n",
		"permission":                 head + "permissions:\n  - object: /srv\n    pattern: \"*.html\"\n    owner: root\n    group: root\n    mode: 644\n    type:\n      - file\n",
		"mode with a zero":           head + "permissions:\n  - object: /srv\n    mode: 0644\n",
		"mode in quotes":             head + "permissions:\n  - object: /srv\n    mode: '0644'\n",
		"mode of four digits":        head + "permissions:\n  - object: /srv\n    mode: 4755\n",
		"mode that is none":          head + "permissions:\n  - object: /srv\n    mode: 999\n",
		"permission without object":  head + "permissions:\n  - mode: 644\n",
		"unknown type":               head + "permissions:\n  - object: /srv\n    type:\n      - link\n",
		"all files":                  head + "permissions:\n  - object: /\n    pattern: \"**\"\n    owner: nobody\n",
	}
	dir := t.TempDir()
	args := []string{"-e", rubyReading, "--", os.Getenv(officialCheckout)}
	var names []string
	differ := map[string]bool{
		"byte order mark":  true, // is no mistake for us
		"mode with a zero": true, // is 420 for a YAML 1.1 reader
	}
	for name, text := range cases {
		names = append(names, name)
		file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".yml")
		write(t, file, text)
		args = append(args, file)
	}
	ruby := exec.Command("ruby", args...)
	var refusals logBuffer
	ruby.Stderr = &refusals
	out, err := ruby.Output()
	if err != nil {
		t.Fatalf("the official parser does not run: %v\n%s", err, refusals.bytes())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(names) {
		t.Fatalf("%d readings of %d files:\n%s", len(lines), len(names), out)
	}
	for i, name := range names {
		var want *reading
		check(t, json.Unmarshal([]byte(lines[i]), &want))
		spec, err := appspec.Parse([]byte(cases[name]))
		var got *reading
		if err == nil {
			got = readingOf(spec)
		}
		if diff := cmp.Diff(want, got); (diff != "") != differ[name] {
			t.Errorf("%s: (-official +ours, whose error is %v):\n%s", name, err, diff)
		}
	}
}

func readingOf(spec *appspec.Spec) *reading {
	r := &reading{Hooks: map[string][]readScript{}, Files: []readFile{}, Permissions: []readPermission{}, FileExistsBehavior: spec.FileExistsBehavior}
	for event, scripts := range spec.Hooks {
		r.Hooks[event] = []readScript{}
		for _, s := range scripts {
			r.Hooks[event] = append(r.Hooks[event], readScript{s.Location, s.Timeout.Seconds(), s.RunAs})
		}
	}
	for _, f := range spec.Files {
		r.Files = append(r.Files, readFile{f.Source, f.Destination})
	}
	for _, p := range spec.Permissions {
		r.Permissions = append(r.Permissions, readPermission{p.Object, p.Pattern, p.Owner, p.Group, p.Mode})
	}
	return r
}
