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

// decode reads one value into a field. A blank one leaves the field as it is.
func (p property) decode(raw jsontext.Value, field reflect.Value, today string) (err error) {
	if isBlank(raw) {
		return nil
	}
	switch p.Type {
	case "array":
		return p.list(raw, field, today)
	case "object":
		return setObject(raw, field)
	}
	raw = single(raw)
	switch p.Type {
	case "string":
		s, err := textOrDigits(raw)
		if err != nil {
			return err
		}
		return setString(p.Schema, s, field, today)
	case "integer":
		n, err := p.integer(raw)
		if field.Kind() == reflect.Pointer && err == nil {
			field.Set(reflect.New(field.Type().Elem()))
			field = field.Elem()
		}
		if err == nil {
			field.SetInt(int64(n))
		}
		return err
	}
	switch s := plain(raw); s {
	case "true", "false":
		field.SetBool(s == "true")
		return nil
	}
	return errors.New("it must be true or false, not " + kindOf(raw))
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

// isBlank reports whether a value counts as absent: null, a string of white space, or a list
// of one of these.
func isBlank(raw jsontext.Value) bool {
	raw = single(raw)
	return raw.Kind() == 'n' || plain(raw) == ""
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
		if err = c.Check(today); err != nil {
			field.SetString("")
		}
	}
	return err
}

// checkString checks a string against its schema, but not against a pattern: each type
// that has one, such as [Date], checks itself and words the fault better. It returns one of
// several options as the schema spells it.
func checkString(s *jsonschema.Schema, value string) (string, error) {
	if options := optionsOf(s); options != nil {
		for _, o := range options {
			if fold(o) == fold(value) {
				return o, nil
			}
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

// optionsOf lists the values that a string takes, or a list of strings; nil if it takes any.
func optionsOf(s *jsonschema.Schema) (options []string) {
	if s.Items != nil {
		return optionsOf(s.Items)
	}
	for _, o := range s.Enum {
		options = append(options, fmt.Sprint(o))
	}
	return options
}

// integer reads a whole number within the bounds, also as 20.0 and "20".
func (p property) integer(raw jsontext.Value) (int, error) {
	if k := raw.Kind(); k != '0' && k != '"' {
		return 0, errors.New("it must be a whole number" + p.bounds() + ", not " + kindOf(raw))
	}
	s := plain(raw)
	f, err := strconv.ParseFloat(s, 64) // takes 0x10 and 1_0 too, which decimal does not
	if !decimal.MatchString(s) || err == nil && f != math.Trunc(f) {
		return 0, errors.New(quote(s) + " is not a whole number" + p.bounds())
	}
	if f < limit(p.Minimum, -1<<53) || f > limit(p.Maximum, 1<<53) {
		return 0, fmt.Errorf("%s is out of range; give a whole number%s", shorten(s), p.bounds())
	}
	return int(f), nil
}

// decimal matches a number as JSON and people write it.
var decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?$`)

// bounds says which numbers the argument takes.
func (p property) bounds() (words string) {
	if p.Minimum != "" {
		words += " from " + string(p.Minimum)
	}
	if p.Maximum != "" {
		words += " to " + string(p.Maximum)
	}
	return words
}

// limit returns a bound of a schema, or the preset where the schema has none.
func limit(n json.Number, preset float64) float64 {
	if f, err := n.Float64(); err == nil {
		return f
	}
	return preset
}

// maxObject bounds the compact JSON of an [Object], in bytes.
const maxObject = 16 << 10

// setObject stores an object, also from a string that holds one. {} and the [] that PHP writes
// for it count as absent.
func setObject(raw jsontext.Value, field reflect.Value) error {
	if raw.Kind() == '"' {
		raw = jsontext.Value(plain(raw))
	}
	o := raw.Clone()
	if one := single(o); one.Kind() == '{' {
		o = one
	}
	switch err := o.Compact(); {
	case err != nil, !o.IsValid(): // IsValid rejects a name that is given twice
		return errors.New("it is not a valid JSON object")
	case string(o) == "{}", string(o) == "[]":
		return nil
	case o.Kind() != '{':
		return errors.New("it must be an object, such as {\"name\": \"Ann\"}, not " + kindOf(o))
	case len(o) > maxObject:
		return fmt.Errorf("it has %d bytes; give at most %d", len(o), maxObject)
	}
	field.SetBytes(o)
	return nil
}

// elements reads the strings of a list, also from one string with commas, or from one
// that holds a list in JSON.
func elements(raw jsontext.Value) ([]string, error) {
	if raw.Kind() == '"' {
		s := plain(raw)
		if !strings.HasPrefix(s, "[") {
			return strings.Split(s, ","), nil
		}
		raw = jsontext.Value(s)
	}
	if raw.Kind() != '[' {
		return nil, errors.New("it must be a list, not " + kindOf(raw))
	}
	var all []jsontext.Value
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, errors.New("it is not a valid list")
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
	values = slices.DeleteFunc(values, func(s string) bool { return strings.TrimSpace(s) == "" })
	if n := len(values); p.MaxItems != nil && uint64(n) > *p.MaxItems {
		return fmt.Errorf("it has %d values; give at most %d", n, *p.MaxItems)
	}
	list := reflect.MakeSlice(p.typ, len(values), len(values))
	for i, s := range values {
		if err := setString(p.Items, strings.TrimSpace(s), list.Index(i), today); err != nil {
			return err
		}
	}
	if len(values) > 0 {
		field.Set(list)
	}
	return nil
}

// plain returns what a string holds, without the white space around it, and any other value as it
// is written. Decode has seen that the value is valid.
func plain(raw jsontext.Value) string {
	if raw.Kind() != '"' {
		return string(raw)
	}
	s, _ := jsontext.AppendUnquote(nil, raw)
	return strings.TrimSpace(string(s))
}

// textOrDigits reads a string, also one of digits that a host has turned into a number. A larger
// one has lost its last digits.
func textOrDigits(raw jsontext.Value) (string, error) {
	if raw.Kind() == '"' {
		return plain(raw), nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if raw.Kind() != '0' || err != nil || f != math.Trunc(f) || f < 0 || f >= 1<<53 {
		return "", errors.New("it must be a string in quotes, not " + kindOf(raw))
	}
	return strconv.FormatInt(int64(f), 10), nil
}

// kindOf names the kind of a value, for a sentence that says what it must be instead.
func kindOf(raw jsontext.Value) string {
	kinds := map[jsontext.Kind]string{'{': "an object", '[': "a list", '"': "a string", '0': "a number"}
	if kind := kinds[raw.Kind()]; kind != "" {
		return kind
	}
	return string(raw) // true, false, null
}
