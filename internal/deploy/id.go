package deploy

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
)

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// randomText returns n characters of the alphabet, evenly distributed.
func randomText(n int, alphabet string) string {
	out := make([]byte, 0, n)
	buf := make([]byte, n)
	limit := 256 - 256%len(alphabet)
	for len(out) < n {
		rand.Read(buf) // never fails
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// NewDeploymentID returns "d-" and nine random capital letters and digits.
func NewDeploymentID() string { return "d-" + randomText(9, idAlphabet) }

// NewUUID returns a random (version 4) UUID in lower case.
func NewUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// NewInstanceSuffix returns the ten characters at the end of an on-premises
// instance's ARN.
func NewInstanceSuffix() string { return randomText(10, idAlphabet) }

var (
	namePattern         = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,100}$`)
	deploymentIDPattern = regexp.MustCompile(`^d-[A-Z0-9]{9,}$`)
)

// ValidName reports whether s can name an application, a group, a
// configuration or an instance: 1 to 100 letters, digits and +=,.@_-
func ValidName(s string) bool { return namePattern.MatchString(s) }

// ValidDeploymentID reports whether s has the form of a deployment id.
func ValidDeploymentID(s string) bool { return deploymentIDPattern.MatchString(s) }
