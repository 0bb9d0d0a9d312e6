package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Prefix is the path below which the account serves the API.
const Prefix = "/api/v1"

var (
	statuses   = []string{"initiated", "ringing", "answered", "completed", "failed", "busy", "no-answer"}
	directions = []string{"inbound", "outbound"}
)

// ServeHTTP answers as the documented API does.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, Prefix)
	if path == "/health" { // needs no token
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		reply(w, http.StatusUnauthorized, failure{Message: "Unauthorized"})
		return
	}
	method, handle := http.MethodGet, map[string]http.HandlerFunc{
		"/calls":     a.listCalls,
		"/agents":    a.listAgents,
		"/campaigns": a.listCampaigns,
	}[path]
	if rest, ok := strings.CutPrefix(path, "/agents/"); ok {
		switch id, what, _ := strings.Cut(rest, "/"); what {
		case "calls":
			handle = func(w http.ResponseWriter, r *http.Request) { a.listAgentCalls(w, r, id) }
		case "call":
			method, handle = http.MethodPost, func(w http.ResponseWriter, r *http.Request) { a.place(w, r, id) }
		}
	}
	switch {
	case !ok || handle == nil:
		reply(w, http.StatusNotFound, failure{Message: "Not found."})
	case r.Method != method:
		w.Header().Set("Allow", method)
		reply(w, http.StatusMethodNotAllowed, failure{Message: "Method not allowed."})
	default:
		handle(w, r)
	}
}

func (a *Account) listCalls(w http.ResponseWriter, r *http.Request) {
	if rows, p, ok := a.calls(w, r, r.URL.Query().Get("agent_id")); ok {
		reply(w, http.StatusOK, list[Call]{Success: true, Data: rows, Pagination: p})
	}
}

// calls is the page that is asked for, of the calls of an agent or, with no id,
// of all. It answers a query that has errors, and says false.
func (a *Account) calls(w http.ResponseWriter, r *http.Request, agent string) (rows []Call, p pagination, ok bool) {
	q := validator{query: r.URL.Query(), errors: map[string][]string{}}
	status := q.oneOf("status", statuses)
	direction := q.oneOf("direction", directions)
	from, to := q.date("date_from"), q.date("date_to")
	page, perPage := q.page()
	if q.refuses(w) {
		return nil, p, false
	}
	search := strings.ToLower(q.query.Get("search"))
	matches := func(c *Call) bool {
		return (status == "" || c.Status == status) &&
			(direction == "" || c.Direction == direction) &&
			(agent == "" || c.Agent != nil && c.Agent.ID == agent) &&
			(from.IsZero() || !c.CreatedAt.Before(from)) &&
			(to.IsZero() || c.CreatedAt.Before(to.AddDate(0, 0, 1))) &&
			(search == "" || strings.Contains(c.From, search) || strings.Contains(c.To, search) ||
				strings.Contains(strings.ToLower(c.SID), search))
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	rows, p = paginate(a.Calls, page, perPage, matches)
	return rows, p, true
}

// paginate cuts a page out of the rows that match.
func paginate[T any](all []T, page, perPage int, matches func(*T) bool) ([]T, pagination) {
	first, total := (page-1)*perPage, 0
	rows := make([]T, 0, perPage)
	for i := range all {
		if !matches(&all[i]) {
			continue
		}
		if total >= first && len(rows) < perPage {
			rows = append(rows, all[i])
		}
		total++
	}
	p := pagination{
		CurrentPage: page,
		LastPage:    max((total+perPage-1)/perPage, 1),
		PerPage:     perPage,
		Total:       total,
	}
	if len(rows) > 0 {
		from, to := first+1, first+len(rows)
		p.From, p.To = &from, &to
	}
	return rows, p
}

type list[T any] struct {
	Success    bool       `json:"success"`
	Data       []T        `json:"data"`
	Pagination pagination `json:"pagination"`
}

// pagination is Laravel's: from and to are null on an empty page.
type pagination struct {
	CurrentPage int  `json:"current_page"`
	LastPage    int  `json:"last_page"`
	PerPage     int  `json:"per_page"`
	Total       int  `json:"total"`
	From        *int `json:"from"`
	To          *int `json:"to"`
}

type failure struct {
	Success bool                `json:"success"`
	Message string              `json:"message"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left is not our concern
}

// validator collects what is wrong with a query, in Laravel's words.
type validator struct {
	query  url.Values
	errors map[string][]string
}

func (v *validator) fail(name, message string) {
	v.errors[name] = append(v.errors[name], message)
}

// page reads page and per_page.
func (v *validator) page() (page, perPage int) {
	page, perPage = max(v.integer("page", 1), 1), v.integer("per_page", 20)
	if perPage < 1 || perPage > 100 {
		v.fail("per_page", "The per page must be between 1 and 100.")
	}
	return page, perPage
}

// refuses answers a query that has errors.
func (v *validator) refuses(w http.ResponseWriter) bool {
	if len(v.errors) > 0 {
		reply(w, http.StatusUnprocessableEntity, failure{Message: "The given data was invalid.", Errors: v.errors})
	}
	return len(v.errors) > 0
}

func (v *validator) oneOf(name string, options []string) string {
	s := v.query.Get(name)
	if s != "" && !slices.Contains(options, s) {
		v.fail(name, "The selected "+name+" is invalid.")
	}
	return s
}

func (v *validator) date(name string) time.Time {
	s := v.query.Get(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		v.fail(name, "The "+strings.ReplaceAll(name, "_", " ")+" must be a valid date.")
	}
	return t
}

func (v *validator) integer(name string, preset int) int {
	s := v.query.Get(name)
	if s == "" {
		return preset
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		v.fail(name, "The "+strings.ReplaceAll(name, "_", " ")+" must be an integer.")
		return preset
	}
	return n
}

// Transport answers requests in process, whatever their host: no socket is
// opened.
func (a *Account) Transport() http.RoundTripper { return transport{a} }

type transport struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := &response{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, r)
	return &http.Response{
		Status:        http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.header,
		Body:          io.NopCloser(&w.body),
		ContentLength: int64(w.body.Len()),
		Request:       r,
	}, nil
}

// response is an [http.ResponseWriter] that keeps what is written.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *response) Header() http.Header         { return w.header }
func (w *response) WriteHeader(status int)      { w.status = status }
func (w *response) Write(b []byte) (int, error) { return w.body.Write(b) }
