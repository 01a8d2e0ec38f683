package objectstore

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
)

func TestOperationsTable(t *testing.T) {
	t.Parallel()
	for i, op := range operations {
		if op.param != "" && !slices.Contains(subresources, op.param) {
			t.Errorf("%s %q is not a known subresource", op.method, op.param)
		}
		for _, other := range operations[:i] {
			if other.level == op.level && other.method == op.method && other.param == op.param && (other.header == "" || other.header == op.header) {
				t.Errorf("%s %q can never be chosen: another one stands before it", op.method, op.param)
			}
		}
	}
}

func FuzzRoute(f *testing.F) {
	f.Add("GET", "/shop/k", "versionId=1", "localhost")
	f.Add("POST", "//", "delete&uploads", "shop.s3.localhost:1")
	f.Add("GET", "//sho\x10/ksho\x10/k", "versionId=1", "ost") // no bucket, and a key
	f.Fuzz(func(t *testing.T, method, path, query, host string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Method, r.URL, r.Host = method, &url.URL{Path: path, RawQuery: query}, host
		c := &call{handler: &handler{domains: []string{"localhost"}}, r: r, query: r.URL.Query()}
		c.bucket, c.key = c.address()
		op, err := route(c)
		if err != nil {
			return
		}
		if op.serve == nil || op.level != onService && c.bucket == "" || (op.level == onObject) != (c.key != "") {
			t.Fatalf("%s %s?%s at %s chose %+v", method, path, query, host, op)
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, v := range []string{"bytes=0-1", "bytes=-5", "bytes=5-", "bytes=0-1,2-3", "bytes=9223372036854775807-", "bytes=--1"} {
		f.Add(v, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		s, ok, err := parseRange(header, size)
		if err == nil && ok && (s.start < 0 || s.length < 1 || s.start+s.length > size || s.start+s.length < s.start) {
			t.Fatalf("%q of %d: %+v", header, size, s)
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte("<Delete><Object><Key>a</Key></Object></Delete>"))
	f.Add([]byte(`<CompleteMultipartUpload xmlns="x"><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload> `))
	f.Fuzz(func(t *testing.T, b []byte) {
		var del deleteXML
		var done completeXML
		for _, doc := range []any{&del, &done} {
			if err := decodeXML(b, doc); err != nil && !IsCode(err, "MalformedXML") {
				t.Fatal(err)
			}
		}
		_, _, _, _ = parseSource(string(b))
		text := toText(string(b))
		if after := afterPrefix(text); !isText(text) || !isText(after) || len(text) <= maxKeyLength && after <= text {
			t.Fatalf("%q does not sort after %q", after, text)
		}
	})
}
