// Package test runs the programs as their users do: as processes on 127.0.0.1,
// with real requests, real scripts and real signals. What it shows is in the
// names of its tests. The walk-through with the aws command line is behind the
// build tag "scripts", because it needs that command and takes a minute.
package test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The programs, compiled once. With -race they are compiled with -race too,
// and a data race in them fails the test that met it.
var slipway, slipwayAgent string

func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		function() // the test program is the functions of lambda_test.go too
		return
	}
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "slipway-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the temporary folder is swept in the end
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator))
	if raceEnabled {
		build.Args = append(build.Args, "-race")
	}
	build.Args = append(build.Args, "../cmd/slipway", "../cmd/slipway-agent")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "cannot build the programs:", err)
		return 1
	}
	slipway, slipwayAgent = filepath.Join(dir, "slipway"), filepath.Join(dir, "slipway-agent")
	return m.Run()
}
