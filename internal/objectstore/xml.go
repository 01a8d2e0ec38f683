package objectstore

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// namespace is that of every document but an error.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// maxXML is more than a thousand keys to delete, or ten thousand parts to
// join, need.
const maxXML = 4 << 20

func (c *call) writeXML(status int, doc any) {
	b, err := xml.Marshal(doc)
	if err != nil { // a bug: all documents are structs of texts and numbers
		http.Error(c.w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(xml.Header)+len(b)))
	c.w.WriteHeader(status)
	_, _ = io.WriteString(c.w, xml.Header) // if it fails the client is gone
	_, _ = c.w.Write(b)
}

// readXML reads the body, checks it like that of an object, and decodes it.
func (c *call) readXML(doc any) error {
	d, err := newDigests(c.r.Header, "")
	if err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(body, maxXML+1))
	if err != nil {
		return err
	}
	if len(b) > maxXML {
		return fail("MaxMessageLengthExceeded", "Your request was too big.").with("MaxMessageLengthBytes", strconv.Itoa(maxXML))
	}
	_, _ = d.Write(b) // never fails
	if err := d.check(body.Trailer()); err != nil {
		return err
	}
	return decodeXML(b, doc)
}

func decodeXML(b []byte, doc any) error {
	dec := xml.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(doc); err != nil {
		return malformedXML()
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		if rest := bytes.TrimSpace(b[dec.InputOffset():]); err != nil || len(rest) > 0 {
			return malformedXML()
		}
	}
	return nil
}

func malformedXML() error {
	return fail("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

// xmlTime is how S3 writes times in documents.
func xmlTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func quote(etag string) string { return `"` + etag + `"` }

// encoder writes keys as the client asked: XML can't hold them all.
type encoder string

func (c *call) encoder() (encoder, error) {
	switch v := c.query.Get("encoding-type"); v {
	case "", "url":
		return encoder(v), nil
	default:
		return "", errInvalidArgument("encoding-type", v, "Invalid Encoding Method specified in Request")
	}
}

func (e encoder) encode(s string) string {
	if e == "" {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "%2F", "/"), "+", "%20")
}
