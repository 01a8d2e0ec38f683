package haproxy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

// server is a server line of a backend, as "show servers state" and "show
// stat" have it.
type server struct {
	backend, name string
	admin         int  // srv_admin_state, a set of bits
	up            bool // it takes traffic, if its admin state lets it
	checked       bool // it has health checks
	failed        bool // the last check failed
	status        string
	sessions      int
	since         time.Duration // the last change of its state
	said          string        // what the last check found
}

// The bits of srv_admin_state. Those that are inherited come from a server that
// this one tracks, or from its address, which cannot be resolved.
const (
	maintForced    = 0x01
	maintInherited = 0x02
	drainForced    = 0x08
	drainInherited = 0x10
	maintResolve   = 0x20
)

// checkEnabled is the bit of srv_check_state that says that checks are made.
const checkEnabled = 0x04

func (s server) maintained() bool { return s.admin&maintForced != 0 }
func (s server) drains() bool     { return s.admin&drainForced != 0 }

// state says where the server is between out and in.
func (s server) state() loadbalancer.State {
	switch {
	case s.maintained():
		return loadbalancer.State{Status: loadbalancer.Absent}
	case s.drains():
		note := "requests under way: " + strconv.Itoa(s.sessions)
		return loadbalancer.State{Status: loadbalancer.Draining, Note: note}
	case s.admin&(maintInherited|drainInherited|maintResolve) != 0:
		return loadbalancer.State{Status: loadbalancer.Unhealthy, Note: s.status}
	case s.up:
		return loadbalancer.State{Status: loadbalancer.Healthy}
	case s.failed:
		return loadbalancer.State{Status: loadbalancer.Unhealthy, Note: strings.TrimSpace(s.status + " " + s.said)}
	}
	return loadbalancer.State{Status: loadbalancer.Initial, Note: s.status}
}

// parseServers reads the servers of a backend from the answers to "show
// servers state" and "show stat".
func parseServers(backend, states, stats string) (map[string]server, error) {
	servers := map[string]server{}
	version, table, _ := strings.Cut(states, "\n")
	if version != "1" { // of the format
		return nil, fmt.Errorf("the answer of HAProxy cannot be read: %q", firstLine(states))
	}
	for _, row := range rows(table, strings.Fields) {
		name := row["srv_name"]
		if name == "" || row["be_name"] != backend {
			continue
		}
		s := server{backend: backend, name: name}
		n := numbers{row: row}
		s.admin = n.of("srv_admin_state")
		s.up = n.of("srv_op_state") == 1 || n.of("srv_op_state") == 2 // starting (slowly) or running
		s.checked = n.of("srv_check_state")&checkEnabled != 0
		s.failed = s.checked && n.of("srv_check_result") == 2
		s.since = time.Duration(n.of("srv_time_since_last_change")) * time.Second
		if n.err != nil {
			return nil, n.err
		}
		servers[name] = s
	}
	for _, row := range rows(stats, func(line string) []string { return strings.Split(line, ",") }) {
		s, there := servers[row["svname"]]
		if !there || row["pxname"] != backend {
			continue
		}
		n := numbers{row: row}
		s.sessions, s.status = n.of("scur"), row["status"]
		if n.err != nil {
			return nil, n.err
		}
		s.said = row["check_status"]
		if last := strings.Trim(row["last_chk"], `"`); last != "" {
			s.said += ": " + last
		}
		servers[s.name] = s
	}
	for _, s := range servers {
		if s.status == "" {
			return nil, fmt.Errorf("the answer of HAProxy has no statistics of the server %q", s.name)
		}
	}
	return servers, nil
}

// rows reads a table whose first line names the columns.
func rows(text string, split func(string) []string) []map[string]string {
	head, body, _ := strings.Cut(text, "\n")
	columns := split(strings.TrimPrefix(head, "# "))
	var out []map[string]string
	for line := range strings.Lines(body) {
		row := map[string]string{}
		for i, cell := range split(strings.TrimRight(line, "\r\n")) {
			if i < len(columns) {
				row[columns[i]] = cell
			}
		}
		out = append(out, row)
	}
	return out
}

// numbers reads the numbers of a row; err is the first that was none.
type numbers struct {
	row map[string]string
	err error
}

func (n *numbers) of(column string) int {
	v, err := strconv.Atoi(n.row[column])
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("the answer of HAProxy has %q for %s", n.row[column], column)
	}
	return v
}
