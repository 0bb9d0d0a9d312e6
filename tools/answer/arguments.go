package answer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
)

// Arguments holds arguments that an answer repeats. The schema of the answer does not repeat
// theirs, which the model has already.
type Arguments[T any] struct{ Args T }

// MarshalJSON implements [json.Marshaler].
func (e Arguments[T]) MarshalJSON() ([]byte, error) { return json.Marshal(e.Args) }

// JSONSchema implements the hook of invopop/jsonschema.
func (Arguments[T]) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

// JSON returns the arguments as a model writes them in a call.
func (e Arguments[T]) JSON() string { return JSONOf{e.Args}.String() }

// String writes the arguments that are given, such as status=failed search="+1202".
func (e Arguments[T]) String() string { return Written(e.Args, nil) }

// NoFilters stands for arguments of which none is given.
const NoFilters = "no filters"

// Written writes each argument that is given as name=value, or as own has it. Text of any kind stands
// in quotes.
func Written(args any, own map[string]string) string {
	var parts []string
	v := reflect.ValueOf(args)
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, value, form := schema.NameOf(f), v.FieldByIndex(f.Index), "%s=%v"
		if part, ok := own[name]; ok {
			parts = append(parts, part)
			continue
		}
		switch {
		case value.IsZero() || f.Anonymous || value.Kind() == reflect.Slice && value.Len() == 0:
			continue
		case value.Kind() == reflect.Pointer:
			value = value.Elem()
		case value.Kind() == reflect.Slice:
			value = reflect.ValueOf(strings.ReplaceAll(strings.Trim(fmt.Sprint(value), "[]"), " ", ","))
		case value.Type() == reflect.TypeFor[SearchTerm](), value.Type() == reflect.TypeFor[string]():
			form = "%s=%q"
		}
		parts = append(parts, fmt.Sprintf(form, name, value))
	}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return cmp.Or(strings.Join(parts, " "), NoFilters)
}

// JSONOf holds arguments that say shall write as a model does.
type JSONOf struct{ Args any }

// String returns the arguments as JSON.
func (w JSONOf) String() string {
	args, _ := json.Marshal(w.Args) // strings, numbers and lists of them marshal
	return string(args)
}

// WrittenCall writes a call of a tool. pairs are the names and values of its arguments in turn;
// it leaves out arguments whose value is "".
func WrittenCall(tool string, pairs ...any) SafeText {
	var args []string
	for i := 0; i < len(pairs); i += 2 {
		if v, err := json.Marshal(pairs[i+1]); err == nil && string(v) != `""` {
			args = append(args, fmt.Sprintf("%q:%s", pairs[i], v))
		}
	}
	return SafeText(tool + " {" + strings.Join(args, ",") + "}")
}

// Joined writes words as a list.
func Joined[T ~string](words []T) string { return JoinedBy(words, ", ") }

// JoinedBy writes words with something between them.
func JoinedBy[T ~string](words []T, between string) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, between)
}
