package talkover

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The API is typed loosely: numbers come as strings, objects as null or [],
// times in three forms. So values are read token by token, each with the
// meaning that its field allows; what cannot be read is told to the caller and
// never stops the rest.

// decoder reads one JSON document. Its texts never hold the token: an API, or a
// proxy before it, may echo what it was sent.
type decoder struct {
	*jsontext.Decoder
	token Secret
	words *words
}

func newDecoder(r io.Reader, token Secret) decoder {
	return decoder{jsontext.NewDecoder(r,
		jsontext.AllowInvalidUTF8(true),    // broken bytes become U+FFFD, as Clean has it
		jsontext.AllowDuplicateNames(true), // the last one wins, as everywhere in PHP
	), token, new(words)}
}

// words are strings that were read last, each at a place that its bytes name. In
// the rows of a page most repeat: agents, lines, statuses.
type words [64]string

// of is b as a string: the one that is there, if it is the same.
func (w *words) of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	place := &w[(len(b)+3*int(b[0])+5*int(b[len(b)/2])+7*int(b[len(b)-1]))%len(w)]
	if *place != string(b) {
		*place = string(b)
	}
	return *place
}

// clean makes a text fit to be shown.
func (d decoder) clean(s string, limit int) string {
	if isPlain(s, limit) {
		return Clean(d.token.hideIn(s), limit)
	}
	s = d.token.hideIn(Clean(s, len(s))) // cleaning may bring parts of it together
	return Clean(s, limit)
}

// end makes sure that nothing follows the document.
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

// array calls element before each value of the array that comes next. It
// reports false, having skipped the value, where no array comes.
func (d decoder) array(element func() error) (bool, error) {
	if d.PeekKind() != '[' {
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
		return d.words.of(unquoted(v)), true, nil
	}
	return d.words.of(v), true, nil
}

// unquoted is what a JSON string says. It may share the bytes of v.
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

// The forms in which the API writes a moment; one without a zone is UTC.
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

// envelope is what surrounds the rows of every list, and what an error says.
type envelope struct {
	failed     bool // success: false
	hasRows    bool
	rows       *Pagination // nil where the answer does not say
	code       string
	message    string
	fields     map[string][]string
	retryAfter time.Duration
}

// list takes the rows of an answer.
type list interface {
	reset()            // forgets the rows so far: of two lists, the last one counts
	row(decoder) error // reads the value that comes next
}

// rows is the list of an answer: each row as read makes it, and how many were none.
type rows[T any] struct {
	read       func(decoder) (T, bool, error)
	all        []T
	unreadable int
}

func (l *rows[T]) reset() { l.all, l.unreadable = nil, 0 }

func (l *rows[T]) row(d decoder) error {
	row, ok, err := l.read(d)
	if ok {
		if l.all == nil {
			l.all = make([]T, 0, usualRows)
		}
		l.all = append(l.all, row)
	} else {
		l.unreadable++
	}
	return err
}

// usualRows is what the API puts on a page that is not asked to have more.
const usualRows = 20

// noRows takes the rows of an answer that is an error.
type noRows struct{}

func (noRows) reset()              {}
func (noRows) row(d decoder) error { return d.SkipValue() }

// maxRows is ten times what the API puts on a page. Far more would fit into a body,
// at many times its size in memory.
const maxRows = 10 * MaxPerPage

var errTooManyRows = errors.New("too many rows")

// readList reads a whole answer of a list endpoint: the rows of data go into l,
// and the page comes from `pagination` or `meta`.
func readList(r io.Reader, token Secret, l list) (envelope, error) {
	var e envelope
	d := newDecoder(r, token)
	rows := func() error {
		l.reset()
		n := 0
		ok, err := d.array(func() error {
			if n++; n > maxRows {
				return errTooManyRows
			}
			return l.row(d)
		})
		e.hasRows = e.hasRows || ok
		return err
	}
	var err error
	switch d.PeekKind() {
	case '[':
		err = rows()
	case '{':
		_, err = d.object(func(name []byte) error {
			switch string(name) {
			case "data":
				if d.PeekKind() == 'n' {
					e.hasRows = true
				}
				return rows()
			case "pagination", "meta":
				return e.readPagination(d)
			default:
				return e.readError(d, string(name))
			}
		})
	default:
		if _, err = d.ReadToken(); err == nil {
			err = errors.New("neither an object nor an array")
		}
	}
	if err != nil {
		return e, err
	}
	return e, d.end()
}

// readError reads one member of the five shapes of errors.
func (e *envelope) readError(d decoder, name string) error {
	switch name {
	case "success":
		s, _, err := d.scalar()
		ok, known := parseBoolean(s)
		e.failed = known && !ok && s != ""
		return err
	case "message":
		_, err := d.text(maxMessage, &e.message)
		return err
	case "code":
		_, err := d.text(maxStatus, &e.code)
		return err
	case "retry_after":
		var seconds int
		ok, err := d.integer(maxWaitSeconds, &seconds)
		if ok {
			e.retryAfter = time.Duration(seconds) * time.Second
		}
		return err
	case "errors":
		_, err := d.object(func(field []byte) error { return e.readField(d, string(field)) })
		return err
	case "error", "details":
		switch k := d.PeekKind(); {
		case k == '"' && name == "error":
			_, err := d.text(maxStatus, &e.code)
			return err
		case k != '{':
			return d.SkipValue()
		}
		_, err := d.object(func(name []byte) error { return e.readError(d, string(name)) })
		return err
	default:
		return d.SkipValue()
	}
}

const (
	maxWaitSeconds = 365 * 24 * 3600
	maxFields      = 10 // fields of a 422 that are kept, and messages of each
)

// readField reads what the API says of one parameter: a list of messages or one.
func (e *envelope) readField(d decoder, name string) error {
	name = d.clean(name, maxStatus)
	add := func() error {
		var message string
		if _, err := d.text(maxMessage, &message); err != nil || message == "" {
			return err
		}
		if e.fields == nil {
			e.fields = make(map[string][]string)
		}
		if _, known := e.fields[name]; (known || len(e.fields) < maxFields) && len(e.fields[name]) < maxFields {
			e.fields[name] = append(e.fields[name], message)
		}
		return nil
	}
	if d.PeekKind() == '[' {
		_, err := d.array(add)
		return err
	}
	return add()
}

func (e *envelope) readPagination(d decoder) error {
	var p Pagination
	total := false
	ok, err := d.object(func(name []byte) error {
		var ok bool
		var err error
		switch string(name) {
		case "current_page":
			_, err = d.integer(math.MaxInt32, &p.CurrentPage)
		case "last_page":
			_, err = d.integer(math.MaxInt32, &p.LastPage)
		case "per_page":
			_, err = d.integer(math.MaxInt32, &p.PerPage)
		case "total":
			isNull := d.PeekKind() == 'n'
			ok, err = d.integer(math.MaxInt32, &p.Total)
			total = ok && !isNull
		case "from":
			_, err = d.integer(math.MaxInt32, &p.From)
		case "to":
			_, err = d.integer(math.MaxInt32, &p.To)
		default:
			err = d.SkipValue()
		}
		return err
	})
	if ok && total {
		e.rows = &p
	}
	if err != nil {
		return fmt.Errorf("pagination: %w", err)
	}
	return nil
}
