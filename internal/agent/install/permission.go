package install

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/appspec"
)

const everything = "**"

// permissions plans who owns what this deployment makes. Owner comes before
// mode, because a change of owner clears set-uid and set-gid bits.
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
			p.list = set.appendTo(p.list, o.Path, o.Link)
		}
	}
	return nil
}

// setting is what a permission entry does to each of its objects.
type setting struct {
	owner, group Account
	mode         fs.FileMode
	digits       string
}

func newSetting(perm appspec.Permission) (setting, error) {
	var s setting
	where := fmt.Sprintf("permissions: line %d, object %s", perm.Line, perm.Object)
	if len(perm.ACLs) > 0 {
		return s, fmt.Errorf("%s: acls are not supported by this version of the agent; use mode, owner and group", where)
	}
	if perm.Context != nil {
		return s, fmt.Errorf("%s: context (SELinux) is not supported by this version of the agent", where)
	}
	var err error
	if s.owner, err = lookupUser(perm.Owner); err != nil {
		return s, fmt.Errorf("%s: %w", where, err)
	}
	if s.group, err = lookupGroup(perm.Group); err != nil {
		return s, fmt.Errorf("%s: %w", where, err)
	}
	if perm.Mode == "" {
		return s, nil
	}
	if s.mode, err = fileMode(perm.Mode); err != nil {
		return s, fmt.Errorf("%s: %w", where, err)
	}
	s.digits = fmt.Sprintf("%03s", perm.Mode)
	return s, nil
}

func (s setting) appendTo(list []Instruction, path string, link bool) []Instruction {
	if s.owner.Name != "" || s.group.Name != "" {
		list = append(list, Instruction{Kind: Chown, Path: path, Owner: s.owner, Group: s.group, Link: link})
	}
	// A mode would go through a link to whatever it names.
	if s.digits != "" && !link {
		list = append(list, Instruction{Kind: Chmod, Path: path, Mode: s.mode, Digits: s.digits})
	}
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
