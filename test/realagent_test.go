package test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// officialCheckout names the variable with the folder of a checkout of the
// official agent 1.x. It is run as it is, by the ruby on the PATH, whose gems
// must be there: aws-sdk-s3, logging, concurrent-ruby, rubyzip and gli.
const officialCheckout = "SLIPWAY_OFFICIAL_AGENT"

// agentProgram is an agent that is run as its users run it: a program with a
// configuration file.
type agentProgram struct {
	name    string
	command func(config string) []string
	stop    func(config string) []string // nil: by a SIGTERM
}

// ourAgent is slipway-agent, which reads the official agent's files.
func ourAgent(*testing.T) agentProgram {
	return agentProgram{name: "ours", command: func(config string) []string {
		return []string{slipwayAgent, "run", "--config", config}
	}}
}

// rubyAgent is the official agent 1.x. Where there is none the test is skipped.
func rubyAgent(t *testing.T) agentProgram {
	t.Helper()
	checkout := os.Getenv(officialCheckout)
	if checkout == "" {
		t.Skipf("%s names no checkout of the official agent 1.x, which this runs", officialCheckout)
	}
	ruby := func(args ...string) []string {
		return append([]string{"ruby", filepath.Join(checkout, "bin", "codedeploy-agent")}, args...)
	}
	try := ruby("--help")
	if out, err := exec.Command(try[0], try[1:]...).CombinedOutput(); err != nil { //nolint:gosec // a test may run what its caller names
		t.Fatalf("the official agent in %s does not start: %v\n%s", checkout, err, out)
	}
	return agentProgram{
		name:    "ruby",
		command: func(config string) []string { return ruby("--config_file", config, "start") },
		stop:    func(config string) []string { return ruby("--config_file", config, "stop") },
	}
}

// realHost is a host of its own group, with an agent that runs as a process
// and is configured as docs/guides/official-agent.md says.
type realHost struct {
	officialAgent // who it is
	program       agentProgram
	dir           string
	*process
}

// addRealHost registers a host and writes the files of its agent, with more
// lines for codedeployagent.yml. The agent is not started yet.
func addRealHost(t *testing.T, s *tlsServer, p agentProgram, identity officialAgent, lines ...string) *realHost {
	t.Helper()
	h := &realHost{officialAgent: identity, program: p, dir: t.TempDir()}
	h.name = strings.Trim(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(t.Name(), "-"), "-")
	h.join(t, s)
	for _, dir := range []string{"log", "pid", "deployment-root"} {
		check(t, os.Mkdir(h.path(dir), 0o755))
	}
	write(t, h.path(".version"), "agent_version: OFFICIAL_1.8.1-1_deb\n")
	h.writeIdentity(t)
	h.configure(t, lines...)
	return h
}

func (h *realHost) path(name string) string { return filepath.Join(h.dir, name) }

// writeIdentity writes the on-premises file, as `aws deploy register` does for
// a user and as the manual says for a session.
func (h *realHost) writeIdentity(t *testing.T) {
	t.Helper()
	if h.key.SessionToken == "" {
		guide := read(t, "../docs/guides/official-agent.md")
		text := strings.NewReplacer(
			"arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1", h.host,
			"aws_access_key_id: AKIA...", "aws_access_key_id: "+h.key.AccessKeyID,
			"aws_secret_access_key: ...", "aws_secret_access_key: "+h.key.SecretAccessKey,
		).Replace(snippet(t, guide, "yaml"))
		write(t, h.path("codedeploy.onpremises.yml"), text+"\n")
		return
	}
	write(t, h.path("credentials"), fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n",
		h.key.AccessKeyID, h.key.SecretAccessKey, h.key.SessionToken))
	write(t, h.path("codedeploy.onpremises.yml"), fmt.Sprintf("region: us-east-1\niam_session_arn: %s\naws_credentials_file: %s\n",
		h.host, h.path("credentials")))
}

// configure writes codedeployagent.yml: what the official package installs,
// with other folders, and the guide's three lines.
func (h *realHost) configure(t *testing.T, lines ...string) {
	t.Helper()
	_, rest, _ := strings.Cut(read(t, "../docs/guides/official-agent.md"), "codedeployagent.yml` come")
	added := regexp.MustCompile(`https://[a-z0-9.]+:8650`).ReplaceAllString(snippet(t, rest, "yaml"), h.server.daemon.URL)
	text := []string{
		"---", ":program_name: codedeploy-agent", ":verbose: true", ":max_revisions: 5",
		":log_dir: " + h.path("log"), ":pid_dir: " + h.path("pid"), ":root_dir: " + h.path("deployment-root"),
		":on_premises_config_file: " + h.path("codedeploy.onpremises.yml"),
		added,
	}
	write(t, h.path("codedeployagent.yml"), strings.Join(append(text, lines...), "\n")+"\n")
}

