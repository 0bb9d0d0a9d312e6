package talkover

import "log/slog"

// Secret is a token that cannot be printed by accident: every format verb, log
// handler and encoder shows "[redacted]". [Secret.Reveal] is the one way out,
// so a search for it finds each place where a token leaves.
type Secret struct{ value string }

// NewSecret wraps a token.
func NewSecret(value string) Secret { return Secret{value} }

const redacted = "[redacted]"

// Reveal returns the token itself, for the header that carries it.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no token.
func (s Secret) IsZero() bool { return s.value == "" }

// String implements [fmt.Stringer].
func (Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer], which %#v asks.
func (Secret) GoString() string { return redacted }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], which JSON and others ask.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
