package talkover

import (
	"errors"
	"slices"
)

// problem holds the words of an error, in each of its five shapes.
type problem struct {
	Success    string   `api:"success,32"`
	Code       string   `api:"code error,32"`
	Message    string   `api:"message,300"`
	Errors     messages `api:"errors"`
	RetryAfter int      `api:"retry_after,86400"` // seconds
	_          wrapper  `api:"error details"`
}

// messages holds the API's messages by parameter.
type messages map[string][]string

// maxFields bounds the parameters that are kept of a 422, and the messages of each.
const maxFields = 10

// read implements [reader]. Of a parameter there is a list of messages, or one.
func (m *messages) read(d decoder) (bool, error) {
	return d.object(func(name []byte) error {
		field := d.clean(string(name), maxStatus)
		add := func() error {
			var message string
			if _, err := d.value(&message, maxMessage); err != nil || message == "" {
				return err
			}
			if *m == nil {
				*m = messages{}
			}
			if _, known := (*m)[field]; (known || len(*m) < maxFields) && len((*m)[field]) < maxFields {
				(*m)[field] = append((*m)[field], message)
			}
			return nil
		}
		if k := d.PeekKind(); k == '[' || k == '{' {
			_, err := d.array(add)
			return err
		}
		return add()
	})
}

// envelope holds an answer of a list endpoint.
type envelope[T any] struct {
	problem
	Data  rows[T] `api:"data"`
	Pages pages   `api:"pagination meta"`
}

// bare is an answer whose rows may come without an envelope.
type bare interface {
	readBare(d decoder) (bool, error)
}

// readBare implements [bare]. An empty list is PHP's empty object, and not an empty page.
func (e *envelope[T]) readBare(d decoder) (bool, error) {
	_, err := e.Data.read(d)
	e.Data.isList = len(e.Data.all)+e.Data.unreadable > 0
	return e.Data.isList, err
}

// rows holds each row that could be read. Of two lists in an answer, the last one counts.
type rows[T any] struct {
	blank      T   // what a row is before it is read
	most       int // rows that are taken
	all        []T
	unreadable int // values that are no row
	isList     bool
}

// Bounds on the rows of an answer. Far more would fit into a body, at many times its size
// in memory.
const (
	maxRows   = 10 * MaxPerPage // ten full pages
	maxRented = 5000            // of a list that has no pages
)

var errTooManyRows = errors.New("too many rows")

// read implements [reader].
func (l *rows[T]) read(d decoder) (ok bool, err error) {
	*l = rows[T]{blank: l.blank, most: l.most}
	if d.PeekKind() == 'n' {
		l.isList = true
		return true, d.SkipValue()
	}
	l.isList, err = d.array(func() error {
		if len(l.all)+l.unreadable == l.most {
			return errTooManyRows
		}
		row := l.blank
		unread, ok, err := d.fill(&row)
		if call, isCall := any(&row).(*Call); isCall {
			call.note(unread)
		}
		if ok {
			l.all = append(l.all, row)
		} else {
			l.unreadable++
		}
		return err
	})
	return l.isList, err
}

// pages holds the pagination of a list, if it tells how many rows match.
type pages struct{ told *Pagination }

// read implements [reader].
func (p *pages) read(d decoder) (bool, error) {
	told := Pagination{Total: -1}
	unread, ok, err := d.fill(&told)
	if ok && told.Total >= 0 && !slices.Contains(unread, "total") {
		p.told = &told
	}
	return ok, err
}
