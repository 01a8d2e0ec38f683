package install

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// acl is an access control list with the accounts of the host in it.
type acl []aclEntry

type aclEntry struct {
	appspec.ACLEntry
	id uint32 // of the named user or group
}

// noID stands where an entry names nobody.
const noID = 1<<32 - 1

func newACL(entries []appspec.ACLEntry) (acl, error) {
	var list acl
	for _, e := range entries {
		id, err := aclID(e)
		if err != nil {
			return nil, fmt.Errorf("acls: %s: %w", e, err)
		}
		list = append(list, aclEntry{e, id})
	}
	return list, nil
}

// aclID finds the account of an entry. A number is taken as it is, as setfacl
// does.
func aclID(e appspec.ACLEntry) (uint32, error) {
	if e.Name == "" {
		return noID, nil
	}
	if n, err := strconv.ParseUint(e.Name, 10, 32); err == nil {
		return uint32(n), nil
	}
	lookup := lookupUser
	if e.Tag == appspec.TagGroup {
		lookup = lookupGroup
	}
	a, err := lookup(e.Name)
	return uint32(a.ID), err //nolint:gosec // ids have 32 bits
}

func (a acl) hasDefault() bool {
	return slices.ContainsFunc(a, func(e aclEntry) bool { return e.Default })
}

// set gives path the list, completed from its mode.
func (a acl) set(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	access, inherited := a.complete(info.Mode())
	err = setACL(path, aclAccess, access.encode())
	if err == nil && len(inherited) > 0 {
		err = setACL(path, aclDefault, inherited.encode())
	}
	if errors.Is(err, errors.ErrUnsupported) {
		err = errors.New("the file system has no access control lists")
	}
	if err != nil {
		return fmt.Errorf("a problem with the acls permission settings: %w", err)
	}
	return nil
}

// complete returns the two lists of an object: that of the object itself, and
// that for what is made in it, which is empty without a default entry. What
// they need and the AppSpec does not say is taken from the mode; the mask of
// named entries is what the group may do, as the official agent has it.
func (a acl) complete(mode fs.FileMode) (access, inherited acl) {
	bits := func(shift int) uint8 { return uint8(mode.Perm()>>shift) & 7 }
	for _, e := range a {
		if e.Default {
			inherited = append(inherited, e)
		} else {
			access = append(access, e)
		}
	}
	access = access.with(appspec.TagUser, bits(6)).with(appspec.TagGroup, bits(3)).with(appspec.TagOther, bits(0))
	if access.named() {
		access = access.with(appspec.TagMask, bits(3))
	}
	if len(inherited) == 0 {
		return access, nil
	}
	inherited = inherited.with(appspec.TagUser, bits(6)).with(appspec.TagGroup, bits(3)).with(appspec.TagOther, bits(0))
	if inherited.named() {
		inherited = inherited.with(appspec.TagMask, inherited.perm(appspec.TagGroup))
	}
	return access, inherited
}

// with adds an entry that names nobody, unless there is one.
func (a acl) with(tag string, perm uint8) acl {
	if slices.ContainsFunc(a, func(e aclEntry) bool { return e.Tag == tag && e.Name == "" }) {
		return a
	}
	return append(a, aclEntry{appspec.ACLEntry{Tag: tag, Perm: perm}, noID})
}

func (a acl) named() bool {
	return slices.ContainsFunc(a, func(e aclEntry) bool { return e.Name != "" })
}

func (a acl) perm(tag string) uint8 {
	i := slices.IndexFunc(a, func(e aclEntry) bool { return e.Tag == tag && e.Name == "" })
	return a[i].Perm
}

// The kernel's numbers, from linux/posix_acl_xattr.h and linux/posix_acl.h.
const (
	aclVersion = 2
	aclAccess  = "system.posix_acl_access"
	aclDefault = "system.posix_acl_default"
)

// kernelTag returns the number of an entry's tag; the list is sorted by it.
func (e aclEntry) kernelTag() uint16 {
	named := e.Name != ""
	switch {
	case e.Tag == appspec.TagUser && !named:
		return 0x01
	case e.Tag == appspec.TagUser:
		return 0x02
	case e.Tag == appspec.TagGroup && !named:
		return 0x04
	case e.Tag == appspec.TagGroup:
		return 0x08
	case e.Tag == appspec.TagMask:
		return 0x10
	}
	return 0x20 // other
}

// encode returns the list as the kernel takes it: a version, then tag,
// permission and id of each entry, little endian.
func (a acl) encode() []byte {
	slices.SortStableFunc(a, func(x, y aclEntry) int {
		return cmp.Or(cmp.Compare(x.kernelTag(), y.kernelTag()), cmp.Compare(x.id, y.id))
	})
	b := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range a {
		b = binary.LittleEndian.AppendUint16(b, e.kernelTag())
		b = binary.LittleEndian.AppendUint16(b, uint16(e.Perm))
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}
