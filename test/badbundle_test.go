package test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"
)

// entry is one entry of an archive: a file, unless it links to something.
type entry struct {
	name    string
	content string
	symlink string
	hard    string
}

// goodAppSpec is in each of the bad bundles: it is not what is wrong.
var goodAppSpec = entry{name: "appspec.yml", content: "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: web\n"}

// archives makes archives of each type.
var archives = map[string]func(testing.TB, []entry) []byte{
	"tar": tarOf,
	"tgz": func(t testing.TB, entries []entry) []byte {
		var out bytes.Buffer
		gz := gzip.NewWriter(&out)
		must(gz.Write(tarOf(t, entries)))
		check(t, gz.Close())
		return out.Bytes()
	},
	"zip": zipOf,
}

func tarOf(t testing.TB, entries []entry) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Typeflag: tar.TypeReg, Size: int64(len(e.content))}
		switch {
		case e.symlink != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.symlink
		case e.hard != "":
			h.Typeflag, h.Linkname = tar.TypeLink, e.hard
		}
		check(t, w.WriteHeader(h))
		must(io.WriteString(w, e.content))
	}
	check(t, w.Close())
	return out.Bytes()
}

func zipOf(t testing.TB, entries []entry) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o644)
		if e.symlink != "" {
			h.SetMode(fs.ModeSymlink | 0o777)
			e.content = e.symlink
		}
		f := must(w.CreateHeader(h))
		must(io.WriteString(f, e.content))
	}
	check(t, w.Close())
	return out.Bytes()
}

// The bombs are a gigabyte of zeros. Compressing a megabyte once is enough:
// what it compresses to may be repeated.
const (
	bombSize  = 1 << 30
	bombPiece = 1 << 20
)

// gzipBomb is a tar archive with one big file, compressed in pieces: a gzip
// stream may have many members.
func gzipBomb(t testing.TB) []byte {
	compressed := func(text []byte) []byte {
		var out bytes.Buffer
		gz := gzip.NewWriter(&out)
		must(gz.Write(text))
		check(t, gz.Close())
		return out.Bytes()
	}
	head := tarOf(t, []entry{goodAppSpec})
	head = head[:len(head)-1024] // without the archive's end
	var header bytes.Buffer
	check(t, tar.NewWriter(&header).WriteHeader(&tar.Header{Name: "zeros", Mode: 0o644, Typeflag: tar.TypeReg, Size: bombSize}))
	return slices.Concat(
		compressed(append(head, header.Bytes()...)),
		bytes.Repeat(compressed(make([]byte, bombPiece)), bombSize/bombPiece),
		compressed(make([]byte, 1024)))
}

// zipBomb is a zip archive with one big file. declared is what it says of its
// size.
func zipBomb(t testing.TB, declared uint64) []byte {
	zeros := make([]byte, bombPiece)
	var piece, end bytes.Buffer
	w := must(flate.NewWriter(&piece, flate.BestSpeed))
	must(w.Write(zeros))
	check(t, w.Flush()) // ends at a byte; the pieces refer to zeros only
	check(t, must(flate.NewWriter(&end, flate.BestSpeed)).Close())
	body := append(bytes.Repeat(piece.Bytes(), bombSize/bombPiece), end.Bytes()...)
	sum := uint32(0)
	for range bombSize / bombPiece {
		sum = crc32.Update(sum, crc32.IEEETable, zeros)
	}

	var out bytes.Buffer
	z := zip.NewWriter(&out)
	must(io.WriteString(must(z.Create(goodAppSpec.name)), goodAppSpec.content))
	f := must(z.CreateRaw(&zip.FileHeader{
		Name: "zeros", Method: zip.Deflate, CRC32: sum,
		CompressedSize64: uint64(len(body)), UncompressedSize64: declared,
	}))
	must(f.Write(body))
	check(t, z.Close())
	return out.Bytes()
}

