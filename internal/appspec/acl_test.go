package appspec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestACLEntries(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want string // in the long form
		err  string
	}{
		"u:app:rwx":            {want: "user:app:rwx"},
		"user:app:5":           {want: "user:app:r-x"},
		"app:r":                {want: "user:app:r--"},
		":app:w":               {err: "invalid acl entry"},
		"g:web:x":              {want: "group:web:--x"},
		"group:web:":           {want: "group:web:---"},
		"m:rw":                 {want: "mask::rw-"},
		"mask::7":              {want: "mask::rwx"},
		"m:x:7":                {err: "invalid acl entry"},
		"d:u:app:rwx":          {want: "default:user:app:rwx"},
		"default:group::r":     {want: "default:group::r--"},
		"d::rwx":               {want: "default:user::rwx"},
		"d:o:0":                {want: "default:other::---"},
		"d:m:rx":               {want: "default:mask::r-x"},
		"d:app:r":              {want: "default:user:app:r--"},
		"u::rwx":               {err: "use mode to set the base acl entry (u::rwx)"},
		"o:r":                  {err: "use mode to set the base acl entry"},
		"g::r":                 {err: "use mode to set the base acl entry"},
		"rwx":                  {err: "invalid acl entry"},
		"d:d:app:r":            {err: "invalid acl entry"},
		"x:app:r":              {err: "invalid acl entry"},
		"a:b:c:d:e":            {err: "invalid acl entry"},
		"u:app:8":              {err: "contains an invalid character (8)"},
		"u:app:rwX":            {err: "contains an invalid character (X)"},
		"u:app; rm -rf /:r":    {want: "user:app; rm -rf /:r--"}, // a name that no account has; it reaches no shell
		"default:other:web:rw": {err: "invalid acl entry"},
	}
	for text, test := range tests {
		e, err := parseACLEntry(text)
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q: error is %v, want %q", text, err, test.err)
			}
		case err != nil:
			t.Errorf("%q: %v", text, err)
		case e.String() != test.want:
			t.Errorf("%q is %s, want %s", text, e, test.want)
		}
	}
}

// FuzzACLEntry checks that the long form of an entry means the same entry.
func FuzzACLEntry(f *testing.F) {
	for _, text := range []string{"u:app:rwx", "d:m:7", "app:r", "default:group::-", "m::0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseACLEntry(text)
		if err != nil {
			return
		}
		again, err := parseACLEntry(e.String())
		if err != nil {
			t.Fatalf("%q is %s, which is refused: %v", text, e, err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Errorf("%q (-first +again):\n%s", text, diff)
		}
	})
}

func permission(text string) string {
	return "version: 0.0\nos: linux\npermissions:\n  - object: /srv/shop\n" + text
}

func TestPermissionsWithListsAndLabels(t *testing.T) {
	t.Parallel()
	spec, err := Parse([]byte(permission("    acls: [\"u:app:rwx\", \"m:rw\"]\n    context: {name: system_u, type: httpd_t, range: \"s0-s1:c0.c3,c7\"}\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := Permission{
		Object: "/srv/shop", Pattern: "**", Types: []string{"file", "directory"}, Line: 4,
		ACLs:    []ACLEntry{{Tag: "user", Name: "app", Perm: 7}, {Tag: "mask", Perm: 6}},
		Context: &Context{User: "system_u", Type: "httpd_t", Range: "s0-s1:c0.c3,c7"},
	}
	if diff := cmp.Diff([]Permission{want}, spec.Permissions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	spec, err = Parse([]byte(permission("    context: {user: u, type: t}\n")))
	if err != nil || spec.Permissions[0].Context.User != "u" || len(spec.Warnings) != 1 {
		t.Errorf("the guide's word for the user: %+v, %v", spec, err)
	}
}

func TestPermissionMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"    acls: [\"u:app:z\"]\n":                      "line 5: permissions[0].acls[0]: a problem with the acls permission settings",
		"    acls: [\"u:a:r\", \"user:a:w\"]\n":          "specified more than once",
		"    acls: [\"d:u:a:r\"]\n    type: [file]\n":    "default entry, which only a directory can have",
		"    context: {name: u}\n":                       "needs a type",
		"    context: {type: \"t; rm\"}\n":               "the type of an SELinux context is letters",
		"    context: {type: t, role: r}\n":              "roles are not supported",
		"    context: {type: t, range: s1-s0}\n":         "the sensitivity s0 is below s1",
		"    context: {type: t, range: x0}\n":            "is not s and a number",
		"    context: {type: t, range: \"s0:c1024\"}\n":  "above c1023",
		"    context: {type: t, range: \"s0:c1,c1\"}\n":  "named more than once",
		"    context: {type: t, range: \"s0:c4.c1\"}\n":  "is below c4",
		"    context: {type: t, range: \"s0:c1.c9,\"}\n": "is not c and a number",
		"    type: [socket]\n":                           "object type not supported for permissions",
		"    mode: 12345\n":                              "length of a permissions mode",
		"    mode: 9\n":                                  "contains an invalid character",
		"    owner: 1000\n":                              "expected a name, found the number 1000",
	} {
		_, err := Parse([]byte(permission(text)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want %q", text, err, want)
		}
	}
}
