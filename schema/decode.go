package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

// Fault is one thing wrong with the arguments of a call.
type Fault struct {
	Argument string // empty where it is about all of them
	Problem  string // what is wrong, and what would be right
}

// Faults is the error of arguments that cannot be taken: all that is wrong with
// them, so that one more try can mend it all.
type Faults []Fault

// Error implements error, a line for each fault.
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

// mostUnknown is how many unknown names a refusal goes into.
const mostUnknown = 8

// Validator is an input with rules across its fields. Validate sees the fields
// that could be read, the others at zero.
type Validator interface{ Validate() []Fault }

// Decode reads arguments, forgiving in form and strict in meaning: "20" and 20.0
// are 20, and null and "" are absent; an unknown name, a value out of range or
// of another type is refused. today is the current UTC day, YYYY-MM-DD. The
// error is [Faults].
func (in *Input[T]) Decode(args json.RawMessage, today string) (T, error) {
	var value T
	given, err := members(args)
	if err != nil {
		return value, Faults{{Problem: err.Error()}}
	}
	var faults Faults
	into := reflect.ValueOf(&value).Elem()
	for _, p := range in.properties {
		raw, ok := given[p.name]
		delete(given, p.name)
		field := into.FieldByIndex(p.index)
		var err error
		if ok {
			err = p.decode(raw, field, today)
		}
		if err == nil && p.required && (!ok || isBlank(raw)) {
			err = errors.New("it is missing, and needed")
		}
		if err != nil {
			faults = append(faults, Fault{p.name, err.Error()})
		}
	}
	unknown := make([]string, 0, len(given))
	for name := range given {
		unknown = append(unknown, name)
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

// isBlank reports whether a value is as good as none.
func isBlank(raw jsontext.Value) bool {
	s, err := text(raw)
	return raw.Kind() == 'n' || err == nil && s == ""
}

// members splits an object into its members. Nothing and null are no members.
func members(args json.RawMessage) (map[string]jsontext.Value, error) {
	given := map[string]jsontext.Value{}
	if args = bytes.TrimSpace(args); len(args) == 0 || string(args) == "null" {
		return given, nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(args))
	if d.PeekKind() != '{' {
		return nil, errors.New("the arguments must be one JSON object, such as {}")
	}
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != '}' {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			break
		}
		key := name.String()
		var value jsontext.Value
		if value, err = d.ReadValue(); err == nil {
			given[key] = value.Clone()
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	if err == nil {
		_, err = d.ReadToken() // which must be the end
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return nil, errors.New("an argument is given twice; give each once")
	case !errors.Is(err, io.EOF):
		return nil, errors.New("the arguments are no valid JSON object")
	}
	return given, nil
}

// unknown says that there is no such argument, and which was meant.
func (in *Input[T]) unknown(name string) Fault {
	names := make([]string, len(in.properties))
	for i, p := range in.properties {
		names[i] = p.name
	}
	problem := "there is no such argument"
	if meant := in.aliases[fold(name)]; meant != "" {
		problem += "; did you mean " + meant + "?"
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

// decode reads one value and puts it into the field; an absent one leaves it.
func (p property) decode(raw jsontext.Value, field reflect.Value, today string) error {
	if raw.Kind() == 'n' {
		return nil
	}
	switch p.Type {
	case "integer":
		n, ok, err := p.integer(raw)
		if ok && field.Kind() == reflect.Pointer {
			field.Set(reflect.ValueOf(&n))
		} else if ok {
			field.SetInt(int64(n))
		}
		return err
	case "boolean":
		b, ok, err := boolean(raw)
		if ok {
			field.SetBool(b)
		}
		return err
	case "string":
		s, err := text(raw)
		if err != nil || s == "" {
			return err
		}
		return setString(p.Schema, s, field, today)
	case "array":
		return p.list(raw, field, today)
	case "object":
		o, err := object(raw)
		if err == nil && o != nil {
			field.SetBytes(o)
		}
		return err
	}
	panic("schema: type " + p.Type) // NewInput takes none
}

// setString holds a string against its schema and type, and stores it.
func setString(s *jsonschema.Schema, value string, field reflect.Value, today string) error {
	if err := holds(s, value); err != nil {
		return err
	}
	field.SetString(value)
	if c, ok := field.Interface().(interface{ check(string) error }); ok {
		if err := c.check(today); err != nil {
			field.SetString("")
			return err
		}
	}
	return nil
}

// holds checks what a schema says of a string, but for its pattern: a pattern
// comes with a type whose check knows better words.
func holds(s *jsonschema.Schema, value string) error {
	if len(s.Enum) > 0 {
		options := make([]string, len(s.Enum))
		for i, o := range s.Enum {
			options[i], _ = o.(string)
		}
		if slices.Contains(options, value) {
			return nil
		}
		problem := quote(value) + " is none of " + strings.Join(options, ", ")
		if meant := nearest(value, options); meant != "" {
			problem += "; did you mean " + meant + "?"
		}
		return errors.New(problem)
	}
	if n := utf8.RuneCountInString(value); s.MaxLength != nil && uint64(n) > *s.MaxLength {
		return fmt.Errorf("it has %d characters; give at most %d", n, *s.MaxLength)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return errors.New("it holds a control character, such as a line break; leave it out")
	}
	return nil
}

// integer reads a whole number, also as 20.0 and "20"; "" is absent.
func (p property) integer(raw jsontext.Value) (n int, ok bool, err error) {
	s := string(raw)
	switch raw.Kind() {
	case '0':
	case '"':
		if s, err = text(raw); err != nil || s == "" {
			return 0, false, err
		}
	default:
		return 0, false, errors.New("it must be a whole number" + p.bounds() + ", not " + kindOf(raw))
	}
	f, err := strconv.ParseFloat(s, 64) // which takes 0x10 and 1_0 too
	if !decimal.MatchString(s) || err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false, errors.New(quote(s) + " is no whole number" + p.bounds())
	}
	low, high := limit(p.Minimum, -1<<53), limit(p.Maximum, 1<<53)
	switch {
	case f < low || f > high:
		return 0, false, fmt.Errorf("%s is out of range; give a whole number%s", shorten(s), p.bounds())
	case f != math.Trunc(f):
		return 0, false, fmt.Errorf("%s is no whole number; give one%s", shorten(s), p.bounds())
	}
	return int(f), true, nil
}

var decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$`)

// bounds says which numbers are taken.
func (p property) bounds() string {
	switch {
	case p.Minimum != "" && p.Maximum != "":
		return fmt.Sprintf(" from %s to %s", p.Minimum, p.Maximum)
	case p.Minimum != "":
		return fmt.Sprintf(" of %s or more", p.Minimum)
	case p.Maximum != "":
		return fmt.Sprintf(" of %s or less", p.Maximum)
	}
	return ""
}

func limit(n json.Number, preset float64) float64 {
	if f, err := n.Float64(); err == nil {
		return f
	}
	return preset
}

func boolean(raw jsontext.Value) (value, ok bool, err error) {
	s := string(raw)
	if raw.Kind() == '"' {
		if s, err = text(raw); err != nil || s == "" {
			return false, false, err
		}
	}
	switch s {
	case "true", "false":
		return s == "true", true, nil
	}
	return false, false, errors.New("it must be true or false, not " + kindOf(raw))
}

// maxObject bounds an object that is passed on, in bytes.
const maxObject = 16 << 10

// object reads an object, also as a string that holds one; "" and {} are absent.
func object(raw jsontext.Value) (jsontext.Value, error) {
	if raw.Kind() == '"' {
		s, err := text(raw)
		if err != nil || s == "" {
			return nil, err
		}
		raw = jsontext.Value(s)
	}
	o := raw.Clone()
	switch err := o.Compact(); {
	case err != nil, !o.IsValid(): // which minds names given twice
		return nil, errors.New("it is no valid JSON object")
	case o.Kind() != '{':
		return nil, errors.New("it must be an object, such as {\"name\": \"Ann\"}, not " + kindOf(o))
	case len(o) > maxObject:
		return nil, fmt.Errorf("it has %d bytes; give at most %d", len(o), maxObject)
	case string(o) == "{}":
		return nil, nil
	}
	return o, nil
}

// elements reads the strings of a list, also of one string with commas, or of one
// that holds a list in JSON.
func elements(raw jsontext.Value) ([]string, error) {
	if raw.Kind() == '"' {
		s, err := text(raw)
		if err != nil || !strings.HasPrefix(s, "[") {
			return strings.Split(s, ","), err
		}
		raw = jsontext.Value(s)
	}
	if raw.Kind() != '[' {
		return nil, errors.New("it must be a list, not " + kindOf(raw))
	}
	var all []jsontext.Value
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, errors.New("it is no valid list")
	}
	values := make([]string, len(all))
	for i, element := range all {
		var err error
		if values[i], err = text(element); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// list reads a list of strings and puts it into the field.
func (p property) list(raw jsontext.Value, field reflect.Value, today string) error {
	values, err := elements(raw)
	if err != nil {
		return err
	}
	list := reflect.MakeSlice(p.typ, 0, len(values))
	for _, s := range values {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		element := reflect.New(p.typ.Elem()).Elem()
		if err := setString(p.Items, s, element, today); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
	if n := list.Len(); p.MaxItems != nil && uint64(n) > *p.MaxItems {
		return fmt.Errorf("it has %d values; give at most %d", n, *p.MaxItems)
	} else if n > 0 {
		field.Set(list)
	}
	return nil
}

// text reads a string without the white space around it.
func text(raw jsontext.Value) (string, error) {
	if raw.Kind() != '"' {
		return "", errors.New("it must be a string in quotes, not " + kindOf(raw))
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", errors.New("it is no valid string")
	}
	return strings.TrimSpace(string(s)), nil
}

func kindOf(raw jsontext.Value) string {
	switch raw.Kind() {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case '0':
		return "a number"
	default:
		return string(raw) // true, false, null
	}
}

// nearest is the option that a mistyped word most likely meant, or "".
func nearest(word string, options []string) string {
	best, at := "", math.MaxInt
	for _, o := range options {
		d := levenshtein.ComputeDistance(fold(shorten(word)), fold(o))
		if d < at && d <= len(o)/3 {
			best, at = o, d
		}
	}
	return best
}

var withoutBreaks = strings.NewReplacer("_", "", "-", "", " ", "")

// fold takes away what models vary: case, - and _.
func fold(s string) string {
	return withoutBreaks.Replace(strings.ToLower(s))
}

const longestEcho = 40 // runes of a wrong value that its error repeats

func shorten(s string) string {
	if utf8.RuneCountInString(s) <= longestEcho {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return string([]rune(s)[:longestEcho]) + "..."
}

func quote(s string) string { return strconv.Quote(shorten(s)) }
