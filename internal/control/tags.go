package control

import (
	"strings"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// The limits of the two parts of any tag, in characters.
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// checkResourceTags checks the tags of an application or a group.
func (c *Control) checkResourceTags(tags []deploy.Tag) error {
	const code = "InvalidTagsToAddException"
	if len(tags) > c.quotas.ResourceTags {
		return deploy.Errorf(code, "There are %d tags, %d are allowed", len(tags), c.quotas.ResourceTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "":
			return deploy.Errorf(code, "A tag has no key")
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return deploy.Errorf(code, "The tag key %q is reserved: keys cannot begin with aws:", t.Key)
		case seen[t.Key]:
			return deploy.Errorf(code, "The tag key %q is given twice", t.Key)
		}
		if err := checkTagLength(code, t.Key, t.Value); err != nil {
			return err
		}
		if t.Key == deploy.SilentTimeoutTag {
			if _, err := deploy.ParseSilentTimeout(t.Value); err != nil {
				return deploy.Errorf(code, "The value of the tag %s: %v", t.Key, err)
			}
		}
		seen[t.Key] = true
	}
	return nil
}

// checkInstanceTags checks tags to put on an on-premises instance: unlike
// those of resources they need a value.
func checkInstanceTags(tags []deploy.Tag) error {
	const code = "InvalidTagException"
	if err := requireTags(tags); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "":
			return deploy.Errorf(code, "A tag has no key")
		case t.Value == "":
			return deploy.Errorf(code, "The tag %q has no value: tags of instances need one", t.Key)
		case seen[t.Key]:
			return deploy.Errorf(code, "The tag key %q is given twice", t.Key)
		}
		if err := checkTagLength(code, t.Key, t.Value); err != nil {
			return err
		}
		seen[t.Key] = true
	}
	return nil
}

func requireTags(tags []deploy.Tag) error {
	if len(tags) == 0 {
		return deploy.Errorf("TagRequiredException", "tags is missing or empty")
	}
	return nil
}

func checkTagLength(code, key, value string) error {
	if n := utf8.RuneCountInString(key); n > maxTagKey {
		return deploy.Errorf(code, "The tag key %q has %d characters, %d are allowed", key, n, maxTagKey)
	}
	if n := utf8.RuneCountInString(value); n > maxTagValue {
		return deploy.Errorf(code, "The value of the tag %q has %d characters, %d are allowed", key, n, maxTagValue)
	}
	return nil
}
