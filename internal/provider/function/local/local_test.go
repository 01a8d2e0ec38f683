package local

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// TestMain lets the test program be the bootstrap of functions.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		bootstrap()
		return
	}
	os.Exit(m.Run())
}

// order is what an event asks the test's function to do.
type order struct {
	Return  json.RawMessage `json:",omitempty"` // answer with this
	Fail    string          // answer with this error
	Exit    int             // end instead
	Sleep   time.Duration   // before all else
	Append  string          // write a line to the file TEST_FILE
	FailTil int             // fail until TEST_FILE has so many lines
	Print   string
	Child   string // start a process that outlives this one, and write down its number here
	Large   int    // answer with so many bytes
	Getenv  string // answer with the value of a variable
}

// bootstrap is a function in Go, without a library: it asks, does as it is
// told, and answers, by default with its version.
func bootstrap() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	if why := os.Getenv("TEST_INIT_FAILS"); why != "" {
		post(api+"init/error", fmt.Sprintf(`{"errorType":"Init","errorMessage":%q}`, why))
		os.Exit(1)
	}
	for {
		res, err := http.Get(api + "invocation/next")
		if err != nil {
			os.Exit(1)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		what, answer := obey(body)
		post(api+"invocation/"+res.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/"+what, answer)
	}
}

func post(url, body string) {
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

func obey(body []byte) (what, answer string) {
	var o order
	if err := json.Unmarshal(body, &o); err != nil {
		return "error", fmt.Sprintf(`{"errorType":"BadOrder","errorMessage":%q}`, err.Error())
	}
	if o.Append != "" {
		file, _ := os.OpenFile(os.Getenv("TEST_FILE"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		fmt.Fprintln(file, o.Append)
		file.Close()
	}
	if o.Child != "" {
		child := exec.Command("sleep", "600")
		_ = child.Start()
		_ = os.WriteFile(o.Child, []byte(strconv.Itoa(os.Getpid())+" "+strconv.Itoa(child.Process.Pid)), 0o600)
	}
	if o.Print != "" {
		fmt.Println(o.Print)
	}
	time.Sleep(o.Sleep)
	if o.Exit != 0 {
		os.Exit(o.Exit)
	}
	if lines, _ := os.ReadFile(os.Getenv("TEST_FILE")); o.FailTil > bytes.Count(lines, []byte("\n")) {
		return "error", `{"errorType":"Early","errorMessage":"not yet"}`
	}
	switch {
	case o.Fail != "":
		return "error", fmt.Sprintf(`{"errorType":"Told","errorMessage":%q}`, o.Fail)
	case o.Return != nil:
		return "response", string(o.Return)
	case o.Large > 0:
		return "response", `"` + strings.Repeat("x", o.Large) + `"`
	case o.Getenv != "":
		return "response", strconv.Quote(os.Getenv(o.Getenv))
	}
	return "response", strconv.Quote(os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"))
}

var (
	ns    = deploy.Namespace{Account: "111122223333", Region: "eu-west-1"}
	scope = function.Scope{Namespace: ns}
)

// self is an archive whose bootstrap is the test program; note makes it
// another one.
func self(t testing.TB, note string) []byte {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return archive(t, map[string]string{"bootstrap": "#!/bin/sh\nexec " + program + "\n", "note": note})
}

func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// open opens functions in a folder, and runs their queue until the test ends.
func open(t testing.TB, o Options) *Functions {
	t.Helper()
	o.Dir = cmp.Or(o.Dir, t.TempDir())
	f, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

var provided = Config{Runtime: "provided.al2023", Handler: "x", Role: "arn:aws:iam::111122223333:role/f", Timeout: 20}

// create makes a function with versions 1 to n.
func create(t testing.TB, f *Functions, name string, n int, env map[string]string) {
	t.Helper()
	c := provided
	c.Environment = env
	_, err := f.Create(ns, name, c, self(t, "1"), n > 0)
	for i := 2; err == nil && i <= n; i++ {
		_, err = f.UpdateCode(ns, name, "", self(t, strconv.Itoa(i)), true)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func call(t testing.TB, f *Functions, name, qualifier string, o order) Result {
	t.Helper()
	payload, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.Call(t.Context(), Request{Namespace: ns, Function: name, Qualifier: qualifier, Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, ok := strings.Cut(string(stat), ") ")
	return err == nil && ok && !strings.HasPrefix(state, "Z")
}

// TestInvoke: what can come of an invocation.
func TestInvoke(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	create(t, f, "fn", 2, nil)
	for name, c := range map[string]struct {
		qualifier string
		order     order
		failed    bool
		payload   string // part of it
	}{
		"the version answers":      {"2", order{}, false, `"2"`},
		"no qualifier is $LATEST":  {"", order{}, false, `"$LATEST"`},
		"a value":                  {"1", order{Return: []byte(`{"a":[1]}`)}, false, `{"a":[1]}`},
		"an error":                 {"1", order{Fail: "no stock"}, true, `{"errorType":"Told","errorMessage":"no stock"}`},
		"the program ends":         {"1", order{Exit: 3}, true, `Runtime exited with error: exit status 3`},
		"an answer too large":      {"1", order{Large: MaxPayload}, true, "Function.ResponseSizeTooLarge"},
		"a scratch folder":         {"1", order{Getenv: "TMPDIR"}, false, "/scratch/"},
		"nothing of the server's":  {"1", order{Getenv: "GOFLAGS"}, false, `""`},
		"the handler":              {"1", order{Getenv: "_HANDLER"}, false, `"x"`},
		"the memory":               {"1", order{Getenv: "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}, false, `"128"`},
		"the region":               {"1", order{Getenv: "AWS_REGION"}, false, `"eu-west-1"`},
		"a large answer that fits": {"1", order{Large: MaxPayload - 2}, false, "xxxx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := call(t, f, "fn", c.qualifier, c.order)
			if out.Failed != c.failed || !bytes.Contains(out.Payload, []byte(c.payload)) {
				t.Errorf("failed %v, %.300s, want %v, %s", out.Failed, out.Payload, c.failed, c.payload)
			}
		})
	}
}

// TestTimeout: a function that takes too long is killed with all that it
// started.
func TestTimeout(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	c := provided
	c.Timeout = 1
	if _, err := f.Create(ns, "fn", c, self(t, ""), false); err != nil {
		t.Fatal(err)
	}
	pids := filepath.Join(t.TempDir(), "pids")
	out := call(t, f, "fn", "", order{Child: pids, Sleep: time.Minute})
	if !out.Failed || !strings.Contains(string(out.Payload), "Task timed out after 1.00 seconds") {
		t.Errorf("%+v", out)
	}
	var parent, child int
	text, _ := os.ReadFile(pids)
	if n, _ := fmt.Sscan(string(text), &parent, &child); n != 2 {
		t.Fatalf("the function wrote %q", text)
	}
	eventually(t, "the function and its child are gone", func() bool { return !alive(parent) && !alive(child) })
	if out := call(t, f, "fn", "", order{}); out.Failed {
		t.Errorf("the next invocation: %s", out.Payload)
	}
}

// TestConcurrency: what comes on top of a function's limit is refused, and
// nothing else is.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	f := open(t, Options{Concurrency: 2})
	create(t, f, "fn", 0, nil)
	create(t, f, "other", 0, nil)
	done := make(chan Result, 2)
	for range 2 {
		go func() {
			out, _ := f.Call(t.Context(), Request{Namespace: ns, Function: "fn", Payload: []byte(`{"Sleep":1000000000}`)})
			done <- out
		}()
	}
	eventually(t, "two are under way", func() bool {
		f.pool.mu.Lock()
		defer f.pool.mu.Unlock()
		return f.pool.busy[key{ns, "fn"}] == 2
	})
	_, err := f.Call(t.Context(), Request{Namespace: ns, Function: "fn"})
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != Throttled || !errors.Is(err, function.ErrThrottled) {
		t.Errorf("the third is answered %v", err)
	}
	if out := call(t, f, "other", "", order{}); out.Failed {
		t.Errorf("another function: %s", out.Payload)
	}
	for range 2 {
		if out := <-done; out.Failed || out.Version != Latest {
			t.Errorf("%+v", out)
		}
	}
}
