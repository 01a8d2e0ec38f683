package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// PageSize is how many items a list returns at once. The API has no parameter
// for it.
const PageSize = 100

// Pager makes and reads the tokens of paginated lists. A token holds the key
// of the last item that was returned, so that a walk sees every item once
// however the list changes under it. It is sealed together with the list it
// belongs to: it opens neither another operation, nor another namespace, nor
// the same list with other filters.
type Pager struct{ key []byte }

// NewPager returns a pager. Servers that answer the same clients share a key,
// which must be secret and at least 32 bytes long.
func NewPager(key []byte) Pager { return Pager{key} }

// sealSize is enough of a SHA-256 to be out of reach of guessing.
const sealSize = 16

// Token returns the token for what comes after the item with the key last.
// filter is whatever selects and orders the items, typically the input without
// its token; it is compared as JSON.
func (p Pager) Token(call *Call, filter any, last string) string {
	sealed := append(p.seal(call, filter, last), last...)
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// After returns the key that the token of a request holds, or "" for a request
// without a token.
func (p Pager) After(call *Call, filter any, token *string) (string, error) {
	if token == nil || *token == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(*token)
	if err != nil || len(sealed) < sealSize {
		return "", errToken
	}
	last := string(sealed[sealSize:])
	if !hmac.Equal(sealed[:sealSize], p.seal(call, filter, last)) {
		return "", errToken
	}
	return last, nil
}

var errToken = &deploy.Error{
	Code:    "InvalidNextTokenException",
	Message: "The next token was specified in an invalid format, or belongs to another list.",
}

func (p Pager) seal(call *Call, filter any, last string) []byte {
	bound, err := json.Marshal([]any{
		call.Service, call.Operation, call.Namespace.Account, call.Namespace.Region, filter, []byte(last),
	})
	if err != nil {
		panic(err) // a filter that cannot be marshalled is a mistake in its handler
	}
	h := hmac.New(sha256.New, p.key)
	h.Write(bound)
	return h.Sum(nil)[:sealSize]
}
