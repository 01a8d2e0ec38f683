package hook

import (
	"slices"
	"strings"
)

// passed are the variables of the agent's own environment that scripts get.
// The rest stays with the agent: its access keys are among it.
var passed = []string{
	"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME", "SHELL", "TMPDIR",
	"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY",
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// FullEnvironment returns an environment without what are secrets of the agent,
// as the official agent's scripts get it.
func FullEnvironment(environ []string) []string {
	env := slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(secret, name) || strings.HasPrefix(name, "SLIPWAY_AGENT_")
	})
	if !slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "PATH=") }) {
		env = append(env, defaultPath)
	}
	return env
}

// secret are the variables that hold keys.
var secret = []string{"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}

// BaseEnvironment returns what of an environment scripts may see. extra names
// further variables to pass on.
func BaseEnvironment(environ []string, extra ...string) []string {
	var env []string
	hasPath := false
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains(passed, name) || strings.HasPrefix(name, "LC_") || slices.Contains(extra, name) {
			env = append(env, v)
			hasPath = hasPath || name == "PATH"
		}
	}
	if !hasPath {
		env = append(env, defaultPath)
	}
	return env
}
