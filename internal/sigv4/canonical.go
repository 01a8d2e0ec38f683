package sigv4

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is the text that both sides hash: exactly the named headers
// and no others. The names are lower case.
func canonicalRequest(r *http.Request, canonicalPath, canonicalQuery string, signed []string, payloadHash string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalPath + "\n" + canonicalQuery + "\n")
	for _, name := range signed {
		b.WriteString(name)
		b.WriteByte(':')
		for i, v := range headerValues(r, name) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(trimSpaces(v))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + payloadHash)
	return b.String()
}

// headerValues also finds the headers that net/http keeps out of r.Header.
func headerValues(r *http.Request, name string) []string {
	switch name {
	case "host":
		if r.Host != "" {
			return []string{r.Host}
		}
		return []string{r.URL.Host}
	case "content-length":
		if len(r.Header["Content-Length"]) == 0 && r.ContentLength >= 0 {
			return []string{strconv.FormatInt(r.ContentLength, 10)}
		}
	case "transfer-encoding":
		return r.TransferEncoding
	}
	return r.Header.Values(name)
}

// trimSpaces cuts the spaces around a value and makes one of each run inside.
func trimSpaces(s string) string {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "  ") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] != ' ' || s[i-1] != ' ' {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// canonicalPaths returns the forms in which clients canonicalise the path of a
// request, likeliest first. S3 keys are taken as they are and escaped once;
// other services' paths are escaped twice, and some SDKs (botocore) clean them
// first while others (Go) do not. A client that escapes in its own manner
// signs the path as it sent it. All forms name the same resource.
func canonicalPaths(u *url.URL, service string) []string {
	sent := u.EscapedPath()
	if sent == "" {
		sent = "/"
	}
	if service == serviceS3 {
		if p := escape(u.Path, true); p != "" && p != sent {
			return []string{p, sent}
		}
		return []string{sent}
	}
	twice := escape(sent, true)
	cleaned := path.Clean("/" + sent)
	if strings.HasSuffix(sent, "/") && cleaned != "/" {
		cleaned += "/"
	}
	if cleaned = escape(cleaned, true); cleaned != twice {
		return []string{twice, cleaned}
	}
	return []string{twice}
}

type param struct{ name, value string }

// parseQuery is stricter than url.ParseQuery, which drops what it can't read:
// what is not understood can't be signed.
func parseQuery(raw string) ([]param, error) {
	var ps []param
	for piece := range strings.SplitSeq(raw, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		ps = append(ps, param{name, value})
	}
	return ps, nil
}

// canonicalQuery escapes and sorts the parameters, in that order. The
// signature of a presigned URL is no part of what it signs.
func canonicalQuery(ps []param) string {
	escaped := make([]param, 0, len(ps))
	for _, p := range ps {
		if p.name != paramSignature {
			escaped = append(escaped, param{escape(p.name, false), escape(p.value, false)})
		}
	}
	slices.SortFunc(escaped, func(a, b param) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range escaped {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String()
}

// escape is AWS's URI encoding: every byte but the unreserved ones of RFC 3986
// (net/url leaves more of them alone), with or without the slash.
func escape(s string, keepSlash bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		c := s[i]
		if unreserved(c) || c == '/' && keepSlash {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
