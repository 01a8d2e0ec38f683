package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func (l *pool) processes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// TestWarm: invocations one after the other need one process, and it ends when
// nobody needs it.
func TestWarm(t *testing.T) {
	t.Parallel()
	f := open(t, Options{Idle: 100 * time.Millisecond})
	create(t, f, "fn", 1, nil)
	for range 20 {
		if out := call(t, f, "fn", "1", order{}); out.Failed {
			t.Fatalf("%s", out.Payload)
		}
	}
	if log, err := f.Log(Request{Namespace: ns, Function: "fn"}, "1", maxLog); err != nil || bytes.Count(log, []byte("START")) != 20 {
		t.Errorf("the log: %v\n%s", err, log)
	}
	eventually(t, "the process has ended", func() bool { return f.pool.processes() == 0 })
	if left, _ := os.ReadDir(f.path(scratchDir)); len(left) != 0 {
		t.Errorf("%d scratch folders are left", len(left))
	}
}

// TestMakesRoom: a process that waits gives way to one that is needed.
func TestMakesRoom(t *testing.T) {
	t.Parallel()
	f := open(t, Options{Processes: 2})
	for _, name := range []string{"a", "b", "c", "d"} {
		create(t, f, name, 0, nil)
		if out := call(t, f, name, "", order{}); out.Failed {
			t.Fatalf("%s: %s", name, out.Payload)
		}
	}
	eventually(t, "two are left", func() bool { return f.pool.processes() == 2 })
}

// TestUpdateReplaces: $LATEST is what it was changed to, at once.
func TestUpdateReplaces(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	create(t, f, "fn", 0, nil)
	for _, want := range []string{"x", "y", "z"} {
		if _, err := f.UpdateConfig(ns, "fn", "", func(c *Config) { c.Environment = map[string]string{"TEST_X": want} }); err != nil {
			t.Fatal(err)
		}
		if out := call(t, f, "fn", "", order{Getenv: "TEST_X"}); string(out.Payload) != `"`+want+`"` {
			t.Errorf("%s, want %s", out.Payload, want)
		}
	}
}

// TestBadPrograms: what cannot run says why.
func TestBadPrograms(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	for name, c := range map[string]struct {
		archive []byte
		env     map[string]string
		says    string
	}{
		"no bootstrap":    {archive(t, map[string]string{"main": "x"}), nil, "cannot run bootstrap: no such file"},
		"no program":      {archive(t, map[string]string{"bootstrap": "hello"}), nil, "cannot run bootstrap: exec format error"},
		"ends at once":    {archive(t, map[string]string{"bootstrap": "#!/bin/sh\nexit 7\n"}), nil, "exit status 7"},
		"fails to begin":  {self(t, ""), map[string]string{"TEST_INIT_FAILS": "no configuration"}, `"errorMessage":"no configuration"`},
		"no interpreter":  {archive(t, map[string]string{"bootstrap": "#!/nowhere\n"}), nil, "cannot run bootstrap"},
		"folder as a bin": {archive(t, map[string]string{"bootstrap/x": ""}), nil, "cannot run bootstrap"},
	} {
		c, fn := c, strings.ReplaceAll(name, " ", "-")
		config := provided
		config.Environment = c.env
		if _, err := f.Create(ns, fn, config, c.archive, false); err != nil {
			t.Fatal(name, err)
		}
		for range 2 { // the second time is no other
			out := call(t, f, fn, "", order{})
			if !out.Failed || !strings.Contains(string(out.Payload), c.says) || !json.Valid(out.Payload) {
				t.Errorf("%s: %s, want %s", name, out.Payload, c.says)
			}
		}
	}
	eventually(t, "no process is left", func() bool { return f.pool.processes() == 0 })
}

// TestInterpreters: handlers in Node.js and Python, where those are installed.
func TestInterpreters(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	const answer = `{"event":{"a":[1,"ä"]},"version":"$LATEST","arn":"arn:aws:lambda:eu-west-1:111122223333:function:%s","left":true}`
	for name, c := range map[string]struct {
		program, runtime, handler string
		files                     map[string]string
		says                      string // instead of the answer
	}{
		"node module": {"node", "nodejs22.x", "index.handler", map[string]string{"index.mjs": `
			export const handler = async (event, c) => ({ event, version: c.functionVersion, arn: c.invokedFunctionArn, left: c.getRemainingTimeInMillis() > 0 });`}, ""},
		"node commonjs with callback": {"node", "nodejs22.x", "src/app.go.on", map[string]string{"src/app.js": `
			exports.go = { on: (event, c, done) => setTimeout(() =>
				done(null, { event, version: c.functionVersion, arn: c.invokedFunctionArn, left: true }), 5) };`}, ""},
		"node error":      {"node", "nodejs22.x", "index.handler", map[string]string{"index.mjs": `export const handler = () => { throw new TypeError('as told'); };`}, `"errorType":"TypeError","errorMessage":"as told"`},
		"node no file":    {"node", "nodejs22.x", "index.handler", map[string]string{"x": ""}, "there is no file index.js"},
		"node no handler": {"node", "nodejs22.x", "index.nobody", map[string]string{"index.mjs": ""}, "exports no function nobody"},
		"python": {"python3", "python3.12", "src/app.handler", map[string]string{"src/app.py": "def handler(event, c):\n" +
			"    return {'event': event, 'version': c.function_version, 'arn': c.invoked_function_arn, 'left': c.get_remaining_time_in_millis() > 0}\n"}, ""},
		"python error":      {"python3", "python3.12", "app.handler", map[string]string{"app.py": "def handler(event, c):\n    raise KeyError('as told')\n"}, `"errorType": "KeyError"`},
		"python no handler": {"python3", "python3.12", "app.nobody", map[string]string{"app.py": ""}, "nobody"},
		"python broken":     {"python3", "python3.12", "app.handler", map[string]string{"app.py": "def"}, "SyntaxError"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(c.program); err != nil {
				t.Skip(c.program, " is not installed")
			}
			fn := strings.ReplaceAll(name, " ", "-")
			config := Config{Runtime: c.runtime, Handler: c.handler, Role: provided.Role, Timeout: 60}
			if _, err := f.Create(ns, fn, config, archive(t, c.files), false); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				out, err := f.Call(t.Context(), Request{Namespace: ns, Function: fn, Payload: []byte(`{"a":[1,"ä"]}`)})
				if err != nil {
					t.Fatal(err)
				}
				if c.says != "" {
					if !out.Failed || !strings.Contains(string(out.Payload), c.says) {
						t.Errorf("%s, want %s", out.Payload, c.says)
					}
					continue
				}
				var got, want any
				if json.Unmarshal(out.Payload, &got) != nil || json.Unmarshal(fmt.Appendf(nil, answer, fn), &want) != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s, want %s", out.Payload, fmt.Sprintf(answer, fn))
				}
			}
		})
	}
}

// TestLogs: what a function prints is in its log and in its caller's hands,
// and never takes more room than it may.
func TestLogs(t *testing.T) {
	t.Parallel()
	f := open(t, Options{})
	create(t, f, "fn", 1, nil)
	out := call(t, f, "fn", "1", order{Print: "hello"})
	for _, want := range []string{"START RequestId: ", "hello\n", "REPORT RequestId: "} {
		if !strings.Contains(string(out.Log), want) && want != "hello\n" { // which may come later than the answer
			t.Errorf("the caller sees %q, without %q", out.Log, want)
		}
	}
	long := strings.Repeat("x", 200_000)
	for range 15 {
		if out := call(t, f, "fn", "1", order{Print: long}); out.Failed || len(out.Log) > maxTail {
			t.Fatalf("%d bytes, %.200s", len(out.Log), out.Payload)
		}
	}
	var size int64
	logs, _ := filepath.Glob(filepath.Join(f.path(logsDir), ns.Account, ns.Region, "fn", "*"))
	for _, path := range logs {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if len(logs) != 2 || size > 2*maxLog {
		t.Errorf("%d files with %d bytes", len(logs), size)
	}
	if _, err := f.Log(Request{Namespace: ns, Function: "fn"}, "../1", 10); code(err) != Invalid {
		t.Errorf("the log of no version: %v", err)
	}
}

// TestOrphans: what an earlier server left running is killed by the next one,
// however it hides.
func TestOrphans(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other processes can be looked into on Linux only")
	}
	dir := t.TempDir()
	left := exec.Command("sleep", "600")
	left.SysProcAttr = groupOfItsOwn()
	left.Env = []string{marker(dir)}
	other := exec.Command("sleep", "600")
	other.SysProcAttr = groupOfItsOwn()
	other.Env = []string{marker(dir + "-other")}
	for _, cmd := range []*exec.Cmd{left, other} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill() // it may have ended
			_ = cmd.Wait()
		})
	}
	open(t, Options{Dir: dir})
	eventually(t, "the orphan is gone", func() bool { return !alive(left.Process.Pid) })
	if !alive(other.Process.Pid) {
		t.Error("the process of another server was killed")
	}
}

// TestClose: nothing runs after it.
func TestClose(t *testing.T) {
	t.Parallel()
	f, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	create(t, f, "fn", 0, nil)
	pids := filepath.Join(t.TempDir(), "pids")
	call(t, f, "fn", "", order{Child: pids})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var parent, child int
	text, _ := os.ReadFile(pids)
	if n, _ := fmt.Sscan(string(text), &parent, &child); n != 2 {
		t.Fatalf("the function wrote %q", text)
	}
	eventually(t, "the function and its child are gone", func() bool { return !alive(parent) && !alive(child) })
	if _, err := f.Call(t.Context(), Request{Namespace: ns, Function: "fn"}); !errors.Is(err, errClosed) {
		t.Errorf("an invocation after it: %v", err)
	}
}

// FuzzRuntimeAPI: whatever a program sends, it is answered, and an invocation
// comes to one end at most.
func FuzzRuntimeAPI(f *testing.F) {
	const root = "/2018-06-01/runtime/"
	f.Add("POST", root+"invocation/id/response", []byte(`"x"`))
	f.Add("POST", root+"invocation/other/error", []byte(`{`))
	f.Add("POST", root+"init/error", []byte(`{"errorType":"x"}`))
	f.Add("GET", root+"invocation/../x", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		if strings.HasSuffix(path, "next") {
			return // which waits
		}
		r, err := http.NewRequest(method, "http://127.0.0.1/", bytes.NewReader(body))
		if err != nil {
			return
		}
		r.URL.Path = path
		inv := newInvocation(Request{Namespace: ns, Function: "fn"})
		inv.id = "id"
		p := &process{current: inv, ended: make(chan struct{}), work: make(chan *invocation)}
		api := p.runtimeAPI()
		for range 2 {
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Errorf("%d for %s %s", w.Code, method, path)
			}
		}
		if len(inv.result) == 1 && p.current != nil {
			t.Error("the invocation has ended, and the process is still at it")
		}
	})
}

// BenchmarkWarm is an invocation of a process that waits for it.
func BenchmarkWarm(b *testing.B) {
	f := open(b, Options{})
	create(b, f, "fn", 1, nil)
	r := Request{Namespace: ns, Function: "fn", Qualifier: "1"}
	for b.Loop() {
		if out, err := f.Call(b.Context(), r); err != nil || out.Failed {
			b.Fatal(err, out)
		}
	}
}
