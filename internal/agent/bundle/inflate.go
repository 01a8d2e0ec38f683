package bundle

import (
	"archive/zip"
	"bufio"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// inflater decompresses one member of a zip archive after the other.
type inflater struct {
	buffered *bufio.Reader
	inflated io.ReadCloser
}

const inflaterBuffer = 32 << 10

// inflaters makes a decompressor for archive/zip which reuses its memory: a
// member may be of a few bytes, and its decompressor is not.
func inflaters() zip.Decompressor {
	var spare sync.Pool
	return func(r io.Reader) io.ReadCloser {
		i, ok := spare.Get().(*inflater)
		if !ok {
			i = &inflater{buffered: bufio.NewReaderSize(r, inflaterBuffer)}
			i.inflated = flate.NewReader(i.buffered)
			return &inflating{i, &spare}
		}
		i.buffered.Reset(r)
		_ = i.inflated.(flate.Resetter).Reset(i.buffered, nil) //nolint:forcetypeassert // documented; it has no way to fail
		return &inflating{i, &spare}
	}
}

// inflating is the content of one member. Closing gives the decompressor back.
type inflating struct {
	inflater *inflater
	spare    *sync.Pool
}

func (m *inflating) Read(p []byte) (int, error) {
	if m.inflater == nil {
		return 0, io.ErrClosedPipe
	}
	return m.inflater.inflated.Read(p)
}

func (m *inflating) Close() error {
	if m.inflater == nil {
		return nil
	}
	err := m.inflater.inflated.Close()
	m.spare.Put(m.inflater)
	m.inflater = nil
	return err
}
