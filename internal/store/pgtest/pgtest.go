// Package pgtest starts PostgreSQL for tests: a cluster of its own in a
// temporary folder, reached by a socket in it, gone with the test.
package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a running PostgreSQL.
type Cluster struct {
	dir       string
	postgres  string // the program
	owner     *syscall.Credential
	settings  []string
	server    *exec.Cmd
	log       bytes.Buffer
	databases atomic.Int32
}

// Start starts a cluster that stops when the test ends. Where there is no
// PostgreSQL the test is skipped; with SLIPWAY_REQUIRE_POSTGRES set, as in CI,
// it fails. Settings are as in postgresql.conf (fsync=off).
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	bin := find(t)
	dir, err := os.MkdirTemp("/tmp", "slipway-pg-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // the temporary folder is swept in the end
	c := &Cluster{dir: dir, postgres: filepath.Join(bin, "postgres"), settings: settings}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		c.owner = nobody(t)
		if err := os.Chown(dir, int(c.owner.Uid), int(c.owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	initdb := c.command(filepath.Join(bin, "initdb"), "-D", c.data(), "-U", "slipway", "-A", "trust", "-E", "UTF8",
		"--locale=C.UTF-8", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.Up(t)
	t.Cleanup(func() {
		c.Down(t)
		if t.Failed() {
			const most = 4000
			t.Logf("PostgreSQL's log:\n%s", c.log.Bytes()[max(0, c.log.Len()-most):])
		}
	})
	return c
}

// find returns the folder of PostgreSQL's programs: Debian does not put them
// into the path.
func find(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	if len(found) == 0 {
		const reason = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
		if os.Getenv("SLIPWAY_REQUIRE_POSTGRES") != "" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return filepath.Dir(slices.Max(found))
}

func nobody(t testing.TB) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		t.Fatalf("the user nobody has the ids %q and %q", u.Uid, u.Gid)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), name, args...) // it is stopped by its own signal
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner, Setpgid: true, Pdeathsig: syscall.SIGINT}
	return cmd
}

// Up starts the server and waits until it answers.
func (c *Cluster) Up(t testing.TB) {
	t.Helper()
	args := []string{"-D", c.data(), "-k", c.dir, "-c", "listen_addresses="}
	for _, s := range c.settings {
		args = append(args, "-c", s)
	}
	c.server = c.command(c.postgres, args...)
	c.server.Stdout, c.server.Stderr = &c.log, &c.log
	if err := c.server.Start(); err != nil {
		t.Fatal(err)
	}
	const limit = 30 * time.Second
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		err := c.execute("postgres", "SELECT 1")
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.Down(t)
			t.Fatalf("PostgreSQL does not answer: %v\n%s", err, c.log.Bytes())
		}
	}
}

// Down stops the server at once, as a crash does: connections break, and the
// next start recovers.
func (c *Cluster) Down(t testing.TB) {
	t.Helper()
	if c.server == nil {
		return
	}
	if err := c.server.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Error(err)
	}
	_ = c.server.Wait() // an immediate stop is no good end
	c.server = nil
}

// Database makes an empty database and returns its URL. Options are those of
// CREATE DATABASE.
func (c *Cluster) Database(t testing.TB, options ...string) string {
	t.Helper()
	name := fmt.Sprintf("test%d", c.databases.Add(1))
	if err := c.execute("postgres", strings.Join(append([]string{"CREATE DATABASE", name}, options...), " ")); err != nil {
		t.Fatal(err)
	}
	return c.url(name)
}

func (c *Cluster) url(database string) string {
	u := url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: url.Values{"host": {c.dir}, "user": {"slipway"}}.Encode()}
	return u.String()
}

func (c *Cluster) execute(database, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only used
	_, err = conn.Exec(ctx, statement)
	return err
}
