package bundle

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

// fillFunc writes the content of a file, through buffer if it needs one, and
// returns its length.
type fillFunc func(f *os.File, buffer []byte) (int64, error)

// filling is a file that was created and waits for its content.
type filling struct {
	file  *os.File
	entry entry
	fill  fillFunc
}

// fillers write files side by side. What needs an order (names, folders,
// links) is done before, by the one goroutine that reads the archive.
type fillers struct {
	work chan filling
	wg   sync.WaitGroup
	once sync.Once
	mu   sync.Mutex
	err  error // the first
}

// mostFillers is enough: more of them only wait for the file system.
const mostFillers = 4

func newFillers() *fillers {
	s := &fillers{work: make(chan filling, 16)}
	for range min(runtime.GOMAXPROCS(0), mostFillers) {
		s.wg.Go(s.run)
	}
	return s
}

func (s *fillers) run() {
	buffer := make([]byte, bufferSize)
	for w := range s.work {
		err := write(w.file, w.entry, func(f *os.File) (int64, error) { return w.fill(f, buffer) })
		if err != nil {
			s.fail(fmt.Errorf("entry %q: %w", w.entry.name, readable(err)))
		}
	}
}

func (s *fillers) add(w filling) { s.work <- w }

func (s *fillers) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

func (s *fillers) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// wait waits for all files. None may be added afterwards.
func (s *fillers) wait() error {
	s.once.Do(func() { close(s.work) })
	s.wg.Wait()
	return s.failed()
}
