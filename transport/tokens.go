package transport

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// leastToken is how many characters a token of MCP_AUTH_TOKENS has at least.
const leastToken = 32

// Tokens lets callers in by a list of tokens, of which it keeps only hashes.
type Tokens [][sha256.Size]byte

// NewTokens takes tokens of at least 32 visible characters each. The error names a bad
// token by its position, from 1.
func NewTokens(tokens ...string) (Tokens, error) {
	if len(tokens) == 0 {
		return nil, errors.New("there is no token")
	}
	var t Tokens
	for i, token := range tokens {
		switch {
		case len(token) < leastToken || strings.ContainsFunc(token, invisible):
			return nil, fmt.Errorf("token %d of %d has not %d visible characters", i+1, len(tokens), leastToken)
		case isTalkover(token):
			return nil, fmt.Errorf("token %d of %d is a Talkover token", i+1, len(tokens))
		}
		t = append(t, sha256.Sum256([]byte(token)))
	}
	return t, nil
}

// Identify implements [Gate]. It takes the same time for each token, right or wrong.
func (t Tokens) Identify(bearer string) (Identity, error) {
	hash, found := sha256.Sum256([]byte(bearer)), -1
	for i := range t {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], t[i][:]), i, found)
	}
	if found < 0 {
		return Identity{}, errUnknown
	}
	return Identity{ID: fmt.Sprintf("token %d", found+1)}, nil
}

// Challenge implements [Gate].
func (Tokens) Challenge(error) string { return "Bearer" }

// Open implements [Gate].
func (Tokens) Open() map[string][]byte { return nil }
