package haproxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/provider/loadbalancer"
)

const (
	callLimit = 5 * time.Second // for one command
	maxAnswer = 8 << 20         // bytes: the states of some ten thousand servers
)

// process is where one process of HAProxy takes commands.
type process struct{ network, address string }

// processAt reads the path of a socket, or HOST:PORT.
func processAt(at string) (process, bool) {
	if strings.HasPrefix(at, "/") {
		return process{"unix", at}, true
	}
	host, port, err := net.SplitHostPort(at)
	number, numberErr := strconv.ParseUint(port, 10, 16)
	return process{"tcp", at}, err == nil && numberErr == nil && host != "" && number > 0
}

// servers returns the servers of a backend, by name.
func (p process) servers(ctx context.Context, backend string) (map[string]server, error) {
	if !isName(backend) {
		return nil, fmt.Errorf("%q: %w", backend, loadbalancer.ErrNotFound)
	}
	states, err := p.ask(ctx, "show servers state "+backend)
	if err != nil {
		return nil, err
	}
	stats, err := p.ask(ctx, "show stat "+backend+" 4 -1") // 4: of servers; -1: of all
	if err != nil {
		return nil, err
	}
	return parseServers(backend, states, stats)
}

// set changes a server. Its name comes from HAProxy itself.
func (p process) set(ctx context.Context, s server, changes ...string) error {
	commands := make([]string, len(changes))
	for i, change := range changes {
		commands[i] = fmt.Sprintf("set server %s/%s %s", s.backend, s.name, change)
	}
	answer, err := p.ask(ctx, strings.Join(commands, "; "))
	if err == nil && strings.TrimSpace(answer) != "" {
		err = fmt.Errorf("HAProxy refuses %q: %s", commands[0], firstLine(answer))
	}
	return err
}

// ask sends a command and returns the answer. HAProxy closes the connection
// behind it.
func (p process) ask(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, p.network, p.address)
	if err != nil {
		return "", fmt.Errorf("HAProxy cannot be reached: %w", err)
	}
	defer func() { _ = conn.Close() }() // what matters has been read by then
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return "", fmt.Errorf("HAProxy at %s takes no command: %w", p.address, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("HAProxy at %s does not answer: %w", p.address, err)
	}
	return string(answer), fault(string(answer), p.address)
}

// fault recognises the answers that are none.
func fault(answer, address string) error {
	switch line := firstLine(answer); {
	case strings.HasPrefix(line, "Can't find backend"), strings.HasPrefix(line, "No such backend"), strings.HasPrefix(line, "No such proxy"):
		return loadbalancer.ErrNotFound
	case strings.HasPrefix(line, "No such server"):
		return loadbalancer.ErrNoHost
	case strings.HasPrefix(line, "Permission denied"):
		return fmt.Errorf("%w: the socket %s of HAProxy is not one of \"level admin\"", loadbalancer.ErrDenied, address)
	}
	return nil
}

func firstLine(answer string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(answer), "\n")
	return line
}

// isName reports whether HAProxy takes a text as the name of a backend: what
// is none must not become part of a command.
func isName(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") == ""
}
