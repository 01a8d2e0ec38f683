package iam

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// key is a condition key. Neither part has case.
type key struct {
	name string // "aws:resourcetag", in lower case
	tag  string // what follows the slash
}

func newKey(text string) key {
	name, tag, _ := strings.Cut(text, "/")
	return key{strings.ToLower(name), tag}
}

// keysNeverThere are those that AWS leaves out of requests like ours: nobody
// has a second factor, belongs to an organisation, or carries tags himself.
var keysNeverThere = []string{
	"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:principaltag", "aws:principalorgid",
	"aws:principalorgpaths", "aws:sourcearn", "aws:sourceaccount", "aws:sourcevpc", "aws:sourcevpce", "aws:calledvia",
	"aws:federatedprovider", "aws:tokenissuetime", "aws:referer",
}

// values returns what the request has under a key. An unknown key is one whose
// value AWS might have and this server cannot tell.
func (e *evaluation) values(k key) (values []string, known bool) {
	p, r := e.request.Principal, e.request
	switch k.name {
	case "aws:username":
		if p.Kind == UserKind {
			return one(p.Name), true
		}
		return nil, true
	case "aws:userid":
		return one(p.UserID), true
	case "aws:principalarn":
		return one(p.RoleOrOwnARN()), true
	case "aws:principalaccount":
		return one(p.AccountID), true
	case "aws:principaltype":
		return one(p.Kind.principalType()), true
	case "aws:sourceip":
		return one(r.SourceIP), true
	case "aws:currenttime":
		return one(r.Time.UTC().Format(time.RFC3339)), true
	case "aws:epochtime":
		return one(strconv.FormatInt(r.Time.Unix(), 10)), true
	case "aws:securetransport":
		return one(strconv.FormatBool(r.Secure)), true
	case "aws:useragent":
		return one(r.UserAgent), true
	case "aws:viaawsservice":
		return one("false"), true
	}
	if strings.HasPrefix(k.name, "aws:") && strings.Contains(k.name, "tag") {
		return e.tagValues(k)
	}
	if v, ok := r.Extra[k.name]; ok {
		return one(v), true
	}
	return nil, slices.Contains(keysNeverThere, k.name)
}

func (e *evaluation) tagValues(k key) (values []string, known bool) {
	switch k.name {
	case "aws:requesttag":
		return tagValue(e.request.RequestTags, k.tag), true
	case "aws:tagkeys":
		for name := range e.request.RequestTags {
			values = append(values, name)
		}
		return values, true
	case "aws:resourcetag":
		return tagValue(e.resourceTags(), k.tag), true
	}
	return nil, slices.Contains(keysNeverThere, k.name)
}

// tagValue prefers the tag in the spelling of the policy, for a resource can
// have tags that differ only in case.
func tagValue(tags map[string]string, name string) []string {
	if v, ok := tags[name]; ok {
		return []string{v}
	}
	for other, v := range tags {
		if strings.EqualFold(other, name) {
			return []string{v}
		}
	}
	return nil
}

func one(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}
