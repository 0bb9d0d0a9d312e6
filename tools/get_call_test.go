package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// What goldens hold is what hosts hold against the output schemas.
func TestGoldenStructuresMeetTheirSchemas(t *testing.T) {
	schemas := compiled(t, connect(t, account.Transport()))
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tool, _, _ := strings.Cut(string(a.Files[0].Data), " ")
		if len(a.Files) < 3 {
			continue // an error, which has no structure
		}
		var structure any
		if err := json.Unmarshal(a.Files[2].Data, &structure); err != nil {
			t.Fatal(file, err)
		}
		if err := schemas[tool].Validate(structure); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Every call of the account's newest hundred is found by its SID, with the calls of
// the same contact that are just before and after it.
func TestACallIsFoundWithItsNeighbours(t *testing.T) {
	s := connect(t, account.Transport())
	contact := func(c sandbox.Call) string {
		if c.Direction == "inbound" {
			return c.From
		}
		return c.To
	}
	neighbours := 0
	for i, c := range account.Calls[300:400] {
		var before, after string
		for j, other := range account.Calls {
			switch {
			case contact(other) != contact(c) || other.SID == c.SID:
			case j < 300+i:
				after = other.SID // the last one before it in the list is the next in time
			case before == "":
				before = other.SID
			}
		}
		_, structure := s.call("get_call", fmt.Sprintf(`{"sid":%q}`, strings.ToLower(c.SID)))
		call := structure["call"].(map[string]any)
		if call["sid"] != c.SID || call["id"] != c.ID || call["to_formatted"] != c.ToFormatted ||
			call["duration"] != float64(c.Duration) {
			t.Fatalf("%s: %v", c.SID, call)
		}
		for name, want := range map[string]string{"before": before, "after": after} {
			got := ""
			if step, ok := structure[name].(map[string]any); ok {
				got = step["sid"].(string)
			}
			if got != want && structure["notes"] != nil && len(structure["notes"].([]any)) == 0 {
				t.Errorf("%s: %s is %q, want %q", c.SID, name, got, want)
			}
			if got != "" {
				neighbours++
			}
		}
	}
	if neighbours < 100 {
		t.Errorf("%d neighbours of 100 calls", neighbours)
	}
}

// A part of a SID is taken only where it is known to fit one call: the search finds
// numbers too, and more than a page of them.
func TestAPartOfASIDMustFitOneCall(t *testing.T) {
	page := func(total int, sids ...string) http.RoundTripper {
		rows := []map[string]string{}
		for _, sid := range sids {
			rows = append(rows,
				map[string]string{
					"id": "id" + sid, "sid": sid, "from": "+12025550100", "created_at": "2026-11-05T10:00:00Z",
				})
		}
		body,
			_ := json.Marshal(map[string]any{
			"data": rows, "pagination": map[string]int{"total": total, "last_page": 1},
		})
		return answering(200, string(body))
	}
	for _, test := range []struct {
		api   http.RoundTripper
		found string
		rows  int
	}{
		{page(1, "CA202"), "CA202", 0},
		{page(2, "CA202", "CAff"), "CA202", 0}, // CAff has it in its number
		{page(2, "CA2021", "CA202"), "", 2},
		{page(90, "CA2021", "CAff"), "", 1},
		{page(2, "CA2021", "202"), "202", 0}, // the whole of it
		{page(90, "CAff"), "", 0},
		{page(0), "", 0},
	} {
		text, structure := connect(t, test.api).call("get_call", `{"sid":"202"}`)
		found := ""
		if call, ok := structure["call"].(map[string]any); ok {
			found = call["sid"].(string)
		}
		if found != test.found || len(structure["rows"].([]any)) != test.rows {
			t.Errorf("found %q and %d rows, want %q and %d:\n%s", found, len(structure["rows"].([]any)), test.found,
				test.rows, text)
		}
	}
}

// Only an empty answer asks for agents, and where they are more than are looked
// through, the API decides.
func TestAnAgentIsLookedForOnlyWhereNothingMatches(t *testing.T) {
	r := &recorder{api: account.Transport()}
	s := connect(t, r)
	for _, args := range []string{`{"agent_id":"` + support + `"}`, `{"agent_id":"` + support + `","page":999}`, `{"status":"failed","search":"nobody"}`} {
		s.call("list_calls", args)
	}
	if len(r.requests) != 3 {
		t.Errorf("%d requests, want 3", len(r.requests))
	}
	for _, tool := range []string{"list_calls", "find_calls", "get_call_stats"} {
		if text, structure := s.call(tool, `{"agent_id":"Customer Suport"}`); tool != "list_calls" &&
			structure != nil || !strings.Contains(text, support) || tool == "list_calls" &&
			!strings.Contains(fmt.Sprint(structure["notes"]), support) {
			t.Errorf("%s does not name the agent that is meant: %s", tool, text)
		}
	}
	for status, want := range map[int]string{200: "There is an agent", 404: "There is no agent", 503: ""} {
		synctest.Test(t, func(t *testing.T) {
			api := apiFunc(func(req *http.Request) (*http.Response, error) {
				switch req.URL.Path {
				case "/api/v1/agents":
					rows := strings.TrimSuffix(strings.Repeat(`{"id":"x","name":"y"},`, 100), ",")
					return answering(200, `{"data":[`+rows+`],"meta":{"total":900,"last_page":9}}`).RoundTrip(req)
				case "/api/v1/agents/a1/calls":
					return answering(status, `{"data":[],"error":"AGENT_NOT_FOUND","success":`+
						fmt.Sprint(status == 200)+`}`).RoundTrip(req)
				}
				return answering(200, `{"data":[],"pagination":{"total":0,"last_page":1}}`).RoundTrip(req)
			})
			if status == 503 {
				inner := api
				api = func(req *http.Request) (*http.Response, error) {
					if strings.HasSuffix(req.URL.Path, "/a1/calls") {
						return refusing(503, "", "").RoundTrip(req)
					}
					return inner(req)
				}
			}
			s := connect(t, api)
			defer s.Close()
			_, structure := s.call("list_calls", `{"agent_id":"a1"}`)
			notes := structure["notes"].([]any)
			if want == "" && len(notes) != 0 || want != "" &&
				(len(notes) != 1 || !strings.Contains(notes[0].(string), want)) {
				t.Errorf("%d: %v", status, notes)
			}
		})
	}
}

// Inside the limit of a plan, the sheet is what there was room for, and says so.
func TestCSVStaysInsideTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &sandbox.Account{Calls: make([]sandbox.Call, 9_500)}
		for i := range a.Calls {
			a.Calls[i] = sandbox.Call{ID: fmt.Sprint(i), CreatedAt: day.Add(-time.Duration(i) * time.Second)}
		}
		r := &recorder{api: a.Transport()}
		client,
			err := talkover.New(talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: r, RateLimit: 100})
		if err != nil {
			t.Fatal(err)
		}
		s := connect(t, r, func(c *tools.Config) { c.Client = client })
		defer s.Close()
		text, err := resource(t, s, "talkover://calls.csv")
		if err != nil {
			t.Fatal(err)
		}
		first, rows := parsedCSV(t, text)
		if len(r.requests) > 76 || len(rows) < 7_299 || !strings.HasPrefix(first, "# NOT ALL: the newest 7") ||
			!strings.Contains(first, "Ask again in ") {
			t.Errorf("%d requests, %d rows, %s", len(r.requests), len(rows), first)
		}
	})
}
