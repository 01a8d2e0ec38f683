package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// chunkSigner carries the chain: each signature covers the one before, and the
// first of all is the request's.
type chunkSigner struct {
	scope           scope
	secret, amzDate string
	previous        string // signature of the chunk before
	claimed         string // signature of the open chunk
	sum             hash.Hash
}

func (s *chunkSigner) begin(claimed string) {
	s.claimed, s.sum = claimed, sha256.New()
}

func (s *chunkSigner) chunkHolds() bool {
	content := hex.EncodeToString(s.sum.Sum(nil))
	return s.holds("-PAYLOAD", EmptyHash+"\n"+content, s.claimed)
}

func (s *chunkSigner) trailerHolds(canonical, claimed string) bool {
	return s.holds("-TRAILER", HashPayload([]byte(canonical)), claimed)
}

func (s *chunkSigner) holds(suffix, rest, claimed string) bool {
	want := s.scope.sign(s.secret, algorithm+suffix, s.amzDate, s.previous+"\n"+rest)
	s.previous = want
	return hmac.Equal([]byte(want), []byte(claimed))
}
