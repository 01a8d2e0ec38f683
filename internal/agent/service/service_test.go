package service

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnitIsValid: systemd itself reads the unit, and finds nothing.
func TestUnitIsValid(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("the unit is checked by systemd's own program: ", err)
	}
	self, err := os.Executable() // what the unit starts has to be there
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "slipway-agent.service")
	if err := os.WriteFile(file, []byte(Service{Name: Name, Binary: self}.Unit()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), filepath.Base(file)) {
		t.Errorf("systemd says of the unit: %s %v", out, err)
	}
}

// An agent that is stopped for an update ends its event first, and what hooks
// have left running stays.
func TestServicesWaitForEvents(t *testing.T) {
	t.Parallel()
	s := Service{Name: Name, Binary: "/usr/bin/slipway-agent"}
	for _, want := range []string{"\nKillMode=process\n", "\nTimeoutStopSec=7500\n", "\nRestart=always\n"} {
		if !strings.Contains(s.Unit(), want) {
			t.Errorf("the unit lacks %q:\n%s", want, s.Unit())
		}
	}
	if !strings.Contains(s.InitScript(), "[ $waited != 7500 ] || kill -9") {
		t.Errorf("the init script waits for another time:\n%s", s.InitScript())
	}
}
