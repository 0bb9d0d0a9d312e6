// Package schema is one dialect of JSON Schema, used both ways: what a model is
// told of a tool's arguments is the very value that its arguments are held
// against.
//
// A schema comes from a Go struct. `json` tags name the properties, `jsonschema`
// tags bound them, `jsonschema_description` tags put them in words, and `alias`
// tags list the names that models use in error, so that a refusal can say what
// was meant:
//
//	type input struct {
//		PerPage int `json:"per_page,omitempty" jsonschema:"minimum=1,maximum=100" jsonschema_description:"Calls on a page." alias:"limit,count"`
//	}
//
// The dialect is what Claude, OpenAI and Gemini hosts all take: see [Lint].
package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// Input is the schema of a tool's arguments, which come as a T. T is a flat
// struct of strings, integers, booleans, pointers to integers, slices of strings,
// and objects that are passed on ([Object]).
type Input[T any] struct {
	json       json.RawMessage
	properties []property
	aliases    map[string]string // a folded wrong name -> the property that it means
}

// property is one argument: what is advertised, and where its value goes.
type property struct {
	*jsonschema.Schema
	name     string
	required bool
	index    []int // of the struct's field
	typ      reflect.Type
}

// NewInput reflects T. It fails where the result breaks a rule of [Lint], and
// where a field is of a type that Decode does not fill.
func NewInput[T any]() (*Input[T], error) {
	root, raw, err := reflected[T]()
	if err != nil {
		return nil, err
	}
	if err := Lint(raw, Arguments); err != nil {
		return nil, err
	}
	in := &Input[T]{json: raw, aliases: map[string]string{}}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p, ok := root.Properties.Get(name)
		if !ok {
			continue
		}
		if !fillable(f.Type) {
			return nil, fmt.Errorf("schema: $.%s: arguments are no %s", name, f.Type)
		}
		in.properties = append(in.properties, property{p, name, slices.Contains(root.Required, name), f.Index, f.Type})
		for alias := range strings.SplitSeq(f.Tag.Get("alias"), ",") {
			if alias != "" {
				in.aliases[fold(alias)] = name
			}
		}
	}
	return in, nil
}

// fillable reports whether Decode has values for a field of this type.
func fillable(t reflect.Type) bool {
	if t == reflect.TypeFor[Object]() {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Bool:
		return true
	case reflect.Slice:
		return t.Elem().Kind() == reflect.String
	case reflect.Pointer:
		return t.Elem().Kind() == reflect.Int // which tells 0 from none
	}
	return false
}

// JSON returns the schema as it is advertised.
func (in *Input[T]) JSON() json.RawMessage { return in.json }

// Argument is how people are told of an argument.
type Argument struct {
	Name        string
	Description string
	Required    bool
	Options     []string // nil where any string will do
}

// Arguments are all arguments, in the order of the struct.
func (in *Input[T]) Arguments() []Argument {
	all := make([]Argument, len(in.properties))
	for i, p := range in.properties {
		all[i] = Argument{Name: p.name, Description: p.Description, Required: p.required}
		for _, o := range p.Enum {
			all[i].Options = append(all[i].Options, fmt.Sprint(o))
		}
	}
	return all
}

// Output reflects the schema of a tool's structured answers. It fails where the
// result breaks a rule of [Lint].
func Output[T any]() (json.RawMessage, error) {
	_, raw, err := reflected[T]()
	if err != nil {
		return nil, err
	}
	return raw, Lint(raw, Answer)
}

// reflected inlines T into one schema without $schema, $id, $ref and $defs.
func reflected[T any]() (*jsonschema.Schema, json.RawMessage, error) {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true}
	root := r.ReflectFromType(reflect.TypeFor[T]())
	root.Version = ""
	slices.SortStableFunc(root.Required, func(x, y string) int { return position(root, x) - position(root, y) })
	raw, err := json.Marshal(root)
	if err != nil {
		return nil, nil, fmt.Errorf("schema of %s: %w", reflect.TypeFor[T](), err)
	}
	return root, raw, nil
}

// position returns where a property stands among those of a schema: a JSONSchemaExtend
// may have moved it.
func position(s *jsonschema.Schema, name string) int {
	n := 0
	for key := range s.Properties.KeysFromOldest() {
		if key == name {
			break
		}
		n++
	}
	return n
}

// Date is a day, YYYY-MM-DD, that the calendar has. Dates compare as strings.
type Date string

// JSONSchema implements the hook of invopop/jsonschema. A `format` would make
// some hosts refuse the whole list of tools; a pattern is taken by all.
func (Date) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^\d{4}-\d{2}-\d{2}$`}
}

func (d Date) check(today string) error {
	_, err := time.Parse(time.DateOnly, string(d))
	if err == nil {
		return nil
	}
	what := "is no date"
	if len(d) == len(time.DateOnly) && d[4] == '-' && d[7] == '-' {
		what = "is no day of the calendar"
	}
	return fmt.Errorf("%s %s; give YYYY-MM-DD (today is %s, UTC)", quote(string(d)), what, today)
}

// Zone is the IANA name of a time zone, such as Europe/Berlin.
type Zone string

// JSONSchema implements the hook of invopop/jsonschema.
func (Zone) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }

func (z Zone) check(string) error {
	if _, err := time.LoadLocation(string(z)); err != nil || z == "Local" {
		return fmt.Errorf("%s is no IANA time zone; give one such as Europe/Berlin", quote(string(z)))
	}
	return nil
}

// Location returns the zone that [Input.Decode] took, or nil if there is none.
func (z Zone) Location() *time.Location {
	if z == "" {
		return nil
	}
	l, err := time.LoadLocation(string(z))
	if err != nil {
		return nil
	}
	return l
}

// Object is a JSON object whose members are not ours to know: it is passed on as it
// came. It is nil where none is given.
type Object json.RawMessage

// JSONSchema implements the hook of invopop/jsonschema. It is the one way to an
// open object in arguments (see [Lint]).
func (Object) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: jsonschema.TrueSchema}
}

// MarshalJSON implements [json.Marshaler].
func (o Object) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }
