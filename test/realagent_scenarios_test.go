package test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// TestRealAgents runs whole agents in processes, with real bundles and
// scripts: the official agent 1.x where there is one, and ours, of which the
// same is expected, word by word.
func TestRealAgents(t *testing.T) {
	t.Parallel()
	scenarios := []struct {
		name string
		run  func(*testing.T, *tlsServer, agentProgram)
	}{
		{"three bundles", threeBundles},
		{"files that exist", filesThatExist},
		{"failures", failures},
		{"failure and rollback", failureAndRollback},
		{"stop", stopInTheMiddle},
		{"two groups", twoGroups},
		{"crash", crashInAScript},
		{"server restart", serverRestart},
		{"policy", signedForThePolicy},
		{"session", identityOfASession},
		{"version of an object", versionOfAnObject},
		{"names", bucketsByName},
		{"GitHub", commitOfGitHub},
		{"restart mode", restartMode},
	}
	for name, find := range map[string]func(*testing.T) agentProgram{"ruby": rubyAgent, "ours": ourAgent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := find(t)
			s := startTLSServer(t)
			for _, scenario := range scenarios {
				t.Run(scenario.name, func(t *testing.T) {
					t.Parallel()
					scenario.run(t, s, p)
				})
			}
		})
	}
}

// threeBundles: one after the other, in each format. The scripts of
// ApplicationStop are those of the revision before, and its files go.
func threeBundles(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	want := []string{}
	for i, kind := range []string{"tar", "tgz", "zip"} {
		pages := map[string]string{"index.html": kind, kind + ".html": "only here"}
		id := h.release(t, kind, h.revision(pages, everyHook(fmt.Sprintf(
			`echo "%s $LIFECYCLE_EVENT $DEPLOYMENT_ID $DEPLOYMENT_GROUP_NAME $APPLICATION_NAME $BUNDLE_BUCKET $BUNDLE_KEY" >>%s`,
			kind, h.path("hooks.log")))))
		h.checkEvents(t, id, allSucceeded())
		h.wantPages(t, pages)
		for _, event := range allHooks {
			of := kind
			if event == "ApplicationStop" {
				if i == 0 {
					continue
				}
				of = []string{"tar", "tgz"}[i-1]
			}
			want = append(want, fmt.Sprintf("%s %s %s %s %s %s %s", of, event, id, h.name, application, bucket, h.name+"."+kind))
		}
	}
	h.wantLines(t, "hooks.log", want...)
}

// allSucceeded are the events of a good deployment.
func allSucceeded() map[string]string {
	events := map[string]string{"DownloadBundle": "Succeeded Success", "Install": "Succeeded Success"}
	for _, event := range allHooks {
		events[event] = "Succeeded Success"
	}
	return events
}

// failedIn are the events of a deployment that failed in one.
func failedIn(event, diagnostics string) map[string]string {
	events := map[string]string{}
	result := "Succeeded Success"
	for _, e := range []string{
		"ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService",
	} {
		events[e] = result
		if e == event {
			events[e], result = "Failed "+diagnostics, "Skipped"
		}
	}
	return events
}

// filesThatExist, from nobody's deployment: in the way, replaced, or kept.
func filesThatExist(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	check(t, os.Mkdir(h.path("www"), 0o755))
	write(t, h.path("www/index.html"), "mine")
	bundle := h.revision(map[string]string{"index.html": "theirs", "new.html": "new"}, nil)
	behave := func(b types.FileExistsBehavior) func(*codedeploy.CreateDeploymentInput) {
		return func(in *codedeploy.CreateDeploymentInput) { in.FileExistsBehavior = b }
	}
	id := h.release(t, "zip", bundle)
	h.finishes(t, id, types.DeploymentStatusFailed)
	want := "The deployment failed because a specified file already exists at this location: " + h.path("www/index.html")
	if got := message(h.eventOf(t, id, "Install")); !strings.Contains(got, want) { // ours says more
		t.Errorf("Install: %s, want %s", got, want)
	}
	h.wantPages(t, map[string]string{"index.html": "mine"})
	h.succeed(t, h.release(t, "zip", bundle, behave(types.FileExistsBehaviorRetain)))
	h.wantPages(t, map[string]string{"index.html": "mine", "new.html": "new"})
	h.succeed(t, h.release(t, "zip", bundle, behave(types.FileExistsBehaviorOverwrite)))
	h.wantPages(t, map[string]string{"index.html": "theirs", "new.html": "new"})
}

