package install

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/appspec"
)

const everything = "**"

// permissions plans who owns what this deployment makes, and who may use it.
func (p *plan) permissions(list []appspec.Permission) error {
	done := map[string]int{} // object to the line of the entry that set it
	objects := slices.Clone(p.list)
	for _, perm := range list {
		set, err := newSetting(perm)
		if err != nil {
			return err
		}
		matches, err := p.matching(objects, perm)
		if err != nil {
			return err
		}
		for _, o := range matches {
			if line, twice := done[o.Path]; twice {
				p.conflicts.add("the permissions of %s are specified more than once: by the entries in lines %d and %d of the AppSpec file", o.Path, line, perm.Line)
				continue
			}
			done[o.Path] = perm.Line
			if o.Kind == Copy && set.acl.hasDefault() {
				return fmt.Errorf("permissions: line %d: a problem with the acls permission settings: a default entry (-d parameter) is for directories, and %s is a file; limit the entry with type: [directory]", perm.Line, o.Path)
			}
			p.list = set.appendTo(p.list, o)
		}
	}
	return nil
}

// setting is what a permission entry does to each of its objects.
type setting struct {
	owner, group Account
	mode         fs.FileMode
	digits       string // the mode as written
	acl          acl
	context      *appspec.Context
}

func newSetting(perm appspec.Permission) (*setting, error) {
	s, err := resolveSetting(perm)
	if err != nil {
		return nil, fmt.Errorf("permissions: line %d, object %s: %w", perm.Line, perm.Object, err)
	}
	return s, nil
}

func resolveSetting(perm appspec.Permission) (*setting, error) {
	s := &setting{context: perm.Context}
	if perm.Context != nil && !labelled() {
		return nil, errors.New("context needs SELinux, which is not enabled on this host")
	}
	var err error
	if s.owner, err = lookupUser(perm.Owner); err != nil {
		return nil, fmt.Errorf("owner %w", err)
	}
	if s.group, err = lookupGroup(perm.Group); err != nil {
		return nil, fmt.Errorf("group %w", err)
	}
	if s.acl, err = newACL(perm.ACLs); err != nil {
		return nil, err
	}
	if perm.Mode == "" {
		return s, nil
	}
	s.digits = fmt.Sprintf("%03s", perm.Mode)
	s.mode, err = fileMode(perm.Mode)
	return s, err
}

// appendTo plans the setting for an object. Owner comes before mode, because a
// change of owner clears set-uid and set-gid bits, and a list is completed
// from the mode. Mode, list and label would go through a link to whatever it
// names.
func (s *setting) appendTo(list []Instruction, object Instruction) []Instruction {
	object.Source, object.set = "", s
	add := func(kind Kind, wanted bool) {
		if wanted {
			object.Kind = kind
			list = append(list, object)
		}
	}
	add(Chown, s.owner.Name != "" || s.group.Name != "")
	add(Chmod, s.digits != "" && !object.Link)
	add(SetACL, len(s.acl) > 0 && !object.Link)
	add(SetContext, s.context != nil && !object.Link)
	return list
}

// matching returns what of the planned objects an entry is about: the file
// that it names, or what is below the folder that it names. What this
// deployment does not make is never touched.
func (p *plan) matching(objects []Instruction, perm appspec.Permission) ([]Instruction, error) {
	object, err := p.onHost(perm.Object)
	if err != nil {
		return nil, err
	}
	if n, ok := p.made[object]; ok && p.list[n].Kind == Copy {
		if perm.Pattern != everything {
			return nil, fmt.Errorf("permissions: line %d: attempts to apply to the file %s with an invalid pattern %q; leave pattern out", perm.Line, object, perm.Pattern)
		}
		if len(perm.Except) > 0 {
			return nil, fmt.Errorf("permissions: line %d: except contains an invalid format for the file %s; leave except out", perm.Line, object)
		}
		if !slices.Contains(perm.Types, appspec.TypeFile) {
			return nil, nil
		}
		return []Instruction{p.list[n]}, nil
	}
	prefix := strings.TrimSuffix(object, "/") + "/"
	var found []Instruction
	for _, o := range objects {
		below, ok := strings.CutPrefix(o.Path, prefix)
		if ok && matches(perm, below, o.Kind) {
			found = append(found, o)
		}
	}
	return found, nil
}

func matches(perm appspec.Permission, below string, kind Kind) bool {
	wanted := appspec.TypeFile
	if kind == Mkdir {
		wanted = appspec.TypeDirectory
	}
	if !slices.Contains(perm.Types, wanted) {
		return false
	}
	if perm.Pattern != everything && !wildcard(perm.Pattern, below) {
		return false
	}
	return !slices.ContainsFunc(perm.Except, func(except string) bool { return wildcard(except, below) })
}

// wildcard compares a pattern in which only * is special with a path below the
// object. Only direct children match.
func wildcard(pattern, below string) bool {
	if strings.Contains(below, "/") {
		return false
	}
	pattern = strings.NewReplacer(`\`, `\\`, `?`, `\?`, `[`, `\[`).Replace(pattern)
	ok, err := path.Match(pattern, below)
	return ok && err == nil
}
