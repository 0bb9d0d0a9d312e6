package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

// decode reads one value into a field. null and "" leave the field as it is.
func (p property) decode(raw jsontext.Value, field reflect.Value, today string) error {
	if p.Type != "array" && p.Type != "object" {
		raw = single(raw)
	}
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
		s, err := textOrDigits(raw)
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
	panic("schema: type " + p.Type) // NewInput rejects other types
}

// single returns the one value of a list, where no list belongs. It returns any other value
// as it is.
func single(raw jsontext.Value) jsontext.Value {
	var all []jsontext.Value
	if json.Unmarshal(raw, &all) == nil && len(all) == 1 {
		return all[0]
	}
	return raw
}

// setString checks a string against its schema and its type, and stores it.
func setString(s *jsonschema.Schema, value string, field reflect.Value, today string) error {
	if speller, ok := field.Interface().(Speller); ok {
		value = speller.Spell(value)
	}
	value, err := checkString(s, value)
	if err != nil {
		return err
	}
	field.SetString(value)
	if c, ok := field.Interface().(Checker); ok {
		if err := c.Check(today); err != nil {
			field.SetString("")
			return err
		}
	}
	return nil
}

// checkString checks a string against its schema, but not against a pattern: each type
// that has one, such as [Date], checks itself and words the fault better. It returns one of
// several options as the schema spells it.
func checkString(s *jsonschema.Schema, value string) (string, error) {
	if len(s.Enum) > 0 {
		options := make([]string, len(s.Enum))
		for i, o := range s.Enum {
			options[i], _ = o.(string)
		}
		if i := slices.IndexFunc(options, func(o string) bool { return o == value || fold(o) == fold(value) }); i >= 0 {
			return options[i], nil
		}
		problem := quote(value) + " is none of " + strings.Join(options, ", ")
		if meant := nearest(value, options); meant != "" {
			problem += "; did you mean " + meant + "?"
		}
		return "", errors.New(problem)
	}
	if n := utf8.RuneCountInString(value); s.MaxLength != nil && uint64(n) > *s.MaxLength {
		return "", fmt.Errorf("it has %d characters; give at most %d", n, *s.MaxLength)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", errors.New("it holds a control character, such as a line break; leave it out")
	}
	return value, nil
}

// integer reads a whole number within the bounds, also as 20.0 and "20". ok is false
// for "", which counts as absent.
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
	f, err := strconv.ParseFloat(s, 64) // takes 0x10 and 1_0 too, which decimal does not
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

// decimal matches a number as JSON and people write it.
var decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$`)

// bounds says which numbers the argument takes.
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

// limit returns a bound of a schema, or the preset where the schema has none.
func limit(n json.Number, preset float64) float64 {
	if f, err := n.Float64(); err == nil {
		return f
	}
	return preset
}

// boolean reads true or false, also in quotes. ok is false for "", which counts as
// absent.
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

// maxObject bounds the compact JSON of an [Object], in bytes.
const maxObject = 16 << 10

// object reads an object, also from a string that holds one. It returns nil for "", {} and
// the [] that PHP writes for {}, which count as absent.
func object(raw jsontext.Value) (jsontext.Value, error) {
	if raw.Kind() == '"' {
		s, err := text(raw)
		if err != nil || s == "" {
			return nil, err
		}
		raw = jsontext.Value(s)
	}
	o := raw.Clone()
	if one := single(o); one.Kind() == '{' {
		o = one
	}
	switch err := o.Compact(); {
	case err != nil, !o.IsValid(): // IsValid rejects a name that is given twice
		return nil, errors.New("it is no valid JSON object")
	case string(o) == "{}", string(o) == "[]":
		return nil, nil
	case o.Kind() != '{':
		return nil, errors.New("it must be an object, such as {\"name\": \"Ann\"}, not " + kindOf(o))
	case len(o) > maxObject:
		return nil, fmt.Errorf("it has %d bytes; give at most %d", len(o), maxObject)
	}
	return o, nil
}

// elements reads the strings of a list, also from one string with commas, or from one
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
		if values[i], err = textOrDigits(element); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// list reads a list of strings into a field. It skips blanks.
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

// text reads a string and trims the white space around it.
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

// textOrDigits reads a string, also one of digits that a host has turned into a number. A larger
// one has lost its last digits.
func textOrDigits(raw jsontext.Value) (string, error) {
	if f, err := strconv.ParseFloat(string(raw), 64); raw.Kind() == '0' && err == nil && f == math.Trunc(f) && f >= 0 && f < 1<<53 {
		return strconv.FormatInt(int64(f), 10), nil
	}
	return text(raw)
}

// kindOf names the kind of a value, for a sentence that says what it must be instead.
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

// isBlank reports whether a value counts as absent: null, a string of white space, or a list
// of one of these.
func isBlank(raw jsontext.Value) bool {
	raw = single(raw)
	s, err := text(raw)
	return raw.Kind() == 'n' || err == nil && s == ""
}
