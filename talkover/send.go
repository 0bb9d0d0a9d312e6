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
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds on the body of one answer, in bytes.
const (
	maxBody      = 4 << 20 // after decompression
	maxErrorBody = 64 << 10
)

// getList asks for one page of a list endpoint, whose rows begin as a blank one. A list
// without parameters has no pages, so that all of it comes at once.
func getList[T any](ctx context.Context, c *Client, path string, query url.Values, blank T) (Page[T], error) {
	most := maxRows
	if query == nil {
		most = maxRented
	}
	return get(ctx, c, path, query, func(a answer) (Page[T], error) {
		return readPage(a, rows[T]{blank: blank, most: most})
	})
}

// get asks an endpoint for what read makes of its answer. Equal requests in flight are sent
// once.
func get[T any](
	ctx context.Context, c *Client, path string, query url.Values, read func(answer) (T, error),
) (T, error) {
	bulk := isBulk(ctx)
	// It writes + as %2B, which a phone number needs.
	r := request{method: http.MethodGet, path: path, query: query.Encode()}
	return shared(ctx, &c.flights, fmt.Sprint(bulk, path, "?", r.query), func(ctx context.Context) (T, error) {
		return retrying(ctx, c, bulk, func() (none T, err error) {
			a, err := c.send(ctx, r)
			if err != nil {
				return none, err
			}
			return read(a)
		})
	})
}

// readPage reads an answer of a list endpoint.
func readPage[T any](a answer, none rows[T]) (page Page[T], err error) {
	e := envelope[T]{Data: none}
	err = a.read(&e, &e.problem)
	switch {
	case err != nil:
		return page, err
	case !e.Data.isList && e.Code+e.Message != "":
		return page, a.refusal(e.problem)
	case !e.Data.isList:
		return page, a.malformed(errors.New("no list in data"))
	}
	return Page[T]{Rows: e.Data.all, Pagination: e.Pages.told, Unreadable: e.Data.unreadable}, nil
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
	open   bool   // whether it needs no token, and so gets none
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header // nil before an answer
	body   []byte      // whole, if there is no error
	at     time.Time   // of its head
	token  Secret      // that it may echo
}

// read reads the one JSON value that is the body into a struct. p is the part of it that
// tells of an error. The error is an [*Error].
func (a answer) read(into any, p *problem) error {
	d := newDecoder(bytes.NewReader(a.body), a.token)
	var ok bool
	var err error
	if l, may := into.(bare); may && d.PeekKind() == '[' {
		ok, err = l.readBare(d)
	} else {
		_, ok, err = d.fill(into)
	}
	if err == nil && !ok {
		err = errors.New("neither an object nor a list")
	}
	if err == nil {
		err = d.end()
	}
	switch {
	case errors.Is(err, errTooManyRows):
		return &Error{Reason: TooLarge, Status: a.status, cause: err}
	case p.Success == "false" || p.Success == "0":
		return a.refusal(*p)
	case err != nil:
		return a.malformed(err)
	}
	return nil
}

// send sends a request once. The error is an [*Error], or that of ctx.
func (c *Client) send(ctx context.Context, r request) (a answer, err error) {
	a.token = c.secret()
	attempt, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	start := time.Now()
	defer func() {
		c.config.Log.DebugContext(ctx, "upstream request", "method", r.method, "path", r.path, "status", a.status,
			"bytes", len(a.body), "ms", time.Since(start).Milliseconds(),
			"failed", err != nil, "cause", CauseOf(err).Name)
	}()
	u := *c.base
	u.Path += "/" + r.path
	u.RawQuery = r.query
	req, err := http.NewRequestWithContext(attempt, r.method, u.String(), nil)
	if err != nil {
		return a, a.malformed(err)
	}
	if r.body != nil { // without a GetBody, so that net/http cannot send it again
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
		req.Header.Set("Content-Type", "application/json")
	}
	if !r.open {
		req.Header.Set("Authorization", "Bearer "+a.token.Reveal())
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.config.UserAgent)
	countRequest(ctx)
	// An http.Client would follow redirects, and quote the URL in its errors.
	res, err := c.config.Transport.RoundTrip(req)
	if err != nil {
		return a, failure(ctx, attempt, 0, err)
	}
	defer res.Body.Close()
	a.status, a.header, a.at = res.StatusCode, res.Header, time.Now()
	if !r.open { // the API counts no such request
		c.limiter.learn(res.Header)
	}
	if date, ok := a.date(); ok {
		c.ahead.Store(int64(a.at.Sub(date)))
	}
	if a.status >= 300 && a.status < 400 {
		return a, &Error{Reason: Redirected, Status: a.status}
	}
	ok := a.status >= 200 && a.status < 300
	bound := int64(maxErrorBody)
	if ok {
		bound = maxBody
	}
	body, err := readBody(res, bound+1)
	a.body = bytes.TrimLeft(body, marks)
	switch {
	case !ok:
		return a, a.refused(r.open)
	case int64(len(body)) > bound:
		return a, &Error{Reason: TooLarge, Status: a.status}
	case err != nil:
		return a, failure(ctx, attempt, a.status, err)
	}
	return a, nil
}

// marks may stand before an answer: each file of PHP that begins with a byte order mark
// sends it.
const marks = "\ufeff"

// usual bounds most bodies: a full page fits.
const usual = 128 << 10

// readBody reads at most limit bytes of an answer's body.
func readBody(res *http.Response, limit int64) ([]byte, error) {
	var body bytes.Buffer
	first := min(limit, usual)
	if res.ContentLength > 0 {
		body.Grow(int(min(res.ContentLength, first)) + bytes.MinRead) // so that it need not grow to find the end
	}
	_, err := body.ReadFrom(io.LimitReader(res.Body, first))
	if err == nil && int64(body.Len()) == first && first < limit {
		body.Grow(int(limit)) // in one step: by doubling it would take four times as much
		_, err = body.ReadFrom(io.LimitReader(res.Body, limit-first))
	}
	return body.Bytes(), err
}

// refused makes the error of an answer that is none of success. A page is not the API's,
// but comes from what stands before it; so does what Cloudflare says of itself, and the
// denial of what needs no token.
func (a answer) refused(open bool) *Error {
	var p problem
	_ = a.read(&p, &p) // what came of an error's body is enough, whole or not
	refused := a.refusal(p)
	refused.Wait = askedWait(a, p.RetryAfter)
	denied := a.status == http.StatusUnauthorized || a.status == http.StatusForbidden
	isPage := bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<"))
	if a.header.Get("Cf-Mitigated") != "" || denied && (isPage || open) {
		refused.Reason, refused.barred = Refused, true
	}
	refused.foreign = denied && !refused.barred && !strings.HasPrefix(a.token.Reveal(), "talq_")
	return refused
}

// malformed makes the error of an answer that is not what was asked for. The names of its
// members are a stranger's, and stay out.
func (a answer) malformed(err error) *Error {
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		err = fmt.Errorf("%w at byte %d", s.Err, s.ByteOffset)
	}
	return &Error{Reason: Malformed, Status: a.status, cause: err}
}

// refusal makes the error that the API itself answered with.
func (a answer) refusal(p problem) *Error {
	reason := Refused
	if a.status == http.StatusTooManyRequests {
		reason = RateLimited
	}
	return &Error{Reason: reason, Status: a.status, Code: p.Code, Message: p.Message, Fields: p.Errors}
}
