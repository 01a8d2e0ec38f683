package appspec_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/appspec"
)

const complete = `version: 0.0
os: linux
file_exists_behavior: OVERWRITE
files:
  - {source: /, destination: /srv/shop}
permissions:
  - object: /srv/shop
    pattern: "*.sh"
    except: [a.sh, b.sh]
    owner: shop
    group: www
    mode: 4755
    type:
      - file
hooks:
  ApplicationStop:
  AfterInstall:
    - location: scripts/migrate.sh
      timeout: 300
      runas: shop
      sudo: yes
    - location: " scripts/second.sh "
`

func TestParse(t *testing.T) {
	t.Parallel()
	want := &appspec.Spec{
		OS:                 "linux",
		FileExistsBehavior: "OVERWRITE",
		Files:              []appspec.File{{Source: "/", Destination: "/srv/shop"}},
		Permissions: []appspec.Permission{{
			Object: "/srv/shop", Pattern: "*.sh", Except: []string{"a.sh", "b.sh"}, Types: []string{"file"},
			Owner: "shop", Group: "www", Mode: "4755", Line: 7,
		}},
		Hooks: map[string][]appspec.Script{"AfterInstall": {
			{Location: "scripts/migrate.sh", Timeout: 5 * time.Minute, RunAs: "shop", Sudo: true},
			{Location: "scripts/second.sh", Timeout: time.Hour},
		}},
	}
	got, err := appspec.Parse([]byte(complete))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

// What a YAML 1.1 reader, and the official agent behind it, makes of values
// that Go's reader sees differently.
func TestParseReadsAsWritten(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want func(*appspec.Spec) bool
	}{
		"json": {
			`{"version":0.0,"os":"linux","hooks":{"BeforeInstall":[{"location":"a","timeout":"9"}]}}`,
			func(s *appspec.Spec) bool { return s.Hooks["BeforeInstall"][0].Timeout == 9*time.Second },
		},
		"byte order mark and CRLF": {
			"\ufeffversion: 0.0\r\nos: linux\r\n",
			func(s *appspec.Spec) bool { return s.OS == "linux" },
		},
		"integer version": {
			"version: 0\nos: windows\n",
			func(s *appspec.Spec) bool { return s.OS == "windows" },
		},
		"octal mode": {
			"version: 0.0\nos: linux\npermissions: [{object: /a, mode: 0644}]\n",
			func(s *appspec.Spec) bool { return s.Permissions[0].Mode == "0644" && len(s.Warnings) == 1 },
		},
		"short mode": {
			"version: 0.0\nos: linux\npermissions: [{object: /a, mode: 7}]\n",
			func(s *appspec.Spec) bool { return s.Permissions[0].Mode == "7" && s.Permissions[0].Pattern == "**" },
		},
		"timeout with a unit": {
			"version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: a, timeout: 60s}]}\n",
			func(s *appspec.Spec) bool { return s.Hooks["AfterInstall"][0].Timeout == time.Minute },
		},
		"timeout to the base of 60": {
			"version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: a, timeout: 1:30}]}\n",
			func(s *appspec.Spec) bool { return s.Hooks["AfterInstall"][0].Timeout == 90*time.Second },
		},
		"sudo no": {
			"version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: a, sudo: no}]}\n",
			func(s *appspec.Spec) bool { return !s.Hooks["AfterInstall"][0].Sudo },
		},
		"unknown keys": {
			"version: 0.0\nos: linux\nfuture: [1]\n",
			func(s *appspec.Spec) bool { return len(s.Warnings) == 0 },
		},
		"unknown event": {
			"version: 0.0\nos: linux\nhooks: {Custom: [{location: a}]}\n",
			func(s *appspec.Spec) bool { return len(s.Warnings) == 1 && len(s.Hooks["Custom"]) == 1 },
		},
		"key twice": {
			"version: 0.0\nos: linux\nos: windows\n",
			func(s *appspec.Spec) bool { return s.OS == "windows" && len(s.Warnings) == 1 },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := appspec.Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if !test.want(s) {
				t.Errorf("unexpected: %+v", s)
			}
		})
	}
}

