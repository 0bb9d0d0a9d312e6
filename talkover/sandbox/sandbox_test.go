package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

var day = time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC)

func get(t *testing.T, h http.Handler, token, query string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/calls?"+query, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v in %s", query, err, w.Body)
	}
	return w.Code, body
}

func TestAccountIsBelievable(t *testing.T) {
	a := sandbox.New(day)
	if n := len(a.Calls); n < 2200 || n > 2600 {
		t.Errorf("%d calls, want some 2,400", n)
	}
	statuses, agents, directions := map[string]int{}, map[string]int{}, map[string]int{}
	contacts, sids := map[string]int{}, map[string]bool{}
	tests, weekend, night := 0, 0, 0
	for _, c := range a.Calls {
		statuses[c.Status]++
		directions[c.Direction]++
		sids[c.SID] = true
		if c.Agent == nil {
			agents["deleted"]++
		} else {
			agents[c.Agent.Label]++
		}
		if c.Direction == "inbound" {
			contacts[c.From]++
		}
		if c.IsTesting {
			tests++
		}
		if d := c.CreatedAt.Weekday(); d == time.Saturday || d == time.Sunday {
			weekend++
		}
		if h := c.CreatedAt.Hour(); h < 6 || h > 20 {
			night++
		}
		if c.CreatedAt.After(a.Now()) || c.CreatedAt.Before(a.Now().AddDate(0, 0, -60)) {
			t.Errorf("a call at %s is outside of the last 60 days", c.CreatedAt)
		}
	}
	if len(statuses) != 7 || len(agents) != 5 || agents["deleted"] == 0 || len(directions) != 2 {
		t.Errorf("statuses %v, agents %v, directions %v", statuses, agents, directions)
	}
	if len(sids) != len(a.Calls) {
		t.Errorf("%d SIDs for %d calls", len(sids), len(a.Calls))
	}
	repeat := 0
	for _, n := range contacts {
		if n > 1 {
			repeat++
		}
	}
	if repeat < 100 || tests < 30 || weekend > len(a.Calls)/5 || night > len(a.Calls)/10 {
		t.Errorf("repeat callers %d, test calls %d, weekend %d, night %d", repeat, tests, weekend, night)
	}
	if !slices.IsSortedFunc(a.Calls, func(x, y sandbox.Call) int { return y.CreatedAt.Compare(x.CreatedAt) }) {
		t.Error("calls are not newest first")
	}
}

func TestSameDaySameCalls(t *testing.T) {
	morning, night := sandbox.New(day), sandbox.New(day.Add(14*time.Hour))
	if diff := cmp.Diff(morning.Calls, night.Calls); diff != "" {
		t.Error(diff)
	}
	// A week later, the calls of a day that had ended are what they were.
	settled := func(a *sandbox.Account, on string) (calls []sandbox.Call) {
		for _, c := range a.Calls {
			if c.CreatedAt.Format(time.DateOnly) == on {
				calls = append(calls, c)
			}
		}
		return calls
	}
	later := sandbox.New(day.AddDate(0, 0, 7))
	if diff := cmp.Diff(settled(morning, "2026-11-03"), settled(later, "2026-11-03")); diff != "" || len(settled(later, "2026-11-03")) == 0 {
		t.Error("a past day changed:", diff)
	}
}

// Each filter alone, and all of them, against a filter written here.
func TestFilters(t *testing.T) {
	a := sandbox.New(day)
	agent := ""
	for _, c := range a.Calls {
		if c.Agent != nil {
			agent = c.Agent.ID
			break
		}
	}
	for query, keep := range map[string]func(c sandbox.Call) bool{
		"":                     func(sandbox.Call) bool { return true },
		"status=no-answer":     func(c sandbox.Call) bool { return c.Status == "no-answer" },
		"direction=inbound":    func(c sandbox.Call) bool { return c.Direction == "inbound" },
		"agent_id=" + agent:    func(c sandbox.Call) bool { return c.Agent != nil && c.Agent.ID == agent },
		"date_from=2026-11-04": func(c sandbox.Call) bool { return c.CreatedAt.Format(time.DateOnly) >= "2026-11-04" },
		"date_to=2026-11-04":   func(c sandbox.Call) bool { return c.CreatedAt.Format(time.DateOnly) <= "2026-11-04" },
		"search=" + a.Calls[7].SID[2:20]: func(c sandbox.Call) bool {
			return c.SID == a.Calls[7].SID
		},
		"search=" + url.QueryEscape(a.Calls[9].From): func(c sandbox.Call) bool {
			return c.From == a.Calls[9].From || c.To == a.Calls[9].From
		},
		"status=failed&direction=outbound&date_from=2026-10-01&date_to=2026-10-31": func(c sandbox.Call) bool {
			d := c.CreatedAt.Format("2006-01")
			return c.Status == "failed" && c.Direction == "outbound" && d == "2026-10"
		},
	} {
		want := 0
		for _, c := range a.Calls {
			if keep(c) {
				want++
			}
		}
		_, body := get(t, a, sandbox.Token, query)
		if got := body["pagination"].(map[string]any)["total"]; got != float64(want) || want == 0 {
			t.Errorf("%q: total %v, want %d", query, got, want)
		}
	}
}

