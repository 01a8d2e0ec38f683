package bundle_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
)

// bomb is a zip archive of about 1 MB that holds a gigabyte of zeros and
// claims that it holds claimed bytes. It is made of one deflated megabyte,
// repeated.
func bomb(t *testing.T, claimed uint64) []byte {
	t.Helper()
	const megabytes = 1 << 10
	zeros := make([]byte, 1<<20)
	var body bytes.Buffer
	w, err := flate.NewWriter(&body, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(zeros); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Clone(body.Bytes())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	end := bytes.Clone(body.Bytes()[len(chunk):])
	stream := append(bytes.Repeat(chunk, megabytes), end...)
	sum := crc32.NewIEEE()
	for range megabytes {
		sum.Write(zeros)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.CreateRaw(&zip.FileHeader{
		Name: "zeros", Method: zip.Deflate, CRC32: sum.Sum32(),
		UncompressedSize64: claimed, CompressedSize64: uint64(len(stream)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(stream); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func TestUnpackRefusesABombOfAGigabyte(t *testing.T) {
	t.Parallel()
	if _, err := unpack(t, bomb(t, 1<<30), bundle.Zip, bundle.Limits{}); !errors.Is(err, bundle.ErrTooLarge) {
		t.Errorf("an honest bomb: %v", err)
	}
	if _, err := unpack(t, bomb(t, 100), bundle.Zip, bundle.Limits{}); err == nil {
		t.Error("a bomb that claims to be small was unpacked")
	} else {
		t.Log(err)
	}
}
