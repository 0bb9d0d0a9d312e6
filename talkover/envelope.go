package talkover

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// envelope holds the members of an answer besides its rows: the pagination of a list,
// and the words of an error.
type envelope struct {
	failed     bool // success: false
	hasRows    bool
	pagination *Pagination // nil where the answer does not say
	code       string
	message    string
	fields     map[string][]string
	retryAfter time.Duration
}

// list takes the rows of an answer.
type list interface {
	reset()            // forgets the rows so far: of two lists, the last one counts
	row(decoder) error // reads the value that comes next
	// each calls row before each value of the list that comes next. It reports false, having
	// skipped the value, where none comes.
	each(d decoder, row func() error) (bool, error)
	most() int // rows that it takes
}

// rows keeps each row that read makes, and counts the values that are no row.
type rows[T any] struct {
	read       func(decoder) (T, bool, error)
	bound      int
	all        []T
	unreadable int
}

func (l *rows[T]) most() int { return l.bound }

func (l *rows[T]) reset() { l.all, l.unreadable = nil, 0 }

func (l *rows[T]) row(d decoder) error {
	row, ok, err := l.read(d)
	if ok {
		if l.all == nil {
			l.all = make([]T, 0, DefaultPerPage)
		}
		l.all = append(l.all, row)
	} else {
		l.unreadable++
	}
	return err
}

func (*rows[T]) each(d decoder, row func() error) (bool, error) { return d.array(row) }

// one keeps the row of an answer that has an object in place of a list.
type one[T any] struct{ rows[T] }

func (*one[T]) each(d decoder, row func() error) (bool, error) {
	if d.PeekKind() != '{' {
		return false, d.SkipValue()
	}
	return true, row()
}

// noRows drops the rows of an answer that is an error.
type noRows struct{}

func (noRows) reset()              {}
func (noRows) most() int           { return maxRows }
func (noRows) row(d decoder) error { return d.SkipValue() }

func (noRows) each(d decoder, row func() error) (bool, error) { return d.array(row) }

// maxRows bounds the rows of an answer: ten full pages. Far more would fit into a
// body, at many times its size in memory.
const maxRows = 10 * MaxPerPage

var errTooManyRows = errors.New("too many rows")

// readList reads a whole answer of a list endpoint. The rows of data go into l; the
// pagination comes from `pagination` or `meta`.
func readList(r io.Reader, token Secret, l list) (envelope, error) {
	var e envelope
	d := newDecoder(r, token)
	n := 0
	rows := func() error {
		l.reset()
		n = 0
		ok, err := l.each(d, func() error {
			if n++; n > l.most() {
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
		e.hasRows = n > 0 // an empty one is PHP's empty object, and not an empty page
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
		default:
			err = d.SkipValue()
		}
		return err
	})
	if ok && total {
		e.pagination = &p
	}
	if err != nil {
		return fmt.Errorf("pagination: %w", err)
	}
	return nil
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
	maxWaitSeconds = 24 * 3600 // of a wait that is believed: plans count by the minute or the day
	maxFields      = 10        // kept of a 422, and messages of each
)

// readField reads the API's messages on one parameter: a list of messages or one.
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
	if k := d.PeekKind(); k == '[' || k == '{' {
		_, err := d.array(add)
		return err
	}
	return add()
}
