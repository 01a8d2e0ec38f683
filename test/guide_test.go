//go:build scripts

package test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/webhook"
)

// TestVerifyInGuide runs the guide's ways to verify a signature on what the
// server posts, and on that with a byte changed.
func TestVerifyInGuide(t *testing.T) {
	t.Parallel()
	guide := read(t, "../docs/guides/notifications.md")
	dir := t.TempDir()
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(hookSecret))
	header, body := posted(t, secret)

	write(t, filepath.Join(dir, "verify.go"), `package main
import ("crypto/hmac"; "crypto/sha256"; "encoding/base64"; "errors"; "fmt"; "io"; "net/http"; "os"; "strconv"; "strings"; "time")
`+snippet(t, guide, "go")+`
func main() {
	body, _ := io.ReadAll(os.Stdin)
	h := http.Header{}
	h.Set("webhook-id", os.Args[2]); h.Set("webhook-timestamp", os.Args[3]); h.Set("webhook-signature", os.Args[4])
	if err := verify(os.Args[1], h, body); err != nil { fmt.Println(err); os.Exit(1) }
}`)
	write(t, filepath.Join(dir, "verify.py"), snippet(t, guide, "python")+`
import sys
names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
verify(sys.argv[1], dict(zip(names, sys.argv[2:])), sys.stdin.buffer.read())
`)
	write(t, filepath.Join(dir, "verify.sh"), snippet(t, guide, "sh")+"\nverify \"$@\"\n")
	for name, command := range map[string][]string{
		"Go": {"go", "run", "verify.go"}, "Python": {"python3", "verify.py"}, "shell": {"sh", "verify.sh"},
	} {
		for _, changed := range []bool{false, true} {
			text := string(body)
			if changed {
				text = strings.Replace(text, "shop", "ship", 1)
			}
			cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], secret, header.Get("webhook-id"),
				header.Get("webhook-timestamp"), "v1,other "+header.Get("webhook-signature"))...)
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(text)
			if out, err := cmd.CombinedOutput(); (err == nil) == changed {
				t.Errorf("%s, the body changed: %v: %v\n%s", name, changed, err, out)
			}
		}
	}
}

// posted returns what a webhook is posted.
func posted(t *testing.T, secret string) (header http.Header, body []byte) {
	t.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer receiver.Close()
	file := filepath.Join(t.TempDir(), "secret")
	write(t, file, secret)
	u, err := url.Parse(receiver.URL)
	check(t, err)
	m := notification.Message{ID: "m-1", Trigger: "t1", Subject: "CREATED: AWS CodeDeploy d-1 in us-east-1 to shop", Body: `{"n":"100%"}`}
	check(t, webhook.New(u, webhook.SecretFile(file), nil, nil).Send(t.Context(), m))
	return header, body
}
