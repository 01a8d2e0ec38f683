// Package sigv4 signs and verifies requests with AWS Signature Version 4: in
// the Authorization header, in a presigned URL, and chunk by chunk in the
// bodies that S3 clients stream. The server's edge, the object store and the
// host agent share it, so it imports only the standard library.
//
// A server calls [Parse], looks up the secret of the access key it finds, and
// then verifies. Where the body is small and bounded (every service but S3) it
// reads the body first and calls [Authorization.VerifyHash]; for S3 it calls
// [Authorization.Verify] and reads the body through
// [Authorization.BodyReader], which holds the body to what was signed.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Credentials are an access key, with the session token of temporary ones.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// What X-Amz-Content-Sha256 may say instead of a hash. Only S3 clients do.
const (
	UnsignedPayload          = "UNSIGNED-PAYLOAD"
	StreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	StreamingSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
)

// EmptyHash is the payload hash of a request without a body.
const EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// MaxSkew is how far a client's clock may be from ours. A request may be
// replayed within it, as with AWS.
const MaxSkew = 5 * time.Minute

// MaxExpires is the longest life of a presigned URL.
const MaxExpires = 7 * 24 * time.Hour

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	serviceS3  = "s3"
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"
)

const (
	headerAuthorization = "Authorization"
	headerDate          = "X-Amz-Date"
	headerHash          = "X-Amz-Content-Sha256"
	headerToken         = "X-Amz-Security-Token"

	paramAlgorithm     = "X-Amz-Algorithm"
	paramCredential    = "X-Amz-Credential"
	paramExpires       = "X-Amz-Expires"
	paramSignedHeaders = "X-Amz-SignedHeaders"
	paramSignature     = "X-Amz-Signature"
)

// HashPayload is the payload hash of a body.
func HashPayload(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// scope is what a signing key is good for: one day, region and service.
type scope struct {
	date, region, service string
}

func (s scope) String() string {
	return s.date + "/" + s.region + "/" + s.service + "/" + terminator
}

// key derives the signing key. It costs four short HMACs, too little to be
// worth a cache of secrets.
func (s scope) key(secret string) []byte {
	k := mac([]byte("AWS4"+secret), s.date)
	k = mac(k, s.region)
	k = mac(k, s.service)
	return mac(k, terminator)
}

// signature signs what a canonical request hashes to.
func (s scope) signature(secret, amzDate, canonicalRequest string) string {
	return s.sign(secret, algorithm, amzDate, HashPayload([]byte(canonicalRequest)))
}

// sign is the common form of everything that is signed: an algorithm, the
// time, the scope, and lines that depend on the algorithm.
func (s scope) sign(secret, algo, amzDate, rest string) string {
	return hex.EncodeToString(mac(s.key(secret), algo+"\n"+amzDate+"\n"+s.String()+"\n"+rest))
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}
