package talkover

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Secret holds a token that cannot be printed by accident: every format verb, log
// handler and encoder shows "[redacted]". [Secret.Reveal] is the one way out, so a
// search for it finds every line of code that lets a token leave.
type Secret struct{ value *string } // a pointer, since fmt reads unexported fields of other structs past every method

// NewSecret wraps a token.
func NewSecret(value string) Secret { return Secret{&value} }

const redacted = "[redacted]"

// Reveal returns the token itself, for the header that carries it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Key derives 32 secret bytes for a purpose, by HKDF-SHA-256. The same token gives
// the same bytes in each process, and two purposes have nothing in common.
func (s Secret) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(s.Reveal()), nil, "talkover-mcp "+purpose, sha256.Size)
	if err != nil {
		panic(err) // it fails on lengths and hashes alone, which stand here
	}
	return key
}

// IsZero reports whether there is no token.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Format implements [fmt.Formatter], for the verbs that ask no String, such as %d.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements [fmt.Stringer].
func (Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer], which %#v asks.
func (Secret) GoString() string { return redacted }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], which JSON and others ask.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// minHidden is the shortest token that HideIn looks for.
const minHidden = 8

// HideIn replaces the token in a text with "[redacted]", so that an echo of a request
// gives nothing away. A token of fewer than 8 characters stays: it would turn up in
// words that have nothing to do with it.
func (s Secret) HideIn(text string) string {
	if token := s.Reveal(); len(token) >= minHidden && len(text) >= len(token) {
		return strings.ReplaceAll(text, token, redacted)
	}
	return text
}
