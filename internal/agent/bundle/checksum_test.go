package bundle_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
)

// An object that was uploaded in parts has an ETag that says nothing of its
// bytes. It is compared with the checksum that S3 keeps of the whole of it.
func TestFetchComparesChecksums(t *testing.T) {
	t.Parallel()
	of := func(h hash.Hash) string {
		h.Write(content)
		return base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	other := base64.StdEncoding.EncodeToString(make([]byte, 4))
	for name, test := range map[string]struct {
		header http.Header
		want   string // in the error; "": there is none
	}{
		"none":                  {},
		"CRC32":                 {header: http.Header{"X-Amz-Checksum-Crc32": {of(crc32.NewIEEE())}}},
		"CRC32C":                {header: http.Header{"X-Amz-Checksum-Crc32c": {of(crc32.New(crc32.MakeTable(crc32.Castagnoli)))}}},
		"CRC64NVME":             {header: http.Header{"X-Amz-Checksum-Crc64nvme": {of(crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)))}}},
		"SHA1":                  {header: http.Header{"X-Amz-Checksum-Sha1": {of(sha1.New())}}},
		"SHA256":                {header: http.Header{"X-Amz-Checksum-Sha256": {of(sha256.New())}}},
		"damaged":               {header: http.Header{"X-Amz-Checksum-Crc32": {other}}, want: "damaged on its way: its CRC32 is "},
		"damaged, with SHA-256": {header: http.Header{"X-Amz-Checksum-Sha256": {other}}, want: "damaged on its way: its SHA256 is "},
		"of parts":              {header: http.Header{"X-Amz-Checksum-Sha256": {other + "-2"}}},
		"of parts, by type":     {header: http.Header{"X-Amz-Checksum-Crc32": {other}, "X-Amz-Checksum-Type": {"COMPOSITE"}}},
		"unknown":               {header: http.Header{"X-Amz-Checksum-Md7": {other}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			got, err := fetch(t, bundle.Object{Bucket: "b", Key: "k"}, func(w http.ResponseWriter, r *http.Request) {
				if calls++; calls == 1 { // what comes in two pieces is compared as a whole
					w = &breaking{w, 100_000}
				}
				if r.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" {
					t.Error("the checksum is not asked for")
				}
				for key, values := range test.header {
					w.Header()[key] = values
				}
				w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef-2"`)
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
			})
			switch {
			case test.want == "" && (err != nil || !bytes.Equal(got, content)):
				t.Errorf("got %d bytes, %v", len(got), err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestHasSum(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	right := fmt.Sprintf("SHA256 %s", base64.StdEncoding.EncodeToString(func() []byte { s := sha256.Sum256(content); return s[:] }()))
	for sum, want := range map[string]bool{
		right: true, "SHA256 AAAA": false, "MD7 " + right: false, "": false, " ": false, "SHA256": false,
	} {
		if got := bundle.HasSum(t.Context(), file, sum); got != want {
			t.Errorf("%q: %v", sum, got)
		}
	}
	if bundle.HasSum(t.Context(), file+"x", right) {
		t.Error("a file that is not there has it")
	}
}
