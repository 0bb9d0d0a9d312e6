package telemetry

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// Pseudonyms stand in logs for what they must not show: the subject of a login, or a
// phone number. Each is a hash with a key, so that whoever has the log alone cannot try
// all numbers.
type Pseudonyms struct{ key []byte }

// NewPseudonyms takes a secret key. With an empty one it makes a key of its own, and
// pseudonyms are the same only for as long as the process runs.
func NewPseudonyms(key []byte) Pseudonyms {
	if len(key) == 0 {
		key = []byte(rand.Text())
	}
	return Pseudonyms{key}
}

// Of returns the pseudonym of a text: 16 hexadecimal digits.
func (p Pseudonyms) Of(text string) string {
	h := hmac.New(sha256.New, p.key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:8])
}
