package talkover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Bounds on the body of one answer, in bytes.
const (
	maxBody      = 4 << 20 // after decompression
	maxErrorBody = 64 << 10
)

// getList asks for one page of a list endpoint and reads each row with read. Equal
// requests in flight are sent once.
func getList[T any](ctx context.Context, c *Client, path string, query url.Values, read func(decoder) (T, bool, error)) (Page[T], error) {
	return get(ctx, c, path, query, listOf(read, maxRows))
}

// listOf returns what takes the rows of a list, at most so many.
func listOf[T any](read func(decoder) (T, bool, error), most int) func() (list, *rows[T]) {
	return func() (list, *rows[T]) {
		l := &rows[T]{read: read, bound: most}
		return l, l
	}
}

// getOne asks an endpoint that answers with one object in place of a list.
func getOne[T any](ctx context.Context, c *Client, path string, read func(decoder) (T, bool, error)) (T, error) {
	page, err := get(ctx, c, path, nil, func() (list, *rows[T]) {
		l := &one[T]{rows[T]{read: read, bound: 1}}
		return l, &l.rows
	})
	if err == nil && len(page.Rows) != 1 {
		err = &Error{Reason: Malformed, cause: errors.New("no object in data")}
	}
	if err != nil {
		var none T
		return none, err
	}
	return page.Rows[0], nil
}

// get asks for what getList and getOne read. into makes what takes the rows of an attempt.
func get[T any](ctx context.Context, c *Client, path string, query url.Values, into func() (list, *rows[T])) (Page[T], error) {
	bulk := isBulk(ctx)
	encoded := query.Encode() // writes + as %2B, which a phone number needs
	key := fmt.Sprint(bulk, path, "?", encoded)
	return shared(ctx, &c.flights, key, func(ctx context.Context) (Page[T], error) {
		return retrying(ctx, c, bulk, func() (Page[T], error) { return getOnce(ctx, c, path, encoded, into) })
	})
}

// getOnce makes one attempt of get.
func getOnce[T any](ctx context.Context, c *Client, path, query string, into func() (list, *rows[T])) (Page[T], error) {
	var none Page[T]
	body := bodies.Get().(*bytes.Buffer)
	defer putBack(body)
	status, err := c.send(ctx, request{method: http.MethodGet, path: path, query: query}, body)
	if err != nil {
		return none, err
	}
	l, read := into()
	e, err := readList(body, c.secret(), l)
	switch {
	case errors.Is(err, errTooManyRows):
		return none, &Error{Reason: TooLarge, Status: status, cause: err}
	case err != nil:
		return none, &Error{Reason: Malformed, Status: status, cause: withoutNames(err)}
	case e.failed, !e.hasRows && (e.code != "" || e.message != ""):
		return none, refusal(status, e)
	case !e.hasRows:
		return none, &Error{Reason: Malformed, Status: status, cause: errors.New("no list in data")}
	}
	return Page[T]{Rows: read.all, Pagination: e.pagination, Unreadable: read.unreadable}, nil
}

// values makes parameters of the fields of a query, by their param tags. It leaves
// out the zero fields.
func values(query any) url.Values {
	v := url.Values{}
	fields := reflect.ValueOf(query)
	for field, value := range fields.Fields() {
		if !value.IsZero() {
			v.Set(field.Tag.Get("param"), fmt.Sprint(value))
		}
	}
	return v
}

// request describes one HTTP request.
type request struct {
	method string
	path   string // below the base URL; its segments are escaped already
	query  string
	body   []byte // JSON; none if nil
}

// bodies keeps buffers for the answers to come: the body is the largest piece of
// memory that a request takes. The decoder copies every text out of the buffer.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKept bounds the bodies that stay in the pool, in bytes; a full page fits.
const maxKept = 128 << 10

func putBack(body *bytes.Buffer) {
	if body.Cap() <= maxKept {
		body.Reset()
		bodies.Put(body)
	}
}

// send sends a request once and puts the body of a 2xx answer into body.
func (c *Client) send(ctx context.Context, r request, body *bytes.Buffer) (status int, err error) {
	attempt, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	start := time.Now()
	defer func() {
		c.log.DebugContext(ctx, "upstream request", "method", r.method, "path", r.path, "status", status, "bytes", body.Len(),
			"ms", time.Since(start).Milliseconds(), "failed", err != nil, "cause", CauseOf(err).Name)
	}()
	u := *c.base
	u.Path += "/" + r.path
	u.RawQuery = r.query
	req, err := http.NewRequestWithContext(attempt, r.method, u.String(), nil)
	if err != nil {
		return 0, fmt.Errorf("talkover: %w", err)
	}
	if r.body != nil { // without a GetBody, so that net/http cannot send it again
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.secret().Reveal())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	countRequest(ctx)
	// An http.Client would follow redirects, and quote the URL in its errors.
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return 0, failure(ctx, attempt, 0, err)
	}
	defer res.Body.Close()
	status = res.StatusCode
	c.limiter.learn(res.Header)
	c.clock.learn(res.Header)
	if status >= 300 && status < 400 {
		return status, &Error{Reason: Redirected, Status: status}
	}
	ok := status >= 200 && status < 300
	bound := int64(maxErrorBody)
	if ok {
		bound = maxBody
	}
	err = readInto(body, res, bound+1)
	body.Next(body.Len() - len(bytes.TrimLeft(body.Bytes(), marks)))
	if !ok {
		isPage := bytes.HasPrefix(bytes.TrimSpace(body.Bytes()), []byte("<"))
		// What came of an error's body is enough, whole or not.
		e, _ := readList(body, c.secret(), noRows{})
		return status, c.refused(res, e, isPage)
	}
	switch {
	case int64(body.Len()) > bound:
		return status, &Error{Reason: TooLarge, Status: status}
	case err != nil:
		return status, failure(ctx, attempt, status, err)
	}
	return status, nil
}

// marks may stand before an answer: each file of PHP that begins with a byte order mark
// sends it.
const marks = "\ufeff"

// readInto reads at most limit bytes of an answer's body.
func readInto(body *bytes.Buffer, res *http.Response, limit int64) error {
	first := min(limit, maxKept)
	if res.ContentLength > 0 {
		body.Grow(int(min(res.ContentLength, first)) + bytes.MinRead) // so that it need not grow to find the end
	}
	_, err := body.ReadFrom(io.LimitReader(res.Body, first))
	if err != nil || int64(body.Len()) < first || first == limit {
		return err
	}
	body.Grow(int(limit)) // in one step: by doubling it would take four times as much
	_, err = body.ReadFrom(io.LimitReader(res.Body, limit-first))
	return err
}

// refused makes the error of an answer that is none of success. A page is not the API's,
// but comes from what stands before it; so does what Cloudflare says of itself.
func (c *Client) refused(res *http.Response, e envelope, isPage bool) *Error {
	refused := refusal(res.StatusCode, e)
	refused.Wait = askedWait(res.Header, res.StatusCode, e.retryAfter)
	denied := isDenial(res.StatusCode)
	if res.Header.Get("Cf-Mitigated") != "" || denied && isPage {
		refused.Reason, refused.barred = Refused, true
	}
	refused.foreign = denied && !refused.barred && !strings.HasPrefix(c.secret().Reveal(), "talq_")
	return refused
}

// isDenial reports whether a status keeps out whoever asked.
func isDenial(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// refusal makes the error that the API itself answered with.
func refusal(status int, e envelope) *Error {
	reason := Refused
	if status == http.StatusTooManyRequests {
		reason = RateLimited
	}
	return &Error{Reason: reason, Status: status, Code: e.code, Message: e.message, Fields: e.fields}
}
