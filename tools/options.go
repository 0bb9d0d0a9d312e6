package tools

import (
	"strings"

	"github.com/invopop/jsonschema"
)

// oneOf returns the schema of a string that takes one of the options.
func oneOf[T ~string](options []T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, o := range options {
		s.Enum = append(s.Enum, string(o))
	}
	return s
}

// joined writes words as a list.
func joined[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}