// finishes waits for the end of a deployment.
func (h *realHost) finishes(t *testing.T, id string, want types.DeploymentStatus) *types.DeploymentInfo {
	t.Helper()
	s := server{deploy: h.server.deploy}
	info := s.finish(t, id, 2*patience)
	if info.Status != want {
		t.Errorf("deployment %s ended as %s, want %s: %+v", id, info.Status, want, info.ErrorInformation)
	}
	return info
}

func (h *realHost) eventOf(t *testing.T, id, name string) types.LifecycleEvent {
	t.Helper()
	s := server{deploy: h.server.deploy}
	return event(t, s.targets(t, id)[0], name)
}

// failures of scripts and bundles. Where ours says something else,
// docs/reference/agent-behaviour.md says why.
func failures(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	const script = "hooks/BeforeInstall.sh"
	specified, head := "Script at specified location: "+script+" ", "LifecycleEvent - BeforeInstall\n"
	hook := func(text string) []entry { return h.revision(nil, map[string]string{"BeforeInstall": text}) }
	for _, c := range []struct {
		name   string
		bundle []entry
		event  string
		told   // ARCHIVE stands for the revision's folder
		ours   told
	}{
		{
			"exit code", hook("echo a; echo b; exit 3"), "BeforeInstall",
			told{
				"ScriptFailed " + script + " " + specified + "failed with exit code 3",
				head + "Script - " + script + "\n[stdout]a\n[stdout]b\n",
			},
			told{},
		},
		{
			"standard error", hook("echo wrong >&2; false"), "BeforeInstall",
			told{
				"ScriptFailed " + script + " " + specified + "failed with exit code 1",
				head + "Script - " + script + "\n[stderr]wrong\n",
			},
			told{},
		},
		{
			"killed by a signal", hook("kill -KILL $$"), "BeforeInstall",
			told{"ScriptFailed " + script + " " + specified + "failed with exit code ", head + "Script - " + script + "\n"},
			told{},
		},
		{
			"time-out", inAppSpec(hook("sleep 30"), "timeout: 30", "timeout: 1"), "BeforeInstall",
			told{"ScriptTimedOut " + script + " " + specified + "failed to complete in 1 seconds", head + "Script - " + script + "\n"},
			told{},
		},
		{
			"missing script", inAppSpec(hook("true"), "location: hooks/BeforeInstall.sh", "location: hooks/none.sh"), "BeforeInstall",
			told{"ScriptMissing hooks/none.sh Script does not exist at specified location: ARCHIVE/hooks/none.sh", head},
			told{"ScriptMissing hooks/none.sh Script does not exist at specified location: ARCHIVE/hooks/none.sh", head + "Script - hooks/none.sh\n"},
		},
		{
			"output left open", inAppSpec(hook("sleep 3 &"), "timeout: 30", "timeout: 1"), "BeforeInstall",
			told{"UnknownError " + script + " " + specified + "failed to close STDOUT", head + "Script - " + script + "\n"},
			told{"Success  Succeeded", head + "Script - " + script + "\n[warning]the script ended, but"},
		},
		{
			"version of the AppSpec", inAppSpec(hook("true"), "version: 0.0", "version: 1.0"), "BeforeInstall",
			told{"UnknownError  The deployment failed because an invalid version value (1.0) was entered in the application specification file. ", ""},
			told{"UnknownError  appspec.yml: the AppSpec file is not valid: line 1: version: invalid version value", ""},
		},
		{
			"no AppSpec",
			[]entry{{name: "README", content: "nothing\n"}},
			"BeforeInstall",
			told{"UnknownError  The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at ", ""},
			told{},
		},
		{"no archive", nil, "DownloadBundle", told{"UnknownError  ", ""}, told{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.told
			if c.ours != (told{}) && p.name == "ours" {
				want = c.ours
			}
			id := h.releaseGarbage
			if c.bundle != nil {
				id = func(t *testing.T) string { return h.release(t, "tgz", c.bundle) }
			}
			h.wantTold(t, id(t), c.event, want)
		})
	}
}

