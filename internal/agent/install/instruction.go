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

// line is an instruction in the official agent's file.
type line struct {
	Type        string `json:"type"`
	Directory   string `json:"directory,omitempty"`
	Source      string `json:"source,omitempty"`
	Destination string `json:"destination,omitempty"`
	Mode        string `json:"mode,omitempty"`
	Owner       string `json:"owner,omitempty"`
	Group       string `json:"group,omitempty"`
	File        string `json:"file,omitempty"`
}

func (i Instruction) line(archive string) line {
	l := line{Type: i.Kind.String()}
	switch i.Kind {
	case Mkdir:
		l.Directory = i.Path
	case Copy:
		l.Source, l.Destination = archive+"/"+i.Source, i.Path
	case Chown:
		l.Owner, l.Group, l.File = i.Owner.Name, i.Group.Name, i.Path
	case Chmod:
		l.Mode, l.File = i.Digits, i.Path
	}
	return l
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
	encoder := json.NewEncoder(w)                 // ends each line
	encoder.SetEscapeHTML(false)
	for n, i := range list {
		if n > 0 {
			_, _ = io.WriteString(w, ",")
		}
		if err := encoder.Encode(i.line(archive)); err != nil {
			f.Close()
			return err
		}
	}
	_, _ = io.WriteString(w, "]}\n")
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
