package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Fault says one thing that is wrong with the arguments of a call.
type Fault struct {
	Argument string // empty where it is about all of them
	Problem  string // what is wrong, and what would be right
}

// Faults lists all that is wrong with the arguments of a call, so that a model can fix
// everything in one more try. It is the error of [Input.Decode].
type Faults []Fault

// Add adds a fault of an argument.
func (f *Faults) Add(argument, format string, args ...any) {
	*f = append(*f, Fault{argument, fmt.Sprintf(format, args...)})
}

// Error implements error. It writes a line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Problem
		if fault.Argument != "" {
			lines[i] = fault.Argument + ": " + fault.Problem
		}
	}
	return strings.Join(lines, "\n")
}

// mostUnknown bounds the unknown names that a refusal explains one by one.
const mostUnknown = 8

// Validator is implemented by inputs that have rules across their fields. Decode calls
// Validate after it has read the fields; a field that it could not read is zero.
type Validator interface{ Validate() Faults }

// Decode reads arguments. It forgives form: "20" and 20.0 are 20, "a, b" is a list, "No
// answer" is no-answer, a list of one is that one where no list belongs, and null and ""
// are absent. It does not forgive meaning: it refuses an unknown name,
// a value out of range and a value of another type. today is the current UTC day, YYYY-MM-DD,
// which faults of dates repeat. The error is [Faults].
func (in *Input[T]) Decode(args json.RawMessage, today string) (T, error) {
	var value T
	given, err := members(args)
	if err != nil {
		return value, Faults{{Problem: err.Error()}}
	}
	var faults Faults
	into := reflect.ValueOf(&value).Elem()
	for _, p := range in.properties {
		raw, ok := p.pick(given)
		field := into.FieldByIndex(p.index)
		var err error
		if ok {
			err = p.decode(raw, field, today)
		}
		if err == nil && p.required && (!ok || isBlank(raw)) {
			err = errors.New("it is missing, and needed")
		}
		if err != nil {
			faults = append(faults, Fault{Argument: p.name, Problem: err.Error()})
		}
	}
	unknown := make([]string, 0, len(given))
	for name := range given {
		if in.hosts[name] == "" {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for i, name := range unknown {
		if i == mostUnknown {
			faults = append(faults, Fault{Problem: fmt.Sprintf("and %d more unknown arguments", len(unknown)-i)})
			break
		}
		faults = append(faults, in.unknown(name))
	}
	if v, ok := any(&value).(Validator); ok {
		faults = append(faults, v.Validate()...)
	}
	if len(faults) > 0 {
		return value, faults
	}
	return value, nil
}

// pick takes the value of a property out of those that are given.
func (p property) pick(given map[string]jsontext.Value) (jsontext.Value, bool) {
	for _, name := range append([]string{p.name}, p.others...) {
		if raw, ok := given[name]; ok {
			delete(given, name)
			return raw, true
		}
	}
	return nil, false
}

// members splits an object into its members. An empty text and null have none.
func members(args json.RawMessage) (given map[string]jsontext.Value, err error) {
	v := jsontext.Value(bytes.TrimSpace(args))
	switch {
	case len(v) == 0 || string(v) == "null":
		return nil, nil
	case v[0] != '{':
		return nil, errors.New("the arguments must be one JSON object, such as {}")
	case !v.IsValid() || json.Unmarshal(v, &given) != nil:
		return nil, errors.New("the arguments are not a valid JSON object, or one of them is given twice; give each " +
			"once")
	}
	return given, nil
}

// unknown says that there is no such argument, and which one was probably meant.
func (in *Input[T]) unknown(name string) Fault {
	names := make([]string, len(in.properties))
	for i, p := range in.properties {
		names[i] = p.name
	}
	problem := "there is no such argument"
	if meant := in.aliases[fold(name)]; meant != "" {
		problem += "; did you mean " + meant + "?"
	} else if words := in.others(name); words != "" {
		return Fault{shorten(name), words}
	} else if meant := nearest(name, names); meant != "" {
		problem += "; did you mean " + meant + "?"
	} else {
		problem += "."
	}
	if len(names) == 0 {
		return Fault{shorten(name), problem + " This tool takes none."}
	}
	return Fault{shorten(name), problem + " There are: " + strings.Join(names, ", ") + "."}
}
