package seal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/slipwayhq/slipway/internal/seal"
)

func TestRoundTrip(t *testing.T) {
	box := seal.NewBox(seal.NewKey())
	rapid.Check(t, func(t *rapid.T) {
		name, secret := rapid.String().Draw(t, "name"), rapid.String().Draw(t, "secret")
		sealed := box.Seal(name, secret)
		if got, err := box.Open(name, sealed); err != nil || got != secret {
			t.Fatalf("%q %v", got, err)
		}
		if len(secret) > 3 && strings.Contains(sealed, secret) {
			t.Fatalf("%q shows %q", sealed, secret)
		}
		if box.Seal(name, secret) == sealed {
			t.Fatal("the same secret looks the same")
		}
	})
}

func TestOnlyWhatWasSealedOpens(t *testing.T) {
	key := seal.NewKey()
	box := seal.NewBox(key)
	sealed := box.Seal("a", "secret")
	for what, open := range map[string]func() (string, error){
		"another name":    func() (string, error) { return box.Open("b", sealed) },
		"another key":     func() (string, error) { return seal.NewBox(seal.NewKey()).Open("a", sealed) },
		"another purpose": func() (string, error) { return box.For("x").Open("a", sealed) },
		"plain text":      func() (string, error) { return box.Open("a", "secret") },
		"nothing":         func() (string, error) { return box.Open("a", "") },
		"no content":      func() (string, error) { return box.Open("a", "v1.") },
		"cut off":         func() (string, error) { return box.Open("a", sealed[:len(sealed)-1]) },
		"longer":          func() (string, error) { return box.Open("a", sealed+"A") },
	} {
		if got, err := open(); !errors.Is(err, seal.ErrNotSealed) || got != "" || strings.Contains(err.Error(), "v1.") {
			t.Errorf("%s: %q %v", what, got, err)
		}
	}
	for i := range len(sealed) {
		changed := []byte(sealed)
		changed[i] ^= 1
		if _, err := box.Open("a", string(changed)); err == nil {
			t.Errorf("opens with byte %d changed", i)
		}
	}
	if got, err := seal.NewBox(key).For("x").Open("a", box.For("x").Seal("a", "s")); err != nil || got != "s" {
		t.Error("a derived box is not the same after a restart:", err)
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.key")
	if _, err := seal.ReadKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	made, err := seal.CreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := seal.ReadKey(path); err != nil || read != made {
		t.Error("another key was read:", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if found, _ := os.ReadDir(dir); len(found) != 1 {
		t.Error("it left something behind:", found)
	}
	for _, text := range []string{"", "hello", strings.Repeat("0", 63), strings.Repeat("0", 66), "deadbeef" + strings.Repeat("x", 56)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := seal.ReadKey(path)
		if err == nil || !strings.Contains(err.Error(), "64 hexadecimal digits") || strings.Contains(err.Error(), "deadbeef") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKeyStaysSecret(t *testing.T) {
	key := seal.NewKey()
	if text := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(text, fmt.Sprint(key[0])+" ") || !strings.Contains(text, "[secret]") {
		t.Error(text)
	}
}

func FuzzOpen(f *testing.F) {
	box := seal.NewBox(seal.NewKey())
	f.Add("a", box.Seal("b", "c"))
	f.Add("a", "v1.AAAA")
	f.Fuzz(func(t *testing.T, name, sealed string) {
		if got, err := box.Open(name, sealed); err == nil {
			t.Errorf("opened %q", got)
		}
	})
}
