package agent

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// stage is where a command stands; each has a folder of the journal. A command
// moves forward only, by a rename.
type stage string

const (
	received stage = "received" // not or perhaps not acknowledged, nothing was done
	running  stage = "running"  // acknowledged, its effects may be under way
	done     stage = "done"     // has a result, which may have been reported
)

// What is kept of commands that are done and reported, so that one handed out
// again does not run again.
const (
	keptFor  = 24 * time.Hour
	keptMost = 1000
)

// prune reads all that is kept, which takes longer than a short event: it does
// so once an hour, and after so many commands.
const (
	pruneEvery = time.Hour
	pruneAfter = 100
)

// journal remembers commands across restarts. Its methods may be called for
// different records at one time.
type journal struct {
	dir string

	mu     sync.Mutex
	looked time.Time // when prune looked last
	since  int       // how often it was asked to since then
}

func openJournal(dir string) (*journal, error) {
	j := &journal{dir: dir}
	for _, s := range []stage{received, running, done} {
		if err := os.MkdirAll(filepath.Join(dir, string(s)), 0o700); err != nil {
			return nil, fmt.Errorf("cannot make the journal: %w", err)
		}
	}
	return j, nil
}

func (j *journal) path(s stage, r *record) string { return filepath.Join(j.dir, string(s), r.file()) }

// write puts the record in a stage, replacing what is there. durable says that
// it must survive a crash of the machine, and not only of the agent.
func (j *journal) write(s stage, r *record, durable bool) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := j.path(s, r)
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	_, err = f.Write(text)
	if durable {
		err = errors.Join(err, f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil && durable {
		err = j.sync(s)
	}
	if err != nil {
		return fmt.Errorf("cannot write the journal: %w", err)
	}
	r.durable, r.durableText = "", nil
	if durable {
		r.durable, r.durableText = s, text
	}
	return nil
}

// move takes the record from one stage to the next, with its present content.
// A crash in between leaves it in both; the later one counts. One that is
// stored as it is needs no second copy.
func (j *journal) move(from, to stage, r *record) error {
	if text, err := json.Marshal(r); err == nil && r.durable == from && bytes.Equal(text, r.durableText) {
		if err := errors.Join(os.Rename(j.path(from, r), j.path(to, r)), j.sync(to)); err != nil {
			return fmt.Errorf("cannot write the journal: %w", err)
		}
		r.durable = to
		return nil
	}
	if err := j.write(to, r, true); err != nil {
		return err
	}
	return j.remove(from, r)
}

func (j *journal) remove(s stage, r *record) error {
	return os.Remove(j.path(s, r))
}

func (j *journal) sync(s stage) error {
	d, err := os.Open(filepath.Join(j.dir, string(s)))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// find returns the record of a command that is done.
func (j *journal) find(id string) (*record, bool) {
	r, err := readRecord(filepath.Join(j.dir, string(done), recordFile(id)))
	return r, err == nil && r.Command.HostCommandIdentifier == id
}

// load returns the records of a stage, oldest first. What cannot be read is an
// error in the list's stead: an unknown command may have run.
func (j *journal) load(s stage) ([]*record, error) {
	dir := filepath.Join(j.dir, string(s))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal: %w", err)
	}
	var list []*record
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if filepath.Ext(path) == ".new" {
			_ = os.Remove(path) // a write that did not end
			continue
		}
		r, err := readRecord(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read the journal: %s: %w (remove the file to go on without it)", path, err)
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *record) int {
		return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.Command.HostCommandIdentifier, b.Command.HostCommandIdentifier))
	})
	return list, nil
}

func readRecord(path string) (*record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(record)
	return r, json.Unmarshal(text, r)
}

// pruneDue reports whether it is time to prune. It is asked after each command.
func (j *journal) pruneDue(now time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.since++
	if j.since < pruneAfter && now.Sub(j.looked) < pruneEvery {
		return false
	}
	j.looked, j.since = now, 0
	return true
}

// prune forgets commands that were reported long ago.
func (j *journal) prune(now time.Time) error {
	if !j.pruneDue(now) {
		return nil
	}
	dir := filepath.Join(j.dir, string(done))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	type old struct {
		record *record
		at     time.Time
	}
	var reported []old
	for _, e := range entries {
		r, err := readRecord(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) || err != nil || r.Reported == nil {
			continue
		}
		reported = append(reported, old{r, *r.Reported})
	}
	slices.SortFunc(reported, func(a, b old) int { return b.at.Compare(a.at) })
	for i, o := range reported {
		if i >= keptMost || now.Sub(o.at) > keptFor {
			if err := j.remove(done, o.record); err != nil {
				return err
			}
		}
	}
	return nil
}
