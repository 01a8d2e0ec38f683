package local

import (
	"embed"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// bootstraps are the runtimes of our own: programs that load a handler and
// speak the Runtime API for it.
//
//go:embed bootstrap
var bootstraps embed.FS

func writeBootstraps(dir string) error {
	entries, err := bootstraps.ReadDir("bootstrap")
	for _, e := range entries {
		var text []byte
		if text, err = bootstraps.ReadFile("bootstrap/" + e.Name()); err == nil {
			err = writeFile(filepath.Join(dir, e.Name()), text)
		}
		if err != nil {
			break
		}
	}
	return err
}

// command is how a version is run: a program and its arguments. The folders
// are those of its code and of our bootstraps.
func command(c Config, code, runtime string) ([]string, error) {
	switch {
	case strings.HasPrefix(c.Runtime, "provided"):
		return []string{filepath.Join(code, "bootstrap")}, nil
	case strings.HasPrefix(c.Runtime, "nodejs"):
		return interpreted(c, "node", filepath.Join(runtime, "bootstrap.mjs"))
	case strings.HasPrefix(c.Runtime, "python3"):
		return interpreted(c, "python3", filepath.Join(runtime, "bootstrap.py"))
	case c.Runtime == "":
		return nil, invalid("Runtime is missing: this server runs provided.al2023, nodejs and python3")
	}
	return nil, invalid("This server cannot run functions of the runtime %.50s: it runs provided (a program called bootstrap), nodejs and python3", c.Runtime)
}

// interpreted is a handler in a language whose interpreter is installed. Which
// version of it there is, is the machine's matter.
func interpreted(c Config, program, bootstrap string) ([]string, error) {
	if module, name, found := strings.Cut(c.Handler, "."); !found || module == "" || name == "" {
		return nil, invalid("Handler must be FILE.FUNCTION, not %.100q", c.Handler)
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, invalid("The runtime %.50s needs the program %s, which is not installed where the server runs", c.Runtime, program)
	}
	return []string{path, bootstrap}, nil
}

// variablePattern is what a function may call an environment variable.
var variablePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// reservedVariables are set by Lambda, or here.
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", markerVariable,
}

func reserved(name string) bool { return slices.Contains(reservedVariables, name) }

// markerVariable tells processes of functions from all others, see
// killOrphans.
const markerVariable = "SLIPWAY_FUNCTIONS"

func marker(dir string) string { return markerVariable + "=" + dir }

// environment is that of a process: what Lambda promises, what the server
// adds, and the function's own. Nothing of the server's own environment is in
// it but where programs are.
func (f *Functions) environment(t target, api, scratch, path string) []string {
	c := t.version.Config
	region := t.key.Region
	env := []string{
		"PATH=" + path, "HOME=" + scratch, "TMPDIR=" + scratch, "LANG=en_US.UTF-8", "TZ=:UTC",
		"AWS_LAMBDA_RUNTIME_API=" + api, "_HANDLER=" + c.Handler,
		"LAMBDA_TASK_ROOT=" + f.codeDir(t.version.Code), "LAMBDA_RUNTIME_DIR=" + f.path(runtimeDir),
		"AWS_LAMBDA_FUNCTION_NAME=" + t.key.name, "AWS_LAMBDA_FUNCTION_VERSION=" + t.version.Number,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(c.Memory), "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + t.key.name, "AWS_LAMBDA_LOG_STREAM_NAME=" + filepath.Base(scratch),
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_EXECUTION_ENV=AWS_Lambda_" + c.Runtime,
		marker(f.dir),
	}
	if f.opts.Environment != nil {
		env = append(env, f.opts.Environment(t.key.Namespace, t.key.name)...)
	}
	for name, value := range c.Environment {
		env = append(env, name+"="+value)
	}
	return env
}
