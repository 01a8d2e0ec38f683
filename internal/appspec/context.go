package appspec

import (
	"fmt"
	"strconv"
	"strings"
)

// context reads an SELinux label. The official agent takes the user from name;
// its guide calls the key user, so both do.
func (p *parser) context(f at) *Context {
	fields := p.fields(f)
	c := &Context{User: p.text(fields["name"]), Type: p.text(fields["type"]), Range: p.text(fields["range"])}
	if user, ok := fields["user"]; ok && c.User == "" {
		c.User = p.text(user)
		p.warn(user, "the official agent ignores user; write name")
	}
	if role, ok := fields["role"]; ok && !isNull(role.node) {
		p.fail(role, "specifies a role, but roles are not supported")
	}
	for _, field := range []struct{ key, value string }{{"name", c.User}, {"type", c.Type}} {
		if strings.Trim(field.value, contextLetters) != "" {
			p.fail(f, "the %s of an SELinux context is letters, digits, _, . and -, found %q", field.key, field.value)
		}
	}
	if c.Type == "" {
		p.fail(f, "an SELinux context needs a type")
	}
	if c.Range == "" {
		return c
	}
	if err := checkRange(c.Range); err != nil {
		p.fail(fields["range"], "invalid range of an SELinux context: %v", err)
	}
	return c
}

const contextLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

// maxCategory is the highest category of SELinux policies.
const maxCategory = 1023

// checkRange checks s#[-s#][:c#[.c#][,...]].
func checkRange(text string) error {
	levels, categories, some := strings.Cut(text, ":")
	low, high, both := strings.Cut(levels, "-")
	first, err := numbered(low, 's')
	if err != nil {
		return err
	}
	if both {
		last, err := numbered(high, 's')
		if err != nil {
			return err
		}
		if last < first {
			return fmt.Errorf("the sensitivity %s is below %s", high, low)
		}
	}
	if !some {
		return nil
	}
	return checkCategories(categories)
}

func checkCategories(text string) error {
	seen := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		low, high, both := strings.Cut(part, ".")
		first, err := numbered(low, 'c')
		if err != nil {
			return err
		}
		last := first
		if both {
			if last, err = numbered(high, 'c'); err != nil {
				return err
			}
		}
		switch {
		case last > maxCategory:
			return fmt.Errorf("the category c%d is above c%d", last, maxCategory)
		case last < first:
			return fmt.Errorf("the category %s is below %s", high, low)
		}
		for n := first; n <= last; n++ {
			if seen[n] {
				return fmt.Errorf("the category c%d is named more than once", n)
			}
			seen[n] = true
		}
	}
	return nil
}

// numbered reads a letter with a number, as in s0.
func numbered(text string, letter byte) (int, error) {
	if text == "" || text[0] != letter {
		return 0, fmt.Errorf("%q is not %c and a number", text, letter)
	}
	n, err := strconv.ParseUint(text[1:], 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not %c and a number", text, letter)
	}
	return int(n), nil
}