// TestBadBundles deploys archives that would write outside of their folder or
// fill the disk. Each is a failed DownloadBundle that says why.
func TestBadBundles(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.define(t, "fleet", "CodeDeployDefault.AllAtOnce")
	h := s.addHost(t, "host-1", "fleet")
	outside := t.TempDir() // what the bundles try to write to
	write(t, filepath.Join(outside, "kept"), "untouched\n")
	climb := strings.Repeat("../", 30)

	type bad struct {
		name  string
		types string
		make  func(kind string) []byte
		want  string // in the event's message
	}
	of := func(entries ...entry) func(string) []byte {
		return func(kind string) []byte { return archives[kind](t, append([]entry{goodAppSpec}, entries...)) }
	}
	const all = "tar tgz zip"
	for _, c := range []bad{
		{"climbing", all, of(entry{name: climb + outside[1:] + "/evil", content: "evil"}), `would leave the bundle`},
		{"climbing inside", all, of(entry{name: "a/../../evil", content: "evil"}), `would leave the bundle`},
		{"absolute", all, of(entry{name: outside + "/evil", content: "evil"}), `absolute path`},
		{"absolute link", all, of(entry{name: "link", symlink: outside}), `would leave the bundle`},
		{"climbing link", all, of(entry{name: "link", symlink: climb + outside[1:]}), `would leave the bundle`},
		{"file through a link", all, of(entry{name: "link", symlink: outside}, entry{name: "link/evil", content: "evil"}), `would leave the bundle`},
		{"file through a link inside", all, of(entry{name: "a/x"}, entry{name: "link", symlink: "a"}, entry{name: "link/evil", content: "evil"}), `already has a file or link`},
		{"chain of links", all, of(entry{name: "a/b/c/x"}, entry{name: "one", symlink: "a/b/c"}, entry{name: "two", symlink: "one/../../../.."}), `would leave the bundle`},
		{"absolute hard link", "tar tgz", of(entry{name: "link", hard: outside + "/kept"}), `would leave the bundle`},
		{"climbing hard link", "tar tgz", of(entry{name: "link", hard: climb + outside[1:] + "/kept"}), `would leave the bundle`},
		{"hard link through a link", "tar tgz", of(entry{name: "dir", symlink: "."}, entry{name: "link", hard: "dir/kept"}), `does not have before it`},
		{"bomb", "tgz", func(string) []byte { return gzipBomb(t) }, "unpacks to more than is allowed"},
		{"bomb", "zip", func(string) []byte { return zipBomb(t, bombSize) }, "unpacks to more than is allowed"},
		{"bomb that lies", "zip", func(string) []byte { return zipBomb(t, 100) }, `cannot unpack the bundle as zip: entry "zeros"`},
		{"no archive", all, func(string) []byte { return []byte("hello, world") }, "cannot unpack the bundle"},
	} {
		for kind := range strings.FieldsSeq(c.types) {
			t.Run(c.name+" "+kind, func(t *testing.T) {
				content := c.make(kind)
				if len(content) > 16<<20 {
					t.Fatalf("the bundle is of %d bytes: no bomb", len(content))
				}
				file := filepath.Join(t.TempDir(), "bundle")
				write(t, file, string(content))
				key := "bad." + kind
				s.put(t, key, file)
				s.mustFailToUnpack(t, s.create(t, "fleet", key), c.want)
				if used := size(t, h.root()); used > 200<<20 {
					t.Errorf("the agent's folder holds %d bytes", used)
				}
			})
		}
	}

	// Nothing was written where nothing was deployed to.
	if diff := cmp.Diff(map[string]string{"kept": "untouched\n"}, files(t, outside)); diff != "" {
		t.Errorf("the bundles wrote outside (-want +got):\n%s", diff)
	}
	for path := range files(t, h.dir) {
		if !strings.HasPrefix(path, "deployment-root/") {
			t.Errorf("the bundles wrote %s", path)
		}
	}
	// Both programs go on.
	s.put(t, "site.tgz", logged("BeforeInstall", "AfterInstall").pack(t))
	s.succeed(t, s.create(t, "fleet", "site.tgz"), patience)
	if got := read(t, h.path("web/page.txt")); got != "hello\n" {
		t.Errorf("the good deployment left %q", got)
	}
}

// mustFailToUnpack waits for a deployment and checks that it failed at its
// bundle, for the given reason.
func (s *server) mustFailToUnpack(t *testing.T, id, reason string) {
	t.Helper()
	info := s.finish(t, id, 2*patience)
	if info.Status != types.DeploymentStatusFailed || info.ErrorInformation == nil ||
		info.ErrorInformation.Code != types.ErrorCodeHealthConstraints {
		t.Errorf("the deployment ended as %s, %+v", info.Status, info.ErrorInformation)
	}
	target := s.targets(t, id)[0]
	for _, e := range target.LifecycleEvents {
		want := types.LifecycleEventStatusSkipped
		switch aws.ToString(e.LifecycleEventName) {
		case "ApplicationStop":
			want = types.LifecycleEventStatusSucceeded
		case "DownloadBundle":
			want = types.LifecycleEventStatusFailed
		}
		if e.Status != want {
			t.Errorf("%s is %s, want %s", aws.ToString(e.LifecycleEventName), e.Status, want)
		}
	}
	download := event(t, target, "DownloadBundle")
	if text := message(download); !strings.Contains(text, reason) || download.Diagnostics.ErrorCode != types.LifecycleErrorCodeUnknownError {
		t.Errorf("DownloadBundle says %q, %s; want %q", text, download.Diagnostics.ErrorCode, reason)
	}
}

// files returns the files below a folder, by path.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	walk(t, dir, func(path string) {
		name, err := filepath.Rel(dir, path)
		check(t, err)
		found[name] = read(t, path)
	})
	return found
}

// size returns the bytes in all files below a folder.
func size(t *testing.T, dir string) (total int64) {
	t.Helper()
	walk(t, dir, func(path string) {
		info, err := os.Lstat(path)
		check(t, err)
		total += info.Size()
	})
	return total
}

func walk(t *testing.T, dir string, visit func(path string)) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			visit(path)
		}
		return err
	}))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must is for writing to memory, which does not fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
