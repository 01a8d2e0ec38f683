package install

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/slipwayhq/slipway/internal/appspec"
)

func entry(tag, name string, perm uint8) appspec.ACLEntry {
	return appspec.ACLEntry{Tag: tag, Name: name, Perm: perm}
}

func inherited(e appspec.ACLEntry) appspec.ACLEntry {
	e.Default = true
	return e
}

func (a acl) texts() []string {
	var list []string
	for _, e := range a {
		list = append(list, e.String())
	}
	return list
}

// A list is completed from the object's mode, anew for each object.
func TestACLIsCompletedFromTheMode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		entries             []appspec.ACLEntry
		mode                fs.FileMode
		access, inheritable []string
	}{
		"named user": {
			[]appspec.ACLEntry{entry("user", "7", 7)},
			0o640,
			[]string{"user:7:rwx", "user::rw-", "group::r--", "other::---", "mask::r--"},
			nil,
		},
		"mask of its own": {
			[]appspec.ACLEntry{entry("user", "7", 7), entry("mask", "", 6)},
			0o755,
			[]string{"user:7:rwx", "mask::rw-", "user::rwx", "group::r-x", "other::r-x"},
			nil,
		},
		"default entries": {
			[]appspec.ACLEntry{inherited(entry("group", "8", 5)), inherited(entry("group", "", 1))},
			0o750,
			[]string{"user::rwx", "group::r-x", "other::---"},
			[]string{"default:group:8:r-x", "default:group::--x", "user::rwx", "other::---", "mask::--x"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := newACL(test.entries)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // what one object needed is not left to the next
				access, inheritable := list.complete(test.mode)
				if diff := cmp.Diff(test.access, access.texts()); diff != "" {
					t.Errorf("list of the object (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.inheritable, inheritable.texts()); diff != "" {
					t.Errorf("list for what is made in it (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestACLOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	list, err := newACL([]appspec.ACLEntry{entry("user", "1001", 6), inherited(entry("user", "1002", 4))})
	if err != nil {
		t.Fatal(err)
	}
	err = list.set(dir)
	if err != nil && strings.Contains(err.Error(), "has no access control lists") {
		t.Skip("the file system of the temporary folder has no access control lists")
	}
	if err != nil {
		t.Fatal(err)
	}
	// tag, permission, id: owner rwx, user 1001 rw-, group r-x, mask r-x, other ---
	want := "02000000" + "01000700ffffffff" + "02000600e9030000" + "04000500ffffffff" + "10000500ffffffff" + "20000000ffffffff"
	if got := xattr(t, dir, aclAccess); got != want {
		t.Errorf("list is %s, want %s", got, want)
	}
	// A file that is made in the folder inherits.
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if got := xattr(t, file, aclAccess); !strings.Contains(got, "02000400ea030000") {
		t.Errorf("list of a new file is %s", got)
	}
}

func xattr(t *testing.T, path, name string) string {
	t.Helper()
	value := make([]byte, 1000)
	n, err := unix.Getxattr(path, name, value)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(value[:n])
}

// The list that a permission entry gives comes after its mode.
func TestACLOfAnInstalledFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	in := p.installation()
	in.Spec.Permissions = []appspec.Permission{{
		Object: filepath.Join(p.app, "own"), Pattern: "**", Types: []string{"file"}, Mode: "640",
		ACLs: []appspec.ACLEntry{entry("user", "1001", 7)},
	}}
	err := Run(t.Context(), in)
	if err != nil && strings.Contains(err.Error(), "has no access control lists") {
		t.Skip("the file system of the temporary folder has no access control lists")
	}
	p.must(err)
	want := "02000000" + "01000600ffffffff" + "02000700e9030000" + "04000400ffffffff" + "10000400ffffffff" + "20000000ffffffff"
	if got := xattr(t, filepath.Join(p.app, "own/sub/d"), aclAccess); got != want {
		t.Errorf("list is %s, want %s", got, want)
	}
	text, err := os.ReadFile(in.Instructions)
	p.must(err)
	if want := `{"type":"setfacl","acl":["user:1001:rwx"],"file":"` + p.app + `/own/a"}`; !strings.Contains(string(text), want) {
		t.Errorf("instructions lack %s:\n%s", want, text)
	}
}

func TestACLOfAnUnknownAccount(t *testing.T) {
	t.Parallel()
	_, err := newACL([]appspec.ACLEntry{entry("group", "nobody-of-this-name", 7)})
	if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "group:nobody-of-this-name:rwx") {
		t.Errorf("error is %v", err)
	}
}