// told is how an event's diagnostics begin: error code, script and message,
// and the log.
type told struct{ diagnostics, log string }

func (h *realHost) wantTold(t *testing.T, id, event string, want told) {
	t.Helper()
	s := server{deploy: h.server.deploy}
	s.finish(t, id, 2*patience)
	d := h.eventOf(t, id, event).Diagnostics
	if d == nil {
		t.Fatalf("%s says nothing", event)
	}
	archive := must(filepath.Glob(h.path("deployment-root/*/" + id)))[0] + "/deployment-archive"
	got := told{
		strings.ReplaceAll(fmt.Sprintf("%s %s %s", d.ErrorCode, aws.ToString(d.ScriptName), aws.ToString(d.Message)), archive, "ARCHIVE"),
		aws.ToString(d.LogTail),
	}
	if !strings.HasPrefix(got.diagnostics, want.diagnostics) || !strings.HasPrefix(got.log, want.log) || (want.log == "") != (got.log == "") {
		t.Errorf("%s says\n%q, want\n%q", event, got, want)
	}
}

// inAppSpec changes a word in the AppSpec of a bundle.
func inAppSpec(bundle []entry, old, with string) []entry {
	out := slices.Clone(bundle)
	for i := range out {
		if out[i].name == "appspec.yml" {
			out[i].content = strings.ReplaceAll(out[i].content, old, with)
		}
	}
	return out
}

// releaseGarbage deploys something that is no archive.
func (h *realHost) releaseGarbage(t *testing.T) (id string) {
	t.Helper()
	return h.release(t, "tgz", h.revision(nil, nil), func(in *codedeploy.CreateDeploymentInput) {
		key := h.name + "-garbage.tgz"
		done(t)(h.server.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader("garbage")}))
		in.Revision.S3Location = &types.S3Location{Bucket: aws.String(bucket), Key: &key, BundleType: types.BundleTypeTarGZip}
	})
}

// failureAndRollback: the revision before comes back, and its ApplicationStop
// is that of the last revision that was installed.
func failureAndRollback(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	done(t)(s.deploy.UpdateDeploymentGroup(t.Context(), &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: aws.String(application), CurrentDeploymentGroupName: &h.name,
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure},
		},
	}))
	h.start(t)
	note := func(revision string) string {
		return fmt.Sprintf(`echo "%s $LIFECYCLE_EVENT" >>%s`, revision, h.path("hooks.log"))
	}
	good := h.revision(map[string]string{"index.html": "good"}, everyHook(note("good")))
	h.succeed(t, h.release(t, "tgz", good))
	check(t, os.Remove(h.path("hooks.log")))

	scripts := everyHook(note("bad"))
	scripts["ApplicationStart"] += "; exit 1"
	id := h.release(t, "zip", h.revision(map[string]string{"index.html": "bad", "bad.html": ""}, scripts))
	info := h.finishes(t, id, types.DeploymentStatusFailed)
	if info.RollbackInfo == nil || info.RollbackInfo.RollbackDeploymentId == nil {
		t.Fatalf("there is no rollback: %+v", info)
	}
	h.succeed(t, *info.RollbackInfo.RollbackDeploymentId)
	h.wantPages(t, map[string]string{"index.html": "good"})
	h.wantLines(t, "hooks.log",
		"good ApplicationStop", "bad BeforeInstall", "bad AfterInstall", "bad ApplicationStart",
		"bad ApplicationStop", "good BeforeInstall", "good AfterInstall", "good ApplicationStart", "good ValidateService")
}

// waiting is a script that says that it is there and ends when it may.
func (h *realHost) waiting() string {
	return fmt.Sprintf("echo begin >>%[1]s; while [ ! -e %[2]s ]; do sleep 0.05; done; echo end >>%[1]s", h.path("waiting.log"), h.path("go"))
}

func (h *realHost) isWaiting(t *testing.T) {
	t.Helper()
	eventually(t, patience, "the script waits", func() bool { return read(t, h.path("waiting.log")) == "begin\n" })
}

