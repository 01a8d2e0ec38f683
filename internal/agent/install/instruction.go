// Package install puts the files of an unpacked revision where its AppSpec
// says. It first makes a plan, a list of instructions as data, against the
// state that the host will have after the previous revision is cleaned up, and
// touches nothing before the plan is found free of conflicts.
//
// The files that it leaves behind (instructions, cleanup list, pointers) are
// those of the official agent, so that a host can change agents either way.
package install

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Kind is what an instruction does.
type Kind uint8

// The kinds of instructions, in the words of the official agent's file.
const (
	Mkdir Kind = iota + 1
	Copy
	Chown
	Chmod
)

// String returns the name of the kind in the instruction file.
func (k Kind) String() string {
	switch k {
	case Mkdir:
		return "mkdir"
	case Copy:
		return "copy"
	case Chown:
		return "chown"
	case Chmod:
		return "chmod"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Instruction is one step of an installation.
type Instruction struct {
	Kind   Kind
	Path   string // on the host, absolute
	Source string // of Copy: in the archive, relative
	Owner  Account
	Group  Account
	Mode   fs.FileMode // of Chmod, with set-uid and the like in Go's bits
	Digits string      // of Chmod: as written
	Link   bool        // the object is a link, and not what it leads to
}

// MarshalJSON writes the instruction as the official agent does.
func (i Instruction) MarshalJSON() ([]byte, error) {
	m := map[string]string{"type": i.Kind.String()}
	switch i.Kind {
	case Mkdir:
		m["directory"] = i.Path
	case Copy:
		m["source"], m["destination"] = i.Source, i.Path
	case Chown:
		m["file"] = i.Path
		if i.Owner.Name != "" {
			m["owner"] = i.Owner.Name
		}
		if i.Group.Name != "" {
			m["group"] = i.Group.Name
		}
	case Chmod:
		m["file"], m["mode"] = i.Path, i.Digits
	}
	return json.Marshal(m)
}

// writeInstructions writes the plan, one instruction a line, without holding
// the text of all of them in memory.
func writeInstructions(path, archive string, list []Instruction) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	_, _ = io.WriteString(w, `{"instructions":[`) // bufio keeps the error
	for n, i := range list {
		if n > 0 {
			_, _ = io.WriteString(w, ",\n")
		}
		if i.Kind == Copy {
			i.Source = archive + "/" + i.Source
		}
		text, err := json.Marshal(i)
		if err != nil {
			f.Close()
			return err
		}
		_, _ = w.Write(text)
	}
	_, _ = io.WriteString(w, "]}\n")
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
