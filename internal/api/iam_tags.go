package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slipwayhq/slipway/internal/iam"
)

// maxTags is how many a user, a role or a policy may have.
const maxTags = 50

type tagXML struct{ Key, Value string }

// tagsOf reads Tags.member.1.Key and so on.
func tagsOf(form url.Values) ([]iam.Tag, error) {
	var tags []iam.Tag
	seen := map[string]bool{}
	for n := 1; form.Has(fmt.Sprintf("Tags.member.%d.Key", n)); n++ {
		tag := iam.Tag{
			Key:   form.Get(fmt.Sprintf("Tags.member.%d.Key", n)),
			Value: form.Get(fmt.Sprintf("Tags.member.%d.Value", n)),
		}
		folded := strings.ToLower(tag.Key)
		if tag.Key == "" || len(tag.Key) > 128 || len(tag.Value) > 256 || seen[folded] {
			return nil, &queryError{
				http.StatusBadRequest, "InvalidInput",
				"A tag must have a key of 1 to 128 characters that no other has, and a value of at most 256.",
			}
		}
		seen[folded] = true
		tags = append(tags, tag)
	}
	if len(tags) > maxTags {
		return nil, limitExceeded("Cannot exceed quota for TagsPerEntity: %d", maxTags)
	}
	return tags, nil
}

func tagsXML(tags []iam.Tag) []tagXML {
	var out []tagXML
	for _, t := range tags {
		out = append(out, tagXML(t))
	}
	return out
}