func (h *realHost) letGo(t *testing.T) {
	t.Helper()
	write(t, h.path("go"), "")
	eventually(t, patience, "the script ends", func() bool { return strings.HasSuffix(read(t, h.path("waiting.log")), "end\n") })
}

// stopInTheMiddle: the script runs to its end, and its event ends as it says;
// then the deployment is stopped, and the host is there for the next one.
func stopInTheMiddle(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	id := h.release(t, "tgz", h.revision(map[string]string{"index.html": "1"}, map[string]string{"BeforeInstall": h.waiting()}))
	h.isWaiting(t)
	stopped, err := s.deploy.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id})
	check(t, err)
	if stopped.Status != types.StopStatusPending {
		t.Errorf("the stop is %s where a script runs", stopped.Status)
	}
	h.letGo(t)
	h.finishes(t, id, types.DeploymentStatusStopped)
	want := failedIn("BeforeInstall", "")
	want["BeforeInstall"] = "Succeeded Success"
	h.checkEvents(t, id, want)
	h.succeed(t, h.release(t, "tgz", h.revision(map[string]string{"index.html": "2"}, nil)))
	h.wantPages(t, map[string]string{"index.html": "2"})
}

// twoGroups have the same host: each waits in a script for the other.
func twoGroups(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	other := h.name + "-2"
	done(t)(s.deploy.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &other,
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{
			Key: aws.String("stage"), Value: &h.name, Type: types.TagFilterTypeKeyAndValue,
		}},
	}))
	check(t, os.Mkdir(h.path("met"), 0o755))
	h.start(t)
	meet := map[string]string{"BeforeInstall": fmt.Sprintf(
		`touch %[1]s/$DEPLOYMENT_GROUP_NAME; while [ "$(ls %[1]s | wc -l)" != 2 ]; do sleep 0.05; done`, h.path("met"))}
	first := h.release(t, "tgz", h.revision(map[string]string{"first.html": "1"}, meet))
	second := h.release(t, "zip", h.revision(map[string]string{"second.html": "2"}, meet), func(in *codedeploy.CreateDeploymentInput) {
		in.DeploymentGroupName = &other
	})
	h.succeed(t, first)
	h.succeed(t, second)
	h.wantPages(t, map[string]string{"first.html": "1", "second.html": "2"})
}

// crashInAScript: the next start of the agent fails the event. A restart in
// peace changes nothing.
func crashInAScript(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	id := h.release(t, "tgz", h.revision(map[string]string{"index.html": "1"}, map[string]string{"AfterInstall": h.waiting()}))
	h.isWaiting(t)
	h.crash()
	h.letGo(t)
	h.start(t)
	want := told{"UnknownError  Failed: Failing in-progress lifecycle event after an agent restart.", ""}
	if p.name == "ours" {
		want.diagnostics = "UnknownError  Failing in-progress lifecycle event: the agent was restarted during AfterInstall"
	}
	h.wantTold(t, id, "AfterInstall", want)
	h.end(t)
	h.start(t)
	h.succeed(t, h.release(t, "tgz", h.revision(map[string]string{"index.html": "2"}, nil)))
	h.wantPages(t, map[string]string{"index.html": "2"})
}

// serverRestart: the server goes and comes while a script runs, and the agent
// has noticed.
func serverRestart(t *testing.T, _ *tlsServer, p agentProgram) {
	s := startTLSServer(t) // that nobody else needs
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	id := h.release(t, "tgz", h.revision(map[string]string{"index.html": "1"}, map[string]string{"BeforeInstall": h.waiting()}))
	h.isWaiting(t)
	check(t, s.stop())
	eventually(t, patience, "the agent meets nobody", func() bool {
		said := read(t, h.path("log/codedeploy-agent.log")) + string(h.log.bytes())
		return strings.Contains(strings.ToLower(said), "connection refused")
	})
	s.restart(t)
	h.letGo(t)
	h.succeed(t, id)
	h.wantLines(t, "waiting.log", "begin", "end")
}

// signedForThePolicy: enable_auth_policy is another service to sign for, in
// another version of the API.
func signedForThePolicy(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises(), ":enable_auth_policy: true")
	h.start(t)
	h.succeed(t, h.release(t, "tgz", h.revision(map[string]string{"index.html": "1"}, everyHook("true"))))
}

