package objectstore

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/sigv4"
)

// The version 1 aws command, and boto3, presign URLs of an endpoint that is
// not AWS's with Signature Version 2, unless their configuration says
// signature_version = s3v4. So the store knows that old form, for URLs of
// objects and nothing else. It is described at
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html

// signedByV2 are the parameters that version 2 signs. Those it does not sign
// are refused, so that nobody can add to what was signed.
var signedByV2 = []string{
	"partNumber", "response-cache-control", "response-content-disposition", "response-content-encoding",
	"response-content-language", "response-content-type", "response-expires", "tagging", "uploadId", "uploads", "versionId",
}

// presignedV2 says whether the request has such a signature.
func (c *call) presignedV2() bool {
	return c.query.Has("AWSAccessKeyId") && c.query.Has("Signature") && c.key != "" && c.r.Header.Get("Authorization") == ""
}

// parseV2 reads what there is to know before the secret is. The body of such
// a request is not signed, as with the newer form.
func (c *call) parseV2() *sigv4.Authorization {
	return &sigv4.Authorization{
		AccessKeyID: c.query.Get("AWSAccessKeyId"), SessionToken: c.query.Get("x-amz-security-token"),
		Region: c.store.opts.Region, Service: "s3", Presigned: true, PayloadHash: sigv4.UnsignedPayload,
	}
}

func (c *call) verifyV2(secret string) error {
	seconds, err := strconv.ParseInt(c.query.Get("Expires"), 10, 64)
	if err != nil {
		return fail("AccessDenied", "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
	}
	expires, now := time.Unix(seconds, 0), c.store.opts.Now()
	if now.After(expires) {
		return fail("AccessDenied", "Request has expired").with("Expires", expires.UTC().Format(time.RFC3339))
	}
	if expires.After(now.Add(sigv4.MaxExpires + sigv4.MaxSkew)) {
		return fail("AccessDenied", "A presigned URL must not be good for more than a week.")
	}
	text, err := c.stringToSignV2()
	if err != nil {
		return err
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	if !hmac.Equal([]byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), []byte(c.query.Get("Signature"))) {
		return errV2Mismatch()
	}
	return nil
}

func errV2Mismatch() error {
	return fail("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
}

func (c *call) stringToSignV2() (string, error) {
	// The headers that were signed are in the URL too. Who uses it may leave
	// them out, but not send others instead.
	values := c.r.Header.Clone()
	var resource []string
	for name, v := range c.query {
		switch lower := strings.ToLower(name); {
		case name == "AWSAccessKeyId" || name == "Signature" || name == "Expires":
		case strings.HasPrefix(lower, "x-amz-") || lower == "content-type" || lower == "content-md5":
			if sent := c.r.Header.Values(name); len(sent) > 0 && !slices.Equal(sent, v) {
				return "", errV2Mismatch()
			}
			values[http.CanonicalHeaderKey(name)] = v
		case !slices.Contains(signedByV2, name):
			return "", errInvalidArgument(name, v[0], "This query parameter is not covered by Signature Version 2.")
		case v[0] == "":
			resource = append(resource, name)
		default:
			resource = append(resource, name+"="+v[0])
		}
	}
	var amz []string
	for name, v := range values {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") {
			amz = append(amz, name+":"+strings.Join(v, ",")+"\n")
		}
	}
	slices.Sort(amz)
	slices.Sort(resource)
	path := c.r.URL.EscapedPath()
	if hostBucket(c.r.Host, c.domains) != "" {
		path = "/" + c.bucket + path
	}
	if len(resource) > 0 {
		path += "?" + strings.Join(resource, "&")
	}
	return c.r.Method + "\n" + values.Get("Content-Md5") + "\n" + values.Get("Content-Type") + "\n" + c.query.Get("Expires") + "\n" +
		strings.Join(amz, "") + path, nil
}
