package objectstore

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// precondition is what a put demands of the object that it replaces.
type precondition struct {
	ifMatch     string // an ETag
	ifNoneMatch bool   // there must be none
}

func putCondition(h http.Header) (precondition, error) {
	p := precondition{ifMatch: h.Get("If-Match")}
	switch h.Get("If-None-Match") {
	case "":
	case "*":
		p.ifNoneMatch = true
	default:
		return p, fail("NotImplemented", "A header you provided implies functionality that is not implemented").
			with("Header", "If-None-Match")
	}
	return p, nil
}

func (p precondition) check(ctx context.Context, q querier, bucket, key string) error {
	if p.ifMatch == "" && !p.ifNoneMatch {
		return nil
	}
	o, err := findObject(ctx, q, bucket, key, "")
	if err == nil && o.DeleteMarker {
		err = errNoSuchKey(key)
	}
	switch missing := IsCode(err, "NoSuchKey"); {
	case err != nil && !missing:
		return err
	case p.ifNoneMatch && !missing:
		return errPrecondition("If-None-Match")
	case p.ifMatch != "" && missing:
		return err
	case p.ifMatch != "" && !etagListed(p.ifMatch, o.ETag):
		return errPrecondition("If-Match")
	}
	return nil
}

// readCondition holds a read, or the source of a copy, to RFC 9110's
// conditions. prefix is "" or "X-Amz-Copy-Source-". What does not hold is
// PreconditionFailed or NotModified.
func readCondition(h http.Header, prefix string, o Object) error {
	modified := o.Modified.Truncate(time.Second) // as finely as the headers say it
	if v := h.Get(prefix + "If-Match"); v != "" {
		if !etagListed(v, o.ETag) {
			return errPrecondition("If-Match")
		}
	} else if t, err := http.ParseTime(h.Get(prefix + "If-Unmodified-Since")); err == nil && modified.After(t) {
		return errPrecondition("If-Unmodified-Since")
	}
	if v := h.Get(prefix + "If-None-Match"); v != "" {
		if etagListed(v, o.ETag) {
			return notModified(prefix, "If-None-Match")
		}
	} else if t, err := http.ParseTime(h.Get(prefix + "If-Modified-Since")); err == nil && !modified.After(t) {
		return notModified(prefix, "If-Modified-Since")
	}
	return nil
}

// notModified is good news for a reader, but there is nothing to copy then.
func notModified(prefix, condition string) error {
	if prefix != "" {
		return errPrecondition(condition)
	}
	return fail("NotModified", "Not Modified")
}

// etagListed says whether an If-Match header names the ETag. Clients send it
// with the quotes or without.
func etagListed(list, etag string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(v string) bool {
		v = strings.TrimPrefix(strings.TrimSpace(v), "W/")
		return v == "*" || strings.Trim(v, `"`) == etag
	})
}