// identityOfASession: temporary credentials in a file.
func identityOfASession(t *testing.T, s *tlsServer, p agentProgram) {
	identity := userOnPremises()
	identity.identity = asSession
	h := addRealHost(t, s, p, identity)
	done(t)(s.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("role-of-" + h.name), PolicyName: aws.String("bundles"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}`),
	}))
	h.start(t)
	h.succeed(t, h.release(t, "tgz", h.revision(map[string]string{"index.html": "1"}, everyHook("true"))))
}

// versionOfAnObject: an older one is deployed by its number.
func versionOfAnObject(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	versioned := aws.String("versioned-" + p.name)
	done(t)(s.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: versioned}))
	done(t)(s.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: versioned, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	}))
	var versions, etags []string
	for _, page := range []string{"old", "new"} {
		put, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: versioned, Key: aws.String("site.zip"),
			Body: bytes.NewReader(archives["zip"](t, h.revision(map[string]string{"index.html": page}, everyHook(
				`echo "$BUNDLE_VERSION $BUNDLE_ETAG" >`+h.path("bundle"))))),
		})
		check(t, err)
		versions, etags = append(versions, *put.VersionId), append(etags, strings.Trim(*put.ETag, `"`))
	}
	h.succeed(t, h.release(t, "zip", nil, func(in *codedeploy.CreateDeploymentInput) {
		in.Revision.S3Location = &types.S3Location{
			Bucket: versioned, Key: aws.String("site.zip"), Version: &versions[0], BundleType: types.BundleTypeZip,
		}
	}))
	h.wantPages(t, map[string]string{"index.html": "old"})
	want := versions[0] + " "
	if p.name == "ours" {
		want += etags[0] // of the download, as 2.x has it
	}
	h.wantLines(t, "bundle", want)
}

// bucketsByName: the official agent puts the bucket before the host's name,
// which a proxy finds here where no name server does.
func bucketsByName(t *testing.T, s *tlsServer, p agentProgram) {
	proxy := startProxy(t, func(string) string { return strings.TrimPrefix(s.daemon.URL, "https://") })
	h := addRealHost(t, s, p, userOnPremises(),
		":proxy_uri: "+proxy.url(), ":s3_endpoint_override: "+strings.Replace(s.daemon.URL, "127.0.0.1", "localhost", 1))
	h.start(t)
	h.succeed(t, h.release(t, "tgz", h.revision(map[string]string{"index.html": "1"}, everyHook("true"))))
	if p.name != "ruby" {
		return // ours asks for the path, and no proxy for loopback addresses
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.daemon.URL, "https://"), ":")
	if got, want := proxy.asked(), bucket+".localhost:"+port; !slices.Contains(got, want) {
		t.Errorf("the proxy was asked for %q, want %s", got, want)
	}
}

