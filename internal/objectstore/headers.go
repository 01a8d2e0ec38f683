package objectstore

import (
	"net/http"
	"slices"
	"strings"
)

// maxUserMetadata is S3's limit for the x-amz-meta-* headers together.
const maxUserMetadata = 2 << 10

const metaPrefix = "X-Amz-Meta-"

// contentHeaders are kept with an object and given back with it.
var contentHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
	"X-Amz-Website-Redirect-Location",
}

// promises are headers that ask for what this store does not do. To take the
// content and drop the promise would be worse than to refuse. Encryption by
// the service and storage classes are not among them: they change nothing
// that a client can see.
var promises = []string{
	"X-Amz-Tagging", "X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Object-Lock-Legal-Hold",
	"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Algorithm",
	"X-Amz-Write-Offset-Bytes",
}

// checkPromises refuses what can't be kept.
func checkPromises(h http.Header) error {
	for _, name := range promises {
		if h.Get(name) != "" {
			return fail("NotImplemented", "A header you provided implies functionality that is not implemented").
				with("Header", strings.ToLower(name))
		}
	}
	switch h.Get("X-Amz-Acl") {
	case "", "private", "bucket-owner-full-control", "bucket-owner-read":
		return nil
	}
	return fail("AccessControlListNotSupported", "The bucket does not allow ACLs")
}

// objectHeaders picks from a request what is kept with the object.
func objectHeaders(h http.Header) (map[string]string, error) {
	if err := checkPromises(h); err != nil {
		return nil, err
	}
	kept := map[string]string{}
	for _, name := range contentHeaders {
		if v := h.Get(name); v != "" {
			kept[name] = v
		}
	}
	if v := withoutChunked(kept["Content-Encoding"]); v != "" {
		kept["Content-Encoding"] = v
	} else {
		delete(kept, "Content-Encoding")
	}
	if kept["Content-Type"] == "" {
		kept["Content-Type"] = "binary/octet-stream"
	}
	size := 0
	for name, values := range h {
		if strings.HasPrefix(name, metaPrefix) {
			kept[name] = strings.Join(values, ",")
			size += len(name) - len(metaPrefix) + len(kept[name])
		}
	}
	if size > maxUserMetadata {
		return nil, fail("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	return kept, nil
}

// withoutChunked takes aws-chunked away: it was the encoding of the request,
// not of the content.
func withoutChunked(encoding string) string {
	list := strings.Split(encoding, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return strings.Join(slices.DeleteFunc(list, func(v string) bool { return v == "aws-chunked" }), ",")
}

// describe puts an object's headers on the response.
func (c *call) describe(o Object) {
	h := c.w.Header()
	for name, v := range o.Headers {
		if strings.HasPrefix(name, metaPrefix) {
			h[strings.ToLower(name)] = []string{v} // clients such as boto3 show the name as it came
			continue
		}
		h.Set(name, v)
	}
	for _, name := range contentHeaders {
		if v := c.query.Get("response-" + strings.ToLower(name)); v != "" {
			h.Set(name, v)
		}
	}
	h.Set("ETag", quote(o.ETag))
	h.Set("Last-Modified", o.Modified.Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	// Objects share an origin with the console. What someone uploaded must not
	// run there as a page of ours.
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
}

// versionHeader tells the version of an object that was put while its bucket
// had versioning.
func (c *call) versionHeader(id string) {
	if id != "" && (id != NullVersion || c.query.Has("versionId")) {
		c.w.Header().Set("X-Amz-Version-Id", id)
	}
}

func (c *call) checksumHeaders(sum Checksum) {
	if sum.Value != "" {
		c.w.Header().Set(sum.header(), sum.Value)
		c.w.Header().Set("X-Amz-Checksum-Type", sum.Type)
	}
}
