package talkover

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The API is typed loosely: numbers come as strings, objects as null or [],
// times in three forms. So the decoder reads values token by token, each with the
// meaning that its field allows. It tells the caller of a value that cannot be
// read, and goes on with the rest.

// decoder reads one JSON document. It hides the token in every text: an API, or a
// proxy before it, may echo the request.
type decoder struct {
	*jsontext.Decoder
	token   Secret
	strings *interned
}

func newDecoder(r io.Reader, token Secret) decoder {
	return decoder{jsontext.NewDecoder(r,
		jsontext.AllowInvalidUTF8(true),    // broken bytes become U+FFFD, as Clean has it
		jsontext.AllowDuplicateNames(true), // the last one wins, as everywhere in PHP
	), token, new(interned)}
}

// interned is a hash table of the strings read last. In the rows of a page most
// repeat: agents, lines, statuses. A string that is still there is not made again.
type interned [64]string

// string returns b as a string.
func (in *interned) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	kept := &in[(len(b)+3*int(b[0])+5*int(b[len(b)/2])+7*int(b[len(b)-1]))%len(in)]
	if *kept != string(b) {
		*kept = string(b)
	}
	return *kept
}

// clean hides the token in a text and cleans it with [Clean].
func (d decoder) clean(s string, limit int) string {
	if isPlain(s, limit) {
		return Clean(d.token.HideIn(s), limit)
	}
	s = d.token.HideIn(Clean(s, len(s))) // cleaning may bring parts of the token together
	return Clean(s, limit)
}

// end fails if anything follows the document.
func (d decoder) end() error {
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// object calls member for each name of the object that comes next; member reads
// the value, and does not keep the name. It reports false, having skipped the
// value, where no object comes.
func (d decoder) object(member func(name []byte) error) (bool, error) {
	if d.PeekKind() != '{' {
		return false, d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return false, err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return false, err
		}
		if err := member(unquoted(name)); err != nil {
			return false, err
		}
	}
	_, err := d.ReadToken()
	return true, err
}

// array calls element before each value of the array that comes next. An object of
// numbered members is one too, as PHP writes a filtered list. It reports false, having
// skipped the rest, where none comes.
func (d decoder) array(element func() error) (bool, error) {
	switch d.PeekKind() {
	case '{':
		numbered, other := false, false
		_, err := d.object(func(name []byte) error {
			if other = other || len(name) == 0 || len(bytes.Trim(name, "0123456789")) > 0; other {
				return d.SkipValue()
			}
			numbered = true
			return element()
		})
		return numbered && !other, err
	case '[':
	default:
		return false, d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return false, err
	}
	for d.PeekKind() != ']' {
		if err := element(); err != nil {
			return false, err
		}
	}
	_, err := d.ReadToken()
	return true, err
}

// scalar reads a string, number or boolean as its text, and null as "". It
// reports false, having skipped the value, for an object or an array.
func (d decoder) scalar() (string, bool, error) {
	switch d.PeekKind() {
	case '{', '[':
		return "", false, d.SkipValue()
	case 'n':
		return "", true, d.SkipValue()
	}
	v, err := d.ReadValue()
	if err != nil {
		return "", false, err
	}
	if v.Kind() == '"' {
		return d.strings.string(unquoted(v)), true, nil
	}
	return d.strings.string(v), true, nil
}

// unquoted returns the text of a JSON string. It may share the bytes of v.
func unquoted(v jsontext.Value) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	s, _ := jsontext.AppendUnquote(nil, v) // broken bytes become U+FFFD, and are its error
	return s
}

// text reads a scalar and cleans it.
func (d decoder) text(limit int, into *string) (bool, error) {
	s, ok, err := d.scalar()
	*into = d.clean(s, limit)
	return ok, err
}

// integer reads a whole number of 0 or more that may come as a string; null and
// "" are 0. It reports false for anything else, and for more than limit.
func (d decoder) integer(limit int, into *int) (bool, error) {
	*into = 0
	s, ok, err := d.scalar()
	if err != nil || !ok {
		return ok, err
	}
	n, ok := parseInteger(s)
	if ok = ok && n >= 0 && n <= limit; ok {
		*into = n
	}
	return ok, nil
}

func parseInteger(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, true
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int(f), true
}

// decimal reads a number of 0 or more that may come as a string, also as "85 %";
// null and "" are 0. It reports false for anything else.
func (d decoder) decimal(into *float64) (bool, error) {
	*into = 0
	s, ok, err := d.scalar()
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	if err != nil || !ok || s == "" {
		return ok, err
	}
	f, err := strconv.ParseFloat(s, 64)
	if ok = err == nil && f >= 0 && !math.IsInf(f, 0); ok {
		*into = f
	}
	return ok, nil
}

// boolean reads true and false, also as 1, 0 and strings; null is false.
func (d decoder) boolean(into *bool) (bool, error) {
	*into = false
	s, ok, err := d.scalar()
	if err != nil || !ok {
		return ok, err
	}
	*into, ok = parseBoolean(s)
	return ok, nil
}

func parseBoolean(s string) (value, ok bool) {
	switch s {
	case "true", "1":
		return true, true
	case "false", "0", "":
		return false, true
	}
	return false, false
}

// timeForms lists the forms in which the API writes a moment; one without a zone is
// UTC.
var timeForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

// time reads a moment; null and "" are the zero time.
func (d decoder) time(into *time.Time) (bool, error) {
	*into = time.Time{}
	s, ok, err := d.scalar()
	if err != nil || !ok {
		return ok, err
	}
	*into, ok = parseTime(s)
	return ok, nil
}

func parseTime(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
