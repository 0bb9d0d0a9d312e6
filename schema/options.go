package schema

import "github.com/invopop/jsonschema"

// OneOf returns the schema of a string that takes one of the options.
func OneOf[T ~string](options []T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, o := range options {
		s.Enum = append(s.Enum, string(o))
	}
	return s
}
