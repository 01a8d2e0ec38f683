package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
)

// member is an entry of a test archive.
type member struct {
	name string
	body string
	kind byte // a type of tar; 0 is a file
	link string
	mode int64
}

func makeTar(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{
			Name: m.name, Typeflag: m.kind, Linkname: m.link, Mode: m.mode, Size: int64(len(m.body)),
			ModTime: time.Unix(1_000_000_000, 0), Uid: os.Geteuid(), Gid: os.Getegid(),
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeTgz(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(makeTar(t, members...)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeZip(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		mode := fs.FileMode(m.mode)
		if mode == 0 {
			mode = 0o644
		}
		switch m.kind {
		case tar.TypeSymlink:
			mode |= fs.ModeSymlink
			m.body = m.link
		case tar.TypeChar:
			mode |= fs.ModeDevice | fs.ModeCharDevice
		}
		h.SetMode(mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(m.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack unpacks an archive and returns the folder, which lies alone in
// another one, so that an escape is seen.
func unpack(t testing.TB, archive []byte, kind string, limits bundle.Limits) (dir string, err error) {
	t.Helper()
	base := t.TempDir()
	file := filepath.Join(base, "bundle.tar")
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(base, "deployment-archive")
	err = bundle.Unpack(t.Context(), bundle.Extraction{File: file, Type: kind, Dir: dir, Limits: limits})
	entries, readErr := os.ReadDir(base)
	if readErr != nil {
		t.Fatal(readErr)
	}
	for _, e := range entries {
		if e.Name() != "bundle.tar" && e.Name() != "deployment-archive" {
			t.Errorf("%s was left beside the bundle", e.Name())
		}
	}
	if err != nil && len(entries) != 1 {
		t.Error("a refused bundle left a folder")
	}
	return dir, err
}

// listing describes a folder: "name mode content", links as "name -> target".
func listing(t testing.TB, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		info, err := e.Info()
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			list = append(list, name+"/ "+info.Mode().Perm().String())
		case e.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			list = append(list, name+" -> "+target)
		default:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			list = append(list, name+" "+info.Mode().String()+" "+string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestUnpackKeepsWhatTheArchiveSays(t *testing.T) {
	t.Parallel()
	members := []member{
		{name: "./", kind: tar.TypeDir, mode: 0o755},
		{name: "./appspec.yml", body: "version"},
		{name: "bin/", kind: tar.TypeDir, mode: 0o750},
		{name: "bin/run", body: "x", mode: 0o4755},
		{name: "deep/er/file", body: "y"},
		{name: "bin/link", kind: tar.TypeSymlink, link: "../deep/er/file"},
	}
	want := []string{
		"appspec.yml -rw-r--r-- version",
		"bin/ -rwxr-x---",
		"bin/link -> ../deep/er/file",
		"bin/run -rwxr-xr-x x",
		"deep/ -rwxr-xr-x", "deep/er/ -rwxr-xr-x",
		"deep/er/file -rw-r--r-- y",
	}
	hard := member{name: "hard", kind: tar.TypeLink, link: "bin/run"}
	tests := map[string]struct {
		archive []byte
		kind    string
		want    []string
	}{
		"tar":             {makeTar(t, append(members, hard)...), bundle.Tar, append(want, "hard -rwxr-xr-x x")},
		"tgz":             {makeTgz(t, append(members, hard)...), bundle.Tgz, append(want, "hard -rwxr-xr-x x")},
		"tgz said to tar": {makeTgz(t, append(members, hard)...), bundle.Tar, append(want, "hard -rwxr-xr-x x")},
		"zip":             {makeZip(t, members[1:]...), bundle.Zip, want},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := unpack(t, test.archive, test.kind, bundle.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, listing(t, dir)); diff != "" {
				t.Errorf("unpacked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnpackKeepsTimes(t *testing.T) {
	t.Parallel()
	dir, err := unpack(t, makeTar(t, member{name: "a", body: "a"}), bundle.Tar, bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "a"))
	if err != nil || info.ModTime().Unix() != 1_000_000_000 {
		t.Errorf("time is %v, %v", info.ModTime(), err)
	}
}

func TestUnpackLastOfAnameWins(t *testing.T) {
	t.Parallel()
	dir, err := unpack(t, makeTar(t,
		member{name: "b", body: "victim"},
		member{name: "a", kind: tar.TypeSymlink, link: "b"},
		member{name: "a", body: "file"},
	), bundle.Tar, bundle.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a -rw-r--r-- file", "b -rw-r--r-- victim"}
	if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
		t.Errorf("unpacked (-want +got):\n%s", diff)
	}
}

func TestUnpackStrips(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		members []member
		want    string // the first entry
	}{
		"a folder with an AppSpec":    {[]member{{name: "top/AppSpec.yaml"}, {name: "top/z"}}, "AppSpec.yaml"},
		"a folder without":            {[]member{{name: "top/other"}}, "top"},
		"a folder beside a file":      {[]member{{name: "top/appspec.yml"}, {name: "z"}}, "top"},
		"two levels are one too many": {[]member{{name: "top/mid/appspec.yml"}}, "top"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := unpack(t, makeTar(t, test.members...), bundle.Tar, bundle.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(filepath.Join(dir, test.want)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	long := makeTgz(t, member{name: "a", body: strings.Repeat("some text ", 100_000)})
	tests := map[string]struct {
		archive []byte
		kind    string
		want    string
	}{
		"dots":                     {makeTar(t, member{name: "../evil", body: "x"}), "tar", "would leave the bundle"},
		"dots in the middle":       {makeTar(t, member{name: "a/../../evil", body: "x"}), "tar", "would leave the bundle"},
		"dots in zip":              {makeZip(t, member{name: "../evil", body: "x"}), "zip", "would leave the bundle"},
		"backslash dots in zip":    {dosZip(t, `..\evil`), "zip", "would leave the bundle"},
		"absolute":                 {makeTar(t, member{name: "/tmp/evil", body: "x"}), "tar", "absolute path"},
		"absolute in zip":          {makeZip(t, member{name: "/tmp/evil", body: "x"}), "zip", "absolute path"},
		"link out":                 {makeTar(t, member{name: "l", kind: tar.TypeSymlink, link: "../x"}), "tar", "would leave the bundle"},
		"link out in zip":          {makeZip(t, member{name: "l", kind: tar.TypeSymlink, link: "../x"}), "zip", "would leave the bundle"},
		"absolute link":            {makeTar(t, member{name: "l", kind: tar.TypeSymlink, link: "/etc"}), "tar", "would leave the bundle"},
		"link that climbs later":   {makeTar(t, member{name: "d/l", kind: tar.TypeSymlink, link: "x/../../.."}), "tar", "would leave the bundle"},
		"through a link":           {makeTar(t, member{name: "d/x"}, member{name: "l", kind: tar.TypeSymlink, link: "d"}, member{name: "l/y"}), "tar", "already has a file or link"},
		"out after the strip":      {makeTar(t, member{name: "top/appspec.yml"}, member{name: "top/l", kind: tar.TypeSymlink, link: "../bundle.tar"}), "tar", "would leave the folder"},
		"hard link out":            {makeTar(t, member{name: "h", kind: tar.TypeLink, link: "../../etc/passwd"}), "tar", "would leave the bundle"},
		"absolute hard link":       {makeTar(t, member{name: "h", kind: tar.TypeLink, link: "/etc/passwd"}), "tar", "would leave the bundle"},
		"hard link to a link":      {makeTar(t, member{name: "l", kind: tar.TypeSymlink, link: "x"}, member{name: "h", kind: tar.TypeLink, link: "l"}), "tar", "not a file of the archive"},
		"device":                   {makeTar(t, member{name: "null", kind: tar.TypeChar}), "tar", "device"},
		"device in zip":            {makeZip(t, member{name: "null", kind: tar.TypeChar}), "zip", "device"},
		"pipe":                     {makeTar(t, member{name: "p", kind: tar.TypeFifo}), "tar", "device, pipe"},
		"file over a folder":       {makeTar(t, member{name: "d/x"}, member{name: "d"}), "tar", "already has a folder"},
		"empty zip":                {makeZip(t), "zip", "it is empty"},
		"empty tar":                {makeTar(t), "tar", "it is empty"},
		"no bytes":                 {nil, "tgz", "no bytes"},
		"truncated tgz":            {long[:len(long)/2], "tgz", "truncated"},
		"tgz without its checksum": {long[:len(long)-4], "tgz", "truncated"},
		"truncated tar":            {makeTar(t, member{name: "a", body: strings.Repeat("x", 5000)})[:2000], "tar", "truncated"},
		"truncated zip":            {makeZip(t, member{name: "a", body: "x"})[:20], "zip", "not a zip archive"},
		"zip with a name twice":    {makeZip(t, member{name: "a"}, member{name: "./a"}), "zip", "two entries"},
		"plain tar said to be tgz": {makeTar(t, member{name: "a"}), "tgz", "not compressed with gzip"},
		"zip said to be tar":       {makeZip(t, member{name: "a"}), "tar", "it is a zip archive"},
		"xz":                       {[]byte("\xfd7zXZ\x00..."), "tar", "xz"},
		"garbage":                  {[]byte(strings.Repeat("garbage!", 200)), "tar", "invalid tar header"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unpack(t, test.archive, test.kind, bundle.Limits{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

// dosZip is an archive of one file from a system whose separator is "\".
func dosZip(t *testing.T, name string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: name, CreatorVersion: 20})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnpackIsBounded(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 1<<20)
	bomb := []member{{name: "a", body: zeros}, {name: "b", body: zeros}, {name: "c", body: zeros}, {name: "d", body: zeros}}
	small := bundle.Limits{RatioFloor: 2 << 20}
	tests := map[string]struct {
		archive []byte
		kind    string
		limits  bundle.Limits
	}{
		"ratio of tgz": {makeTgz(t, bomb...), "tgz", small},
		"ratio of zip": {makeZip(t, bomb...), "zip", small},
		"bytes":        {makeTar(t, bomb...), "tar", bundle.Limits{Bytes: 3 << 20}},
		"entries":      {makeTar(t, member{name: "a"}, member{name: "b"}, member{name: "c"}), "tar", bundle.Limits{Entries: 2}},
		"zip entries":  {makeZip(t, member{name: "a"}, member{name: "b"}, member{name: "c"}), "zip", bundle.Limits{Entries: 2}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := unpack(t, test.archive, test.kind, test.limits); !errors.Is(err, bundle.ErrTooLarge) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(makeTar(f, member{name: "a/b", body: "x"}, member{name: "l", kind: tar.TypeSymlink, link: "a"}), 0)
	f.Add(makeTgz(f, member{name: "../b", body: "x"}), 1)
	f.Add(makeZip(f, member{name: "a/b", body: "x"}, member{name: "l", kind: tar.TypeSymlink, link: "a/b"}), 2)
	f.Fuzz(func(t *testing.T, archive []byte, kind int) {
		kinds := []string{bundle.Tar, bundle.Tgz, bundle.Zip}
		dir, err := unpack(t, archive, kinds[uint(kind)%3], bundle.Limits{Entries: 100, Bytes: 1 << 20})
		if err != nil {
			return
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		_ = fs.WalkDir(root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type()&fs.ModeSymlink != 0 {
				if _, err := root.Stat(path); err != nil && strings.Contains(err.Error(), "escapes") {
					t.Errorf("link %s leads outside", path)
				}
			}
			return nil
		})
	})
}
