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

// validator reads a query and collects its errors, in Laravel's words.
type validator struct {
	query  url.Values
	errors map[string][]string
}

func validate(r *http.Request) *validator {
	return &validator{query: r.URL.Query(), errors: map[string][]string{}}
}

func (v *validator) fail(name, message string) {
	v.errors[name] = append(v.errors[name], message)
}

// page reads page and per_page.
func (v *validator) page() (page, perPage int) {
	page, perPage = max(v.integer("page", 1), 1), v.integer("per_page", talkover.DefaultPerPage)
	if perPage < 1 || perPage > talkover.MaxPerPage {
		v.fail("per_page", "The per page must be between 1 and 100.")
	}
	return page, perPage
}

// refuses answers a query that has errors, and reports whether it has any.
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

// paginate cuts one page out of the rows that match.
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

// pagination has Laravel's form: from and to are null on an empty page.
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

// refuse answers with an error in the shape that the endpoints of agents have.
func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"success": false, "error": map[string]string{"code": code, "message": message}})
}
