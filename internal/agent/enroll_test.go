package agent_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent"
)

// fakeIAM answers what enrolment asks of IAM and CodeDeploy.
type fakeIAM struct {
	*httptest.Server
	users map[string]bool
	keys  int
	calls []string
	tags  string
}

func newFakeIAM(t *testing.T) *fakeIAM {
	t.Helper()
	f := &fakeIAM{users: map[string]bool{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeIAM) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, operation, _ := strings.Cut(target, ".")
		f.calls = append(f.calls, operation)
		if operation == "AddTagsToOnPremisesInstances" {
			f.tags = string(body)
		}
		if operation == "RegisterOnPremisesInstance" && f.keys > 0 {
			refuse(w, http.StatusBadRequest, "InstanceNameAlreadyRegisteredException", "it is")
			return
		}
		_ = json.NewEncoder(w).Encode(struct{}{})
		return
	}
	form, _ := url.ParseQuery(string(body))
	action, name := form.Get("Action"), form.Get("UserName")
	f.calls = append(f.calls, action)
	user := fmt.Sprintf("<User><Arn>arn:aws:iam::000000000000:user/AWS/CodeDeploy/%s</Arn></User>", name)
	switch {
	case action == "CreateUser" && f.users[name]:
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>EntityAlreadyExists</Code><Message>exists</Message></Error></ErrorResponse>")
		return
	case action == "CreateUser" && form.Get("Path") == "/AWS/CodeDeploy/", action == "GetUser":
		f.users[name] = true
		fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", action, action, user, action, action)
	case action == "CreateAccessKey":
		f.keys++
		fmt.Fprintf(w, "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKID%d</AccessKeyId><SecretAccessKey>secret</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>", f.keys)
	default:
		_, _ = io.WriteString(w, "<Response/>")
	}
}

func settings(root string, environ ...string) agent.Settings {
	return agent.Settings{Root: root, Environ: environ, Log: slog.New(slog.DiscardHandler)}
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	iam := newFakeIAM(t)
	root := filepath.Join(t.TempDir(), "root")
	s := settings(root, "AWS_ACCESS_KEY_ID=ADMIN", "AWS_SECRET_ACCESS_KEY=x", "AWS_REGION=eu-west-7")
	s.Name, s.Endpoint, s.Tags = "web-9", iam.URL, map[string]string{"role": "web", "env": "prod"}
	c, err := agent.Configure(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if c.HostIdentifier != "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-9" || c.Region != "eu-west-7" {
		t.Errorf("host %s in %s", c.HostIdentifier, c.Region)
	}
	keys, err := c.Credentials(t.Context())
	if err != nil || keys.AccessKeyID != "AKID1" {
		t.Errorf("key %q, %v", keys.AccessKeyID, err)
	}
	want := []string{"CreateUser", "PutUserPolicy", "RegisterOnPremisesInstance", "AddTagsToOnPremisesInstances", "CreateAccessKey"}
	if diff := cmp.Diff(want, iam.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if want := `{"instanceNames":["web-9"],"tags":[{"Key":"env","Value":"prod"},{"Key":"role","Value":"web"}]}`; iam.tags != want {
		t.Errorf("tags %s, want %s", iam.tags, want)
	}
	saved := filepath.Join(root, "codedeploy.onpremises.yml")
	if info, err := os.Stat(saved); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the saved file: %v, %v", info, err)
	}

	// A later start uses the file, and needs no credentials of anybody else.
	s.Environ = nil
	again, err := agent.Configure(t.Context(), s)
	if err != nil || again.HostIdentifier != c.HostIdentifier || iam.keys != 1 {
		t.Errorf("again: %s, %v, %d keys", again.HostIdentifier, err, iam.keys)
	}
	s.Name = "other"
	if _, err := agent.Configure(t.Context(), s); err == nil || !strings.Contains(err.Error(), "enrolled as") {
		t.Errorf("under another name: %v", err)
	}

	// Without the file it enrols anew, over what is there.
	s.Name, s.Environ = "web-9", []string{"AWS_ACCESS_KEY_ID=ADMIN", "AWS_SECRET_ACCESS_KEY=x"}
	if err := os.Remove(saved); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Configure(t.Context(), s); err != nil || iam.keys != 2 {
		t.Errorf("anew: %v, %d keys", err, iam.keys)
	}
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	const user = "region: us-test-9\niam_user_arn: arn:aws:iam::1:user/a\naws_access_key_id: AKID\naws_secret_access_key: tell-nobody\n"
	tests := map[string]struct {
		file    string
		environ []string
		check   func(agent.Config) any
		want    any
		err     string
	}{
		"on-premises file": {
			file: user, environ: []string{"AWS_ENDPOINT_URL=http://127.0.0.1:8650"},
			check: func(c agent.Config) any { return c.HostIdentifier + " " + c.Endpoint }, want: "arn:aws:iam::1:user/a http://127.0.0.1:8650",
		},
		"AWS itself": {
			file:  user,
			check: func(c agent.Config) any { return c.Endpoint + " " + c.S3Endpoint }, want: "https://codedeploy-commands.us-test-9.amazonaws.com https://s3.us-test-9.amazonaws.com",
		},
		"official file": {
			file:    ":deploy_control_endpoint: https://x:1\n:s3_endpoint_override: https://y\n:max_revisions: 3\nwait_between_runs: 2\n:root_dir: /r\n",
			environ: []string{"AWS_HOST_IDENTIFIER=arn:h", "AWS_REGION=r"},
			check: func(c agent.Config) any {
				return strings.Join([]string{c.Endpoint, c.S3Endpoint, c.WaitBetweenRuns.String(), c.HostIdentifier}, " ")
			}, want: "https://x:1 https://y 2s arn:h",
		},
		"both ARNs":    {file: user + "iam_session_arn: arn:aws:sts::1:assumed-role/r/s\n", err: "cannot contain both"},
		"no secret":    {file: strings.Replace(user, "tell-nobody", "", 1), err: "aws_secret_access_key is required"},
		"bad YAML":     {file: "a: [", err: "is invalid"},
		"bad number":   {file: "max_revisions: none\n", err: "max_revisions is \"none\""},
		"no identity":  {file: "verbose: true\n", environ: []string{"AWS_EC2_METADATA_DISABLED=true"}, err: "--name NAME"},
		"no file":      {err: "cannot read the configuration file"},
		"numeric keys": {file: strings.Replace(user, "AKID", "123456", 1), check: func(c agent.Config) any { return c.HostIdentifier }, want: "arn:aws:iam::1:user/a"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := settings(dir, test.environ...)
			s.ConfigFile = filepath.Join(dir, "config.yml")
			if test.file != "" {
				if err := os.WriteFile(s.ConfigFile, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := agent.Configure(t.Context(), s)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "tell-nobody") {
					t.Errorf("error is %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := test.check(c); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
