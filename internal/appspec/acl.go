package appspec

import (
	"fmt"
	"slices"
	"strings"
)

// ACLEntry is one entry of a POSIX access control list.
type ACLEntry struct {
	Default bool   // of the list that a folder gives to what is made in it
	Tag     string // user, group, mask or other
	Name    string // of a user or group; empty: the owner's entry, the mask or other
	Perm    uint8  // 4 read, 2 write, 1 execute
}

// The tags of an [ACLEntry].
const (
	TagUser  = "user"
	TagGroup = "group"
	TagMask  = "mask"
	TagOther = "other"
)

// String returns the entry in setfacl's long form, as in default:user:app:rwx.
func (e ACLEntry) String() string {
	s := e.Tag + ":" + e.Name + ":"
	if e.Default {
		s = "default:" + s
	}
	for i, letter := range "rwx" {
		if e.Perm&(4>>i) == 0 {
			letter = '-'
		}
		s += string(letter)
	}
	return s
}

func (p *parser) acls(f at, perm Permission) []ACLEntry {
	var list []ACLEntry
	for _, item := range p.items(f, "a list of texts") {
		text := p.text(item)
		if text == "" {
			continue
		}
		entry, err := parseACLEntry(text)
		switch {
		case err != nil:
			p.fail(item, "a problem with the acls permission settings: %v", err)
		case entry.Default && slices.Equal(perm.Types, []string{TypeFile}):
			p.fail(item, "a problem with the acls permission settings: %q is a default entry, which only a directory can have, but the type is file", text)
		case slices.ContainsFunc(list, func(other ACLEntry) bool { return entry.same(other) }):
			p.fail(item, "a problem with the acls permission settings: %q is specified more than once", text)
		default:
			list = append(list, entry)
		}
	}
	return list
}

// same reports whether two entries are about the same right.
func (e ACLEntry) same(other ACLEntry) bool {
	return e.Default == other.Default && e.Tag == other.Tag && e.Name == other.Name
}

// parseACLEntry reads [default:][tag:][name:]perm in the forms that the
// official agent takes: the last field is the permission, and what is before
// it may be a name alone, which is a user's.
func parseACLEntry(text string) (ACLEntry, error) {
	fields := strings.Split(text, ":")
	invalid := fmt.Errorf("invalid acl entry %q; expected [default:][user|group|mask|other]:[name]:rwx", text)
	if len(fields) < 2 || len(fields) > 4 {
		return ACLEntry{}, invalid
	}
	var e ACLEntry
	var err error
	if e.Perm, err = parseACLPerm(fields[len(fields)-1]); err != nil {
		return e, fmt.Errorf("the acl entry %q %w", text, err)
	}
	fields = fields[:len(fields)-1]
	if len(fields) > 1 && (fields[0] == "d" || fields[0] == "default") {
		e.Default, fields = true, fields[1:]
	}
	switch len(fields) {
	case 1: // a name, or the mask or other, which have none
		e.Name = fields[0]
		if tag := aclTag(e.Name); tag == TagMask || tag == TagOther {
			e.Name, e.Tag = "", tag
		} else {
			e.Tag = TagUser
		}
	case 2:
		e.Tag, e.Name = aclTag(fields[0]), fields[1]
	default:
		return e, invalid
	}
	switch {
	case e.Tag == "", (e.Tag == TagMask || e.Tag == TagOther) && e.Name != "":
		return e, invalid
	case !e.Default && e.Name == "" && e.Tag != TagMask:
		return e, fmt.Errorf("use mode to set the base acl entry (%s)", text)
	}
	return e, nil
}

func aclTag(word string) string {
	for _, tag := range []string{TagUser, TagGroup, TagMask, TagOther} {
		if word == tag || word == tag[:1] {
			return tag
		}
	}
	return ""
}

// parseACLPerm reads one octal digit, or letters in any order.
func parseACLPerm(text string) (uint8, error) {
	if len(text) == 1 && text[0] >= '0' && text[0] <= '7' {
		return text[0] - '0', nil
	}
	var perm uint8
	for _, c := range text {
		switch c {
		case 'r':
			perm |= 4
		case 'w':
			perm |= 2
		case 'x':
			perm |= 1
		case '-':
		default:
			return 0, fmt.Errorf("contains an invalid character (%c); expected r, w, x and -, or one digit from 0 to 7", c)
		}
	}
	return perm, nil
}
