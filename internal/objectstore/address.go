package objectstore

import (
	"net"
	"strings"
)

// address finds bucket and key. Both are "" in a call to the service.
func (c *call) address() (bucket, key string) {
	path := strings.TrimPrefix(c.r.URL.Path, "/")
	if bucket := hostBucket(c.r.Host, c.domains); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// hostBucket is the bucket that a host name names: what stands before the
// longest of the domains. "s3" before a domain, or between it and the bucket,
// names the service, as in AWS's own host names; it is too short for a bucket.
func hostBucket(host string, domains []string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	found, length := "", 0
	for _, domain := range domains {
		if host == domain {
			return ""
		}
		if label, ok := strings.CutSuffix(host, "."+domain); ok && len(domain) > length {
			found, length = label, len(domain)
		}
	}
	if found == "s3" {
		return ""
	}
	return strings.TrimSuffix(found, ".s3")
}
