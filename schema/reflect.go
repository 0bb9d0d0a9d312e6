// Package schema speaks one dialect of JSON Schema, both ways: it tells a model which
// arguments a tool takes, and it checks the arguments that come against the very same
// schema.
//
// A schema comes from a Go struct. `json` tags name the properties, `jsonschema` tags
// bound them, `enum` tags list the values that they take, and `desc` tags describe them.
// `alias` tags list wrong names that models use, so that a refusal can say which argument
// was meant. `takes` tags list names that mean just the same, under which the value is taken:
//
//	type input struct {
//		PerPage int    `json:"per_page,omitempty" jsonschema:"minimum=1" desc:"Calls on a page." alias:"limit"`
//		Agent   string `json:"agent,omitempty" desc:"Name or id." takes:"agent_id"`
//	}
//
// Where a line has no room for all of them, a method Tags has the others; see [Tagged].
//
// A type with a JSONSchema method, such as [Date], brings its schema with it. Hosts of
// Claude, OpenAI and Gemini all take the dialect; the tests of package tools hold each schema against it.
package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

// Input holds the schema of a tool's arguments and decodes them into a T. T is a struct
// of strings, integers, booleans, pointers to integers (nil where none is given), slices
// of strings, and [Object]; embedded structs count as their fields.
type Input[T any] struct {
	json       json.RawMessage
	properties []property
	aliases    map[string]string // a wrong name, folded -> the property that it means
	others     func(name string) string
	hosts      map[string]string // names that are ignored -> the host that adds them
}

// Ignore sets the names of arguments that Decode leaves aside, unless they are properties: hosts,
// which the values name, add them, and no model can leave them out.
func (in *Input[T]) Ignore(hosts map[string]string) { in.hosts = hosts }

// Ignored returns the names in arguments that Decode leaves aside, in order.
func (in *Input[T]) Ignored(args json.RawMessage) []string {
	given, _ := members(args) // Decode refuses what cannot be read
	for _, p := range in.properties {
		p.pick(given)
	}
	maps.DeleteFunc(given, func(name string, _ jsontext.Value) bool { return in.hosts[name] == "" })
	return slices.Sorted(maps.Keys(given))
}

// Elsewhere sets what a refusal says of a name that other inputs take: explain returns the
// words, or "" for a name that it does not know. A name that an `alias` tag explains does
// not reach it.
func (in *Input[T]) Elsewhere(explain func(name string) string) { in.others = explain }

// Tags are tags of the fields of a struct, by the names of the properties.
type Tags map[string]reflect.StructTag

// Tagged is a struct that has more tags for its fields than stand behind them.
type Tagged interface{ Tags() Tags }

// tagOf returns a tag of a field of a struct t, which may embed the struct that has the field.
func tagOf(t reflect.Type, f reflect.StructField, key string) string {
	if value, ok := f.Tag.Lookup(key); ok {
		return value
	}
	if n := len(f.Index) - 1; n > 0 {
		t = t.FieldByIndex(f.Index[:n]).Type
	}
	if more, ok := reflect.Zero(t).Interface().(Tagged); ok {
		return more.Tags()[NameOf(f)].Get(key)
	}
	return ""
}

// NameOf returns the name of the property that a field holds.
func NameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// property is one argument: its schema, and the field that its value goes to.
type property struct {
	*jsonschema.Schema
	name     string
	others   []string // names under which it is taken too
	required bool
	index    []int // of the struct's field
	typ      reflect.Type
}

// NewInput makes the schema of T. It panics if a field has a type that Decode cannot fill.
func NewInput[T any]() *Input[T] {
	root, raw := reflected[T]()
	in := &Input[T]{json: raw, aliases: map[string]string{}, others: func(string) string { return "" }}
	t := reflect.TypeFor[T]()
	for _, f := range reflect.VisibleFields(t) {
		name := NameOf(f)
		p, ok := root.Properties.Get(name)
		if !ok {
			continue
		}
		if !fillable(f.Type) {
			panic(fmt.Sprintf("schema: %s: an argument cannot be a %s", name, f.Type))
		}
		others := listed(tagOf(t, f, "takes"))
		in.properties = append(in.properties,
			property{p, name, others, slices.Contains(root.Required, name), f.Index, f.Type})
		for _, alias := range append(listed(tagOf(t, f, "alias")), others...) {
			in.aliases[fold(alias)] = name
		}
	}
	return in
}

// listed splits a tag at its commas.
func listed(tag string) []string {
	return strings.FieldsFunc(tag, func(r rune) bool { return r == ',' })
}

// fillable reports whether Decode can fill a field of this type.
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
		return t.Elem().Kind() == reflect.Int // tells 0 from none
	}
	return false
}

// JSON returns the schema as a tool list carries it.
func (in *Input[T]) JSON() json.RawMessage { return in.json }

// Argument describes an argument to people, such as those who pick a prompt.
type Argument struct {
	Name        string
	Description string
	Required    bool
	Options     []string // the values that it takes; nil if it takes any
}

// Arguments describes all arguments, in the order of the struct.
func (in *Input[T]) Arguments() []Argument {
	all := make([]Argument, len(in.properties))
	for i, p := range in.properties {
		all[i] = Argument{p.name, p.Description, p.required, optionsOf(p.Schema)}
	}
	return all
}

// Output makes the schema of a tool's structured answers.
func Output[T any]() json.RawMessage {
	_, raw := reflected[T]()
	return raw
}

// reflected makes one schema of T, without $schema, $id, $ref and $defs.
func reflected[T any]() (*jsonschema.Schema, json.RawMessage) {
	t := reflect.TypeFor[T]()
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true}
	r.LookupComment = func(t reflect.Type, field string) string {
		if t.Kind() != reflect.Struct {
			return ""
		}
		f, _ := t.FieldByName(field)
		return tagOf(t, f, "desc")
	}
	root := r.ReflectFromType(t)
	root.Version = ""
	if t.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(t) {
			p := root.Properties.Value(NameOf(f))
			if p != nil && p.Items != nil {
				p = p.Items
			}
			for _, option := range listed(tagOf(t, f, "enum")) {
				p.Enum = append(p.Enum, option)
			}
		}
	}
	// A JSONSchemaExtend method may have moved a property. Required names keep their order.
	order := slices.Collect(root.Properties.KeysFromOldest())
	slices.SortStableFunc(root.Required, func(x, y string) int {
		return slices.Index(order, x) - slices.Index(order, y)
	})
	raw, err := json.Marshal(root)
	if err != nil {
		panic(err) // of strings and numbers
	}
	return root, raw
}
