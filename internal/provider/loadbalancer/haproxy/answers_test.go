package haproxy_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/haproxy"
)

// socket is the runtime API of an HAProxy that answers what the test says.
type socket struct {
	path    string
	mu      sync.Mutex
	answers map[string]string // by the beginning of the command
	changes []string          // what was sent besides questions
}

func listen(t *testing.T, answers map[string]string) *socket {
	dir, err := os.MkdirTemp("", "haproxy-")
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{path: filepath.Join(dir, "s"), answers: answers}
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.Close()
		_ = os.RemoveAll(dir)
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.answer(conn)
		}
	}()
	return s
}

func (s *socket) answer(conn net.Conn) {
	defer conn.Close()
	command, _ := bufio.NewReader(conn).ReadString('\n')
	command = strings.TrimSpace(command)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(command, "show ") {
		s.changes = append(s.changes, command)
	}
	for begins, answer := range s.answers {
		if strings.HasPrefix(command, begins) {
			_, _ = conn.Write([]byte(answer))
		}
	}
}

// states is an answer to "show servers state web" with one server in a state.
func states(operational, admin, sinceChange, result, check string) string {
	return "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
		"srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state\n" +
		"3 web 1 h1 127.0.0.1 " + operational + " " + admin + " 1 1 " + sinceChange + " 15 " + result + " 3 " + check + " 0\n\n"
}

// stats is an answer to "show stat web 4 -1".
func stats(sessions, status, last string) string {
	return "# pxname,svname,qcur,scur,status,check_status,last_chk,\nweb,h1,0," + sessions + "," + status + "," + last + ",\n\n"
}

// TestStates: what HAProxy says of a server, and what is said of the host and
// done about it.
func TestStates(t *testing.T) {
	t.Parallel()
	const (
		drain = "set server web/h1 state drain"
		maint = "set server web/h1 state maint"
		ready = "set server web/h1 state ready"
		back  = drain + "; set server web/h1 health down; " + ready
	)
	for name, c := range map[string]struct {
		states, stats string
		want          loadbalancer.State
		out, in       string // the command of PutOut and PutIn; empty: none
	}{
		"up": {
			states("2", "0", "9", "3", "6"), stats("7", "UP", "L7OK,"), loadbalancer.State{Status: loadbalancer.Healthy}, drain, "",
		},
		"on its way down": {
			states("2", "0", "9", "2", "6"), stats("7", "UP 1/2", "L7STS,500"), loadbalancer.State{Status: loadbalancer.Healthy}, drain, "",
		},
		"starting slowly": {
			states("1", "0", "1", "3", "6"), stats("0", "UP", "L7OK,"), loadbalancer.State{Status: loadbalancer.Healthy}, drain, "",
		},
		"without checks": {
			states("2", "0", "9", "0", "0"), stats("7", "no check", ","), loadbalancer.State{Status: loadbalancer.Healthy}, drain, "",
		},
		"draining": {
			states("2", "8", "9", "3", "6"), stats("2", "DRAIN", "L7OK,"),
			loadbalancer.State{Status: loadbalancer.Draining, Note: "requests under way: 2"},
			"", back,
		},
		"drained": {
			states("2", "8", "9", "3", "6"), stats("0", "DRAIN", "L7OK,"),
			loadbalancer.State{Status: loadbalancer.Draining, Note: "requests under way: 0"},
			maint, back,
		},
		"drained for too long": {
			states("2", "8", "300", "3", "6"), stats("2", "DRAIN", "L7OK,"),
			loadbalancer.State{Status: loadbalancer.Draining, Note: "requests under way: 2"},
			maint, back,
		},
		"out": {
			states("0", "1", "9", "3", "14"), stats("0", "MAINT", ","), loadbalancer.State{Status: loadbalancer.Absent}, "", back,
		},
		"out without checks": {
			states("0", "1", "9", "0", "0"), stats("0", "MAINT", ","), loadbalancer.State{Status: loadbalancer.Absent}, "", ready,
		},
		"out by its configuration": { // disabled
			states("0", "5", "9", "0", "14"), stats("0", "MAINT", ","), loadbalancer.State{Status: loadbalancer.Absent}, "", back,
		},
		"on its way up": {
			states("0", "0", "1", "3", "6"), stats("0", "DOWN 1/2", "L7OK,"),
			loadbalancer.State{Status: loadbalancer.Initial, Note: "DOWN 1/2"},
			drain, "",
		},
		"down": {
			states("0", "0", "9", "2", "6"), stats("0", "DOWN", `L4CON,Connection refused`),
			loadbalancer.State{Status: loadbalancer.Unhealthy, Note: "DOWN L4CON: Connection refused"},
			drain, "",
		},
		"follows another one": {
			states("0", "2", "9", "0", "0"), stats("0", "MAINT (via web/h2)", ","),
			loadbalancer.State{Status: loadbalancer.Unhealthy, Note: "MAINT (via web/h2)"},
			drain, "",
		},
		"has no address": {
			states("0", "32", "9", "0", "0"), stats("0", "MAINT (resolution)", ","),
			loadbalancer.State{Status: loadbalancer.Unhealthy, Note: "MAINT (resolution)"},
			drain, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, map[string]string{"show servers state web": c.states, "show stat web 4 -1": c.stats, "set server": "\n"})
			b := open(t, "haproxy+unix://"+s.path)
			web := loadbalancer.Pool{Name: "web"}
			if got, err := b.State(t.Context(), loadbalancer.Scope{}, web, "h1"); err != nil || got != c.want {
				t.Errorf("it is %+v, %v; want %+v", got, err, c.want)
			}
			for want, put := range map[*string]func(context.Context, loadbalancer.Scope, loadbalancer.Pool, string) error{&c.out: b.PutOut, &c.in: b.PutIn} {
				s.changes = nil
				if err := put(t.Context(), loadbalancer.Scope{}, web, "h1"); err != nil {
					t.Error(err)
				}
				var expected []string
				if *want != "" {
					expected = []string{*want}
				}
				if !slices.Equal(s.changes, expected) {
					t.Errorf("sent %q, want %q", s.changes, expected)
				}
			}
		})
	}
}

// TestAnswers: what HAProxy says when something is wrong.
func TestAnswers(t *testing.T) {
	t.Parallel()
	up, some := states("2", "0", "9", "3", "6"), stats("7", "UP", "L7OK,")
	for name, c := range map[string]struct {
		states, stats, set string
		is                 error
		says               string
	}{
		"no such backend":   {states: "Can't find backend.\n\n", is: loadbalancer.ErrNotFound},
		"no such server":    {states: "1\n# be_id be_name srv_id srv_name\n\n", stats: some, is: loadbalancer.ErrNoHost, says: `the backend "web" has no server "h1"`},
		"server removed":    {states: up, stats: some, set: "No such server.\n\n", is: loadbalancer.ErrNoHost},
		"not admin":         {states: up, stats: some, set: "Permission denied\n\n", is: loadbalancer.ErrDenied, says: `level admin`},
		"refused":           {states: up, stats: some, set: "\ncannot change health on a tracking server.\n\n", says: "cannot change health on a tracking server"},
		"not a number":      {states: states("up", "0", "9", "3", "6"), stats: some, says: `the answer of HAProxy has "up" for srv_op_state`},
		"no sessions":       {states: up, stats: stats("", "UP", "L7OK,"), says: `the answer of HAProxy has "" for scur`},
		"no statistics":     {states: up, stats: "# pxname,svname\n", says: `no statistics of the server "h1"`},
		"another language":  {states: "HTTP/1.1 400 Bad Request\r\n\r\n", says: `cannot be read: "HTTP/1.1 400 Bad Request`},
		"nothing":           {says: `cannot be read: ""`},
		"something unknown": {states: "Unknown command\n", says: `cannot be read: "Unknown command"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, map[string]string{"show servers state": c.states, "show stat": c.stats, "set server": c.set})
			err := open(t, "haproxy+unix://"+s.path).PutOut(t.Context(), loadbalancer.Scope{}, loadbalancer.Pool{Name: "web"}, "h1")
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %v and %q", err, c.is, c.says)
			}
		})
	}
}

// TestOpen: what is wrong with a URL is said without it.
func TestOpen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"haproxy+unix:///run/haproxy.sock":                       "",
		"haproxy+unix:///run/a.sock?also=/run/b.sock&drain=0s":   "",
		"haproxy+tcp://lb1:9999?also=10.0.0.6:9999,[fd00::1]:99": "",
		"haproxy+unix:run/haproxy.sock":                          "the haproxy+unix URL is written like haproxy+unix:///run/haproxy/admin.sock",
		"haproxy+unix://run/haproxy.sock":                        "the haproxy+unix URL is written like",
		"haproxy+tcp://lb1:9999/backend":                         "the haproxy+tcp URL is written like haproxy+tcp://10.0.0.5:9999",
		"haproxy+tcp://ann:s3cret@lb1:9999":                      "the haproxy+tcp URL is written like",
		"haproxy+tcp://lb1":                                      `the haproxy+tcp URL has "lb1", which is neither`,
		"haproxy+tcp://lb1:9999?also=lb2":                        `the haproxy+tcp URL has "lb2", which is neither`,
		"haproxy+tcp://lb1:9999?drain=soon":                      `the haproxy+tcp URL has drain="soon"`,
		"haproxy+tcp://lb1:9999?drain=-1s":                       `the haproxy+tcp URL has drain="-1s"`,
		"haproxy+tcp://lb1:9999?backend=web":                     `the haproxy+tcp URL has an unknown parameter "backend"`,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = haproxy.Open(t.Context(), u)
		if (want == "") != (err == nil) || err != nil && (!strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
