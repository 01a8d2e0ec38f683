// Package archtest holds the rules of the architecture as tests, each with its
// reason.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/slipwayhq/slipway/"

// rule says what a package may import. With only, that is all besides the
// standard library.
type rule struct {
	pkg  string
	may  []string
	why  string
	only bool
}

// rules say what a package (and those below it) may import of ours. What is
// not listed is forbidden; a package without a rule fails the test, so that a
// new one is thought about.
var rules = []rule{
	{"internal/deploy", nil, "the domain depends on nothing, so that everything can depend on it", true},
	{"internal/protocol", nil, "two programs share it; it brings nothing along", true},
	{"internal/sigv4", nil, "the agent, the edge and the object store share it", true},
	{"internal/iam", nil, "who may do what is decided without I/O", true},
	{"internal/seal", nil, "keeping secrets depends on nothing", true},
	{"internal/audit", nil, "it travels through all layers", true},
	{"internal/rollout", []string{"internal/deploy"}, "arithmetic is pure", true},
	{"internal/appspec", nil, "the server and the agent share it", false},
	{"internal/wire", []string{"internal/wire"}, "the wire knows no domain; api converts", true},
	{"internal/objectstore", []string{"internal/sigv4"}, "it is told who may do what, and knows nothing else of the server", false},
	{"internal/store", []string{"internal/deploy", "internal/iam", "internal/store", "internal/audit", "internal/seal"}, "rows are domain values", false},
	{"internal/provider", []string{"internal/deploy", "internal/provider", "internal/store"}, "what deployments need from outside knows no API and no engine", false},
	{
		"internal/platform",
		[]string{"internal/appspec", "internal/deploy", "internal/platform", "internal/provider", "internal/rollout"},
		"deciding is pure, and what acts reaches the outside through providers: no store, no clock", true,
	},
	{
		"internal/engine",
		[]string{"internal/deploy", "internal/platform", "internal/provider", "internal/rollout", "internal/store"},
		"engine and control meet in the stored rows", false,
	},
	{
		"internal/control",
		[]string{"internal/audit", "internal/deploy", "internal/store", "internal/protocol", "internal/iam"},
		"engine and control meet in the stored rows", false,
	},
	{
		"internal/api",
		[]string{"internal/audit", "internal/control", "internal/deploy", "internal/iam", "internal/protocol", "internal/sigv4", "internal/wire"},
		"the edge converts and asks control; it sees no rows", false,
	},
	{
		"internal/agent",
		[]string{"internal/agent", "internal/appspec", "internal/protocol", "internal/sigv4"},
		"the agent is a small program of its own", false,
	},
	{"internal/daemon", []string{"internal/*"}, "it puts the server together", false},
	{"internal/harness", []string{"internal/*"}, "it puts everything together", false},
	{"internal/bench", []string{"internal/agent", "internal/protocol", "internal/sigv4"}, "it measures a server from outside, as hosts and users see it", false},
	{"internal/archtest", nil, "", false},
	{"cmd/slipway", []string{"internal/bench", "internal/daemon", "internal/harness", "internal/iam", "internal/provider", "examples"}, "commands are thin", false},
	{"cmd/slipway-agent", []string{"internal/agent", "internal/protocol", "internal/sigv4"}, "the agent is a small program of its own", false},
	{"examples", nil, "", false},
	{"test", []string{"internal/*", "examples"}, "", false},
}

// forbidden are modules and packages that a part must not bring along, not
// even through others.
var forbidden = []struct{ pkg, dep, why string }{
	{"cmd/slipway-agent", "github.com/aws/aws-sdk-go-v2", "the agent stays small: it signs its few requests itself"},
	{"cmd/slipway-agent", "modernc.org/sqlite", "the agent keeps its journal in files"},
	{"cmd/slipway-agent", "github.com/slipwayhq/slipway/internal/deploy", "the agent knows the protocol, not the server's domain"},
	{"cmd/slipway", "testing", "testing code is not for production"},
	{"cmd/slipway-agent", "testing", "testing code is not for production"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Doc        string
}

func load(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,Doc", module+"...").Output()
	if err != nil {
		t.Fatal("go list:", err)
	}
	var pkgs []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, p := range load(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		i := slices.IndexFunc(rules, func(r rule) bool {
			return name == r.pkg || strings.HasPrefix(name, r.pkg+"/")
		})
		if i < 0 {
			t.Errorf("%s has no rule: add one that says what it may import, and why", name)
			continue
		}
		r := rules[i]
		for _, dep := range p.Imports {
			ours, isOurs := strings.CutPrefix(dep, module)
			switch {
			case isOurs && !slices.ContainsFunc(r.may, func(m string) bool { return below(ours, m) }):
				t.Errorf("%s must not import %s: %s", name, ours, r.why)
			case !isOurs && r.only && strings.Contains(strings.SplitN(dep, "/", 2)[0], "."):
				t.Errorf("%s must import only the standard library, not %s: %s", name, dep, r.why)
			}
		}
	}
}

// below reports whether a package is the allowed one or lies below it.
func below(pkg, allowed string) bool {
	if star, ok := strings.CutSuffix(allowed, "*"); ok {
		return strings.HasPrefix(pkg, star)
	}
	return pkg == allowed || strings.HasPrefix(pkg, allowed+"/")
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	for _, p := range load(t) {
		for _, f := range forbidden {
			if strings.TrimPrefix(p.ImportPath, module) != f.pkg {
				continue
			}
			for _, dep := range p.Deps {
				if dep == f.dep || strings.HasPrefix(dep, f.dep+"/") {
					t.Errorf("%s brings %s along: %s", f.pkg, dep, f.why)
				}
			}
		}
	}
}

// TestPackageComments: a package says what it is for.
func TestPackageComments(t *testing.T) {
	t.Parallel()
	for _, p := range load(t) {
		if p.Doc == "" && !strings.HasSuffix(p.ImportPath, "/archtest") {
			t.Errorf("%s has no package comment", path.Base(p.ImportPath))
		}
	}
}
