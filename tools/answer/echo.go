package answer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

// Echo holds arguments that an answer repeats. The schema of the answer does not repeat
// theirs, which the model has already.
type Echo[T any] struct{ Args T }

// MarshalJSON implements [json.Marshaler].
func (e Echo[T]) MarshalJSON() ([]byte, error) { return json.Marshal(e.Args) }

// JSONSchema implements the hook of invopop/jsonschema.
func (Echo[T]) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

// JSON returns the arguments as a model writes them in a call.
func (e Echo[T]) JSON() string { return JSONOf{e.Args}.String() }

// String writes filters by their names, such as status=failed search="+1202", but for
// those without a value.
func (e Echo[T]) String() string {
	var parts []string
	v := reflect.ValueOf(e.Args)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		form := "%s=%v"
		if v.Field(i).Type() == reflect.TypeFor[SearchTerm]() { // any text
			form = "%s=%q"
		}
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		parts = append(parts, fmt.Sprintf(form, name, v.Field(i).Interface()))
	}
	if len(parts) == 0 {
		return "no filters"
	}
	return strings.Join(parts, " ")
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
