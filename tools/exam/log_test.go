package exam_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// call holds what the truth needs of a row of the API, by the vendor's words.
type call struct {
	SID, From, To, Direction, Status string
	Duration                         int
	Agent                            *struct{ ID, Name, Label string }
	Test                             bool   `json:"is_testing"`
	Created                          string `json:"created_at"`

	at    moment
	label string // how its agent is shown
}

// raw returns what the API lists below a path, in the vendor's own words.
func raw(t *testing.T, a *sandbox.Account, path string) []map[string]any {
	t.Helper()
	var rows struct{ Data []map[string]any }
	get(t, a, path, &rows)
	return rows.Data
}

// calls holds calls in the order of the log, newest first.
type calls []*call

// callLog holds all that an account has.
type callLog struct {
	calls
	agents []struct{ ID, Name, Label string }
	with   map[string]calls // by number of the other party
}

// readLog reads an account's pages, one after another, as anybody could with curl.
func readLog(t *testing.T, a *sandbox.Account) *callLog {
	t.Helper()
	l := &callLog{with: map[string]calls{}}
	for page := 1; ; page++ {
		var rows struct {
			Data       calls
			Pagination struct {
				Last int `json:"last_page"`
			}
		}
		get(t, a, fmt.Sprintf("/calls?per_page=100&page=%d", page), &rows)
		for _, c := range rows.Data {
			c.at = stamp(c.Created)
			l.calls = append(l.calls, c)
			l.with[c.other()] = append(l.with[c.other()], c)
		}
		if page >= rows.Pagination.Last {
			break
		}
	}
	var rows struct {
		Data []struct{ ID, Name, Label string }
	}
	get(t, a, "/agents?per_page=100", &rows)
	l.agents = rows.Data
	for _, c := range l.calls {
		c.label = "(deleted)"
		if c.Agent != nil {
			c.label = l.label(c.Agent.ID)
		}
	}
	return l
}

// get reads one answer of an account.
func get(t *testing.T, a *sandbox.Account, path string, into any) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://talkover.invalid"+sandbox.Prefix+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+sandbox.Token)
	res, err := a.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(path, res.Status, err)
	}
}

// other returns the number of the other party, and line our own.
func (c *call) other() string {
	if c.Direction == "inbound" {
		return c.From
	}
	return c.To
}

func (c *call) line() string {
	if c.Direction == "inbound" {
		return c.To
	}
	return c.From
}

// withheld reports whether the other party hides its number.
func (c *call) withheld() bool {
	return !strings.ContainsAny(c.other(), "0123456789")
}

// label returns how an agent is shown: by its label, and where another has the same one, by
// its name too.
func (l *callLog) label(id string) string {
	label, same := "", map[string]int{}
	for _, a := range l.agents {
		same[a.Label]++
	}
	for _, a := range l.agents {
		if a.ID == id {
			label = a.Label
			if same[label] > 1 {
				label += " (" + a.Name + ")"
			}
		}
	}
	return label
}
