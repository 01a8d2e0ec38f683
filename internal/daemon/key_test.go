package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeyIsMadeOnceAndMissed(t *testing.T) {
	start := func(c Config) error {
		t.Helper()
		c.Listen = "127.0.0.1:0"
		d, err := Start(t.Context(), c)
		if err != nil {
			return err
		}
		return d.Stop(t.Context())
	}
	data := t.TempDir()
	if err := start(Config{Data: data}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(data, keyFile)
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}
	if err := start(Config{Data: data}); err != nil {
		t.Error("the second start:", err)
	}

	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	refused := func(what, want string, c Config) {
		t.Helper()
		if err := start(c); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), string(first[:8])) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("without its key", "is missing, and the secrets in", Config{Data: data})
	if _, err := os.Stat(path); err == nil {
		t.Error("a new key was made for old data")
	}
	refused("a file that is not there", "there is no key file", Config{Data: data, KeyFile: path + ".none"})
	other := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(other, []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("another key", "sealed with another key", Config{Data: data, KeyFile: other})
	if err := start(Config{Data: data, KeyFile: path + ".away"}); err != nil {
		t.Error("its key from elsewhere:", err)
	}
	if err := start(Config{Data: t.TempDir(), KeyFile: other}); err != nil {
		t.Error("new data with a given key:", err)
	}
}