// commitOfGitHub: both agents fetch from api.github.com, which a proxy leads
// to a server of the test.
func commitOfGitHub(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	const commit = "0123456789012345678901234567890123456789"
	var archive []byte
	certificate, authority := selfSigned(t, "api.github.com", "codeload.github.com")
	github := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.Host + r.URL.Path; {
		case path == "api.github.com/repos/acme/site/tarball/"+commit && r.Header.Get("Authorization") == "token gh-secret":
			http.Redirect(w, r, "https://codeload.github.com/archive", http.StatusFound)
		case path == "codeload.github.com/archive":
			_, _ = w.Write(archive)
		default:
			t.Errorf("GitHub is asked for %s with %q", path, r.Header.Get("Authorization"))
			http.NotFound(w, r)
		}
	}))
	github.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	github.StartTLS()
	t.Cleanup(github.Close)
	bundle := h.revision(map[string]string{"index.html": "of GitHub"}, everyHook(`echo "$BUNDLE_COMMIT" >`+h.path("bundle")))
	for i := range bundle {
		bundle[i].name = "acme-site-0123456/" + bundle[i].name
	}
	archive = archives["tgz"](t, bundle)

	set := exec.Command(slipway, "github-token", "set", "acme", "--application", application)
	set.Stdin = strings.NewReader("gh-secret\n")
	set.Env = append(cleanEnvironment(), "AWS_REGION=us-east-1", "AWS_ENDPOINT_URL="+s.daemon.URL, "AWS_CA_BUNDLE="+s.authority(),
		"AWS_ACCESS_KEY_ID="+s.daemon.Root.ID, "AWS_SECRET_ACCESS_KEY="+string(s.daemon.Root.Secret))
	if out, err := set.CombinedOutput(); err != nil {
		t.Fatalf("cannot set the token: %v\n%s", err, out)
	}
	proxy := startProxy(t, func(string) string { return github.Listener.Addr().String() })
	write(t, h.path("authorities.pem"), read(t, s.authority())+authority)
	h.start(t, "https_proxy="+proxy.url(), "no_proxy=127.0.0.1", "SSL_CERT_FILE="+h.path("authorities.pem"))
	h.succeed(t, h.release(t, "tgz", nil, func(in *codedeploy.CreateDeploymentInput) {
		in.Revision = &types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub, GitHubLocation: &types.GitHubLocation{
			Repository: aws.String("acme/site"), CommitId: aws.String(commit),
		}}
	}))
	h.wantPages(t, map[string]string{"index.html": "of GitHub"})
	h.wantLines(t, "bundle", commit)
	if got := proxy.asked(); !slices.Contains(got, "api.github.com:443") {
		t.Errorf("the proxy was asked for %q", got)
	}
}

// selfSigned makes a certificate for names, which is its own authority.
func selfSigned(t *testing.T, names ...string) (certificate tls.Certificate, authority string) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// restartMode: the last revision runs once more. The official agent does not
// know of it and downloads.
func restartMode(t *testing.T, s *tlsServer, p agentProgram) {
	h := addRealHost(t, s, p, userOnPremises())
	h.start(t)
	note := fmt.Sprintf("echo $LIFECYCLE_EVENT >>%s", h.path("hooks.log"))
	h.succeed(t, h.release(t, "tgz", h.revision(map[string]string{"index.html": "1"}, map[string]string{
		"ApplicationStop": note, "ApplicationStart": note,
	})))
	root := s.daemon.Root
	client := rawClient{url: s.daemon.URL, key: sigv4.Credentials{AccessKeyID: root.ID, SecretAccessKey: string(root.Secret)}, http: s.http}
	var created struct {
		ID string `json:"deploymentId"`
	}
	check(t, client.call(t.Context(), deployTarget+"CreateDeployment", map[string]string{
		"applicationName": application, "deploymentGroupName": h.name, "deploymentMode": "RESTART",
	}, &created))
	h.succeed(t, created.ID)
	h.wantPages(t, map[string]string{"index.html": "1"})
	h.wantLines(t, "hooks.log", "ApplicationStart", "ApplicationStop", "ApplicationStart")
}

// TestHostChangesAgents: a host goes from the official agent to ours and back.
// Each finds what the other one installed, and stops and removes it.
func TestHostChangesAgents(t *testing.T) {
	t.Parallel()
	ruby, ours := rubyAgent(t), ourAgent(t)
	h := addRealHost(t, startTLSServer(t), ruby, userOnPremises())
	want := []string{}
	for i, p := range []agentProgram{ruby, ours, ruby, ours} {
		h.program = p
		h.start(t)
		pages := map[string]string{"index.html": fmt.Sprint(i), fmt.Sprintf("only-in-%d.html", i): p.name}
		h.succeed(t, h.release(t, "tgz", h.revision(pages, map[string]string{
			"ApplicationStop":  fmt.Sprintf("echo stop %d >>%s", i, h.path("hooks.log")),
			"ApplicationStart": fmt.Sprintf("echo start %d >>%s", i, h.path("hooks.log")),
		})))
		h.wantPages(t, pages)
		if i > 0 {
			want = append(want, fmt.Sprintf("stop %d", i-1))
		}
		want = append(want, fmt.Sprintf("start %d", i))
		h.wantLines(t, "hooks.log", want...)
		h.end(t)
	}
}

// userOnPremises is who a host is that was registered with a user of its own.
func userOnPremises() officialAgent { return officialAgent{identity: asUser} }
