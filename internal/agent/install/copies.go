package install

import (
	"os"
	"runtime"
	"sync"
)

// copies copies files side by side. A plan has no two copies of one
// destination, so their order does not matter.
type copies struct {
	work   chan Instruction
	wg     sync.WaitGroup
	closed bool
	mu     sync.Mutex
	err    error // the first
}

// mostCopiers is enough: more of them only wait for the file system.
const mostCopiers = 4

func startCopies(archive *os.Root) *copies {
	c := &copies{work: make(chan Instruction, 64)}
	for range min(runtime.GOMAXPROCS(0), mostCopiers) {
		c.wg.Go(func() { c.run(archive) })
	}
	return c
}

func (c *copies) run(archive *os.Root) {
	copier := newCopier(archive)
	defer copier.close()
	for i := range c.work {
		if c.failed() != nil {
			continue
		}
		copyOne := copier.copy
		if i.Link {
			copyOne = copier.link
		}
		if err := wrap(i, copyOne(i.Source, i.place())); err != nil {
			c.fail(err)
		}
	}
}

func (c *copies) add(i Instruction) { c.work <- i }

func (c *copies) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *copies) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// wait waits for all copies. None may be added afterwards.
func (c *copies) wait() error {
	if !c.closed {
		c.closed = true
		close(c.work)
	}
	c.wg.Wait()
	return c.failed()
}
