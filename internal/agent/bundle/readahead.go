package bundle

import (
	"errors"
	"io"
)

// readAhead decompresses in a goroutine of its own, a few buffers ahead of the
// one that writes files: two cores share the work.
type readAhead struct {
	full    chan block
	empty   chan []byte
	stop    chan struct{}
	done    chan struct{}
	current block
	rest    []byte
}

type block struct {
	data []byte // the whole buffer, filled up to n
	n    int
	err  error
}

const buffersAhead = 4

func newReadAhead(r io.Reader) *readAhead {
	a := &readAhead{
		full:  make(chan block, buffersAhead),
		empty: make(chan []byte, buffersAhead),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	for range buffersAhead {
		a.empty <- make([]byte, bufferSize)
	}
	go a.run(r)
	return a
}

func (a *readAhead) run(r io.Reader) {
	defer close(a.done)
	for {
		select {
		case <-a.stop:
			return
		case buffer := <-a.empty:
			n, err := io.ReadFull(r, buffer)
			if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
				// Either the end or an archive cut short: the decompressor
				// tells which when it is asked again.
				err = atEnd(r)
			}
			a.full <- block{buffer, n, err} // never blocks: one slot per buffer
			if err != nil {
				return
			}
		}
	}
}

// atEnd finds out how r ended.
func atEnd(r io.Reader) error {
	for {
		var one [1]byte
		if _, err := r.Read(one[:]); err != nil {
			return err
		}
	}
}

func (a *readAhead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.current.err != nil {
			return 0, a.current.err
		}
		if a.current.data != nil {
			a.empty <- a.current.data
		}
		a.current = <-a.full
		a.rest = a.current.data[:a.current.n]
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close stops the decompression and waits for its end.
func (a *readAhead) Close() error {
	close(a.stop)
	<-a.done
	return nil
}
