package local

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestUnzip: what an archive may hold, and what it may not.
func TestUnzip(t *testing.T) {
	t.Parallel()
	entry := func(name string, mode fs.FileMode, text string) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for name, c := range map[string]struct {
		archive []byte
		says    string
	}{
		"a file":              {entry("bootstrap", 0o644, "x"), ""},
		"a file in a folder":  {entry("a/b/c", 0o755, "x"), ""},
		"an absolute name":    {entry("/etc/passwd", 0o644, "x"), "leads out"},
		"a name that climbs":  {entry("../x", 0o644, "x"), "leads out"},
		"one that climbs far": {entry("a/../../x", 0o644, "x"), "leads out"},
		"a backslash":         {entry(`..\x`, 0o644, "x"), "leads out"},
		"a link":              {entry("link", fs.ModeSymlink|0o777, "/etc/passwd"), "neither a file nor a folder"},
		"a device":            {entry("null", fs.ModeDevice|0o666, ""), "neither a file nor a folder"},
		"no archive":          {[]byte("hello"), "Could not unzip"},
		"nothing":             {nil, "Could not unzip"},
		"a name twice":        {zipOf(t, "a", "a"), "file exists"},
		"a file as a folder":  {zipOf(t, "a", "a/b"), "Could not unzip"},
		"the folder itself":   {entry(".", 0o644, "x"), "Could not unzip"},
	} {
		dir := t.TempDir()
		err := unzip(c.archive, dir)
		if c.says == "" && err != nil || c.says != "" && (code(err) != Invalid || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), dir) {
			t.Errorf("%s: the error names the server's folder: %v", name, err)
		}
	}
}

// zipOf is an archive of files with these names, as they are.
func zipOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestBomb: an archive that is small only while it is packed.
func TestBomb(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	zeros := make([]byte, 1<<20)
	for _, name := range []string{"a", "b"} {
		w, err := z.Create(name)
		for range 200 {
			if err == nil {
				_, err = w.Write(zeros)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unzip(out.Bytes(), t.TempDir()); code(err) != Invalid || !strings.Contains(err.Error(), "smaller than") {
		t.Errorf("%d bytes unpack to 400 MiB: %v", out.Len(), err)
	}
}

// TestZip: a folder becomes an archive that is unpacked the same.
func TestZip(t *testing.T) {
	t.Parallel()
	archive, err := Zip(fstest.MapFS{"bootstrap": {Data: []byte("x"), Mode: 0o755}, "lib/a": {Data: []byte("y"), Mode: 0o644}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := unzip(archive, dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "lib", "a"))
	info, statErr := os.Stat(filepath.Join(dir, "bootstrap"))
	if err != nil || statErr != nil || string(text) != "y" || info.Mode()&0o111 == 0 {
		t.Errorf("%q, %v, %v", text, err, info)
	}
}

// FuzzUnzip: nothing is written outside of the folder, and nothing breaks.
func FuzzUnzip(f *testing.F) {
	f.Add(zipOf(f, "bootstrap", "a/b"))
	f.Add(zipOf(f, "../x", "/y"))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		_ = unzip(archive, dir) // most are refused
		entries, err := os.ReadDir(outer)
		if err != nil || len(entries) != 1 {
			t.Errorf("there is more than one folder: %v, %v", entries, err)
		}
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !d.Type().IsRegular() {
				t.Errorf("%s is neither a file nor a folder", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
