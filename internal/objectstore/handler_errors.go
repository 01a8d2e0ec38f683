package objectstore

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// signatureCodes are S3's names for what is wrong with a signature.
var signatureCodes = map[sigv4.Reason]string{
	sigv4.Unsigned:         "AccessDenied",
	sigv4.Malformed:        "AuthorizationHeaderMalformed",
	sigv4.Unsupported:      "InvalidRequest",
	sigv4.HeadersNotSigned: "AccessDenied",
	sigv4.Mismatch:         "SignatureDoesNotMatch",
	sigv4.Skewed:           "RequestTimeTooSkewed",
	sigv4.Expired:          "AccessDenied",
	sigv4.PayloadMismatch:  "XAmzContentSHA256Mismatch",
	sigv4.BodyMalformed:    "InvalidRequest",
	sigv4.BodyIncomplete:   "IncompleteBody",
	sigv4.LengthMissing:    "MissingContentLength",
}

// signatureError turns what is wrong with a signature, or a body, into S3's
// error. Others it leaves as they are.
func signatureError(err error) error {
	var bad *sigv4.Error
	switch {
	case errors.As(err, &bad) && bad.Reason == sigv4.Unsigned:
		return fail("AccessDenied", "Access Denied")
	case bad != nil:
		return fail(signatureCodes[bad.Reason], "%s", bad.Message)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")
	}
	return err
}

type errorXML struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Details   []detailXML
	Resource  string
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

type detailXML struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

func (c *call) writeError(e *Error) {
	if e.Status == http.StatusNotModified || c.r.Method == http.MethodHead {
		// There is no body to say it in.
		c.w.Header().Del("Content-Length")
		c.w.WriteHeader(e.Status)
		return
	}
	doc := errorXML{Code: e.Code, Message: e.Message, Resource: c.r.URL.Path, RequestID: c.id, HostID: c.id}
	for _, d := range e.Details {
		doc.Details = append(doc.Details, detailXML{xml.Name{Local: d.Name}, d.Value})
	}
	c.writeXML(e.Status, doc)
}
