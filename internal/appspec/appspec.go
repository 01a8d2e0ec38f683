// Package appspec reads application specification files, the appspec.yml that
// a revision carries. It checks everything that can be checked without looking
// at a host or at the rest of the revision, and reports all mistakes at once,
// each with its line.
//
// It works on YAML nodes and not on decoded values: these files were written
// for a YAML 1.1 reader, where yes is a boolean and 0644 an octal number, and
// only the text as written tells what its author meant.
package appspec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the size of the largest file that [Parse] reads.
const MaxSize = 1 << 20

// DefaultTimeout is how long a script may run that sets no timeout.
const DefaultTimeout = time.Hour

// The values of os.
const (
	Linux   = "linux"
	Windows = "windows"
)

// The values of file_exists_behavior.
const (
	Disallow  = "DISALLOW"
	Overwrite = "OVERWRITE"
	Retain    = "RETAIN"
)

// The values of a permission's type.
const (
	TypeFile      = "file"
	TypeDirectory = "directory"
)

// Hooks are the lifecycle events of a server deployment that run scripts, in
// their usual order.
var Hooks = [...]string{
	"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop",
	"BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService",
	"BeforeAllowTraffic", "AfterAllowTraffic",
}

// Spec is an AppSpec file of the Server platform.
type Spec struct {
	OS                 string
	FileExistsBehavior string // empty when the file does not say
	Files              []File
	Permissions        []Permission
	Hooks              map[string][]Script
	// Warnings are things that work, but perhaps not as their author thinks.
	Warnings []Problem
}

// File says what of the revision goes where.
type File struct {
	Source      string
	Destination string
}

// Permission says who owns installed objects and what their mode is.
type Permission struct {
	Object  string
	Pattern string   // "**" when the file does not say
	Except  []string // names that the pattern does not apply to
	Types   []string // file, directory or both; never empty
	Owner   string
	Group   string
	Mode    string // one to four octal digits, or empty
	ACLs    []ACLEntry
	Context *Context
	Line    int
}

// Context is an SELinux label.
type Context struct {
	User  string // the file calls it name
	Type  string
	Range string // as in s0-s1:c0.c5,c7; may be empty
}

// Script is one program of a hook.
type Script struct {
	Location string
	Timeout  time.Duration
	RunAs    string
	Sudo     bool
}

// Parse reads an AppSpec file of the Server platform, in YAML or JSON. Its
// error is an [*Error] that lists every mistake of the file.
func Parse(text []byte) (*Spec, error) {
	root, _, err := document(text)
	if err != nil {
		return nil, err
	}
	p := &parser{}
	spec := p.spec(root)
	if len(p.problems) > 0 {
		return nil, &Error{Problems: p.problems}
	}
	spec.Warnings = p.warnings
	return spec, nil
}

// document returns the first value that a file holds, and what reads the rest.
func document(text []byte) (*yaml.Node, *yaml.Decoder, error) {
	if len(text) > MaxSize {
		return nil, nil, unreadable(0, fmt.Sprintf("the application specification file has %d bytes; at most %d are read", len(text), MaxSize))
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, syntaxError(err)
	}
	if doc.Kind == 0 || isNull(doc.Content[0]) {
		return nil, nil, unreadable(0, "the application specification file was empty")
	}
	return doc.Content[0], decoder, nil
}
