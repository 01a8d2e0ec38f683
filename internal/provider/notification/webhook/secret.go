package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Secrets returns what messages are signed with: one signature for each, so
// that a secret can be replaced while receivers still know the old one.
type Secrets func() ([][]byte, error)

// Sign returns the signature of a message as the Standard Webhooks
// specification has it.
func Sign(secret []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// SecretFile reads the secrets of a file anew for every message.
func SecretFile(path string) Secrets {
	return func() ([][]byte, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("cannot read the webhook's secret: %w", err)
		}
		return parseSecrets(string(text), path)
	}
}

// SecretEnv reads the secrets of an environment variable.
func SecretEnv(name string) Secrets {
	return func() ([][]byte, error) { return parseSecrets(os.Getenv(name), "the variable "+name) }
}

// The specification's bounds, in bytes.
const minSecret, maxSecret = 24, 64

// parseSecrets reads secrets of the form whsec_BASE64, with space between
// them.
func parseSecrets(text, where string) ([][]byte, error) {
	var out [][]byte
	for i, word := range strings.Fields(text) {
		encoded, marked := strings.CutPrefix(word, "whsec_")
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if !marked || err != nil || len(secret) < minSecret || len(secret) > maxSecret {
			return nil, fmt.Errorf("the secret %d in %s must be whsec_ and %d to %d bytes in base64: "+
				`make one with  echo "whsec_$(openssl rand -base64 32)"`, i+1, where, minSecret, maxSecret)
		}
		out = append(out, secret)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no webhook secret in " + where)
	}
	return out, nil
}
