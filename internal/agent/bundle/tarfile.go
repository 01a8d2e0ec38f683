package bundle

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// directSize is from which size on a file is copied by the kernel, from the
// archive straight to its place (copy_file_range), and not through a buffer.
const directSize = 1 << 20

// tarFile reads an uncompressed archive. It knows its position in the file in
// spite of its buffer, so that large members need not pass through it.
type tarFile struct {
	file   *os.File
	buffer *bufio.Reader
	offset int64
}

func newTarFile(f *os.File) *tarFile {
	return &tarFile{file: f, buffer: bufio.NewReaderSize(f, bufferSize)}
}

func (r *tarFile) Read(p []byte) (int, error) {
	n, err := r.buffer.Read(p)
	r.offset += int64(n)
	return n, err
}

// Seek moves forward only; archive/tar uses it to skip.
func (r *tarFile) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekCurrent || offset < 0 {
		return 0, errors.New("a tar archive is read forward only")
	}
	if offset <= int64(r.buffer.Buffered()) {
		_, err := r.buffer.Discard(int(offset))
		r.offset += offset
		return r.offset, err
	}
	err := r.moveTo(r.offset + offset)
	return r.offset, err
}

func (r *tarFile) moveTo(offset int64) error {
	if _, err := r.file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	r.buffer.Reset(r.file)
	r.offset = offset
	return nil
}

// copyTo copies the next size bytes into dst without moving the position:
// the archive's reader skips them when it goes on to the next member.
func (r *tarFile) copyTo(dst *os.File, size int64) (int64, error) {
	start := r.offset
	if _, err := r.file.Seek(start, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := dst.ReadFrom(io.LimitReader(r.file, size))
	if moveErr := r.moveTo(start); err == nil {
		err = moveErr
	}
	return n, err
}
