package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// question is a request, as it is read and answered. Reading its query collects the errors
// of it, in Laravel's words.
type question struct {
	http.ResponseWriter
	request *http.Request
	agent   *Agent // whom the path names; nil for none
	query   url.Values
	wrong   map[string][]string
}

func (q *question) fail(name, message string) { q.wrong[name] = append(q.wrong[name], message) }

func (q *question) oneOf(name string, options []string) string {
	s := q.query.Get(name)
	if s != "" && !slices.Contains(options, s) {
		q.fail(name, "The selected "+name+" is invalid.")
	}
	return s
}

// dates reads a range of dates. It tells whether a moment is in it.
func (q *question) dates() func(time.Time) bool {
	date := func(name, preset string) time.Time {
		s := q.query.Get(name)
		if s == "" {
			s = preset
		}
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			q.fail(name, "The "+strings.ReplaceAll(name, "_", " ")+" must be a valid date.")
		}
		return t
	}
	from, until := date("date_from", "0001-01-01"), date("date_to", "9999-12-31").AddDate(0, 0, 1)
	return func(at time.Time) bool { return !at.Before(from) && at.Before(until) }
}

func (q *question) integer(name string, preset int) int {
	s := q.query.Get(name)
	if s == "" {
		return preset
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		q.fail(name, "The "+strings.ReplaceAll(name, "_", " ")+" must be an integer.")
		return preset
	}
	return n
}

// finds reports whether one of some texts has what the query searches.
func (q *question) finds(texts ...string) bool {
	search := strings.ToLower(q.query.Get("search"))
	return search == "" || strings.Contains(strings.ToLower(strings.Join(texts, "\n")), search)
}

// fits reports whether a value is the one that is wanted, if any is.
func fits(wanted, is string) bool { return wanted == "" || is == wanted }

// list answers with a page of the rows that show wants, as it shows them. The pagination has
// Laravel's form, under the name that the endpoint has for it.
func list[T any](q *question, pagination string, all []T, show func(*T) (row any, isWanted bool)) {
	page, perPage := max(q.integer("page", 1), 1), q.integer("per_page", talkover.DefaultPerPage)
	if perPage < 1 || perPage > talkover.MaxPerPage {
		q.fail("per_page", "The per page must be between 1 and 100.")
	}
	if len(q.wrong) > 0 {
		q.invalid()
		return
	}
	first, total := (page-1)*perPage, 0
	rows := make([]any, 0, perPage)
	for i := range all {
		row, isWanted := show(&all[i])
		if !isWanted {
			continue
		}
		if total >= first && len(rows) < perPage {
			rows = append(rows, row)
		}
		total++
	}
	p := map[string]any{
		"current_page": page, "last_page": max((total+perPage-1)/perPage, 1), "per_page": perPage, "total": total,
	}
	if pagination != "meta" { // which has neither
		p["from"], p["to"] = nil, nil
		if len(rows) > 0 {
			p["from"], p["to"] = first+1, first+len(rows)
		}
	}
	q.reply(http.StatusOK, map[string]any{"success": true, "data": rows, pagination: p})
}

type failure struct {
	Success bool                `json:"success"`
	Message string              `json:"message"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

func (q *question) reply(status int, body any) {
	q.Header().Set("Content-Type", "application/json")
	q.WriteHeader(status)
	_ = json.NewEncoder(q).Encode(body) // a client that left is not our concern
}

// invalid answers a query that has errors.
func (q *question) invalid() {
	q.reply(http.StatusUnprocessableEntity, failure{Message: "The given data was invalid.", Errors: q.wrong})
}

// refuse answers with an error in the shape that the endpoints of agents have.
func (q *question) refuse(status int, code, message string) {
	q.reply(status, map[string]any{"success": false, "error": map[string]string{"code": code, "message": message}})
}
