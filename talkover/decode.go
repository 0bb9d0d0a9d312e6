package talkover

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The API is typed loosely: numbers come as strings, objects as null or [],
// times in three forms. So the decoder reads values token by token, each with the
// meaning that its field allows. It tells the caller of a value that cannot be
// read, and goes on with the rest.
//
// A field says in its api tag which member of an object it is read from, and the most
// runes of a text that are kept, or the largest number:
//
//	SID      string `api:"sid,64"`
//	Duration int    `api:"duration,604800"`
//
// A field may have several names.

// wrapper is a field that names objects whose members are read as those of the struct that
// it stands in.
type wrapper struct{}

// decoder reads one JSON document. It hides the token in every text: an API, or a
// proxy before it, may echo the request.
type decoder struct {
	*jsontext.Decoder
	token Secret
}

func newDecoder(r io.Reader, token Secret) decoder {
	return decoder{jsontext.NewDecoder(r,
		jsontext.AllowInvalidUTF8(true),    // broken bytes become U+FFFD, as Clean has it
		jsontext.AllowDuplicateNames(true), // the last one wins, as everywhere in PHP
	), token}
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

// each calls element before each value, or each name, of what comes next and has this end.
func (d decoder) each(end jsontext.Kind, element func() error) error {
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != end {
		err = element()
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return err
}

// object calls member for each name of the object that comes next; member reads
// the value, and does not keep the name. It reports false, having skipped the
// value, where no object comes.
func (d decoder) object(member func(name []byte) error) (bool, error) {
	if d.PeekKind() != '{' {
		return false, d.SkipValue()
	}
	return true, d.each('}', func() error {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		return member(unquoted(name))
	})
}

// array calls element before each value of the array that comes next. An object of
// numbered members is one too, as PHP writes a filtered list. It reports false, having
// skipped the rest, where none comes.
func (d decoder) array(element func() error) (bool, error) {
	if d.PeekKind() == '[' {
		return true, d.each(']', element)
	}
	numbered, other := false, false
	_, err := d.object(func(name []byte) error {
		if other = other || len(name) == 0 || len(bytes.Trim(name, "0123456789")) > 0; other {
			return d.SkipValue()
		}
		numbered = true
		return element()
	})
	return numbered && !other, err
}

// unquoted returns the text of a JSON string. It may share the bytes of v.
func unquoted(v jsontext.Value) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1]
	}
	s, _ := jsontext.AppendUnquote(nil, v) // broken bytes become U+FFFD, and are its error
	return s
}

// member is where a member of an object is read into.
type member struct {
	name  string
	field []int // of the struct; nil for none
	limit int
	wraps bool  // an object holds members of the struct that owner leads to
	owner []int // of a struct that is embedded, if it is
}

// tables keeps the members of each type of struct, by their names.
var tables sync.Map

func membersOf(t reflect.Type) map[string]member {
	if table, ok := tables.Load(t); ok {
		return table.(map[string]member)
	}
	table := map[string]member{}
	for _, f := range reflect.VisibleFields(t) {
		names, limit, _ := strings.Cut(f.Tag.Get("api"), ",")
		for name := range strings.FieldsSeq(names) {
			m := table[name]
			m.name = name
			if f.Type == reflect.TypeFor[wrapper]() {
				m.wraps, m.owner = true, f.Index[:len(f.Index)-1]
			} else {
				m.field = f.Index
				m.limit, _ = strconv.Atoi(limit)
			}
			table[name] = m
		}
	}
	tables.Store(t, table)
	return table
}

// fill reads the object that comes next into a struct, a pointer to which it gets. It
// returns the names of the members that could not be read; of two with one name, the last
// one counts. It reports false, having skipped the value, where no object comes.
func (d decoder) fill(into any) (unread []string, ok bool, err error) {
	return d.fillValue(reflect.ValueOf(into).Elem())
}

func (d decoder) fillValue(v reflect.Value) (unread []string, ok bool, err error) {
	members := membersOf(v.Type())
	ok, err = d.object(func(name []byte) error {
		m := members[string(name)]
		kind := d.PeekKind()
		if m.wraps && kind == '{' {
			_, _, err := d.fillValue(v.FieldByIndex(m.owner))
			return err
		}
		if m.field == nil || m.wraps && kind != '"' {
			return d.SkipValue()
		}
		ok, err := d.value(v.FieldByIndex(m.field).Addr().Interface(), m.limit)
		if unread = slices.DeleteFunc(unread, func(n string) bool { return n == m.name }); !ok {
			unread = append(unread, m.name)
		}
		return err
	})
	return unread, ok, err
}

// reader is a field that reads itself.
type reader interface {
	read(d decoder) (bool, error)
}

// value reads the value that comes next into what a pointer points to, and leaves that as
// it is for null. It reports false for what it cannot read, which leaves a decimal as it is
// and makes all else zero.
func (d decoder) value(into any, limit int) (ok bool, err error) {
	if r, ok := into.(reader); ok {
		return r.read(d)
	}
	text := ""
	switch d.PeekKind() {
	case 'n':
		return true, d.SkipValue()
	case '{', '[':
		err = d.SkipValue()
	default:
		var v jsontext.Value
		if v, err = d.ReadValue(); err == nil {
			if ok = true; v.Kind() == '"' {
				v = unquoted(v)
			}
			text = string(v)
		}
	}
	switch into := into.(type) {
	case *string:
		*into = d.clean(text, limit)
	case *int: // a whole number
		f, isNumber := parseNumber(text)
		*into = 0
		if ok = ok && isNumber && f == math.Trunc(f) && f <= float64(cmp.Or(limit, math.MaxInt32)); ok {
			*into = int(f)
		}
	case *float64: // also as "85 %"
		f, isNumber := parseNumber(strings.TrimSuffix(strings.TrimSpace(text), "%"))
		if ok = ok && isNumber; ok {
			*into = f
		}
	case *bool: // also as 1, 0 and strings
		*into = text == "true" || text == "1"
		ok = ok && (*into || text == "false" || text == "0" || text == "")
	case *time.Time:
		var isTime bool
		*into, isTime = parseTime(text)
		ok = ok && isTime
	}
	return ok, err
}

// parseNumber reads a number of 0 or more; nothing is 0.
func parseNumber(s string) (float64, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, true
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && !math.IsInf(f, 0) {
		return f, true
	}
	return 0, false
}

// timeForms lists the forms in which the API writes a moment; one without a zone is
// UTC.
var timeForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

// parseTime reads a moment; nothing is the zero time.
func parseTime(s string) (time.Time, bool) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, s == ""
}
