package api_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzStranger sends what someone without a key can make up. Nothing of it may
// succeed, and nothing may break the server.
func FuzzStranger(f *testing.F) {
	e := newEdge(f)
	const authorization = "AWS4-HMAC-SHA256 Credential=" + rootID + "/20260101/us-east-1/codedeploy/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
	f.Add("", authorization, "20260101T000000Z", "CodeDeploy_20141006.GetApplication", "application/x-amz-json-1.1", "{}")
	f.Add("Action=GetCallerIdentity", authorization, "", "", "application/x-www-form-urlencoded", "Action=ListUsers")
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=x", "", "", ".", "", "")
	f.Fuzz(func(t *testing.T, query, authorization, date, target, kind, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL.RawQuery = query
		for name, value := range map[string]string{"Authorization": authorization, "X-Amz-Date": date, "X-Amz-Target": target, "Content-Type": kind} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		e.api.ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestSlowBody(t *testing.T) {
	e := newEdge(t)
	slow := httptest.NewUnstartedServer(e.api)
	slow.Config.ReadTimeout = 100 * time.Millisecond
	slow.Start()
	defer slow.Close()
	conn, err := net.Dial("tcp", slow.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := sign(e.post(t, "GetApplication", "{}"), "{}", root)
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 2\r\n", r.Host)
	_ = r.Header.Write(conn)
	fmt.Fprint(conn, "\r\n{")
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, _ := io.ReadAll(conn)
	if !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || !strings.Contains(string(answer), "RequestTimeoutException") {
		t.Errorf("%s", answer)
	}
}
