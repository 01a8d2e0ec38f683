package agent_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
)

// fakeMetadata is the metadata service of an EC2 instance, version 2.
type fakeMetadata struct {
	*httptest.Server
	mu      sync.Mutex
	token   string
	tokens  int
	keys    string        // id of the present keys
	expires time.Duration // of the present keys
	broken  bool
}

func newFakeMetadata(t *testing.T) *fakeMetadata {
	t.Helper()
	f := &fakeMetadata{keys: "ASIAONE", expires: time.Hour}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeMetadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodPut {
		if r.URL.Path != "/latest/api/token" || r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") != "21600" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		f.tokens++
		f.token = fmt.Sprintf("token-%d", f.tokens)
		fmt.Fprint(w, f.token)
		return
	}
	if r.Header.Get("X-Aws-Ec2-Metadata-Token") != f.token || f.token == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.URL.Path {
	case "/latest/dynamic/instance-identity/document":
		fmt.Fprint(w, `{"region":"eu-west-7","accountId":"123456789012","instanceId":"i-0abc","imageId":"ami-1"}`)
	case "/latest/meta-data/services/partition":
		fmt.Fprint(w, "aws-x")
	case "/latest/meta-data/services/domain":
		fmt.Fprint(w, "example.aws")
	case "/latest/meta-data/iam/security-credentials/":
		fmt.Fprint(w, "web-role")
	case "/latest/meta-data/iam/security-credentials/web-role":
		if f.broken {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":%q,"SecretAccessKey":"s","Token":"t","Expiration":%q}`, f.keys, time.Now().Add(f.expires).UTC().Format(time.RFC3339))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (f *fakeMetadata) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func TestInstanceIdentity(t *testing.T) {
	t.Parallel()
	f := newFakeMetadata(t)
	c, err := agent.Configure(t.Context(), settings(t.TempDir(), "AWS_EC2_METADATA_SERVICE_ENDPOINT="+f.URL+"/"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws-x:ec2:eu-west-7:123456789012:instance/i-0abc"; c.HostIdentifier != want || c.Region != "eu-west-7" {
		t.Errorf("host %s in %s, want %s", c.HostIdentifier, c.Region, want)
	}
	if want := "https://codedeploy-commands.eu-west-7.example.aws"; c.Endpoint != want {
		t.Errorf("endpoint %s, want %s", c.Endpoint, want)
	}
	expect := func(what, id string) {
		t.Helper()
		keys, err := c.Credentials(t.Context())
		if err != nil || keys.AccessKeyID != id || keys.SessionToken != "t" {
			t.Errorf("%s: keys %s, %v; want %s", what, keys.AccessKeyID, err, id)
		}
	}
	expect("first", "ASIAONE")
	f.set(func() { f.keys = "ASIATWO" })
	expect("kept while they are good", "ASIAONE")
	if f.tokens != 1 {
		t.Errorf("%d tokens were asked for", f.tokens)
	}
}

func TestInstanceKeysAreRenewed(t *testing.T) {
	t.Parallel()
	f := newFakeMetadata(t)
	f.expires = time.Minute // soon enough to ask again
	c, err := agent.Configure(t.Context(), settings(t.TempDir(), "AWS_EC2_METADATA_SERVICE_ENDPOINT="+f.URL))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		change func()
		want   string
	}{
		{func() {}, "ASIAONE"},
		{func() { f.keys, f.token = "ASIATWO", "" }, "ASIATWO"}, // the token has expired, too
		{func() { f.keys, f.broken = "ASIATHREE", true }, "ASIATWO"},
		{func() { f.broken = false }, "ASIATHREE"},
	} {
		f.set(step.change)
		keys, err := c.Credentials(t.Context())
		if err != nil || keys.AccessKeyID != step.want {
			t.Errorf("keys %s, %v; want %s", keys.AccessKeyID, err, step.want)
		}
	}
}

func TestMetadataSwitchedOff(t *testing.T) {
	t.Parallel()
	f := newFakeMetadata(t)
	_, err := agent.Configure(t.Context(), settings(t.TempDir(), "AWS_EC2_METADATA_SERVICE_ENDPOINT="+f.URL, "AWS_EC2_METADATA_DISABLED=true"))
	if err == nil || !strings.Contains(err.Error(), "no identity") || f.tokens != 0 {
		t.Errorf("error is %v after %d tokens", err, f.tokens)
	}
}