func TestPagination(t *testing.T) {
	a := &sandbox.Account{Calls: make([]sandbox.Call, 41)}
	for query, want := range map[string]string{
		"":                    `{"current_page":1,"from":1,"last_page":3,"per_page":20,"to":20,"total":41}`,
		"page=3":              `{"current_page":3,"from":41,"last_page":3,"per_page":20,"to":41,"total":41}`,
		"page=9":              `{"current_page":9,"from":null,"last_page":3,"per_page":20,"to":null,"total":41}`,
		"status=busy":         `{"current_page":1,"from":null,"last_page":1,"per_page":20,"to":null,"total":0}`,
		"per_page=7&page=2":   `{"current_page":2,"from":8,"last_page":6,"per_page":7,"to":14,"total":41}`,
		"per_page=100&page=1": `{"current_page":1,"from":1,"last_page":1,"per_page":100,"to":41,"total":41}`,
	} {
		status, body := get(t, a, sandbox.Token, query)
		got, _ := json.Marshal(body["pagination"])
		if status != http.StatusOK || string(got) != want {
			t.Errorf("%q: %d %s, want %s", query, status, got, want)
		}
		if body["data"] == nil {
			t.Errorf("%q: data is null", query)
		}
	}
}

func TestErrorsAreTheDocumentedOnes(t *testing.T) {
	a := &sandbox.Account{}
	for _, test := range []struct {
		token, query string
		status       int
		body         string
	}{
		{"talq_other", "", 401, `{"message":"Unauthorized","success":false}`},
		{sandbox.Token, "status=lost&direction=up&date_from=2026-02-30", 422,
			`{"errors":{"date_from":["The date from must be a valid date."],"direction":["The selected direction is invalid."],"status":["The selected status is invalid."]},"message":"The given data was invalid.","success":false}`},
		{sandbox.Token, "per_page=101&page=x", 422,
			`{"errors":{"page":["The page must be an integer."],"per_page":["The per page must be between 1 and 100."]},"message":"The given data was invalid.","success":false}`},
	} {
		status, body := get(t, a, test.token, test.query)
		got, _ := json.Marshal(body)
		if status != test.status || string(got) != test.body {
			t.Errorf("%q: %d %s", test.query, status, got)
		}
	}
}

func TestTransportIsTheHandlerWithoutASocket(t *testing.T) {
	client := http.Client{Transport: sandbox.New(day).Transport()}
	r, _ := http.NewRequest(http.MethodGet, "https://api.invalid/api/v1/calls?per_page=1", nil)
	r.Header.Set("Authorization", "Bearer "+sandbox.Token)
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK || !json.Valid(body) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

// ask sends any request, and reads any answer.
func ask(t *testing.T, a *sandbox.Account, method, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+sandbox.Token)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
	return w.Code, answer
}

func TestHealthNeedsNoToken(t *testing.T) {
	r, w := httptest.NewRequest(http.MethodGet, "/api/v1/health", nil), httptest.NewRecorder()
	new(sandbox.Account).ServeHTTP(w, r)
	if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != `{"status":"ok"}` {
		t.Errorf("%d %s", w.Code, got)
	}
}

func TestNeighboursOfTheLog(t *testing.T) {
	a := sandbox.New(day)
	support := a.Agents[1].ID
	for path, want := range map[string]float64{
		"/agents": 5, "/agents?status=draft": 1, "/agents?direction=outbound": 2, "/agents?search=SALES": 1,
		"/campaigns": 4, "/campaigns?status=active": 2, "/campaigns?campaign_type=follow_up": 1, "/campaigns?search=survey": 1,
		"/campaigns?agent_id=" + a.Agents[2].ID: 2, "/campaigns?date_from=2026-10-01&date_to=2026-11-01": 1,
	} {
		status, body := ask(t, a, http.MethodGet, path, "")
		envelope, _ := body["pagination"].(map[string]any)
		if envelope == nil {
			envelope = body["meta"].(map[string]any)
		}
		if status != http.StatusOK || envelope["total"] != want || len(body["data"].([]any)) != int(want) {
			t.Errorf("%s: %d, %v", path, status, body)
		}
	}
	_, all := ask(t, a, http.MethodGet, "/calls?status=failed&agent_id="+support, "")
	status, its := ask(t, a, http.MethodGet, "/agents/"+support+"/calls?status=failed", "")
	if diff := cmp.Diff(all["pagination"], its["pagination"]); diff != "" || status != http.StatusOK {
		t.Error(status, diff)
	}
	for _, row := range its["data"].([]any) {
		if _, ok := row.(map[string]any)["agent"]; ok {
			t.Fatal("a call of an agent names it")
		}
	}
	if status, body := ask(t, a, http.MethodGet, "/agents/nobody/calls", ""); status != http.StatusNotFound || body["error"].(map[string]any)["code"] != "AGENT_NOT_FOUND" {
		t.Errorf("%d %v", status, body)
	}
}
