// Package install puts the files of an unpacked revision where its AppSpec
// says. It first makes a plan, a list of instructions as data, against the
// state that the host will have after the previous revision is cleaned up.
// What the plan installs is prepared beside its place; only when all of it is
// there, with its permissions, does the previous revision make room, by
// renames that are undone if one of them fails.
//
// The files that it leaves behind (instructions, cleanup list, pointers) are
// those of the official agent, so that a host can change agents either way.
package install

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
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
	SetACL
	SetContext
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
	case SetACL:
		return "setfacl"
	case SetContext:
		return "semanage"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Instruction is one step of an installation.
type Instruction struct {
	Kind   Kind
	Link   bool     // the object is a link, and not what it leads to
	Path   string   // on the host, absolute
	Source string   // of Copy: in the archive, relative
	set    *setting // of what is not Mkdir or Copy
	root   *root    // what the object is a part of
}

// place is where the object is while it is prepared.
func (i Instruction) place() string { return i.root.staged + i.Path[len(i.root.path):] }

// line is an instruction in the official agent's file.
type line struct {
	Type        string       `json:"type"`
	Directory   string       `json:"directory,omitempty"`
	Source      string       `json:"source,omitempty"`
	Destination string       `json:"destination,omitempty"`
	Mode        string       `json:"mode,omitempty"`
	ACL         []string     `json:"acl,omitempty"`
	Context     *contextLine `json:"context,omitempty"`
	Owner       string       `json:"owner,omitempty"`
	Group       string       `json:"group,omitempty"`
	File        string       `json:"file,omitempty"`
}

type contextLine struct {
	User  *string `json:"user"`
	Role  *string `json:"role"`
	Type  string  `json:"type"`
	Range *string `json:"range"`
}

func (i Instruction) line(archive string) line {
	l := line{Type: i.Kind.String()}
	switch i.Kind {
	case Mkdir:
		l.Directory = i.Path
		return l
	case Copy:
		l.Source, l.Destination = archive+"/"+i.Source, i.Path
		return l
	case Chown:
		l.Owner, l.Group = i.set.owner.Name, i.set.group.Name
	case Chmod:
		l.Mode = i.set.digits
	case SetACL:
		for _, e := range i.set.acl {
			l.ACL = append(l.ACL, e.String())
		}
	case SetContext:
		c := i.set.context
		l.Context = &contextLine{User: orNull(c.User), Type: c.Type, Range: orNull(c.Range)}
	}
	l.File = i.Path
	return l
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// writeInstructions writes the plan, one instruction a line, without holding
// the text of all of them in memory.
func writeInstructions(path, archive string, list []Instruction) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
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