// start starts the agent. It is killed with all its processes when the test
// ends, and also when the test program dies: then the shell reads no more.
func (h *realHost) start(t *testing.T, environment ...string) {
	t.Helper()
	command := h.program.command(h.path("codedeployagent.yml"))
	cmd := exec.Command("sh", append([]string{"-c", `"$@" & read -r _; kill -KILL 0`, "sh"}, command...)...) //nolint:gosec // the command is ours
	cmd.Dir = h.dir
	cmd.Env = append(cleanEnvironment(), append([]string{
		"HOME=" + h.dir, "SSL_CERT_FILE=" + h.server.authority(),
	}, environment...)...)
	_, err := cmd.StdinPipe()
	check(t, err)
	h.process = start(t, cmd)
	t.Cleanup(func() {
		h.crash()
		if !t.Failed() {
			return
		}
		for _, file := range must(filepath.Glob(h.path("log/*.log"))) {
			text := read(t, file)
			t.Logf("%s:\n%s", file, text[max(0, len(text)-8000):])
		}
	})
}

// crash kills the agent with all its processes but the scripts, which have
// process groups of their own.
func (h *realHost) crash() {
	_ = syscall.Kill(-h.cmd.Process.Pid, syscall.SIGKILL)
	<-h.ended
}

// end stops the agent as its service does.
func (h *realHost) end(t *testing.T) {
	t.Helper()
	if h.program.stop == nil {
		check(t, syscall.Kill(-h.cmd.Process.Pid, syscall.SIGTERM))
		_ = h.wait(t, patience) // the shell's end, which counts for nothing
		return
	}
	command := h.program.stop(h.path("codedeployagent.yml"))
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil { //nolint:gosec // the command is ours
		t.Errorf("%q: %v\n%s", command, err, out)
	}
	h.crash() // what is left is the shell
}

// revision makes a bundle. Its pages go to the host's folder www; its scripts
// are run in the events of their names.
func (h *realHost) revision(pages, scripts map[string]string, more ...entry) []entry {
	appspec := "version: 0.0\nos: linux\nfiles:\n  - source: pages\n    destination: " + h.path("www") + "\nhooks:\n"
	entries := more
	for _, event := range slices.Sorted(maps.Keys(scripts)) {
		appspec += "  " + event + ":\n    - location: hooks/" + event + ".sh\n      timeout: 30\n"
		entries = append(entries, entry{name: "hooks/" + event + ".sh", content: "#!/bin/sh\n" + scripts[event] + "\n"})
	}
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		entries = append(entries, entry{name: "pages/" + page, content: pages[page]})
	}
	return append(entries, entry{name: "appspec.yml", content: appspec})
}

// release uploads a bundle and deploys it to the host's group.
func (h *realHost) release(t *testing.T, kind string, bundle []entry, change ...func(*codedeploy.CreateDeploymentInput)) (id string) {
	t.Helper()
	key := h.name + "." + kind
	put, err := h.server.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(string(archives[kind](t, bundle))),
	})
	check(t, err)
	in := &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &h.name,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
			Bucket: aws.String(bucket), Key: &key, BundleType: types.BundleType(kind), ETag: put.ETag, Version: put.VersionId,
		}},
	}
	for _, f := range change {
		f(in)
	}
	created, err := h.server.deploy.CreateDeployment(t.Context(), in)
	check(t, err)
	return aws.ToString(created.DeploymentId)
}

// succeed waits for the good end of a deployment.
func (h *realHost) succeed(t *testing.T, id string) {
	t.Helper()
	s := server{deploy: h.server.deploy}
	s.succeed(t, id, 2*patience)
}

// wantLines compares what the scripts wrote into a file of the host.
func (h *realHost) wantLines(t *testing.T, file string, want ...string) {
	t.Helper()
	got := strings.FieldsFunc(read(t, h.path(file)), func(r rune) bool { return r == '\n' })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// wantPages compares what is in the folder www.
func (h *realHost) wantPages(t *testing.T, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, files(t, h.path("www"))); diff != "" {
		t.Errorf("www (-want +got):\n%s", diff)
	}
}

// allHooks are the events of a deployment that have scripts.
var allHooks = []string{"ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"}

// everyHook is a script for each of them.
func everyHook(script string) map[string]string {
	scripts := map[string]string{}
	for _, event := range allHooks {
		scripts[event] = script
	}
	return scripts
}

// snippet returns the guide's code in a language.
func snippet(t *testing.T, guide, language string) string {
	t.Helper()
	_, rest, found := strings.Cut(guide, "\n```"+language+"\n")
	code, _, closed := strings.Cut(rest, "\n```")
	if !found || !closed {
		t.Fatalf("the guide has no code in %s", language)
	}
	return code
}
