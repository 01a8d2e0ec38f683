package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/sigv4"
	"github.com/slipwayhq/slipway/internal/wire"
)

// FuzzRequests sends requests that follow the model and stray from it. The
// input is a list of choices, see [choices].
func FuzzRequests(f *testing.F) {
	target := newFuzzTarget(f)
	random := rand.New(rand.NewPCG(1, 2))
	for range 2 * len(wire.OperationNames()) {
		f.Add(randomChoices(random))
	}
	f.Fuzz(func(t *testing.T, data []byte) { target.try(t, data) })
}

// TestRandomRequests is the bounded run. It measures memory, so it is not
// parallel to other tests.
func TestRandomRequests(t *testing.T) {
	const requests = 8000
	target := newFuzzTarget(t)
	random := rand.New(rand.NewPCG(2014, 10_06))
	for range requests / 10 { // caches and pools fill
		target.try(t, randomChoices(random))
	}
	before := heap()
	for range requests {
		target.try(t, randomChoices(random))
		if t.Failed() {
			return
		}
	}
	if grown := heap() - before; grown > 32<<20 {
		t.Errorf("after %d requests the server holds %d MB more", requests, grown>>20)
	}
	target.reached(t)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func randomChoices(r *rand.Rand) []byte {
	data := make([]byte, 16+r.IntN(1024))
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// fuzzTarget is a server with something of everything, and what it answered.
type fuzzTarget struct {
	handler http.Handler
	region  string
	words   map[string][]string // good values of a member, by its name
	enums   map[string][]string // by the name of the type
	seen    map[string]map[string]int
}

func newFuzzTarget(t testing.TB) *fuzzTarget {
	t.Helper()
	s := newServer(t)
	w := s.world(t)
	target := &fuzzTarget{handler: s.handler, region: w.ns.Region, enums: modelEnums(t), seen: map[string]map[string]int{}}
	ids := target.furnish(w)
	names := []string{"Server", "Lambda", "ECS", "store"}
	groups := []string{prod, "beta"}
	instances := []string{"host", "other", "cluster:web", "function"}
	target.words = map[string][]string{
		"applicationName": names, "newApplicationName": names, "applicationNames": names,
		"deploymentGroupName": groups, "currentDeploymentGroupName": groups, "newDeploymentGroupName": groups, "deploymentGroupNames": groups,
		"deploymentConfigName": {
			"CodeDeployDefault.OneAtATime", "CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.ECSAllAtOnce", "careful",
		},
		"deploymentId": ids, "deploymentIds": ids,
		"serviceRoleArn": {role}, "iamUserArn": {userARN, userARN + "2"}, "iamSessionArn": {sessionARN},
		"instanceName": instances, "instanceNames": instances, "instanceId": instances, "instanceIds": instances,
		"targetId": instances, "targetIds": instances,
		"ResourceArn":  {w.ns.ApplicationARN("Server"), w.ns.GroupARN("ECS", prod), w.ns.ConfigARN("careful"), w.ns.InstanceARN("host")},
		"listenerArns": {listener("prod"), listener("test")}, "triggerTargetArn": {"arn:aws:sns:" + target.region + ":" + account + ":topic"},
		"repository": {"owner/name"}, "commitId": {strings.Repeat("0a", 20)}, "content": {"version: 0.0"},
		"nextToken": {""}, "NextToken": {""},
	}
	return target
}

// furnish makes an application, a group and a deployment of each platform, a
// host and a configuration, and returns the ids of the deployments.
func (target *fuzzTarget) furnish(w *world) (ids []string) {
	for _, platform := range platforms {
		w.must(failed(w.api.CreateApplication(w.Context(), &codedeploy.CreateApplicationInput{
			ApplicationName: new(string(platform)), ComputePlatform: platform,
		})))
		group := groupInput(platform)
		group.ApplicationName = new(string(platform))
		w.must(failed(w.api.CreateDeploymentGroup(w.Context(), group)))
		in := deploymentInput(platform)
		in.ApplicationName = new(string(platform))
		out, err := w.api.CreateDeployment(w.Context(), in)
		w.must(err)
		ids = append(ids, aws.ToString(out.DeploymentId))
	}
	w.change(ids[0], started)
	w.change(ids[2], started)
	w.host()
	w.must(failed(w.api.CreateDeploymentConfig(w.Context(), configInput("careful", types.ComputePlatformServer))))
	return append(ids, absentID)
}

// try sends the request that the choices make, and judges the answer.
func (target *fuzzTarget) try(t *testing.T, data []byte) {
	t.Helper()
	c := &choices{data: data}
	operation, _ := wire.Lookup(pick(c, wire.OperationNames()))
	body := target.body(c, operation)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", bytes.NewReader(body))
	r.Header.Set("Content-Type", wire.ContentType)
	r.Header.Set("X-Amz-Target", wire.TargetPrefix+"."+operation.Name)
	key := sigv4.Credentials{AccessKeyID: rootKey.ID, SecretAccessKey: string(rootKey.Secret)}
	forged := c.one(50)
	if forged {
		key.SecretAccessKey += "?"
	}
	sigv4.Sign(r, sigv4.HashPayload(body), key, target.region, "codedeploy", time.Now())

	w := httptest.NewRecorder()
	before := allocated()
	target.handler.ServeHTTP(w, r)
	used := allocated() - before

	code, err := judge(operation, w)
	switch {
	case err != nil:
	case forged != (code == "InvalidSignatureException"):
		err = fmt.Errorf("forged is %t, but the answer is %s", forged, code)
	case used > 64<<20:
		err = fmt.Errorf("it took %d MB of memory", used>>20)
	}
	if err != nil {
		t.Errorf("%s: %v\nrequest: %s\nanswer: %d %.2000q", operation.Name, err, shortened(body), w.Code, w.Body)
	}
	if target.seen[operation.Name] == nil {
		target.seen[operation.Name] = map[string]int{}
	}
	target.seen[operation.Name][code]++
}

// allocated is how much memory was ever asked for.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func shortened(body []byte) string {
	if len(body) > 4000 {
		return fmt.Sprintf("%.2000q... (%d bytes)", body, len(body))
	}
	return fmt.Sprintf("%q", body)
}

// common are the errors that any operation may answer with, besides those it
// declares. UnknownOperationException is not among them: every operation sent
// is in the model.
var common = []string{
	"AccessDeniedException", "InvalidSignatureException", "RequestEntityTooLargeException", "SerializationException",
	"ThrottlingException", "ValidationException",
}

// judge says what is wrong with an answer, and which code it has.
func judge(operation wire.Operation, w *httptest.ResponseRecorder) (code string, err error) {
	body := w.Body.Bytes()
	header := w.Result().Header
	switch {
	case w.Code >= http.StatusInternalServerError:
		return "", fmt.Errorf("the server is at fault")
	case header.Get("Content-Type") != wire.ContentType:
		return "", fmt.Errorf("the content type is %q", header.Get("Content-Type"))
	case header.Get("Content-Length") != strconv.Itoa(len(body)):
		return "", fmt.Errorf("the content length is %q, not %d", header.Get("Content-Length"), len(body))
	case len(header.Get("X-Amzn-Requestid")) != 36:
		return "", fmt.Errorf("the request id is %q", header.Get("X-Amzn-Requestid"))
	case w.Code == http.StatusOK && !operation.HasOutput:
		if len(body) > 0 {
			return "", fmt.Errorf("the operation has no output")
		}
		return "success", nil
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil || members == nil || !utf8.Valid(body) {
		return "", fmt.Errorf("the answer is no JSON object: %w", err)
	}
	if w.Code == http.StatusOK {
		return "success", nil
	}
	code, _ = members["__type"].(string)
	if _, ok := members["message"].(string); !ok {
		return code, fmt.Errorf("the error has no message")
	}
	if !slices.Contains(operation.Errors, code) && !slices.Contains(common, code) {
		return code, fmt.Errorf("%q is not an error that the operation declares", code)
	}
	return code, nil
}

// reached fails unless the requests got somewhere: every operation succeeded
// and failed, and most were not refused for their form alone.
func (target *fuzzTarget) reached(t *testing.T) {
	t.Helper()
	codes, total, refused := map[string]bool{}, 0, 0
	for _, name := range wire.OperationNames() {
		seen := target.seen[name]
		operation, _ := wire.Lookup(name)
		if len(operation.Errors) > 0 && !slices.ContainsFunc(operation.Errors, func(code string) bool { return seen[code] > 0 }) {
			t.Errorf("no request for %s got an error of its own: %v", name, seen)
		}
		for code, n := range seen {
			codes[code] = true
			total += n
			if code == "SerializationException" {
				refused += n
			}
		}
		t.Logf("%s: %v", name, seen)
	}
	t.Logf("%d requests, %d refused for their form, %d different answers", total, refused, len(codes))
	if refused*2 > total {
		t.Errorf("%d of %d requests are refused for their form", refused, total)
	}
	if len(codes) < 60 {
		t.Errorf("there are only %d different answers: %v", len(codes), slices.Sorted(maps.Keys(codes)))
	}
}