func TestParseMistakes(t *testing.T) {
	t.Parallel()
	head := "version: 0.0\nos: linux\n"
	tests := map[string]struct {
		text string
		want []string // parts of the error
	}{
		"empty":                {"", []string{"application specification file was empty"}},
		"only a comment":       {"# nothing\n", []string{"application specification file was empty"}},
		"not a map":            {"- a\n", []string{"expected a map of keys and values, found a list"}},
		"tab":                  {"version: 0.0\n\tos: linux\n", []string{"line 2", "tabs are not allowed"}},
		"version as a text":    {"version: \"0.0\"\nos: linux\n", []string{"line 1: version: invalid version value"}},
		"version 1":            {"version: 1.0\nos: linux\n", []string{"invalid version value"}},
		"no version":           {"os: linux\n", []string{"invalid version value"}},
		"other system":         {"version: 0.0\nos: Linux\n", []string{"line 2: os: unsupported operating system"}},
		"behaviour":            {head + "file_exists_behavior: overwrite\n", []string{"invalid file_exists_behavior value"}},
		"no source":            {head + "files: [{destination: /a}]\n", []string{"files[0]: specifies a destination file, but no source file"}},
		"no destination":       {head + "files: [{source: a}]\n", []string{"specifies only a source file (a)"}},
		"files as a map":       {head + "files: {source: a}\n", []string{"line 3: files: expected a list"}},
		"hooks as a list":      {head + "hooks: [a]\n", []string{"hooks: expected a map"}},
		"script as a text":     {head + "hooks: {AfterInstall: [a.sh]}\n", []string{`hooks.AfterInstall[0]: expected a map of keys and values, found "a.sh"`}},
		"no location":          {head + "hooks: {AfterInstall: [{location: ' '}]}\n", []string{"script with no location value"}},
		"timeout 0":            {head + "hooks: {AfterInstall: [{location: a, timeout: 0}]}\n", []string{"invalid timeout value"}},
		"timeout in words":     {head + "hooks: {AfterInstall: [{location: a, timeout: abc}]}\n", []string{`found "abc"`}},
		"permission":           {head + "permissions: [{mode: 644}]\n", []string{"has no object value"}},
		"type":                 {head + "permissions: [{object: /a, type: [link]}]\n", []string{"object type not supported for permissions"}},
		"mode too long":        {head + "permissions: [{object: /a, mode: 07777}]\n", []string{"length of a permissions mode"}},
		"mode with 8":          {head + "permissions: [{object: /a, mode: 648}]\n", []string{"contains an invalid character"}},
		"numeric owner":        {head + "permissions: [{object: /a, owner: 1000}]\n", []string{"permissions[0].owner: expected a name"}},
		"windows permissions":  {"version: 0.0\nos: windows\npermissions: [{object: a}]\n", []string{"for linux only"}},
		"alias":                {head + "files: &a [{source: a, destination: b}]\nhooks: *a\n", []string{"aliases are not supported"}},
		"merged keys":          {head + "hooks: {AfterInstall: [&a {location: a, timeout: 5}, {<<: *a, location: b}]}\n", []string{"merge keys are not supported"}},
		"context without type": {head + "permissions: [{object: /a, context: {range: s0}}]\n", []string{"needs a type"}},
		"several at once": {
			"version: 2\nos: beos\nhooks: {AfterInstall: [{timeout: -1}]}\n",
			[]string{"invalid version value", "unsupported operating system", "no location value", "invalid timeout value"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := appspec.Parse([]byte(test.text))
			var list *appspec.Error
			if !errors.As(err, &list) {
				t.Fatalf("error is %v, want an *appspec.Error", err)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error lacks %q:\n%v", part, err)
				}
			}
		})
	}
}

func TestParseIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := appspec.Parse(make([]byte, appspec.MaxSize+1)); err == nil {
		t.Error("a file that is too large was read")
	}
	deep := "version: 0.0\nos: linux\nx: " + strings.Repeat("[", 200_000)
	if _, err := appspec.Parse([]byte(deep)); err == nil {
		t.Error("a file nested 200,000 deep was read")
	}
	many := "version: 0.0\nos: linux\nhooks: {AfterInstall: [" + strings.Repeat("{},", 500) + "]}\n"
	_, err := appspec.Parse([]byte(many))
	if err == nil || len(err.Error()) > 4000 {
		t.Errorf("the error of 500 mistakes has %d bytes", len(err.Error()))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(complete)
	f.Add(`{"version":0.0,"os":"linux","files":[{"source":"a","destination":"/b"}]}`)
	f.Add("a: &a [*a]\n<<: *a\n? [x]\n: 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := appspec.Parse([]byte(text))
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		for event, scripts := range s.Hooks {
			for _, script := range scripts {
				if script.Location == "" || script.Timeout <= 0 {
					t.Errorf("%s: accepted script %+v", event, script)
				}
			}
		}
		for _, file := range s.Files {
			if file.Source == "" || file.Destination == "" {
				t.Errorf("accepted file %+v", file)
			}
		}
	})
}
